"""What the engine needs from the floors above it, as protocols, and what those see of a run."""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from flowkit.engine.events import Event
    from flowkit.engine.limits import Limits
    from flowkit.engine.machine import Machine
    from flowkit.engine.place import Served
    from flowkit.engine.records import StepRecord
    from flowkit.engine.resources import Resources
    from flowkit.graph import Graph
    from flowkit.plan import Plan

__all__ = [
    "Clock",
    "Loops",
    "Observer",
    "RunTrace",
    "Services",
    "Store",
    "Timekeeper",
    "Ticked",
    "Traced",
    "Tracer",
    "Workers",
]


class Clock(Protocol):
    """Time, so that tests can let it jump."""

    def now(self) -> float:
        """Seconds from some start; never goes back."""

    def time(self) -> float:
        """Seconds since the epoch."""


class Ticked(Protocol):
    """A run, for whoever keeps time."""

    def tick(self) -> None:
        """Something is due."""


class Traced(Protocol):
    """A run, for whoever makes spans and metrics of it."""

    @property
    def run_id(self) -> str:
        """The id of the run."""

    @property
    def machine(self) -> Machine:
        """Where its nodes are."""

    @property
    def plan(self) -> Plan:
        """What it was begun with."""

    @property
    def clock(self) -> Clock:
        """Its time."""


class Workers(Protocol):
    """Threads that come to a run when there is more to do than those who are at it can take."""

    def assist(self, run: Served) -> None:
        """Have one more worker call `run.serve`, soon."""

    def retire(self, run: Served, index: int, *, interrupt: bool) -> bool:
        """Give up the worker that is at this node: another takes its place, and it ends when its step does.

        With `interrupt` an exception is set in its thread, if it is still in the step's own code. Says whether there
        was such a worker.
        """


class Loops(Protocol):
    """The event loop for async steps of runs that weren't started on one."""

    def get(self) -> asyncio.AbstractEventLoop:
        """The engine's own loop, running in a thread of its own."""


class Timekeeper(Protocol):
    """Calls drivers when something is due."""

    def wake_at(self, when: float, run: Ticked) -> None:
        """Call `run.tick` at this time of the clock, or a little later."""


class Store(Protocol):
    """Where runs live."""

    def open(self, run_id: str, workflow: str) -> object:
        """Keep a run that begins: while what this returns is held, or for good."""

    def record(self, run_id: str, step: StepRecord) -> None:
        """Keep how a step ended. Nobody sees the result before this has returned."""

    def close(self, run_id: str, status: str, error: BaseException | None) -> None:
        """Keep how a run ended."""


class Observer(Protocol):
    """Told what happens, in order, on a thread of its own. One that raises is logged and skipped."""

    def __call__(self, event: Event, /) -> None:
        """Take note of an event."""


class RunTrace(Protocol):
    """The trace of one run."""

    def enter(self, index: int, attempt: int) -> None:
        """An attempt is about to run in this context, which is its own; 0 is what stands in for a step that failed.

        The only one of these that isn't called under the lock of the driver. It may be called twice.
        """

    def succeeded(self, index: int) -> None:
        """A plain step has its value; told so, and not as an event, where nobody but this trace listens."""

    def told(self, index: int, event: Event) -> None:
        """A transition of a node, or of the run where `index` is -1."""

    def finished(self, status: str, error: BaseException | None) -> None:
        """The run has ended."""


class Tracer(Protocol):
    """Makes traces of runs."""

    def begin(self, run: Traced) -> RunTrace | None:
        """The trace of a run that begins; None where nobody records, so that nothing more is asked.

        Called in the context of the run, of which everything in it gets a copy.
        """


class Services:
    """What an engine gives to its drivers."""

    __slots__ = (
        "clock",
        "inline",
        "limits",
        "loops",
        "observers",
        "plan",
        "random",
        "read",
        "resources",
        "store",
        "timekeeper",
        "tracer",
        "watched",
        "workers",
    )

    def __init__(
        self,
        *,
        clock: Clock,
        workers: Workers,
        loops: Loops,
        limits: Limits,
        timekeeper: Timekeeper,
        random: Callable[[], float],
        store: Store,
        observers: Sequence[Callable[[Event], None]] = (),
        tracer: Tracer | None = None,
        inline: bool = False,
        watched: bool = False,
        plan: Callable[[Graph], Plan],
        read: Callable[[str, Any], Any],
        resources: Resources,
    ) -> None:
        self.clock = clock
        self.workers = workers
        self.loops = loops
        self.limits = limits
        self.timekeeper = timekeeper
        self.random = random
        self.store = store
        self.observers = observers
        self.tracer = tracer
        self.inline = inline
        """Whether everything runs in the calling thread, one step at a time."""
        self.watched = watched
        """Whether the invariants of machines are checked as they go."""
        self.plan = plan
        """Checks a graph and lays it out. Raises what starting a workflow of that graph would raise."""
        self.read = read
        """Makes a value from JSON text, by its annotation. Raises `EncodingError`."""
        self.resources = resources
        """What steps have open."""
