"""The items of a map while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flowkit.graph import Ref, SourceKind, Template, references
from flowkit.machine.seats import Seats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowkit.machine.bodies import Body
    from flowkit.policies import Policy

__all__ = ["Group", "Items"]


class Items(NamedTuple):
    """What going through the lists of a map has shown."""

    size: int
    columns: Sequence[tuple[SourceKind, Any]]
    """Per argument, its kind and: the list, the group that is gone on from, or the value that all get."""
    names: Sequence[str] | None = None
    """What the items are called, if not by their places."""
    blockers: Sequence[Sequence[int]] | None = None
    """Per item, the places of those that it comes after."""


class Group:
    """A map whose items are known: which nodes they are, and where the arguments of each come from."""

    __slots__ = (
        "base",
        "blockers",
        "columns",
        "home",
        "leaves_out",
        "map",
        "names",
        "offset",
        "reaction",
        "seats",
        "size",
        "written",
    )

    def __init__(
        self,
        map_index: int,
        base: int,
        items: Items,
        policy: Policy,
        home: Body,
        of: Group | None = None,
        offset: int = 0,
    ) -> None:
        self.map = map_index
        self.written = map_index if of is None else of.map
        """The map that stands in the text; of a part of a stream, that is the stream."""
        self.offset = offset
        """How many items of the stream come before these."""
        self.home = home
        """The body that the map was written in."""
        self.base = base
        """The index of the first item; the others follow it."""
        self.size = items.size
        self.columns = items.columns
        before = [held for kind, held in items.columns if kind is SourceKind.CHAIN]
        self.names = items.names or next((group.names for group in before if group.names is not None), None)
        self.blockers = items.blockers
        limit = policy.max_concurrency
        self.seats: Seats | None = None if limit is None else Seats(limit)
        if of is not None:
            self.seats = of.seats
        """The places of the attempts that may run at the same time."""
        self.reaction = policy.on_item_failure
        """What an item's failure means for the others and the whole."""
        self.leaves_out = self.reaction in ("continue", "skip_dependents")
        """Whether its list is without the items that have no value: its own, or of a map that it goes on from."""

    def name(self, index: int) -> str:
        """What the item that a node is goes by, in keys."""
        place = index - self.base
        return str(self.offset + place) if self.names is None else self.names[place]

    @property
    def items(self) -> Sequence[int]:
        """The nodes that they are."""
        return range(self.base, self.base + self.size)

    def sources(self, item: int) -> Iterator[int]:
        """The nodes that one item takes its values from."""
        for kind, held in self.columns:
            if kind is SourceKind.CHAIN:
                yield held.base + item
            elif kind is SourceKind.EACH:
                yield from map(self.home.where, references(held[item]))

    def blockers_of(self, item: int) -> Iterable[int]:
        """The nodes of the items that one comes after."""
        return () if self.blockers is None else [self.base + place for place in self.blockers[item]]

    @property
    def is_flat(self) -> bool:
        """Whether no item waits for another node."""
        if self.blockers is not None:
            return False
        for kind, held in self.columns:
            if kind is SourceKind.CHAIN:
                return False
            if kind is SourceKind.EACH and any(type(item) is Ref or type(item) is Template for item in held):
                return False
        return True
