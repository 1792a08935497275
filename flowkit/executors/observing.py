"""Telling observers what happens without ever waiting for them."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowkit.engine.events import Event
    from flowkit.engine.ports import Observer

__all__ = ["Observing"]

log: Final = logging.getLogger("flowkit")

BOUND: Final = 100_000
"""Events that may be waiting for one observer; of unnumbered ones, what comes after that is dropped."""


class Observing:
    """One observer, and the daemon thread that tells it events in order.

    An observer that raises is logged, and is told the next event all the same.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._queue: SimpleQueue[Event | threading.Event | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._dropped = 0

    def put(self, event: Event) -> None:
        """Tell it an event, soon."""
        if not event.number and self._queue.qsize() > BOUND:
            self._dropped += 1
            return
        self._queue.put(event)
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Wait until it has been told everything so far."""
        if self._thread is None or self._thread is threading.current_thread():
            return
        told = threading.Event()
        self._queue.put(told)
        while not told.wait(timeout=1.0):
            if not self._thread.is_alive():
                return

    def close(self) -> None:
        """Let the thread end once it has told everything."""
        self._queue.put(None)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="flowkit-observer", daemon=True)
                with suppress(RuntimeError):  # the interpreter is exiting: nobody is told any more
                    self._thread.start()

    def _run(self) -> None:
        while True:
            event = self._queue.get()
            if event is None:
                return
            if isinstance(event, threading.Event):
                event.set()
                continue
            if self._dropped:
                log.warning("%d events were dropped: %r is too slow for them", self._dropped, self._observer)
                self._dropped = 0
            try:
                self._observer(event)
            except Exception:
                log.exception("the observer %r failed on %s; the run goes on", self._observer, event.kind)
