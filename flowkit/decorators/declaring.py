"""`From` and `Resource`: where an argument comes from, said by the default of its parameter."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from flowkit.decorators.decorated import Decorated
from flowkit.errors import PolicyError
from flowkit.graph import FromStep, Needs, declared_in
from flowkit.graph.declared import label_of
from flowkit.policies import Fallback

if TYPE_CHECKING:
    from flowkit.graph import StepSpec, WorkflowSpec
    from flowkit.policies import StepOptions

__all__ = ["From", "Resource", "refuse_declarations", "refuse_in_options", "refuse_in_workflow"]

T = TypeVar("T")


@overload
def From(step: Callable[..., Coroutine[Any, Any, T]], /) -> T: ...
@overload
def From(step: Callable[..., T], /) -> T: ...
def From(step: Any, /) -> Any:  # noqa: N802 - it stands where a value would, and is typed as one
    """Say, as the default of a parameter, which step's result it takes.

    `def parse(body: bytes = From(fetch))`; it is typed as that result. `workflow.of` makes a workflow of steps that say so. Nobody else reads it: in a body, and where the step is called
    as a function, the argument has to be given. Raises `PolicyError` for what is no step or workflow.
    """
    if not issubclass(type(step), Decorated):
        what = f"`{label_of(step)}` is a function; decorate it with @step" if callable(step) else f"{step!r} is none"
        message = f"From takes a step; {what}"
        raise PolicyError(message)
    spec, bound = step._parts()
    frame = sys._getframe(1)
    return FromStep(spec.as_step, bound, frame.f_code, frame.f_lasti)


@overload
def Resource(opener: Callable[..., AbstractContextManager[T]], /) -> T: ...
@overload
def Resource(opener: Callable[..., AbstractAsyncContextManager[T]], /) -> T: ...
@overload
def Resource(opener: Callable[..., Coroutine[Any, Any, T]], /) -> T: ...
@overload
def Resource(opener: Callable[..., Iterator[T]], /) -> T: ...
@overload
def Resource(opener: Callable[..., AsyncIterator[T]], /) -> T: ...
@overload
def Resource(opener: Callable[..., T], /) -> T: ...
def Resource(opener: Any, /) -> Any:  # noqa: N802 - see `From`
    """Say, as the default of a parameter, what has to be open for the step.

    `def load(rows: list[Row], db: Db = Resource(open_db))`; it is typed as what is opened. The engine opens it when a step first needs it, once, and closes it with itself, in the reverse order of opening. It
    is never recorded as an argument, and an argument that is given wins. A step that is called as a function, outside a
    run, has it opened for that call.

    `opener` is called without arguments; its own parameters may have `Resource` defaults. What it gives is entered if it
    is a context manager, and closed if it has `close`; with a `yield` in it, what comes after that closes. What is async
    is for async steps, and is opened once for each event loop. Raises `PolicyError` for what can't be opened.
    """
    refusal = _why_not(opener)
    if refusal:
        message = f"Resource takes a function that opens something; {refusal}"
        raise PolicyError(message)
    signature = _signature(opener)
    given = {one.name: one.default for one in declared_in(opener, lambda: signature)}
    is_async = _is_async(opener, signature)
    for name, default in given.items():
        if type(default) is FromStep:
            message = f"`{label_of(opener)}` is to have `{name}` from a step; a resource is opened outside of any run"
            raise PolicyError(message)
        if type(default) is Needs and default.is_async and not is_async:
            message = f"`{label_of(opener)}` can't wait for `{default.label}`, which is async; make it `async def`"
            raise PolicyError(message)
    return Needs(opener, given, is_async=is_async)  # type: ignore[arg-type]


def _why_not(opener: Any) -> str:
    """Why something can't be an opener; empty where it can."""
    if issubclass(type(opener), Decorated):
        return f"`{opener.__name__}` is a {opener._self_word}, whose result comes from a run: write From({opener.__name__})"
    if not callable(opener):
        return f"{opener!r} can't be called; pass the function itself, without calling it"
    try:
        hash(opener)
    except TypeError:
        return f"{opener!r} has no hash, so it can't be told whether it is open already; pass a function"
    signature = _signature(opener)
    needs = [
        f"`{name}`"
        for name, one in (signature.parameters.items() if signature is not None else ())
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if needs:
        return (
            f"`{label_of(opener)}` needs {', '.join(needs)}, which nobody gives it; pass a function without parameters"
        )
    return ""


def _signature(opener: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(opener)
    except (TypeError, ValueError):
        return None


def _is_async(opener: Any, signature: inspect.Signature | None) -> bool:
    """Whether it can only be opened on an event loop, as far as that shows before it is called."""
    written = getattr(opener, "__wrapped__", opener)  # below `asynccontextmanager`
    if inspect.iscoroutinefunction(opener) or inspect.isasyncgenfunction(written):
        return True
    made = opener if inspect.isclass(opener) else signature.return_annotation if signature is not None else None
    if isinstance(made, str):
        made = getattr(opener, "__globals__", {}).get(made)
    return inspect.isclass(made) and hasattr(made, "__aenter__") and not hasattr(made, "__enter__")


def refuse_declarations(spec: StepSpec) -> None:
    """Refuse what a step can't be given. Raises `PolicyError`."""
    for name, _, default in spec.declares:
        assert spec.signature is not None
        if spec.signature.parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY:
            message = f"`{name}` of `{spec.label}` has {default!r}, so it has to be one that is given by name: leave out the `/`"
            raise PolicyError(message)
        if type(default) is Needs and default.is_async and not _waits(spec):
            message = f"`{spec.label}` can't wait for `{default.label}`, which is async; make it `async def`"
            raise PolicyError(message)


def _waits(spec: StepSpec) -> bool:
    return spec.is_async or inspect.isasyncgenfunction(spec.target)


def refuse_in_options(options: StepOptions) -> None:
    """Refuse declarations where functions are called with a step's arguments, and nobody would read them."""
    fallback = options.on_failure.call if isinstance(options.on_failure, Fallback) else None
    for option, function in (("run_if", options.run_if), ("on_failure", fallback)):
        if not callable(function) or issubclass(type(function), Decorated):
            continue
        for name, _, default in declared_in(function, functools.partial(_signature, function)):
            message = f"`{name}` of `{label_of(function)}` has {default!r}, which is for steps; {option} reads no such defaults"
            raise PolicyError(message)


def refuse_in_workflow(spec: WorkflowSpec) -> None:
    """Refuse declarations in the signature of a workflow, whose body would be given them as they are."""
    for name, _, default in spec.declares:
        _refuse(spec, name, default)


def _refuse(spec: WorkflowSpec, name: str, default: object) -> NoReturn:
    way_out = "call the step in its body" if type(default) is FromStep else "let the step that uses it ask for it"
    message = f"`{name}` of `{spec.label}` has {default!r}, which is for steps, and this is a workflow; {way_out}"
    raise PolicyError(message)
