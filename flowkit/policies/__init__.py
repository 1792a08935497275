"""How steps and workflows are run, as frozen values that are checked where they are written.

Reading order: durations -> retry -> layers -> limits -> steps -> workflows.
"""

from __future__ import annotations

from .durations import Duration, seconds
from .layers import UNSET, Unset
from .limits import Limit
from .retry import Backoff, Delays, Jitter, Retry, exponential, fixed, linear, retry_after_of
from .steps import Fallback, OnFailure, Policy, StepOptions
from .workflows import WorkflowOptions, WorkflowPolicy

__all__ = [
    "UNSET",
    "Backoff",
    "Delays",
    "Duration",
    "Fallback",
    "Jitter",
    "Limit",
    "OnFailure",
    "Policy",
    "Retry",
    "StepOptions",
    "Unset",
    "WorkflowOptions",
    "WorkflowPolicy",
    "exponential",
    "fixed",
    "linear",
    "retry_after_of",
    "seconds",
]
