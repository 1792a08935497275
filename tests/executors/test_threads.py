"""The worker threads of an engine."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from flowkit.executors.threads import Threads

LONG = 20.0


class Served:
    """A run that notes that somebody has come to it."""

    def __init__(self) -> None:
        self.came = threading.Event()

    def serve(self, place: object) -> None:
        self.came.set()


class Slow(SimpleQueue):
    """What is taken from it is gone for others at once, and reaches whoever took it when that is let through."""

    def __init__(self) -> None:
        super().__init__()
        self.taken, self.through = threading.Event(), threading.Event()
        self.through.set()

    def get(self, block=True, timeout=None):
        item = super().get(block, timeout)
        self.taken.set()
        self.through.wait(LONG)
        return item


def test_nobody_counts_on_a_worker_that_has_just_taken_another_run():
    workers = Threads(4)
    queue = workers._queue = Slow()
    first, second, third = Served(), Served(), Served()
    try:
        workers.assist(first)
        assert first.came.wait(LONG)
        queue.taken.clear()
        queue.through.clear()
        workers.assist(second)  # its worker is there, and doesn't know of it yet
        assert queue.taken.wait(LONG)
        queue.taken.clear()
        workers.assist(third)
        assert queue.taken.wait(LONG)  # by another one
    finally:
        queue.through.set()
        workers.close()
    assert second.came.wait(LONG)
    assert third.came.wait(LONG)
