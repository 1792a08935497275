"""What doesn't fit where it goes, as data: arguments of calls, items of maps, and results of workflows."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args, get_origin

from flowkit.checks.hints import accepts, depends_on_value, fits, plain
from flowkit.checks.members import Absent, element
from flowkit.checks.objects import is_one_time, is_uncalled
from flowkit.checks.values import item_of_map, type_of
from flowkit.graph import Kind, Ref, SourceKind, Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.graph import Graph, Node, Source

__all__ = ["SCALARS", "Misfit", "misfits", "misfits_of_argument"]

SCALARS: Final = frozenset({int, str, float, bool, bytes, type(None)})
"""Values that are judged themselves; of others only what they hold is."""

_CONTAINERS: Final = (list, tuple, set, frozenset, dict)
_UNIONS: Final = (typing.Union, types.UnionType)


class Misfit(NamedTuple):
    """A value that can't go where it is passed."""

    value: Any
    """A Ref, a scalar, the class of a container, or a step that wasn't called."""
    given: Any
    wanted: Any
    item: int | None = None
    """Which item of what was written it is."""
    each: bool = False
    """Whether each item of the value is meant, and not the value itself."""
    reason: str = ""
    """Why a map can't go through it, if it can't."""
    once: bool = False
    """Whether it is of no type that may be given, since it can be gone through only once."""


def misfits_of_argument(graph: Graph, node: Node, position: int | str, wanted: Any) -> Iterator[Misfit]:
    """What a call passes to one of its parameters and can't fit there."""
    value = node.args[position] if isinstance(position, int) else (node.kwargs or {})[position]
    return _of_source(graph, value, wanted) if node.kind is Kind.MAP else _given(graph, value, wanted)


def _given(graph: Graph, value: Any, wanted: Any, index: int | None = None) -> Iterator[Misfit]:
    if is_one_time(value):
        yield Misfit(value, type(value), wanted, index, once=True)
    else:
        yield from misfits(graph, value, wanted, index)


def misfits(graph: Graph, value: Any, wanted: Any, index: int | None = None) -> Iterator[Misfit]:
    """What of a value can't fit where `wanted` is asked for: itself, or Refs that it holds."""
    kind = type(value)
    if kind is Ref:
        given = type_of(graph, value)
        if not fits(given, wanted):
            yield Misfit(value, given, wanted, index)
    elif kind is Template:
        yield from _of_container(graph, value.shape, wanted)
    elif kind in SCALARS:
        if not accepts(value, wanted):
            yield Misfit(value, kind, wanted, index)
    elif kind in _CONTAINERS:
        yield from _uncalled_items(value, wanted)
    elif is_uncalled(value, wanted):
        yield Misfit(value, kind, wanted, index)


def _of_container(graph: Graph, shape: Any, wanted: Any) -> Iterator[Misfit]:
    kind = type(shape)
    if not issubclass(kind, _CONTAINERS):
        return
    if not fits(kind, wanted):
        yield Misfit(kind, kind, wanted)
        return
    for index, (item, hint) in enumerate(_items(shape, wanted)):
        if type(item) is Ref:
            yield from misfits(graph, item, hint, index)
    yield from _uncalled_items(shape, wanted)


def _uncalled_items(items: Any, wanted: Any) -> Iterator[Misfit]:
    """The first item of each type that is a step; of other types a container may be large, and isn't looked at."""
    seen: set[Any] = {Ref, *SCALARS}
    for index, (item, hint) in enumerate(_items(items, wanted)):
        kind = type(item)
        if kind not in seen:
            seen.add(kind)
            if is_uncalled(item, hint):
                yield Misfit(item, kind, hint, index)


def _items(shape: Any, wanted: Any) -> Iterator[tuple[Any, Any]]:
    """The items of a container, each with the type that is asked for; nothing where that isn't said."""
    wanted = plain(wanted)
    if get_origin(wanted) in _UNIONS:
        fitting = [one for one in get_args(wanted) if fits(type(shape), one)]
        if len(fitting) != 1:
            return
        wanted = plain(fitting[0])
    parts = get_args(wanted)
    if isinstance(shape, dict):
        if len(parts) == 2:
            yield from ((item, parts[1]) for item in shape.values())
    elif get_origin(wanted) is tuple and not (len(parts) == 2 and parts[1] is ...):
        if len(parts) == len(shape):
            yield from zip(shape, parts, strict=True)
    elif get_origin(wanted) is tuple or len(parts) == 1:
        yield from ((item, parts[0]) for item in shape)


def _of_source(graph: Graph, source: Source, wanted: Any) -> Iterator[Misfit]:
    if source.kind is SourceKind.SAME:
        yield from _given(graph, source.value, wanted)
    elif source.kind is SourceKind.EACH:
        yield from _of_items(graph, source.value, wanted)
    elif source.kind is SourceKind.CHAIN:
        given = item_of_map(graph.nodes[source.value._flowkit_node])
        if not fits(given, wanted):
            yield Misfit(source.value, given, wanted, each=True)
    else:
        whole = type_of(graph, source.value)
        given = element(whole)
        if isinstance(given, Absent):
            yield Misfit(source.value, whole, wanted, reason=given.reason)
        elif not fits(given, wanted):
            yield Misfit(source.value, given, wanted, each=True)


def _of_items(graph: Graph, items: list[Any], wanted: Any) -> Iterator[Misfit]:
    """The first item of each type that doesn't fit: a thousand alike are one mistake."""
    by_value = depends_on_value(wanted)
    settled: set[Any] = set()
    for index, item in enumerate(items):
        kind = type(item)
        if kind in settled:
            continue
        for misfit in _given(graph, item, wanted, index):
            settled.add(kind)
            yield misfit
        if kind is not Ref and kind is not Template and not by_value:
            settled.add(kind)
