"""What a step asks for that waits: for time, for a message, for somebody's decision. It holds no thread meanwhile."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import attrs

__all__ = ["UNKNOWN", "Decision", "Letter", "Waiting", "sent_as"]


@attrs.frozen
class Waiting:
    """What such a step returns: its value comes later, from outside or by the clock."""

    kind: str
    """`timer`, `signal` or `gate`."""
    name: str = ""
    """Of a signal the name; of a gate what is asked."""
    seconds: float | None = None
    """How long it waits at most; None is as long as it takes."""
    late: Any = None
    """What comes of it then: a value, or what it fails with."""
    options: tuple[str, ...] = ()
    """What can be chosen at a gate."""
    on_reject: str = "fail"
    """What comes of a gate that is rejected: `fail`, or `return`."""


@attrs.frozen
class Decision:
    """What was decided at a gate, and by whom."""

    approved: bool
    choice: str = ""
    """Which of the gate's options it was; of a gate without options, and of a rejection, empty."""
    who: str = ""
    feedback: str = ""
    """What was said with it; never mixed with the choice."""
    timed_out: bool = False
    """Whether nobody decided in time."""


class Letter(NamedTuple):
    """A signal that came in."""

    value: Any
    number: int = 0
    """What the store knows it by; 0 where there is none."""


UNKNOWN: Final = object()
"""Where nobody said what a signal's messages are."""


def sent_as(value: Any, of: Any) -> Any:
    """The annotation that a message is kept by: what its signal was declared with, or else what it is."""
    if of is not UNKNOWN and of is not Any:
        return of
    return Any if value is None or type(value) in (dict, list, str, int, float, bool) else type(value)
