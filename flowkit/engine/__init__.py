"""Doing it: drivers that serve the machine, what they need for that, and the handles of runs.

Reading order: ports -> driver -> run -> current; of runs that are kept, kept -> journal -> durable -> keep.
"""
