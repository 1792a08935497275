"""What steps have open while an engine lives: each thing once, closed in the reverse order of opening.

What is opened on an event loop belongs to that loop: a task there opens it, waits, and closes it. So it is entered and
left in one task, as anyio asks for; and where a loop is taken down with its tasks cancelled, as `asyncio.run` does at
its end, it is closed while it still can be.
"""

from __future__ import annotations

import logging
import threading
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flowkit.engine.holding import Held, HeldByLoop
from flowkit.engine.notes import add_note
from flowkit.engine.opening import opened, opened_async
from flowkit.errors import EngineClosed, MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowkit.graph import Needs

__all__ = ["Resources"]

log: Final = logging.getLogger("flowkit")


class Resources:
    """Everything that is open. `instead` says for openers which others are used."""

    def __init__(self, instead: Mapping[Callable[..., Any], Needs] | None = None, *, threads: bool = True) -> None:
        self._instead = dict(instead or {})
        self._threads = threads
        """Whether what blocks may be opened in a thread of its own, for who waits on an event loop."""
        self._lock = threading.Lock()
        self._held: dict[Any, Held] = {}
        self._by_loop: dict[Any, HeldByLoop] = {}
        self._order: list[Held | HeldByLoop] = []
        """What is open, in the order of opening."""
        self._closed = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is open."""
        return not self._order

    # -- opening ------------------------------------------------------------------------------------------------------

    def get(self, needed: Needs) -> Any:
        """The value, opened if it isn't yet; who comes while it is being opened waits. Raises what opening raises.

        A failure is that of whoever opened: the next one tries again.
        """
        needed = self._chosen(needed)
        if needed.is_async:
            message = f"`{needed.label}` is async, and is needed where nothing can be awaited"
            raise MisuseError(message)
        held = self._held.get(needed.opener)
        if held is not None and held.is_open:
            return held.value
        with self._lock:
            held = self._held.setdefault(needed.opener, Held(needed.label))
        if held.opening == threading.get_ident():
            _refuse_itself(needed)
        with held.lock:
            if not held.is_open:
                held.opening = threading.get_ident()
                try:
                    self._open(needed, held)
                finally:
                    held.opening = 0
            return held.value

    def _open(self, needed: Needs, held: Held) -> None:
        self._refuse_closed(needed)
        given = {name: self.get(inner) for name, inner in needed.given.items()}
        with ExitStack() as stack:
            held.value = opened(needed.opener, given, stack)
            with self._lock:
                if not self._closed:
                    held.stack = stack.pop_all()
                    held.is_open = True
                    self._order.append(held)
                    return
        self._refuse_closed(needed)

    async def get_async(self, needed: Needs) -> Any:
        """The value, for what runs on an event loop."""
        needed = self._chosen(needed)
        if needed.is_async:
            return await self._of_loop(needed)
        held = self._held.get(needed.opener)
        if held is not None and held.is_open:
            return held.value
        if not self._threads:
            return self.get(needed)
        import asyncio

        return await asyncio.to_thread(self.get, needed)

    async def _of_loop(self, needed: Needs) -> Any:
        import asyncio

        loop = asyncio.get_running_loop()
        while True:
            with self._lock:
                self._refuse_closed(needed)
                held = self._by_loop.get((needed.opener, loop))
                is_ours = held is None
                if held is None:
                    held = self._by_loop[needed.opener, loop] = HeldByLoop(needed.label, loop)
            if is_ours:
                held.task = loop.create_task(self._hold(needed, held), name=f"flowkit resource {needed.label}")
            elif held.task is asyncio.current_task() and not held.opened.done():
                _refuse_itself(needed)
            if not held.opened.done():
                await asyncio.wait([held.opened])  # which goes on if whoever waits is cancelled
            if is_ours or not (held.opened.cancelled() or held.opened.exception()):
                return held.opened.result()

    async def _hold(self, needed: Needs, held: HeldByLoop) -> None:
        """Open it, wait until it is to be closed or the loop goes down, and close it."""
        import asyncio

        try:
            async with AsyncExitStack() as stack:
                try:
                    given = {name: await self.get_async(inner) for name, inner in needed.given.items()}
                    value = await opened_async(needed.opener, given, stack)
                except BaseException as error:  # noqa: BLE001 - it is that of whoever wanted it
                    self._forget(needed, held)
                    held.fail(error)
                    return
                with self._lock:
                    self._order.append(held)
                    if self._closed:
                        held.wanted.set()
                held.opened.set_result(value)
                with suppress(asyncio.CancelledError):  # the loop goes down: this is the time to close, in good order
                    await held.wanted.wait()
                self._forget(needed, held)
                await self._closed_before(held)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                log.warning("closing `%s` was cut short: its event loop has ended", held.label)
                return
            held.error = error
            if not held.is_awaited:
                log.exception("closing `%s` failed", held.label)
        finally:
            with self._lock:
                if held in self._order:
                    self._order.remove(held)
            held.closed.set()

    def _forget(self, needed: Needs, held: HeldByLoop) -> None:
        """Whoever asks from here on opens another one."""
        with self._lock:
            if self._by_loop.get((needed.opener, held.loop)) is held:
                del self._by_loop[needed.opener, held.loop]

    async def _closed_before(self, held: HeldByLoop) -> None:
        """Wait for what was opened later on the same loop, which may need this."""
        import asyncio

        with self._lock:
            later = self._order[self._order.index(held) + 1 :]
        here = (one for one in later if isinstance(one, HeldByLoop) and one.loop is held.loop)
        tasks = [one.task for one in here if one.task is not None]
        if tasks:
            await asyncio.wait(tasks)

    def _chosen(self, needed: Needs) -> Needs:
        return self._instead.get(needed.opener, needed)

    def _refuse_closed(self, needed: Needs) -> None:
        if self._closed:
            message = f"`{needed.label}` was to be opened after its shutdown"
            raise EngineClosed(message)

    # -- closing ------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close everything, the newest first. Raises what went wrong, once all is closed; a group of several."""
        errors: list[BaseException] = []
        for held in self._ending():
            try:
                held.close()
            except BaseException as error:  # noqa: BLE001 - the others are to be closed all the same
                errors.append(_noted(error, held))
        _raise(errors)

    async def aclose(self) -> None:
        """Close everything, from a coroutine on the loop that it was opened on."""
        import asyncio

        errors: list[BaseException] = []
        for held in self._ending():
            try:
                if isinstance(held, Held):
                    await asyncio.to_thread(held.close)
                else:
                    await held.aclose()
            except BaseException as error:  # noqa: BLE001 - as in `close`
                errors.append(_noted(error, held))
        _raise(errors)

    def _ending(self) -> list[Held | HeldByLoop]:
        """What is to be closed, the newest first. From here on nothing else is opened."""
        with self._lock:
            self._closed = True
            ending = self._order[::-1]
            self._order = [one for one in self._order if isinstance(one, HeldByLoop)]  # which go when they are closed
            return ending


def _refuse_itself(needed: Needs) -> NoReturn:
    message = f"`{needed.label}` needs itself: something that it calls while it opens asks for it"
    raise MisuseError(message)


def _noted(error: BaseException, held: Held | HeldByLoop) -> BaseException:
    add_note(error, f"raised by closing `{held.label}`")
    return error


def _raise(errors: list[BaseException]) -> None:
    if len(errors) == 1:
        raise errors[0]
    if errors:
        message = "several resources couldn't be closed"
        raise BaseExceptionGroup(message, errors)
