"""Going on with a run that was begun before, from what is on record of it.

The bodies are recorded anew, and the machine goes through the run as it always does; but a step of which something is
on record isn't called. It stands as one whose attempt is under way, and its recorded end comes back like an answer, in
the order in which the ends were recorded. So whatever follows from ends follows again: what they make ready, which
choice was made, what failed with them, what they stopped.

While that lasts nothing new begins and no time is over. When nothing more comes back, an attempt that hadn't ended when
the run was left is begun again, and all that was put off begins.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Final

from flowkit.errors import StepTimeout
from flowkit.machine.attempts import NOT_SO, Attempts
from flowkit.machine.requests import Recalled, Work
from flowkit.machine.statuses import Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    from flowkit.errors import CancelReason
    from flowkit.machine.past import Past, Was
    from flowkit.plan import Plan

__all__ = ["Recalling"]

_RUNNING: Final = Status.RUNNING
_SUCCEEDED: Final = Status.SUCCEEDED
_STATUSES: Final = {status.word: status for status in Status}


class Recalling(Attempts):
    """What comes back from the record."""

    __slots__ = (
        "_cancelled_later",
        "_due_again",
        "_flows_again",
        "_ghosts",
        "_is_beginning",
        "_judged",
        "_put_off",
        "_recalled",
        "_restoring",
        "_returns",
        "_unreturning",
        "lives",
        "past",
        "recalling",
        "restless",
    )

    def __init__(self, plan: Plan, *, fail_fast: bool, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, fail_fast=fail_fast, listening=listening, keeps=keeps, watched=watched)
        self.past: Past | None = None
        """What is on record; None of a run of which nothing ever is."""
        self.recalling = False
        """Whether the record comes first, and everything else has to wait."""
        self._recalled: set[int] = set()
        """Nodes that were looked up."""
        self._ghosts: dict[int, Was] = {}
        """Nodes that stand as running, with nobody at them."""
        self._returns: list[tuple[int, int]] = []
        """Of those, the ones whose end is on record: a heap, by the place of that."""
        self._unreturning: list[int] = []
        """Of those, the ones that were told to stop, and have no end that could come back."""
        self._restoring = False
        """Whether an end is on its way back."""
        self._flows_again = False
        """Whether a stream is gone through once more, whose items come back when all others are there again."""
        self._is_beginning = False
        """Whether what was put off begins."""
        self._put_off: list[int] = []
        """Nodes that are ready, and begin when nothing more comes back just now."""
        self._due_again: dict[int, float] = {}
        """Nodes that waited for something: until when, as it was first said."""
        self._judged: dict[int, bool] = {}
        """Failures that came back: whether they were handled."""
        self._cancelled_later: tuple[CancelReason, str] | None = None
        self.lives: set[int] = set()
        """Calls whose bodies are live and being played."""
        self.restless: set[int] = set()
        """Of those, the ones that may call something more before anything else happens."""

    def _look_back(self, past: Past) -> None:
        """Have this run be one that goes on from a record."""
        self.past = past
        self.recalling = past.is_any
        self._cancelled_later = past.cancelled
        self.plain = bytearray(len(self.nodes))  # nothing goes the short way

    # -- nodes that were there before -----------------------------------------------------------------------------------

    def _admit(self, index: int, now: float) -> None:
        """A node is ready: it is as it was, if it was there before."""
        if self.past is not None and index not in self._recalled:
            self._recalled.add(index)
            was = self.past.find(self.key(index))
            if was is not None and self._is_as_before(index, was, now):
                return
        super()._admit(index, now)

    def _was(self, index: int) -> Was | None:
        """What is on record of a node."""
        return self.past.find(self.key(index)) if self.past is not None else None

    def _is_as_before(self, index: int, was: Was, now: float) -> bool:
        """Have a node be as it was; False where it hadn't come any further than it has now."""
        policy = self.policies[index]
        assert policy is not None
        if was.asked is not None:
            self._asked.add(index)
        if was.asked is False:
            self.known.add(index)
            self.reasons[index] = NOT_SO
            self._settle(index, Status.SKIPPED, now)
            return True
        if was.attempts == 0 and not was.sequence:
            if was.due is None or was.status != "waiting":
                return False
            self._delayed.add(index)
            self._set_deadline(index, was)
            self.status[index] = Status.WAITING
            self._set_timer(was.due - self.wall, "due", index)
            return True
        self._delayed.add(index)
        self._set_deadline(index, was)
        if was.attempts:  # it may have ended without one: its condition raised, or its time was over before
            self.attempts[index] = was.attempts
        if was.started is not None:
            self.started_at[index] = was.started - self.wall
        if policy.compensate is not None and was.attempts:
            self._arm(index)
        self.status[index] = _RUNNING
        if was.error is not None and not was.sequence:
            self.errors[index] = was.error  # what the attempt before raised
        if was.status == "retrying" and was.due is not None:
            self.status[index] = Status.RETRYING
            self._set_timer(was.due - self.wall, "retry", index)
            return True
        if was.sequence:
            self.busy += 1
            self._ghosts[index] = was
            if not (self.recalling and was.is_replaced):
                heapq.heappush(self._returns, (was.sequence, index))
            return True
        if was.status == "waiting" and was.due is not None:
            self._due_again[index] = was.due - self.wall
        if index in self.armed:
            self._unsure.add(index)  # how far it came, nobody knows
        if was.status == "succeeded":
            self._flows_again = True
        if self.recalling:
            self.busy += 1
            self._ghosts[index] = was
        else:
            self._begin_again(index, was)
        return True

    def _begin_again(self, index: int, was: Was) -> None:
        """An attempt had begun when the run was left, and how it ended isn't known: that takes no attempt away."""
        self.status[index] = Status.PENDING
        self.attempts[index] = was.attempts - 1
        self._enqueue(index)

    def _set_deadline(self, index: int, was: Was) -> None:
        if was.deadline is not None:
            self.deadlines[index] = was.deadline - self.wall
            self._set_timer(self.deadlines[index], "total", index)

    def _runs_out_at(self, index: int, when: float) -> float:
        """When the time of a call is over: as it was first said."""
        was = self._was(index)
        if was is not None and was.deadline is not None:
            when = was.deadline - self.wall
        if was is not None and was.sequence:
            heapq.heappush(self._returns, (was.sequence, index))
        self.deadlines[index] = when
        return when

    def _enqueue(self, index: int) -> None:
        if (self.recalling or self._flows_again) and not self._is_beginning and self.lanes[index] is not Lane.FLOW:
            self._put_off.append(index)
            return
        super()._enqueue(index)

    def is_handled(self, index: int) -> bool:
        """Whether somebody takes a failure of this node; of one that came back, what was said of it then."""
        known = self._judged.get(index)
        return super().is_handled(index) if known is None else known

    def _may_win(self, index: int, target: int) -> bool:
        """Whether a node that succeeded counts for a choice. One that was made before is made in the same way again."""
        was = self._was(target)
        return was is None or not was.won or self.key(index) in was.won

    def _ask_to_stop(
        self, index: int, attempt: int, reason: CancelReason, now: float, error: StepTimeout | None = None
    ) -> None:
        was = self._ghosts.get(index)
        if was is None:
            super()._ask_to_stop(index, attempt, reason, now, error)
            return
        self._stopped.add(index)
        if index in self.armed:
            self._unsure.add(index)
        if not was.sequence:
            self._unreturning.append(index)

    # -- what comes back ------------------------------------------------------------------------------------------------

    def _restore(self, index: int, value: Any, now: float) -> None:
        """The end of a node is there again, its value made from what is kept."""
        self._restoring = False
        was = self._ghosts.pop(index, None)
        if was is None or not self._answered(index, 0, now):
            return
        self.known.add(index)
        was.is_back = True
        if was.stood_in:
            self._stood_in.add(index)
        if was.error is not None:
            self.errors[index] = was.error
        status = _STATUSES[was.status]
        if status is _SUCCEEDED:
            self.values[index] = value
            self._settle(index, status, now)
        else:
            assert was.error is not None
            if was.why:
                self.decisions[index] = was.why
            self._judged[index] = was.handled
            self._fail(index, was.error, status, now, final=True)
        if was.ended is not None:
            self.ended_at[index] = was.ended - self.wall

    def _lose_again(self, index: int) -> None:
        """A node fails with others, as it did before: that is on record."""
        was = self.past.find(self.key(index)) if self.past is not None else None
        if was is None or not was.sequence or was.status == _SUCCEEDED.word:
            return
        assert self.past is not None
        self.known.add(index)
        was.is_back = True
        if self.past.is_next(was.sequence):
            self.past.came_back(was.sequence)

    def was(self, index: int) -> Was:
        """What is on record of a node whose end is on its way back."""
        return self._ghosts[index]

    def _bring_back(self, now: float) -> bool:
        """Have the next end come back, if it is time for that; True where something else has changed meanwhile."""
        past, returns = self.past, self._returns
        assert past is not None
        while not self._restoring:
            is_next = bool(returns) and past.is_next(returns[0][0]) and not self._is_restless
            if self.recalling and not is_next:
                if not self._is_settled:
                    return False
                # What is missing may follow from what was stopped.
                if self._stop_again(now):
                    return True
            if returns:
                sequence, index = heapq.heappop(returns)
                past.came_back(sequence)
                if self._come_back(index, now):
                    return True
                continue
            if self.recalling:
                self._begin_anew()
                return True
            if self._put_off:
                self._begin_put_off()
                return True
            return False
        return False

    def _come_back(self, index: int, now: float) -> bool:
        """Have this end come back; says whether it is back already."""
        body = self.bodies.get(index)
        if body is not None and index not in self._ghosts:  # its time was over
            was = self._was(index)
            assert was is not None
            assert isinstance(was.error, StepTimeout)
            was.is_back = True
            self.known.add(index)
            self._judged[index] = was.handled
            self._run_out(body, was.error, now)
            return True
        if index in self._ghosts and self.status[index] is _RUNNING:
            self.other_work[index] = Work.RESTORE
            self._any.appendleft(index)  # before what follows from other ends: that may fail, and stop the run
            self._restoring = True
        return False

    def _stop_again(self, now: float) -> bool:
        """Have end what was told to stop, and the run, if it was to end early; says whether there was any of that."""
        if self._unreturning:
            gone, self._unreturning = self._unreturning, []
            for index in gone:
                if self._ghosts.pop(index, None) is not None and self.status[index] is _RUNNING:
                    self.busy -= 1
                    self._cancel_node(index, now)
            return True
        if self._cancelled_later is not None:
            (reason, detail), self._cancelled_later = self._cancelled_later, None
            if self._may_be_cancelled:
                self._stop(reason, now, detail)
            return True
        return False

    @property
    def _is_settled(self) -> bool:
        """Whether everything that follows from what came back has followed."""
        if self.fresh or self._unrecorded or self._is_restless:
            return False
        # What was stopped meanwhile is still in line, and nobody says so when it is passed over.
        if any(self.status[index] < _SUCCEEDED for queue in self.ready.values() for index in queue):
            return False
        return self.busy == self._playing + len(self._ghosts)

    @property
    def _playing(self) -> int:
        """How many live bodies there are that are played."""
        lives = self.lives
        return sum(1 for i in lives if self.status[i] is _RUNNING and i in self.other_work) if lives else 0

    @property
    def is_at_work(self) -> bool:
        """Whether somebody works on it. A live body doesn't count: mostly it waits for what it has called."""
        return self.busy > self._playing or self.recalling or any(self.ready.values())

    def _begin_anew(self) -> None:
        """Nothing more comes back: from here on the run goes on."""
        self.recalling = False
        assert self.past is not None
        gone = self.past.expire() if self.past.expires else []
        self.past.forget()
        ghosts, self._ghosts = self._ghosts, {}
        for index, was in ghosts.items():
            if was.sequence:  # a result that was replaced: what comes after it is new
                self._ghosts[index] = was
                heapq.heappush(self._returns, (was.sequence, index))
            elif self.status[index] is _RUNNING:
                self.busy -= 1
                self._begin_again(index, was)
        if not self._is_coming_back:
            self._begin_put_off()
        self.requests.append(Recalled(gone))

    @property
    def brings_back(self) -> bool:
        """Whether there are ends that come back, one by one; results that were given to a fork do so at any time."""
        return self.recalling or bool(self._returns)

    @property
    def _is_coming_back(self) -> bool:
        """Whether an end is about to come back."""
        return self._restoring or bool(self._returns)

    def _begin_put_off(self) -> None:
        """Begin what was put off."""
        put_off, self._put_off = self._put_off, []
        self._is_beginning = True
        for index in put_off:
            if self.status[index] < _SUCCEEDED:
                self._enqueue(index)
        self._is_beginning = False

    # -- live bodies ----------------------------------------------------------------------------------------------------

    def plays(self, index: int) -> None:
        """A live body begins."""
        self.bodies[index].live = True
        self.lives.add(index)
        self._rouse(index)

    def _rouse(self, call: int) -> None:
        if self.recalling:
            self.restless.add(call)

    def _calm(self, index: int) -> None:
        """A live body has ended, if it was one."""
        self.lives.discard(index)
        self.restless.discard(index)

    @property
    def _is_restless(self) -> bool:
        """Whether a live body may call something more before anything else happens."""
        restless = self.restless
        return bool(restless) and any(self.status[i] is _RUNNING and i in self.other_work for i in restless)

    # -- time -----------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When `advance` has to be called next; None while nothing waits for time, or the record comes first."""
        return None if self.recalling else super().deadline
