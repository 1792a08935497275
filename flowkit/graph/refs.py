"""What stands for a result while a body is recorded, and the containers that hold it.

A `Ref` can be passed on, returned, put into containers and projected. Whatever would need its value now is refused
with FK401, at the very place: the body is still running, so the caret can point at the operation.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flowkit.diagnostics import unpacking
from flowkit.graph.refusals import misunpacked, used_as_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowkit.graph.recording import Recorder

__all__ = ["LEAVES", "Ref", "Template", "capture", "project", "references"]

LEAVES: Final[frozenset[type]] = frozenset({int, str, float, bool, bytes, type(None), complex, type(...), range, type})
"""Types that can't hold a Ref, so that nobody looks inside."""

_CONTAINERS: Final[frozenset[type]] = frozenset({list, dict, tuple, set, frozenset})

Path = tuple[tuple[str, Any], ...]


_set: Final = object.__setattr__


class Ref:
    """Stands for the result of a recorded call.

    Its own attributes have names that no user's class has; every other name is a projection of the result.
    """

    __slots__ = ("_flowkit_node", "_flowkit_path", "_flowkit_recorder")

    _flowkit_node: int
    _flowkit_path: Path
    _flowkit_recorder: Recorder

    def __init__(self, recorder: Recorder, node: int, path: Path = ()) -> None:
        _set(self, "_flowkit_recorder", recorder)
        _set(self, "_flowkit_node", node)
        _set(self, "_flowkit_path", path)

    def __getattr__(self, name: str) -> Ref:
        if name.startswith(("__", "_repr_", "_ipython_")):
            raise AttributeError(name)
        return self._flowkit_recorder.project(self, ("attribute", name), sys._getframe(1))

    def __getitem__(self, key: Any) -> Ref:
        if type(key) is Ref:
            used_as_value(key, "used as an index", "take the item inside a step that gets both", sys._getframe(1))
        return self._flowkit_recorder.project(self, ("item", key), sys._getframe(1))

    def __iter__(self) -> Iterator[Ref]:
        frame = sys._getframe(1)
        length = self._flowkit_recorder.fixed_length(self)
        if length is None:
            step = self._flowkit_recorder.step_of(self)
            used_as_value(
                self,
                "looped over or unpacked",
                f"map a step over it (`some_step.map({step}(...))`), or annotate `{step}` with a tuple of fixed length",
                frame,
            )
        parts = [self._flowkit_recorder.project(self, ("item", i), frame) for i in range(length)]
        names = unpacking(frame)
        if names is not None and not names.takes(length):
            # The body goes on, with as many parts as it has names for.
            recorder, node = self._flowkit_recorder, self._flowkit_node
            recorder.problem(misunpacked(self, length, names, frame))
            absent = range(length, names.names)
            parts = [*parts[: names.names], *(Ref(recorder, node, (("item", i),)) for i in absent)]
        return iter(parts)

    def __repr__(self) -> str:
        return f"<Ref to {self._flowkit_recorder.describe(self)}>"

    def __hash__(self) -> int:
        return id(self)

    def __copy__(self) -> Ref:
        return self

    def __deepcopy__(self, memo: object) -> Ref:
        return self

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> type:
            # isinstance, class patterns and singledispatch all come by here. An AttributeError would be swallowed
            # by isinstance; ours is not.
            used_as_value(self, "asked for its type", "look at the type inside a step", sys._getframe(1))


_INSTEAD: Final = {
    "truth": (
        "tested for truth",
        "branch with `when(...)` and `otherwise()`, or decide inside a step that gets the value",
    ),
    "length": ("asked for its length", "count inside a step that gets the value"),
    "compare": ("compared", "compare inside a step that gets the value"),
    "text": ("turned into text", "format it inside a step that gets the value"),
    "number": ("used in arithmetic", "compute inside a step that gets the value"),
    "contains": ("searched", "look inside a step that gets the value"),
    "call": ("called", "call the method inside a step that gets the value"),
    "assign": ("changed", "return a changed copy from a step"),
    "with": ("used as a context manager", "open and close it inside a step"),
    "await": ("awaited", "an `async` step is recorded by calling it; leave out `await` in a `def` workflow"),
    "convert": ("converted", "convert it inside a step that gets the value"),
}


