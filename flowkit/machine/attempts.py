"""An attempt, from when its step is ready to when it has been answered, with the limits it has to keep.

An attempt goes: ready, `run_if`, `not_before`, then `delay`, a place under `max_concurrency`, the step itself. What is
taken is counted in `busy` until its answer arrives. An attempt that can't be stopped is `abandoned`: the node goes on
without it, and its place is given back when it really ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowkit.errors import CancelReason, StepTimeout
from flowkit.machine.ending import Ending
from flowkit.machine.requests import Failure, Work
from flowkit.machine.statuses import Status

if TYPE_CHECKING:
    from flowkit.machine.bodies import Body
    from flowkit.plan import Plan

__all__ = ["NOT_SO", "Attempts"]

NOT_SO: Final = "its condition was false"

_RUNNING: Final = Status.RUNNING
_SUCCEEDED: Final = Status.SUCCEEDED


class Attempts(Ending):
    """Attempts: admitted, begun, timed, tried again."""

    __slots__ = (
        "_asked",
        "_beats",
        "deadlines",
        "_delayed",
        "_ends",
        "wall",
    )

    def __init__(self, plan: Plan, *, fail_fast: bool, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, fail_fast=fail_fast, listening=listening, keeps=keeps, watched=watched)
        self._asked: set[int] = set()
        """Nodes whose condition has been true."""
        self._delayed: set[int] = set()
        self.deadlines: dict[int, float] = {}
        self._ends: dict[int, float] = {}
        self._beats: dict[int, float] = {}
        self.wall = 0.0

    def is_running(self, index: int, attempt: int) -> bool:
        """Whether an attempt is under way and its node waits for it."""
        return (
            self.status[index] is _RUNNING and index not in self.other_work and attempt == self.attempts.get(index, 1)
        )

    def is_lingering(self, index: int, attempt: int) -> bool:
        """Whether an attempt was left behind and hasn't been seen to end."""
        return (index, attempt) in self._lingering

    def runs_out(self, index: int, attempt: int) -> float | None:
        """When an attempt of a node is out of time; None if that is never, or if nobody waits for it any more."""
        if not self.is_running(index, attempt):
            return None
        ends = [self._ends.get(index), self.deadlines.get(index)]
        return min((end for end in ends if end is not None), default=None)

    def condition_of(self, index: int) -> bool | None:
        """What the condition of a node said; None where it has none, or wasn't asked."""
        policy = self.policies[index]
        if policy is None or policy.run_if is None:
            return None
        if index in self._asked:
            return True
        return False if self.reasons.get(index) == NOT_SO else None

    def is_stood_in(self, index: int) -> bool:
        """Whether the value of a node is a fallback's."""
        return index in self._stood_in

    def is_unhandled(self, index: int) -> bool:
        """Whether nobody took the failure of a node."""
        return index in self._unhandled

    # -- from ready to begun --------------------------------------------------------------------------------------------

    def _admit(self, index: int, now: float) -> None:
        """A node is ready: its condition, its times, its place, then its attempt."""
        policy = self.policies[index]
        assert policy is not None
        if policy.run_if is not None and index not in self._asked:
            self.other_work[index] = Work.CONDITION
            self._any.append(index)
            return
        if index not in self._delayed:
            self._delayed.add(index)
            start = now if policy.not_before is None else max(now, policy.not_before - self.wall)
            start += policy.delay
            if policy.total_timeout is not None:
                self.deadlines[index] = start + policy.total_timeout
                self._set_timer(self.deadlines[index], "total", index)
            if start > now:
                self.status[index] = Status.WAITING
                self._set_timer(start, "due", index)
                if self.listening:
                    self._tell("step_scheduled", index, seconds=start - now)
                return
        self._enqueue(index)

    def _begin(self, index: int, now: float) -> None:
        """Work for a node was taken."""
        asked = self.other_work.get(index, Work.BODY)
        if asked is Work.RESTORE:
            return  # it stands as running already
        self.busy += 1
        if asked is not Work.BODY:
            self._move(index, _RUNNING)
            return
        attempt = self.attempts[index] = self.attempts.get(index, 0) + 1
        self._move(index, _RUNNING)
        if self.listening:
            self.started_at[index] = now
            self._tell("step_started", index, attempt=attempt)
        policy = self.policies[index]
        assert policy is not None
        if policy.compensate is not None:
            self._arm(index)
        if policy.timeout is not None:
            self._ends[index] = now + policy.timeout
            self._set_timer(self._ends[index], "timeout", index, attempt)
        if policy.heartbeat_timeout is not None:
            self._beats[index] = now
            self._set_timer(now + policy.heartbeat_timeout, "silence", index, attempt)

    # -- from an answer to what follows ---------------------------------------------------------------------------------

    def _answered(self, index: int, attempt: int, now: float, *, goes_on: bool = False) -> bool:
        """Whether an answer is still wanted; the end of an abandoned attempt is only noted."""
        is_body = index not in self.other_work
        if self.status[index] is not _RUNNING or attempt != (self.attempts.get(index, 1) if is_body else 0):
            self._let_go(index, attempt, now)
            return False
        self.busy -= 1
        if is_body and not goes_on:
            self._give_back(index, attempt)
        self.other_work.pop(index, None)
        return True

    def _timed_out(self, index: int, failure: Failure, now: float) -> None:
        error = failure.error
        final = isinstance(error, StepTimeout) and error.kind == "total_timeout"
        if self.is_stopped(index) or index in self._told:
            self._cancel_node(index, now)
        elif not final and self._may_retry(index, failure, now):
            self._retry(index, failure, now)
        else:
            self._fail(index, error, Status.TIMED_OUT, now)

    def _may_retry(self, index: int, failure: Failure, now: float) -> bool:
        policy = self._own_policy(index)
        if policy is None or policy.retry is None or self.is_stopped(index):
            return False
        attempt, limit = self.attempts.get(index, 1), policy.retry.max_attempts
        if not failure.retryable:
            self.decisions[index] = failure.why or f"{type(failure.error).__name__} is not retried"
        elif limit is not None and attempt >= limit:
            self.decisions[index] = f"attempt {attempt} of {limit} was the last"
        elif failure.delay is None:
            self.decisions[index] = f"the backoff ended after attempt {attempt}"
        elif now + failure.delay >= self.deadlines.get(index, float("inf")):
            self.decisions[index] = "the next attempt would have begun after total_timeout"
        else:
            return True
        return False

    def _retry(self, index: int, failure: Failure, now: float) -> None:
        policy, attempt = self.policies[index], self.attempts.get(index, 1)
        assert policy is not None
        assert failure.delay is not None
        self.errors[index] = failure.error
        self._move(index, Status.RETRYING)
        if self.listening:
            told = {"attempt": attempt, "delay": failure.delay, "error": failure.error, "why": failure.why}
            self._tell("step_retrying", index, **told)
        when = now + failure.delay
        if (index, attempt) in self._lingering and not policy.idempotent:
            self._lingering[index, attempt] = when
        else:
            self._set_timer(when, "retry", index)

    def beat(self, index: int, attempt: int, now: float) -> None:
        """An attempt gave a sign of life. Of one that was left behind it is nobody's."""
        if self.is_running(index, attempt):
            self._beats[index] = now

    def judge(self, index: int, failure: Failure) -> None:
        """What the policy says of an attempt whose time ran out."""
        error = self._expiring.get(index)
        if error is not None and error is failure.error:
            del self._expiring[index]
            self._expired[index] = Failure(error) if error.kind == "total_timeout" else failure

    def _let_go(self, index: int, attempt: int, now: float) -> None:
        """An abandoned attempt really ended. Its result is nobody's."""
        if (index, attempt) not in self._lingering:
            return
        planned = self._lingering.pop((index, attempt))
        self._give_back(index, attempt)
        if planned is not None and self.status[index] is Status.RETRYING:
            self._set_timer(max(planned, now), "retry", index)

    def _leave(self, index: int, attempt: int, now: float) -> None:
        """An attempt that was to be stopped can't be. The node goes on without it."""
        told = index in self._expired or index in self._expiring or self.is_stopped(index) or index in self._told
        if not told or not self.is_running(index, attempt):
            return
        self.busy -= 1
        self._lingering[index, attempt] = None
        if index in self._expiring:
            self._expired[index] = Failure(self._expiring.pop(index))
        expired = self._expired.pop(index, None)
        if self.listening:
            reason = CancelReason.TIMEOUT if expired is not None else self.stopping or CancelReason.PARENT
            self._tell("step_abandoned", index, attempt=attempt, reason=str(reason))
        if expired is not None and not self.is_stopped(index) and index not in self._told:
            self._timed_out(index, expired, now)
        else:
            self._cancel_node(index, now)

    # -- what is due ----------------------------------------------------------------------------------------------------

    def _on_due(self, index: int, _attempt: int, _now: float) -> None:
        if self.status[index] is Status.WAITING:
            self.status[index] = Status.PENDING
            self._enqueue(index)

    def _on_retry(self, index: int, _attempt: int, _now: float) -> None:
        if self.status[index] is Status.RETRYING:
            self._enqueue(index)

    def _on_timeout(self, index: int, attempt: int, now: float) -> None:
        policy = self.policies[index]
        if policy is not None and policy.timeout is not None:
            self._expire(index, attempt, StepTimeout(self.key(index), policy.timeout), now)

    def _on_silence(self, index: int, attempt: int, now: float) -> None:
        policy = self.policies[index]
        if policy is None or policy.heartbeat_timeout is None or attempt != self.attempts.get(index):
            return
        limit = policy.heartbeat_timeout
        if self._beats[index] + limit > now and self.status[index] is _RUNNING:
            self._set_timer(self._beats[index] + limit, "silence", index, attempt)
        else:
            self._expire(index, attempt, StepTimeout(self.key(index), limit, "heartbeat_timeout"), now)

    def _on_total(self, index: int, _attempt: int, now: float) -> None:
        policy, status = self.policies[index], self.status[index]
        if index in self.bodies and status < _SUCCEEDED and policy is not None and policy.total_timeout is not None:
            self._run_out(self.bodies[index], StepTimeout(self.key(index), policy.total_timeout, "total_timeout"), now)
            return
        if status >= _SUCCEEDED or policy is None or policy.total_timeout is None or index in self.other_work:
            return  # a fallback has all the time it needs
        error = StepTimeout(self.key(index), policy.total_timeout, "total_timeout")
        if status is _RUNNING:
            self._expire(index, self.attempts.get(index, 1), error, now)
        else:
            error.__cause__ = self.errors.get(index)
            self._give_back(index, self.attempts.get(index, 0) + 1)
            self._fail(index, error, Status.TIMED_OUT, now)

    def _run_out(self, body: Body, error: StepTimeout, now: float) -> None:
        """The time for what is done in the place of a call is over."""
        index = body.node
        self.errors[index] = error
        body.failed.insert(0, index)
        if self.other_work.get(index) is Work.RECORD and self.status[index] is Status.PENDING:
            del self.other_work[index]  # it was to be recorded once more, and nobody has begun
            self.status[index] = _RUNNING
        self._cut(body, str(error), now)
        self._close_body(body)
        self._end_if_done(body)

    def _on_grace(self, index: int, attempt: int, now: float) -> None:
        self._leave(index, attempt, now)

    def _expire(self, index: int, attempt: int, error: StepTimeout, now: float) -> None:
        if self.is_stopped(index) or not self.is_running(index, attempt):
            return
        if index not in self._expired and index not in self._expiring:
            self._expiring[index] = error
            self._ask_to_stop(index, attempt, CancelReason.TIMEOUT, now, error)
        elif error.kind == "total_timeout":
            self._expiring.pop(index, None)
            self._expired[index] = Failure(error)
