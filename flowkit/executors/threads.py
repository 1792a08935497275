"""Worker threads: they come to runs that have more to do than those who are at it can take."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Final

from flowkit.engine.place import Place, Served

__all__ = ["Threads"]

PATIENCE: Final = 30.0
"""Seconds that an idle worker waits for work before it ends."""


class Threads:
    """A pool of daemon threads that grows when it is called and shrinks when it idles.

    A worker that was given up with its step doesn't count any more: another may take its place.
    """

    def __init__(self, max_workers: int) -> None:
        self.max_workers = max_workers
        self._queue: SimpleQueue[Served | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._places: set[Place] = set()
        self._free = 0
        """How many workers wait for a run, less the runs that wait for a worker.

        Whoever brings a run takes one off: a worker that has just taken one may not have said so yet, and counting on it
        would leave the next run without any.
        """
        self._count = 0
        """How many threads were ever started, for their names."""
        self._closed = False

    def assist(self, run: Served) -> None:
        """Have one more worker call `run.serve`, soon."""
        self._queue.put(run)
        with self._lock:
            self._free -= 1
            if self._free < 0 and len(self._places) < self.max_workers and not self._closed:
                self._start()

    def retire(self, run: Served, index: int, *, interrupt: bool) -> bool:
        """Give up the worker that is at this node of this run, if one is."""
        with self._lock:
            place = next((one for one in self._places if one.run is run and one.index == index), None)
            if place is None:
                return False
            place.retired = True
            self._places.discard(place)
            if self._free < 0 and not self._closed:
                self._start()
        if interrupt:
            place.interrupt()
        return True

    def close(self) -> None:
        """Let idle workers end. Those at work finish what they are at."""
        with self._lock:
            self._closed = True
            for _ in self._places:
                self._queue.put(None)

    def _start(self) -> None:
        place = Place()
        self._count += 1
        try:
            threading.Thread(target=self._work, args=(place,), name=f"flowkit-{self._count}", daemon=True).start()
        except RuntimeError:
            # The interpreter is exiting and starts no threads any more: those who are there do what is left.
            return
        self._places.add(place)

    def _work(self, place: Place) -> None:
        try:
            while not place.retired:
                with self._lock:
                    self._free += 1
                run = self._taken(place)
                if run is None:
                    return
                run.serve(place)
                del run  # an idle worker keeps no run alive
        finally:
            with self._lock:
                self._places.discard(place)

    def _taken(self, place: Place) -> Served | None:
        """The next run that wants a worker, waiting for it; None for a worker that is to end."""
        from queue import Empty

        while True:
            try:
                return self._queue.get(timeout=PATIENCE)
            except Empty:
                with self._lock:
                    if self._queue.empty():  # and whoever brings one from here on doesn't count on this worker
                        self._free -= 1
                        self._places.discard(place)
                        return None
