"""The scheduler as arithmetic: no threads, no clocks, no event loops, no stores.

A machine is fed what happened and answers with what to do next. `take` hands out work; `requests` holds the rest. It
never calls code that isn't flowkit's own: conditions, fallbacks, backoffs and lists to go through are work and facts
that its driver brings.

State, per node and by index: `status`; `waits`, how many edges aren't settled yet; `verdict`, the worst that an edge
has brought so far. When `waits` reaches nought the verdict is carried out. Every edge is settled once: when the node
it comes from has ended (and its end is on record, if records are kept), by this table.

| edge from a node that is ...                 | succeeded | skipped  | failed, handled | failed unhandled, cancelled, blocked |
|----------------------------------------------|-----------|----------|-----------------|--------------------------------------|
| **data**                                     | go        | skip     | skip            | block                                |
| **order** (`depends_on`, effects' places)    | go        | go       | go              | block                                |
| **outcome** (`outcome(ref)`, `map_outcomes`) | go        | go       | go              | go                                   |
| **choice** (`depends_on_any`)                | go        | next one | next one        | next one                             |
| **part** (what is done in a call's place)    | go        | go       | go              | go                                   |

Timing out is failing. A choice goes with the first that succeeds; if all of its nodes were skipped it is skipped, and
if none succeeded and one failed it is lost: it fails with all of their errors, where its other edges say go. Block
outweighs skip, skip outweighs a lost choice, and that outweighs go, so that the order in which edges are settled
doesn't matter. A chain (a map over another map's items) is settled when
those items become known, and if they never do, as data. A failure is handled if `on_failure="skip"` says so, or if an
outcome or a choice takes it; only an unhandled one ends the run. Who takes a map as an outcome or a choice takes the
failures of its items: the map fails with the first of them.

A call of a workflow is done when everything that its body wrote has ended. A failure there that nothing handles stops
the rest of it, and is the failure of the call, where it may be handled; so on up to the run. A body that can't go on
without a value is recorded again once that is there, or waits in its thread; what fails then is handed to it, and so is
handled. Where a body returns a call of itself, that is its next round: it takes the place of the one before.

An attempt goes: ready, `run_if`, `not_before`, then `delay`, a place under `max_concurrency`, the step itself. What is
taken is counted in `busy` until its answer arrives. An attempt that can't be stopped is `abandoned`: the node goes on
without it, and its place is given back when it really ends.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.bodies import Body
from flowkit.engine.groups import Group
from flowkit.engine.invariants import Statuses, verify_end
from flowkit.engine.requests import Emit, Failure, Finish, Record, Stop, Wake, Work
from flowkit.engine.statuses import FOLLOWS, RunStatus, Status
from flowkit.errors import CancelReason, Deadlock, IllegalTransition, StepTimeout
from flowkit.graph import Edge, Kind, Node, Outcome, Ref, Template
from flowkit.plan import Lane, taken
from flowkit.policies import Fallback

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowkit.engine.requests import Request
    from flowkit.graph import SourceKind
    from flowkit.plan import Plan
    from flowkit.policies import Policy

__all__ = ["EDGES", "Machine"]

GO: Final = 0
LOST: Final = 1
SKIP: Final = 2
BLOCK: Final = 3

# Members of an enum, and the one request that most runs make, are looked up and made once: it shows in small runs.
_PENDING: Final = Status.PENDING
_RUNNING: Final = Status.RUNNING
_FINISH: Final = Finish(None)
_SUCCEEDED: Final = Status.SUCCEEDED

EDGES: Final[dict[Edge, tuple[int, int, int, int]]] = {
    Edge.DATA: (GO, SKIP, SKIP, BLOCK),
    Edge.ORDER: (GO, GO, GO, BLOCK),
    Edge.OUTCOME: (GO, GO, GO, GO),
    Edge.PART: (GO, GO, GO, GO),
}
"""The table above: per edge, the verdict for succeeded, skipped, failed handled, and the rest."""

_TAKING: Final = (Edge.OUTCOME, Edge.PART)
"""The edges that go on whatever the end was."""

_NOBODY: Final = Node(-1, Kind.BARRIER, None, (), None, (), None, 0, None, 0)
"""What stands where a node was."""

GRACE: Final = 5.0
"""Seconds that an attempt is given to end once it was told to stop; after that it is left behind."""


class Machine:
    """One run of a plan."""

    __slots__ = (  # with more than 30 attributes, instances with a dict take twice as long to make
        "_any",
        "_asked",
        "_beats",
        "_chosen",
        "_deadlines",
        "_delayed",
        "_ends",
        "_expired",
        "_expiring",
        "_free",
        "_lingering",
        "_queued",
        "_sequence",
        "_stood_in",
        "_stopped",
        "_taken",
        "_timers",
        "_told",
        "_unhandled",
        "_unrecorded",
        "_wall",
        "attempts",
        "bodies",
        "busy",
        "causes",
        "chains",
        "choosers",
        "decisions",
        "dependents",
        "ended_at",
        "errors",
        "expected",
        "fail_fast",
        "failures",
        "finished",
        "groups",
        "homes",
        "keeps",
        "lanes",
        "left",
        "listening",
        "nodes",
        "other_work",
        "owners",
        "plain",
        "plan",
        "policies",
        "quiet",
        "ready",
        "reasons",
        "requests",
        "root",
        "started_at",
        "status",
        "stop_detail",
        "stopping",
        "values",
        "verdict",
        "waits",
        "watched",
    )

    def __init__(
        self,
        plan: Plan,
        *,
        fail_fast: bool = True,
        listening: bool = False,
        keeps: bool = False,
        watched: bool = False,
    ) -> None:
        self.plan = plan
        self.fail_fast = fail_fast
        self.listening = listening
        """Whether anybody wants events; without a listener none are made."""
        self.quiet = False
        """Whether plain steps begin and succeed without an event even so: who listens sees that without being told."""
        self.keeps = keeps
        """Whether ends are put on record before anybody sees them."""
        self.nodes: list[Node] = list(plan.nodes)
        self.policies: list[Policy | None] = list(plan.policies)
        self.lanes: list[Lane] = list(plan.lanes)
        self.plain = bytearray(plan.plain)
        self.waits: list[int] = list(plan.waits)
        self.dependents: list[Sequence[int]] = list(plan.dependents)
        self.chains: dict[int, Sequence[int]] = dict(plan.chains)
        self.choosers: dict[int, Sequence[int]] = dict(plan.choosers)
        size = len(self.nodes)
        self.root = Body(plan.graph, -1, "", at=None)
        self.homes: list[Body] = [self.root] * size
        """Per node, the body it was written in."""
        self.bodies: dict[int, Body] = {}
        """Per call of a workflow that has begun, what is done in its place."""
        self.expected: dict[int, list[int]] = {}
        """Per node that a body can't go on without, the calls whose bodies those are."""
        self.owners: list[Group | None] = [None] * size
        """Per node, the map it is an item of."""
        self.status: list[Status] = [_PENDING] * size
        self.watched = watched
        """Whether its invariants are checked as it goes."""
        if watched:
            self.status = Statuses(self.status)
        self.values: list[Any] = [None] * size
        self.verdict = bytearray(size)
        self.left = size
        """How many nodes haven't ended."""
        self.busy = 0
        """How much work was taken and not answered."""
        self.groups: dict[int, Group] = {}
        self.errors: dict[int, BaseException] = {}
        self.reasons: dict[int, str] = {}
        """Why a node was skipped, blocked or cancelled."""
        self.causes: dict[int, int] = {}
        """The node that a skipped or blocked one was skipped or blocked by."""
        self.attempts: dict[int, int] = {}
        self.started_at: dict[int, float] = {}
        self.ended_at: dict[int, float] = {}
        self.decisions: dict[int, str] = {}
        """Of steps with retries that failed for good, why they weren't tried again."""
        self.failures: list[int] = []
        """What failed unhandled, in order."""
        self.stopping: CancelReason | None = None
        self.stop_detail = ""
        self.finished = False
        self.requests: list[Request] = []
        self.other_work: dict[int, Work] = {}
        """What a queued or taken node is to be done for, where that isn't its body."""
        self.ready: dict[Lane, deque[int]] = {lane: deque() for lane in (Lane.ANY, Lane.POOL, Lane.LOOP, Lane.CALLER)}
        self._any = self.ready[Lane.ANY]
        self._timers: list[tuple[float, int, str, int, int]] = []
        self._sequence = 0
        self._asked: set[int] = set()
        """Nodes whose condition has been true."""
        self._delayed: set[int] = set()
        self._deadlines: dict[int, float] = {}
        self._ends: dict[int, float] = {}
        self._beats: dict[int, float] = {}
        self._expiring: dict[int, StepTimeout] = {}
        """Attempts that ran out of time and haven't been judged. One that ends before that still counts."""
        self._expired: dict[int, Failure] = {}
        """Attempts that ran out of time and haven't been seen to end."""
        self._queued: set[int] = set()
        """Items that hold a place and haven't begun."""
        self._stood_in: set[int] = set()
        """Nodes whose value is a fallback's."""
        self._lingering: dict[tuple[int, int], float | None] = {}
        """Abandoned attempts: when the retry that waits for their end was planned for, or None."""
        self._chosen: dict[int, int] = {}
        self._unhandled: set[int] = set()
        self._taken: dict[int, frozenset[int]] = {}
        """What a node takes values from, where that was asked for."""
        self._told: dict[int, str] = {}
        """Attempts that were told to stop though the run goes on: why."""
        self._stopped: set[int] = set()
        """Nodes of which an attempt was ever told to stop."""
        self._free: dict[int, list[int]] = {}
        """By length, where nodes stood that are gone, to be used again."""
        self._unrecorded: dict[int, Emit | None] = {}
        """Nodes that have ended and whose end isn't on record yet, with what is to be told then."""
        self._wall = 0.0
        if plan.graph.goes_on:
            self._keep_open()
        else:
            self.root.grow(plan)

    def _keep_open(self) -> None:
        """Have the run's own body be a node as well, which isn't done before the body is."""
        index = self._allocate(1)
        self.nodes[index] = Node(index, Kind.BARRIER, None, (), None, (), None, 0, None, 0)
        self.root.grow(self.plan)
        self.root.node, self.root.at = index, list(range(index))
        self.bodies[index] = self.root
        self.homes[index] = self.root
        self.waits[index] = index + 1  # and once for the body itself
        for i in range(index):
            self.dependents[i] = (*self.dependents[i], index)
        self.lanes[index] = Lane.FLOW
        self.status[index] = _RUNNING
        self.other_work[index] = Work.RECORD
        self.left += 1
        self.busy += 1

    # -- what happened ----------------------------------------------------------------------------------------------

    def begin(self, now: float, wall: float = 0.0) -> None:
        """Start. `now` is any clock that only goes forward; `wall` is the time of day at the same moment."""
        self._wall = wall - now
        if self.stopping is not None:
            return  # cancelled before it began
        if self.listening:
            self._tell("run_started", nodes=len(self.nodes))
        rest, plain = [], self.plain
        for index in self.plan.ready:
            if plain[index]:
                self._any.append(index)
            else:
                rest.append(index)
        if rest:
            self._advance_ready(rest, now)
        self._close(now)

    def take(self, lanes: Iterable[Lane], now: float) -> int | None:
        """The next node to work on, for somebody who serves these lanes; None where nothing is ready for them.

        What is to be done for it says `work.get(node, Work.BODY)`.
        """
        return self.take_from([self.ready[lane] for lane in lanes], now)

    def take_from(self, queues: Sequence[deque[int]], now: float) -> int | None:
        """What `take` does, for some of the queues in `ready`."""
        for queue in queues:
            while queue:
                index = queue.popleft()
                if self.plain[index] and self.is_quiet:
                    self.status[index] = _RUNNING
                    self.busy += 1
                    return index
                # What ran out of time in the queue has ended, or its fallback waits in another one.
                asked = self.other_work.get(index)
                if self.status[index] < _SUCCEEDED and (queue is self._any or asked is None or asked is Work.RECORD):
                    self._begin(index, now)
                    return index
        return None

    def carry_on(self, index: int, value: Any, queues: Sequence[deque[int]], now: float) -> int | None:
        """A plain body returned, and whoever ran it takes the next node: `succeed` and `take` in one go.

        The path that most nodes of most runs take: for a quiet machine, and for it alone.
        """
        status, plain = self.status, self.plain
        if not plain[index] or status[index] is not _RUNNING:  # the run was stopped meanwhile
            self.succeed(index, value, 1, now)
            return self.take_from(queues, now)
        self.busy -= 1
        self.values[index] = value
        status[index] = _SUCCEEDED
        self.left -= 1
        waits = self.waits
        for target in self.dependents[index]:
            left = waits[target] - 1
            waits[target] = left
            if not left:
                if plain[target] and not self.verdict[target]:
                    self._any.append(target)
                else:
                    self._advance_ready((target,), now)
        if self.choosers:
            for target in self.choosers.get(index, ()):
                self._advance_ready(self._choose(index, target), now)
        if not self.left or not (self.busy or self._any):
            self._close(now)
        for queue in queues:
            if queue:
                if not plain[queue[0]]:
                    return self.take_from(queues, now)
                index = queue.popleft()
                status[index] = _RUNNING
                self.busy += 1
                return index
        return None

    def succeed(self, index: int, value: Any, attempt: int, now: float) -> None:
        """A body or a fallback returned."""
        if not self._answered(index, attempt, now):
            return
        self._expiring.pop(index, None)
        if index in self._expired:
            self._timed_out(index, self._expired.pop(index), now)
        else:
            self.values[index] = value
            self._settle(index, Status.SUCCEEDED, now)
        self._close(now)

    def fail(self, index: int, failure: Failure, attempt: int, now: float) -> None:
        """A body, a fallback, a condition or a walk through a list raised."""
        asked = self.other_work.get(index, Work.BODY)
        if not self._answered(index, attempt, now):
            return
        if asked is Work.RECORD and index in self.bodies:
            body = self.bodies[index]
            if body is self.root:
                self._fail(index, failure.error, Status.FAILED, now)
            else:
                body.failed.append(index)
                self.errors[index] = failure.error
                self._cut(body, f"the body of `{self.key(index)}` raised", now)
                self._close_body(body, now)
            self._close(now)
            return
        self._expiring.pop(index, None)
        if index in self._expired:
            expired = self._expired.pop(index)
            if not is_cancellation(failure.error):
                expired.error.__cause__ = failure.error
            self._timed_out(index, expired, now)
        elif index in self._told or (self.stopping is not None and is_cancellation(failure.error)):
            self._cancel_node(index, now)
        elif asked is Work.BODY and self._may_retry(index, failure, now):
            self._retry(index, failure, now)
        else:
            self._fail(index, failure.error, Status.FAILED, now, final=asked is Work.FALLBACK)
        self._close(now)

    def answer(self, index: int, condition: bool, now: float) -> None:
        """`run_if` said whether the step is to run."""
        if not self._answered(index, 0, now):
            return
        if condition:
            self._asked.add(index)
            self.status[index] = Status.PENDING
            self._admit(index, now)
        else:
            self.reasons[index] = "its condition was false"
            self._settle(index, Status.SKIPPED, now)
        self._close(now)

    def expand(self, index: int, count: int, columns: Sequence[tuple[SourceKind, Any]], now: float) -> None:
        """The items of a map are known: they join the nodes."""
        if not self._answered(index, 0, now):
            return
        group = self._grow(index, count, columns)
        self.status[index] = _RUNNING
        if self.listening:
            self._tell("items_collected", index, count=count)
        if not count:
            self._advance_ready((index,), now)
        elif group.is_flat:
            self._advance_ready(range(group.base, group.base + count), now)
        else:
            self._connect(group, now)
        for target in self.chains.get(index, ()):
            self._advance_ready(self._wire(index, target), now)
        self._close(now)

    def write(self, index: int, plan: Plan, now: float) -> bool:
        """The body of a call wrote more; says whether it is still wanted."""
        body = self.bodies.get(index)
        if self.status[index] >= _SUCCEEDED or (body is not None and body.failed):
            return False
        if body is None:
            body = self._open_body(index, plan, now)
        self._graft(body, plan, now)
        return True

    def written(self, index: int, plan: Plan, attempt: int, now: float) -> None:
        """The body of a call has returned, or all that was left to write was known beforehand."""
        if not self._answered(index, attempt, now):
            return
        body = self.bodies.get(index)
        if body is not None and body.goes_round:
            again = self._open_body(index, plan, now, body.turn + 1)
            self._forget(body)
            body = again
        elif body is None:
            body = self._open_body(index, plan, now)
        if not body.failed:
            self._graft(body, plan, now)
        self._close_body(body, now)
        self._close(now)

    def expect(self, index: int, local: int, *, blocked: bool = False) -> None:
        """A body can't go on without the value of one of its nodes. What that fails with, it will be handed.

        Its thread waits (`blocked`), or is about to be given back: then say `park`.
        """
        body = self.bodies[index]
        awaited = body.where(local)
        body.awaits, body.blocked, body.woken = awaited, blocked, False
        self.plain[awaited] = 0  # so that it ends where this is asked about
        self.expected.setdefault(awaited, []).append(index)
        self.busy -= blocked

    def call(self, index: int, plan: Plan, now: float) -> int | None:
        """A live body calls something: the node of that, whose end it is told; None where it is to end itself."""
        if not self.write(index, plan, now):
            return None
        body = self.bodies[index]
        assert body.at is not None
        called = body.at[-1]
        self.plain[called] = 0
        if self.is_visible(called):
            self.requests.append(Wake(called))
        else:
            self.expected.setdefault(called, []).append(index)
        return called

    def drop(self, index: int, why: str, now: float) -> None:
        """Nobody waits any more for what a live body called."""
        self._cut_off([index], why, now)
        self._close(now)

    def begin_live(self, index: int, plan: Plan, now: float) -> None:
        """The body of a call is live: it has begun, and calls as it goes."""
        body = self.bodies.get(index)
        if body is None:
            body = self._open_body(index, plan, now)
        body.live = True

    def returned(self, index: int, value: Any, attempt: int, now: float) -> None:
        """A live body has returned. What it called and didn't wait for is stopped."""
        if not self._answered(index, attempt, now):
            return
        body = self.bodies[index]
        body.result = value
        self._cut(body, f"the body of `{self.key(index)}` returned", now)
        self._close_body(body, now)
        self._close(now)

    def park(self, index: int, _fact: Any, attempt: int, now: float) -> None:
        """A body was unwound, to be recorded again once it can go on."""
        if not self._answered(index, attempt, now):
            return
        body = self.bodies[index]
        self.status[index] = _RUNNING
        if body.failed:
            self._close_body(body, now)
        elif body.woken:
            self._record_again(body)
        else:
            body.parked = True
        self._close(now)

    def recorded(self, index: int, now: float) -> None:
        """A node's end is on record; who depends on it and who listens may see it."""
        if index in self._unrecorded:
            news = self._unrecorded.pop(index)
            if news is not None:
                self.requests.append(news)
            self._release(index, now)
            self._close(now)

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

    def abandon(self, index: int, attempt: int, now: float) -> None:
        """An attempt that was to be stopped can't be. The node goes on without it."""
        told = index in self._expired or index in self._expiring or self.stopping is not None or index in self._told
        if not told or not self.is_running(index, attempt):
            return
        self.busy -= 1
        self._lingering[index, attempt] = None
        if index in self._expiring:
            self._expired[index] = Failure(self._expiring.pop(index))
        expired = self._expired.pop(index, None)
        if self.listening:
            reason = CancelReason.TIMEOUT if expired is not None else self.stopping or CancelReason.USER
            self._tell("step_abandoned", index, attempt=attempt, reason=str(reason))
        if expired is not None and self.stopping is None and index not in self._told:
            self._timed_out(index, expired, now)
        else:
            self._cancel_node(index, now)
        self._close(now)

    def ended(self, index: int, attempt: int, now: float) -> None:
        """An abandoned attempt really ended. Its result is nobody's."""
        if (index, attempt) not in self._lingering:
            return
        planned = self._lingering.pop((index, attempt))
        self._give_back(index)
        if planned is not None and self.status[index] is Status.RETRYING:
            self._set_timer(max(planned, now), "retry", index)
        self._close(now)

    def advance(self, now: float) -> None:
        """Time has passed: whatever was due by now happens."""
        while self._timers and self._timers[0][0] <= now:
            _, _, kind, index, attempt = heapq.heappop(self._timers)
            getattr(self, f"_on_{kind}")(index, attempt, now)
        self._close(now)

    def cancel(self, reason: CancelReason, now: float, detail: str = "") -> bool:
        """End the run early. Says whether this was what ended it: the first reason wins."""
        if not self.left or self.stopping is not None:
            return False
        self._stop(reason, now, detail)
        self._close(now)
        return True

    # -- what is asked ----------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When `advance` has to be called next; None while nothing waits for time."""
        return self._timers[0][0] if self._timers else None

    @property
    def is_quiet(self) -> bool:
        """Whether plain nodes may go the short way: nobody is told of them, and nothing is kept."""
        return not self.keeps and (self.quiet or not self.listening)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing is due: with nodes left, that is a deadlock."""
        under_way = self.busy or self._unrecorded or self._lingering or self._timers
        return not under_way and not any(self.ready.values())

    def key(self, index: int) -> str:
        """The key of a node: `fetch`, `fetch#2`, and `score[3]` for an item of a map."""
        home, node = self.homes[index], self.nodes[index]
        if index == self.root.node:
            return home.graph.workflow.label
        key = home.prefix + home.graph.keys[node.index]
        group = self.owners[index]
        return key if group is None else f"{key}[{index - group.base}]"

    def where(self, index: int, local: int) -> int:
        """The node that a place in the text is, for the body that another node was written in."""
        return self.homes[index].where(local)

    def lanes_of_work(self, index: int) -> Lane:
        """Who records the body of a call: anybody, or the event loop where it is live."""
        spec = self.nodes[index].spec
        return Lane.LOOP if spec is not None and spec.is_async else Lane.ANY

    def is_next_round(self, index: int) -> bool:
        """Whether a node is the call of itself that a body returns: not a call of its own, but what comes next."""
        home = self.homes[index]
        return home.tail >= 0 and home.tail == self.nodes[index].index

    def call_of(self, index: int) -> int:
        """The node whose arguments the body of a call is recorded with: the call's own, or the next round's."""
        body = self.bodies.get(index)
        return body.where(body.tail) if body is not None and body.goes_round else index

    def outcome(self, index: int) -> Outcome[Any]:
        """How a node ended, as a value."""
        status = self.status[index]
        if status is _SUCCEEDED:
            return Outcome(status.word, self.values[index])
        return Outcome(status.word, None, self.errors.get(index), self.reason(index))

    def reason(self, index: int) -> str:
        """Why a node didn't run, with the node that it comes from."""
        return self.reasons.get(index, "")

    def runs_out(self, index: int, attempt: int) -> float | None:
        """When an attempt of a node is out of time; None if that is never, or if nobody waits for it any more."""
        if not self.is_running(index, attempt):
            return None
        ends = [self._ends.get(index), self._deadlines.get(index)]
        return min((end for end in ends if end is not None), default=None)

    def is_running(self, index: int, attempt: int) -> bool:
        """Whether an attempt is under way and its node waits for it."""
        return (
            self.status[index] is _RUNNING and index not in self.other_work and attempt == self.attempts.get(index, 1)
        )

    def is_interruptible(self, index: int) -> bool:
        """Whether a step asked to be interrupted when its result isn't wanted any more."""
        policy = self.policies[index]
        return policy is not None and policy.interrupt

    def is_handled(self, index: int) -> bool:
        """Whether somebody takes a failure of this node, as far as is recorded now."""
        policy = self._own_policy(index)
        if policy is not None and policy.on_failure == "skip":
            return True
        if index in self.choosers or index in self.expected:
            return True
        owner = self.owners[index]
        if owner is not None and self.is_handled(owner.map):
            return True
        return any(self._edge(index, target) is Edge.OUTCOME for target in self.dependents[index])

    # -- becoming ready ---------------------------------------------------------------------------------------------

    def _advance_ready(self, indices: Iterable[int], now: float) -> None:
        """Carry out the verdict on nodes whose edges are all settled, and on those that this settles in turn."""
        work = deque(indices)
        while work:
            index = work.popleft()
            verdict = self.verdict[index]
            if self.status[index] >= _SUCCEEDED:
                continue  # what came before it in this list has ended the run
            if verdict:
                self._refuse(index, verdict, now, work)
            elif self.plain[index]:
                self._any.append(index)
            elif self.lanes[index] is Lane.FLOW and not self._is_map(index):
                self._advance_flow(index, now, work)
            elif self.nodes[index].kind is Kind.CALL or self.owners[index] is not None:
                self._admit(index, now)
            else:
                self._settle_inner(index, now, work)

    def _refuse(self, index: int, verdict: int, now: float, work: deque[int]) -> None:
        """A node's edges say that it can't run."""
        if verdict == LOST:
            choice = [self.where(index, i) for i in self.nodes[index].choice]
            found = [self.errors[i] for i in choice if i in self.errors]
            error = BaseExceptionGroup(f"nothing that `{self.key(index)}` needs one of succeeded", found)
            self._fail(index, error, Status.FAILED, now, work)
        elif verdict == SKIP and (failed := self._failed_item(index)) is not None:
            self._fail(index, self.errors[failed], Status.FAILED, now, work)
        else:
            self._settle(index, Status.SKIPPED if verdict == SKIP else Status.BLOCKED, now, work)

    def _failed_item(self, index: int) -> int | None:
        """The item that a map fails with, where whoever takes the map's end takes that of its items."""
        group, policy = self.groups.get(index), self.policies[index]
        if group is None or policy is None or policy.on_failure == "skip":
            return None
        items = range(group.base, group.base + group.size)
        return next((i for i in items if self.status[i] in (Status.FAILED, Status.TIMED_OUT)), None)

    def _settle_inner(self, index: int, now: float, work: deque[int]) -> None:
        """A node that runs no step: a barrier, an outcome, or a map."""
        node = self.nodes[index]
        if node.kind is Kind.OUTCOME:
            self.values[index] = self.outcome(self.where(index, node.data[0]))
        elif node.kind is Kind.MAP:
            group = self.groups.get(index)
            if group is None:
                self.other_work[index] = Work.COLLECT
                self._any.append(index)
                return
            end = group.base + group.size
            if node.tolerant:
                self.values[index] = [self.outcome(i) for i in range(group.base, end)]
            else:
                self.values[index] = self.values[group.base : end]
        self._settle(index, Status.SUCCEEDED, now, work)

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
            start = now if policy.not_before is None else max(now, policy.not_before - self._wall)
            start += policy.delay
            if policy.total_timeout is not None:
                self._deadlines[index] = start + policy.total_timeout
                self._set_timer(self._deadlines[index], "total", index)
            if start > now:
                self.status[index] = Status.WAITING
                self._set_timer(start, "due", index)
                if self.listening:
                    self._tell("step_scheduled", index, seconds=start - now)
                return
        self._enqueue(index)

    def _enqueue(self, index: int) -> None:
        group = self.owners[index]
        if group is not None and group.limit is not None:
            if group.running >= group.limit:
                group.queue.append(index)
                return
            group.running += 1
            self._queued.add(index)
        self.other_work.pop(index, None)
        self.ready[self.lanes[index]].append(index)

    def _begin(self, index: int, now: float) -> None:
        """Work for a node was taken."""
        self.busy += 1
        asked = self.other_work.get(index, Work.BODY)
        if asked is not Work.BODY:
            self._move(index, _RUNNING)
            return
        attempt = self.attempts[index] = self.attempts.get(index, 0) + 1
        self._queued.discard(index)
        self._move(index, _RUNNING)
        if self.listening:
            self.started_at[index] = now
            self._tell("step_started", index, attempt=attempt)
        policy = self.policies[index]
        assert policy is not None
        if policy.timeout is not None:
            self._ends[index] = now + policy.timeout
            self._set_timer(self._ends[index], "timeout", index, attempt)
        if policy.heartbeat_timeout is not None:
            self._beats[index] = now
            self._set_timer(now + policy.heartbeat_timeout, "silence", index, attempt)

    def _answered(self, index: int, attempt: int, now: float) -> bool:
        """Whether an answer is still wanted; the end of an abandoned attempt is only noted."""
        is_body = index not in self.other_work
        if self.status[index] is not _RUNNING or attempt != (self.attempts.get(index, 1) if is_body else 0):
            self.ended(index, attempt, now)
            return False
        self.busy -= 1
        if is_body:
            self._give_back(index)
        self.other_work.pop(index, None)
        return True

    def _give_back(self, index: int) -> None:
        """An attempt ended: the next item may have its place."""
        group = self.owners[index]
        if group is None or group.limit is None:
            return
        group.running -= 1
        while group.queue and group.running < group.limit:
            waiting = group.queue.popleft()
            if self.status[waiting] < _SUCCEEDED and waiting not in self.other_work:
                self._enqueue(waiting)

    # -- growing ----------------------------------------------------------------------------------------------------

    def _grow(self, index: int, count: int, columns: Sequence[tuple[SourceKind, Any]]) -> Group:
        """Add the items of a map, all at once: what they share is shared."""
        node, policy, home = self.nodes[index], self.policies[index], self.homes[index]
        assert policy is not None
        base = self._allocate(count)
        group = Group(index, base, count, columns, policy.max_concurrency, home)
        self.groups[index] = group
        plain = policy.plain and self.lanes[index] is Lane.ANY and group.limit is None
        end = base + count
        self.nodes[base:end] = [node] * count
        self.policies[base:end] = [policy] * count
        self.lanes[base:end] = [self.lanes[index]] * count
        self.plain[base:end] = bytes([plain]) * count
        self.dependents[base:end] = [(index,)] * count
        self.owners[base:end] = [group] * count
        self.homes[base:end] = [home] * count
        self.left += count
        self.waits[index] = count
        return group

    def _allocate(self, size: int) -> int:
        """Room for new nodes, side by side: where others stood that are gone, or at the end."""
        places = self._free.get(size)
        if places:
            base = places.pop()
            self.status[base : base + size] = [_PENDING] * size
            return base
        base = len(self.nodes)
        self.nodes.extend([_NOBODY] * size)
        self.policies.extend([None] * size)
        self.lanes.extend([Lane.MACHINE] * size)
        self.plain.extend(bytes(size))
        self.waits.extend([0] * size)
        self.dependents.extend([()] * size)
        self.owners.extend([None] * size)
        self.homes.extend([self.root] * size)
        self.status.extend([_PENDING] * size)
        self.values.extend([None] * size)
        self.verdict.extend(bytes(size))
        return base

    def _connect(self, group: Group, now: float) -> None:
        """Draw the edges from other nodes to the items of a map, and settle those whose nodes have ended."""
        free, drawn = [], dict[int, list[int]]()
        for item in range(group.size):
            index = group.base + item
            for source in dict.fromkeys(group.sources(item)):
                if self.is_visible(source):
                    self._judge(source, index)
                else:
                    self.waits[index] += 1
                    drawn.setdefault(source, []).append(index)
            if not self.waits[index]:
                free.append(index)
        for source, targets in drawn.items():
            self.dependents[source] = [*self.dependents[source], *targets]
        self._advance_ready(free, now)

    def is_visible(self, index: int) -> bool:
        """Whether a node's end may be seen: it has ended, and is on record if records are kept."""
        return self.status[index] >= _SUCCEEDED and index not in self._unrecorded

    # -- bodies in the place of calls -------------------------------------------------------------------------------

    def _is_map(self, index: int) -> bool:
        """Whether a node is a map as a whole, and not one of its items."""
        return self.nodes[index].kind is Kind.MAP and self.owners[index] is None

    def _advance_flow(self, index: int, now: float, work: deque[int]) -> None:
        """A call of a workflow can begin, or everything in its place has ended."""
        body = self.bodies.get(index)
        if body is not None:
            self._end_body(body, now, work)
            return
        home, local = self.homes[index], self.nodes[index].index
        if self.is_next_round(index):
            # Not a call of its own: the next round of the one that this body stands for.
            home.goes_round = True
            self.status[index] = _SUCCEEDED
            self.left -= 1
            work.extend(self._settle_edges(index))
            return
        known = home.plans.get(local) if self.owners[index] is None else None
        if known is None:
            self._ask_to_record(index)
            return
        self.status[index] = _RUNNING
        body = self._open_body(index, known, now)
        self._graft(body, known, now)
        self._close_body(body, now)

    def _ask_to_record(self, index: int) -> None:
        self.other_work[index] = Work.RECORD
        self.ready[self.lanes_of_work(index)].append(index)

    def _open_body(self, index: int, plan: Plan, now: float, turn: int = 1) -> Body:
        """Begin what is done in the place of a call."""
        if turn == 1:
            self.attempts[index] = 1
            if self.listening:
                self.started_at[index] = now
                self._tell("step_started", index, attempt=1)
        body = self.bodies[index] = Body(plan.graph, index, self.key(index), at=[], turn=turn)
        self.waits[index] = 1  # for the body itself, as long as it may write more
        return body

    def _close_body(self, body: Body, now: float) -> None:
        """A body writes no more."""
        if body.open:
            body.open = False
            self.waits[body.node] -= 1
            if not self.waits[body.node]:
                self._advance_ready((body.node,), now)

    def _graft(self, body: Body, plan: Plan, now: float) -> None:
        """Add the nodes that a body wrote, and draw their edges."""
        body.grow(plan)
        at, count, call = body.at, len(plan.nodes), body.node
        assert at is not None
        base = self._allocate(count)
        end = base + count
        at.extend(range(base, end))
        self.nodes[base:end] = plan.nodes
        self.policies[base:end] = plan.policies
        self.lanes[base:end] = plan.lanes
        self.plain[base:end] = plan.plain
        self.waits[base:end] = plan.waits
        self.dependents[base:end] = [(*[at[i] for i in after], call) for after in plan.dependents]
        self.homes[base:end] = [body] * count
        self.left += count
        self.waits[call] += count
        if self.listening and call != self.root.node and not body.live:
            self._tell("workflow_expanded", call, nodes=count, turn=body.turn)
        self._advance_ready([*[at[i] for i in plan.ready], *self._join(at, plan)], now)

    def _join(self, at: Sequence[int], plan: Plan) -> list[int]:
        """Draw the edges from what was there before, and settle those whose nodes have ended; who waits no more."""
        free: list[int] = []
        for local, targets in plan.late.items():
            source = at[local]
            if not self.is_visible(source):
                self.dependents[source] = (*self.dependents[source], *[at[i] for i in targets])
                continue
            for target in (at[i] for i in targets):
                self._judge(source, target)
                self.waits[target] -= 1
                if not self.waits[target]:
                    free.append(target)
        for local, targets in plan.chains.items():
            source = at[local]
            self.chains[source] = (*self.chains.get(source, ()), *[at[i] for i in targets])
            if source in self.groups or self.is_visible(source):
                for target in (at[i] for i in targets):
                    free.extend(self._wire(source, target))
        for local, targets in plan.choosers.items():
            source = at[local]
            self.choosers[source] = (*self.choosers.get(source, ()), *[at[i] for i in targets])
        for source in [at[local] for local in plan.choosers]:
            if self.is_visible(source):
                for target in self.choosers[source]:
                    free.extend(self._choose(source, target))
        return free

    def _parts(self, body: Body) -> Iterable[int]:
        """Every node in the place of a call, the items of maps among them, but not what those are in the place of."""
        for index in body.at or ():
            yield index
            group = self.groups.get(index)
            if group is not None:
                yield from range(group.base, group.base + group.size)

    def _end_body(self, body: Body, now: float, work: deque[int]) -> None:
        """Everything in the place of a call has ended: so has the call, or its next round begins."""
        index = body.node
        if index == self.root.node:
            self.status[index] = _SUCCEEDED
            self.left -= 1
        elif body.failed:
            self._fail(index, self._failure_of(body), Status.FAILED, now, work, final=True)
        elif body.goes_round:
            self.status[index] = _PENDING
            self._ask_to_record(index)
        else:
            self._return(body, now, work)

    def _failure_of(self, body: Body) -> BaseException:
        errors = list({id(error): error for error in [self.errors[i] for i in body.failed]}.values())
        hard = next((error for error in errors if not isinstance(error, Exception)), None)
        if hard is not None or body.fail_fast:
            return hard or errors[0]
        count = "1 step" if len(body.failed) == 1 else f"{len(body.failed)} steps"
        return BaseExceptionGroup(f"{count} of `{self.key(body.node)}` failed", errors)

    def _return(self, body: Body, now: float, work: deque[int]) -> None:
        """Give a call the value that its body returned."""
        index, result = body.node, body.result
        refs = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
        sources = [body.where(ref._flowkit_node) for ref in refs]
        missing = next((i for i in sources if self.status[i] is not _SUCCEEDED), None)
        if missing is not None:
            self._pass_on(missing, index, SKIP)
            self._settle(index, Status.SKIPPED, now, work)
        elif refs and not (type(result) is Ref and not result._flowkit_path):
            self.status[index] = _PENDING
            self.other_work[index] = Work.RETURN
            self._any.append(index)
        else:
            self.values[index] = self.values[sources[0]] if refs else result
            self._settle(index, _SUCCEEDED, now, work)
            self._forget(self.bodies.pop(index))

    def _fail_within(self, body: Body, index: int, error: BaseException, now: float) -> None:
        """What failed in the place of a call fails the call, once everything else there has ended."""
        if body.fail_fast or not isinstance(error, Exception):
            self._block_behind(index, now)
            self._cut(body, f"`{self.key(index)}` {_WAS[self.status[index]]}", now)

    def _cut(self, body: Body, why: str, now: float) -> None:
        """Stop everything in the place of a call."""
        self._cut_off(list(self._parts(body)), why, now)
        if body.parked:
            body.parked = False
            self._close_body(body, now)

    def _cut_off(self, wanted: list[int], why: str, now: float) -> None:
        """Stop these nodes, with what is in their place. Attempts that run end by themselves, soon."""
        cut: list[int] = []
        for index in wanted:  # it grows
            status, body = self.status[index], self.bodies.get(index)
            self.plain[index] = 0
            if status >= _SUCCEEDED:
                continue
            if body is not None:
                wanted.extend(self._parts(body))
            if status is _RUNNING and index not in self.groups:
                if index in self.other_work:
                    self.busy -= 1  # nobody waits for the answer
                    if body is not None and body.live:
                        self.requests.append(Stop(index, 0, CancelReason.PARENT))
                elif body is None:
                    self._told[index] = why
                    if index not in self._expired and index not in self._expiring:
                        self._ask_to_stop(index, self.attempts.get(index, 1), CancelReason.FAIL_FAST, now)
                    continue
            self.reasons[index] = why
            cut.append(index)
        settled: list[int] = []
        for index in cut:
            news = self._mark(index, Status.CANCELLED, now)
            if self.keeps:
                self._unrecorded[index] = news
                self.requests.append(Record(index))
                continue
            if news is not None:
                self.requests.append(news)
        if not self.keeps:
            for index in cut:
                settled.extend(self._settle_edges(index))
            self._advance_ready(settled, now)

    def _record_again(self, body: Body) -> None:
        body.awaits = -1
        self.status[body.node] = _PENDING
        self._ask_to_record(body.node)

    def _wake(self, index: int) -> None:
        """A node that bodies can't go on without has ended."""
        for call in self.expected.pop(index, ()):
            body = self.bodies[call]
            if body.live:
                self.requests.append(Wake(index))
            elif body.blocked:
                body.blocked = False
                self.busy += 1
                self.requests.append(Wake(index))
            elif body.parked:
                body.parked = False
                self._record_again(body)
            else:
                body.woken = True

    def _forget(self, body: Body) -> None:
        """Let go of the nodes of a body that has ended well, so that what goes round for long stays small.

        Where somebody listens or keeps, they are still asked about; and so are attempts that were told to stop.
        """
        if self.keeps or self.listening or self._lingering:
            return
        gone = list(self._parts(body))
        if not self._stopped.isdisjoint(gone):
            return
        known = set(gone)
        if any(timer[3] in known for timer in self._timers):
            self._timers = [timer for timer in self._timers if timer[3] not in known]
            heapq.heapify(self._timers)
        for table in (
            self.groups, self.errors, self.reasons, self.causes, self.attempts, self.started_at, self.decisions,
            self.chains, self.choosers, self.other_work, self._deadlines, self._ends, self._beats, self._chosen, self._taken,
        ):  # fmt: skip
            if table:
                for index in gone:
                    table.pop(index, None)
        for marks in (self._asked, self._delayed, self._stood_in, self._unhandled):
            marks.difference_update(gone)
        gone.sort()
        start = 0
        for end in range(1, len(gone) + 1):
            if end == len(gone) or gone[end] != gone[end - 1] + 1:
                self._free_up(gone[start], end - start)
                start = end

    def _free_up(self, base: int, size: int) -> None:
        end = base + size
        self.nodes[base:end] = [_NOBODY] * size
        self.plain[base:end] = bytes(size)
        self.waits[base:end] = [0] * size
        self.dependents[base:end] = [()] * size
        self.owners[base:end] = [None] * size
        self.homes[base:end] = [self.root] * size
        self.status[base:end] = [_SUCCEEDED] * size
        self.values[base:end] = [None] * size
        self.verdict[base:end] = bytes(size)
        self._free.setdefault(size, []).append(base)

    # -- ending -----------------------------------------------------------------------------------------------------

    def _settle(self, index: int, status: Status, now: float, work: deque[int] | None = None) -> None:
        """A node has ended. Its dependents see it at once, or when it is on record; listeners never before that."""
        news = self._mark(index, status, now)
        if self.keeps and index != self.root.node:
            self._unrecorded[index] = news
            self.requests.append(Record(index))
            return
        if news is not None:
            self.requests.append(news)
        if work is not None:
            work.extend(self._settle_edges(index))
        else:
            self._release(index, now)

    def _release(self, index: int, now: float) -> None:
        if self.stopping is None:
            self._advance_ready(self._settle_edges(index), now)

    def _settle_edges(self, index: int) -> list[int]:
        """Settle the edges from a node that has ended; the nodes whose last edge that was."""
        settled = []
        if index in self.expected:
            self._wake(index)
        for target in self.dependents[index]:
            self._judge(index, target)
            left = self.waits[target] - 1
            self.waits[target] = left
            if not left and self.status[target] < _SUCCEEDED:
                settled.append(target)
        if index not in self.groups:
            for target in self.chains.get(index, ()):
                # A map that never had items: whoever would have gone on from them has nothing to go on from.
                settled.extend(self._wire(index, target))
        for target in self.choosers.get(index, ()):
            settled.extend(self._choose(index, target))
        return settled

    def _wire(self, index: int, target: int) -> list[int]:
        """Settle the chain from one map to the next; the next one, if that was its last edge."""
        if index not in self.groups:
            self._pass_on(index, target, EDGES[Edge.DATA][self._column(index)])
        self.waits[target] -= 1
        return [target] if not self.waits[target] and self.status[target] < _SUCCEEDED else []

    def _choose(self, index: int, target: int) -> list[int]:
        """One of several has ended: settle the choice if that decides it."""
        if target in self._chosen:
            return []
        candidates = [self.where(target, i) for i in self.nodes[target].choice]
        if self.status[index] is _SUCCEEDED:
            self._chosen[target] = index
        elif all(self.is_visible(i) for i in candidates):
            self._chosen[target] = -1
            lost = [i for i in candidates if self.status[i] is not Status.SKIPPED]
            failed = [i for i in lost if i in self.errors]
            self._pass_on((failed or lost or candidates)[0], target, LOST if failed else BLOCK if lost else SKIP)
        else:
            return []
        self.waits[target] -= 1
        return [target] if not self.waits[target] and self.status[target] < _SUCCEEDED else []

    def _judge(self, index: int, target: int) -> None:
        """Let the table above say what an ended node means for one that depends on it."""
        if self.status[index] is not _SUCCEEDED:
            self._pass_on(index, target, EDGES[self._edge(index, target)][self._column(index)])

    def _pass_on(self, index: int, target: int, verdict: int) -> None:
        if verdict > self.verdict[target] and self.status[target] < _SUCCEEDED:
            self.verdict[target] = verdict
            self.causes[target] = index
            self.reasons[target] = f"`{self.key(index)}` {_WAS[self.status[index]]}"

    def _column(self, index: int) -> int:
        status = self.status[index]
        if status is _SUCCEEDED:
            return 0
        if status is Status.SKIPPED:
            return 1
        failed = status is Status.FAILED or status is Status.TIMED_OUT
        return 2 if failed and index not in self._unhandled else 3

    def _edge(self, index: int, target: int) -> Edge:
        """The kind of edge between two nodes."""
        node = self.nodes[target]
        owner = self.owners[index]
        if owner is not None and owner.map == target:
            return Edge.OUTCOME if node.tolerant else Edge.DATA
        if target in self.bodies and self.homes[index] is self.bodies[target]:
            return Edge.PART
        if self.owners[target] is not None:
            # From item to item: what the chain takes is what the map it goes on from would have put in its list.
            return Edge.OUTCOME if owner is not None and self.nodes[index].tolerant else Edge.DATA
        data = self._taken.get(target)
        if data is None:
            data = self._taken[target] = taken(node)
        if self.nodes[index].index not in data:
            return Edge.ORDER
        return Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.DATA

    def _fail(
        self,
        index: int,
        error: BaseException,
        status: Status,
        now: float,
        work: deque[int] | None = None,
        *,
        final: bool = False,
    ) -> None:
        """A node failed for good, unless something stands in for it."""
        policy = self._own_policy(index)
        ordinary = isinstance(error, Exception)  # SystemExit and its like are nobody's to handle
        self.errors[index] = error
        instead = policy.on_failure if policy is not None else "fail"
        if isinstance(instead, Fallback) and ordinary and not final and self.stopping is None:
            self._stand_in(index, instead, now, work)
            return
        if ordinary and self.is_handled(index):
            self._settle(index, status, now, work)
            return
        self._unhandled.add(index)
        home = self.homes[index]
        if home is not self.root and self.stopping is None:
            home.failed.append(index)
            self._settle(index, status, now, work)
            self._fail_within(home, index, error, now)
            return
        self.failures.append(index)
        if self.stopping is None and (self.fail_fast or not ordinary):
            self.stopping = CancelReason.FAIL_FAST
            self._settle(index, status, now)
            self._block_behind(index, now)
            self._stop(CancelReason.FAIL_FAST, now)
        else:
            self._settle(index, status, now, work)

    def _stand_in(self, index: int, fallback: Fallback, now: float, work: deque[int] | None) -> None:
        self._stood_in.add(index)
        if fallback.call is None:
            self.values[index] = fallback.value
            self._settle(index, Status.SUCCEEDED, now, work)
        else:
            if self.status[index] is not Status.PENDING:
                self._move(index, Status.PENDING)
            self.other_work[index] = Work.FALLBACK
            self._any.append(index)

    def _block_behind(self, failed: int, now: float) -> None:
        """Of what a failure cancels, the nodes that couldn't have run anyway are blocked, and say by what."""
        work = deque((failed,))
        while work:
            index = work.popleft()
            for target in (*self.dependents[index], *(() if index in self.groups else self.chains.get(index, ()))):
                if self.status[target] < _SUCCEEDED and self._edge(index, target) not in _TAKING:
                    self.reasons[target] = f"`{self.key(index)}` {_WAS[self.status[index]]}"
                    self.causes[target] = index
                    self._settle(target, Status.BLOCKED, now)
                    work.append(target)

    def _own_policy(self, index: int) -> Policy | None:
        """The policy of a node; a map's is its items', not its own."""
        if self.owners[index] is None and self.nodes[index].kind is Kind.MAP:
            return None
        return self.policies[index]

    def _timed_out(self, index: int, failure: Failure, now: float) -> None:
        error = failure.error
        final = isinstance(error, StepTimeout) and error.kind == "total_timeout"
        if self.stopping is not None or index in self._told:
            self._cancel_node(index, now)
        elif not final and self._may_retry(index, failure, now):
            self._retry(index, failure, now)
        else:
            self._fail(index, error, Status.TIMED_OUT, now)

    def _may_retry(self, index: int, failure: Failure, now: float) -> bool:
        policy = self._own_policy(index)
        if policy is None or policy.retry is None or self.stopping is not None:
            return False
        attempt, limit = self.attempts.get(index, 1), policy.retry.max_attempts
        if not failure.retryable:
            self.decisions[index] = failure.why or f"{type(failure.error).__name__} is not retried"
        elif limit is not None and attempt >= limit:
            self.decisions[index] = f"attempt {attempt} of {limit} was the last"
        elif failure.delay is None:
            self.decisions[index] = f"the backoff ended after attempt {attempt}"
        elif now + failure.delay >= self._deadlines.get(index, float("inf")):
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

    # -- time -------------------------------------------------------------------------------------------------------

    def _set_timer(self, when: float, kind: str, index: int, attempt: int = 0) -> None:
        self._sequence += 1
        heapq.heappush(self._timers, (when, self._sequence, kind, index, attempt))

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
        if status >= _SUCCEEDED or policy is None or policy.total_timeout is None or index in self.other_work:
            return  # a fallback has all the time it needs
        error = StepTimeout(self.key(index), policy.total_timeout, "total_timeout")
        if status is _RUNNING:
            self._expire(index, self.attempts.get(index, 1), error, now)
        else:
            error.__cause__ = self.errors.get(index)
            if index in self._queued:
                self._queued.discard(index)
                self._give_back(index)
            self._fail(index, error, Status.TIMED_OUT, now)

    def _on_grace(self, index: int, attempt: int, now: float) -> None:
        self.abandon(index, attempt, now)

    def _expire(self, index: int, attempt: int, error: StepTimeout, now: float) -> None:
        if self.stopping is not None or not self.is_running(index, attempt):
            return
        if index not in self._expired and index not in self._expiring:
            self._expiring[index] = error
            self._ask_to_stop(index, attempt, CancelReason.TIMEOUT, now, error)
        elif error.kind == "total_timeout":
            self._expiring.pop(index, None)
            self._expired[index] = Failure(error)

    def _ask_to_stop(
        self, index: int, attempt: int, reason: CancelReason, now: float, error: StepTimeout | None = None
    ) -> None:
        self._stopped.add(index)
        self.requests.append(Stop(index, attempt, reason, error))
        self._set_timer(now + GRACE, "grace", index, attempt)

    # -- stopping ---------------------------------------------------------------------------------------------------

    def _stop(self, reason: CancelReason, now: float, detail: str = "") -> None:
        """Start nothing new; stop what runs; everything else is cancelled."""
        self.stopping, self.stop_detail = reason, detail
        for queue in self.ready.values():
            queue.clear()
        self.plain = bytearray(len(self.nodes))  # from here on nothing goes the short way
        for index, status in enumerate(self.status):
            if status >= _SUCCEEDED:
                continue
            if status is _RUNNING and index not in self.groups:
                if index not in self.other_work and index not in self.bodies:
                    if index not in self._expired and index not in self._expiring:  # or it was told already
                        self._ask_to_stop(index, self.attempts.get(index, 1), reason, now)
                    continue
                if index in self.bodies and self.bodies[index].live:
                    self.requests.append(Stop(index, 0, reason))
                if index in self.other_work and not (index in self.bodies and self.bodies[index].blocked):
                    self.busy -= 1  # nobody waits for the answer of a condition, a fallback, a list or a body
            self._cancel_node(index, now)

    def _cancel_node(self, index: int, now: float) -> None:
        why = f"the run was stopped ({self.stopping})" if self.stopping is not None else "it was stopped"
        self.reasons[index] = self._told.pop(index, why)
        self._settle(index, Status.CANCELLED, now)

    def _close(self, now: float) -> None:
        """End the run if nothing is left of it, or if nothing of what is left can happen any more."""
        timers, status = self._timers, self.status
        while timers and status[timers[0][3]] >= _SUCCEEDED:
            heapq.heappop(timers)  # of a node that has ended: nobody need wake for it
        if self.left and self.is_idle:
            self._break_deadlock(now)
        if self.left or self.finished or self._unrecorded:
            return
        self.finished = True
        if self.watched:
            verify_end(self)
        self.requests.append(Finish(self._last_news()) if self.listening else _FINISH)

    def _break_deadlock(self, now: float) -> None:
        """End a run in which nothing can happen any more, naming what waits for what."""
        waiting: dict[int, dict[int, None]] = {i: {} for i, status in enumerate(self.status) if status < _SUCCEEDED}
        chains, choosers = self.chains, self.choosers
        for index in waiting:
            chained = () if index in self.groups else chains.get(index, ())
            for target in (*self.dependents[index], *chained, *choosers.get(index, ())):
                if target in waiting:
                    waiting[target][index] = None
        self.errors[-1] = Deadlock({self.key(i): [self.key(source) for source in waiting[i]] for i in waiting})
        self.stopping = CancelReason.FAIL_FAST
        for index in waiting:
            self.reasons[index] = "nothing can happen any more"
            self._settle(index, Status.BLOCKED, now)

    @property
    def ending(self) -> RunStatus:
        """What the run came to. Whatever fails once it is cancelled, or failed before that: it is cancelled."""
        if (self.failures or -1 in self.errors) and self.stopping in (None, CancelReason.FAIL_FAST):
            return RunStatus.FAILED
        return RunStatus.CANCELLED if self.stopping is not None else RunStatus.SUCCEEDED

    def _last_news(self) -> Emit:
        ending = self.ending
        if ending is RunStatus.FAILED:
            first = self.errors[self.failures[0] if self.failures else -1]
            return Emit("run_failed", -1, {"error": first, "failed": tuple(self.key(i) for i in self.failures)})
        if ending is RunStatus.CANCELLED:
            return Emit("run_cancelled", -1, {"reason": str(self.stopping), "detail": self.stop_detail})
        return Emit("run_succeeded", -1, {})

    # -- marks and events -------------------------------------------------------------------------------------------

    def _move(self, index: int, status: Status) -> None:
        before = self.status[index]
        if status not in FOLLOWS[before]:
            raise IllegalTransition(self.key(index), before.word, status.word)
        self.status[index] = status

    def _mark(self, index: int, status: Status, now: float) -> Emit | None:
        """Give a node its final status; what listeners are to be told of it."""
        self._move(index, status)
        self.left -= 1
        if not self.listening:
            return None
        self.ended_at[index] = now
        node = self.nodes[index]
        if node.spec is None or (node.kind is Kind.MAP and self.owners[index] is None and status is _SUCCEEDED):
            return None
        return Emit(*self._end_of(index, status, now))

    def _end_of(self, index: int, status: Status, now: float) -> tuple[str, int, dict[str, Any]]:
        """What is told of the end of a node."""
        attempt, error, kind = self.attempts.get(index, 0), self.errors.get(index), f"step_{status.word}"
        if status is _SUCCEEDED:
            told: dict[str, Any] = {"attempt": attempt, "seconds": now - self.started_at.get(index, now)}
            if index in self._stood_in:
                told["error"] = error
        elif error is not None and status in (Status.FAILED, Status.TIMED_OUT):
            told = {"attempt": attempt, "error": error, "handled": index not in self._unhandled}
            told["why"] = self.decisions.get(index, "")
        else:
            told = {"reason": self.reason(index)}
        return kind, index, told

    def _tell(self, kind: str, node: int = -1, **told: Any) -> None:
        self.requests.append(Emit(kind, node, told))


_WAS: Final = {
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.CANCELLED: "was cancelled",
    Status.SKIPPED: "was skipped",
    Status.BLOCKED: "is blocked",
}


def is_cancellation(error: BaseException) -> bool:
    """Whether an attempt ended because it was told to stop. By name: the machine knows no event loop."""
    return type(error).__name__ in {"CancelledError", "Interrupted"}
