"""What the end of a node means for those that depend on it.

State, per node and by index: `status`; `waits`, how many edges aren't settled yet; `verdict`, the worst that an edge
has brought so far. When `waits` reaches nought the verdict is carried out. Every edge is settled once: when the node
it comes from has ended (and its end is on record, if records are kept), by this table.

| edge from a node that is ...                 | succeeded | skipped  | failed, handled | failed unhandled, cancelled, blocked |
|----------------------------------------------|-----------|----------|-----------------|--------------------------------------|
| **data**                                     | go        | skip     | skip            | block                                |
| **order** (`depends_on`, effects' places)    | go        | go       | go              | block                                |
| **outcome** (`outcome(ref)`, `map_outcomes`) | go        | go       | go              | go                                   |
| **choice** (`depends_on_any`, joins)         | go        | next one | next one        | next one                             |
| **part** (what is done in a call's place)    | go        | go       | go              | go                                   |
| **condition** (`when`, `cond`)               | go / skip | skip     | skip            | block                                |
| **branch** (the values of a `cond`)          | go        | go       | go              | go                                   |
| **armed** (`always`)                         | go        | skip     | skip            | skip                                 |
| **always** (order inside an `always`)        | go        | go       | go              | go                                   |

Timing out is failing. What was cancelled since others won a race, or with its scope, counts as handled. A condition
says go if the test gives what is wanted. Of the branches of a `cond` the one that is meant then counts as data. A
choice goes with the first that succeeds, or the first few; if too few succeeded and one failed it is lost: it fails
with all of their errors, where its other edges say go. If none failed it is blocked where one was blocked, and else
skipped. Block outweighs skip, skip outweighs a lost choice, and that outweighs go, so that the order in which edges are
settled doesn't matter. A chain (a map over another map's items) is settled when those items become known, and if they
never do, as data. A failure is handled if `on_failure="skip"` says so, or if an outcome or a choice takes it; only an
unhandled one ends the run. Who takes a map as an outcome or a choice takes the failures of its items: the map fails with
the first of them.

From an item to its map the edge is data, and outcome where the map makes of failures what it is to be: by
`map_outcomes`, or by `on_item_failure`. A map that goes on from one which leaves items out takes its own as order. From
item to item of one map (`item_depends_on`) the edge is order; with "continue" it is part, with "skip_dependents" data.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from flowkit.graph import Edge, Kind
from flowkit.machine.nodes import Nodes
from flowkit.machine.requests import Record, Wake, Work
from flowkit.machine.statuses import Status
from flowkit.plan import taken, takes_whole

if TYPE_CHECKING:
    from flowkit.errors import CancelReason
    from flowkit.graph import Node, Region
    from flowkit.machine.bodies import Body
    from flowkit.machine.groups import Group
    from flowkit.machine.requests import Emit
    from flowkit.plan import Plan

__all__ = ["BLOCK", "EDGES", "GO", "LOST", "SKIP", "TAKING", "WAS", "Edges"]

GO: Final = 0
LOST: Final = 1
SKIP: Final = 2
BLOCK: Final = 3

_SUCCEEDED: Final = Status.SUCCEEDED

EDGES: Final[dict[Edge, tuple[int, int, int, int]]] = {
    Edge.DATA: (GO, SKIP, SKIP, BLOCK),
    Edge.ORDER: (GO, GO, GO, BLOCK),
    Edge.OUTCOME: (GO, GO, GO, GO),
    Edge.PART: (GO, GO, GO, GO),
    Edge.CONDITION: (GO, SKIP, SKIP, BLOCK),
    Edge.BRANCH: (GO, GO, GO, GO),
    Edge.ARMED: (GO, SKIP, SKIP, SKIP),
    Edge.ALWAYS: (GO, GO, GO, GO),
}
"""The table above: per edge, the verdict for succeeded, skipped, failed handled, and the rest."""

TAKING: Final = (Edge.OUTCOME, Edge.PART, Edge.BRANCH, Edge.ARMED, Edge.ALWAYS)
"""The edges by which nothing is blocked."""

_NEVER: Final = (-1, True)
_UNWRITTEN: Final = (Kind.BARRIER, Kind.TEST, Kind.ARMED)

WAS: Final = {
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed out",
    Status.CANCELLED: "was cancelled",
    Status.SKIPPED: "was skipped",
    Status.BLOCKED: "is blocked",
}


class Edges(Nodes):
    """Ends, passed on from node to node. What has no open edge any more is put into `fresh`."""

    __slots__ = (
        "_chosen",
        "_coming",
        "_dropped",
        "_taken",
        "conditions",
        "fresh",
        "sheltered",
        "stopping",
        "won",
    )

    def __init__(self, plan: Plan, *, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, listening=listening, keeps=keeps, watched=watched)
        self.fresh: deque[int] = deque()
        """Nodes that nothing is waited for any more, in order; what becomes of them says their verdict."""
        self.stopping: CancelReason | None = None
        self.sheltered: set[int] | None = None
        """What goes on though the run is stopped: all that is done in `always` blocks. None where there are none."""
        self.conditions: dict[int, tuple[int, bool]] = dict(plan.conditions)
        """Per node in a block that may not run, what that is decided by, and what has to come of it."""
        self.won: dict[int, list[int]] = {}
        """Per choice, those that succeeded, in the order they came."""
        self._coming: dict[int, int] = {}
        """Per choice, how many of its nodes haven't ended."""
        self._chosen: set[int] = set()
        """Choices that are settled."""
        self._dropped: set[int] = set()
        """What is cancelled since others were faster, or with its scope."""
        self._taken: dict[int, frozenset[int]] = {}
        """What a node takes values from, where that was asked for."""

    def _settle(self, index: int, status: Status, now: float) -> None:
        """A node has ended. Its dependents see it at once, or when it is on record; listeners never before that."""
        news = self._mark(index, status, now)
        if self._is_to_record(index, news):
            return
        if news is not None:
            self.requests.append(news)
        self._release(index)

    def _is_to_record(self, index: int, news: Emit | None) -> bool:
        """Whether a node's end has to be put on record before it counts; then that is asked for."""
        if not self.keeps or index == self.root.node or index in self.known or self._is_unseen(index):
            return False
        self._unrecorded.add(index)
        self.requests.append(Record(index, news))
        return True

    def _is_unseen(self, index: int) -> bool:
        """Whether a node is one of those that only help others along: nothing of it is kept."""
        node = self.nodes[index]
        return (node.index < 0 and node.spec is None) or self.is_part(index)

    def is_stopped(self, index: int) -> bool:
        """Whether the run was stopped, and this node with it."""
        return self.stopping is not None and (self.sheltered is None or index not in self.sheltered)

    def _release(self, index: int) -> None:
        if self.stopping is None or self.sheltered is not None:
            self.fresh.extend(self._settle_edges(index))

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
        node = self.nodes[target]
        if target in self._chosen or (index in self.groups and self._is_of_items(node)):
            return []  # of a map whose items are meant, they have said it
        won = self.won.setdefault(target, [])
        if target not in self._coming:
            self._coming[target] = len(node.choice)
        self._coming[target] -= 1
        if self.status[index] is _SUCCEEDED and self._may_win(index, target):
            won.append(index)
        if len(won) < self.count_of(target):
            if self._coming[target]:
                return []
            self._lose(target, index)
        return self._settle_choice(target)

    def _may_win(self, _index: int, _target: int) -> bool:
        """Whether a node that succeeded counts for a choice."""
        return True

    def _settle_choice(self, target: int) -> list[int]:
        self._chosen.add(target)
        self.waits[target] -= 1
        return [target] if not self.waits[target] and self.status[target] < _SUCCEEDED else []

    def _lose(self, target: int, newest: int) -> None:
        """All of a choice have ended, and too few succeeded."""
        candidates = self.candidates(target)
        ended = {i: self._column(i) for i in candidates if self.status[i] is not _SUCCEEDED}
        failed = [i for i in ended if self.status[i] in (Status.FAILED, Status.TIMED_OUT)]
        blocked = [i for i, column in ended.items() if column == 3]
        verdict = LOST if failed or len(candidates) < self.count_of(target) else BLOCK if blocked else SKIP
        self._pass_on([*failed, *blocked, *ended, newest][0], target, verdict)

    def _watch_items(self, index: int, target: int) -> list[int]:
        """A choice is among the items of this map, which are known now."""
        group = self.groups[index]
        self._coming[target] = group.size
        for item in range(group.base, group.base + group.size):
            self.choosers[item] = (*self.choosers.get(item, ()), target)
        if group.size:
            return [one for i in group.items if self.is_visible(i) for one in self._choose(i, target)]
        self._lose(target, index)
        return self._settle_choice(target)

    def _is_of_items(self, node: Node) -> bool:
        return node.kind is Kind.JOIN and node.args[0].of_items

    def count_of(self, target: int) -> int:
        """How many have to succeed for a choice."""
        node = self.nodes[target]
        return node.args[0].count if node.kind is Kind.JOIN else 1

    def candidates(self, target: int) -> list[int]:
        """The nodes that a choice is among."""
        node = self.nodes[target]
        nodes = [self.where(target, i) for i in node.choice]
        group = self.groups.get(nodes[0]) if self._is_of_items(node) else None
        return nodes if group is None else list(group.items)

    def _judge(self, index: int, target: int) -> None:
        """Let the table above say what an ended node means for one that depends on it."""
        if self.status[index] is not _SUCCEEDED:
            edge = self._edge(index, target)
            if edge is Edge.ARMED:
                self._refuse_for(target, "the text never came to its place")
            else:
                self._pass_on(index, target, EDGES[edge][self._column(index)])
        elif self.conditions:
            test, wanted = self.conditions.get(target, (-1, True))
            if test == index and self.nodes[index].kind is Kind.TEST and self.values[index] is not wanted:
                word = self._region_of(target, test).word
                said = "no" if wanted else "yes"
                self._refuse_for(target, f"the test of its `{'cond' if word == 'cond' else 'when'}` said {said}")

    def _region_of(self, index: int, test: int) -> Region:
        """The region around a node that goes by this test."""
        regions = self.homes[index].graph.regions
        region = regions[self.nodes[index].region]
        while region.parent is not None and (region.test < 0 or self.where(index, region.test) != test):
            region = regions[region.parent]
        return region

    def _refuse_for(self, target: int, why: str) -> None:
        """Have a node skipped for a reason of its own."""
        if self.verdict[target] < SKIP and self.status[target] < _SUCCEEDED:
            self.verdict[target] = SKIP
            self.causes.pop(target, None)
            self.reasons[target] = why

    def _pass_on(self, index: int, target: int, verdict: int) -> None:
        if verdict > self.verdict[target] and self.status[target] < _SUCCEEDED:
            self.verdict[target] = verdict
            self._blame(index, target)

    def _blame(self, index: int, target: int) -> None:
        """Say that a node came to nothing because of another; of what nobody has written, because of what that says."""
        if (self.nodes[index].kind in _UNWRITTEN or self.is_part(index)) and index in self.reasons:
            self.reasons[target] = self.reasons[index]
            if index in self.causes:
                self.causes[target] = self.causes[index]
            else:
                self.causes.pop(target, None)
            return
        self.causes[target] = index
        self.reasons[target] = f"`{self.key(index)}` {WAS.get(self.status[index], 'succeeded')}"

    def is_dropped(self, index: int) -> bool:
        """Whether nobody wanted a node any more, or the call in whose place it stands."""
        while index not in self._dropped:
            home = self.homes[index]
            if home is self.root:
                return False
            index = home.node
        return True

    def _column(self, index: int) -> int:
        status = self.status[index]
        if status is _SUCCEEDED:
            return 0
        if status is Status.SKIPPED:
            return 1
        if status is Status.CANCELLED:
            return 2 if index in self._dropped else 3
        failed = status is Status.FAILED or status is Status.TIMED_OUT
        return 2 if failed and index not in self._unhandled else 3

    def _edge(self, index: int, target: int) -> Edge:
        """The kind of edge between two nodes."""
        node = self.nodes[target]
        if node.index < 0 or self.nodes[index].index < 0:
            # To or from what undoes others; or from what pulls a stream, whose end is that of all that goes on from it.
            pulls = self.owners[index]
            return Edge.PART if pulls is None or pulls.map == target else Edge.DATA
        owner = self.owners[index]
        if owner is not None and owner.map == target:
            if owner.reaction != "fail":
                return Edge.OUTCOME  # of its items' failures, the map makes what it is to be
            return Edge.OUTCOME if node.tolerant else Edge.ORDER if owner.leaves_out else Edge.DATA
        if owner is not None and owner is self.owners[target]:
            # From item to item of one map: one comes after the other, or has no business without it.
            if owner.reaction == "continue":
                return Edge.PART
            return Edge.DATA if owner.reaction == "skip_dependents" else Edge.ORDER
        if target in self.bodies and self.homes[index] is self.bodies[target]:
            return Edge.PART
        if self.conditions and self.conditions.get(target, _NEVER)[0] == index:
            return Edge.ARMED if self.nodes[index].kind is Kind.ARMED else Edge.CONDITION
        if self.owners[target] is not None:
            # From item to item: what the chain takes is what the map it goes on from would have put in its list.
            return Edge.OUTCOME if owner is not None and self.nodes[index].tolerant else Edge.DATA
        data = self._taken.get(target)
        if data is None:
            data = self._taken[target] = taken(node)
        local, streams = self.nodes[index].index, self.homes[target].streams
        if local not in data:
            if streams and takes_whole(node, local, streams):
                return Edge.DATA
            return Edge.ALWAYS if target in self.homes[target].cleanup else Edge.ORDER
        if node.kind is Kind.PICK:
            return Edge.DATA if self.nodes[index].kind is Kind.TEST else Edge.BRANCH
        return Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.DATA

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

    def _failed_item(self, index: int) -> int | None:
        """The item that a map fails with, where whoever takes the map's end takes that of its items."""
        group, policy = self.groups.get(index), self.policies[index]
        if group is None or policy is None or policy.on_failure == "skip":
            return None
        return next(iter(self._failed_of(group)), None)

    def _failed_of(self, group: Group) -> list[int]:
        """The items of a map that failed."""
        failed = (Status.FAILED, Status.TIMED_OUT)
        return [i for i in self._items_of(group.map) if self.status[i] in failed]

    # -- bodies that wait -----------------------------------------------------------------------------------------------

    def _wake(self, index: int) -> None:
        """A node that bodies can't go on without has ended."""
        for call in self.expected.pop(index, ()):
            body = self.bodies[call]
            if body.live:
                self._rouse(call)
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

    def _rouse(self, call: int) -> None:
        """A live body is about to go on."""

    def _record_again(self, body: Body) -> None:
        self.status[body.node] = Status.PENDING
        self._ask_to_record(body.node)

    def _ask_to_record(self, index: int) -> None:
        self.other_work[index] = Work.RECORD
        self.ready[self.lane_of_body(index)].append(index)
