"""What the engine needs from the floors above it, as protocols, and the one port through which workflows reach a runner."""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from flowkit.engine.driver import Driver
    from flowkit.engine.events import Event
    from flowkit.engine.run import Run, StepRecord
    from flowkit.graph import WorkflowSpec

__all__ = [
    "Clock",
    "Loops",
    "Observer",
    "RunTrace",
    "Runner",
    "Services",
    "Store",
    "Timekeeper",
    "Tracer",
    "Workers",
    "current_runner",
    "install_default",
    "runner_here",
]


class Runner(Protocol):
    """Whoever runs workflows: an engine."""

    def call(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run to the end, and return the value or raise."""

    def start(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Run[Any]:
        """Run in the background."""


class Clock(Protocol):
    """Time, so that tests can let it jump."""

    def now(self) -> float:
        """Seconds from some start; never goes back."""

    def time(self) -> float:
        """Seconds since the epoch."""


class Workers(Protocol):
    """Threads that come to a run when there is more to do than those who are at it can take."""

    def assist(self, driver: Driver) -> None:
        """Have one more worker call `driver.serve`, soon."""

    def retire(self, driver: Driver, index: int, *, interrupt: bool) -> bool:
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

    def wake_at(self, when: float, driver: Driver) -> None:
        """Call `driver.tick` at this time of the clock, or a little later."""


class Store(Protocol):
    """Where runs live."""

    def open(self, run_id: str, workflow: str) -> None:
        """Keep a run that begins."""

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

    def begin(self, driver: Driver) -> RunTrace | None:
        """The trace of a run that begins; None where nobody records, so that nothing more is asked.

        Called in the context of the run, of which everything in it gets a copy.
        """


class Services:
    """What an engine gives to its drivers."""

    __slots__ = ("clock", "inline", "loops", "observers", "random", "store", "timekeeper", "tracer", "workers")

    def __init__(
        self,
        *,
        clock: Clock,
        workers: Workers,
        loops: Loops,
        timekeeper: Timekeeper,
        random: Callable[[], float],
        store: Store,
        observers: Sequence[Callable[[Event], None]] = (),
        tracer: Tracer | None = None,
        inline: bool = False,
    ) -> None:
        self.clock = clock
        self.workers = workers
        self.loops = loops
        self.timekeeper = timekeeper
        self.random = random
        self.store = store
        self.observers = observers
        self.tracer = tracer
        self.inline = inline
        """Whether everything runs in the calling thread, one step at a time."""


runner_here: Final[ContextVar[Runner | None]] = ContextVar("flowkit_runner", default=None)
"""The runner of the block that is being executed, if it has one of its own."""

_default: list[Callable[[], Runner]] = []


def install_default(factory: Callable[[], Runner]) -> None:
    """Say who answers where no block has a runner of its own."""
    _default[:] = [factory]


def current_runner() -> Runner:
    """The runner for a call made here."""
    return runner_here.get() or _default[0]()
