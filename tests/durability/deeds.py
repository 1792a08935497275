"""What processes did, in a file that all of them add to: it is there whatever becomes of them.

A line is one write at the file's end, so lines of several processes don't mix. It is the system's by then, and outlives
the process; waiting for the disk would only help against a power cut, of which there is none here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Deed", "Deeds", "Reader", "deeds"]


class Deed(NamedTuple):
    """Something that was done."""

    life: str
    """Whose deed it is: the name of a process."""
    kind: str
    run_id: str
    what: Any = None


class Deeds:
    """Where one process adds what it does."""

    def __init__(self, path: str, life: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._life = life

    def add(self, kind: str, run_id: str, what: Any = None) -> None:
        """Have it on file."""
        os.write(self._file, (json.dumps([self._life, kind, run_id, what], default=str) + "\n").encode())


def deeds(path: Path) -> Iterator[Deed]:
    """All that was done so far, in its order."""
    yield from Reader(path)


class Reader:
    """Reads what was added since it last did."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def __iter__(self) -> Iterator[Deed]:
        if self._path.exists():
            with self._path.open() as lines:
                lines.seek(self._at)
                for line in iter(lines.readline, ""):
                    yield Deed(*json.loads(line))
                self._at = lines.tell()
