"""The event loop of simulated runs: nothing takes time on it but waiting."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from flowkit.machine.requests import Died

if TYPE_CHECKING:
    from flowkit.testing.clocks import VirtualClock

__all__ = ["VirtualLoop", "beside_the_loop"]


class Owner(Protocol):
    """The process that a loop belongs to."""

    @property
    def is_gone(self) -> bool:
        """Whether nothing more may happen on it."""
        ...


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without files and sockets. What is ready is done one by one, in the order in which it became so.

    `wait` is called with the time when something happens next by itself, or None where nothing will.
    """

    _ready: Any
    _scheduled: Any

    def __init__(self, owner: Owner, clock: VirtualClock, wait: Callable[[float | None], object]) -> None:
        super().__init__()
        self._owner = owner
        self._clock = clock
        self._wait = wait

    def time(self) -> float:
        """Seconds since the run was started."""
        return self._clock.now()

    def _run_once(self) -> None:
        if self._owner.is_gone:
            raise Died
        ready, scheduled = self._ready, self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not ready:
            due = scheduled[0].when() if scheduled else None
            if due is None or due > self._clock.now():
                self._wait(due)
        while scheduled and scheduled[0].when() <= self._clock.now():
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            ready.append(handle)
        if ready:
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
        if self._owner.is_gone:
            raise Died

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is left where it is until its time has come."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        """Call it here and now: there are no other threads."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is that of whoever awaits it
            future.set_exception(error)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Nobody hears of what happens in a process that is gone."""
        if not self._owner.is_gone:
            super().call_exception_handler(context)

    def leave(self) -> None:
        """Forget all that was to be done on it: its process is gone."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine: Any = task.get_coro()
            with suppress(BaseException):  # what a body does in the end, nobody sees any more
                coroutine.close()
        self._ready.clear()
        self._scheduled.clear()
        self.close()


@contextmanager
def beside_the_loop() -> Generator[None]:
    """Here no event loop is running, even if this is called by something that runs on one."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
