"""What bodies write now, laid over what is on record of them: what still fits, and what doesn't.

A result on record is good for a call if that is a call of the same step with the same wiring, and if everything that
comes before it has ended. So what was added has to come after all that is done; and what was removed was either taken
by nobody, or shows as another wiring of who took it. What isn't good for a call is never used for it.

Bodies that are recorded only once a run comes to them are laid over the record then, before anything new begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flowkit.engine import differing
from flowkit.engine.onrecord import OnRecord
from flowkit.engine.wirings import gives, gives_items, goes_round
from flowkit.graph import Kind, Ref, SourceKind, Template, references
from flowkit.graph.diffing import written
from flowkit.machine.bodies import next_round

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from flowkit.engine.kept import KeptNode
    from flowkit.engine.onrecord import Row
    from flowkit.engine.ports import Data
    from flowkit.graph import Graph, Node
    from flowkit.graph.diffing import Difference
    from flowkit.plan import Plan

__all__ = ["Looked", "Missing", "Overlay"]

_MOST: Final = 200
"""Among so many new calls those are looked for that have only another name."""


class Missing(NamedTuple):
    """Something that hasn't ended, or not as it would now, so that nothing on record may come after it."""

    key: str
    why: str
    """What is the matter with it, for a sentence: "isn't done"."""
    now: str
    """How it is written, and where."""


class Looked:
    """What came of laying a body over the record."""

    __slots__ = ("differences", "missing", "void")

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.void: set[str] = set()
        """The keys of what is on record and is to be as if it had never been."""
        self.missing: Missing | None = None
        """What of the body hasn't ended; None where all has."""

    def add(self, other: Looked) -> None:
        """Take what came of a part of it."""
        self.differences += other.differences
        self.void |= other.void

    @property
    def refused(self) -> list[Difference]:
        """The differences for which the run can't go on."""
        return [one for one in self.differences if one.fits is False]


class Overlay:
    """What is on record of a run, for what its bodies write now.

    `void` are the keys of what was on record and is to be done again. One that is `lenient` goes on from what is good,
    and does all else again: so it is for forks.
    """

    def __init__(
        self, data: Data, nodes: Iterable[KeptNode], *, void: AbstractSet[str] = frozenset(), lenient: bool = False
    ) -> None:
        self.data = data
        self.void = void
        self.lenient = lenient
        self.record = OnRecord(node for node in nodes if node.key not in void)
        self.ended: dict[str, list[Missing | None]] = {}
        """Per body that was looked at, per node what of it hasn't ended."""
        self.last: dict[str, list[tuple[int, str]]] = {}
        """And the last of it that has ended: its place among all ends, and its key."""
        self.lives: dict[str, dict[str, str]] = {}
        """Per live body, the keys of its calls so far, with how those are written."""

    def look(self, plan: Plan, prefix: str = "", awaited: int = -1) -> Looked:
        """Lay what a body has written over what is on record of it; `prefix` is what its keys begin with.

        Without the value of `awaited` it can't go on.
        """
        return _Look(self, plan, prefix).whole(awaited)

    def unmet(self) -> Iterator[tuple[Row, str]]:
        """What is done in live bodies on record and wasn't called again, with what was called instead."""
        for prefix, calls in self.lives.items():
            new = next((written for key, written in calls.items() if key not in self.record.rows), "")
            for keys in self.record.bodies.get(prefix, {}).values():
                for row in map(self.record.rows.__getitem__, keys):
                    if row.is_done and row.kept.key not in calls and "undoes" not in row.facts:
                        yield row, new

    def beyond(self, prefix: str, known: Iterable[str]) -> list[str]:
        """The keys in a body under which something is done, but for those of its nodes that are known."""
        names = {*known}
        rest = self.record.bodies.get(prefix, {})
        return [f"{prefix}{name}" for name in rest if name not in names and self.has_done(f"{prefix}{name}")]

    def has_done(self, key: str) -> bool:
        """Whether anything under a key is done: the node, an item of it, or something in its place."""
        return any(row.is_done for row in self.record.within(key))

    def gives_another(self, key: str, graph: Graph) -> bool:
        """Whether a call that has ended returns something else now."""
        row = self.record.get(key)
        given = row.facts.get("gives", "") if row is not None and row.kept.status == "succeeded" else ""
        return bool(given) and not goes_round(graph) and given != gives(self.data, graph)

    def lost_items(self, key: str, names: AbstractSet[str]) -> tuple[list[Difference], AbstractSet[str]]:
        """What is on record of a map for items that it hasn't any more; and what of that counts no more."""
        found: list[Difference] = []
        void: set[str] = set()
        for item in self.record.items.get(key, ()):
            if item[len(key) + 1 : -1] in names:
                continue
            void.update(row.kept.key for row in self.record.within(item) if not row.has_ended)
            lost = None if self.lenient else differing.gone(self.record, item, "", "", "")
            if lost is not None and (not lost.fits or not found):  # of many that nobody misses one has to do
                found.append(lost)
        return found, void

    def forget(self, keys: Iterable[str]) -> None:
        """What is under these very keys is done again, whatever it is called with."""
        gone = {*keys}
        self.record = OnRecord(row.kept for key, row in self.record.rows.items() if key not in gone)

    def redoes(self, missing: Missing) -> bool:
        """Whether what comes after this is done again for it, and that is no difference in the text."""
        return self.lenient or missing.key in self.void


