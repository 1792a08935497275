"""`@step` and `@workflow`: from functions to things that can be recorded.

A decorated object is inert. It can be called, recorded and described; it doesn't know how anything runs. Outside a
workflow's body a step is the function it was. Calling a workflow goes through one port, `engine.ports.current_runner`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NoReturn, ParamSpec, Protocol, TypeVar, cast, overload

import attrs
import wrapt

from flowkit.checks import check
from flowkit.engine.ports import current_runner
from flowkit.errors import MisuseError, PolicyError
from flowkit.graph import (
    Graph,
    Outcome,
    Ref,
    Source,
    SourceKind,
    StepSpec,
    WorkflowSpec,
    current_recorder,
    record_symbolically,
)
from flowkit.policies import StepOptions, WorkflowOptions

if TYPE_CHECKING:
    from typing import Unpack

    from flowkit.engine.run import Run
    from flowkit.policies.keywords import StepKeywords, WorkflowKeywords

__all__ = ["Step", "Unmapped", "Workflow", "step", "unmapped", "workflow"]

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


@attrs.frozen
class Unmapped(Generic[T]):
    """An argument of `.map` that every item gets as it is. Made by `unmapped`."""

    value: T


def unmapped(value: T) -> Unmapped[T]:
    """Give every item of a `.map` this same value, instead of one item each."""
    return Unmapped(value)


def _unused_wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> NoReturn:
    """Stand where wrapt wants a wrapper: the classes below answer calls themselves, which is faster."""
    raise AssertionError(wrapped, instance, args, kwargs)


if TYPE_CHECKING:

    class _Wrapper(wrapt.FunctionWrapper[P, R]):
        """The wrapper, as type checkers see it."""

    class _BoundWrapper(wrapt.BoundFunctionWrapper[P, R]):
        """The wrapper of a method, as type checkers see it."""
else:

    class _Wrapper(wrapt.FunctionWrapper, Generic[P, R]):
        """The wrapper, with room for parameters."""

    class _BoundWrapper(wrapt.BoundFunctionWrapper, Generic[P, R]):
        """The wrapper of a method, with room for parameters."""


def _load(module: str, qualname: str) -> Any:
    """Find a decorated object again by its address; what pickle calls."""
    import importlib

    found: Any = importlib.import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    return found


def _load_variant(module: str, qualname: str, options: Any) -> Any:
    return _load(module, qualname).with_options(**options.given())


def _address(decorated: Any) -> tuple[Any, tuple[Any, ...]]:
    """How pickle finds a decorated object: import its module, take its attribute."""
    function = decorated.spec.target
    module, qualname = function.__module__, function.__qualname__
    spec = decorated.spec
    if "<locals>" in qualname or module is None:
        import pickle

        message = f"`{qualname}` can't be pickled: it is defined inside a function; move it to the top of its module"
        raise pickle.PicklingError(message)
    if spec.origin is not None:
        return _load_variant, (module, qualname, spec.options)
    return _load, (module, qualname)


class _Accessors(Generic[P, R]):
    """What a step offers besides being called: the same on functions and, bound, on methods."""

    def _parts(self) -> tuple[Step[..., Any], tuple[Any, ...]]:
        """The step as declared, and the arguments that binding it put before the others."""
        raise NotImplementedError

    @property
    def spec(self) -> StepSpec:
        """What flowkit knows of the step."""
        return self._parts()[0]._self_spec

    @overload
    def map(self: Callable[[A], Coroutine[Any, Any, T]], first: Iterable[A] | Unmapped[A], /) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B], Coroutine[Any, Any, T]],
        first: Iterable[A] | Unmapped[A],
        second: Iterable[B] | Unmapped[B],
        /,
    ) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C], Coroutine[Any, Any, T]],
        first: Iterable[A] | Unmapped[A],
        second: Iterable[B] | Unmapped[B],
        third: Iterable[C] | Unmapped[C],
        /,
    ) -> list[T]: ...
    @overload
    def map(self: Callable[[A], T], first: Iterable[A] | Unmapped[A], /) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B], T], first: Iterable[A] | Unmapped[A], second: Iterable[B] | Unmapped[B], /
    ) -> list[T]: ...
    @overload
    def map(
        self: Callable[[A, B, C], T],
        first: Iterable[A] | Unmapped[A],
        second: Iterable[B] | Unmapped[B],
        third: Iterable[C] | Unmapped[C],
        /,
    ) -> list[T]: ...
    def map(self, *columns: Any) -> Any:
        """Call the step for each item; the results are in the order of the items.

        Several iterables are zipped, and have to be of the same length. `unmapped(x)` gives every item the same
        value. A map over another map goes on item by item, without waiting for the whole list.
        """
        return _map(cast("Any", self), columns, sys._getframe(1), tolerant=False)

    @overload
    def map_outcomes(
        self: Callable[[A], Coroutine[Any, Any, T]], first: Iterable[A] | Unmapped[A], /
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B], Coroutine[Any, Any, T]],
        first: Iterable[A] | Unmapped[A],
        second: Iterable[B] | Unmapped[B],
        /,
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(self: Callable[[A], T], first: Iterable[A] | Unmapped[A], /) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B], T], first: Iterable[A] | Unmapped[A], second: Iterable[B] | Unmapped[B], /
    ) -> list[Outcome[T]]: ...
    @overload
    def map_outcomes(
        self: Callable[[A, B, C], T],
        first: Iterable[A] | Unmapped[A],
        second: Iterable[B] | Unmapped[B],
        third: Iterable[C] | Unmapped[C],
        /,
    ) -> list[Outcome[T]]: ...
    def map_outcomes(self, *columns: Any) -> Any:
        """Like `map`, but the list holds an `Outcome` for each item, so that a failing one ends nothing."""
        return _map(cast("Any", self), columns, sys._getframe(1), tolerant=True)

    def ref(self: Callable[Q, Coroutine[Any, Any, T]], *args: Q.args, **kwargs: Q.kwargs) -> T:
        """Record a call of an `async` step in a `def` body, typed as what awaiting it gives."""
        return _ref(cast("Any", self), args, kwargs, sys._getframe(1))  # type: ignore[no-any-return]



class Step(_Accessors[P, R], _Wrapper[P, R], Generic[P, R]):
    """A function that can be a step of a workflow, and is still that function.

    In a workflow's body a call of it is recorded and gives a stand-in for the result. Anywhere else it is called.
    """

    _self_spec: StepSpec
    _self_placed: bool

    def __init__(self, function: Callable[P, R], spec: StepSpec) -> None:
        super().__init__(function, _unused_wrapper)
        self._self_spec = spec
        self._self_placed = False

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        recorder = current_recorder()
        if recorder is None:
            return self.__wrapped__(*args, **kwargs)
        if not self._self_placed:
            _check_place(self)
        return recorder.call(self._self_spec, args, kwargs, sys._getframe(1))  # type: ignore[return-value]

    def _parts(self) -> tuple[Step[..., Any], tuple[Any, ...]]:
        return self, ()

    def with_options(self, **options: Unpack[StepKeywords]) -> Step[P, R]:
        """The same step with other options, for one call: `fetch.with_options(timeout=5)(url)`.

        Takes what `@step` takes, but for `name`. Raises `PolicyError` where an option can't hold.
        """
        return Step(self.__wrapped__, _variant(self._self_spec, options))

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __get__(self, instance: None, owner: type[Any] | None = None, /) -> Step[P, R]: ...
        @overload
        def __get__(self: Step[Concatenate[S, Q], T], instance: S, owner: type[Any] | None = None, /) -> Step[Q, T]: ...
        def __get__(self, instance: Any, owner: Any = None, /) -> Any: ...

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _address(self)

    def __copy__(self) -> Step[P, R]:
        return self

    def __deepcopy__(self, memo: Any) -> Step[P, R]:
        return self

    def __repr__(self) -> str:
        return f"<step {self._self_spec.name}>"


class _BoundStep(_Accessors[P, R], _BoundWrapper[P, R], Generic[P, R]):
    """A step taken from an instance or a class: what it is bound to comes first among the recorded arguments."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        recorder = current_recorder()
        if recorder is None:
            return self.__wrapped__(*args, **kwargs)
        step, bound = self._parts()
        return recorder.call(step._self_spec, (*bound, *args), kwargs, sys._getframe(1))  # type: ignore[return-value]

    def _parts(self) -> tuple[Step[..., Any], tuple[Any, ...]]:
        return self._self_parent, _bound(self)

    def with_options(self, **options: Unpack[StepKeywords]) -> Any:
        """The same step with other options, still bound to the same object."""
        return self._self_parent.with_options(**options).__get__(self._self_instance, self._self_owner)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return getattr, (self._self_instance or self._self_owner, self.__name__)

    def __repr__(self) -> str:
        return f"<step {self._self_parent._self_spec.name} of {self._self_instance or self._self_owner!r}>"


