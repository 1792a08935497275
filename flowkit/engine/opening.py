"""Opening one resource: from the function that opens it to the value, with what closes it put on a stack."""

from __future__ import annotations

import inspect
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from flowkit.errors import MisuseError
from flowkit.graph.declared import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["opened", "opened_async"]


def opened(opener: Callable[..., Any], given: Mapping[str, Any], stack: ExitStack) -> Any:
    """Open a resource. Raises `MisuseError` for what needs an event loop."""
    if inspect.isgeneratorfunction(opener):
        return stack.enter_context(contextmanager(opener)(**given))
    made = opener(**given)
    if inspect.iscoroutine(made):
        made.close()
        _refuse(opener, "gives a coroutine")
    return _entered(opener, made, stack)


async def opened_async(opener: Callable[..., Any], given: Mapping[str, Any], stack: AsyncExitStack) -> Any:
    """Open a resource on the event loop that this runs on."""
    if inspect.isasyncgenfunction(opener):
        return await stack.enter_async_context(asynccontextmanager(opener)(**given))
    made = opener(**given)
    if inspect.iscoroutine(made):
        # Taken as it is: what was awaited has begun already, and entering it would begin it again.
        made = await made
    elif hasattr(type(made), "__aenter__"):
        return await stack.enter_async_context(made)
    elif hasattr(type(made), "__enter__"):
        with ExitStack() as inner:
            value = _entered(opener, made, inner)
            stack.push(inner.pop_all())
        return value
    close = getattr(made, "aclose", None) or getattr(made, "close", None)
    if callable(close):
        stack.push_async_callback(_closed, close)
    return made


async def _closed(close: Callable[[], Any]) -> None:
    ended = close()
    if inspect.isawaitable(ended):
        await ended


def _entered(opener: Callable[..., Any], made: Any, stack: ExitStack) -> Any:
    kind, close = type(made), getattr(made, "close", None)
    enters = hasattr(kind, "__enter__") and hasattr(kind, "__exit__")
    if inspect.iscoroutinefunction(close) or (hasattr(kind, "__aenter__") and not enters):
        _refuse(opener, f"gives a `{kind.__name__}`, which is async")
    if not enters:
        if callable(close):
            stack.callback(close)
        return made
    with ExitStack() as inner:
        value = inner.enter_context(made)
        # Leaving a connection to a database ends a transaction, and not always the connection.
        left = inner.pop_all()
    if value is made and callable(close):
        stack.callback(close)
    stack.push(left)
    return value


def _refuse(opener: Callable[..., Any], what: str) -> None:
    message = f"`{label_of(opener)}` {what}; declare it `async def`, or annotate what it returns, so that async steps await it"
    raise MisuseError(message)
