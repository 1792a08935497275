"""`@step`, and what it makes of a function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from flowkit.decorators.accessors import Accessors
from flowkit.decorators.declaring import refuse_declarations, refuse_in_options
from flowkit.decorators.decorated import Bound, Decorated
from flowkit.decorators.wrapping import ForwardedSignature, check_place, identity, refuse_undecorable
from flowkit.engine.completing import call_outside
from flowkit.engine.declared import declare_step
from flowkit.errors import PolicyError
from flowkit.graph import Ref, StepSpec, current_recorder
from flowkit.policies import StepOptions

if TYPE_CHECKING:
    from typing import Unpack

    from flowkit.policies.keywords import StepCallKeywords, StepKeywords

__all__ = ["Step", "step"]

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")
T = TypeVar("T")


class Step(Accessors[P, R, StepSpec], Generic[P, R]):
    """A function that can be a step of a workflow, and is still that function.

    In a workflow's body a call of it is recorded and gives a stand-in for the result. Anywhere else it is called.
    """

    __signature__ = ForwardedSignature()
    _self_word = "step"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        recorder = current_recorder()
        if recorder is None:
            return self.__wrapped__(*args, **kwargs)
        spec = self._self_spec  # once: wrapt takes its time for an attribute
        if not spec.is_placed:
            check_place(spec, args)
        return recorder.call(spec, args, kwargs, sys._getframe(1))  # type: ignore[return-value]

    def with_options(self, **options: Unpack[StepCallKeywords]) -> Step[P, R]:
        """The same step with other options, for one call: `fetch.with_options(timeout=5)(url)`.

        Takes what `@step` takes, but for `name`. Raises `PolicyError` where an option can't hold.
        """
        return self._with(_variant(self._self_spec, dict(options)))  # type: ignore[no-any-return]

    if TYPE_CHECKING:
        # First a classmethod, by its class and by an instance; then whatever is taken from its class; then a method;
        # what is left is a staticmethod.

        @overload
        def __get__(self: Callable[Concatenate[type[S], Q], T], instance: None, owner: type[S], /) -> Step[Q, T]: ...  # type: ignore[misc]
        @overload
        def __get__(self: Callable[Concatenate[type[S], Q], T], instance: S, owner: type[S], /) -> Step[Q, T]: ...  # type: ignore[misc]
        @overload
        def __get__(self, instance: None, owner: type[Any] | None = None, /) -> Step[P, R]: ...
        @overload
        def __get__(
            self: Callable[Concatenate[S, Q], T], instance: S, owner: type[Any] | None = None, /
        ) -> Step[Q, T]: ...
        @overload
        def __get__(self, instance: object, owner: type[Any] | None = None, /) -> Step[P, R]: ...
        def __get__(self, instance: Any, owner: Any = None, /) -> Any: ...


class BoundStep(Bound[P, R, StepSpec], Step[P, R]):
    """A step taken from an instance or a class: what it is bound to comes first among the recorded arguments."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        recorder = current_recorder()
        if recorder is None:
            return self.__wrapped__(*args, **kwargs)
        spec, bound = self._parts()
        if not spec.is_placed:
            check_place(spec, bound)
        return recorder.call(spec, (*bound, *args), kwargs, sys._getframe(1))  # type: ignore[return-value]


Step.__bound_function_wrapper__ = BoundStep


class DeclaringStep(Step[P, R]):
    """A step whose signature says where some of its arguments come from, when they are left out."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        recorder = current_recorder()
        spec, bound = self._parts()
        if recorder is None:
            return call_outside(spec, self.__wrapped__, bound, args, kwargs)  # type: ignore[no-any-return]
        if not spec.is_placed:
            check_place(spec, bound or args)
        return recorder.call(spec, (*bound, *args), kwargs, sys._getframe(1))  # type: ignore[return-value]


class BoundDeclaringStep(Bound[P, R, StepSpec], DeclaringStep[P, R]):
    """Such a step, taken from an instance or a class."""

    __call__ = DeclaringStep.__call__  # not wrapt's


DeclaringStep.__bound_function_wrapper__ = BoundDeclaringStep


class _Decorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(**options: Unpack[StepKeywords]) -> _Decorator: ...
def step(function: Any = None, /, **options: Any) -> Any:
    """Make a step of a function, bare (`@step`) or with options (`@step(retries=3, timeout="30s")`).

    Works on functions, `async` functions, classes and methods; outside `@classmethod` and `@staticmethod`. Raises
    `PolicyError` for options that can't hold, where they are written.
    """
    made = _options("@step", options)

    def decorate(function: Any) -> Any:
        refuse_undecorable(function, "step", "retries=3")
        spec = StepSpec(function, identity(function, made.name), made)
        declare_step(spec)
        if not spec.declares:
            return Step(function, spec)
        refuse_declarations(spec)
        return DeclaringStep(function, spec)

    return decorate if function is None else decorate(function)


def _variant(spec: StepSpec, options: dict[str, Any]) -> StepSpec:
    if "name" in options:
        message = f"`name` is who `{spec.label}` is, for every call; set it on @step"
        raise PolicyError(message)
    return spec.variant(_options(f"`{spec.label}.with_options`", options).over(spec.options))


def _options(place: str, options: dict[str, Any]) -> StepOptions:
    """Options with the steps among the dependencies taken as what flowkit knows of them."""
    for option in ("depends_on", "depends_on_any"):
        if option in options:
            given = options[option]
            # One Ref isn't many: what makes it refuse to be an iterator makes it look like one.
            made = getattr(StepOptions.of(place, **{option: [given] if type(given) is Ref else given}), option)
            options[option] = tuple(_dependency(one, option) for one in made) if isinstance(made, tuple) else made
    undo = options.get("compensate")
    if undo is not None and issubclass(type(undo), Decorated) and not issubclass(type(undo), Step):
        message = f"compensate takes a step or a function; `{undo.__name__}` is a workflow, so call it in a step"
        raise PolicyError(message)
    made = StepOptions.of(place, **options)
    refuse_in_options(made)
    return made


def _dependency(given: Any, option: str) -> Any:
    kind = type(given)
    if kind is Ref or kind is str or kind is StepSpec:
        return given
    if issubclass(kind, Step):
        return given.spec.declared
    name = getattr(given, "__name__", repr(given))
    message = f"{option} takes steps, their names, or results; `{name}` is none of them" + (
        "; decorate it with @step" if callable(given) else ""
    )
    raise PolicyError(message)
