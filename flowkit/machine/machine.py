"""The scheduler as arithmetic: no threads, no clocks, no event loops, no stores.

A machine is fed what happened and answers with what to do next. `take` hands out work; `requests` holds the rest. It
never calls code that isn't flowkit's own: conditions, fallbacks, backoffs and lists to go through are work and facts
that its driver brings.

It stands in floors, each of which knows those below: `nodes` (what there is), `edges` (what the end of a node means for
others: the table of edges is there), `undoing` (compensations), `ending` (failing and stopping), `attempts` (from ready
to answered), `recalling` (what is on record of a run that was begun before), `growing` (maps and bodies), `streaming` (maps whose items still come), `suspending` (what waits for the
world outside), and here on top what goes in and what comes out.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.errors import CancelReason, IllegalTransition
from flowkit.graph import Edge, Kind, Ref, Template
from flowkit.machine.attempts import NOT_SO
from flowkit.machine.edges import EDGES, LOST, SKIP
from flowkit.machine.flows import Flow, Stream
from flowkit.machine.invariants import verify_end
from flowkit.machine.requests import Failure, Finish, Wake, Work
from flowkit.machine.statuses import Status
from flowkit.machine.suspending import Suspending
from flowkit.machine.waiting import Letter
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowkit.machine.bodies import Body
    from flowkit.machine.flows import Pulled
    from flowkit.machine.groups import Group, Items
    from flowkit.machine.past import Past
    from flowkit.machine.waiting import Decision, Waiting
    from flowkit.plan import Plan

__all__ = ["Machine"]

# Members of an enum, and the one request that most runs make, are looked up and made once: it shows in small runs.
_RUNNING: Final = Status.RUNNING
_FINISH: Final = Finish(None)
_ANYWHERE: Final = (None, Work.RECORD, Work.COLLECT)
"""What is done in other lanes than that of all threads, too."""
_SUCCEEDED: Final = Status.SUCCEEDED


class Machine(Suspending):
    """One run of a plan."""

    __slots__ = ()

    def __init__(
        self,
        plan: Plan,
        *,
        fail_fast: bool = True,
        listening: bool = False,
        keeps: bool = False,
        watched: bool = False,
        past: Past | None = None,
    ) -> None:
        super().__init__(plan, fail_fast=fail_fast, listening=listening, keeps=keeps, watched=watched)
        if past is not None:
            self._look_back(past)
        if plan.graph.goes_on or plan.cleanup or plan.may_compensate:
            self._keep_open(going_on=plan.graph.goes_on)
        else:
            self.root.grow(plan)
            if plan.turns or plan.lists or plan.leavable:
                self._set_apart(self.root, plan, range(len(plan.nodes)))

    # -- work -----------------------------------------------------------------------------------------------------------

    def begin(self, now: float, wall: float = 0.0) -> None:
        """Start. `now` is any clock that only goes forward; `wall` is the time of day at the same moment."""
        self.wall = wall - now
        if self.stopping is not None:
            return  # cancelled before it began
        if self.listening:
            self._tell("run_started", nodes=len(self.nodes))
        for index in self.plan.ready:
            (self._any if self.plain[index] else self.fresh).append(index)
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
                if self.status[index] < _SUCCEEDED and (queue is self._any or asked in _ANYWHERE):
                    self._begin(index, now)
                    if asked is Work.COLLECT and index in self.pulls:
                        self.pulls[index].is_out = True
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
                    self.fresh.append(target)
        if self.choosers:
            for target in self.choosers.get(index, ()):
                self.fresh.extend(self._choose(index, target))
        if self.fresh or not self.left or not (self.busy or self._any):
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

    # -- answers --------------------------------------------------------------------------------------------------------

    def succeed(self, index: int, value: Any, attempt: int, now: float) -> None:
        """A body or a fallback returned."""
        if not self._answered(index, attempt, now):
            self._close(now)
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
        self._calm(index)
        if not self._answered(index, attempt, now):
            self._close(now)
            return
        if asked is Work.RECORD and index in self.bodies:
            body = self.bodies[index]
            if body is self.root and not self._shelters(body):
                self._fail(index, failure.error, Status.FAILED, now)
            elif body is self.root:
                self.errors[index] = failure.error
                self.failures.append(index)
                self._close_body(body)
                if self.stopping is None and (self.fail_fast or not isinstance(failure.error, Exception)):
                    self._stop(CancelReason.FAIL_FAST, now)
            else:
                body.failed.append(index)
                self.errors[index] = failure.error
                self._cut(body, f"the body of `{self.key(index)}` raised", now)
                self._close_body(body)
            self._close(now)
            return
        self._expiring.pop(index, None)
        if index in self._expired:
            expired = self._expired.pop(index)
            if not is_cancellation(failure.error):
                expired.error.__cause__ = failure.error
            self._timed_out(index, expired, now)
        elif index in self._told or (self.is_stopped(index) and is_cancellation(failure.error)):
            self._cancel_node(index, now)
        elif asked is Work.BODY and self._may_retry(index, failure, now):
            self._retry(index, failure, now)
        else:
            self._fail(index, failure.error, Status.FAILED, now, final=asked is Work.FALLBACK)
        self._close(now)

    def suspend(self, index: int, waiting: Waiting, attempt: int, now: float) -> None:
        """A body says that its value comes later, from outside or by the clock."""
        if self._answered(index, attempt, now, goes_on=True):
            if index in self._told:
                self._cancel_node(index, now)
            else:
                self._suspend(index, waiting, now)
        self._close(now)

    def deliver(self, name: str, value: Any, now: float, dedup: str | None = None, number: int = 0) -> bool:
        """A signal came in: whoever waits for it has it, or it is kept. False if it came before.

        `number` is what a store knows it by, to be found in `taken` when somebody has it.
        """
        if dedup is not None:
            if (name, dedup) in self._heard:
                return False
            self._heard.add((name, dedup))
        index, letter = self._waiting_for("signal", name), Letter(value, number)
        if index is None:
            self.mail.setdefault(name, deque()).append(letter)
        else:
            self._received(index, letter, now, early=False)
            self._close(now)
        return True

    def lend(self, index: int, attempt: int, now: float) -> bool:
        """An attempt has its place under a limit that other runs share; False if it doesn't want it any more."""
        lent = self._lend(index, attempt)
        self._close(now)
        return lent

    def decide(self, index: int, decision: Decision, now: float) -> None:
        """Somebody decided at a gate. Raises `IllegalTransition` where it isn't open any more."""
        if index not in self.suspended or self.status[index] is not Status.WAITING:
            raise IllegalTransition(self.key(index), self.status[index].word, "decided")
        self._decided(index, decision, now)
        self._close(now)

    def answer(self, index: int, condition: bool, now: float) -> None:
        """`run_if` said whether the step is to run."""
        if not self._answered(index, 0, now):
            self._close(now)
            return
        if condition:
            self._asked.add(index)
            self.status[index] = Status.PENDING
            self._admit(index, now)
        else:
            self.reasons[index] = NOT_SO
            self._settle(index, Status.SKIPPED, now)
        self._close(now)

    def expand(self, index: int, items: Items | Flow, now: float) -> None:
        """The items of a map are known: they join the nodes. Or it is known where they will come from."""
        if not self._answered(index, 0, now):
            self._close(now)
            return
        if isinstance(items, Flow):
            self._open_stream(index, items)
            self._close(now)
            return
        group, count = self._grow(index, items), items.size
        self.status[index] = _RUNNING
        if self.listening:
            self._tell("items_collected", index, count=count)
        if not count:
            self.fresh.append(index)
        elif group.is_flat:
            self.fresh.extend(range(group.base, group.base + count))
        else:
            self._connect(group)
        for target in self.chains.get(index, ()):
            self.fresh.extend(self._wire(index, target))
        for target in self.choosers.get(index, ()):
            if self._is_of_items(self.nodes[target]):
                self.fresh.extend(self._watch_items(index, target))
        self._close(now)

    def pulled(self, index: int, pulled: Pulled, now: float) -> None:
        """Some items of a stream have come, or there are no more."""
        self.pulls[index].is_out = False
        self.stirred = True
        if self._answered(index, 0, now):
            self._take_in(index, pulled, now)
        self._close(now)

    def recorded(self, index: int, now: float) -> None:
        """A node's end is on record; who depends on it and who listens may see it."""
        if index in self._unrecorded:
            self._unrecorded.discard(index)
            self._release(index)
            self._close(now)

    def restore(self, index: int, value: Any, _attempt: int, now: float) -> None:
        """An end that was on record has come back, with its value."""
        self._restore(index, value, now)
        self._close(now)

    # -- bodies that go on ----------------------------------------------------------------------------------------------

    def enter(self, index: int, now: float) -> Body | None:
        """The body of a call is about to be recorded, or played: what is done in its place; None if nobody wants it."""
        if self.status[index] >= _SUCCEEDED:
            return None
        body = self.bodies.get(index)
        if body is None:
            body = self._open_body(index, now)
        elif body.goes_round and body.failed:
            return None
        elif body.goes_round:
            before, body = body, self._open_body(index, now, body.turn + 1)
            self._forget(before)
        return body

    def write(self, index: int, plan: Plan, now: float) -> bool:
        """The body of a call wrote more; says whether it is still wanted."""
        body = self.bodies[index]
        if self.status[index] >= _SUCCEEDED or body.failed or body.cut:
            return False
        self._graft(body, plan)
        self._advance_fresh(now)
        if self._put_off and not self.recalling and not self._is_coming_back:
            self._begin_put_off()
        return True

    def written(self, index: int, plan: Plan, attempt: int, now: float) -> None:
        """The body of a call has returned, or all that was left to write was known beforehand."""
        if not self._answered(index, attempt, now):
            self._close(now)
            return
        body = self.bodies[index]
        if not body.failed and not body.cut:
            self._graft(body, plan)
        self._close_body(body)
        self._close(now)

    def expect(self, index: int, local: int, *, blocked: bool = False) -> None:
        """A body can't go on without the value of one of its nodes. What that fails with, it will be handed.

        Its thread waits (`blocked`), or is about to be given back: then say `park`.
        """
        body = self.bodies[index]
        awaited = body.where(local)
        body.blocked, body.woken = blocked, False
        self.plain[awaited] = 0  # so that it ends where this is asked about
        self.expected.setdefault(awaited, []).append(index)
        self.busy -= blocked

    def call(self, index: int, plan: Plan, now: float) -> int | None:
        """A live body calls something: the node of that, whose end it is told; None where it is to end itself."""
        if not self.write(index, plan, now):
            return None
        body = self.bodies[index]
        assert body.at is not None
        self._rouse(index)
        called = body.at[-1]
        self.plain[called] = 0
        if self.is_visible(called):
            self.requests.append(Wake(called))
        else:
            self.expected.setdefault(called, []).append(index)
        return called

    def drained(self, index: int, now: float) -> None:
        """A live body calls nothing more before something else happens."""
        if index in self.restless or self._returns:  # what it called may have been given a result
            self.restless.discard(index)
            self._close(now)

    def drop(self, index: int, why: str, now: float) -> None:
        """Nobody waits any more for what a live body called."""
        self._cut_off([index], why, now)
        self._undo_dropped([index], self.homes[index])
        self._close(now)

    def returned(self, index: int, value: Any, attempt: int, now: float) -> None:
        """A live body has returned. What it called and didn't wait for is stopped."""
        self._calm(index)
        if not self._answered(index, attempt, now):
            self._close(now)
            return
        body = self.bodies[index]
        body.result = value
        left = [i for i in self._parts(body) if self.status[i] < _SUCCEEDED]
        self._cut(body, f"the body of `{self.key(index)}` returned", now)
        self._undo_dropped(left, body)
        self._close_body(body)
        self._close(now)

    def park(self, index: int, _fact: Any, attempt: int, now: float) -> None:
        """A body was unwound, to be recorded again once it can go on."""
        if not self._answered(index, attempt, now):
            self._close(now)
            return
        body = self.bodies[index]
        self.status[index] = _RUNNING
        if body.failed or body.cut:
            self._close_body(body)
            self._end_if_done(body)
        elif body.woken:
            self._record_again(body)
        else:
            body.parked = True
        self._close(now)

    def abandon(self, index: int, attempt: int, now: float) -> None:
        """An attempt that was to be stopped can't be. The node goes on without it."""
        self._leave(index, attempt, now)
        self._close(now)

    def ended(self, index: int, attempt: int, now: float) -> None:
        """An abandoned attempt really ended. Its result is nobody's."""
        self._let_go(index, attempt, now)
        self._close(now)

    # -- time and stopping ----------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Time has passed: whatever was due by now happens. What is on record comes before that."""
        if self.recalling:
            return
        while self._timers and self._timers[0][0] <= now:
            _, _, kind, index, attempt = heapq.heappop(self._timers)
            getattr(self, f"_on_{kind}")(index, attempt, now)
        self._close(now)

    def due(self, now: float) -> list[str]:
        """The nodes that something happens to when `advance` is called now."""
        if self.recalling or not self._timers or self._timers[0][0] > now:
            return []
        waiting = [index for when, _, _, index, _ in self._timers if when <= now and self.status[index] < _SUCCEEDED]
        return sorted({self.key(index) for index in waiting})

    def cancel(self, reason: CancelReason, now: float, detail: str = "") -> bool:
        """End the run early. Says whether this was what ended it: the first reason wins."""
        if self.recalling:
            if self._cancelled_later is not None:
                return False
            self._cancelled_later = reason, detail
            return True
        if not self._may_be_cancelled:
            return False
        self._stop(reason, now, detail)
        self._close(now)
        return True

    # -- what becomes of nodes that nothing is waited for ---------------------------------------------------------------

    def _advance_fresh(self, now: float) -> None:
        """Carry out the verdict on nodes whose edges are all settled, and on those that this settles in turn."""
        fresh = self.fresh
        while fresh:
            index = fresh.popleft()
            verdict = self.verdict[index]
            if self.status[index] >= _SUCCEEDED:
                continue  # what came before it in this list has ended it
            if index not in self.bodies and (index in self._dropped or (index in self._told and index in self.groups)):
                self._cancel_node(index, now)
            elif verdict:
                self._refuse(index, verdict, now)
            elif self.plain[index]:
                self._any.append(index)
            elif self.lanes[index] is Lane.FLOW and not self._is_map(index):
                self._advance_flow(index, now)
            elif self.nodes[index].kind is Kind.CALL or (self.owners[index] is not None and not self._is_map(index)):
                self._admit(index, now)
            else:
                self._settle_inner(index, now)

    def _refuse(self, index: int, verdict: int, now: float) -> None:
        """A node's edges say that it can't run."""
        if self.listening and index in self.groups and not self.is_part(index):
            self._tell("items_finished", index, counts=self.counts(self._items_of(index)))
        if verdict == LOST:
            self._lose_again(index)
            found = [self.errors[i] for i in self.candidates(index) if i in self.errors]
            self._fail(index, self._loss(index, found), Status.FAILED, now)
        elif verdict == SKIP and (failed := self._failed_item(index)) is not None:
            self._lose_again(index)
            self._fail(index, self.errors[failed], Status.FAILED, now)
        else:
            self._settle(index, Status.SKIPPED if verdict == SKIP else Status.BLOCKED, now)

    def _loss(self, index: int, found: list[BaseException]) -> BaseException:
        """What a choice fails with that can't be made any more."""
        key, count = self.key(index), self.count_of(index)
        if count == 1 and found:
            return BaseExceptionGroup(f"nothing that `{key}` needs one of succeeded", found)
        had = len(self.won.get(index, ()))
        message = f"`{key}` needs {count} result{'s' if count > 1 else ''}, and there are {had or 'none'}"
        return BaseExceptionGroup(message, found) if found else LookupError(message)

    def _settle_inner(self, index: int, now: float) -> None:
        """A node that runs no step: a barrier, an outcome, a map, a test and what goes by it, a join."""
        node = self.nodes[index]
        kind = node.kind
        if index in self._batches and self._undo_batch(index):
            return
        if kind is Kind.TEST or kind is Kind.PICK or kind is Kind.JOIN:
            if kind is Kind.PICK and self._refuse_branch(index, now):
                return
            if kind is Kind.JOIN and self.listening:
                self._tell("chosen", index, winners=tuple([self.key(i) for i in self.won[index]]))
            if kind is Kind.JOIN and node.args[0].cancels:
                won = self.won[index]
                losers = [i for i in self.candidates(index) if i not in won]
                self._drop(losers, f"`{self.key(index)}` was decided without it", now)
            self.other_work[index] = Work.VALUE
            self._any.append(index)
            return
        if kind is Kind.CANCEL:
            self._settle(index, Status.SUCCEEDED, now)
            self._drop(list(self._in_region(index, node.args[0])), "its scope was cancelled", now)
            return
        if node.kind is Kind.OUTCOME:
            self.values[index] = self.outcome(self.where(index, node.data[0]))
        elif node.kind is Kind.MAP:
            group = self.groups.get(index)
            if group is None:
                self.other_work[index] = Work.COLLECT
                self._any.append(index)
                return
            if self.listening and not self.is_part(index):
                self._tell("items_finished", index, counts=self.counts(self._items_of(index)))
            if group.reaction == "halt" and not node.tolerant and self._refuse_halted(group, now):
                return
            if isinstance(group, Stream):
                self.values[index] = self._list_of(group)
            elif node.tolerant:
                self.values[index] = [self.outcome(i) for i in group.items]
            elif group.leaves_out:
                self.values[index] = [self.values[i] for i in group.items if self.status[i] is _SUCCEEDED]
            else:
                self.values[index] = self.values[group.base : group.base + group.size]
        self._settle(index, Status.SUCCEEDED, now)

    def _refuse_halted(self, group: Group, now: float) -> bool:
        """Whether a map that halts at a failure has no list: one failed, or, as with any map, one has no value."""
        index, policy = group.map, self.policies[group.map]
        failed = self._failed_of(group) if policy is not None and policy.on_failure != "skip" else []
        if failed:
            lost = f"{len(failed)} of {group.size} items of `{self.key(index)}` failed"
            self._fail(index, BaseExceptionGroup(lost, [self.errors[i] for i in failed]), Status.FAILED, now)
            return True
        edge = EDGES[Edge.ORDER if group.leaves_out else Edge.DATA]
        for i in self._items_of(index):
            if self.status[i] is not _SUCCEEDED:
                self._pass_on(i, index, edge[self._column(i)])
        if self.verdict[index]:
            self._refuse(index, self.verdict[index], now)
        return bool(self.verdict[index])

    def _refuse_branch(self, index: int, now: float) -> bool:
        """Whether the branch that is meant of a `cond` has no value; then that is passed on, as of any data."""
        value = self.picked(index)
        refs = [value] if type(value) is Ref else value.refs if type(value) is Template else ()
        missing = [i for i in (self.where(index, ref._flowkit_node) for ref in refs) if not self._is_there(i)]
        for i in missing:
            self._pass_on(i, index, EDGES[Edge.DATA][self._column(i)])
        if missing:
            self._refuse(index, self.verdict[index], now)
        return bool(missing)

    def _is_there(self, index: int) -> bool:
        return self.status[index] is _SUCCEEDED

    def picked(self, index: int) -> Any:
        """Of the two values of a `cond` the one that is meant, as it was written."""
        test, then, otherwise = self.nodes[index].args
        return then if self.values[self.where(index, test._flowkit_node)] else otherwise

    def _in_region(self, index: int, region: int) -> Iterable[int]:
        """The nodes of a region of the body that a node was written in, but for what cleans up at the end of that."""
        home = self.homes[index]
        regions = home.graph.regions
        for place in home.at if home.at is not None else range(len(home.graph.nodes)):
            around: int | None = self.nodes[place].region
            while around is not None and around != region:
                around = None if regions[around].cleans_up else regions[around].parent
            if around is not None:
                yield place

    def _flow_on(self, now: float) -> None:
        self._advance_fresh(now)
        while self.stirred:
            self._tend_streams()
            self._advance_fresh(now)

    def _close(self, now: float) -> None:
        """Go on as far as it goes; end the run if nothing is left of it, or if nothing of that can happen any more."""
        if self.fresh or self.stirred:
            self._flow_on(now)
        if self.recalling or self._returns or self._put_off:
            while self._bring_back(now):
                self._flow_on(now)
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


def is_cancellation(error: BaseException) -> bool:
    """Whether an attempt ended because it was told to stop. By name: the machine knows no event loop."""
    return type(error).__name__ in {"CancelledError", "Interrupted"}