Step.__bound_function_wrapper__ = _BoundStep


def _bound(method: Any) -> tuple[Any, ...]:
    """What binding put before the arguments: the instance, the class, or nothing."""
    if method._self_binding == "classmethod":
        return (method._self_owner or type(method._self_instance),)
    if method._self_binding == "function" and method._self_instance is not None:
        return (method._self_instance,)
    return ()


def _check_place(step: Step[..., Any]) -> None:
    """Refuse `@classmethod` and `@staticmethod` outside `@step`, once: there Python no longer shows us the class."""
    target = step._self_spec.target
    found: Any = sys.modules.get(target.__module__)
    for name in target.__qualname__.split("."):
        found = inspect.getattr_static(found, name, None)
    if type(found) in (classmethod, staticmethod) and found.__func__ is step:
        message = f"`{target.__qualname__}` is decorated the wrong way round; write @step above @{type(found).__name__}"
        raise MisuseError(message)
    step._self_placed = True


def _map(step: _Accessors[..., Any], columns: tuple[Any, ...], frame: Any, *, tolerant: bool) -> Any:
    declared, bound = step._parts()
    spec = declared._self_spec
    verb = "map_outcomes" if tolerant else "map"
    if not columns:
        message = f"`{spec.label}.{verb}` needs a list of items"
        raise MisuseError(message)
    recorder = current_recorder()
    for column in columns:
        kind = type(column)
        if kind in (str, bytes, bytearray) or issubclass(kind, dict):
            message = f"`{spec.label}.{verb}` was given a {kind.__name__} as its list of items; write unmapped(...) to give it to every item whole, or list(...) to go through it"
            raise MisuseError(message)
        if kind is not Ref and kind is not Unmapped and not hasattr(kind, "__iter__"):
            message = f"`{spec.label}.{verb}` was given a {kind.__name__}, which can't be gone through; write unmapped(...) to give it to every item"
            raise MisuseError(message)
    if all(type(column) is Unmapped for column in columns):
        message = f"`{spec.label}.{verb}` has nothing to go through: every argument is unmapped"
        raise MisuseError(message)
    if recorder is None:
        return _map_plainly(spec, bound, columns, tolerant=tolerant)
    sources = [Source(SourceKind.SAME, one) for one in bound]
    sources += [Source(SourceKind.SAME, column.value) if type(column) is Unmapped else column for column in columns]
    return recorder.map(spec, sources, frame, tolerant=tolerant)


