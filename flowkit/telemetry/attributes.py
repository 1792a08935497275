"""The names under which facts about runs and steps are kept, in spans and in metrics."""

from __future__ import annotations

from typing import Final

from flowkit.engine import events

RUN_ID: Final = "flowkit.run.id"
WORKFLOW: Final = "flowkit.workflow.name"
STEP: Final = "flowkit.step.name"
KEY: Final = "flowkit.step.key"
PHASE: Final = "flowkit.phase.name"
ITEMS: Final = "flowkit.map.items"
ATTEMPT: Final = "flowkit.attempt"
ATTEMPTS: Final = "flowkit.attempts"
STATUS: Final = "flowkit.status"
REASON: Final = "flowkit.reason"
HANDLED: Final = "flowkit.handled"
ABANDONED: Final = "flowkit.abandoned"
FALLBACK: Final = "flowkit.fallback"
DELAY: Final = "flowkit.retry.delay"
WHY: Final = "flowkit.retry.reason"
TOTAL: Final = "flowkit.steps."
"""And a status: how many steps of a run or a phase ended with it."""

# Of OpenTelemetry's semantic conventions.
ERROR_TYPE: Final = "error.type"
FUNCTION: Final = "code.function.name"
FILE: Final = "code.file.path"
LINE: Final = "code.line.number"

ENDS: Final[dict[type[events.Event], str]] = {
    events.StepSucceeded: "succeeded",
    events.StepFailed: "failed",
    events.StepTimedOut: "timed_out",
    events.StepCancelled: "cancelled",
    events.StepSkipped: "skipped",
    events.StepBlocked: "blocked",
}
"""The events after which nothing more comes from a node, and the status that each means."""


def type_of(error: BaseException) -> str:
    """The class of an exception, as it is written in a traceback."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
