"""Holding what a run comes to against what is on record of it, while that comes back: before anything new begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowkit.engine import differing
from flowkit.engine.overlay import Missing
from flowkit.errors import NonDeterminismError, WorkflowChanged
from flowkit.graph import Kind
from flowkit.graph.diffing import written
from flowkit.machine.flows import Stream
from flowkit.machine.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from flowkit.engine.overlay import Overlay
    from flowkit.engine.wirings import Wirings
    from flowkit.graph.diffing import Difference
    from flowkit.machine.machine import Machine
    from flowkit.plan import Plan

__all__ = ["another_call", "collected", "ended", "laid", "recalled"]


def laid(
    machine: Machine, overlay: Overlay, index: int, plan: Plan, awaited: int, run_id: str
) -> tuple[Exception | None, AbstractSet[str]]:
    """A body that is recorded only now is laid over the record: what keeps the run from going on, or what is void."""
    body = machine.bodies[index]
    looked = overlay.look(plan, body.prefix, awaited)
    refused: Sequence[Difference] = looked.refused
    void: AbstractSet[str] = looked.void
    if not refused and index != machine.root.node:
        key, missing = machine.key(index), looked.missing
        if missing is None and not plan.graph.goes_on and overlay.gives_another(key, plan.graph):
            missing = Missing(key, "returns something else now", _at(machine, index))
        row = overlay.record.get(key)
        if missing is not None and row is not None and row.has_ended:
            refused, more = _too_late(machine, overlay, index, missing)
            void = void | more
    return _error(machine, index, refused, run_id), void


def collected(machine: Machine, overlay: Overlay, index: int, run_id: str) -> tuple[Exception | None, AbstractSet[str]]:
    """The items of a map are known: none is missing that can't be taken back."""
    group = machine.groups[index]
    if isinstance(group, Stream):
        return None, frozenset()
    names = {group.name(item) for item in group.items}
    lost, void = overlay.lost_items(machine.key(index), names)
    return _error(machine, index, [one for one in lost if one.fits is False], run_id), void


def ended(
    machine: Machine, overlay: Overlay, index: int, wirings: Wirings, run_id: str
) -> tuple[Exception | None, AbstractSet[str]]:
    """A map or a live body has ended that may have another value than it had."""
    spec = machine.nodes[index].spec
    if spec is None or machine.status[index] is not Status.SUCCEEDED or machine.is_part(index):
        return None, frozenset()
    is_map = machine.nodes[index].kind is Kind.MAP and not machine.is_item(index)
    if not is_map and (spec.flow is None or not spec.flow.is_live):
        return None, frozenset()
    key = machine.key(index)
    row = overlay.record.get(key)
    given = row.facts.get("gives", "") if row is not None and row.kept.status == "succeeded" else ""
    if row is None or given in ("", wirings.gives(index)):
        return None, frozenset()
    why = "returns something else now"
    if is_map:
        why = f"has {machine.groups[index].size:,} items now, and had {row.facts.get('items', 0):,}"
    refused, void = _too_late(machine, overlay, index, Missing(key, why, _at(machine, index)))
    return _error(machine, index, refused, run_id), void


def recalled(machine: Machine, overlay: Overlay) -> tuple[Exception | None, AbstractSet[str]]:
    """All that is on record has come back: live bodies have made all their calls again, or gone another way."""
    unmet = list(overlay.unmet())
    if overlay.lenient:
        return None, frozenset()
    if overlay.void:  # they wait for what is done again
        return None, {row.kept.key for row, _ in unmet}
    if not unmet:
        return None, frozenset()
    unmet.sort(key=lambda one: one[0].kept.sequence)
    row, new = unmet[0]
    now = f"it calls {new} now" if new else "it goes on without that now"
    difference = f"where it had called {row.call or row.kept.key}, {now}"
    again = [one.kept.key for one, _ in unmet]
    return NonDeterminismError(machine.plan.graph.workflow.label, difference, again), frozenset()


def another_call(machine: Machine, overlay: Overlay | None, index: int, run_id: str) -> Exception:
    """What is on record under a key isn't the call that stands there now."""
    key, home = machine.key(index), machine.homes[index]
    row = overlay.record.get(key) if overlay is not None else None
    if overlay is None or row is None:
        label = machine.plan.graph.workflow.label
        return NonDeterminismError(label, f"`{key}` is on record, and is called with something else now")
    shown = overlay.record.get(machine.key(machine.owners[index].map)) if machine.is_item(index) else row  # type: ignore[union-attr]
    return _told(machine, index, [differing.changed(home.graph, machine.nodes[index], row, shown)], run_id)


def _too_late(
    machine: Machine, overlay: Overlay, index: int, missing: Missing
) -> tuple[Sequence[Difference], AbstractSet[str]]:
    """What has ended and comes after a node that hasn't, or would end otherwise: that differs, or is done again."""
    late = list(dict.fromkeys(_done_after(machine, overlay, index)))
    if not late:
        return [], frozenset()
    if overlay.redoes(missing):
        return [], {row.kept.key for key in late for row in overlay.record.within(key)}
    return [differing.out_of_order(*missing, late)], frozenset()


def _done_after(machine: Machine, overlay: Overlay, index: int) -> Iterator[str]:
    seen, left = {index}, [index]
    while left:
        node = left.pop()
        home = machine.homes[node]
        if home.graph.goes_on and not home.live:
            yield from overlay.beyond(home.prefix, home.graph.keys)
        after = (*machine.dependents[node], *machine.chains.get(node, ()), *machine.choosers.get(node, ()))
        for target in after:
            if target in seen or target == machine.root.node:
                continue
            seen.add(target)
            key = machine.key(target)
            if target not in machine.bodies and overlay.has_done(key):
                yield key
            else:
                left.append(target)


def _error(machine: Machine, index: int, refused: Sequence[Difference], run_id: str) -> Exception | None:
    return _told(machine, index, refused, run_id) if refused else None


def _told(machine: Machine, index: int, refused: Sequence[Difference], run_id: str) -> Exception:
    """The error for what differs: in live bodies, whose calls follow from one another, the first says it all."""
    label = machine.plan.graph.workflow.label
    body = machine.bodies.get(index)
    if (body is not None and body.live) or (body is None and machine.homes[index].live):
        first = refused[0]
        difference = f"where it had called {first.then or first.key}, it calls {first.now} now"
        return NonDeterminismError(label, difference, first.again)
    return WorkflowChanged(run_id, label, refused)


def _at(machine: Machine, index: int) -> str:
    return written(machine.homes[index].graph, machine.nodes[index])
