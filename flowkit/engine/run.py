"""The handle of a run, for whoever started it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flowkit.engine.blocking import refuse_to_block
from flowkit.engine.current import attempt_here
from flowkit.errors import CancelReason
from flowkit.policies import seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Sequence

    from flowkit.engine.driver import Driver
    from flowkit.engine.events import Event
    from flowkit.engine.records import StepRecord
    from flowkit.engine.statuses import RunStatus
    from flowkit.graph import Graph
    from flowkit.policies import Duration

__all__ = ["Run"]

R = TypeVar("R")


class Run(Generic[R]):
    """A workflow that was started. Awaiting it gives its result, like an `asyncio.Task`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        driver.handles += 1

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._driver.run_id

    @property
    def workflow(self) -> str:
        """The name of the workflow."""
        return self._driver.plan.graph.workflow.name

    @property
    def status(self) -> RunStatus:
        """Where it is: `running`, `waiting`, `succeeded`, `failed` or `cancelled`."""
        return self._driver.status

    @property
    def graph(self) -> Graph:
        """What the workflow wrote."""
        return self._driver.machine.root.graph

    @property
    def steps(self) -> Sequence[StepRecord]:
        """Its steps as they are now, in the order of the text, the items of maps after all others."""
        return self._driver.step_records()

    def wait(self, timeout: Duration | None = None) -> bool:
        """Block until it has ended, or for this long; says whether it has. The run goes on either way."""
        self._driver.watched = True
        refuse_to_block("run.wait()", "await run")
        return self._driver.wait(None if timeout is None else seconds(timeout, "timeout"))

    def result(self, timeout: Duration | None = None) -> R:
        """Return its value, waiting for it.

        Raises what a call of the workflow would raise; the built-in TimeoutError when it takes longer than `timeout`,
        and then the run goes on.
        """
        self._driver.watched = True
        driver = self._driver
        if driver.conclusion is None:
            refuse_to_block("run.result()", "await run")
            if timeout is None and attempt_here.get() is not None:
                # A step waits for a run: its thread takes part in it, or all of them might end up waiting.
                driver.drive()
            elif not driver.wait(limit := None if timeout is None else seconds(timeout, "timeout")):
                message = (
                    f"run {self.id} of `{driver.plan.graph.workflow.label}` hasn't ended within {limit:g}s; it goes on"
                )
                raise TimeoutError(message)
        assert driver.conclusion is not None  # waited for
        value: R = driver.conclusion.unwrap()
        return value

    def cancel(self, reason: str = "") -> bool:
        """Ask the run to end. Says whether this ended it: after its end, or another cancel, it changes nothing.

        Async steps are cancelled; a step in a thread is told (`current().cancelled`) and left behind.
        """
        self._driver.watched = True
        return self._driver.cancel(CancelReason.USER, reason)

    def events(self) -> EventStream:
        """Its transitions from the first one on, until it has ended: `for`, or `async for` on an event loop."""
        self._driver.watched = True
        return EventStream(self._driver)

    def __await__(self) -> Generator[Any, None, R]:
        self._driver.watched = True
        return self._wait_async().__await__()

    async def _wait_async(self) -> R:
        import asyncio

        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def wake() -> None:
            loop.call_soon_threadsafe(_set, ended)

        self._driver.when_done(wake)
        try:
            await ended
        except asyncio.CancelledError:
            self._driver.cancel(CancelReason.USER, "the task that awaited it was cancelled")
            raise
        return self.result()

    def __repr__(self) -> str:
        return f"<run {self.id} of {self.workflow}: {self.status}>"

    def __del__(self) -> None:
        # Inside a body or a step the source tells (FK103); elsewhere this is when a forgotten run can be noticed.
        driver = getattr(self, "_driver", None)
        if driver is None:  # never made whole, as by copy.copy
            return
        driver.handles -= 1
        if not driver.handles and not driver.watched and driver.conclusion is None:
            message = (
                f"run {self.id} of {self.workflow} was started and nobody waits for it; keep its handle, or wait for it"
            )
            warnings.warn(message, ResourceWarning, stacklevel=2, source=self)


def _set(future: Any) -> None:
    if not future.done():
        future.set_result(None)


class EventStream:
    """The transitions of a run, from the first one on."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def __iter__(self) -> Iterator[Event]:
        refuse_to_block("for event in run.events()", "async for event in run.events()")
        seen = 0
        while True:
            event = self._driver.event_after(seen)
            if event is None:
                return
            seen += 1
            yield event

    async def __aiter__(self) -> AsyncIterator[Event]:
        import asyncio

        loop, changed, seen = asyncio.get_running_loop(), asyncio.Event(), 0

        def wake() -> None:
            loop.call_soon_threadsafe(changed.set)

        self._driver.watch(wake)
        self._driver.when_done(wake)
        while True:
            changed.clear()
            over = self._driver.conclusion is not None
            while seen < len(self._driver.events):
                seen += 1
                yield self._driver.events[seen - 1]
            if over:
                return
            await changed.wait()
