"""The door to wrapt: objects that answer calls in their own way, and are otherwise the function they wrap.

What steps and workflows have in common is here: what may be decorated, under which name, and how it is bound.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, ParamSpec, TypeVar

from flowkit.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from flowkit.graph import StepSpec, WorkflowSpec

__all__ = [
    "BoundWrapper",
    "ForwardedAnnotations",
    "ForwardedSignature",
    "Wrapper",
    "bound_arguments",
    "bound_to",
    "check_place",
    "identity",
    "never_asked",
    "refuse_undecorable",
]


class _Later(ModuleType):
    """A module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def imported_later(*names: str) -> Generator[None]:
    """Let what is imported in this block have these modules when it first uses them, not before.

    wrapt imports asyncio and importlib.metadata for parts of it that are not used here: 40 ms, half of what importing
    flowkit may take. Whoever else imports them gets the real ones.
    """
    later = {name: _Later(name) for name in names if name not in sys.modules}
    sys.modules.update(later)
    try:
        yield
    finally:
        for name, module in later.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
            package, _, attribute = name.rpartition(".")
            if package and not hasattr(sys.modules[package], attribute):
                # `import package.module` binds the package; what is asked of the module is found through it.
                setattr(sys.modules[package], attribute, module)


P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:
    # As much of wrapt as is used here: what it says of its own types differs from release to release.

    class _Wrapped(Generic[P, R]):
        __name__: str
        __wrapped__: Callable[P, R]
        _self_word: ClassVar[str]

    class Wrapper(_Wrapped[P, R]):
        """A function, wrapped."""

        __bound_function_wrapper__: Any

        def __init__(self, wrapped: Callable[P, R], wrapper: Callable[..., Any], /) -> None: ...

    class BoundWrapper(_Wrapped[P, R]):
        """A wrapped function, taken from an instance or a class."""

        _self_parent: Any
        _self_instance: Any
        _self_owner: Any
        _self_binding: str
else:
    with imported_later("asyncio", "importlib.metadata"):
        import wrapt

    class Wrapper(wrapt.FunctionWrapper, Generic[P, R]):
        """A function, wrapped; with room for parameters."""

    class BoundWrapper(wrapt.BoundFunctionWrapper, Generic[P, R]):
        """A wrapped function, taken from an instance or a class; with room for parameters."""


class ForwardedAnnotations(dict[str, Any]):
    """The annotations of what is wrapped, and none for the class itself.

    A class that annotates its attributes shows those where its objects should show what they wrap. So the classes of
    steps and workflows annotate none in their bodies, and have this as `__annotations__`: else Python would give them
    an empty dict, to be found first, as soon as somebody asks.
    """

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else instance.__wrapped__.__annotations__


class ForwardedSignature:
    """The signature of what is wrapped; `inspect` would take that of our `__call__` for a wrapped class's."""

    def __get__(self, instance: Any, owner: Any = None) -> inspect.Signature:
        if instance is None:
            raise AttributeError("__signature__")
        try:
            return inspect.signature(instance.__wrapped__)
        except (TypeError, ValueError) as error:
            raise AttributeError("__signature__") from error


def never_asked(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> NoReturn:
    """Stand where wrapt wants a wrapper: steps and workflows answer calls themselves, which is faster."""
    raise AssertionError(wrapped, instance, args, kwargs)


def bound_arguments(method: BoundWrapper[..., Any]) -> tuple[Any, ...]:
    """What binding puts before the arguments: the instance, the class, or nothing."""
    if method._self_binding == "classmethod":
        return (method._self_owner or type(method._self_instance),)
    if method._self_binding == "function" and method._self_instance is not None:
        return (method._self_instance,)
    return ()


def bound_to(method: BoundWrapper[..., Any]) -> str:
    """What a bound step or workflow is bound to, for its repr."""
    return repr(method._self_owner if method._self_instance is None else method._self_instance)


def check_place(spec: StepSpec | WorkflowSpec, first: tuple[Any, ...]) -> None:
    """Refuse `@classmethod` and `@staticmethod` above our decorator, when first recorded.

    Only when a step is used does its class exist. It is found by the function's address, or, for a class that was made
    inside a function, as the `first` argument. What Python binds the other way round differs from version to version.
    """
    declared = spec.declared
    if declared.is_placed:
        spec.is_placed = True
        return
    target: Any = declared.target
    *path, name = getattr(target, "__qualname__", "").split(".")
    holder: Any = sys.modules.get(getattr(target, "__module__", None) or "")
    for part in path:
        holder = inspect.getattr_static(holder, part, None)
    if holder is None and first and issubclass(type(first[0]), type):  # not `isinstance`: a Ref refuses it
        holder = first[0]
    found = inspect.getattr_static(holder, name, None)
    if type(found) in (classmethod, staticmethod) and getattr(found.__func__, "_self_spec", None) is declared:
        ours, theirs = found.__func__._self_word, type(found).__name__
        message = f"`{declared.label}` is decorated the wrong way round; write @{ours} above @{theirs}"
        raise MisuseError(message)
    spec.is_placed = declared.is_placed = True


def identity(function: Any, name: object) -> str:
    """Who a step or workflow is: its given name, or `module:qualname`."""
    if isinstance(name, str):
        return name
    target = function.__func__ if isinstance(function, (classmethod, staticmethod)) else function
    module = getattr(target, "__module__", None) or "__main__"
    if module == "__main__":
        module = _as_imported(getattr(inspect.unwrap(target), "__globals__", {}))
    return f"{module}:{getattr(target, '__qualname__', type(target).__qualname__)}"


def _as_imported(program: Mapping[str, Any]) -> str:
    """What the module that is the program is called by everybody who imports it.

    So a run that a program has begun can be gone on with by others, which know its steps by that name. Where there is
    no file, as in a shell, nobody can import it.
    """
    spec, file = program.get("__spec__"), program.get("__file__")
    if spec is not None:  # python -m
        return str(spec.name)
    if not isinstance(file, str) or not file.endswith(".py"):
        return "__main__"
    from pathlib import Path

    path = Path(file).resolve()
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    return "__main__" if any("." in name or " " in name for name in names) else ".".join(names)


def refuse_undecorable(function: Any, word: str, option: str) -> None:
    """Refuse what isn't a function, and what is a step or workflow already."""
    kind = type(function)
    if issubclass(kind, (Wrapper, BoundWrapper)):
        message = (
            f"`{function.__name__}` is a {function._self_word} already; it can't be decorated with @{word} as well"
        )
        raise MisuseError(message)
    if isinstance(function, (property, cached_property)):
        name = getattr(function.fget if isinstance(function, property) else function.func, "__name__", "it")
        theirs = "property" if isinstance(function, property) else "cached_property"
        way_out = f"write @property above @{word}"
        if theirs == "cached_property":
            way_out += ", for what is cached would be kept from one run to the next"
        message = f"@{word} takes a function, and `{name}` is a {theirs} here; {way_out}"
        raise MisuseError(message)
    if not callable(function) and not isinstance(function, (classmethod, staticmethod)):
        message = f"@{word} takes a function; it was given {function!r}. Options are named: @{word}({option})"
        raise MisuseError(message)
