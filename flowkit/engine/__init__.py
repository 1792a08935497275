"""Doing it: a machine that decides, drivers that serve it, and the handles of what they do.

Reading order: statuses -> requests -> machine -> ports -> driver -> run -> current.
"""
