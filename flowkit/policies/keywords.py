"""The options of steps and workflows as keywords, for type checkers and editors.

The same names as the fields of `StepOptions` and `WorkflowOptions`; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, TypedDict

from .durations import Duration
from .limits import Limit
from .retry import Retry
from .steps import OnFailure, OnItemFailure, StepOptions

__all__ = ["StepCallKeywords", "StepKeywords", "WorkflowKeywords", "WorkflowRunKeywords"]


class ItemKeywords(TypedDict, total=False):
    """What says how a step or a workflow is mapped."""

    max_concurrency: int | None
    on_item_failure: OnItemFailure
    item_key: Callable[..., str | int] | None
    item_depends_on: Callable[..., Iterable[str | int] | str | int | None] | None


class StepCallKeywords(ItemKeywords, total=False):
    """What `with_options(...)` of a step takes."""

    retries: int | Retry | None
    timeout: Duration | None
    total_timeout: Duration | None
    heartbeat_timeout: Duration | None
    # A result is typed as its value, and may be named as a dependency: any type will do.
    depends_on: object
    depends_on_any: object
    on_failure: OnFailure
    run_if: Callable[..., bool] | None
    delay: Duration
    not_before: datetime | None
    executor: str
    effect: bool
    idempotent: bool
    interrupt: bool
    validate: bool
    must_use: bool
    limit: Limit | None
    compensate: Callable[..., object] | None


class StepKeywords(StepCallKeywords, total=False):
    """What `@step(...)` takes."""

    name: str | None


class WorkflowRunKeywords(ItemKeywords, total=False):
    """What `with_options(...)` of a workflow takes."""

    fail_fast: bool
    defaults: StepOptions
    allow: Iterable[str]
    strict: bool
    static: bool
    run_id: str
    on_conflict: Literal["attach", "reject", "restart"]


class WorkflowKeywords(WorkflowRunKeywords, total=False):
    """What `@workflow(...)` takes."""

    name: str | None