def _map_plainly(spec: StepSpec, bound: tuple[Any, ...], columns: tuple[Any, ...], *, tolerant: bool) -> list[Any]:
    """Outside a body a step is its function, and its map a loop."""
    if spec.is_async:
        message = f"`{spec.label}.map` outside a workflow would have to await; call the step itself, item by item"
        raise MisuseError(message)
    rows = [column for column in columns if type(column) is not Unmapped]
    results = []
    for row in zip(*rows, strict=True):
        items = iter(row)
        args = [column.value if type(column) is Unmapped else next(items) for column in columns]
        if not tolerant:
            results.append(spec.target(*bound, *args))
            continue
        try:
            results.append(Outcome("succeeded", spec.target(*bound, *args)))
        except Exception as error:  # noqa: BLE001 - that is what an outcome is for
            results.append(Outcome("failed", error=error))
    return results


def _ref(step: _Accessors[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Any:
    declared, bound = step._parts()
    recorder = current_recorder()
    if recorder is None:
        message = f"`{declared._self_spec.label}.ref` records a call, and no workflow's body is running; await the step instead"
        raise MisuseError(message)
    return recorder.call(declared._self_spec, (*bound, *args), kwargs, frame)


def _variant(spec: StepSpec, options: Any) -> StepSpec:
    if "name" in options:
        message = f"`name` is who `{spec.label}` is, for every call; set it on @step"
        raise PolicyError(message)
    return spec.variant(_step_options(f"`{spec.label}.with_options`", options).over(spec.options))


def _step_options(place: str, options: Any) -> StepOptions:
    """Options with the steps among the dependencies taken as what flowkit knows of them."""
    for option in ("depends_on", "depends_on_any"):
        if option in options:
            made = getattr(StepOptions.of(place, **{option: options[option]}), option)
            options[option] = tuple(_dependency(one, option) for one in made) if isinstance(made, tuple) else made
    return StepOptions.of(place, **options)


def _dependency(given: Any, option: str) -> Any:
    kind = type(given)
    if kind is Ref or kind is str or kind is StepSpec:
        return given
    if issubclass(kind, _Accessors):
        return given.spec.declared
    name = getattr(given, "__name__", repr(given))
    message = f"{option} takes steps, their names, or results; `{name}` is none of them" + (
        "; decorate it with @step" if callable(given) else ""
    )
    raise PolicyError(message)


class Workflow(_Wrapper[P, R], Generic[P, R]):
    """A function whose step calls are recorded, checked and run. Calling it runs it and returns its value.

    A step that fails raises its own exception here. Raises `CheckFailed` for mistakes found before anything ran, and
    `Skipped` when the value to return was never made.
    """

    _self_spec: WorkflowSpec

    def __init__(self, function: Callable[P, R], spec: WorkflowSpec) -> None:
        super().__init__(function, _unused_wrapper)
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

    def with_options(self, **options: Unpack[WorkflowKeywords]) -> Workflow[P, R]:
        """The same workflow with other options: `report.with_options(run_id="2026-11-20").start(url)`."""
        return Workflow(self.__wrapped__, _workflow_variant(self._self_spec, options))

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __get__(self, instance: None, owner: type[Any] | None = None, /) -> Workflow[P, R]: ...
        @overload
        def __get__(
            self: Workflow[Concatenate[S, Q], T], instance: S, owner: type[Any] | None = None, /
        ) -> Workflow[Q, T]: ...
        def __get__(self, instance: Any, owner: Any = None, /) -> Any: ...

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _address(self)

    def __copy__(self) -> Workflow[P, R]:
        return self

    def __deepcopy__(self, memo: Any) -> Workflow[P, R]:
        return self

    def __repr__(self) -> str:
        return f"<workflow {self._self_spec.name}>"


class _BoundWorkflow(_BoundWrapper[P, R], Generic[P, R]):
    """A workflow taken from an instance or a class."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return cast("R", _call(self.spec, (*_bound(self), *args), kwargs))

    @property
    def spec(self) -> WorkflowSpec:
        """What flowkit knows of the workflow."""
        return self._self_parent._self_spec  # type: ignore[no-any-return]

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
        """Run in the background, and return a handle at once."""
        return _start(self.spec, (*_bound(self), *args), kwargs)

    def graph(self, *args: Any, **kwargs: Any) -> Graph:
        """Record and check, and run nothing."""
        return _graph(self.spec, (*_bound(self), *args), kwargs)

    def with_options(self, **options: Unpack[WorkflowKeywords]) -> Any:
        """The same workflow with other options, still bound to the same object."""
        return self._self_parent.with_options(**options).__get__(self._self_instance, self._self_owner)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return getattr, (self._self_instance or self._self_owner, self.__name__)

    def __repr__(self) -> str:
        return f"<workflow {self.spec.name} of {self._self_instance or self._self_owner!r}>"


Workflow.__bound_function_wrapper__ = _BoundWorkflow


def _refuse_inside(spec: WorkflowSpec) -> None:
    recorder = current_recorder()
    if recorder is not None:
        message = (
            f"`{spec.label}` is a workflow and was called in the body of `{recorder.workflow.label}`; "
            "a body calls steps. Make it a plain function, whose step calls are then recorded here"
        )
        raise MisuseError(message)


def _call(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _refuse_inside(spec)
    return current_runner().call(spec, args, kwargs)


def _start(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run[Any]:
    _refuse_inside(spec)
    return current_runner().start(spec, args, kwargs)


def _graph(spec: WorkflowSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
    _refuse_inside(spec)
    return check(record_symbolically(spec, args, kwargs)).graph


def _workflow_variant(spec: WorkflowSpec, options: Any) -> WorkflowSpec:
    if "name" in options:
        message = f"`name` is who `{spec.label}` is, for every run; set it on @workflow"
        raise PolicyError(message)
    made = WorkflowOptions.of(f"`{spec.label}.with_options`", **options).over(spec.options)
    return spec.variant(made)


def _identity(function: Any, name: object) -> str:
    if isinstance(name, str):
        return name
    target = function.__func__ if isinstance(function, (classmethod, staticmethod)) else function
    module = getattr(target, "__module__", None) or "__main__"
    return f"{module}:{getattr(target, '__qualname__', type(target).__qualname__)}"


def _decorable(function: Any, decorator: str) -> None:
    kind = type(function)
    if issubclass(kind, (Step, Workflow)):
        what = "step" if issubclass(kind, Step) else "workflow"
        message = f"`{function.__name__}` is a {what} already; it can't be decorated with {decorator} as well"
        raise MisuseError(message)
    if not callable(function) and not isinstance(function, (classmethod, staticmethod)):
        message = f"{decorator} takes a function; it was given {function!r}. Options are named: {decorator}(retries=3)"
        if decorator == "@workflow":
            message = f"@workflow takes a function; it was given {function!r}. Options are named: @workflow(fail_fast=False)"
        raise MisuseError(message)


class _StepDecorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Step[P, R]: ...


class _WorkflowDecorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Workflow[P, R]: ...


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(**options: Unpack[StepKeywords]) -> _StepDecorator: ...
def step(function: Any = None, /, **options: Any) -> Any:
    """Make a step of a function, bare (`@step`) or with options (`@step(retries=3, timeout="30s")`).

    Works on functions, `async` functions, classes and methods; outside `@classmethod` and `@staticmethod`. Raises
    `PolicyError` for options that can't hold, where they are written.
    """
    made = _step_options("@step", options)

    def decorate(function: Any) -> Any:
        _decorable(function, "@step")
        return Step(function, StepSpec(function, _identity(function, made.name), made))

    return decorate if function is None else decorate(function)


@overload
def workflow(function: Callable[P, R], /) -> Workflow[P, R]: ...
@overload
def workflow(**options: Unpack[WorkflowKeywords]) -> _WorkflowDecorator: ...
def workflow(function: Any = None, /, **options: Any) -> Any:
    """Make a workflow of a function whose body calls steps, bare or with options (`@workflow(fail_fast=False)`)."""
    made = WorkflowOptions.of("@workflow", **options)

    def decorate(function: Any) -> Any:
        _decorable(function, "@workflow")
        spec = WorkflowSpec(function, _identity(function, made.name), made)
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
