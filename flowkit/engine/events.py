"""What happened in a run, as typed, frozen values.

Transitions are numbered per run without gaps and delivered in order; they never run ahead of the record.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import attrs

from flowkit.diagnostics import Diagnostic
from flowkit.machine.waiting import Decision

__all__ = [
    "Chosen",
    "Event",
    "GateOpened",
    "GateResolved",
    "ItemsCollected",
    "PhaseFinished",
    "PhaseStarted",
    "RunCancelled",
    "RunEvent",
    "RunFailed",
    "RunResumed",
    "RunStarted",
    "RunSucceeded",
    "RunSuspended",
    "RunWarned",
    "SignalReceived",
    "SignalSet",
    "StepAbandoned",
    "StepBlocked",
    "StepCancelled",
    "StepCompensated",
    "StepEvent",
    "StepFailed",
    "StepHeartbeat",
    "StepLog",
    "StepProgress",
    "StepRetrying",
    "StepScheduled",
    "StepSkipped",
    "StepStarted",
    "StepSucceeded",
    "StepTimedOut",
    "TimerSet",
    "WorkflowExpanded",
    "fields",
]


_KINDS: Final[dict[str, Any]] = {}


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened in a run."""

    kind: ClassVar[str]
    """Its name in words: `step_started`."""

    run_id: str = ""
    number: int = 0
    """Its place in the run, from 1 on, without gaps."""
    time: float = 0.0
    """When, in seconds since the epoch."""

    def __init_subclass__(cls) -> None:
        cls.kind = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")
        _KINDS[cls.kind] = cls  # attrs makes a class anew where it gives it slots, and comes here twice


@attrs.frozen(kw_only=True)
class RunEvent(Event):
    """Something that happened to the run as a whole."""

    workflow: str


@attrs.frozen(kw_only=True)
class RunStarted(RunEvent):
    """The run began."""

    nodes: int = 0
    """How many nodes are known so far."""


@attrs.frozen(kw_only=True)
class RunResumed(RunEvent):
    """Somebody went on with the run, from what is on record of it."""


@attrs.frozen(kw_only=True)
class RunSuspended(RunEvent):
    """Whoever had the run gave it up; somebody else may go on with it."""

    reason: str


@attrs.frozen(kw_only=True)
class RunWarned(RunEvent):
    """The checks found something that doesn't keep the workflow from running."""

    finding: Diagnostic


@attrs.frozen(kw_only=True)
class RunSucceeded(RunEvent):
    """The run ended with a value, or with a returned step that was skipped."""


@attrs.frozen(kw_only=True)
class RunFailed(RunEvent):
    """A failure that nothing handled ended the run."""

    error: BaseException
    failed: tuple[str, ...] = ()
    """The keys of all steps that failed unhandled, in the order in which they did."""


@attrs.frozen(kw_only=True)
class RunCancelled(RunEvent):
    """The run was cancelled."""

    reason: str
    detail: str = ""


@attrs.frozen(kw_only=True)
class StepEvent(Event):
    """Something that happened to one node."""

    key: str
    step: str


@attrs.frozen(kw_only=True)
class StepScheduled(StepEvent):
    """It waits for a time: its delay, or `not_before`."""

    seconds: float


@attrs.frozen(kw_only=True)
class StepStarted(StepEvent):
    """An attempt began."""

    attempt: int


@attrs.frozen(kw_only=True)
class StepRetrying(StepEvent):
    """An attempt failed, and another one follows after `delay` seconds."""

    attempt: int
    """The attempt that failed."""
    delay: float
    error: BaseException
    why: str = ""


@attrs.frozen(kw_only=True)
class StepSucceeded(StepEvent):
    """It has a value."""

    attempt: int
    seconds: float
    """How long the last attempt took."""
    error: BaseException | None = None
    """The failure that a fallback stood in for."""


@attrs.frozen(kw_only=True)
class StepFailed(StepEvent):
    """Its last attempt failed."""

    attempt: int
    error: BaseException
    handled: bool
    """Whether somebody takes the failure, so that it ends nothing."""
    why: str = ""
    """Of a step with retries, why it wasn't tried again."""


@attrs.frozen(kw_only=True)
class StepTimedOut(StepFailed):
    """It ran out of time."""


