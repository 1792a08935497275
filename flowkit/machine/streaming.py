"""Maps that go through what a generator yields, while it still yields.

A few items at a time are pulled, and each few become a part: a map of their own, of which nobody is told, for each of
the maps that they go through. To the map that stands in the text its parts are what items are to another. When all
maps of a family are done with a part, its items leave the tables, and there is room for more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowkit.graph import Kind, Node, SourceKind
from flowkit.machine.flows import Batch, Stream
from flowkit.machine.groups import Items
from flowkit.machine.growing import Growing
from flowkit.machine.requests import CloseFlow, Work
from flowkit.machine.statuses import Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.machine.flows import Flow, Pulled
    from flowkit.plan import Plan

__all__ = ["Streaming"]

_SUCCEEDED = Status.SUCCEEDED


class Streaming(Growing):
    """Streams, and what is in flight of them."""

    __slots__ = ("_streams", "pulls")

    def __init__(self, plan: Plan, *, fail_fast: bool, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, fail_fast=fail_fast, listening=listening, keeps=keeps, watched=watched)
        self.pulls: dict[int, Stream] = {}
        """Per node that pulls, for which map."""
        self._streams: list[Stream] = []
        """Those that aren't over, and are looked at when something stirs."""

    def flow(self, pull: int) -> tuple[Flow, int]:
        """What is to be pulled from, and how many items at most, for whoever took the node that pulls."""
        stream = self.pulls[pull]
        assert stream.flow is not None
        return stream.flow._replace(before=stream.size), max(1, min(stream.window // 2, stream.window - stream.live))

    def _open_stream(self, index: int, flow: Flow) -> None:
        """What a map goes through is known, and its items aren't."""
        home, policy, local = self.homes[index], self.policies[index], self.nodes[index].index
        assert policy is not None
        family = home.streams[local]
        stream = Stream(index, flow, policy, home, is_kept=self.keeps or local in family.kept)
        self.groups[index] = stream
        self.status[index] = Status.RUNNING
        self.waits[index] = 0
        self.stirring.add(index)
        self.stirred = True
        root = stream.root
        if root is stream:
            stream.follows = tuple(home.where(i) for i in family.followers)
            self.stirring.update(stream.follows)
            self._streams.append(stream)
            self._begin_pulling(stream, flow)
        else:
            root.window = min(root.window, stream.window)
            if self.is_visible(root.pull):
                self._judge(root.pull, index)
            else:
                self.dependents[root.pull] = (*self.dependents[root.pull], index)
                self.waits[index] += 1
            for batch in root.flying.values():
                self._add_part(stream, batch)
        for target in self.chains.get(index, ()):
            self.fresh.extend(self._wire(index, target))
        if not self.waits[index]:
            self.fresh.append(index)

    def _begin_pulling(self, stream: Stream, flow: Flow) -> None:
        index = stream.map
        pull = stream.pull = self._stand(
            Node(-1, Kind.BARRIER, None, (), None, (), None, 0, None, 0), stream.home, index
        )
        self.owners[pull] = stream
        self.lanes[pull] = Lane.LOOP if flow.is_async else Lane.POOL if self.lanes[index] is Lane.POOL else Lane.ANY
        self.pulls[pull] = stream
        self.stirring.add(pull)
        if self.sheltered is not None and index in self.sheltered:
            self.sheltered.add(pull)

    def _take_in(self, pull: int, pulled: Pulled, now: float) -> None:
        """Some items have come."""
        stream = self.pulls[pull]
        self.status[pull] = Status.PENDING
        self.stirred = True
        if pulled.size:
            batch = Batch(stream.count, stream.size, pulled.size)
            stream.count += 1
            stream.batches[batch.number] = stream.flying[batch.number] = batch
            stream.live += batch.size
            self._add_part(stream, batch, pulled.columns)
            for index in stream.follows:
                follower = self.groups.get(index)
                if isinstance(follower, Stream) and self.status[index] < _SUCCEEDED:
                    self._add_part(follower, batch)
        if not pulled.ended:
            return
        if self.listening and not stream.size:
            self._tell("items_collected", stream.map, count=0)
        if pulled.error is None:
            self._settle(pull, _SUCCEEDED, now)
            return
        if self.status[stream.map] < _SUCCEEDED:
            self._fail(stream.map, pulled.error, Status.FAILED, now)
        if self.status[pull] < _SUCCEEDED:
            self.errors[pull] = pulled.error
            if stream.map in self._unhandled:
                self._unhandled.add(pull)
            self._settle(pull, Status.FAILED, now)

    def _add_part(self, stream: Stream, batch: Batch, columns: Sequence[tuple[SourceKind, Any]] | None = None) -> None:
        """Have the items of a batch go through one of the maps."""
        index = stream.map
        if columns is None:
            columns = [
                (kind, self.groups[batch.parts[held.map]] if kind is SourceKind.CHAIN else held)
                for kind, held in stream.columns
            ]
        part = self._stand(self.nodes[index], stream.home, index)
        self.policies[part], self.lanes[part], self.owners[part] = self.policies[index], self.lanes[index], stream
        self.stirring.add(part)
        if self.sheltered is not None and index in self.sheltered:
            self.sheltered.add(part)
        batch.parts[index] = part
        group = self._grow(part, Items(batch.size, columns), batch.offset)
        self.status[part] = Status.RUNNING
        stream.size += batch.size
        if self.listening:
            self._tell("items_collected", index, count=batch.size)
        if group.is_flat:
            self.fresh.extend(group.items)
        else:
            self._connect(group)

    def _tend_streams(self) -> None:
        """Let go of what all are done with, and have more pulled where there is room."""
        self.stirred = False
        for stream in list(self._streams):
            for batch in list(stream.flying.values()):
                if self._is_over(stream, batch):
                    self._let_go_of(stream, batch)
            pull = stream.pull
            if self.status[pull] >= _SUCCEEDED:
                self._close_stream(stream)
            elif self.status[pull] is Status.PENDING and pull not in self.other_work and stream.live < stream.window:
                self.other_work[pull] = Work.COLLECT
                self.ready[self.lanes[pull]].append(pull)

    def _close_stream(self, stream: Stream) -> None:
        """Nothing more is pulled. What hasn't come to its end by itself is closed, unless somebody is just in it."""
        flow = stream.flow
        if flow is not None and not stream.is_out:
            stream.flow = None
            if self.status[stream.pull] is Status.CANCELLED:
                self.requests.append(CloseFlow(flow.iterators))
        if stream.flow is None and not stream.flying:
            self._streams.remove(stream)

    def _is_over(self, stream: Stream, batch: Batch) -> bool:
        """Whether everybody is done with some items; who hasn't begun may want them yet."""
        for index in (stream.map, *stream.follows):
            part = batch.parts.get(index)
            if self.status[index if part is None else part] < _SUCCEEDED:
                return False
        return True

    def _let_go_of(self, stream: Stream, batch: Batch) -> None:
        del stream.flying[batch.number]
        stream.live -= batch.size
        gone: list[int] = []
        if any(self.status[part] is not _SUCCEEDED for part in batch.parts.values()):
            return  # what becomes of the whole is told from it
        for index, part in batch.parts.items():
            of, items = self.groups[index], self.groups[part].items
            assert isinstance(of, Stream)
            if of.is_kept and self.status[index] < _SUCCEEDED:
                of.lists[batch.number] = self.values[part]
            gone += [part, *items]
        if self.keeps or self.listening or self._lingering or stream.home.undoes:
            return
        if self._erase(gone):
            del stream.batches[batch.number]

    def _erase(self, gone: list[int]) -> bool:
        """Let go of nodes, and of the streams among them."""
        known = set(gone)
        erased = super()._erase(gone)
        if erased and self.pulls:
            self._streams = [stream for stream in self._streams if stream.map not in known]
            for pull in known.intersection(self.pulls):
                del self.pulls[pull]
            self.stirring.difference_update(known)
        return erased

    def _list_of(self, stream: Stream) -> list[Any] | None:
        """What a stream has come to, in the order of its items; None where nobody takes it."""
        if not stream.is_kept:
            return None
        for batch in stream.root.batches.values():
            part = batch.parts.get(stream.map)
            if part is not None and self.status[part] is _SUCCEEDED:
                stream.lists[batch.number] = self.values[part]
        lists, stream.lists = stream.lists, {}
        stream.value = [value for number in sorted(lists) for value in lists[number]]
        return stream.value
