"""Where a worker is, so that it can be given up while it is there, and interrupted where a step asked for it."""

from __future__ import annotations

import threading
from typing import Protocol

__all__ = ["Interrupted", "Place", "Served"]


class Interrupted(BaseException):
    """Set in the thread of a step declared with `interrupt=True` when its result isn't wanted any more.

    Not an Exception, so that a step that catches those still ends.
    """


class Served(Protocol):
    """A run, for whoever works on it."""

    def serve(self, place: Place) -> None:
        """Work on it for as long as there is something to do for a worker thread."""


class Place:
    """What one worker is at."""

    __slots__ = ("_armed", "_guard", "_hit", "_thread", "awaits", "index", "is_callers", "retired", "run")

    def __init__(self) -> None:
        self.run: Served | None = None
        self.index = -1
        self.awaits = -1
        """The node that it works on the run for, until that has ended; -1 for the run as a whole."""
        self.is_callers = False
        """Whether it is the thread that called the workflow: Ctrl-C in it is for the whole run."""
        self.retired = False
        """Whether it was given up: it takes nothing more."""
        self._armed = False
        self._hit = False
        self._guard = threading.Lock()
        self._thread = 0

    def arm(self) -> None:
        """From here on, the step's own code runs: an interrupt may hit."""
        with self._guard:
            self._thread = threading.get_ident()
            self._armed, self._hit = True, False

    def disarm(self) -> None:
        """The step's own code is over. An interrupt that was sent and hasn't hit comes here, and goes no further."""
        with self._guard:
            self._armed = False
            if not self._hit:
                return
            # Whether it has hit can't be told, so it is sent once more and waited for. Taking it back instead (an
            # exception of NULL) leaves CPython 3.11 with its eval breaker set, and the next traced call never returns.
            try:
                _set_exception(self._thread, Interrupted)
                while True:
                    pass
            except Interrupted:
                pass

    def interrupt(self) -> None:
        """Raise `Interrupted` in the step, if it is still in its own code."""
        with self._guard:
            if self._armed:
                self._armed, self._hit = False, True
                _set_exception(self._thread, Interrupted)


def _set_exception(thread: int, kind: type[BaseException]) -> None:
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))
