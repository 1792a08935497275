"""From a checked graph to a plan: the same nodes, with what the machine asks about each of them laid out by index."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from flowkit.checks import CheckedGraph
from flowkit.graph import Kind, SourceKind, references
from flowkit.plan.streams import Family, families
from flowkit.policies import Unset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from flowkit.graph import Graph, Node, Region, StepSpec
    from flowkit.policies import Limit, Policy, StepOptions

__all__ = ["Lane", "Plan", "compile_plan", "taken"]


# Looked up once: a member of an enum costs 60 ns each time on Python 3.11.
_CALL: Final = Kind.CALL
_MAP: Final = Kind.MAP
_JOIN: Final = Kind.JOIN


class Lane(enum.IntEnum):
    """Who may work on a node."""

    ANY = 0
    """Any thread, the caller's own included."""
    POOL = 1
    """A worker thread only: it may be left behind or interrupted, which a caller's own thread never is.

    It has a timeout, or is in a race or a scope.
    """
    LOOP = 2
    """An event loop."""
    CALLER = 4
    """The thread that called the workflow; of a run that was started, any worker."""
    MACHINE = 3
    """Nobody: the machine settles it by itself."""
    FLOW = 5
    """Nobody, once its body is recorded: the machine runs what that wrote in its place."""


@attrs.define(eq=False)
class Plan:
    """What a machine starts from. It copies what it changes, so one plan can serve many runs.

    Not frozen, which would make it three times as dear to make; nobody changes it.
    """

    graph: Graph
    first: int
    """The index of the first node that is planned here, for a body that goes on; what follows is by place from there."""
    nodes: Sequence[Node]
    policies: Sequence[Policy | None]
    lanes: Sequence[Lane]
    plain: bytearray
    """Per node, whether being ready is all there is: a call in lane ANY with nothing asked of its policy."""
    waits: Sequence[int]
    """Per node, how many edges have to be settled before it is ready."""
    dependents: Sequence[Sequence[int]]
    """Per node, who waits for it, but for chains and choices."""
    late: Mapping[int, Sequence[int]]
    """Per node that was planned before, who of these waits for it."""
    chains: Mapping[int, Sequence[int]]
    """Per map, the maps that go on from its items."""
    choosers: Mapping[int, Sequence[int]]
    """Per node, those for which it is one of several."""
    ready: Sequence[int]
    executors: AbstractSet[str]
    """The names of all executors that steps ask for."""
    inner: Mapping[int, Plan]
    """Per call of a workflow whose body is recorded already, the plan of that."""
    conditions: Mapping[int, tuple[int, bool]]
    """Per node in a block that may not run, what that is decided by, and what has to come of it."""
    cleanup: Sequence[int]
    """The nodes in `always` blocks. They have one edge more, which is settled when all else in the body has ended."""
    lists: Mapping[int, Sequence[int]]
    """Per node, the maps that have it among their items; they don't wait for it, their items do."""
    turns: Mapping[int, int]
    """Per node in a block where one step runs at a time, that block."""
    limits: AbstractSet[Limit]
    """The limits that steps share with those of other runs."""
    leavable: Sequence[int]
    """The calls of workflows among what a race or a scope may leave behind."""
    compensations: Mapping[StepSpec, tuple[Policy, Lane]]
    """The steps that undo others, and how each is to be run."""
    streams: Mapping[int, Family]
    """Per map that goes through what a generator yields, or on from the items of one that does, those it is with."""
    may_compensate: bool
    """Whether something in it may have to be undone: a step of it, or of a workflow that isn't recorded yet."""


def taken(node: Node) -> frozenset[int]:
    """The nodes that a node takes values from, and not only comes after."""
    # What a map goes through item by item, its items wait for: the map itself at most comes after it.
    return frozenset(_map_edges(node)[0] if node.kind is _MAP else node.data)


