"""The items of a map that come while it runs: from where, how many at a time, and which of them are in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowkit.graph import SourceKind
from flowkit.machine.groups import Group, Items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.machine.bodies import Body
    from flowkit.policies import Policy

__all__ = ["Batch", "Flow", "Pulled", "Stream"]

WINDOW: Final = 256
"""How many items of a stream are in flight at the same time, unless its maps say that fewer run at once."""


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


class Batch:
    """Some items of a stream that are in flight together, in each of the maps that they go through."""

    __slots__ = ("number", "offset", "parts", "size")

    def __init__(self, number: int, offset: int, size: int) -> None:
        self.number = number
        self.offset = offset
        self.size = size
        self.parts: dict[int, int] = {}
        """Per map, the node that stands for these items of it."""


class Stream(Group):
    """A map whose items come while it runs. Its parts are maps of their own, which nobody sees."""

    __slots__ = (
        "batches",
        "count",
        "flow",
        "flying",
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
        """Of that one: what isn't forgotten, in order."""
        self.flying: dict[int, Batch] = {}
        """Of that one: what not all maps are done with. The others may be many, where a record of them is kept."""
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
