"""What a run is put through: a short list of named events, in the order in which they happen.

Each event names a point, and the node it is at. Only the first one that hasn't happened is armed, so leaving one out
doesn't change what the others mean. A world is written as it is shown, so one that shows a mistake can be kept.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import attrs

from flowkit.decorators import Step
from flowkit.errors import PolicyError
from flowkit.machine.requests import Point
from flowkit.policies.durations import is_a

__all__ = ["Crash", "WorldEvent", "Pause", "When", "World", "crash", "pause"]

When: TypeAlias = Literal["before", "after"]

PointName: TypeAlias = Literal[
    "claim",
    "start",
    "effect",
    "record",
    "wake",
    "retry",
    "timer",
    "signal",
    "gate",
    "expand",
    "child",
    "compensate",
    "always",
    "finalize",
    "recover",
    "renew",
    "release",
]

OF_THE_RUN: Final = frozenset({Point.CLAIM, Point.FINALIZE, Point.RECOVER, Point.RENEW, Point.RELEASE})
"""Points that are about the run as a whole, and some of them about a node as well."""


@attrs.frozen(repr=False)
class WorldEvent:
    """Something that happens at a point of a run."""

    key: str
    """The node it is at, as `run.steps` has it: `charge`, `charge#2`, `score[3]`; empty for the run as a whole."""
    point: Point
    when: When
    nth: int = 1
    """At which time that the point is come to, from 1 on."""

    word = "event"

    @property
    def place(self) -> tuple[Point, When, str]:
        """Where it happens."""
        return self.point, self.when, self.key

    def __repr__(self) -> str:
        said = [repr(self.key)] if self.key else []
        said.append(f"{self.when}={str(self.point)!r}")
        return f"{self.word}({', '.join(said + self._more())})"

    def _more(self) -> list[str]:
        return [] if self.nth == 1 else [f"nth={self.nth}"]


@attrs.frozen(repr=False)
class Crash(WorldEvent):
    """The process that has the run dies; what it had in memory is gone. After a while another one takes the run over."""

    times: int = 1
    """How many processes in a row die there."""

    word = "crash"

    def _more(self) -> list[str]:
        return super()._more() + ([] if self.times == 1 else [f"times={self.times}"])


@attrs.frozen(repr=False)
class Pause(WorldEvent):
    """The process that has the run stands still until another one has taken it over, then goes on as if nothing were."""

    word = "pause"


def crash(
    step: str | Step[..., Any] | None = None,
    *,
    before: PointName | None = None,
    after: PointName | None = None,
    nth: int = 1,
    times: int = 1,
) -> Crash:
    """The process that has the run dies before or after a point: `crash(charge, before="record")`.

    `step` is a node's key as in `run.steps`, or a step, which means its first call; leave it out for points of the run
    as a whole, such as `claim`. `nth` is for points that are come to several times, as in a step that is retried;
    `times` for as many processes in a row that die there.
    """
    key, point, when = _place("crash", step, before, after)
    return Crash(key, point, when, _count("nth", nth), _count("times", times))


def pause(
    step: str | Step[..., Any] | None = None,
    *,
    before: PointName | None = None,
    after: PointName | None = None,
    nth: int = 1,
) -> Pause:
    """The process that has the run stands still there, and goes on when another one has taken the run over and ended it.

    The arguments are those of `crash`. What it still writes then is to be refused.
    """
    key, point, when = _place("pause", step, before, after)
    return Pause(key, point, when, _count("nth", nth))


def _place(word: str, step: Any, before: Any, after: Any) -> tuple[str, Point, When]:
    if (before is None) == (after is None):
        raise PolicyError(f'{word}(...) needs a point, before or after which it is: {word}("charge", before="record")')
    name, when = (before, "before") if before is not None else (after, "after")
    if name not in Point.__members__.values():
        from flowkit.diagnostics import did_you_mean

        hint = did_you_mean(str(name), [str(point) for point in Point]) or f"there are {', '.join(Point)}"
        raise PolicyError(f"{word}(..., {when}={name!r}): there is no such point; {hint}")
    point = Point(name)
    key = step.spec.label if isinstance(step, Step) else "" if step is None else step
    if type(key) is not str:
        raise PolicyError(f"{word}({step!r}, ...): write a step, or the key of one, as in `run.steps`")
    if not key and point not in OF_THE_RUN:
        raise PolicyError(f'{word}({when}="{point}") needs a step: {word}("charge", {when}="{point}")')
    return key, point, when  # type: ignore[return-value]


def _count(name: str, given: object) -> int:
    if type(given) is not int or given < 1:
        raise PolicyError(f"{name}={given!r} is no whole number from 1 on")
    return given


@attrs.frozen(repr=False, init=False)
class World:
    """What a simulated run is put through. `World()` is a calm one, in which nothing goes wrong."""

    events: tuple[WorldEvent, ...]

    def __init__(self, *events: WorldEvent) -> None:
        for event in events:
            if not is_a(WorldEvent, event):
                raise PolicyError(f'World({event!r}): write events, as in World(crash("charge", before="record"))')
        object.__setattr__(self, "events", events)

    def then(self, event: WorldEvent) -> World:
        """The same, and something more after that."""
        return World(*self.events, event)

    def __repr__(self) -> str:
        return f"World({', '.join(map(repr, self.events))})"
