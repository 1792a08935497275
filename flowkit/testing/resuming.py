"""Every place in a run where a process can die or be held up, tried one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from flowkit.errors import PolicyError
from flowkit.testing.laws import LawBroken
from flowkit.testing.simulating import LEASE, simulate
from flowkit.testing.tracing import same as is_same
from flowkit.testing.worlds import Crash, Pause, World, WorldEvent

if TYPE_CHECKING:
    from flowkit.decorators import Step, Workflow
    from flowkit.engine.ports import Store
    from flowkit.engine.run import Run
    from flowkit.machine.requests import Point
    from flowkit.policies import Duration
    from flowkit.testing.clocks import VirtualClock
    from flowkit.testing.outside import Answer
    from flowkit.testing.simulated import Reached, SimulatedRun
    from flowkit.testing.worlds import When

__all__ = ["NeverEnds", "Resumable", "SameEverywhere", "assert_resumable"]

Kind = Literal["crash", "pause"]
_KINDS: Final[dict[str, type[WorldEvent]]] = {"crash": Crash, "pause": Pause}
_FIRST: Final = ("record", "finalize", "effect", "compensate", "always", "claim", "recover")
"""Of points that come to the same, the one that says most about where a run was."""


class NeverEnds(LawBroken):
    """A run didn't end, and nobody can go on with it."""

    law = "when nothing more goes wrong, a run ends"


class SameEverywhere(LawBroken):
    """A run came to something else than when nothing went wrong."""

    law = "a run comes to the same, whatever happens to the processes that have it"
    way_out = (
        "if its result may depend on time or chance, write `assert_resumable(..., same=False)`; if not, look for a step "
        "whose result does"
    )


@attrs.frozen
class Resumable:
    """What was tried, when nothing was found."""

    calm: SimulatedRun
    """The run in which nothing went wrong."""
    worlds: int
    """In how many worlds it was run."""
    reached: frozenset[tuple[Point, When]]
    """The points that were come to in any of them."""
    unfired: Sequence[World]
    """Worlds of which not everything happened."""
    seconds: float
    """How long all of that took."""

    def __str__(self) -> str:
        label = self.calm.simulation.spec.label
        return f"`{label}` was run in {self.worlds} worlds, with {len(self.reached)} points, in {self.seconds:.2f}s"


def assert_resumable(
    workflow: Workflow[..., Any],
    *args: Any,
    depth: int = 1,
    kinds: Sequence[Kind] = ("crash", "pause"),
    same: bool = True,
    laws: Iterable[Callable[[SimulatedRun], object]] = (),
    steps: Mapping[Any, Any] | None = None,
    outside: Sequence[Answer] | Callable[[Run[Any]], object] = (),
    kwargs: Mapping[str, Any] | None = None,
    store: Callable[[VirtualClock], Store] | None = None,
    lease: Duration = LEASE,
    once: Iterable[Step[..., Any]] = (),
) -> Resumable:
    """Run a workflow once calmly, then once for every place in that run where its process can die or be held up.

    Each run is held to all laws, has to end, and has to come to the same as the calm one unless `same=False`. With
    `depth=2` each of those runs is taken apart in the same way, so two things go wrong in one run; that is many runs.
    `laws` are looked at besides those that hold for all. `store` makes the store of a run, with the clock that it is to
    go by; the other arguments are those of `simulate`. Nothing needs to be installed for it.

    Raises the exception of the law that was broken, with the story of that run and the world to keep it by.
    """
    if type(depth) is not int or depth < 0:
        raise PolicyError(f"depth={depth!r} is no whole number: 1 for one thing that goes wrong in each run, 2 for two")
    begun = perf_counter()
    tried = _Trying(workflow, args, kinds, same, tuple(laws), store)
    tried.options = {"steps": steps, "outside": outside, "kwargs": kwargs, "lease": lease, "once": tuple(once)}
    calm = tried.calm()
    if depth:
        tried.further(calm, World(), depth)
    return Resumable(calm, tried.worlds, frozenset(tried.reached), tried.unfired, perf_counter() - begun)


