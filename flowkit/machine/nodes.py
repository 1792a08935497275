"""The nodes of a run while it runs: what each is, and how far it has come.

Nodes are counted; the tables say, per number, what is known of it. They grow while the run goes on: items of maps and
what bodies write join them, and what a body wrote leaves again where nobody asks about it any more.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.errors import IllegalTransition
from flowkit.graph import Kind, Node, Outcome
from flowkit.machine.bodies import Body
from flowkit.machine.invariants import Statuses
from flowkit.machine.requests import Emit
from flowkit.machine.statuses import FOLLOWS, Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowkit.machine.groups import Group
    from flowkit.machine.requests import Request, Work
    from flowkit.plan import Plan
    from flowkit.policies import Policy

__all__ = ["Nodes"]

# Members of an enum are looked up through their class each time: it shows in small runs.
_PENDING: Final = Status.PENDING
_SUCCEEDED: Final = Status.SUCCEEDED

_NOBODY: Final = Node(-1, Kind.BARRIER, None, (), None, (), None, 0, None, 0)
"""What stands where a node was."""


class Nodes:
    """The tables, and what can be asked of them."""

    __slots__ = (
        "_any",
        "_free",
        "_stood_in",
        "_unhandled",
        "_unsure",
        "_unrecorded",
        "armed",
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
        "groups",
        "homes",
        "keeps",
        "known",
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
        "stirred",
        "stirring",
        "undoing",
        "values",
        "verdict",
        "waits",
        "watched",
    )

    def __init__(self, plan: Plan, *, listening: bool, keeps: bool, watched: bool) -> None:
        self.plan = plan
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
        self.root = Body(plan.graph.workflow, -1, "", at=None)
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
        self.armed: dict[int, None] = {}
        """Nodes whose work would have to be undone: those that have ended in the order in which they did."""
        self.undoing: dict[int, int] = {}
        """Per node that undoes another, that."""
        self.stirring: set[int] = set()
        """Nodes after whose end a stream may have room for more, or be done with some of its items."""
        self.stirred = False
        """Whether one of them has ended since the streams were looked at."""
        self.attempts: dict[int, int] = {}
        self.started_at: dict[int, float] = {}
        self.ended_at: dict[int, float] = {}
        self.decisions: dict[int, str] = {}
        """Of steps with retries that failed for good, why they weren't tried again."""
        self.requests: list[Request] = []
        self.other_work: dict[int, Work] = {}
        """What a queued or taken node is to be done for, where that isn't its body."""
        self.ready: dict[Lane, deque[int]] = {lane: deque() for lane in (Lane.ANY, Lane.POOL, Lane.LOOP, Lane.CALLER)}
        self._any = self.ready[Lane.ANY]
        self._stood_in: set[int] = set()
        """Nodes whose value is a fallback's."""
        self._unsure: set[int] = set()
        """Nodes of which an attempt was told to stop: what it had done by then, nobody knows."""
        self._unhandled: set[int] = set()
        self._unrecorded: set[int] = set()
        """Nodes that have ended and whose end isn't on record yet."""
        self.known: set[int] = set()
        """Nodes whose end was on record before this machine was made."""
        self._free: dict[int, list[int]] = {}
        """By length, where nodes stood that are gone, to be used again."""

    # -- what is asked --------------------------------------------------------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Whether plain nodes may go the short way: nobody is told of them, and nothing is kept."""
        return not self.keeps and (self.quiet or not self.listening)

    def key(self, index: int) -> str:
        """The key of a node: `fetch`, `fetch#2`, and `score[3]` for an item of a map."""
        home, node = self.homes[index], self.nodes[index]
        if index == self.root.node:
            return home.graph.workflow.label
        if node.index < 0:
            undone, group = self.undoing.get(index), self.owners[index]
            if undone is not None and node.spec is not None:
                return f"{self.key(undone)}:{node.spec.label}"
            return self.key(group.map) if group is not None else "(undoing)"
        key = home.prefix + home.graph.keys[node.index]
        group = self.owners[index]
        return key if group is None or self.is_part(index) else f"{key}[{group.name(index)}]"

    def where(self, index: int, local: int) -> int:
        """The node that a place in the text is, for the body that another node was written in."""
        return self.homes[index].where(local)

    def is_visible(self, index: int) -> bool:
        """Whether a node's end may be seen: it has ended, and is on record if records are kept."""
        return self.status[index] >= _SUCCEEDED and index not in self._unrecorded

    def _is_map(self, index: int) -> bool:
        """Whether a node is a map as a whole, or a part of one that streams, and not one of the items."""
        return self.nodes[index].kind is Kind.MAP and (self.owners[index] is None or index in self.groups)

    def is_item(self, index: int) -> bool:
        """Whether a node is one of the items of a map."""
        return self.owners[index] is not None and index not in self.groups and self.nodes[index].kind is Kind.MAP

    def is_part(self, index: int) -> bool:
        """Whether a node stands for some of the items of a stream: nobody is told of it."""
        return bool(self.stirring) and self.owners[index] is not None and self._is_map(index)

    def lane_of_body(self, index: int) -> Lane:
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

    def is_interruptible(self, index: int) -> bool:
        """Whether a step asked to be interrupted when its result isn't wanted any more."""
        policy = self.policies[index]
        return policy is not None and policy.interrupt

    def _own_policy(self, index: int) -> Policy | None:
        """The policy of a node; a map's is its items', not its own."""
        if self._is_map(index):
            return None
        return self.policies[index]

    # -- room -----------------------------------------------------------------------------------------------------------

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

    # -- marks and events -----------------------------------------------------------------------------------------------

    def _move(self, index: int, status: Status) -> None:
        before = self.status[index]
        if status not in FOLLOWS[before]:
            raise IllegalTransition(self.key(index), before.word, status.word)
        self.status[index] = status

    def _mark(self, index: int, status: Status, now: float) -> Emit | None:
        """Give a node its final status; what listeners are to be told of it."""
        self._move(index, status)
        self.left -= 1
        if self.armed and index in self.armed:
            self._completed(index, status)
        if self.stirring and index in self.stirring:
            self.stirred = True
        if not self.listening:
            return None
        self.ended_at[index] = now
        node = self.nodes[index]
        if node.kind is Kind.BARRIER and node.args:
            return self._phase_news(index, node)
        if node.spec is None or (self._is_map(index) and (status is _SUCCEEDED or self.owners[index] is not None)):
            return None
        return Emit(*self._end_of(index, status, now))

    def _completed(self, index: int, status: Status) -> None:
        """What has a compensation has ended: keep the order, and forget what failed for certain."""
        del self.armed[index]
        if index in self._unsure or (status is _SUCCEEDED and index not in self._stood_in):
            self.armed[index] = None

    def _phase_news(self, index: int, node: Node) -> Emit | None:
        """What is told where a phase begins or ends. One that never began is told of by what it didn't begin for."""
        home = self.homes[index]
        if len(node.args) == 1:
            began = self.status[index] is _SUCCEEDED
            return Emit("phase_started", index, {"phase": node.args[0]}) if began else None
        name, first = node.args
        parts = [home.where(i) for i in range(first - 1, node.index)]  # from the barrier before it on
        if self.status[parts[0]] is not _SUCCEEDED:
            return None
        apart = home.cleanup if index not in home.cleanup else ()  # an `always` in it is done later
        steps = [
            one
            for part in parts
            if self.nodes[part].spec is not None and part not in apart
            for one in self._or_items(part)
        ]
        return Emit("phase_finished", parts[0], {"phase": name, "counts": self.counts(steps)})

    def _or_items(self, index: int) -> Iterable[int]:
        """A node, or the items of it where it is a map."""
        return self._items_of(index) if index in self.groups else (index,)

    def _items_of(self, index: int) -> Sequence[int]:
        """The items of a map; of one that streams, those that are known still."""
        if not self.stirring:
            return self.groups[index].items
        return [i for i in self._members(index) if i not in self.groups and self.nodes[i].index >= 0]

    def _members(self, index: int) -> Iterable[int]:
        """The items of a map; of one that streams those in flight, and the nodes that stand for them."""
        groups = self.groups
        for item in groups[index].items:
            yield item
            if item in groups:
                yield from groups[item].items

    def counts(self, nodes: Iterable[int]) -> dict[str, int]:
        """How many of these have come to each status, by its name."""
        counts: dict[str, int] = {}
        for index in nodes:
            word = self.status[index].word
            counts[word] = counts.get(word, 0) + 1
        return counts

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
