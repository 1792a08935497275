"""What a run comes to, worked out without running it: no time, no order, no concurrency.

It reads the machine's edge table, and nothing else of the machine.
"""

from __future__ import annotations

from flowkit.graph import Edge, Kind, Ref, SourceKind, references
from flowkit.machine.edges import BLOCK, EDGES, GO, LOST, SKIP
from flowkit.machine.statuses import Status
from flowkit.plan import takes_whole
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
        self.places = {key: index for index, key in enumerate(self.keys)}
        self.ends, self.lengths = ends, dict(lengths)
        self.final: dict[str, Status] = {}
        self.unhandled: set[str] = set()
        self.mishaps: set[str] = set()
        """What fails in `always` blocks, and so fails nothing else than what is in them."""
        self.truth: dict[str, bool] = {}
        """Whether the value of a node is true, where more is known than that it may be an empty list."""
        self.sizes: dict[int, int] = {}
        self.leaving_out: dict[int, int] = {}
        """Maps whose lists are without the items that have no value, and how long those are."""
        self.taken = {i for n in self.nodes for i in (*n.choice, *(n.data if n.kind is Kind.OUTCOME else ()))}
        for node in self.nodes:
            self.visit(node)

    def visit(self, node):
        key = self.keys[node.index]
        if key in self.final:
            return
        for before in (*node.data, *(node.order or ()), *node.choice, *self.test(node)[:1]):
            self.visit(self.nodes[before])
        verdict = max(self.worst(self.edges(node)), self.choose(node), self.ask(node))
        if verdict == GO and node.kind in (Kind.TEST, Kind.PICK):
            verdict = self.go_by(node, key)
        if node.kind is Kind.MAP and verdict == GO:
            self.expand(node, key)
        elif told_of(key) in self.inner and verdict == GO:
            self.enter(node, key, self.inner[told_of(key)])
        elif node.kind is Kind.CALL or verdict != GO:
            policy = None if node.kind is Kind.MAP else self.policies[node.index]
            self.settle(key, verdict, node.index in self.taken, policy, node)
        else:
            self.final[key] = Status.SUCCEEDED
            if node.kind is Kind.OUTCOME:
                self.truth[key] = True

    # -- blocks that may not run --------------------------------------------------------------------------------------

    def around(self, node):
        """The regions that a node is in, from the inside outwards."""
        region = self.plan.graph.regions[node.region]
        while True:
            yield region
            if region.parent is None:
                return
            region = self.plan.graph.regions[region.parent]

    @property
    def cleanup(self):
        """What is in `always` blocks."""
        return {key for key in self.final if self.cleans_up(self.nodes[self.places[key.partition("[")[0]]])}

    def cleans_up(self, node):
        return any(region.cleans_up for region in self.around(node))

    def test(self, node):
        """The node that decides whether this one runs, and what it has to give; nothing where none does."""
        if node.kind is Kind.BARRIER:
            return ()
        return next(((region.test, region.wanted) for region in self.around(node) if region.test >= 0), ())

    def ask(self, node):
        if not (asked := self.test(node)):
            return GO
        test, wanted = asked
        if self.nodes[test].kind is Kind.ARMED:
            return self.worst([(Edge.ARMED, self.keys[test])])
        refused = self.final[self.keys[test]] is Status.SUCCEEDED and self.truth[self.keys[test]] is not wanted
        return SKIP if refused else self.worst([(Edge.CONDITION, self.keys[test])])

    def is_true(self, key):
        return self.truth.get(key, self.length(key) != 0)

    def go_by(self, node, key):
        """A test, or what is picked by one: its verdict, and whether its value is true."""
        value = node.args[0]
        if node.kind is Kind.PICK:
            test, then, otherwise = node.args
            value = then if self.truth[self.keys[test._flowkit_node]] else otherwise
        if type(value) is not Ref:
            self.truth[key] = bool(value)
            return GO
        source = self.keys[value._flowkit_node]
        self.truth[key] = self.is_true(source)
        return self.worst([(Edge.DATA, source)])

    def edges(self, node):
        """What a node waits for before it begins: the kind of each edge, and the key it comes from."""
        direct = {*node.data}
        if node.kind is Kind.MAP:
            whole = (SourceKind.REF, SourceKind.SAME)
            direct = {i for s in node.args if self.kind(node, s) in whole for i in references(s.value)}
            chained = {s.value._flowkit_node for s in node.args if self.kind(node, s) is SourceKind.CHAIN} - direct
            yield from ((Edge.DATA, self.keys[i]) for i in chained if i not in self.sizes)
        if node.kind is Kind.PICK:
            direct = {node.args[0]._flowkit_node}
        kind = Edge.OUTCOME if node.kind is Kind.OUTCOME else Edge.DATA
        yield from ((kind, self.keys[i]) for i in direct)
        order = Edge.ALWAYS if self.cleans_up(node) else Edge.ORDER
        yield from ((order, self.keys[i]) for i in node.order or () if i not in direct)

    def worst(self, edges):
        columns = {Status.SUCCEEDED: 0, Status.SKIPPED: 1, Status.FAILED: 2, Status.TIMED_OUT: 2}
        return max(
            (
                EDGES[kind][3 if k in self.unhandled | self.mishaps else columns.get(self.final[k], 3)]
                for kind, k in edges
            ),
            default=GO,
        )

    def choose(self, node):
        if not node.choice:
            return GO
        join = node.args[0] if node.kind is Kind.JOIN else None
        keys = [self.keys[i] for i in node.choice]
        if join is not None and join.of_items and node.choice[0] in self.sizes:
            keys = [f"{keys[0]}[{i}]" for i in range(self.sizes[node.choice[0]])]
        found, count = [self.final[key] for key in keys], 1 if join is None else join.count
        if found.count(Status.SUCCEEDED) >= count:
            return GO
        if any(status in FAILED for status in found) or len(found) < count:
            return LOST
        return SKIP if set(found) <= {Status.SKIPPED, Status.SUCCEEDED} else BLOCK

    def settle(self, key, verdict, taken, policy, node):
        """Carry a verdict out on a step; on a map that never had items if there is no policy."""
        cleanup = self.cleans_up(node)
        end = self.ends.get(key) or self.ends.get(told_of(key), "succeeds")
        end = end if verdict == GO else {SKIP: "isn't wanted", LOST: "fails"}.get(verdict)
        if end in (None, "isn't wanted"):
            self.final[key] = Status.BLOCKED if end is None else Status.SKIPPED
            return
        self.final[key] = {"fails": Status.FAILED, "times out": Status.TIMED_OUT}.get(end, Status.SUCCEEDED)
        if end != "succeeds":
            self.truth[key] = True  # of what stands in for it, if anything does
            self.lengths[key] = None
            reaction = policy.on_failure if policy is not None else "fail"
            if isinstance(reaction, Fallback):
                self.final[key] = Status.SUCCEEDED if stands_in(reaction) else Status.FAILED
            if self.final[key] in FAILED and reaction != "skip" and not taken:
                (self.mishaps if cleanup else self.unhandled).add(key)

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
            self.lengths[key] = {
                result._flowkit_node: within.length(returned),
                **within.sizes,
                **within.leaving_out,
            }[result._flowkit_node]
            self.truth[key] = within.is_true(returned)
        else:
            self.truth[key] = bool(result)
        self.settle(key, GO, node.tolerant or node.index in self.taken, None, node)

    def expand(self, node, key):
        counts = {self.count(node, source) for source in node.args if source.kind is not SourceKind.SAME}
        if len(counts) != 1 or None in counts:
            self.settle(key, LOST, node.index in self.taken, None, node)
            return
        (self.sizes[node.index],) = counts
        items = [f"{key}[{i}]" for i in range(*counts)]
        plan = self.inner.get(told_of(key))
        reaction = self.policies[node.index].on_item_failure
        for i, item in enumerate(items):
            verdict = self.worst(self.item_edges(node, i))
            if plan is not None and verdict == GO:
                self.enter(node, item, plan)
            else:
                tolerant = node.tolerant or node.index in self.taken or reaction != "fail"
                self.settle(item, verdict, tolerant, self.policies[node.index], node)
        chained = [s.value._flowkit_node for s in node.args if self.kind(node, s) is SourceKind.CHAIN]
        leaves_out = reaction == "continue" or any(i in self.leaving_out for i in chained)
        if leaves_out and not node.tolerant:
            self.leaving_out[node.index] = sum(self.final[item] is Status.SUCCEEDED for item in items)
        self.truth[key] = self.leaving_out.get(node.index, *counts) != 0
        edge = Edge.OUTCOME if node.tolerant or reaction != "fail" else Edge.ORDER if leaves_out else Edge.DATA
        verdict = self.worst((edge, item) for item in items)
        if (
            verdict == SKIP
            and self.policies[node.index].on_failure != "skip"
            and any(self.final[i] in FAILED for i in items)
        ):
            verdict = LOST  # whoever takes the map's end takes that of its items
        self.final[key] = Status.SUCCEEDED
        if verdict != GO:
            self.settle(key, verdict, node.index in self.taken, None, node)

    def item_edges(self, node, item):
        for source in node.args:
            if self.kind(node, source) is SourceKind.CHAIN:
                before = source.value._flowkit_node
                yield Edge.OUTCOME if self.nodes[before].tolerant else Edge.DATA, f"{self.keys[before]}[{item}]"
            elif source.kind is SourceKind.EACH:
                yield from ((Edge.DATA, self.keys[i]) for i in references(source.value[item]))

    def kind(self, node, source):
        """What a map goes through. Of a stream that it can't go along with, that is the list, when it is whole."""
        if source.kind is SourceKind.CHAIN and takes_whole(node, source.value._flowkit_node, self.plan.streams):
            return SourceKind.REF
        return source.kind

    def count(self, node, source):
        if source.kind is SourceKind.EACH:
            return len(source.value)
        before = source.value._flowkit_node
        if source.kind is not SourceKind.CHAIN:
            return self.length(self.keys[before])
        whole = self.kind(node, source) is SourceKind.REF
        return self.leaving_out.get(before, self.sizes[before]) if whole else self.sizes[before]

    def length(self, key):
        return self.lengths[key] if key in self.lengths else self.lengths.get(told_of(key))


def stands_in(fallback):
    try:
        return fallback.call is None or fallback.call(None) is not None
    except Exception:
        return False
