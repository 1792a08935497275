"""The handle of a run, for whoever started it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from flowkit.engine.blocking import refuse_to_block
from flowkit.engine.current import attempt_here
from flowkit.errors import CancelReason, PolicyError
from flowkit.machine.waiting import Decision
from flowkit.policies import seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Sequence

    from flowkit.engine.driver import Driver
    from flowkit.engine.events import Event
    from flowkit.engine.records import StepRecord
    from flowkit.engine.watched import Watched
    from flowkit.graph import Graph
    from flowkit.machine.statuses import RunStatus
    from flowkit.machine.waiting import Waiting
    from flowkit.policies import Duration

__all__ = ["Gate", "Run"]

R = TypeVar("R")


class Run(Generic[R]):
    """A workflow that was started. Awaiting it gives its result, like an `asyncio.Task`."""

    def __init__(self, driver: Driver | Watched) -> None:
        self._driver = driver
        driver.handles += 1

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._driver.run_id

    @property
    def workflow(self) -> str:
        """The name of the workflow."""
        return self._driver.name

    @property
    def status(self) -> RunStatus:
        """Where it is: `running`, `waiting`, `succeeded`, `failed` or `cancelled`.

        One that somebody else has is also `lost`, if whoever that is has died.
        """
        return self._driver.status

    @property
    def graph(self) -> Graph:
        """What the workflow wrote."""
        return self._driver.graph

    @property
    def steps(self) -> Sequence[StepRecord]:
        """Its steps as they are now, in the order of the text, the items of maps after all others."""
        return self._driver.step_records()

    def explain(self, key: str) -> str:
        """Say in words why a step ran, was taken from the record, was skipped or failed, or what it waits for.

        Each attempt is told with what was decided after it. Raises `LookupError`, with near names, for a key that no
        step has; of a run that another process has, what hasn't begun is only known where its workflow is.
        """
        return self._driver.explain(key)

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
                message = f"run {self.id} of `{driver.label}` hasn't ended within {limit:g}s; it goes on"
                raise TimeoutError(message)
        conclusion = driver.conclusion
        assert conclusion is not None  # waited for
        value: R = conclusion.unwrap()
        return value

    def cancel(self, reason: str = "") -> bool:
        """Ask the run to end. Says whether this ended it: after its end, or another cancel, it changes nothing.

        Async steps are cancelled; a step in a thread is told (`current().cancelled`) and left behind.
        """
        self._driver.watched = True
        return self._driver.cancel(CancelReason.USER, reason)

    @property
    def gates(self) -> list[Gate]:
        """The gates that are open: somebody has to decide."""
        return [Gate(key, asked.name, asked.options) for key, asked in self._driver.gates()]

    def approve(self, gate: str | None = None, *, choice: str | None = None, who: str = "", feedback: str = "") -> None:
        """Say yes at a gate, by its key or by what it asks; without either at the one that is open.

        Raises `LookupError` where no such gate is open any more, or several are and none is named, `PolicyError` for a
        choice that the gate doesn't offer, and `IllegalTransition` where somebody else decides at this very moment.
        """
        key, asked = self._gate(gate)
        if choice is not None and choice not in asked.options:
            offered = ", ".join(map(repr, asked.options))
            message = f"choice={choice!r} isn't one of the options of `{asked.name}`: {offered}"
            raise PolicyError(message if offered else f"`{asked.name}` offers no choice; leave choice={choice!r} out")
        if choice is None and asked.options:
            message = f"`{asked.name}` asks for a choice: {', '.join(map(repr, asked.options))}"
            raise PolicyError(message)
        self._driver.decide(key, Decision(approved=True, choice=choice or "", who=who, feedback=feedback))

    def reject(self, gate: str | None = None, *, who: str = "", feedback: str = "") -> None:
        """Say no at a gate, found as by `approve`. The step fails with `GateRejected`, unless it asked for the no."""
        key, _ = self._gate(gate)
        self._driver.decide(key, Decision(approved=False, who=who, feedback=feedback))

    def send(self, signal: str, value: Any = None, *, dedup: str | None = None) -> bool:
        """Send a signal by its name; `Signal.send` does it with its type, and refuses what doesn't fit that.

        Kept if nobody waits for it yet. With `dedup`, the same signal with the same mark counts once: False the second
        time. Raises `IllegalTransition` where the run is over.
        """
        return self._driver.deliver(signal, value, dedup)

    def _send(self, signal: str, value: Any, dedup: str | None, of: Any) -> bool:
        """Send a signal that says what its messages are."""
        return self._driver.deliver(signal, value, dedup, of)

    def _gate(self, wanted: str | None) -> tuple[str, Waiting]:
        gates = self._driver.gates()
        found = [one for one in gates if wanted is None or wanted == one[0]]
        if not found:  # a key is one gate's alone, what is asked may be asked twice
            found = [one for one in gates if wanted == one[1].name]
        if len(found) == 1:
            return found[0]
        known = ", ".join(f"`{key}` ({asked.name})" for key, asked in gates)
        if not found:
            which = "no gate" if wanted is None else f"no gate `{wanted}`"
            message = f"run {self.id} has {which} open" + (f"; open are {known}" if known else f"; it is {self.status}")
        else:
            message = f"run {self.id} has several gates open: {known}; name one"
        raise LookupError(message)

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


class Gate(NamedTuple):
    """A gate at which somebody has to decide."""

    key: str
    prompt: str
    options: tuple[str, ...]
    """What can be chosen; empty where it is yes or no."""


class EventStream:
    """The transitions of a run, from the first one on."""

    def __init__(self, driver: Driver | Watched) -> None:
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
            self._driver.read_events()
            while seen < len(self._driver.events):
                seen += 1
                yield self._driver.events[seen - 1]
            if over:
                return
            await changed.wait()
