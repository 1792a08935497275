"""The options of steps and workflows as keywords, for type checkers and editors.

The same names as the fields of `StepOptions` and `WorkflowOptions`; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypedDict

from .durations import Duration
from .retry import Retry
from .steps import OnFailure, StepOptions

__all__ = ["StepKeywords", "WorkflowKeywords"]


class StepKeywords(TypedDict, total=False):
    """What `@step(...)` and `with_options(...)` of a step take."""

    retries: int | Retry | None
    timeout: Duration | None
    total_timeout: Duration | None
    heartbeat_timeout: Duration | None
    depends_on: Any
    depends_on_any: Any
    on_failure: OnFailure
    run_if: Callable[..., bool] | None
    delay: Duration
    not_before: datetime | None
    executor: str
    name: str | None
    effect: bool
    idempotent: bool
    interrupt: bool
    must_use: bool
    max_concurrency: int | None


class WorkflowKeywords(TypedDict, total=False):
    """What `@workflow(...)` and `with_options(...)` of a workflow take."""

    fail_fast: bool
    defaults: StepOptions
    allow: Iterable[str]
    strict: bool
    name: str | None
    run_id: str
