"""How nodes fail and are stopped, and how runs end."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Final

from flowkit.errors import CancelReason, Deadlock, StepTimeout
from flowkit.graph import Edge, Kind, Ref, Template
from flowkit.machine.edges import TAKING, WAS
from flowkit.machine.requests import Emit, Failure, Stop, Work
from flowkit.machine.statuses import RunStatus, Status
from flowkit.machine.undoing import Undoing
from flowkit.plan import Lane
from flowkit.policies import Fallback

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from flowkit.machine.bodies import Body
    from flowkit.machine.groups import Group
    from flowkit.machine.waiting import Waiting
    from flowkit.plan import Plan

__all__ = ["GRACE", "Ending"]

_STANDING: Final = (Kind.BARRIER, Kind.ARMED, Kind.CANCEL)
"""What has no value, and is about the order of the text."""

_RUNNING: Final = Status.RUNNING
_SUCCEEDED: Final = Status.SUCCEEDED

GRACE: Final = 5.0
"""Seconds that an attempt is given to end once it was told to stop; after that it is left behind."""


class Ending(Undoing):
    """Failures, and whatever else ends nodes before their time."""

    __slots__ = (
        "_expired",
        "_expiring",
        "_lingering",
        "_sequence",
        "_stopped",
        "_timers",
        "_told",
        "fail_fast",
        "failures",
        "finished",
        "leavable",
        "lists",
        "mishaps",
        "suspended",
        "stop_detail",
    )

    def __init__(self, plan: Plan, *, fail_fast: bool, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, listening=listening, keeps=keeps, watched=watched)
        self.fail_fast = fail_fast
        self.failures: list[int] = []
        """What failed unhandled, in order."""
        self.lists: dict[int, Sequence[int]] = {}
        """Per node, the maps that have it among their items."""
        self.leavable: set[int] = set()
        """Calls of workflows that a race or a scope may leave behind, with what is in their place."""
        self.mishaps: list[int] = []
        """What failed in `always` blocks, which changes nothing about the end of what they are in."""
        self.suspended: dict[int, Waiting] = {}
        """Nodes that wait for something outside, or for a time, and for what."""
        self.stop_detail = ""
        self.finished = False
        self._timers: list[tuple[float, int, str, int, int]] = []
        self._sequence = 0
        self._expiring: dict[int, StepTimeout] = {}
        """Attempts that ran out of time and haven't been judged. One that ends before that still counts."""
        self._expired: dict[int, Failure] = {}
        """Attempts that ran out of time and haven't been seen to end."""
        self._lingering: dict[tuple[int, int], float | None] = {}
        """Abandoned attempts: when the retry that waits for their end was planned for, or None."""
        self._told: dict[int, str] = {}
        """Attempts that were told to stop though the run goes on: why."""
        self._stopped: set[int] = set()
        """Nodes of which an attempt was ever told to stop."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing is due: with nodes left, that is a deadlock."""
        under_way = self.busy or self._unrecorded or self._lingering or self._timers or self._borrowing
        return not under_way and not any(self.ready.values()) and not self.is_waited_for

    @property
    def is_waited_for(self) -> bool:
        """Whether some node waits for something from outside."""
        return bool(self.suspended) and any(self.status[index] is Status.WAITING for index in self.suspended)

    @property
    def ending(self) -> RunStatus:
        """What the run came to. Whatever fails once it is cancelled, or failed before that: it is cancelled."""
        if (self.failures or -1 in self.errors) and self.stopping in (None, CancelReason.FAIL_FAST):
            return RunStatus.FAILED
        return RunStatus.CANCELLED if self.stopping is not None else RunStatus.SUCCEEDED

    # -- failing --------------------------------------------------------------------------------------------------------

    def _fail(
        self,
        index: int,
        error: BaseException,
        status: Status,
        now: float,
        *,
        final: bool = False,
    ) -> None:
        """A node failed for good, unless something stands in for it."""
        policy = self._own_policy(index)
        ordinary = isinstance(error, Exception)  # SystemExit and its like are nobody's to handle
        self.errors[index] = error
        instead = policy.on_failure if policy is not None else "fail"
        if isinstance(instead, Fallback) and ordinary and not final and not self.is_stopped(index):
            self._stand_in(index, instead, now)
            return
        if ordinary and self.is_handled(index):
            self._settle(index, status, now)
            group = self.owners[index]
            if group is not None and group.reaction == "halt" and instead != "skip":
                self._halt(group, index, now)
            return
        self._unhandled.add(index)
        home = self.homes[index]
        if self._is_cleanup(index):
            self.mishaps.append(index)
            self._settle(index, status, now)
            return
        if home is not self.root and not self.is_stopped(index):
            home.failed.append(index)
            self._settle(index, status, now)
            self._fail_within(home, index, error, now)
            return
        self.failures.append(index)
        if self.stopping is None and (self.fail_fast or not ordinary):
            self.stopping = CancelReason.FAIL_FAST
            self._settle(index, status, now)
            self._block_behind(index, now)
            self._stop(CancelReason.FAIL_FAST, now)
        else:
            self._settle(index, status, now)

    def _halt(self, group: Group, failed: int, now: float) -> None:
        """An item failed: of the others, those that have begun go on, and no more begin."""
        unbegun = [
            index
            for index in self._members(group.written)
            if index not in self.groups
            and self.status[index] < _SUCCEEDED
            and index not in self.attempts
            and index not in self.bodies
            and (self.status[index] is not _RUNNING or self.other_work.get(index) in (Work.CONDITION, Work.COLLECT))
        ]
        self._drop(unbegun, f"`{self.key(failed)}` failed before it began", now)

    def _stand_in(self, index: int, fallback: Fallback, now: float) -> None:
        self._stood_in.add(index)
        if fallback.call is None:
            self.values[index] = fallback.value
            self._settle(index, Status.SUCCEEDED, now)
        else:
            if self.status[index] is not Status.PENDING:
                self._move(index, Status.PENDING)
            self.other_work[index] = Work.FALLBACK
            self._any.append(index)

    def _fail_within(self, body: Body, index: int, error: BaseException, now: float) -> None:
        """What failed in the place of a call fails the call, once everything else there has ended."""
        if body.fail_fast or not isinstance(error, Exception):
            self._block_behind(index, now)
            self._cut(body, f"`{self.key(index)}` {WAS[self.status[index]]}", now)

    def _failure_of(self, body: Body) -> BaseException:
        errors = list({id(error): error for error in [self.errors[i] for i in body.failed]}.values())
        hard = next((error for error in errors if not isinstance(error, Exception)), None)
        if hard is not None or body.fail_fast:
            return hard or errors[0]
        count = "1 step" if len(body.failed) == 1 else f"{len(body.failed)} steps"
        return BaseExceptionGroup(f"{count} of `{self.key(body.node)}` failed", errors)

    def _block_behind(self, failed: int, now: float) -> None:
        """Of what a failure cancels, the nodes that couldn't have run anyway are blocked, and say by what."""
        work = deque((failed,))
        while work:
            index = work.popleft()
            for target in (*self.dependents[index], *(() if index in self.groups else self.chains.get(index, ()))):
                if target in self.bodies and self._shelters(self.bodies[target]):
                    continue
                if self.status[target] < _SUCCEEDED and self._edge(index, target) not in TAKING:
                    self._blame(index, target)
                    self._settle(target, Status.BLOCKED, now)
                    work.append(target)

    # -- stopping -------------------------------------------------------------------------------------------------------

    def _ask_to_stop(
        self, index: int, attempt: int, reason: CancelReason, now: float, error: StepTimeout | None = None
    ) -> None:
        self._stopped.add(index)
        if index in self.armed:
            self._unsure.add(index)
        self.requests.append(Stop(index, attempt, reason, error))
        self._set_timer(now + GRACE, "grace", index, attempt)

    def _stop(self, reason: CancelReason, now: float, detail: str = "") -> None:
        """Start nothing new; stop what runs; everything else is cancelled."""
        self.stopping, self.stop_detail = reason, detail
        for queue in self.ready.values():
            going_on = [index for index in queue if self._goes_on(index)]
            queue.clear()
            queue.extend(going_on)
        self.plain = bytearray(len(self.nodes))  # from here on nothing goes the short way
        for index, status in enumerate(self.status):
            if status >= _SUCCEEDED or (self.sheltered is not None and index in self.sheltered):
                continue
            if index in self.bodies and self._shelters(self.bodies[index]):
                self._cut_short(self.bodies[index])
                continue
            if index in self.groups and self._is_sheltering(index):
                self._told[index] = self._why_stopped
                continue
            if status is _RUNNING and index not in self.groups:
                if self.other_work.get(index, Work.RESTORE) is Work.RESTORE and index not in self.bodies:
                    if index not in self._expired and index not in self._expiring:  # or it was told already
                        self._ask_to_stop(index, self.attempts.get(index, 1), reason, now)
                    continue
                if index in self.bodies and self.bodies[index].live:
                    self.requests.append(Stop(index, 0, reason))
                if index in self.other_work and not (index in self.bodies and self.bodies[index].blocked):
                    self.busy -= 1  # nobody waits for the answer of a condition, a fallback, a list or a body
            if index in self.bodies:
                self.bodies[index].parked = False  # whatever it was waiting for, it doesn't go on
            if self._held:
                self._give_back(index, self.attempts.get(index, 0) + 1)
            self._cancel_node(index, now)

    @property
    def _may_be_cancelled(self) -> bool:
        """Whether the run goes on: neither is it over, nor on its way there."""
        root = self.root
        return bool(self.left) and self.stopping is None and not root.cleaning and not (root.undoing and self.failures)

    def _goes_on(self, index: int) -> bool:
        """Whether what is to be done for a node is done even so: it cleans up, or its end is on its way back."""
        sheltered = self.sheltered is not None and index in self.sheltered
        return sheltered or self.other_work.get(index) is Work.RESTORE

    def _cancel_node(self, index: int, now: float) -> None:
        why = self._told.pop(index, "")
        self.reasons[index] = why or self._why_stopped
        self.causes.pop(index, None)  # what it would have come to nothing for besides
        if not why and self.stopping is CancelReason.FAIL_FAST and self.failures:
            self.causes[index] = self.failures[0]
        self._settle(index, Status.CANCELLED, now)

    @property
    def _why_stopped(self) -> str:
        if self.stopping is None:
            return "it was stopped"
        detail = self.stop_detail
        if self.stopping is CancelReason.FAIL_FAST and self.failures:
            first = self.failures[0]
            detail = f"`{self.key(first)}` {WAS[self.status[first]]}" if self.status[first] in WAS else detail
        return f"the run was stopped ({self.stopping}{detail and f': {detail}'})"

    def _is_sheltering(self, index: int) -> bool:
        """Whether items of a map have something to clean up or to undo, which the map as a whole waits for."""
        bodies, armed = self.bodies, self.armed
        return (bool(bodies) or bool(armed)) and any(
            i in armed or (i in bodies and self._shelters(bodies[i])) for i in self._members(index)
        )

    def _shelters(self, body: Body) -> bool:
        """Whether a body can't just end: it has `always` blocks left to do, or something to undo."""
        return any(self.status[index] < _SUCCEEDED for index in body.cleanup) or self._owes(body)

    def _cut_short(self, body: Body) -> None:
        """A body is to end early, and has to clean up before that."""
        body.cut = True
        index = body.node
        asked = self.other_work.get(index)
        if body is self.root and asked is not None:
            # Whoever is in it finds out when it asks, or returns: nobody waits for that.
            del self.other_work[index]
            if self.status[index] is _RUNNING:
                self.busy -= not body.blocked
            else:
                self._withdraw(index)
            self.status[index] = _RUNNING
            body.blocked = False
            self._close_body(body)
        elif body.parked or (asked is not None and self.status[index] is not _RUNNING):
            body.parked = False
            if self.other_work.pop(index, None) is not None:
                self._withdraw(index)
            self.status[index] = _RUNNING
            self._close_body(body)

    def _withdraw(self, index: int) -> None:
        """A body was to be recorded again, and nobody has begun: nobody is to."""
        queue = self.ready[self.lane_of_body(index)]
        if index in queue:
            queue.remove(index)

    def _drop(self, wanted: list[int], why: str, now: float) -> None:
        """Stop what nobody wants any more, with what only that needs. It is no failure: what needs it is skipped."""
        gone = dict.fromkeys(self._unended(wanted))
        upstream = dict.fromkeys(source for index in gone for source in self._sources(index))
        while upstream:
            needless = [index for index in upstream if index not in gone and self._is_needless(index, gone)]
            if not needless:
                break
            more = dict.fromkeys(self._unended(needless))
            gone.update(more)
            upstream.update(dict.fromkeys(source for index in more for source in self._sources(index)))
        self._dropped.update(gone)
        self._cut_off([*gone], why, now, dropped=gone)
        if wanted:
            self._undo_dropped((*wanted, *gone), self.homes[wanted[0]])

    def _unended(self, nodes: Iterable[int]) -> Iterable[int]:
        """Those that haven't ended, with the items of those that are maps."""
        for index in nodes:
            if self.status[index] < _SUCCEEDED:
                yield index
                if index in self.groups:
                    yield from [i for i in self._members(index) if self.status[i] < _SUCCEEDED]

    def _is_needless(self, index: int, gone: dict[int, None]) -> bool:
        """Whether a node has a value that nobody is left to take, and does nothing besides."""
        node, home = self.nodes[index], self.homes[index]
        if self.status[index] >= _SUCCEEDED or node.kind in _STANDING or home.graph.goes_on:
            return False  # a body that goes on may take it yet
        if node.spec is not None and node.spec.is_effect:
            return False
        return not self._is_returned(index) and all(
            target in gone or self.status[target] >= _SUCCEEDED for target in self._takers(index)
        )

    def _is_returned(self, index: int) -> bool:
        home, owner = self.homes[index], self.owners[index]
        local, result = self.nodes[index].index, home.result
        refs = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
        return owner is None and any(ref._flowkit_node == local for ref in refs)

    def _sources(self, index: int) -> list[int]:
        """The nodes that one takes values from, or chooses from."""
        group, node = self.owners[index], self.nodes[index]
        if group is not None:
            return list(group.sources(index - group.base))
        return [self.where(index, i) for i in (*node.data, *node.choice)]

    def _takers(self, index: int) -> Iterable[int]:
        """The nodes that take the value of one, choose it, or ask for it by name."""
        owner = self.owners[index]
        for target in self.dependents[index]:
            if owner is not None and target == owner.map:
                # It has the value in a list, which may be nobody's.
                if self._is_returned(target) or any(self._takers(target)):
                    yield target
                continue
            edge = self._edge(index, target)
            spec = self.nodes[target].spec
            named = edge is Edge.ORDER and spec is not None and spec.names_dependencies
            if named or edge not in (Edge.ORDER, Edge.PART, Edge.ALWAYS):
                yield target
        yield from self.choosers.get(index, ())
        if owner is None:
            yield from self.lists.get(index, ())
            if index not in self.groups:
                yield from self.chains.get(index, ())

    def _cut(self, body: Body, why: str, now: float) -> None:
        """Stop everything in the place of a call."""
        self._cut_off(list(self._parts(body)), why, now)
        if body.parked:
            body.parked = False
            self._close_body(body)

    def _cut_off(self, wanted: list[int], why: str, now: float, dropped: Container[int] = ()) -> None:
        """Stop these nodes, with what is in their place. Attempts that run end by themselves, soon.

        What cleans up isn't stopped, unless it is among those that were dropped by name.
        """
        cut: list[int] = []
        seen: set[int] = set()
        for index in wanted:  # it grows
            status, body = self.status[index], self.bodies.get(index)
            if status >= _SUCCEEDED or index in seen or (index not in dropped and self._is_cleanup(index)):
                continue
            seen.add(index)
            self.plain[index] = 0
            if index in dropped and self.waits[index] and body is None:
                # What the text puts behind it is behind all that it waits for, too: it ends when that has.
                self._told.setdefault(index, why)
                continue
            if index in self.groups:
                wanted.extend(self.groups[index].items)
                if self._is_sheltering(index):
                    self._told[index] = why
                    continue
            if body is not None:
                wanted.extend(self._parts(body))
                if self._shelters(body):
                    self._told[index] = why
                    self._cut_short(body)
                    continue
                body.parked = False  # whatever it was waiting for, it doesn't go on
            if status is _RUNNING and index not in self.groups:
                if self.other_work.get(index, Work.RESTORE) is not Work.RESTORE:
                    self.busy -= 1  # nobody waits for the answer
                    if body is not None and body.live:
                        self.requests.append(Stop(index, 0, CancelReason.PARENT))
                elif body is None:
                    self._told[index] = why
                    if index not in self._expired and index not in self._expiring:
                        self._ask_to_stop(index, self.attempts.get(index, 1), CancelReason.PARENT, now)
                    continue
            self.reasons[index] = why
            cut.append(index)
        for index in cut:
            if self._held:
                self._give_back(index, self.attempts.get(index, 0) + (self.lanes[index] is not Lane.FLOW))
            news = self._mark(index, Status.CANCELLED, now)
            if self._is_to_record(index, news):
                continue
            if news is not None:
                self.requests.append(news)
        for index in cut:
            if index not in self._unrecorded:
                self.fresh.extend(self._settle_edges(index))

    def _parts(self, body: Body) -> Iterable[int]:
        """Every node in the place of a call, the items of maps among them, but not what those are in the place of."""
        for index in body.at or ():
            yield index
            if index in self.groups:
                yield from self._members(index)

    def _close_body(self, body: Body) -> None:
        """A body writes no more."""
        if body.open:
            body.open = False
            self.waits[body.node] -= 1
            if not self.waits[body.node]:
                self.fresh.append(body.node)

    def _end_if_done(self, body: Body) -> None:
        """A body that is to end, and may have nothing more under way that would end it."""
        if not body.open and not self.waits[body.node] and body.node not in self.other_work:
            self.fresh.append(body.node)

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

    def _last_news(self) -> Emit:
        ending = self.ending
        if ending is RunStatus.FAILED:
            first = self.errors[self.failures[0] if self.failures else -1]
            return Emit("run_failed", -1, {"error": first, "failed": tuple(self.key(i) for i in self.failures)})
        if ending is RunStatus.CANCELLED:
            return Emit("run_cancelled", -1, {"reason": str(self.stopping), "detail": self.stop_detail})
        return Emit("run_succeeded", -1, {})

    # -- time -----------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When `advance` has to be called next; None while nothing waits for time."""
        return self._timers[0][0] if self._timers else None

    def _set_timer(self, when: float, kind: str, index: int, attempt: int = 0) -> None:
        self._sequence += 1
        heapq.heappush(self._timers, (when, self._sequence, kind, index, attempt))
