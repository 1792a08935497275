"""The items of a map while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowkit.engine.seats import Seats
from flowkit.graph import Ref, SourceKind, Template, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowkit.engine.bodies import Body
    from flowkit.graph import Node
    from flowkit.graph.model import Source

__all__ = ["Group", "collect"]


class Group:
    """A map whose items are known: which nodes they are, and where the arguments of each come from."""

    __slots__ = ("base", "columns", "home", "map", "seats", "size")

    def __init__(
        self,
        map_index: int,
        base: int,
        size: int,
        columns: Sequence[tuple[SourceKind, Any]],
        limit: int | None,
        home: Body,
    ) -> None:
        self.map = map_index
        self.home = home
        """The body that the map was written in."""
        self.base = base
        """The index of the first item; the others follow it."""
        self.size = size
        self.columns = columns
        """Per argument, its kind and: the list, the group that is gone on from, or the value that all get."""
        self.seats = None if limit is None else Seats(limit)
        """The places of the attempts that may run at the same time."""

    @property
    def items(self) -> range:
        """The nodes that they are."""
        return range(self.base, self.base + self.size)

    def sources(self, item: int) -> Iterator[int]:
        """The nodes that one item takes its values from."""
        for kind, held in self.columns:
            if kind is SourceKind.CHAIN:
                yield held.base + item
            elif kind is SourceKind.EACH:
                yield from map(self.home.where, references(held[item]))

    @property
    def is_flat(self) -> bool:
        """Whether no item waits for another node."""
        for kind, held in self.columns:
            if kind is SourceKind.CHAIN:
                return False
            if kind is SourceKind.EACH and any(type(item) is Ref or type(item) is Template for item in held):
                return False
        return True


def collect(
    node: Node, resolve: Callable[[Any], Any], group_of: Callable[[int], Group]
) -> tuple[int, list[tuple[SourceKind, Any]]]:
    """Go through the lists of a map: how many items there are, and its columns.

    `group_of` gives the items of another map, by its place in the same body. Runs whatever iterating means to the values, so it isn't for the machine. Raises TypeError for a value that is no
    list of items, and ValueError for lists that differ in length.
    """
    label = node.spec.label if node.spec is not None else ""
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
    return counts[0], columns


def _column(
    source: Source, resolve: Callable[[Any], Any], group_of: Callable[[int], Group], label: str
) -> tuple[SourceKind, Any]:
    if source.kind is SourceKind.CHAIN:
        return SourceKind.CHAIN, group_of(source.value._flowkit_node)
    if source.kind is SourceKind.EACH:
        return SourceKind.EACH, source.value
    value = resolve(source.value)
    if source.kind is SourceKind.SAME:
        return SourceKind.SAME, value
    if isinstance(value, (str, bytes, bytearray, dict)) or not hasattr(value, "__iter__"):
        message = f"`{label}.map` got a {type(value).__name__} where it goes through a list of items"
        raise TypeError(message)
    return SourceKind.EACH, list(value)
