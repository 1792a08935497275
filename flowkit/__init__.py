"""Workflows as plain Python functions.

Reading order: decorators -> graph -> checks -> plan -> engine -> runner.
"""

from flowkit.decorators import Step, Unmapped, Workflow, step, unmapped, workflow
from flowkit.diagnostics import Diagnostic
from flowkit.engine.current import StepContext, current
from flowkit.engine.place import Interrupted
from flowkit.engine.records import StepRecord
from flowkit.engine.run import Run
from flowkit.engine.statuses import RunStatus
from flowkit.errors import (
    BlockingCall,
    CancelReason,
    CheckFailed,
    Deadlock,
    EncodingError,
    EngineClosed,
    Fatal,
    FlowkitError,
    IllegalTransition,
    MisuseError,
    NonDeterminismError,
    PolicyError,
    RetryAfter,
    RunCancelled,
    RunConflict,
    RunNotFound,
    Skipped,
    StepTimeout,
)
from flowkit.graph import Graph, Outcome
from flowkit.policies import Fallback, Retry, StepOptions, exponential, fixed, linear
from flowkit.runner import Engine, use
from flowkit.shapes import concurrent, discard, in_order, outcome, result_of

__all__ = [
    "BlockingCall",
    "CancelReason",
    "CheckFailed",
    "Deadlock",
    "Diagnostic",
    "EncodingError",
    "Engine",
    "EngineClosed",
    "Fallback",
    "Fatal",
    "FlowkitError",
    "Graph",
    "IllegalTransition",
    "Interrupted",
    "MisuseError",
    "NonDeterminismError",
    "Outcome",
    "PolicyError",
    "Retry",
    "RetryAfter",
    "Run",
    "RunCancelled",
    "RunConflict",
    "RunNotFound",
    "RunStatus",
    "Skipped",
    "Step",
    "StepContext",
    "StepOptions",
    "StepRecord",
    "StepTimeout",
    "Unmapped",
    "Workflow",
    "concurrent",
    "current",
    "discard",
    "exponential",
    "fixed",
    "in_order",
    "linear",
    "outcome",
    "result_of",
    "step",
    "unmapped",
    "use",
    "workflow",
]
