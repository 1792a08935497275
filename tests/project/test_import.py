"""What `import flowkit` brings along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OPTIONAL = {"apsw", "beartype", "cattrs", "cyclopts", "hypothesis", "opentelemetry", "rich"}
"""Packages that only some uses need, or that are extras."""


def test_importing_flowkit_imports_nothing_that_only_some_need():
    script = "import sys, flowkit; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert not OPTIONAL & set(done.stdout.split())
