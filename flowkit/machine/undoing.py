"""Undoing what was done, where it came to nothing: the compensations of sagas.

A step with a compensation is armed when its first attempt begins. If the body it is in fails or is stopped, or if a race
or a scope leaves it behind, its compensation is run: one after another, in reverse order of completion, once nothing
else is left of what is undone. What succeeded is undone, and so is what was told to stop, since nobody knows how far it
came; what failed for certain, and what a fallback stood in for, isn't.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowkit.graph import Kind, Node, Outcome
from flowkit.machine.seating import Seating
from flowkit.machine.statuses import Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from flowkit.machine.bodies import Body
    from flowkit.plan import Plan

__all__ = ["Undoing"]

_SUCCEEDED = Status.SUCCEEDED
_UNDER_WAY = (Status.RUNNING, Status.RETRYING, Status.WAITING)


class Undoing(Seating):
    """What would have to be undone, and undoing it."""

    __slots__ = ("_batches", "_newest")

    def __init__(self, plan: Plan, *, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, listening=listening, keeps=keeps, watched=watched)
        self._batches: dict[int, set[int]] = {}
        """Per node that stands for what a race or a scope has left behind: what that is."""
        self._newest: dict[int, int] = {}
        """Per node that waits for compensations, the one that it waits for."""

    def undone(self, index: int) -> Outcome[Any]:
        """What the compensation of a node is told of it. What a fallback gave is no result of its own."""
        if index in self._stood_in:
            return Outcome(Status.FAILED.word, None, self.errors.get(index), "a fallback stood in for it")
        return self.outcome(index)

    def _is_cleanup(self, index: int) -> bool:
        """Whether a node cleans up: in an `always` block of its body, or as a compensation."""
        if self.nodes[index].index < 0 and index != self.root.node and self.owners[index] is None:
            return True
        home = self.homes[index]
        return bool(home.cleanup) and self._whole(index) in home.cleanup

    def cleans_up(self, index: int) -> bool:
        """Whether a node is done at the end of what it is in, however that ends: it, or what it is done in the place of."""
        while not self._is_cleanup(index):
            home = self.homes[index]
            if home is self.root:
                return False
            index = home.node
        return True

    @property
    def is_cleaning_up(self) -> bool:
        """Whether something is under way that goes on though the run is stopped, or is to be tried again."""
        return any(self.status[index] in _UNDER_WAY for index in self.sheltered or ())

    def _whole(self, index: int) -> int:
        """The node that is written in the body: the map, for an item of it."""
        owner = self.owners[index]
        return index if owner is None else owner.written

    def _arm(self, index: int) -> None:
        """The first attempt of a node with a compensation begins. What cleans up is never undone."""
        if index in self.armed or self._is_cleanup(index):
            return
        self.armed[index] = None
        if self.sheltered is None:
            self.sheltered = set()
        home = self.homes[index]
        while not home.undoes:
            home.undoes = True
            if home is not self.root:
                home = self.homes[home.node]

    def _is_done_in(self, index: int, call: int) -> bool:
        """Whether a node was written in the body of a call, or in that of one that this calls."""
        while True:
            home = self.homes[index]
            if self._is_cleanup(index):
                return False
            if home.node == call:
                return True
            if home is self.root:
                return False
            index = home.node

    def _is_among(self, index: int, nodes: set[int]) -> bool:
        """Whether a node is one of these, or in the place of one."""
        while True:
            if index in nodes or self._whole(index) in nodes:
                return True
            if self.homes[index] is self.root:
                return False
            index = self.homes[index].node

    def _owes(self, body: Body) -> bool:
        """Whether something that was done in a body would have to be undone if it ended badly, or is being undone."""
        return body.undoing > 0 or (
            body.undoes and any(self._is_done_in(index, body.node) for index in reversed(self.armed))
        )

    def _undo_body(self, body: Body) -> bool:
        """Undo the newest of what was done in a body that ends badly; False where nothing is left."""
        call = body.node
        going_on = self._undo_next(call, lambda index: self._is_done_in(index, call))
        body.undoing = int(going_on)
        return going_on

    def _undo_batch(self, batch: int) -> bool:
        """Undo the newest of what was left behind; False where nothing is left."""
        members = self._batches[batch]
        if self._undo_next(batch, lambda index: self._is_among(index, members)):
            return True
        self.homes[batch].undoing -= 1
        return False

    def _undo_next(self, waiter: int, is_meant: Callable[[int], bool]) -> bool:
        """Have the newest of what is meant undone, for a node that waits for that; False where there is none."""
        before = self._newest.pop(waiter, -1)
        if self.listening and before >= 0 and self.status[before] is _SUCCEEDED:
            self._tell("step_compensated", self.undoing[before], by=self.key(before))
        index = next((index for index in reversed(self.armed) if is_meant(index)), None)
        if index is None:
            return False
        del self.armed[index]
        home, spec = self.homes[index], self.nodes[index].spec
        undo = spec.compensation if spec is not None else None
        assert undo is not None
        policy, lane = home.compensations[undo]
        node = self._stand(Node(-1, Kind.CALL, undo, (), None, (), None, 0, None, 0), home, waiter)
        self._shelter(node)
        self.policies[node], self.lanes[node] = policy, lane
        self.undoing[node] = index
        self._newest[waiter] = node
        self.fresh.append(node)
        return True

    def _undo_dropped(self, nodes: Iterable[int], home: Body) -> None:
        """Have what was left behind undone, once it has ended."""
        if not self.armed:
            return
        members = set(nodes)
        if not any(self._is_among(index, members) for index in self.armed):
            return
        batch = self._stand(Node(-1, Kind.BARRIER, None, (), None, (), None, 0, None, 0), home, home.node)
        self._shelter(batch)
        self.lanes[batch] = Lane.MACHINE
        self._batches[batch] = members
        home.undoing += 1
        for index in members:
            if not self.is_visible(index):
                self.dependents[index] = (*self.dependents[index], batch)
                self.waits[batch] += 1
        if not self.waits[batch]:
            self.fresh.append(batch)

    def _stand(self, node: Node, home: Body, waiter: int) -> int:
        """Add a node that nobody has written, for another that waits for it."""
        index = self._allocate(1)
        self.nodes[index], self.homes[index] = node, home
        self.dependents[index] = (waiter,)
        self.waits[waiter] += 1
        self.left += 1
        return index

    def _shelter(self, index: int) -> None:
        """Have a node go on though the run is stopped."""
        assert self.sheltered is not None  # something is armed
        self.sheltered.add(index)
