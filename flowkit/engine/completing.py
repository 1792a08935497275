"""The arguments of a call that its caller left to the signature: resources that are open, or opened for the call.

What is to come from a step (`From`) is never made up here: only `workflow.of` reads that.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from flowkit.engine.current import attempt_here
from flowkit.engine.resources import Resources
from flowkit.errors import MisuseError
from flowkit.graph import Needs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from flowkit.graph import StepSpec

__all__ = ["call_outside", "completed", "completed_async"]


def completed(
    resources: Resources, spec: StepSpec, args: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The named arguments of a call, with what it needs open. `args` has what a method is bound to.

    Raises `MisuseError` for an argument that was to come from a step.
    """
    left = _left_out(spec, args, kwargs)
    return {**(kwargs or {}), **{name: resources.get(needed) for name, needed in left.items()}}


async def completed_async(
    resources: Resources, spec: StepSpec, args: Sequence[Any], kwargs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The same, for an async step."""
    left = _left_out(spec, args, kwargs)
    return {**(kwargs or {}), **{name: await resources.get_async(needed) for name, needed in left.items()}}


def _left_out(spec: StepSpec, args: Sequence[Any], kwargs: Mapping[str, Any] | None) -> dict[str, Needs]:
    left: dict[str, Needs] = {}
    for name, position, default in spec.declares:
        if (position is not None and position < len(args)) or (kwargs is not None and name in kwargs):
            continue
        if not isinstance(default, Needs):
            message = (
                f"`{spec.label}` needs `{name}`: pass it, as in `{name}={default.spec.label}(...)`; "
                f"only `workflow.of({spec.label})` reads `{default!r}`"
            )
            raise MisuseError(message)
        left[name] = default
    return left


def call_outside(
    spec: StepSpec, function: Callable[..., Any], bound: Sequence[Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """Call a step as a function. In a run it has what its engine has open; elsewhere that is opened for this call."""
    left = _left_out(spec, (*bound, *args), kwargs)
    if not left:
        return function(*args, **kwargs)
    here = attempt_here.get()
    resources = here[0].services.resources if here is not None else None
    if spec.is_async:
        return _awaited(resources, left, function, args, kwargs)
    if spec.streams:
        stream = _streamed_async if inspect.isasyncgenfunction(spec.target) else _streamed
        return stream(resources, left, function, args, kwargs)
    own = resources or Resources()
    try:
        return function(*args, **kwargs, **{name: own.get(needed) for name, needed in left.items()})
    finally:
        if resources is None:
            own.close()


async def _awaited(
    resources: Resources | None, left: Mapping[str, Needs], function: Any, args: Any, kwargs: Any
) -> Any:
    own = resources or Resources()
    try:
        given = {name: await own.get_async(needed) for name, needed in left.items()}
        return await function(*args, **kwargs, **given)
    finally:
        if resources is None:
            await own.aclose()


def _streamed(
    resources: Resources | None, left: Mapping[str, Needs], function: Any, args: Any, kwargs: Any
) -> Iterator[Any]:
    own = resources or Resources()
    try:
        yield from function(*args, **kwargs, **{name: own.get(needed) for name, needed in left.items()})
    finally:
        if resources is None:
            own.close()


async def _streamed_async(
    resources: Resources | None, left: Mapping[str, Needs], function: Any, args: Any, kwargs: Any
) -> AsyncIterator[Any]:
    own = resources or Resources()
    try:
        given = {name: await own.get_async(needed) for name, needed in left.items()}
        async for item in function(*args, **kwargs, **given):
            yield item
    finally:
        if resources is None:
            await own.aclose()
