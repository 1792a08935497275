"""A process that dies at its store's n-th call, in one process: what it has written stays, and nothing else does.

A life is an engine over a store that is gone from one call on, before or after that was carried out. What a step does
outside is counted here, by the key of its node, so a step that is done again shows.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Literal

import attrs

from flowkit import CancelReason, Engine, Outcome, RunSuspended, StoreError, Workflow, current
from flowkit.engine.kept import KeptNode, KeptRun
from flowkit.engine.ports import Store
from flowkit.stores.memory import MemoryStore

__all__ = [
    "Death",
    "Died",
    "Life",
    "MortalStore",
    "Record",
    "Shape",
    "Story",
    "World",
    "act",
    "deaths",
    "different",
    "elsewhere",
    "lived",
    "tell_end",
]

COUNTED = ("commit", "create", "claim", "post")
"""The calls that change what is kept of runs."""

ENDED = ("succeeded", "failed", "timed_out", "cancelled", "skipped", "blocked")
CALLED = ("step", "item")

OFTEN = {"step_retrying", "items_collected", "workflow_expanded", "step_abandoned", "run_warned"}
"""Transitions that may come several times of one node."""

RUN = "the run"

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


class Died(Exception):
    """The process is gone."""


Death = tuple[int, Literal["before", "after"]]
"""At which of the calls a life ends, and whether that was carried out."""


class MortalStore:
    """A store, as a process has it that dies."""

    def __init__(self, inner: Store, death: Death | None) -> None:
        self._inner = inner
        self._death = death
        self._lock = threading.Lock()
        self.calls: list[str] = []
        self.is_dead = False

    @property
    def url(self) -> str:
        return self._inner.url

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.is_dead:
                raise StoreError("the process is gone", self.url)
            if name not in COUNTED:
                return method(*args, **kwargs)
            with self._lock:
                self.calls.append(name)
                now = (len(self.calls), "before"), (len(self.calls), "after")
                if self._death == now[0]:
                    self.is_dead = True
                    raise Died
                done = method(*args, **kwargs)
                if self._death == now[1]:
                    self.is_dead = True
                    raise Died
                return done

        return call


@attrs.define
class Life:
    """What one process does about the run."""

    store: MortalStore | None = None
    """None for a process of its own."""
    done: Counter[str] = attrs.field(factory=Counter)
    """How often which node did something outside."""
    told: list[Any] = attrs.field(factory=list)
    """The transitions that its observers were told of."""
    end: Any = None
    """How the run ended for whoever waited; None if the process died first."""
    newest: int = 0
    """The number of the newest event that was on record when it was over."""
    ended: dict[str, Lasting] = attrs.field(factory=dict)
    """The steps whose ends were on record when it was over."""


_life: ContextVar[Life | None] = ContextVar("life", default=None)

elsewhere: list[Callable[[], None]] = []
"""What counts what steps do in a process that dies for real."""


def act() -> None:
    """What a step does outside. A process that is gone does nothing."""
    life = _life.get()
    if life is None:
        for count in elsewhere:
            count()
        return
    if life.store is None or life.store.is_dead:
        raise Died
    if current().step:  # what a generator does as it goes isn't any attempt's
        life.done[current().step] += 1


@attrs.frozen
class Shape:
    """A workflow of one shape, and what it is given."""

    name: str
    workflow: Workflow[Any, Any]
    args: tuple[Any, ...] = ()
    outside: Callable[[Any], None] | None = None
    """What somebody outside does about the run, once in each life: from a thread of its own."""
    executor: str = "inline"
    is_free: bool = False
    """Whether who is faster decides what comes of it, where threads are at work."""

    @property
    def is_settled(self) -> bool:
        """Whether the same happens each time, step by step: one thread does it all, and nobody comes from outside."""
        return self.executor == "inline" and self.outside is None

    def __str__(self) -> str:
        return self.name


class Record:
    """What is on record of a run, and those who had it."""

    def __init__(self, shape: Shape, kept: Store, run_id: str = RUN) -> None:
        self.shape = shape
        self.kept = kept
        self.run_id = run_id
        self.lives: list[Life] = []

    def look(self, life: Life) -> None:
        """See what is on record now that a life is over."""
        life.newest = max((event.number for event in self.kept.events(self.run_id)), default=0)
        kept = [node for node in self.kept.nodes(self.run_id) if node.status in ENDED and node.kind in CALLED]
        life.ended = {node.key: self._lasting(node) for node in kept}

    @property
    def run(self) -> KeptRun | None:
        return self.kept.run(self.run_id)

    @property
    def story(self) -> Story:
        """What is on record in the end."""
        run = self.run
        assert run is not None
        return Story(
            run=(run.status, run.result, self._untraced(run.error), run.owner, run.stuck),
            nodes={node.key: self._lasting(node) for node in self.kept.nodes(self.run_id)},
            attempts={(one.key, one.attempt): (one.status, one.why) for one in self.kept.attempts(self.run_id)},
            events=[(event.kind, event.key) for event in self.kept.events(self.run_id)],
            unread=[(message.kind, message.name) for message in self.kept.messages(self.run_id)],
        )

    def _lasting(self, node: KeptNode) -> Lasting:
        return Lasting(
            node.step, node.kind, node.status, bool(node.sequence), node.attempts, node.value,
            self._untraced(node.error), node.reason, node.why, node.wiring, node.facts,
        )  # fmt: skip

    def _untraced(self, error: str | None) -> Any:
        """An error without where it was raised: in a body, that depends on how it came to be recorded."""
        if error is None:
            return None
        return json.loads(error.replace(self.run_id, RUN), object_hook=lambda told: {**told, "trace": None})


class World(Record):
    """What outlives processes: the store, and the time."""

    def __init__(self, shape: Shape) -> None:
        self.now = 1_000.0
        super().__init__(shape, MemoryStore(clock=lambda: self.now))

    def live(self, death: Death | None = None) -> Life:
        """One more process has the run, up to its death if it has one."""
        self.now += 1_000.0  # the lease of the one before is over
        store = MortalStore(self.kept, death)
        life = Life(store)
        self.lives.append(life)
        token = _life.set(life)
        try:
            life.end = _lived(self.shape, life, store)
        except (Died, StoreError, RunSuspended):
            if not store.is_dead:
                raise
        finally:
            _life.reset(token)
        self.look(life)
        return life


@attrs.frozen
class Lasting:
    """A node, but for the times."""

    step: str
    kind: str
    status: str
    sequence: bool
    attempts: int
    value: str | None
    error: Any
    reason: str
    why: str
    wiring: str
    facts: str


@attrs.frozen
class Story:
    """What is on record of a run, but for the times."""

    run: tuple[Any, ...]
    nodes: dict[str, Lasting]
    attempts: dict[tuple[str, int], tuple[Any, ...]]
    events: list[tuple[str, str]]
    unread: list[tuple[str, str]]

    @property
    def ends(self) -> dict[str, Lasting]:
        """The nodes whose ends others go on from."""
        return {key: node for key, node in self.nodes.items() if node.sequence or node.status == "skipped"}


def _lived(shape: Shape, life: Life, store: MortalStore) -> Any:
    workflow = shape.workflow
    with Engine(
        executor=shape.executor,
        store=store,
        recover=False,
        tracing=False,
        observers=[life.told.append],
    ) as engine:
        ended = threading.Event()
        if shape.outside is not None:
            outside = threading.Thread(target=_pester, args=(shape.outside, engine, ended), daemon=True)
            outside.start()
        try:
            kept = store.run(RUN)
            if kept is None:
                run = workflow.with_options(run_id=RUN).start(*shape.args)
            elif kept.is_final:
                run = engine.run(RUN)
            else:
                run = workflow.resume(RUN)
            return tell_end(run)
        finally:
            ended.set()
            if shape.outside is not None:
                outside.join(LONG)


def _pester(outside: Callable[[Any], None], engine: Engine, ended: threading.Event) -> None:
    """Do something about a run until it is over. Whatever comes of it is for the run to show."""
    while not ended.wait(0.001):
        try:
            outside(engine.run(RUN))
        except (Died, StoreError):
            # Whoever works on the run in this process is gone with it.
            for driver in list(engine._under_way.values()):
                driver.suspend(CancelReason.SHUTDOWN)
            return
        except Exception:
            continue


def tell_end(run: Any) -> Any:
    """What a run gives, or what it raises, as something that can be compared."""
    try:
        return _shown(run.result(LONG))
    except (StoreError, RunSuspended):
        raise
    except Exception as error:
        return _shown(error)


def _shown(value: Any) -> Any:
    if isinstance(value, BaseExceptionGroup):
        return type(value).__name__, [_shown(one) for one in value.exceptions]
    if isinstance(value, BaseException):
        return type(value).__name__, str(value)
    if isinstance(value, Outcome):
        return value.status, _shown(value.error) if value.error is not None else value.value
    if isinstance(value, (list, tuple)):
        return [_shown(one) for one in value]
    return value


def lived(shape: Shape, deaths: Iterable[Death] = ()) -> World:
    """A run that is gone on with after each of these deaths, to its end."""
    world = World(shape)
    for death in deaths:
        world.live(death)
    world.live()
    return world


def deaths() -> Iterable[Death]:
    """All of them: at each call, before it and after it."""
    for call in itertools.count(1):
        yield call, "before"
        yield call, "after"


def different(calm: Record, world: Record) -> list[str]:
    """What isn't as it is in a run that nothing happened to, or isn't as it has to be wherever a run is left."""
    want, got = calm.story, world.story
    shape, deaths = calm.shape, len(world.lives) - 1
    found = []
    if not (shape.is_free and not shape.is_settled):
        if world.lives[-1].end != calm.lives[-1].end:
            found.append(f"it ended with {world.lives[-1].end!r}, not with {calm.lives[-1].end!r}")
        found += _compared("run", want.run, got.run)
        found += _other_ends(want, got, is_settled=shape.is_settled)
    found += _compared("unread", want.unread, got.unread)
    found += _done_again({key: node.attempts for key, node in {**got.nodes, **want.nodes}.items()}, world.lives)
    if _is_undone_in_reverse(calm) and not _is_undone_in_reverse(world):
        found.append(f"undone in another order than it ended in, backwards: {_undone(world)}")
    found += _told_otherwise(want.events, got.events, deaths, shape)
    for life in world.lives:
        found += [
            f"{key} was {end}, and is {got.nodes[key]}"
            for key, end in life.ended.items()
            if (got.nodes[key].status, got.nodes[key].value) != (end.status, end.value)
        ]
    for life in world.lives:
        found += [f"{e!r} was told, and wasn't on record" for e in life.told if e.number > life.newest]
    numbers = [event.number for event in world.kept.events(world.run_id)]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"the events are numbered {numbers}")
    places = [node.sequence for node in world.kept.nodes(world.run_id) if node.sequence]
    if len(places) != len(set(places)):
        found.append("two ends have the same place")
    return found


def _undone(world: Record) -> list[tuple[int, str]]:
    """What was undone, in its order; with the place that it has among what ended."""
    nodes = {node.key: node for node in world.kept.nodes(world.run_id)}
    undoing = sorted((node for node in nodes.values() if '"undoes"' in node.facts), key=lambda node: node.sequence)
    done = [nodes[json.loads(node.facts)["undoes"]] for node in undoing if node.sequence]
    return [(node.sequence, node.key) for node in done if node.sequence]


def _is_undone_in_reverse(world: Record) -> bool:
    undone = _undone(world)
    return undone == sorted(undone, reverse=True)


def _compared(part: str, want: Any, got: Any) -> list[str]:
    if not isinstance(want, dict):
        return [] if want == got else [f"{part}: {got}, not {want}"]
    return [
        f"{part} {key}: {got.get(key)}, not {want.get(key)}" for key in {**want, **got} if want.get(key) != got.get(key)
    ]


def _other_ends(want: Story, got: Story, *, is_settled: bool) -> list[str]:
    """How nodes ended. Of a run that failed, what it didn't come to may have been cancelled or blocked, or not be there.

    Where threads are at work, or somebody from outside, how far others came differs as well.
    """
    if want.run[0] != "succeeded":
        return _compared("ends", want.ends, got.ends) if is_settled else []
    if is_settled:
        return _compared("nodes", want.nodes, got.nodes) + _compared("attempts", want.attempts, got.attempts)

    def values(story: Story) -> dict[str, Any]:
        return {key: (node.status, node.value) for key, node in story.ends.items()}

    return _compared("ends", values(want), values(got))


def _done_again(attempts: Mapping[str, int], lives: Sequence[Life]) -> list[str]:
    """What was done outside once it was on record that it had ended, or more often than it was tried and lives ended."""
    found = []
    for key, count in sum((life.done for life in lives), Counter[str]()).items():
        if count > max(1, attempts[key]) + len(lives) - 1:
            found.append(f"{key} was done {count} times")
    for before, after in itertools.pairwise(lives):
        found += [f"{key} had ended, and was done again" for key in before.ended if after.done[key]]
    return found


def _told_otherwise(
    want: Sequence[tuple[str, str]], got: Sequence[tuple[str, str]], deaths: int, shape: Shape
) -> list[str]:
    """Each transition is told once. But an attempt that was under way begins again, and a run that is left goes on."""
    again = {"step_started", "run_resumed"}
    found = [
        f"{kind} of {key or 'the run'} was told twice"
        for (kind, key), count in Counter(got).items()
        if count > 1 and kind not in again | OFTEN
    ]
    if not shape.is_settled or want[-1][0] != "run_succeeded":
        return found
    more, less = Counter(got) - Counter(want), Counter(want) - Counter(got)
    found += [f"{kind} of {key or 'the run'} was never told" for kind, key in less]
    for (kind, key), count in more.items():
        if kind not in again or count > deaths:
            found.append(f"{kind} of {key or 'the run'} was told {count} times more")
    if not found and _in_order(want) != _in_order(got):
        found.append(f"told in another order: {got}, not {want}")
    return found


def _in_order(events: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Of each node, what was told; beginnings once."""
    found: dict[str, list[str]] = {}
    for kind, key in events:
        told = found.setdefault(key, [])
        if kind != "run_resumed" and not (kind == "step_started" and told and told[-1] == kind):
            told.append(kind)
    return found
