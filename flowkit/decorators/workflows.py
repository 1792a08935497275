"""`@workflow`, and what it makes of a function."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from flowkit.checks import check
from flowkit.decorators.accessors import Accessors
from flowkit.decorators.declaring import refuse_in_workflow
from flowkit.decorators.decorated import Bound
from flowkit.decorators.gathering import gathered
from flowkit.decorators.wrapping import check_place, identity, refuse_undecorable
from flowkit.engine.declared import declare
from flowkit.engine.runners import current_runner
from flowkit.errors import MisuseError, PolicyError
from flowkit.graph import Graph, WorkflowSpec, current_recorder, record_symbolically
from flowkit.policies import UNSET, WorkflowOptions

if TYPE_CHECKING:
    from typing import Unpack

    from flowkit.engine.run import Run
    from flowkit.policies.keywords import WorkflowKeywords, WorkflowRunKeywords

__all__ = ["Workflow", "workflow"]

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")
T = TypeVar("T")


class Workflow(Accessors[P, R, WorkflowSpec], Generic[P, R]):
    """A function whose step calls are recorded, checked and run. Calling it runs it and returns its value.

    A step that fails raises its own exception here. Raises `CheckFailed` for mistakes found before anything ran, and
    `Skipped` when the value to return was never made.
    """

    _self_word = "workflow"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        spec, bound = self._parts()
        return cast("R", _call(spec, (*bound, *args), kwargs))

    @overload
    def start(self: Callable[Q, Coroutine[Any, Any, T]], *args: Q.args, **kwargs: Q.kwargs) -> Run[T]: ...  # type: ignore[misc]
    @overload
    def start(self: Callable[Q, T], *args: Q.args, **kwargs: Q.kwargs) -> Run[T]: ...
    def start(self, *args: Any, **kwargs: Any) -> Any:
        """Run in the background, and return a handle at once. Mistakes found by the checks are raised here."""
        spec, bound = self._parts()
        return _start(spec, (*bound, *args), kwargs)

    def resume(self, run_id: str) -> Run[R]:
        """Go on with a run of it that is on record and that nobody has, or that has failed; return its handle.

        What has succeeded isn't run again. Of a run that somebody has, or that has succeeded, it is just the handle.
        Raises `RunNotFound`, and `RunConflict` for a run of another workflow and for one that was cancelled.
        """
        spec, _ = self._parts()
        return current_runner().resume(spec, run_id)

    def fork(
        self,
        run_id: str,
        *,
        at: str | Iterable[str] = (),
        replace: Mapping[str, Any] | None = None,
        new_id: str | None = None,
    ) -> Run[R]:
        """Begin a run of its own that goes on from what another has on record; return its handle.

        What succeeded there isn't run again, but for the steps that `at` names by their keys and all that comes after
        them. `replace` gives other results to steps, by their keys; what comes after those is run again as well.
        Raises `RunNotFound`, `RunConflict` for a run of another workflow or a `new_id` that is taken, `LookupError` for
        keys that aren't on record, and `EncodingError` for a result that can't be kept.
        """
        spec, _ = self._parts()
        return current_runner().fork(spec, run_id, at, replace, new_id)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """Record and check, and run nothing. Arguments that are left out are unknown.

        Raises `CheckFailed` with all that was found.
        """
        spec, bound = self._parts()
        return _graph(spec, (*bound, *args), kwargs)

    def with_options(self, **options: Unpack[WorkflowRunKeywords]) -> Workflow[P, R]:
        """The same workflow with other options: `report.with_options(run_id="2026-11-20").start(url)`."""
        return self._with(_variant(self._self_spec, dict(options)))  # type: ignore[no-any-return]

    if TYPE_CHECKING:
        # As for steps: a classmethod, whatever is taken from its class, a method, a staticmethod.

        @overload
        def __get__(  # type: ignore[misc]
            self: Callable[Concatenate[type[S], Q], T], instance: None, owner: type[S], /
        ) -> Workflow[Q, T]: ...
        @overload
        def __get__(self: Callable[Concatenate[type[S], Q], T], instance: S, owner: type[S], /) -> Workflow[Q, T]: ...  # type: ignore[misc]
        @overload
        def __get__(self, instance: None, owner: type[Any] | None = None, /) -> Workflow[P, R]: ...
        @overload
        def __get__(
            self: Callable[Concatenate[S, Q], T], instance: S, owner: type[Any] | None = None, /
        ) -> Workflow[Q, T]: ...
        @overload
        def __get__(self, instance: object, owner: type[Any] | None = None, /) -> Workflow[P, R]: ...
        def __get__(self, instance: Any, owner: Any = None, /) -> Any: ...


class BoundWorkflow(Bound[P, R, WorkflowSpec], Workflow[P, R]):
    """A workflow taken from an instance or a class."""

    __call__ = Workflow.__call__  # not wrapt's


Workflow.__bound_function_wrapper__ = BoundWorkflow


def _call(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    check_place(spec, args)
    recorder = current_recorder()
    if recorder is not None:
        if spec.options.run_id is not UNSET:
            message = (
                f"`{spec.label}` has a run_id, and in the body of `{recorder.workflow.label}` it is a part of that run"
            )
            raise MisuseError(message)
        return recorder.flow(spec.as_step, args, kwargs, sys._getframe(2))
    if spec.is_live:
        return _awaited(spec, args, kwargs)
    return current_runner().call(spec, args, kwargs)


async def _awaited(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return await current_runner().start(spec, args, kwargs)


def _start(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run[Any]:
    _refuse(spec, args)
    return current_runner().start(spec, args, kwargs)


def _graph(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
    _refuse(spec, args)
    return check(record_symbolically(spec, args, kwargs)).graph


def _refuse(spec: WorkflowSpec, args: tuple[Any, ...]) -> None:
    recorder = current_recorder()
    if recorder is not None:
        message = (
            f"`{spec.label}` was to be started or shown in the body of `{recorder.workflow.label}`, which is only "
            "being recorded; call it, or start it in a step"
        )
        raise MisuseError(message)
    check_place(spec, args)


def _variant(spec: WorkflowSpec, options: dict[str, Any]) -> WorkflowSpec:
    if "name" in options:
        message = f"`name` is who `{spec.label}` is, for every run; set it on @workflow"
        raise PolicyError(message)
    return spec.variant(WorkflowOptions.of(f"`{spec.label}.with_options`", **options).over(spec.options))


class _Decorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Workflow[P, R]: ...


class WorkflowDecorator:
    """Make a workflow of a function whose body calls steps, bare or with options (`@workflow(fail_fast=False)`).

    The body of a `def` is recorded, checked, and then run; that of an `async def` is live, and runs as it goes. Raises
    `PolicyError` for options that can't hold, and `MisuseError` for a generator or a class.
    """

    __name__ = "workflow"

    @overload
    def __call__(self, function: Callable[P, R], /) -> Workflow[P, R]: ...
    @overload
    def __call__(self, /, **options: Unpack[WorkflowKeywords]) -> _Decorator: ...
    def __call__(self, function: Any = None, /, **options: Any) -> Any:
        """Decorate a function, or say with which options."""
        made = WorkflowOptions.of("@workflow", **options)

        def decorate(function: Any) -> Any:
            refuse_undecorable(function, "workflow", "fail_fast=False")
            spec = WorkflowSpec(function, identity(function, made.name), made)
            declare(spec)
            _refuse_bodies(spec)
            refuse_in_workflow(spec)
            return Workflow(function, spec)

        return decorate if function is None else decorate(function)

    @overload
    def of(
        self, step: Callable[..., Coroutine[Any, Any, T]], /, **options: Unpack[WorkflowKeywords]
    ) -> Workflow[..., T]: ...
    @overload
    def of(self, step: Callable[..., T], /, **options: Unpack[WorkflowKeywords]) -> Workflow[..., T]: ...
    def of(self, step: Any, /, **options: Any) -> Any:
        """Make a workflow of a step and of all that signatures declare by `From`: `workflow.of(summarize)`.

        Each step is called once, however many need it. Parameters that are left open, without a default, become the
        inputs of the workflow: the same name in several steps is one input. Steps that `depends_on` declares come
        along. Raises `PolicyError` for what is no step, for steps that need one another in a circle, and for an input
        that would be of two types.
        """
        spec = gathered(step, WorkflowOptions.of("workflow.of", **options), sys._getframe(1))
        return Workflow(spec.function, spec)

    def __repr__(self) -> str:
        return "<decorator workflow>"


workflow: Final = WorkflowDecorator()


def _refuse_bodies(spec: WorkflowSpec) -> None:
    target = spec.target
    if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
        message = f"`{spec.label}` is a generator; a workflow's body runs once and returns its result"
        raise MisuseError(message)
    if inspect.isclass(target):
        message = f"`{spec.label}` is a class; a workflow is a function whose body calls steps"
        raise MisuseError(message)
