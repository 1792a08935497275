"""Time as it really passes, and the thread that tells runs when something is due."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowkit.engine.ports import Clock, Ticked

__all__ = ["SystemClock", "TimerThread"]

log: Final = logging.getLogger("flowkit")


class SystemClock:
    """The machine's own clocks."""

    now = staticmethod(time.monotonic)
    time = staticmethod(time.time)


class TimerThread:
    """One daemon thread for the timers of all runs, started when something is first to be waited for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Ticked]] = []
        self._count = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    def wake_at(self, when: float, run: Ticked) -> None:
        """Call `run.tick` at this time of the clock, or a little later."""
        with self._changed:
            self._count += 1
            heapq.heappush(self._due, (when, self._count, run))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="flowkit-timer", daemon=True)
                with suppress(RuntimeError):  # the interpreter is exiting: what is left runs without time limits
                    self._thread.start()
            elif self._due[0][2] is run:
                self._changed.notify()

    def close(self) -> None:
        """End the thread. What was due later never comes."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._due or self._due[0][0] > self._clock.now()):
                    wait = self._due[0][0] - self._clock.now() if self._due else None
                    self._changed.wait(None if wait is None else min(wait, threading.TIMEOUT_MAX))
                if self._closed:
                    return
                run = heapq.heappop(self._due)[2]
            try:
                run.tick()
            except Exception:
                # The others wait for this thread, too.
                log.exception("what was due has failed")
            del run