class _Look:
    """One body, being laid over the record."""

    def __init__(self, overlay: Overlay, plan: Plan, prefix: str) -> None:
        self._overlay, self._plan, self._prefix = overlay, plan, prefix
        self._record, self._data = overlay.record, overlay.data
        self._graph = plan.graph
        self._looked = Looked()
        self._late: dict[Missing, list[str]] = {}
        """Per node that hasn't ended, those that have and come after it."""
        self._ended = overlay.ended.setdefault(prefix, [])
        del self._ended[plan.first :]
        self._ended.extend([None] * len(plan.nodes))
        self._last = overlay.last.setdefault(prefix, [])
        del self._last[plan.first :]
        self._last.extend([(0, "")] * len(plan.nodes))
        self._before = _before(plan)
        self._tail = next_round(plan) if prefix else -1
        known = [node for node in plan.nodes if self._is_on_record(node)]
        self._digests = dict(zip([node.index for node in known], self._data.wire(self._graph, known), strict=True))

    def _is_on_record(self, node: Node) -> bool:
        key = self._key(node)
        known = key in self._record.rows or key in self._record.items
        return known and (node.spec is not None or node.kind is Kind.JOIN)

    def _key(self, node: Node) -> str:
        return self._prefix + self._graph.keys[node.index]

    def whole(self, awaited: int) -> Looked:
        """All of it."""
        looked, plan, ended = self._looked, self._plan, self._ended
        for node in _in_order(plan, self._before) if self._graph.forward else plan.nodes:
            missing = self._missing_before(node)
            if self._is_inverted(node):
                ended[node.index] = self._absent(node)
            elif node.index in self._digests:
                ended[node.index] = self._known(node, missing)
            elif (node.spec is None and node.kind is not Kind.JOIN) or node.index == self._tail:
                ended[node.index] = missing
            else:
                ended[node.index] = missing or self._absent(node)
        missing = ended[awaited] if awaited >= 0 else None
        if missing is not None:  # what was written after that waited for it
            for key in self._overlay.beyond(self._prefix, self._graph.keys):
                self._come_after(missing, key)
        if self._graph.workflow.is_live:
            calls = self._overlay.lives.setdefault(self._prefix, {})
            calls.update((self._key(node), written(self._graph, node)) for node in plan.nodes)
        for missing, late in self._late.items():
            looked.differences.append(differing.out_of_order(*missing, late))
        if not self._graph.goes_on:
            self._look_for_gone()
        looked.missing = next((one for one in ended if one is not None), None)
        return looked

    def _is_inverted(self, node: Node) -> bool:
        """Whether something of a node was done before what it comes after, and therefore is done again."""
        latest = max([self._last[i] for i in self._known_before(node)], default=(0, ""))
        if node.index not in self._digests or node.kind is Kind.JOIN:
            self._last[node.index] = latest if node.spec is None else (0, "")
            return False
        key = self._key(node)
        first, last = self._record.span(key)
        self._last[node.index] = (last, key) if last else latest
        if not first or latest[0] <= first:
            return False
        if self._overlay.lenient:
            self._void(self._record.within(key))
        else:
            self._looked.differences.append(differing.inverted(key, latest[1], written(self._graph, node)))
        return self._overlay.lenient

    def _known_before(self, node: Node) -> list[int]:
        streams = node.index in self._plan.streams
        return [i for i in self._before[node.index - self._plan.first] if not (streams and self._yields(i))]

    def _missing_before(self, node: Node) -> Missing | None:
        """Something that comes before a node and hasn't ended."""
        return next((self._ended[i] for i in self._known_before(node) if self._ended[i] is not None), None)

    def _yields(self, index: int) -> bool:
        """Whether a node is a generator: a map goes through that while it still yields."""
        spec = self._graph.nodes[index].spec
        return spec is not None and spec.streams

    def _absent(self, node: Node, why: str = "isn't done") -> Missing:
        return Missing(self._key(node), why, written(self._graph, node))

    # -- what is on record ------------------------------------------------------------------------------------------------

    def _known(self, node: Node, missing: Missing | None) -> Missing | None:
        """Look at a node that is on record, or whose items are; what of it hasn't ended."""
        key = self._key(node)
        if missing is not None and self._overlay.redoes(missing):
            self._come_after(missing, key)
            return missing
        refused = len(self._looked.refused)
        own = self._items(node, key) if node.kind is Kind.MAP else self._call(node, key)
        if missing is not None and len(self._looked.refused) == refused:  # or it is done again for another reason
            self._come_after(missing, key)
        return own or (missing if not self._overlay.has_done(key) else None)

    def _come_after(self, missing: Missing, key: str) -> None:
        """What is under a key comes after what hasn't ended: it is done again for that, or doesn't fit."""
        rows = list(self._record.within(key))
        if self._overlay.redoes(missing):
            self._void(rows)
        elif any(row.is_done or (row.has_begun and self._record.is_effect(row.kept.key)) for row in rows):
            self._late.setdefault(missing, []).append(key)

    def _void(self, rows: Iterable[Row]) -> None:
        """These are done again, but for those whose results were given."""
        self._looked.void.update(row.kept.key for row in rows if not row.is_replaced)

    def _call(self, node: Node, key: str) -> Missing | None:
        row, spec = self._record.get(key), node.spec
        if row is None or (row.kept.wiring != self._digests[node.index] and not row.is_replaced):
            begun = next((one for one in self._record.within(key) if one.has_begun), None)
            if begun is None or row is None:  # nothing was done for it, and what was decided may be decided otherwise
                self._looked.void.update(one.kept.key for one in self._record.within(key))
                return self._absent(node, "is decided anew" if row is not None and row.has_ended else "isn't done")
            self._looked.differences.append(differing.changed(self._graph, node, begun, row))
        elif spec is not None:
            self._compare(node, row, [row])
        inner = self._plan.inner.get(node.index)
        if inner is not None:
            inside = self._overlay.look(inner, f"{key}/")
            self._looked.add(inside)
            if row.has_ended and inside.missing is not None:
                return inside.missing
            if self._overlay.gives_another(key, inner.graph):
                return self._absent(node, "returns something else now")
        return None if row.has_ended else self._absent(node)

    def _items(self, node: Node, key: str) -> Missing | None:
        """A map and its items."""
        row, digest = self._record.get(key), self._digests[node.index]
        items = [self._record.rows[one] for one in self._record.items.get(key, ())]
        known = row.kept.wiring if row is not None else items[0].kept.wiring.partition(":")[0]
        if known != digest:
            begun = next((one for one in self._record.within(key) if one.has_begun), None)
            if begun is None:
                self._looked.void.update(one.kept.key for one in self._record.within(key))
                return self._absent(node)
            self._looked.differences.append(differing.changed(self._graph, node, begun, row))
        else:
            self._compare(node, row, items)
            missing = self._listed(node, key, row, digest)
            self._follow_chains(node, key, items)
            if missing is not None:
                return missing
        return None if row is not None and row.has_ended else self._absent(node)

    def _listed(self, node: Node, key: str, row: Row | None, digest: str) -> Missing | None:
        """The items of a map whose lists stand in the text, by what each is called with."""
        policy = self._plan.policies[node.index - self._plan.first]
        named = policy is None or policy.item_key is not None
        if named or any(source.kind not in (SourceKind.EACH, SourceKind.SAME) for source in node.args):
            return None
        columns = [source.value for source in node.args if source.kind is SourceKind.EACH]
        count = len(columns[0]) if columns else 0
        lost, void = self._overlay.lost_items(key, {str(place) for place in range(count)})
        self._looked.differences += lost
        self._looked.void |= void
        for place in range(count):
            item = self._record.get(f"{key}[{place}]")
            if item is None or not item.has_begun or item.is_replaced:
                continue
            values = [column[place] for column in columns]
            if item.kept.wiring != f"{digest}:{self._data.wire_item(values, self._graph)}":
                self._looked.differences.append(differing.changed(self._graph, node, item, row))
                continue
            taken = [i for value in values if type(value) in (Ref, Template) for i in references(value)]
            missing = next((self._ended[i] for i in taken if self._ended[i] is not None), None)
            if missing is not None:
                self._come_after(missing, item.kept.key)
        if row is None or row.kept.status != "succeeded":
            return None
        if row.facts.get("gives", "") in ("", gives_items(self._data, count, None)):
            return None
        return self._absent(node, f"has {count:,} items now, and had {row.facts.get('items', 0):,}")

    def _follow_chains(self, node: Node, key: str, items: Sequence[Row]) -> None:
        """An item of a map that goes on from the items of another comes after that one of it."""
        chained = [source.value._flowkit_node for source in node.args if source.kind is SourceKind.CHAIN]
        for before in [self._key(self._graph.nodes[i]) for i in chained if self._ended[i] is not None]:
            for item in items:
                name = before + item.kept.key[len(key) :]
                row = self._record.get(name)
                if row is None or not row.has_ended:
                    self._come_after(Missing(name, "isn't done", written(self._graph, node)), item.kept.key)

    def _compare(self, node: Node, row: Row | None, results: Sequence[Row]) -> None:
        """What else may differ of a step that is called as before."""
        spec = node.spec
        if spec is None or spec.flow is not None:
            return
        policy = self._plan.policies[node.index - self._plan.first]
        found = [differing.retyped(self._data, spec, row, results), differing.revalued(spec, row)]
        if policy is None or policy.run_if is None:
            found.append(differing.decided_otherwise(self._graph, node, results))
        name = self._graph.keys[node.index]
        undoing = [key for key in self._record.bodies.get(self._prefix, {}).get(name, ()) if ":" in key]
        found += differing.undone_otherwise(self._graph, node, [self._record.rows[key] for key in undoing])
        self._looked.differences += [one for one in found if one is not None]

    # -- what is on record and isn't there any more -----------------------------------------------------------------------

    def _look_for_gone(self) -> None:
        known = {*self._graph.keys}
        names = self._record.bodies.get(self._prefix, {})
        for name, keys in names.items():
            if name in known or any(_is_part(key[len(self._prefix) :], known) for key in keys):
                continue
            key = f"{self._prefix}{name}"
            rows = list(self._record.within(key))
            self._looked.void.update(row.kept.key for row in rows if not row.has_ended)
            if self._overlay.lenient or all(row.kept.kind == "join" for row in rows):
                continue
            step = next((row.kept.step for row in rows if row.kept.key == key), "")
            renamed = self._renamed(key, step)
            new = (
                (renamed.spec.label, written(self._graph, renamed))
                if renamed is not None and renamed.spec
                else ("", "")
            )
            found = differing.gone(self._record, key, step, *new)
            if found is not None:
                self._looked.differences.append(found)

    def _renamed(self, key: str, step: str) -> Node | None:
        """The call that a removed one has become, if it has only another name."""
        row = self._record.get(key)
        if row is None or not row.kept.wiring or not step:
            return None
        new = [node for node in self._plan.nodes if node.spec is not None and node.index not in self._digests][:_MOST]
        digests = self._data.wire(self._graph, new, step)
        return next((node for node, digest in zip(new, digests, strict=True) if digest == row.kept.wiring), None)


def _is_part(rest: str, known: AbstractSet[str]) -> bool:
    """Whether a key is one of a node whose name has in it what else ends names."""
    return any(rest[:place] in known for place, mark in enumerate(rest) if mark in "[/@:") or rest in known


def _before(plan: Plan) -> list[list[int]]:
    """Per node of a plan, those that it waits for."""
    before: list[list[int]] = [[] for _ in plan.nodes]
    for place, targets in enumerate(plan.dependents):
        for target in targets:
            before[target - plan.first].append(place + plan.first)
    for source, targets in plan.late.items():
        for target in targets:
            before[target - plan.first].append(source)
    return before


def _in_order(plan: Plan, before: Sequence[Sequence[int]]) -> Iterator[Node]:
    """The nodes of a plan, each after those that it waits for."""
    first, waits = plan.first, [sum(i >= plan.first for i in one) for one in before]
    ready = [place for place, count in enumerate(waits) if not count]
    while ready:
        place = ready.pop()
        yield plan.nodes[place]
        for target in plan.dependents[place]:
            waits[target - first] -= 1
            if not waits[target - first]:
                ready.append(target - first)
