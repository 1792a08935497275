"""The items of a map while it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowkit.engine.seats import Seats
from flowkit.graph import Ref, SourceKind, Template, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowkit.engine.bodies import Body
    from flowkit.graph import Node
    from flowkit.graph.model import Source
    from flowkit.policies import Policy

__all__ = ["Batch", "Flow", "Group", "Items", "Pulled", "Stream", "collect"]

WINDOW: Final = 256
"""How many items of a stream are in flight at the same time, unless its maps say that fewer run at once."""

_SIMPLE: Final = re.compile(r"[\w.,:;+=@$%&!~^*()<>|-]+")
"""Keys that are shown as they are; others in quotes, so that a node's key is read in one way alone."""


class Items(NamedTuple):
    """What going through the lists of a map has shown."""

    size: int
    columns: Sequence[tuple[SourceKind, Any]]
    """Per argument, its kind and: the list, the group that is gone on from, or the value that all get."""
    names: Sequence[str] | None = None
    """What the items are called, if not by their places."""
    blockers: Sequence[Sequence[int]] | None = None
    """Per item, the places of those that it comes after."""


class Flow(NamedTuple):
    """What a map goes through while it still comes: the lists are gone through a few items at a time."""

    columns: Sequence[tuple[SourceKind, Any]]
    """Per argument, its kind and: the iterator, the stream that is gone on from, or the value that all get."""
    label: str = ""
    is_async: bool = False
    before: int = 0
    """How many items came before."""

    @property
    def iterators(self) -> list[Any]:
        """What is gone through, in the order of the arguments."""
        return [held for kind, held in self.columns if kind is SourceKind.EACH]


class Pulled(NamedTuple):
    """Some more items of what a map goes through."""

    size: int
    columns: Sequence[tuple[SourceKind, Any]]
    """As of a map whose items are all known."""
    ended: bool
    """Whether there are no more."""
    error: BaseException | None = None
    """What a generator raised in the end, or what is wrong with the lists."""


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
        of: Stream | None = None,
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


class Batch:
    """Some items of a stream that are in flight together, in each of the maps that they go through."""

    __slots__ = ("is_over", "number", "offset", "parts", "size")

    def __init__(self, number: int, offset: int, size: int) -> None:
        self.number = number
        self.offset = offset
        self.size = size
        self.is_over = False
        """Whether all those maps are done with them."""
        self.parts: dict[int, int] = {}
        """Per map, the node that stands for these items of it."""


class Stream(Group):
    """A map whose items come while it runs. Its parts are maps of their own, which nobody sees."""

    __slots__ = (
        "batches",
        "count",
        "flow",
        "follows",
        "is_kept",
        "is_out",
        "lists",
        "live",
        "pull",
        "root",
        "value",
        "window",
    )

    def __init__(self, map_index: int, flow: Flow, policy: Policy, home: Body, *, is_kept: bool) -> None:
        super().__init__(map_index, -1, Items(0, flow.columns), policy, home)
        self.is_kept = is_kept
        """Whether anybody takes its list."""
        before = [held for kind, held in flow.columns if kind is SourceKind.CHAIN]
        self.root: Stream = before[0].root if before else self
        """The map that the items are pulled for."""
        self.follows: tuple[int, ...] = ()
        """Of that one: the other maps that they go through, whether or not those have begun."""
        self.pull = -1
        """Of that one: the node that pulls."""
        self.batches: dict[int, Batch] = {}
        """Of that one: what is in flight, in order."""
        self.count = 0
        """Of that one: how many batches there were."""
        self.live = 0
        """Of that one: how many items are in flight."""
        self.flow: Flow | None = flow
        """Of that one: what is pulled from; None once that is over."""
        self.is_out = False
        """Of that one: whether somebody is pulling, or about to."""
        self.window = WINDOW if policy.max_concurrency is None else min(WINDOW, 2 * policy.max_concurrency)
        self.lists: dict[int, list[Any]] = {}
        """What came of those that aren't in flight any more, by the number of their batch."""
        self.value: list[Any] | None = None
        """Its list, in the end."""

    @property
    def items(self) -> Sequence[int]:
        """The nodes that stand for what is in flight, and the one that pulls."""
        parts = [batch.parts[self.map] for batch in self.root.batches.values() if self.map in batch.parts]
        return parts if self.root is not self or self.pull < 0 else [self.pull, *parts]

    def sources(self, item: int) -> Iterator[int]:  # noqa: ARG002 - a part has none of its own
        """Nothing: what items take their values from, their parts know."""
        return iter(())


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
