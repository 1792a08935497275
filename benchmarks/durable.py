"""P6: runs that are kept, beside bare commits to the same kind of file on the same disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw

from benchmarks.measuring import MICROSECONDS, MILLISECONDS, Row, best_of, interleaved
from flowkit import Engine, step, workflow

RUNS = 200
COMMITS = 5
"""Of a run of three steps: its beginning, the three results, its end."""
BATCH = 100
ROW = ("v" * 100, "x" * 100)


@step
def inc(number: int) -> int:
    return number + 1


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@workflow
def chain(length: int) -> int:
    number = 0
    for _ in range(length):
        number = inc(number)
    return number


@workflow
def fan(count: int) -> int:
    return total(inc.map(range(count)))


@workflow
def three(number: int) -> int:
    return inc(inc(inc(number)))


class Bare:
    """Nothing but commits, each of which is on the disk when it is done."""

    def __init__(self, path: Path) -> None:
        self._db = apsw.Connection(str(path))
        self._db.pragma("journal_mode", "wal")
        self._db.pragma("synchronous", "full")
        self._db.execute("create table kept (name integer primary key, value text, said text)")

    def write(self, count: int, rows: int = 1) -> None:
        """Make so many commits of so many rows each."""
        for _ in range(count):
            with self._db:
                self._db.executemany("insert into kept (value, said) values (?, ?)", [ROW] * rows)

    def close(self) -> None:
        self._db.close()


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    rounds, length = 3 if quick else 7, 1_000
    with tempfile.TemporaryDirectory() as folder:
        bare = Bare(Path(folder, "bare.db"))
        with Engine(store=f"sqlite:///{folder}/runs.db", recover=False):
            taken = interleaved({"commits": lambda: bare.write(length), "flowkit": lambda: chain(length)}, rounds)
            figures = best_of(taken, MICROSECONDS / length)
            yield Row.beside("P6", f"kept: chain of {length:,} steps", "µs a step", figures, commits=1.3)

            batches = {"commits": lambda: bare.write(length // BATCH, BATCH), "flowkit": lambda: fan(length)}
            figures = best_of(interleaved(batches, rounds), MICROSECONDS / length)
            yield Row.beside("P6", f"kept: 1 -> {length:,} -> 1", "µs a step", figures, commits=3.0)

            runs = {
                "commits": lambda: bare.write(RUNS * COMMITS),
                "flowkit": lambda: [three(number) for number in range(RUNS)],
            }
            figures = best_of(interleaved(runs, rounds), MILLISECONDS / RUNS)
            yield Row.beside("P6", f"kept: 3 steps, {RUNS} times", "ms a run", figures, commits=1.3)
        bare.close()
