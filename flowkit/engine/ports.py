"""What the engine needs from the floors above it, as protocols, and what those see of a run."""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from flowkit.engine.events import Event
    from flowkit.engine.kept import (
        Claim,
        Commit,
        KeptAttempt,
        KeptEvent,
        KeptNode,
        KeptRun,
        Message,
        NewRun,
        Page,
    )
    from flowkit.engine.limits import Limits
    from flowkit.engine.place import Served
    from flowkit.engine.resources import Resources
    from flowkit.engine.writing import Writer
    from flowkit.graph import Graph, Node, StepSpec
    from flowkit.machine.machine import Machine
    from flowkit.machine.requests import Point
    from flowkit.plan import Plan

__all__ = [
    "Clock",
    "Data",
    "Loops",
    "Observer",
    "Points",
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

    def new(self) -> asyncio.AbstractEventLoop:
        """Another loop, for a run that does everything in one thread."""


class Timekeeper(Protocol):
    """Calls drivers when something is due."""

    def wake_at(self, when: float, run: Ticked) -> None:
        """Call `run.tick` at this time of the clock, or a little later."""


class Store(Protocol):
    """Where runs live so that they outlive the process.

    Every method may be called from any thread. What changes something is one transaction, done when it returns; a store
    that can't raises `StoreError`, and then nothing was changed. Text is kept exactly, NUL and all, or refused with
    `StoreError`, as a lone surrogate is, and a number that is NaN; two ids that aren't equal never mean the same run.
    Of a run that isn't there nothing is known: what asks for parts of it gets none.
    """

    @property
    def url(self) -> str:
        """Where it is, for people to read: without passwords."""

    # -- owners: who may write ------------------------------------------------------------------------------------------

    def renew(self, owner: str, ttl: float) -> None:
        """Have an owner's lease, on all the runs it has, be good for `ttl` seconds from now, by the store's own clock.

        It is good from now on, until `ttl` seconds have gone by: by a clock that shows an earlier time it isn't, as
        after the machine was started anew. An owner that isn't known becomes known. One that has never done this has no
        good lease. An owner without a name is refused, here and everywhere. Where the owner's process is gone before, and
        the store can know that for certain, its lease isn't good any more.
        """

    def retire(self, owner: str) -> Sequence[str]:
        """Forget an owner: nobody has its runs from here on. Returns the ids of those that hadn't ended, the oldest first.

        Its leases stay the newest of those runs until somebody claims them.
        """

    # -- the life of a run ----------------------------------------------------------------------------------------------

    def create(self, run: NewRun, owner: str, nodes: Sequence[KeptNode] = ()) -> Claim | KeptRun:
        """Keep a new run, had by `owner` with generation 1, `running`, with these nodes; or say that the id is taken.

        Returns the run of that id as it is kept, untouched, where there is one.
        """

    def claim(
        self,
        run_id: str,
        owner: str,
        *,
        max_recoveries: int | None = None,
        again: bool = False,
        at: float | None = None,
    ) -> Claim | KeptRun | None:
        """Take a run that nobody has, or whose owner's lease isn't good; its generation rises by one.

        If it was taken from an owner that still had it, `recoveries` and `in_vain` rise in the same transaction. None
        where there is no such run. Returns the run, untouched, where it can't be taken: it has ended, somebody has it, or
        it was recovered `max_recoveries` times in vain already and would be once more. An owner can't take what it has,
        not even where its own lease isn't good.
        With `again`, a run that has failed is taken too: it is `running` once more, since `at` if that is told, without
        result, error or end, `resumes` rises, and nothing was in vain. A claim takes away what says that it is stuck.
        """

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        """Write all of this in one transaction. Says of each whether it was written.

        One is refused as a whole, and changes nothing, if its lease isn't the newest of its run. Whether that owner's
        time is up doesn't matter as long as nobody has taken the run, nor whether it has let go of it: so a commit whose
        answer was lost can be made again, with its release, and comes to the same. They are written in their order; of
        one run there may be several. What would change the status, the result, the error or the end of a run that has
        ended leaves those as they are, without being refused. An event whose number is kept already stays what it is.
        Messages are done with once, and stay so; those of other runs aren't touched. With one that `advances` its run
        no recovery before it was in vain.
        """

    def delete(self, run_ids: Sequence[str]) -> Sequence[str]:
        """Remove runs that have ended, with everything of theirs. Returns the ids of those that were removed."""

    # -- from outside ---------------------------------------------------------------------------------------------------

    def post(self, run_id: str, kind: str, name: str, payload: str, at: float, dedup: str | None = None) -> int | None:
        """Keep a message for a run; its number. None where one of the same kind, name and `dedup` was kept before.

        Without `dedup` each is a new one. For a `decision`, `name` alone counts: a gate is decided once. For a `cancel`
        not even that: the first one counts. Raises `RunNotFound` where there is no such run, and `IllegalTransition`
        where it has ended, whatever was kept before.
        """

    def inbox(self, owner: str, after: int = 0) -> Sequence[Message]:
        """The messages of runs that this owner has that aren't done with and have a higher number, in their order."""

    # -- asking ---------------------------------------------------------------------------------------------------------

    def run(self, run_id: str) -> KeptRun | None:
        """A run, as it is kept now."""

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """Its nodes, in the order in which they were first kept; only those with these keys, if some are given."""

    def attempts(self, run_id: str, key: str | None = None) -> Sequence[KeptAttempt]:
        """Its attempts, by key and number; of one node, if one is given."""

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> Sequence[KeptEvent]:
        """Its events with a higher number, in their order; at most `limit`."""

    def messages(self, run_id: str) -> Sequence[Message]:
        """Its messages that aren't done with, in their order."""

    def runs(
        self,
        *,
        status: Sequence[str] = (),
        workflow: str | None = None,
        parent: str | None = None,
        created_before: float | None = None,
        ended_before: float | None = None,
        prefix: str = "",
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Runs that are all of this, the newest first; `lost` is a status here as well, and what is lost has no other.

        Without a status, all are meant; `parent=""` means those that have none. `ended_before` also means those whose
        end is in the future, by the store's calendar. `prefix` is what their ids begin with, exactly. Runs of one age are in the order of their ids. The same run is
        never on two pages, and none that was there when the first page was asked for, and is still all of this, is on
        none. `counts` has those of all pages, of each status that any of them has. Raises `StoreError` for an `after`
        that isn't from a page.
        """

    def adrift(
        self, limit: int = 100, *, stuck: bool = False, after: tuple[float, str] | None = None
    ) -> Sequence[KeptRun]:
        """Runs that haven't ended, aren't stuck, and that nobody has, or somebody who died; the oldest first.

        With `stuck` those that are, instead; `after` a run, by when it was created and its id, those that come behind it.
        One that can't be read any more isn't among them; asking for it says why.
        """

    def close(self) -> None:
        """Let go of what it has open. Using it afterwards raises `StoreError`; closing it again does nothing."""


class Data(Protocol):
    """Values, errors and events as text, and back. Whatever is made is made by an annotation, never by what is read."""

    def dumps(self, value: object, annotation: Any) -> str:
        """JSON text of a value. Raises `EncodingError` unless the same value comes back from it."""

    def loads(self, text: str, annotation: Any) -> Any:
        """A value from JSON text. Raises `EncodingError`."""

    def dump_error(self, error: BaseException) -> str:
        """JSON text of an error. Never raises."""

    def load_error(self, text: str, declared: Sequence[type[BaseException]] = ()) -> BaseException:
        """An error from JSON text: of its class where that is known here, else a `StepError`."""

    def dump_event(self, event: Event) -> KeptEvent:
        """An event as it is kept."""

    def load_event(self, kept: KeptEvent, run_id: str, workflow: str, steps: Mapping[str, str]) -> Event:
        """An event from what is kept; `steps` has the names of steps by the keys of their nodes."""

    def wire(self, graph: Graph, nodes: Sequence[Node], step: str | None = None) -> list[str]:
        """Per node, a digest of what it is called with, as far as that stands in the text. Never raises.

        With `step`, as if it were a call of the step of that name.
        """

    def fingerprint(self, annotation: Any) -> str:
        """A digest of how values of an annotation are written; empty where none can be kept. Never raises."""

    def wire_item(self, values: Sequence[Any], graph: Graph | None = None) -> str:
        """A digest of the values that one item of a map is called with, or that a body returns. Never raises.

        Results among them are those of a graph.
        """

    def digest(self, workflow: str, arguments: str) -> str:
        """What makes two starts mean the same run."""


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


class Points(Protocol):
    """Told of every named point that a run which is kept comes to; it may raise there, or take its time.

    `key` is that of the node, and empty where the point is about the run as a whole; `run_id` is empty where it is about
    all runs that an engine has.
    """

    def before(self, point: Point, key: str, run_id: str) -> None:
        """What has this name is about to be done."""

    def after(self, point: Point, key: str, run_id: str) -> None:
        """It was done, and nobody else knows."""

    def asked_key(self, key: str, run_id: str) -> None:
        """A step has asked for its idempotency key."""


class Services:
    """What an engine gives to its drivers."""

    __slots__ = (
        "clock",
        "data",
        "inline",
        "limits",
        "loops",
        "new_id",
        "observers",
        "plan",
        "points",
        "random",
        "read",
        "resources",
        "roundtrip",
        "rest",
        "stand_in",
        "store",
        "timekeeper",
        "tracer",
        "watched",
        "workers",
        "writer",
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
        store: Store | None,
        writer: Writer | None,
        data: Data | None,
        observers: Sequence[Callable[[Event], None]] = (),
        tracer: Tracer | None = None,
        inline: bool = False,
        watched: bool = False,
        plan: Callable[[Graph], Plan],
        read: Callable[[str, Any], Any],
        resources: Resources,
        roundtrip: bool = False,
        new_id: Callable[[], str],
        points: Points | None = None,
        rest: Callable[[threading.Condition, float | None], bool] | None = None,
        stand_in: Callable[[StepSpec, Callable[..., Any]], Callable[..., Any]] | None = None,
    ) -> None:
        self.clock = clock
        self.workers = workers
        self.loops = loops
        self.limits = limits
        self.timekeeper = timekeeper
        self.random = random
        self.store = store
        """Where runs live so that they outlive the process; None where they don't."""
        self.writer = writer
        self.data = data
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
        self.roundtrip = roundtrip
        """Whether a result goes through its JSON before others get it, in memory too."""
        self.new_id = new_id
        """Makes an id that nobody else has: of a run, or of an engine as an owner."""
        self.points = points
        """Who is told of the points that a run comes to. Nobody, where nothing is simulated; so for the other two."""
        self.rest = rest
        """How an inline run that has nothing to do waits: until it is called or a time has come. Says which it was."""
        self.stand_in = stand_in
        """What is called instead of a step's function."""
