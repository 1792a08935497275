"""What a run comes to, worked out without running it: no time, no order, no concurrency.

It reads the machine's edge table, and nothing else of the machine.
"""

from __future__ import annotations

from flowkit.engine.edges import BLOCK, EDGES, GO, LOST, SKIP
from flowkit.engine.statuses import Status
from flowkit.graph import Edge, Kind, Ref, SourceKind, references
from flowkit.policies import Fallback
from tests.machine.virtual import told_of

FAILED = (Status.FAILED, Status.TIMED_OUT)


class Reference:
    """The final status of every node of a plan with `fail_fast=False`, by key.

    `ends` says what comes of a step that runs: "succeeds", "fails", "times out", or "isn't wanted" where its condition
    is false. `lengths` says how long the list is that a step returns, if it returns one.
    """

    def __init__(self, plan, ends, lengths, inner=None, prefix=""):
        self.plan, self.inner = plan, inner or {}
        self.nodes, self.policies = plan.nodes, plan.policies
        self.keys = [prefix + key for key in plan.graph.keys]
        self.ends, self.lengths = ends, dict(lengths)
        self.final: dict[str, Status] = {}
        self.unhandled: set[str] = set()
        self.sizes: dict[int, int] = {}
        self.taken = {i for n in self.nodes for i in (*n.choice, *(n.data if n.kind is Kind.OUTCOME else ()))}
        for node in self.nodes:
            self.visit(node)

    def visit(self, node):
        key = self.keys[node.index]
        if key in self.final:
            return
        for before in (*node.data, *(node.order or ()), *node.choice):
            self.visit(self.nodes[before])
        verdict = max(self.worst(self.edges(node)), self.choose(node))
        if node.kind is Kind.MAP and verdict == GO:
            self.expand(node, key)
        elif told_of(key) in self.inner and verdict == GO:
            self.enter(node, key, self.inner[told_of(key)])
        elif node.kind is Kind.CALL or verdict != GO:
            self.settle(
                key, verdict, node.index in self.taken, None if node.kind is Kind.MAP else self.policies[node.index]
            )
        else:
            self.final[key] = Status.SUCCEEDED

    def edges(self, node):
        """What a node waits for before it begins: the kind of each edge, and the key it comes from."""
        direct = {*node.data}
        if node.kind is Kind.MAP:
            direct = {i for s in node.args if s.kind in (SourceKind.REF, SourceKind.SAME) for i in references(s.value)}
            chained = {s.value._flowkit_node for s in node.args if s.kind is SourceKind.CHAIN} - direct
            yield from ((Edge.DATA, self.keys[i]) for i in chained if i not in self.sizes)
        kind = Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.DATA
        yield from ((kind, self.keys[i]) for i in direct)
        yield from ((Edge.ORDER, self.keys[i]) for i in node.order or () if i not in direct)

    def worst(self, edges):
        columns = {Status.SUCCEEDED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.TIMED_OUT: 2}
        return max(
            (EDGES[kind][3 if k in self.unhandled else columns.get(self.final[k], 3)] for kind, k in edges), default=GO
        )

    def choose(self, node):
        found = [self.final[self.keys[i]] for i in node.choice]
        if not found or Status.SUCCEEDED in found:
            return GO
        if any(status in FAILED for status in found):
            return LOST
        return SKIP if set(found) == {Status.SKIPPED} else BLOCK

    def settle(self, key, verdict, taken, policy):
        """Carry a verdict out on a step; on a map that never had items if there is no policy."""
        end = self.ends.get(key) or self.ends.get(told_of(key), "succeeds")
        end = end if verdict == GO else {SKIP: "isn't wanted", LOST: "fails"}.get(verdict)
        if end in (None, "isn't wanted"):
            self.final[key] = Status.BLOCKED if end is None else Status.SKIPPED
            return
        self.final[key] = {"fails": Status.FAILED, "times out": Status.TIMED_OUT}.get(end, Status.SUCCEEDED)
        if end != "succeeds":
            self.lengths[key] = None
            reaction = policy.on_failure if policy is not None else "fail"
            if isinstance(reaction, Fallback):
                self.final[key] = Status.SUCCEEDED if stands_in(reaction) else Status.FAILED
            if self.final[key] in FAILED and reaction != "skip" and not taken:
                self.unhandled.add(key)

    def enter(self, node, key, plan):
        """A workflow in a body: it is what its own body comes to."""
        within = Reference(plan, self.ends, self.lengths, self.inner, f"{key}/")
        self.final |= within.final
        result = within.plan.graph.result
        returned = within.keys[result._flowkit_node] if type(result) is Ref else None
        self.ends[key] = "succeeds"
        if within.unhandled:
            self.ends[key] = "fails"
        elif returned is not None and within.final[returned] is not Status.SUCCEEDED:
            self.ends[key] = "isn't wanted"
        elif returned is not None:
            self.lengths[key] = within.sizes.get(result._flowkit_node, within.length(returned))
        self.settle(key, GO, node.tolerant or node.index in self.taken, None)

    def expand(self, node, key):
        counts = {self.count(source) for source in node.args if source.kind is not SourceKind.SAME}
        if len(counts) != 1 or None in counts:
            self.settle(key, LOST, node.index in self.taken, None)
            return
        (self.sizes[node.index],) = counts
        items = [f"{key}[{i}]" for i in range(*counts)]
        plan = self.inner.get(told_of(key))
        for i, item in enumerate(items):
            verdict = self.worst(self.item_edges(node, i))
            if plan is not None and verdict == GO:
                self.enter(node, item, plan)
            else:
                self.settle(item, verdict, node.tolerant or node.index in self.taken, self.policies[node.index])
        verdict = self.worst((Edge.OUTCOME if node.tolerant else Edge.DATA, item) for item in items)
        if (
            verdict == SKIP
            and self.policies[node.index].on_failure != "skip"
            and any(self.final[i] in FAILED for i in items)
        ):
            verdict = LOST  # whoever takes the map's end takes that of its items
        self.final[key] = Status.SUCCEEDED
        if verdict != GO:
            self.settle(key, verdict, node.index in self.taken, None)

    def item_edges(self, node, item):
        for source in node.args:
            if source.kind is SourceKind.CHAIN:
                before = source.value._flowkit_node
                yield Edge.OUTCOME if self.nodes[before].tolerant else Edge.DATA, f"{self.keys[before]}[{item}]"
            elif source.kind is SourceKind.EACH:
                yield from ((Edge.DATA, self.keys[i]) for i in references(source.value[item]))

    def count(self, source):
        if source.kind is SourceKind.EACH:
            return len(source.value)
        before = source.value._flowkit_node
        return self.sizes[before] if source.kind is SourceKind.CHAIN else self.length(self.keys[before])

    def length(self, key):
        return self.lengths[key] if key in self.lengths else self.lengths.get(told_of(key))


def stands_in(fallback):
    try:
        return fallback.call is None or fallback.call(None) is not None
    except Exception:
        return False