def _refuse(kind: str) -> Callable[..., NoReturn]:
    how, instead = _INSTEAD[kind]

    def refused(self: Ref, *_: Any, **__: Any) -> NoReturn:
        used_as_value(self, how, instead, sys._getframe(1))

    return refused


_REFUSED: Final[dict[str, Sequence[str]]] = {
    "truth": ("__bool__",),
    "length": ("__len__", "__length_hint__", "__reversed__"),
    "compare": ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
    "text": ("__str__", "__format__", "__bytes__", "__fspath__"),
    "contains": ("__contains__",),
    "call": ("__call__",),
    "assign": ("__setitem__", "__delitem__", "__setattr__", "__delattr__"),
    "with": ("__enter__", "__exit__", "__aenter__", "__aexit__"),
    "await": ("__await__", "__aiter__", "__anext__", "__next__"),
    "convert": ("__int__", "__float__", "__complex__", "__index__", "__round__", "__trunc__", "__floor__", "__ceil__"),
    "number": (
        *tuple(
            f"__{prefix}{name}__"
            for name in [
                "add",
                "sub",
                "mul",
                "matmul",
                "truediv",
                "floordiv",
                "mod",
                "divmod",
                "pow",
                "lshift",
                "rshift",
                "and",
                "xor",
                "or",
            ]
            for prefix in ("", "r", "i")
        ),
        "__neg__",
        "__pos__",
        "__abs__",
        "__invert__",
    ),
}
for _kind, _names in _REFUSED.items():
    for _name in _names:
        if _name != "__idivmod__":
            setattr(Ref, _name, _refuse(_kind))


class Template:
    """A value that holds Refs somewhere inside, to be rebuilt when they are known."""

    __slots__ = ("refs", "shape")

    def __init__(self, shape: Any, refs: Sequence[Ref]) -> None:
        self.shape = shape
        self.refs = refs

    def fill(self, resolve: Callable[[Ref], Any]) -> Any:
        """The value with every Ref replaced. Classes are made anew through their constructors."""
        return _fill(self.shape, resolve)


def _fill(shape: Any, resolve: Callable[[Ref], Any]) -> Any:
    kind = type(shape)
    if kind is Ref:
        return resolve(shape)
    if kind in LEAVES:
        return shape
    if kind is list:
        return [resolve(item) if type(item) is Ref else _fill(item, resolve) for item in shape]
    if kind is dict:
        return {_fill(key, resolve): _fill(item, resolve) for key, item in shape.items()}
    if kind is tuple or kind is set or kind is frozenset:
        return kind(_fill(item, resolve) for item in shape)
    if issubclass(kind, tuple):
        return kind(*(_fill(item, resolve) for item in shape))
    if isinstance(shape, _Instance):
        return shape.kind(**{name: _fill(item, resolve) for name, item in shape.fields.items()})
    return shape


class _Instance:
    """An attrs or dataclass instance that holds Refs: its class, and what its constructor takes."""

    __slots__ = ("fields", "kind")

    def __init__(self, kind: type, fields: dict[str, Any]) -> None:
        self.kind = kind
        self.fields = fields


class Unbuildable(Exception):  # noqa: N818 - internal: told to the user as a diagnostic
    """A value that holds a Ref and can't be rebuilt with the real value."""


class Unsearchable(Unbuildable):
    """A value that can't be looked through for Refs at all."""


