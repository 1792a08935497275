"""Is it sound? Pure functions from a graph, or from a body's source, to findings.

Reading order: checking -> must_use -> calls -> edges -> attributes -> dependencies -> options -> bodies -> dropped; and
below them hints and members (types), values (what is behind a Ref), source and names (what was written).
"""

from flowkit.checks.builds import builds_differ
from flowkit.checks.checking import CheckedGraph, check, find, inspect_source

__all__ = ["CheckedGraph", "builds_differ", "check", "find", "inspect_source"]