@attrs.frozen(kw_only=True)
class StepAbandoned(StepEvent):
    """An attempt that can't be stopped was left behind; what it still returns is dropped."""

    attempt: int
    reason: str


@attrs.frozen(kw_only=True)
class StepSkipped(StepEvent):
    """It never ran, and that is no failure."""

    reason: str


@attrs.frozen(kw_only=True)
class StepBlocked(StepEvent):
    """It can't run any more."""

    reason: str


@attrs.frozen(kw_only=True)
class StepCancelled(StepEvent):
    """It was cancelled."""

    reason: str


@attrs.frozen(kw_only=True)
class StepCompensated(StepEvent):
    """What it did was undone."""

    by: str
    """The key of what undid it."""


@attrs.frozen(kw_only=True)
class ItemsCollected(StepEvent):
    """The items of a map are known."""

    count: int


@attrs.frozen(kw_only=True)
class ItemsFinished(StepEvent):
    """All items of a map have ended; what becomes of the map as a whole follows."""

    counts: dict[str, int]
    """How many came to each status, by its name; those that nothing came to aren't there."""


@attrs.frozen(kw_only=True)
class WorkflowExpanded(StepEvent):
    """The body of a workflow that is called here was recorded: its steps join the run."""

    nodes: int
    """How many were added."""
    turn: int = 1
    """Which round this is of a workflow that goes on by returning a call of itself."""


@attrs.frozen(kw_only=True)
class PhaseStarted(StepEvent):
    """Everything before a phase is done, and it begins."""

    phase: str


@attrs.frozen(kw_only=True)
class PhaseFinished(StepEvent):
    """Everything in a phase has ended."""

    phase: str
    counts: dict[str, int]
    """By status, how many of its steps ended so; the items of maps each, and not the maps."""


@attrs.frozen(kw_only=True)
class Chosen(StepEvent):
    """A `first`, `race` or `select` has what it takes."""

    winners: tuple[str, ...]
    """The keys of what it took, in the order they came."""


@attrs.frozen(kw_only=True)
class TimerSet(StepEvent):
    """It waits for a time."""

    seconds: float


@attrs.frozen(kw_only=True)
class SignalSet(StepEvent):
    """It waits for a signal."""

    seconds: float | None
    """How long at most; None is as long as it takes."""


@attrs.frozen(kw_only=True)
class SignalReceived(StepEvent):
    """A signal was taken by who waited for it."""

    early: bool
    """Whether it came before anybody waited."""


@attrs.frozen(kw_only=True)
class GateOpened(StepEvent):
    """Somebody has to decide."""

    prompt: str
    options: tuple[str, ...]
    seconds: float | None
    """How long there is for it; None is as long as it takes."""


@attrs.frozen(kw_only=True)
class GateResolved(StepEvent):
    """Somebody has decided, or the time was over."""

    decision: Decision | None
    """None where nobody decided in time and the gate fails for that."""


@attrs.frozen(kw_only=True)
class StepHeartbeat(StepEvent):
    """A sign of life. Unnumbered, and may be lost."""

    detail: Any = None


@attrs.frozen(kw_only=True)
class StepProgress(StepEvent):
    """How far a step says it is. Unnumbered, and may be lost."""

    done: float
    total: float | None = None


@attrs.frozen(kw_only=True)
class StepLog(StepEvent):
    """Something a step said. Unnumbered, and may be lost."""

    message: str
    fields: dict[str, Any] = attrs.field(factory=dict)


def make(kind: str, told: dict[str, Any], key: str, step: str, run_id: str, number: int, time: float) -> Event:
    """The event of this kind. `step` is the workflow's name where it is about the run."""
    made: type[Event] = _KINDS[kind]
    whose = {"workflow": step} if issubclass(made, RunEvent) else {"key": key, "step": step}
    return made(run_id=run_id, number=number, time=time, **whose, **told)


def fields(event: Event) -> dict[str, Any]:
    """An event as plain data, for logs and for JSON; exceptions become text."""
    data: dict[str, Any] = {"kind": event.kind}
    for field in attrs.fields(type(event)):
        value = getattr(event, field.name)
        data[field.name] = repr(value) if isinstance(value, BaseException) else value
    return data
