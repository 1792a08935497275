"""One thing that is open, or is to be: for any thread, or on one event loop."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio

__all__ = ["Held", "HeldByLoop"]

log: Final = logging.getLogger("flowkit")


class Held:
    """Something that is open for any thread, or is to be."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.lock = threading.Lock()
        self.opening = 0
        """The thread that opens it."""
        self.is_open = False
        self.value: Any = None
        self.stack = ExitStack()

    def close(self) -> None:
        """Close it. Raises what closing it raised."""
        self.is_open, self.value = False, None
        self.stack.close()


class HeldByLoop:
    """Something that is open on an event loop, or is to be."""

    def __init__(self, label: str, loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        self.label = label
        self.loop = loop
        self.opened: asyncio.Future[Any] = loop.create_future()
        self.task: asyncio.Task[None] | None = None
        """What opens and closes it; there as soon as somebody has asked."""
        self.wanted: asyncio.Event = asyncio.Event()
        """Set when it is to be closed."""
        self.closed = threading.Event()
        self.error: BaseException | None = None
        self.is_awaited = False
        """Whether somebody waits for its end, and hears of what goes wrong there."""

    def fail(self, error: BaseException) -> None:
        """Opening it raised this."""
        if self.opened.done():
            return
        if type(error).__name__ == "CancelledError":
            self.opened.cancel()
        else:
            self.opened.set_exception(error)
            self.opened.exception()  # who wanted it may be gone

    def close(self) -> None:
        """Close it from a thread. Raises what closing it raised; on its own loop it is closed once that goes on."""
        import asyncio

        if asyncio._get_running_loop() is self.loop:
            self.wanted.set()
            return
        self.is_awaited = True
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(self.wanted.set)
        while not self.closed.wait(0.1):
            if not self.loop.is_running():
                log.warning(
                    "`%s` can't be closed: the event loop that it was opened on runs no more; close the engine before, "
                    "with `async with Engine()`",
                    self.label,
                )
                return
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        """Close it from a coroutine on its loop."""
        import asyncio

        self.is_awaited = True
        self.wanted.set()
        assert self.task is not None
        await asyncio.wait([self.task])
        if self.error is not None:
            raise self.error
