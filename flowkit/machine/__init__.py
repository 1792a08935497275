"""Deciding: the machine, and what it stands on. It is told what happened, and says what is to be done next.

Reading order: statuses -> requests -> nodes -> edges -> attempts -> ending -> undoing -> machine.
"""
