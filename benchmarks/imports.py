"""P5: what `import flowkit` adds to starting Python, as whole processes; and what it brings along."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import MILLISECONDS, Budget, Row, best_of, interleaved

ROOT = Path(__file__).parents[1]

OPTIONAL = ("cyclopts", "rich", "hypothesis", "opentelemetry.sdk", "orjson", "pytest")
"""Brought by extras, or by what somebody else installed: a plain import leaves them alone."""


def started(program: str, caches: str) -> str:
    """Run a program in a new interpreter, and return what it printed."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Bytecode of its own, so that the checkout needn't be writable, and nothing is left in it.
    env["PYTHONPYCACHEPREFIX"] = caches
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure. The round that doesn't count writes the bytecode."""
    with tempfile.TemporaryDirectory() as caches:
        contestants = {
            "plain": lambda: started("pass", caches),
            "asyncio": lambda: started("import asyncio", caches),
            "pool": lambda: started("import concurrent.futures.thread", caches),
            "flowkit": lambda: started("import flowkit", caches),
        }
        figures = best_of(interleaved(contestants, rounds=5 if quick else 20), MILLISECONDS)
        loaded = started("import sys, flowkit; print(*sys.modules)", caches).split()
    optional = sum(name in OPTIONAL for name in loaded)
    budgets = [
        Budget("more than bare", figures["flowkit"] - figures["plain"], 100.0, " ms"),
        Budget("optional modules", optional, 0, ""),
    ]
    yield Row("P5", f"import, a whole process ({len(loaded)} modules)", "ms", figures, budgets)
