"""Places under a limit: who waits for one, who has one, and who gives it back.

An attempt holds its places from before it begins until it really ends, left behind or not. Nodes with several limits
take their places in the order of those, from the outside inwards, so that nobody waits for somebody who waits for him.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowkit.machine.edges import Edges
from flowkit.machine.requests import Borrow, GiveBack
from flowkit.machine.seats import Seats
from flowkit.machine.statuses import Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.plan import Plan
    from flowkit.policies import Limit

__all__ = ["Seating"]


class Seating(Edges):
    """Nodes that are ready, and the places they take."""

    __slots__ = ("_borrowing", "_held", "turns")

    def __init__(self, plan: Plan, *, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, listening=listening, keeps=keeps, watched=watched)
        self.turns: dict[int, Seats] = {}
        """Per node in a `one_at_a_time`, its place."""
        self._held: dict[tuple[int, int], list[Seats | Limit]] = {}
        """Per attempt that has begun, or is about to, the places that it holds."""
        self._borrowing: dict[tuple[int, int], Limit] = {}
        """Attempts that are to begin once they have a place under a limit that other runs share."""

    def _seats(self, index: int) -> Sequence[Seats | Limit]:
        """The limits that a node is under, from the outside inwards."""
        group = self.owners[index]
        turn = self.turns.get(index if group is None else group.written)
        policy = self.policies[index]
        seats = (turn, group.seats if group is not None else None, policy.limit if policy is not None else None)
        return [one for one in seats if one is not None]

    def _sit(self, index: int, attempt: int) -> bool:
        """Take the places of an attempt; False where it has to wait for one."""
        wanted = self._seats(index)
        if not wanted:
            return True
        held = self._held.setdefault((index, attempt), [])
        for seats in wanted[len(held) :]:
            if not isinstance(seats, Seats):
                if (index, attempt) not in self._borrowing:
                    self._borrowing[index, attempt] = seats
                    self.requests.append(Borrow(index, attempt, seats))
                return False
            if seats.taken >= seats.limit:
                seats.queue.append(index)
                return False
            seats.taken += 1
            held.append(seats)
        return True

    def _enqueue(self, index: int) -> None:
        """A node may begin, once it has its places."""
        group, policy = self.owners[index], self.policies[index]
        limited = self.turns or (group is not None and group.seats) or (policy is not None and policy.limit)
        if limited and not self._sit(index, self.attempts.get(index, 0) + 1):
            return
        self.other_work.pop(index, None)
        if self.lanes[index] is Lane.FLOW:
            self.fresh.append(index)
        else:
            self.ready[self.lanes[index]].append(index)

    def _lend(self, index: int, attempt: int) -> bool:
        """There is a place under the limit that an attempt waits for; False if it waits no more."""
        limit = self._borrowing.pop((index, attempt), None)
        if limit is None:
            return False
        self._held[index, attempt].append(limit)
        self._enqueue(index)
        return True

    def _give_back(self, index: int, attempt: int) -> None:
        """An attempt ended, or won't begin: the next in line may have its places."""
        wanted = self._borrowing.pop((index, attempt), None) if self._borrowing else None
        if wanted is not None:
            self.requests.append(GiveBack(index, attempt, wanted))
        for seats in self._held.pop((index, attempt), ()) if self._held else ():
            if not isinstance(seats, Seats):
                self.requests.append(GiveBack(index, attempt, seats))
                continue
            seats.taken -= 1
            while seats.queue and seats.taken < seats.limit:
                waiting = seats.queue.popleft()
                if self.status[waiting] < Status.SUCCEEDED and waiting not in self.other_work:
                    self._enqueue(waiting)
                    break
