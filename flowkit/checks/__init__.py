"""Is it sound? Pure functions from a graph, or from a body's source, to findings.

Reading order: checking -> forms -> looking; then what they call, each with its codes: must_use, calls, edges, attributes,
annotations, dependencies, options, bodies, dropped, builds. Below those: hints and members (types), values, objects and
misfits (what is behind a Ref, and whether what is given fits), source, names, fates and impure (what was written).
"""

from flowkit.checks.builds import builds_differ
from flowkit.checks.checking import CheckedGraph, check, find, inspect_source

__all__ = ["CheckedGraph", "builds_differ", "check", "find", "inspect_source"]
