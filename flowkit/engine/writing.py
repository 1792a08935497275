"""Writing to a store in groups: whatever is asked for while one transaction is being made durable goes into the next.

There is no timer in it for what somebody waits for: whoever needs something written writes it, and takes along what
others have asked for by then. Who comes while somebody writes waits; one of those who waited is the next to write, for
all of them. (With a plain lock instead, whoever has just written tends to have it again before those who wait for it
wake up, and everybody writes alone.) What nobody waits for is taken along as well, or written a moment later; and so is
what somebody will wait for, where whoever did it has more to do first.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from flowkit.engine.points import tell_after, tell_before
from flowkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowkit.engine.kept import Commit, Lease
    from flowkit.engine.ports import Points, Store

__all__ = ["Lazy", "Writer", "Written"]

log: Final = logging.getLogger("flowkit")

MOMENT: Final = 0.02
"""Seconds after which what nobody waits for is written even so."""

SHORT: Final = 0.002
"""Seconds after which what was put off is written even so: some commits' time."""


class Written:
    """How a commit went."""

    __slots__ = ("error", "refused")

    def __init__(self, *, refused: bool = False, error: StoreError | None = None) -> None:
        self.refused = refused
        """Whether somebody else has the run."""
        self.error = error
        """Why nothing was written."""


class Lazy(Protocol):
    """Somebody with something to write that nobody waits for."""

    def put_all(self) -> None:
        """Put it now."""


_DONE: Final = Written()
_REFUSED: Final = Written(refused=True)


class Writer:
    """The one through whom an engine writes to its store.

    Whoever put a commit is told of it, in the order in which they were put, and never under a lock of the writer's that
    is needed for putting more.
    """

    def __init__(self, store: Store, *, threads: bool, points: Points | None = None) -> None:
        self._store = store
        self._points = points
        self._threads = threads
        self._lock = threading.Lock()
        self._queue: deque[tuple[Commit, Callable[[Written], None]]] = deque()
        self._put = 0
        """How many commits were ever put."""
        self._led = False
        """Whether somebody is writing, or was woken to."""
        self._line: deque[tuple[int, threading.Lock]] = deque()
        """Those who wait: for which commit, and what they wait on."""
        self._failed: dict[Lease, StoreError] = {}
        """Of leases for which something wasn't written: what comes after that isn't either, or there would be a hole."""
        self._lazy: list[Lazy] = []
        self._due = 0.0
        """When what those have is to be written at the latest."""
        self._called = threading.Condition(self._lock)
        self._urgent = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def put(self, commit: Commit, told: Callable[[Written], None], *, call: bool) -> None:
        """Have something written by whoever writes next; somebody is called for that, unless the caller does it."""
        with self._lock:
            self._queue.append((commit, told))
            self._put += 1
            if call and not self._urgent:
                self._urgent = True
                self._call()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to write."""
        return not self._queue

    def nudge(self, lazy: Lazy, within: float = MOMENT) -> None:
        """Somebody has something to write, within so many seconds."""
        due = time.monotonic() + within
        with self._lock:
            self._lazy.append(lazy)
            if len(self._lazy) == 1 or due < self._due:
                self._due = due
                self._call()

    def _call(self) -> None:
        if not self._threads or self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="flowkit-writer", daemon=True)
            self._thread.start()
        else:
            self._called.notify()

    def drain(self) -> None:
        """Have everything written that was put before this was called. Not under a lock that the told ones take."""
        with self._lock:
            if not self._queue and not self._led:
                return
            mine = self._put
            if self._led:
                turn = threading.Lock()
                turn.acquire()
                self._line.append((mine, turn))
            else:
                self._led = True
                turn = None
        if turn is not None:
            turn.acquire()
            with self._lock:
                if not (self._line and self._line[0][1] is turn):
                    return  # somebody has written it
                self._line.popleft()
        self._write()

    def _write(self) -> None:
        """Write what is there, as the one whose turn it is."""
        with self._lock:
            batch, self._queue = self._queue, deque()
            done, self._urgent = self._put, False
        try:
            if batch:
                self._tell(batch)
        finally:
            with self._lock:
                woken = []
                while self._line and self._line[0][0] <= done:
                    woken.append(self._line.popleft()[1])
                self._led = bool(self._line)
                if self._line:
                    woken.append(self._line[0][1])
            for turn in woken:
                turn.release()

    def _tell(self, batch: Sequence[tuple[Commit, Callable[[Written], None]]]) -> None:
        if self._failed:
            late = [(told, error) for commit, told in batch if (error := self._why_not(commit)) is not None]
            batch = [one for one in batch if self._why_not(one[0]) is None]
            for told, error in late:
                told(Written(error=error))
            if not batch:
                return
        answers: list[Written]
        points = self._points
        at = tell_before(points, [commit for commit, _ in batch]) if points is not None else ()
        try:
            answers = [_DONE if done else _REFUSED for done in self._store.commit([commit for commit, _ in batch])]
        except StoreError as error:
            if len(batch) > 1:  # it may be about one of them alone
                for one in batch:
                    self._tell([one])
                return
            self._failed[batch[0][0].lease] = error
            answers = [Written(error=error)]
        except Exception as error:
            log.exception("the store %s broke", self._store.url)
            broken = StoreError(f"writing failed with {type(error).__name__}: {error}", self._store.url)
            broken.__cause__ = error
            self._failed.update((commit.lease, broken) for commit, _ in batch)
            answers = [Written(error=broken)] * len(batch)
        if points is not None:
            tell_after(points, at)
        for (commit, told), answer in zip(batch, answers, strict=True):
            if commit.release and answer.error is None:
                self._failed.pop(commit.lease, None)
            told(answer)

    def _why_not(self, commit: Commit) -> StoreError | None:
        """Why something isn't to be written. That a run is let go of is no part of what happened in it."""
        lets_go = commit.release and not commit.events and not commit.nodes
        return None if lets_go else self._failed.get(commit.lease)

    def close(self) -> None:
        """Write what is left, and stop."""
        with self._lock:
            self._closed = True
            self._called.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10.0)
        self._take_along()
        while self._queue:
            self.drain()

    def _take_along(self) -> None:
        with self._lock:
            lazy, self._lazy = self._lazy, []
        for one in lazy:
            one.put_all()

    def _serve(self) -> None:
        while True:
            with self._lock:
                while not self._urgent and not self._closed:
                    left = self._due - time.monotonic() if self._lazy else None
                    if left is not None and left <= 0:
                        break
                    self._called.wait(left)
                if self._closed:
                    return
            self._take_along()
            self.drain()
