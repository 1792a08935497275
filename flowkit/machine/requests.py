"""What a machine asks of its driver.

Every request has a named point, with a before and an after: the places where a run can be interrupted, and so the
places where faults are put when a run is simulated.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.errors import CancelReason, StepTimeout
    from flowkit.policies import Limit

__all__ = [
    "Borrow",
    "CloseFlow",
    "Died",
    "Emit",
    "Failure",
    "Finish",
    "GiveBack",
    "POINTS",
    "Point",
    "Recalled",
    "Record",
    "Request",
    "Stop",
    "Wake",
    "Work",
]


class Point(enum.StrEnum):
    """The named points of a run: each has a before and an after, and is at a node, or at the run as a whole."""

    CLAIM = "claim"
    """An engine gets the run: a new one, or one that was left."""
    START = "start"
    """An attempt begins; where that has to be on record before anything else, it is after it."""
    EFFECT = "effect"
    """The step's own code runs."""
    RECORD = "record"
    """How a node ended goes on record: after it, others go on from that."""
    WAKE = "wake"
    """Somebody is asked or told: the condition of a step, a body that waits for a result."""
    RETRY = "retry"
    """That there will be another attempt, and when, goes on record; or what stands in for a result is made."""
    TIMER = "timer"
    """Until when something waits goes on record; or that time has come."""
    SIGNAL = "signal"
    """That a signal is waited for goes on record; or one is handed in."""
    GATE = "gate"
    """That somebody has to decide goes on record; or a decision is handed in."""
    EXPAND = "expand"
    """The items of a map, or the body of a workflow that is called, become known."""
    CHILD = "child"
    """A run of its own is started in a step."""
    COMPENSATE = "compensate"
    """The code runs that undoes a step."""
    ALWAYS = "always"
    """The code of a step runs that cleans up."""
    FINALIZE = "finalize"
    """The end of the run goes on record."""
    RECOVER = "recover"
    """What is on record of a run that was left is read, comes back node by node, and the run goes on from it."""
    RENEW = "renew"
    """The lease of an engine is renewed."""
    RELEASE = "release"
    """A run is given up, for others to take."""


class Died(BaseException):
    """Raised at a point: the process is to be as if it had died there.

    So nobody cleans up, writes or tells anything, and whoever waits for the run isn't woken. Not an Exception, and
    passed on by whatever takes care of other failures.
    """


class Work(enum.Enum):
    """What there is to do for a node that was taken: each runs code that isn't ours, outside the machine.

    The answer to a body names its attempt, which may have been left behind; for the others that is 0.
    """

    BODY = "body", Point.EFFECT
    """Call the step; answer with `succeed` or `fail`."""
    CONDITION = "condition", Point.WAKE
    """Ask `run_if`; answer with `answer`."""
    FALLBACK = "fallback", Point.RETRY
    """Call the fallback with the error; answer with `succeed` or `fail`."""
    COLLECT = "collect", Point.EXPAND
    """Go through a map's lists; answer with `expand` or `fail`."""
    RECORD = "record", Point.EXPAND
    """Record the body of a workflow that is called; answer with `written`, `park` or `fail`."""
    RESTORE = "restore", Point.RECOVER
    """Make the value that is kept of a node; answer with `restore`."""
    VALUE = "value", Point.WAKE
    """Make the value of what calls no step, such as what a body returned; answer with `succeed` or `fail`."""

    @property
    def point(self) -> Point:
        """The point at which it is done."""
        return self.value[1]


class Borrow(NamedTuple):
    """An attempt wants a place under a limit that other runs share. Answer with `lend`, now or when there is one."""

    node: int
    attempt: int
    limit: Limit


class GiveBack(NamedTuple):
    """An attempt needs its place under a limit no more, or isn't going to have one."""

    node: int
    attempt: int
    limit: Limit


class Record(NamedTuple):
    """Keep how a node ended, with what is told of it; then say `recorded`: nobody who depends on it sees it before."""

    node: int
    news: Emit | None


class Stop(NamedTuple):
    """Stop an attempt. Answer with `abandon` if it can't be; if it can, its end answers.

    Where time ran out, answer with `judge` first: what the policy says of `error`.
    """

    node: int
    attempt: int
    reason: CancelReason
    error: StepTimeout | None = None


class Emit(NamedTuple):
    """Tell whoever listens. What a listener is told besides who it is about; the event is made for those who listen."""

    kind: str
    """As `Event.kind` says it: `step_started`."""
    node: int
    """The node it is about; -1 for the run."""
    told: dict[str, Any]


class Wake(NamedTuple):
    """A thread waits in a body for this node, which has ended."""

    node: int


class Recalled(NamedTuple):
    """All that was on record has come back: from here on the run goes on."""

    gone: Sequence[str]
    """The keys of what is on record and counts no more."""


class Finish(NamedTuple):
    """The run is over: settle its state, its last event and its waiters together, once."""

    news: Emit | None
    """What is told of it, where somebody listens."""


class CloseFlow(NamedTuple):
    """Generators that haven't come to their end aren't gone through any further: close them, when it suits."""

    generators: Sequence[Any]


Request = Borrow | CloseFlow | GiveBack | Recalled | Record | Stop | Emit | Wake | Finish

POINTS: Final[dict[type[Request], Point]] = {
    Borrow: Point.START,
    GiveBack: Point.EFFECT,
    Recalled: Point.RECOVER,
    Record: Point.RECORD,
    Stop: Point.EFFECT,
    Emit: Point.RECORD,
    Wake: Point.WAKE,
    Finish: Point.FINALIZE,
    CloseFlow: Point.EFFECT,
}
"""The point at which each of them is answered."""


@attrs.frozen
class Failure:
    """What an attempt ended with, and what the step's policy says of it.

    The driver asks the policy, since that may be somebody's own code; the machine decides.
    """

    error: BaseException
    retryable: bool = False
    delay: float | None = None
    """Seconds before the next attempt; None when the backoff is exhausted."""
    why: str = ""
    """The reason behind it, for the record."""

    def __attrs_post_init__(self) -> None:
        assert self.delay is None or self.delay >= 0