def compile_plan(checked: CheckedGraph) -> Plan:
    """Lay a checked graph out for the machine. Linear in nodes and edges."""
    graph = checked.graph
    first = graph.first
    nodes = graph.nodes[first:] if first else graph.nodes
    size = len(nodes)
    settle = _Policies(graph.workflow.options.defaults)
    known = settle.known
    policies: list[Policy | None] = [None] * size
    lanes = [Lane.ANY] * size
    plain = bytearray(size)
    waits = [0] * size
    dependents: list[Sequence[int]] = [()] * size
    chains: dict[int, list[int]] = {}
    choosers: dict[int, list[int]] = {}
    ready: list[int] = []
    late: dict[int, list[int]] = {}
    rules = _rules(graph.regions)
    conditions: dict[int, tuple[int, bool]] = {}
    cleanup: list[int] = []
    lists: dict[int, list[int]] = {}
    turns: dict[int, int] = {}
    for node in nodes:
        index = node.index - first
        spec = node.spec
        if spec is None:
            lanes[index] = Lane.MACHINE
        else:
            policies[index], lanes[index], is_plain = known.get(spec) or settle.of(spec)
            if is_plain and node.kind is _CALL:
                plain[index] = 1
        before: Sequence[int] = node.data
        if node.kind is _MAP:
            before, chained = _map_edges(node)
            for i in chained:
                chains.setdefault(i, []).append(node.index)
            waits[index] = len(chained)
            for i in node.data:
                if i not in before and i not in chained:
                    lists.setdefault(i, []).append(node.index)
        if node.order:
            before = (*before, *[i for i in node.order if i not in before]) if before else node.order
        rule = rules[node.region] if rules is not None else None
        if rule is not None:
            if rule.test >= 0 and node.kind is not Kind.BARRIER:
                conditions[node.index] = rule.test, rule.wanted
                before = before if rule.test in before else (*before, rule.test)
            if rule.cleans_up:
                cleanup.append(node.index)
                waits[index] += 1
            if rule.turns >= 0 and node.spec is not None:
                turns[node.index] = rule.turns
                plain[index] = 0
        for i in before:
            if i < first:
                late.setdefault(i, []).append(node.index)
                continue
            after = dependents[i - first]
            if not after:
                dependents[i - first] = (node.index,)  # most nodes have one
            elif type(after) is list:
                after.append(node.index)
            else:
                dependents[i - first] = [*after, node.index]
        count = waits[index] = waits[index] + len(before)
        if node.choice:
            for i in node.choice:
                choosers.setdefault(i, []).append(node.index)
            count = waits[index] = count + 1
        if not count:
            ready.append(node.index)
    streams: Mapping[int, Family] = {}
    if settle.streams:
        streams = families(graph, lambda spec: settle.of(spec)[0])
        for i in [i for i in streams if i in chains]:
            for apart in [one for one in chains[i] if one not in streams]:
                # It takes the whole list instead, once that is there.
                chains[i].remove(apart)
                dependents[i - first] = [*dependents[i - first], apart]
    leavable = [i for i in _leavable(nodes, graph.regions) if lanes[i - first] in (Lane.ANY, Lane.FLOW)]
    for i in leavable:
        if lanes[i - first] is Lane.ANY:
            lanes[i - first], plain[i - first] = Lane.POOL, 0
    compensations = settle.compensations()
    may_compensate = bool(compensations) or any(
        lane is Lane.FLOW and place + first not in graph.inner for place, lane in enumerate(lanes)
    )
    inner = {}
    for i, written in graph.inner.items() if graph.inner else ():
        if i >= first:
            inner[i] = compile_plan(CheckedGraph(written))
            settle.executors |= inner[i].executors
            settle.limits |= inner[i].limits
            may_compensate = may_compensate or inner[i].may_compensate
    return Plan(
        graph,
        first,
        nodes,
        policies,
        lanes,
        plain,
        waits,
        dependents,
        late,
        chains,
        choosers,
        ready,
        settle.executors,
        inner,
        conditions,
        cleanup,
        lists,
        turns,
        settle.limits,
        [i for i in leavable if lanes[i - first] is Lane.FLOW],
        compensations,
        streams,
        may_compensate,
    )


