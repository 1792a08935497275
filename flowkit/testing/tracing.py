"""Where what a step is given comes from, and what has to come before it: read off what the body wrote."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Signature
from typing import TYPE_CHECKING, Any

import attrs

from flowkit.graph import Kind, Ref, SourceKind, project
from flowkit.stores import data

if TYPE_CHECKING:
    from flowkit.machine.machine import Machine
    from flowkit.testing.outside import Effect

__all__ = ["Input", "inputs_of", "predecessors", "same"]


@attrs.frozen
class Input:
    """One argument, and the node that it is of."""

    given: Any
    key: str
    annotation: Any
    path: Any

    def on_record(self, text: str) -> Any:
        """What it should be, as it is on record."""
        value = data.loads(text, self.annotation)
        return project(value, self.path) if self.path else value


def inputs_of(effect: Effect) -> Iterator[Input]:
    """The arguments of a step that are results of others as they are, or parts of them."""
    machine: Machine = effect.inside.machine
    index = effect.index
    node, group = machine.nodes[index], machine.owners[index]
    if node.index < 0 and group is None:
        return  # what undoes something
    if group is not None:
        item = index - group.base
        for given, (kind, held) in zip(effect.args, group.columns, strict=False):
            if kind is SourceKind.CHAIN and not machine.nodes[held.base + item].tolerant:
                yield from _input(machine, held.base + item, given, ())
            elif kind is SourceKind.EACH and type(held[item]) is Ref:
                yield from _of_ref(machine, index, held[item], given)
        return
    for given, written in zip(effect.args, node.args, strict=False):
        if type(written) is Ref:
            yield from _of_ref(machine, index, written, given)
    for name, written in (node.kwargs or {}).items():
        if type(written) is Ref and name in effect.kwargs:
            yield from _of_ref(machine, index, written, effect.kwargs[name])


def _of_ref(machine: Machine, index: int, ref: Any, given: Any) -> Iterator[Input]:
    yield from _input(machine, machine.homes[index].where(ref._flowkit_node), given, ref._flowkit_path)


def _input(machine: Machine, source: int, given: Any, path: Any) -> Iterator[Input]:
    spec, kind = machine.nodes[source].spec, machine.nodes[source].kind
    is_item = machine.owners[source] is not None
    if spec is None or spec.flow is not None or spec.streams or not (kind is Kind.CALL or is_item):
        return
    returns = Any if spec.returns is Signature.empty else spec.returns
    yield Input(given, machine.key(source), returns, path)


def predecessors(effect: Effect) -> set[str]:
    """The keys of the steps that have to have ended before one may run."""
    machine: Machine = effect.inside.machine
    found: set[str] = set()
    seen: set[int] = set()
    waiting = [effect.index]
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        for before in _before(machine, index):
            node = machine.nodes[before]
            if node.kind is Kind.CALL or machine.owners[before] is not None:
                found.add(machine.key(before))
            elif node.kind is not Kind.JOIN:
                waiting.append(before)
        home = machine.homes[index]
        if home.node >= 0 and home.node != index and home.node < len(machine.nodes):
            waiting.append(home.node)
    return found


def _before(machine: Machine, index: int) -> Iterator[int]:
    node, group, home = machine.nodes[index], machine.owners[index], machine.homes[index]
    if group is not None:
        item = index - group.base
        for kind, held in group.columns:
            if kind is SourceKind.CHAIN:
                yield held.base + item
            elif kind is SourceKind.EACH and type(held[item]) is Ref:
                yield home.where(held[item]._flowkit_node)
        return
    if node.index < 0 or node.choice:
        return
    for local in (*node.data, *(node.order or ())):
        before = home.where(local)
        if machine.nodes[before].kind is Kind.MAP and before in machine.groups and before not in machine.pulls:
            yield from machine.groups[before].items
        yield before


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to whoever looks at them; of what can't be compared, whether it is kept as the same."""
    try:
        if one is other or bool(one == other):
            return True
        return data.dumps(one, Any) == data.dumps(other, Any)
    except Exception:  # noqa: BLE001 - comparing and keeping values runs anybody's code
        return repr(one) == repr(other)
