"""Nodes that join while a run goes on: the items of maps, and what is written in the place of calls.

A call of a workflow is done when everything that its body wrote has ended. A failure there that nothing handles stops
the rest of it, and is the failure of the call, where it may be handled; so on up to the run. A body that can't go on
without a value is recorded again once that is there, or waits in its thread; what fails then is handed to it, and so is
handled. Where a body returns a call of itself, that is its next round: it takes the place of the one before.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from flowkit.errors import StepTimeout
from flowkit.graph import Kind, Node, Ref, SourceKind, Template
from flowkit.machine.bodies import Body
from flowkit.machine.edges import SKIP
from flowkit.machine.flows import Stream
from flowkit.machine.groups import Group
from flowkit.machine.recalling import Recalling
from flowkit.machine.requests import Work
from flowkit.machine.seats import Seats
from flowkit.machine.statuses import Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.machine.groups import Items
    from flowkit.plan import Plan

__all__ = ["Growing"]

_PENDING: Final = Status.PENDING
_RUNNING: Final = Status.RUNNING
_SUCCEEDED: Final = Status.SUCCEEDED


class Growing(Recalling):
    """Items of maps and bodies of calls."""

    __slots__ = ()

    # -- items of maps --------------------------------------------------------------------------------------------------

    def _grow(self, index: int, items: Items, offset: int = 0) -> Group:
        """Add the items of a map, all at once: what they share is shared."""
        node, policy, home = self.nodes[index], self.policies[index], self.homes[index]
        assert policy is not None
        count = items.size
        base = self._allocate(count)
        of = self.owners[index]
        group = Group(index, base, items, policy, home, of if isinstance(of, Stream) else None, offset)
        group.leaves_out = group.leaves_out or any(
            held.leaves_out and not self.nodes[held.map].tolerant
            for kind, held in items.columns
            if kind is SourceKind.CHAIN
        )
        self.groups[index] = group
        plain = (
            policy.plain and self.lanes[index] is Lane.ANY and group.seats is None and group.written not in self.turns
        )
        plain = plain and self.past is None and not (node.spec is not None and node.spec.declares)
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
        if self.sheltered is not None and index in self.sheltered:
            self.sheltered.update(group.items)
        return group

    def _connect(self, group: Group) -> None:
        """Draw the edges from other nodes to the items of a map, and settle those whose nodes have ended."""
        free, drawn = [], dict[int, list[int]]()
        for item in range(group.size):
            index = group.base + item
            for source in dict.fromkeys((*group.sources(item), *group.blockers_of(item))):
                if self.is_visible(source):
                    self._judge(source, index)
                else:
                    self.waits[index] += 1
                    drawn.setdefault(source, []).append(index)
            if not self.waits[index]:
                free.append(index)
        for source, targets in drawn.items():
            self.dependents[source] = [*self.dependents[source], *targets]
        self.fresh.extend(free)

    # -- bodies in the place of calls -----------------------------------------------------------------------------------

    def _keep_open(self, *, going_on: bool) -> None:
        """Have the run's own body be a node as well, which isn't done before the body is."""
        plan, root = self.plan, self.root
        index = self._allocate(1)
        self.nodes[index] = Node(index, Kind.BARRIER, None, (), None, (), None, 0, None, 0)
        root.grow(plan)
        root.node, root.at = index, list(range(index))
        self.bodies[index] = root
        self.homes[index] = root
        self._set_apart(root, plan, root.at)
        for i in range(index):
            if i not in root.cleanup:
                self.dependents[i] = (*self.dependents[i], index)
        self.waits[index] = index - len(root.cleanup)
        self.lanes[index] = Lane.FLOW
        self.status[index] = _RUNNING
        self.left += 1
        if going_on:
            self.waits[index] += 1  # for the body itself
            self.other_work[index] = Work.RECORD
            self.busy += 1
        else:
            root.open = False
            if not self.waits[index]:
                self.fresh.append(index)

    def _set_apart(self, body: Body, plan: Plan, at: Sequence[int]) -> None:
        """Note of new nodes which are in blocks of their own kind."""
        if plan.cleanup:
            body.cleanup.update(dict.fromkeys(at[i] for i in plan.cleanup))
            self.sheltered = (self.sheltered or set()).union(body.cleanup)
        if body is not self.root and self.sheltered is not None and body.node in self.sheltered:
            self.sheltered.update(at)
        for local, maps in plan.lists.items():
            self.lists[at[local]] = (*self.lists.get(at[local], ()), *[at[i] for i in maps])
        for local, region in plan.turns.items():
            self.turns[at[local]] = body.turns.setdefault(region, Seats(1))
        self.leavable.update([at[i] for i in plan.leavable])
        owner = self.owners[body.node] if body is not self.root else None
        if body is not self.root and (body.node if owner is None else owner.written) in self.leavable:
            # Who may be left behind doesn't run in the thread of whoever called the workflow.
            for index in at[-len(plan.nodes) :]:
                if self.lanes[index] is Lane.ANY:
                    self.lanes[index], self.plain[index] = Lane.POOL, 0
                elif self.lanes[index] is Lane.FLOW:
                    self.leavable.add(index)

    def _advance_flow(self, index: int, now: float) -> None:
        """A call of a workflow can begin, or everything in its place has ended."""
        body = self.bodies.get(index)
        if body is not None:
            self._end_body(body, now)
            return
        home, local = self.homes[index], self.nodes[index].index
        if self.is_next_round(index):
            # Not a call of its own: the next round of the one that this body stands for.
            home.goes_round = True
            self.status[index] = _SUCCEEDED
            self.left -= 1
            self.fresh.extend(self._settle_edges(index))
            return
        if not self._sit(index, 1):
            return  # it isn't its turn
        known = home.plans.get(local) if self.owners[index] is None else None
        if known is None:
            self._ask_to_record(index)
            return
        self.status[index] = _RUNNING
        body = self._open_body(index, now)
        self._graft(body, known)
        self._close_body(body)

    def _open_body(self, index: int, now: float, turn: int = 1) -> Body:
        """Begin what is done in the place of a call."""
        if turn == 1:
            self.attempts[index] = 1
            if self.listening:
                self.started_at[index] = now
                self._tell("step_started", index, attempt=1)
            policy = self.policies[index]
            if policy is not None and policy.total_timeout is not None:
                self._set_timer(self._runs_out_at(index, now + policy.total_timeout), "total", index)
        spec = self.nodes[index].spec
        assert spec is not None
        assert spec.flow is not None
        body = self.bodies[index] = Body(spec.flow, index, self.key(index), at=[], turn=turn)
        self.waits[index] = 1  # for the body itself, as long as it may write more
        return body

    def _graft(self, body: Body, plan: Plan) -> None:
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
        self.plain[base:end] = plan.plain if self.past is None else bytes(count)
        self.waits[base:end] = plan.waits
        self.homes[base:end] = [body] * count
        self.left += count
        self._set_apart(body, plan, at)
        if plan.cleanup:
            self.dependents[base:end] = [
                tuple([at[i] for i in after]) if base + place in body.cleanup else (*[at[i] for i in after], call)
                for place, after in enumerate(plan.dependents)
            ]
        else:
            self.dependents[base:end] = [(*[at[i] for i in after], call) for after in plan.dependents]
        for local, (test, wanted) in plan.conditions.items():
            self.conditions[at[local]] = at[test], wanted
        self.waits[call] += count - len(plan.cleanup)
        if self.listening and call != self.root.node and not body.live:
            self._tell("workflow_expanded", call, nodes=count, turn=body.turn)
        self.fresh.extend([at[i] for i in plan.ready])
        self.fresh.extend(self._join(at, plan))

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
        for local, targets in plan.choosers.items():
            source = at[local]
            for target in [at[i] for i in targets]:
                if source in self.groups and self._is_of_items(self.nodes[target]):
                    free.extend(self._watch_items(source, target))
                elif self.is_visible(source):
                    free.extend(self._choose(source, target))
        return free

    def _end_body(self, body: Body, now: float) -> None:
        """Everything in the place of a call has ended: so has the call, or its next round begins."""
        index = body.node
        if body.undoes and (body.undoing or self._ends_badly(body)) and self._undo_body(body):
            return
        if body.cleanup and not body.cleaning:
            body.cleaning = True
            left = [i for i in body.cleanup if self.status[i] < _SUCCEEDED]
            self.waits[index] = len(left) + 1
            for i in left:
                self.dependents[i] = (*self.dependents[i], index)
                self.waits[i] -= 1
                if not self.waits[i]:
                    self.fresh.append(i)
            self.waits[index] -= 1
            if left:
                return
        if self._held:
            self._give_back(index, 1)
        if index == self.root.node:
            failed = Status.FAILED if index in self.errors else _SUCCEEDED
            self.status[index] = Status.CANCELLED if body.cut else failed
            self.left -= 1
        elif body.cut and not body.failed:
            self._cancel_node(index, now)
        elif body.failed:
            error = self._failure_of(body)
            late = isinstance(error, StepTimeout) and error is self.errors.get(index)
            self._fail(index, error, Status.TIMED_OUT if late else Status.FAILED, now, final=True)
        elif body.goes_round:
            self.status[index] = _PENDING
            self._ask_to_record(index)
        else:
            self._return(body, now)

    def _ends_badly(self, body: Body) -> bool:
        """Whether what was done in a body is to be undone."""
        if body is self.root:
            return body.cut or bool(self.failures) or self.stopping is not None
        return body.cut or bool(body.failed)

    def _return(self, body: Body, now: float) -> None:
        """Give a call the value that its body returned."""
        index, result = body.node, body.result
        refs = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
        sources = [body.where(ref._flowkit_node) for ref in refs]
        missing = next((i for i in sources if self.status[i] is not _SUCCEEDED), None)
        if missing is not None:
            self._pass_on(missing, index, SKIP)
            self._settle(index, Status.SKIPPED, now)
        elif refs and not (type(result) is Ref and not result._flowkit_path):
            self.status[index] = _PENDING
            self.other_work[index] = Work.VALUE
            self._any.append(index)
        else:
            self.values[index] = self.values[sources[0]] if refs else result
            self._settle(index, _SUCCEEDED, now)
            self._forget(self.bodies.pop(index))

    def _forget(self, body: Body) -> None:
        """Let go of the nodes of a body that has ended well, so that what goes round for long stays small.

        Where somebody listens or keeps, they are still asked about; and so are attempts that were told to stop, and what
        may have to be undone.
        """
        if self.keeps or self.listening or self._lingering or body.undoes:
            return
        self._erase(list(self._parts(body)))

    def _erase(self, gone: list[int]) -> bool:
        """Let go of nodes that nobody asks about any more; says whether it did.

        Not where an attempt of theirs was told to stop, or where the run tells in the end what failed while it cleaned up.
        """
        status = self.status
        told = not self._stopped.isdisjoint(gone) or (self.mishaps and not set(self.mishaps).isdisjoint(gone))
        if told or any(status[index] is Status.CANCELLED for index in gone):
            return False
        known = set(gone)
        if any(timer[3] in known for timer in self._timers):
            self._timers = [timer for timer in self._timers if timer[3] not in known]
            heapq.heapify(self._timers)
        for table in (
            self.groups, self.errors, self.reasons, self.causes, self.attempts, self.started_at, self.decisions,
            self.chains, self.choosers, self.other_work, self.deadlines, self._ends, self._beats, self._taken,
            self.conditions, self.won, self._coming, self.turns, self.suspended, self.lists,
        ):  # fmt: skip
            if table:
                for index in gone:
                    table.pop(index, None)
        if self.sheltered is not None:
            self.sheltered.difference_update(gone)
        for marks in (
            self._asked,
            self._delayed,
            self._stood_in,
            self._unhandled,
            self._chosen,
            self._dropped,
            self.leavable,
        ):
            marks.difference_update(gone)
        gone.sort()
        start = 0
        for end in range(1, len(gone) + 1):
            if end == len(gone) or gone[end] != gone[end - 1] + 1:
                self._free_up(gone[start], end - start)
                start = end
        return True