class _Trying:
    """All the runs of one `assert_resumable`."""

    def __init__(
        self,
        workflow: Workflow[..., Any],
        args: Sequence[Any],
        kinds: Sequence[str],
        same: bool,
        laws: Sequence[Callable[[SimulatedRun], object]],
        store: Callable[[VirtualClock], Store] | None,
    ) -> None:
        if not kinds or any(kind not in _KINDS for kind in kinds):
            raise PolicyError(f"kinds={kinds!r}: write some of {', '.join(map(repr, _KINDS))}")
        self.workflow = workflow
        self.args = args
        self.kinds = kinds
        self.same = same
        self.laws = laws
        self.store = store
        self.options: dict[str, Any] = {}
        self.worlds = 0
        self.reached: set[tuple[Point, When]] = set()
        self.unfired: list[World] = []
        self._calm: SimulatedRun | None = None

    def calm(self) -> SimulatedRun:
        """The run in which nothing goes wrong."""
        calm = self._calm = self._run(World())
        return calm

    def further(self, run: SimulatedRun, world: World, depth: int) -> None:
        """Have one thing more go wrong, at every place that a run came to after what went wrong in it.

        Where several places come to the same, things go on from one of them.
        """
        for event, stands_for_others in self._events(run):
            if not stands_for_others and world.events:
                continue
            following = world.then(event)
            worse = self._run(following)
            if len(worse.fired) < len(following.events):
                self.unfired.append(following)
            if depth > 1 and stands_for_others:
                self.further(worse, following, depth - 1)

    def _run(self, world: World) -> SimulatedRun:
        from flowkit.testing.clocks import VirtualClock

        clock = VirtualClock()
        store = self.store(clock) if self.store is not None else None
        run = simulate(self.workflow, *self.args, world=world, clock=clock, store=store, **self.options)
        self.worlds += 1
        self.reached |= run.reached
        run.check(*self.laws)
        calm = self._calm
        if not run.kept.is_final and (calm is None or calm.kept.is_final):
            what, way_out = _unended(run)
            raise NeverEnds(what, run, help=way_out)
        if run.simulation.hung:
            number = run.simulation.hung[0].number
            raise NeverEnds(f"engine {number} waits for ever, since it doesn't know that it has lost the run", run)
        if calm is not None and self.same:
            _compare(run, calm)
        return run

    def _events(self, run: SimulatedRun) -> Iterator[tuple[WorldEvent, bool]]:
        """What else could go wrong, place by place, and whether that stands for what comes to the same.

        A process that dies leaves the same behind wherever it dies between two things that outlive it. One that stands
        still goes on from where it stood, so that is tried everywhere.
        """
        counts: Counter[tuple[Point, When, str]] = Counter()
        reached = run.simulation.reached[run.simulation.fired_at :]
        chosen = _different(reached)
        for kind in self.kinds:
            counts.clear()
            for place, one in enumerate(reached):
                point, when, key = one[:3]
                counts[point, when, key] += 1
                if place in chosen or kind != "crash":
                    yield _KINDS[kind](key, point, when, counts[point, when, key]), place in chosen


def _different(reached: Sequence[Reached]) -> set[int]:
    """Of places between which nothing happened that outlives a process, one: the one that says most."""
    chosen: list[int] = []
    for place, one in enumerate(reached):
        if not chosen or reached[chosen[-1]][3:] != one[3:]:
            chosen.append(place)
        elif _rank(one) < _rank(reached[chosen[-1]]):
            chosen[-1] = place
    return set(chosen)


def _rank(reached: Reached) -> int:
    return _FIRST.index(reached[0]) if reached[0] in _FIRST else len(_FIRST)


def _unended(run: SimulatedRun) -> tuple[str, str]:
    """What is the matter with a run that didn't end, and the way out."""
    if run.kept.stuck:
        return f"nobody can go on with the run: {run.kept.stuck}", ""
    if run.status == "waiting":
        return "the run waits for what doesn't come", "`outside=` says what comes, as in outside=[approve()]"
    return f"the run didn't end, with {len(run.simulation.processes)} processes that tried", ""


def _compare(run: SimulatedRun, calm: SimulatedRun) -> None:
    if run.kept.status != calm.kept.status:
        raise SameEverywhere(f"the run has {_end(run)}, and without that it has {_end(calm)}", run)
    if run.kept.result != calm.kept.result and not is_same(run.value, calm.value):
        raise SameEverywhere(f"the run gave {run.value!r}, and without that {calm.value!r}", run)
    if type(run.error) is not type(calm.error):
        raise SameEverywhere(f"the run has {_end(run)}, and without that it has {_end(calm)}", run)


def _end(run: SimulatedRun) -> str:
    return f"{run.status}" + (f" with {run.error!r}" if run.error is not None else "")
