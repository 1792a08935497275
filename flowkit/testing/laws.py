"""What holds of every run that is kept, whatever happens to the processes that have it.

Each law is a function that is given a simulated run and raises an exception of its own. What it goes by isn't what the
engine says of itself: it is what was asked of the store, in its order, and what steps really did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from flowkit.testing.stories import Wrote
from flowkit.testing.tracing import inputs_of, predecessors, same

if TYPE_CHECKING:
    from flowkit.engine.kept import KeptNode
    from flowkit.testing.outside import Effect
    from flowkit.testing.simulated import SimulatedRun

__all__ = [
    "LAWS",
    "AttemptsBounded",
    "CompletedNeverReruns",
    "Fenced",
    "InputsMatch",
    "LawBroken",
    "NoLostResult",
    "OneEffectPerKey",
    "OrderKept",
    "RecordedOnce",
    "check",
    "law",
]

Law = Callable[["SimulatedRun"], object]
L = TypeVar("L", bound=Law)

_ENDS: Final = frozenset(
    {"step_succeeded", "step_failed", "step_timed_out", "step_skipped", "step_blocked", "step_cancelled"}
)


class LawBroken(AssertionError):  # noqa: N818 - it reads as what it is
    """A simulated run in which something happened that mustn't. Its text has the whole story."""

    law: ClassVar[str] = ""
    """What holds, in words."""
    way_out: ClassVar[str] = (
        "this is for flowkit to get right, not for your workflow: please report it, with the story above"
    )

    def __init__(self, what: str, run: SimulatedRun | None = None, *, help: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.run = run
        """The run in which it happened."""
        self.help = help or self.way_out
        """What to do about it."""

    def __str__(self) -> str:
        if self.run is None:
            return self.what
        label = self.run.simulation.spec.label
        pinned = f"simulate({label}, ..., world={self.run.world!r}).check()"
        story = "\n".join(f"  {line}" for line in self.run.story().splitlines())
        told = [f"  law   {self.law}"] if self.law else []
        told += [f"  help  {self.help}", f"  pin   {pinned}"]
        return "\n".join([self.what, f"  world={self.run.world!r}", "", story, "", *told])


class NoLostResult(LawBroken):
    """A result that was on record has changed, or is gone."""

    law = "a result that is on record never changes or vanishes, whatever follows"


class RecordedOnce(LawBroken):
    """The end of a node went on record twice."""

    law = "how a node ended goes on record once"


class Fenced(LawBroken):
    """Somebody wrote who didn't have the run any more."""

    law = "whoever has lost a run to another process can't write to it"


class CompletedNeverReruns(LawBroken):
    """A step ran again of which an end was on record."""

    law = "a step whose end is on record doesn't run again"


class AttemptsBounded(LawBroken):
    """A step ran more often than its retries and the deaths of its processes account for."""

    law = "a step runs at most as often as its policy has attempts, and once more for each time the run is taken over"


class OneEffectPerKey(LawBroken):
    """What may happen only once has happened twice, or one key stood for two different things."""

    law = "an effect happens once, where whoever it is done to goes by its idempotency key"
    way_out = (
        "give `current().idempotency_key` to whoever it is done to, or declare what is true: `idempotent=True` if it may "
        "happen twice, `compensate=` if it is undone"
    )


class InputsMatch(LawBroken):
    """A step was given something else than what is on record of those that it takes from."""

    law = "a step is given what is on record of the steps that it takes from"


class OrderKept(LawBroken):
    """A step ran before one that has to come first had ended."""

    law = "a step runs when all that has to come before it has ended: what it takes from, depends on, or stands behind"


# -- the laws ---------------------------------------------------------------------------------------------------------


def no_lost_result(run: SimulatedRun) -> None:
    """Once recorded, a result never changes or vanishes."""
    lost = run.simulation.lost
    if lost:
        raise NoLostResult(lost[0])


def fenced(run: SimulatedRun) -> None:
    """Every write that was done carried the newest generation."""
    for one in _writes(run):
        if one.done and one.commit.lease.generation != one.newest:
            number, own = one.process.number, one.commit.lease.generation
            raise Fenced(f"engine {number} wrote with generation {own} when the newest was {one.newest}")


def completed_never_reruns(run: SimulatedRun) -> None:
    """Nobody who has the run runs a step whose end is on record."""
    ended = _ended_at(run)
    for one in run.effects:
        if one.by_owner and ended.get((one.key, one.turn), one.place) < one.place:
            raise CompletedNeverReruns(f"`{one.key}` ran again after its end was on record")


def attempts_bounded(run: SimulatedRun) -> None:
    """A step runs at most as often as it may."""
    counts = Counter((one.key, one.turn) for one in run.effects)
    for one in run.effects:
        takeovers = run.simulation.newest[one.inside.run_id] - 1
        policy = one.inside.machine.policies[one.index]
        limit = 1 if policy is None or policy.retry is None else policy.retry.max_attempts
        if limit is not None and (counts[one.key, one.turn] > limit + takeovers or one.attempt > limit):
            times = f"{counts[one.key, one.turn]} times, the last as attempt {max(e.attempt for e in run.effects.of(one.key))}"
            raise AttemptsBounded(f"`{one.key}` ran {times}: it has {_times(limit, 'attempt')}, and {_taken(run)}")


def one_effect_per_key(run: SimulatedRun) -> None:
    """One key, one effect, one set of arguments."""
    first: dict[str, Effect] = {}
    for one in run.effects:
        before = first.setdefault(one.key, one)
        if before is not one and not (same(before.args, one.args) and same(before.kwargs, one.kwargs)):
            raise OneEffectPerKey(
                f"`{one.key}` ran with the same key and two different inputs: {before!r} and {one!r}",
                help="the body isn't the same each time it is recorded: what isn't among its arguments (the time, chance, "
                "a file) belongs into a step",
            )
    done = Counter((one.key, one.turn) for one in run.effects if one.ended != "raised" and _matters(one, run))
    for (key, _), count in done.items():
        if count > 1:
            raise OneEffectPerKey(
                f"`{key}` was done {_times(count, 'time')}, and didn't ask for its key: {_taken(run)}"
            )


def inputs_match(run: SimulatedRun) -> None:
    """What a step was given is what is on record."""
    kept: dict[str, dict[str, KeptNode]] = {}
    for one in run.effects:
        run_id = one.inside.run_id
        if run_id not in kept:
            kept[run_id] = {node.key: node for node in run.simulation.store.nodes(run_id)}
        for source in inputs_of(one):
            node = kept[run_id].get(source.key)
            if node is None or not node.sequence or node.status != "succeeded" or node.value is None:
                continue
            on_record = source.on_record(node.value)
            if not same(source.given, on_record):
                what = f"{source.given!r} of `{source.key}`, of which {on_record!r} is on record"
                raise InputsMatch(f"`{one.key}` was given {what}")


def order_kept(run: SimulatedRun) -> None:
    """What comes before has ended before."""
    ended = _ended_at(run)
    began: dict[tuple[str, int], list[Effect]] = {}
    for one in run.effects:
        began.setdefault((one.key, one.turn), []).append(one)
    streams = {one.key for one in run.effects if one.spec.streams}  # whose end is never on record
    for one in run.effects:
        prefix = run.simulation.name(one.inside.run_id, "x")[:-1]
        for key in {prefix + before for before in predecessors(one)} - streams:
            place = key, one.turn
            late = ended.get(place, -1) > one.place
            again = any(other.place > one.place and other.by_owner for other in began.get(place, ()))
            if late or (again and place not in ended):
                raise OrderKept(f"`{one.key}` ran before `{key}` had ended")


def recorded_once(run: SimulatedRun) -> None:
    """One end per node."""
    written = [(one, node) for one in _writes(run) if one.done for node in one.commit.nodes if node.sequence]
    for (key, _), count in Counter((one.prefix + node.key, one.turn) for one, node in written).items():
        if count > 1:
            raise RecordedOnce(f"the end of `{key}` was written {_times(count, 'time')}")
    streams = {one.key for one in run.effects if one.spec.streams}  # what they yield isn't kept, so they are done again
    for run_id in run.simulation.newest:
        prefix, turns = run.simulation.name(run_id, "x")[:-1], run.simulation.turns.get(run_id, 0)
        told = Counter(prefix + one.key for one in run.simulation.store.events(run_id) if one.kind in _ENDS)
        for key, count in told.items():
            if count > 1 + turns and key not in streams:
                raise RecordedOnce(f"the end of `{key}` was told {_times(count, 'time')}")


LAWS: Final[list[Law]] = [
    fenced,
    no_lost_result,
    completed_never_reruns,
    attempts_bounded,
    inputs_match,
    order_kept,
    recorded_once,
    one_effect_per_key,
]
"""All that `check` looks at: flowkit's own, and those that were added."""


def law(function: L) -> L:
    """Add a law: a function that is given a simulated run and raises `AssertionError` where it is broken.

    It is looked at by every `run.check()` from here on. For one test, write `run.check(function)`, or
    `assert_resumable(..., laws=[function])`.
    """
    LAWS.append(function)
    return function


def check(run: SimulatedRun, more: Iterable[Law] = ()) -> None:
    """Hold a run to all laws. Raises what the first broken one raises, with the story of the run."""
    for one in (*LAWS, *more):
        try:
            one(run)
        except LawBroken as broken:
            broken.run = run
            raise
        except AssertionError as error:
            error.add_note(f"in {run.world!r}\n{run.story()}")
            raise


def _writes(run: SimulatedRun) -> list[Wrote]:
    return [one for one in run.simulation.happened if isinstance(one, Wrote)]


def _ended_at(run: SimulatedRun) -> dict[tuple[str, int], int]:
    """When the end of each node went on record: its place in what happened."""
    ended: dict[tuple[str, int], int] = {}
    for place, one in enumerate(run.simulation.happened):
        if isinstance(one, Wrote) and one.done:
            for node in one.commit.nodes:
                if node.sequence:
                    ended.setdefault((one.prefix + node.key, one.turn), place)
    return ended


def _matters(one: Effect, run: SimulatedRun) -> bool:
    """Whether it mustn't happen twice, as far as the step says."""
    policy: Any = one.inside.machine.policies[one.index]
    if one.asked_key or policy is None or policy.idempotent or policy.compensate is not None:
        return False
    return one.spec.is_effect or one.spec.declared in run.simulation.once


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _taken(run: SimulatedRun) -> str:
    return f"the run was taken over {_times(run.takeovers, 'time')}" if run.takeovers else "the run wasn't taken over"
