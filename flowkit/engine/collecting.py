"""Going through the lists of a map: somebody's own code, so none of it is for the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flowkit.graph import SourceKind
from flowkit.machine.flows import Flow, Stream
from flowkit.machine.groups import Items

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowkit.graph import Node
    from flowkit.graph.model import Source
    from flowkit.machine.groups import Group
    from flowkit.policies import Policy

__all__ = ["collect"]

_SIMPLE: Final = re.compile(r"[\w.,:;+=@$%&!~^*()<>|-]+")
"""Keys that are shown as they are; others in quotes, so that a node's key is read in one way alone."""


def collect(
    node: Node,
    policy: Policy,
    resolve: Callable[[Any], Any],
    group_of: Callable[[int], Group],
    *,
    streamed: bool = False,
) -> Items | Flow:
    """Go through the lists of a map: how many items there are, their columns, their names, and who comes after whom.

    `group_of` gives the items of another map, by its place in the same body. Runs whatever iterating means to the
    values, and the map's own functions, so it isn't for the machine. Raises TypeError for a value that is no list of
    items or no name of one, and ValueError for lists that differ in length, and for names that say nothing.
    """
    label = node.spec.label if node.spec is not None else ""
    if streamed:
        return _flow(node, resolve, group_of, label)
    columns: list[tuple[SourceKind, Any]] = []
    lengths: dict[int, int] = {}
    for position, source in enumerate(node.args):
        kind, value = _column(source, resolve, group_of, label)
        columns.append((kind, value))
        if kind is not SourceKind.SAME:
            lengths[position] = value.size if kind is SourceKind.CHAIN else len(value)
    counts = list(lengths.values())
    if any(count != counts[0] for count in counts):
        each = ", ".join(f"{count} in argument {position + 1}" for position, count in lengths.items())
        message = f"`{label}.map` was given lists of different lengths: {each}"
        raise ValueError(message)
    names = blockers = None
    if any(kind is SourceKind.CHAIN for kind, _ in columns):
        return Items(counts[0], columns)  # they are called as those that they go on from
    if policy.item_key is not None:
        names = _names(label, policy.item_key, columns, counts[0])
    if policy.item_depends_on is not None:
        blockers = _blockers(label, policy.item_depends_on, columns, counts[0], names)
    return Items(counts[0], columns, names, blockers)


def _flow(node: Node, resolve: Callable[[Any], Any], group_of: Callable[[int], Group], label: str) -> Flow:
    columns: list[tuple[SourceKind, Any]] = []
    is_async = False
    for source in node.args:
        if source.kind is SourceKind.CHAIN:
            columns.append((SourceKind.CHAIN, group_of(source.value._flowkit_node)))
        elif source.kind is SourceKind.SAME:
            columns.append((SourceKind.SAME, resolve(source.value)))
        else:
            value = source.value if source.kind is SourceKind.EACH else resolve(source.value)
            if hasattr(value, "__anext__"):
                is_async = True
                columns.append((SourceKind.EACH, value))
            else:
                _check_list(value, label)
                columns.append((SourceKind.EACH, iter(value)))
    return Flow(columns, label, is_async)


def _asked(option: str, label: str, function: Callable[..., Any], columns: Sequence[Any], item: int) -> Any:
    """What a function of the map says of an item; it is given what the step is."""
    try:
        return function(*[held if kind is SourceKind.SAME else held[item] for kind, held in columns])
    except Exception as error:
        error.add_note(f"`{option}` of `{label}` was asked about item {item}")
        raise


def _names(label: str, item_key: Callable[..., Any], columns: Sequence[Any], count: int) -> list[str]:
    names: dict[str, int] = {}
    for item in range(count):
        name = _name(_asked("item_key", label, item_key, columns, item), "item_key", label, item)
        if name in names:
            message = (
                f"`item_key` of `{label}` gives {name} for two items, {names[name]} and {item}; keys have to differ"
            )
            raise ValueError(message)
        names[name] = item
    return list(names)


def _name(key: Any, option: str, label: str, item: int) -> str:
    if isinstance(key, bool) or not isinstance(key, str | int):
        message = f"`{option}` of `{label}` gives {key!r} for item {item}; keys are strings or whole numbers"
        raise TypeError(message)
    text = str(key)
    return text if _SIMPLE.fullmatch(text) else repr(text)


def _blockers(
    label: str, item_depends_on: Callable[..., Any], columns: Sequence[Any], count: int, names: Sequence[str] | None
) -> list[list[int]]:
    """Per item, the places of those that it comes after. Raises ValueError for what isn't there, and for a circle."""
    from graphlib import CycleError, TopologicalSorter

    known = names if names is not None else [str(item) for item in range(count)]
    places = {name: item for item, name in enumerate(known)}
    blockers: list[list[int]] = []
    for item in range(count):
        given = _asked("item_depends_on", label, item_depends_on, columns, item)
        keys = () if given is None else (given,) if isinstance(given, str | int) else given
        if not isinstance(keys, Iterable):
            message = f"`item_depends_on` of `{label}` gives {given!r} for item {known[item]}; write a list of keys"
            raise TypeError(message)
        wanted = [_name(key, "item_depends_on", label, item) for key in keys]
        strange = next((name for name in wanted if name not in places), None)
        if strange is not None:
            message = f"item {known[item]} of `{label}` is to come after {strange}, which is none of its {count} items"
            raise ValueError(message)
        blockers.append(list(dict.fromkeys(places[name] for name in wanted)))
    try:
        TopologicalSorter(dict(enumerate(blockers))).prepare()
    except CycleError as error:
        places_round: list[int] = error.args[1]
        circle = " after ".join([known[item] for item in reversed(places_round)])
        message = f"items of `{label}` wait for one another: {circle}"
        raise ValueError(message) from None
    return blockers


def _column(
    source: Source, resolve: Callable[[Any], Any], group_of: Callable[[int], Group], label: str
) -> tuple[SourceKind, Any]:
    if source.kind is SourceKind.CHAIN:
        group = group_of(source.value._flowkit_node)
        # A stream that has ended is a list like any other.
        return (SourceKind.EACH, group.value) if isinstance(group, Stream) else (SourceKind.CHAIN, group)
    if source.kind is SourceKind.EACH:
        return SourceKind.EACH, source.value
    value = resolve(source.value)
    if source.kind is SourceKind.SAME:
        return SourceKind.SAME, value
    _check_list(value, label)
    return SourceKind.EACH, list(value)


def _check_list(value: Any, label: str) -> None:
    if hasattr(value, "__anext__"):
        message = (
            f"`{label}.map` needs all items at once here, and an async generator gives them one by one; "
            "make a list of them in an async step"
        )
        raise TypeError(message)
    if isinstance(value, (str, bytes, bytearray, dict)) or not hasattr(value, "__iter__"):
        message = f"`{label}.map` got a {type(value).__name__} where it goes through a list of items"
        raise TypeError(message)