def capture(value: Any, refs: list[Ref]) -> Any:
    """A value as an argument: containers copied, the Refs inside collected in `refs`.

    The copy is taken so that changing a list after the call changes nothing. Returns a `Template` if there were Refs.
    Raises `Unbuildable` for a Ref inside something that can't be made anew, and for nesting too deep to follow.
    """
    before = len(refs)
    try:
        copied = _Walk(refs).copy(value)
    except RecursionError:
        message = "it is nested too deeply to be looked through"
        raise Unsearchable(message) from None
    if len(refs) == before:
        return copied
    return copied if type(copied) is Ref else Template(copied, refs[before:])


_OPEN: Final = object()


class _Walk:
    """One walk through an argument."""

    __slots__ = ("cyclic", "known", "refs")

    def __init__(self, refs: list[Ref]) -> None:
        self.refs = refs
        self.known: dict[int, Any] = {}
        self.cyclic = False

    def copy(self, value: Any) -> Any:
        kind = type(value)
        if kind in LEAVES:
            return value
        if kind is Ref:
            self.refs.append(value)
            return value
        if hasattr(kind, "__attrs_attrs__") or hasattr(kind, "__dataclass_fields__"):
            copy = self._instance
        elif kind in _CONTAINERS or issubclass(kind, tuple):
            copy = self._container
        else:
            return value
        known = self.known.get(id(value), self)
        if known is _OPEN:
            # What contains itself is passed on as it is; with a Ref inside it could never be rebuilt.
            self.cyclic = True
            return value
        if known is not self:
            return known
        self.known[id(value)] = _OPEN
        before = len(self.refs)
        copied = copy(value, kind)
        if self.cyclic and len(self.refs) > before:
            message = "it contains itself, so it can't be rebuilt once the result is known"
            raise Unbuildable(message)
        self.known[id(value)] = copied
        return copied

    def _container(self, value: Any, kind: type) -> Any:
        copy = self.copy
        if kind is dict:
            return {
                (key if type(key) in LEAVES else copy(key)): (item if type(item) in LEAVES else copy(item))
                for key, item in value.items()
            }
        items = []
        for item in value:
            its = type(item)
            if its is Ref:
                self.refs.append(item)
                items.append(item)
            else:
                items.append(item if its in LEAVES else copy(item))
        if kind is list:
            return items
        return kind(items) if kind in _CONTAINERS else tuple.__new__(kind, items)

    def _instance(self, value: Any, kind: Any) -> Any:
        before = len(self.refs)
        fields: dict[str, Any] = {}
        blocked = ""
        for name, argument, settable in _fields(kind):
            if name is None:
                blocked = blocked or argument
                continue
            inside = len(self.refs)
            held = self.copy(getattr(value, name, None))
            if settable:
                fields[argument] = held
            elif len(self.refs) > inside:
                blocked = blocked or name
        if len(self.refs) == before:
            return value
        if blocked:
            message = f"`{kind.__name__}` can't be made anew from its fields: its constructor doesn't set `{blocked}`"
            raise Unbuildable(message)
        return _Instance(kind, fields)


def _fields(kind: Any) -> Iterator[tuple[str | None, str, bool]]:
    """Attribute, constructor argument, and whether the constructor takes it; no attribute for an InitVar."""
    if hasattr(kind, "__attrs_attrs__"):
        for field in kind.__attrs_attrs__:
            yield field.name, field.alias, field.init
        return
    for field in kind.__dataclass_fields__.values():
        role = field._field_type.name
        if role == "_FIELD_INITVAR":
            yield None, field.name, False
        elif role == "_FIELD":
            yield field.name, field.name, field.init


def references(value: object) -> Iterator[int]:
    """The nodes whose results a recorded value holds."""
    if type(value) is Ref:
        yield value._flowkit_node
    elif type(value) is Template:
        for ref in value.refs:
            yield ref._flowkit_node


def project(value: Any, path: Path) -> Any:
    """The part of a value that a Ref's path names."""
    for how, key in path:
        value = getattr(value, key) if how == "attribute" else value[key]
    return value
