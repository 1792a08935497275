"""`@workflow`, and what it makes of a function."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from flowkit.checks import check
from flowkit.decorators.addresses import by_address, rebind
from flowkit.decorators.wrapping import (
    BoundWrapper,
    ForwardedAnnotations,
    Wrapper,
    bound_arguments,
    bound_to,
    check_place,
    identity,
    never_asked,
    refuse_undecorable,
)
from flowkit.engine.runners import current_runner
from flowkit.errors import MisuseError, PolicyError
from flowkit.graph import Graph, WorkflowSpec, current_recorder, record_symbolically
from flowkit.policies import WorkflowOptions

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


class Workflow(Wrapper[P, R], Generic[P, R]):
    """A function whose step calls are recorded, checked and run. Calling it runs it and returns its value.

    A step that fails raises its own exception here. Raises `CheckFailed` for mistakes found before anything ran, and
    `Skipped` when the value to return was never made.
    """

    __annotations__ = ForwardedAnnotations()
    _self_word = "workflow"

    def __init__(self, function: Callable[P, R], spec: WorkflowSpec) -> None:
        super().__init__(function, never_asked)
        self._self_spec = spec

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return cast("R", _call(self._self_spec, args, kwargs))

    @property
    def spec(self) -> WorkflowSpec:
        """What flowkit knows of the workflow."""
        return self._self_spec

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
        """Run in the background, and return a handle at once. Mistakes found by the checks are raised here."""
        return _start(self._self_spec, args, kwargs)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """Record and check, and run nothing. Arguments that are left out are unknown.

        Raises `CheckFailed` with all that was found.
        """
        return _graph(self._self_spec, args, kwargs)

    def with_options(self, **options: Unpack[WorkflowRunKeywords]) -> Workflow[P, R]:
        """The same workflow with other options: `report.with_options(run_id="2026-11-20").start(url)`."""
        return Workflow(self.__wrapped__, _variant(self._self_spec, dict(options)))

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

    def __reduce_ex__(self, protocol: Any) -> Any:
        return by_address(self._self_spec)

    def __copy__(self) -> Workflow[P, R]:
        return self

    def __deepcopy__(self, memo: Any) -> Workflow[P, R]:
        return self

    def __repr__(self) -> str:
        return f"<workflow {self._self_spec.name}>"


class BoundWorkflow(BoundWrapper[P, R], Generic[P, R]):
    """A workflow taken from an instance or a class."""

    __annotations__ = ForwardedAnnotations()
    _self_word = "workflow"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return cast("R", _call(self.spec, (*bound_arguments(self), *args), kwargs))

    @property
    def spec(self) -> WorkflowSpec:
        """What flowkit knows of the workflow."""
        return self._self_parent._self_spec  # type: ignore[no-any-return]

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
        """Run in the background, and return a handle at once."""
        return _start(self.spec, (*bound_arguments(self), *args), kwargs)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """Record and check, and run nothing."""
        return _graph(self.spec, (*bound_arguments(self), *args), kwargs)

    def with_options(self, **options: Unpack[WorkflowRunKeywords]) -> Any:
        """The same workflow with other options, still bound to the same object."""
        return rebind(self._self_parent.with_options(**options), self._self_instance, self._self_owner)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return rebind, (self._self_parent, self._self_instance, self._self_owner)

    def __copy__(self) -> BoundWorkflow[P, R]:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return rebind(self._self_parent, copy.deepcopy(self._self_instance, memo), self._self_owner)

    def __repr__(self) -> str:
        return f"<workflow {self.spec.name} of {bound_to(self)}>"


Workflow.__bound_function_wrapper__ = BoundWorkflow


def _call(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _refuse(spec, args)
    return current_runner().call(spec, args, kwargs)


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
            f"`{spec.label}` is a workflow and was called in the body of `{recorder.workflow.label}`; "
            "a body calls steps. Make it a plain function, whose step calls are then recorded here"
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


@overload
def workflow(function: Callable[P, R], /) -> Workflow[P, R]: ...
@overload
def workflow(**options: Unpack[WorkflowKeywords]) -> _Decorator: ...
def workflow(function: Any = None, /, **options: Any) -> Any:
    """Make a workflow of a function whose body calls steps, bare or with options (`@workflow(fail_fast=False)`).

    Raises `PolicyError` for options that can't hold, and `MisuseError` for an `async def`, a generator or a class.
    """
    made = WorkflowOptions.of("@workflow", **options)

    def decorate(function: Any) -> Any:
        refuse_undecorable(function, "workflow", "fail_fast=False")
        spec = WorkflowSpec(function, identity(function, made.name), made)
        _refuse_live(spec)
        return Workflow(function, spec)

    return decorate if function is None else decorate(function)


def _refuse_live(spec: WorkflowSpec) -> None:
    target = spec.target
    if inspect.iscoroutinefunction(target):
        message = f"`{spec.label}` is an `async def` workflow; write it as a plain `def` (its steps may be async)"
        raise MisuseError(message)
    if inspect.isgeneratorfunction(target) or inspect.isasyncgenfunction(target):
        message = f"`{spec.label}` is a generator; a workflow's body runs once and returns its result"
        raise MisuseError(message)
    if inspect.isclass(target):
        message = f"`{spec.label}` is a class; a workflow is a function whose body calls steps"
        raise MisuseError(message)