def _leavable(nodes: Sequence[Node], regions: Sequence[Region]) -> set[int]:
    """What others may be faster than, or is in a scope, with what that takes values from."""
    found: set[int] = set()
    left = [i for node in nodes if node.kind is _JOIN and node.args[0].cancels for i in node.choice]
    if len(regions) > 1:
        scoped = set[int]()
        for region in regions:
            if region.word == "scope" or region.parent in scoped:
                scoped.add(region.index)
        if scoped:
            left.extend(node.index for node in nodes if node.region in scoped)
    first = nodes[0].index if nodes else 0
    while left:
        index = left.pop()
        if index >= first and index not in found:
            found.add(index)
            node = nodes[index - first]
            left.extend((*node.data, *node.choice))
    return found


class _Rule(NamedTuple):
    """What a region says of the nodes in it."""

    test: int
    wanted: bool
    cleans_up: bool
    turns: int


def _rules(regions: Sequence[Region]) -> Sequence[_Rule] | None:
    """Per region, what it and those around it say; None where they say nothing that the order doesn't."""
    if not any(region.test >= 0 or region.takes_turns for region in regions):
        return None
    rules: list[_Rule] = []
    for region in regions:
        around = rules[region.parent] if region.parent is not None else _Rule(-1, True, False, -1)
        own = region.test >= 0
        rules.append(
            _Rule(
                region.test if own else around.test,
                region.wanted if own else around.wanted,
                region.cleans_up or around.cleans_up,
                region.index if region.takes_turns and around.turns < 0 else around.turns,
            )
        )
    return rules


class _Policies:
    """The policy and lane of each step, settled once per compilation."""

    def __init__(self, defaults: StepOptions | Unset) -> None:
        self.defaults = defaults
        self.known: dict[StepSpec, tuple[Policy, Lane, bool]] = {}
        self.executors: set[str] = set()
        self.limits: set[Limit] = set()
        self.streams = False
        """Whether any of them is a generator."""
        self._compensated = False
        """Whether any of them has a compensation."""

    def of(self, spec: StepSpec) -> tuple[Policy, Lane, bool]:
        known = self.known.get(spec)
        if known is None:
            defaults = self.defaults
            alone = isinstance(defaults, Unset)
            settled: tuple[Policy, Lane, bool] | None = spec.remembered.get(compile_plan) if alone else None
            self.streams = self.streams or (spec.flow is None and spec.streams)
            if settled is not None:
                self._note(settled[0])
                self.known[spec] = settled
                return settled
            # What waits isn't one of the workflow's own steps, whose defaults these are.
            policy = (
                spec.policy if isinstance(defaults, Unset) or spec.suspends else spec.options.over(defaults).resolved()
            )
            self._note(policy)
            if spec.flow is not None:
                lane = Lane.FLOW
            elif spec.is_async:
                lane = Lane.LOOP
            elif policy.executor == "inline":
                lane = Lane.CALLER
            elif policy.timeout or policy.total_timeout or policy.heartbeat_timeout or policy.interrupt:
                lane = Lane.POOL
            else:
                lane = Lane.ANY
            known = self.known[spec] = (
                policy,
                lane,
                policy.plain and lane is Lane.ANY and not (spec.suspends or spec.declares),
            )
            if alone:
                spec.remembered[compile_plan] = known
        return known

    def compensations(self) -> Mapping[StepSpec, tuple[Policy, Lane]]:
        """How the steps that undo others are run: under the workflow's defaults, as its other steps are."""
        if not self._compensated:
            return {}
        undoing = {undo for spec in self.known if (undo := spec.compensation) is not None}
        return {undo: self.of(undo)[:2] for undo in undoing}

    def _note(self, policy: Policy) -> None:
        self.executors.add(policy.executor)
        if policy.limit is not None:
            self.limits.add(policy.limit)
        if policy.compensate is not None:
            self._compensated = True


def _map_edges(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What a map needs before its items are known: values, and other maps' items."""
    values: dict[int, None] = {}
    chained: dict[int, None] = {}
    for source in node.args:
        if source.kind is SourceKind.CHAIN:
            chained[source.value._flowkit_node] = None
        elif source.kind is not SourceKind.EACH:
            values.update(dict.fromkeys(references(source.value)))
    return tuple(values), tuple(i for i in chained if i not in values)
