"""What is kept of a call besides how it went, so that it is known again: as a digest for the engine, in words for people.

A digest says whether a call is the one that its record is about. The words say what that was when the code has changed:
how the call was written and where, as what type its values are kept, and whether it is an effect.
"""

from __future__ import annotations

from inspect import Signature
from typing import TYPE_CHECKING, Any

from flowkit.graph import Kind, Ref, SourceKind
from flowkit.graph.spelling import place_of, spelled

if TYPE_CHECKING:
    from flowkit.engine.ports import Data
    from flowkit.graph import Graph, Node, StepSpec
    from flowkit.machine.bodies import Body
    from flowkit.machine.machine import Machine

__all__ = ["Wirings", "fingerprint", "gives", "gives_items", "goes_round", "kept_as"]

_FINGERPRINT = "engine.kept"


class Wirings:
    """The calls of one run, as they are told apart."""

    def __init__(self, machine: Machine, data: Data) -> None:
        self._machine = machine
        self._data = data
        self._digests: dict[tuple[Body, int], str] = {}
        self._said: dict[tuple[Body, int], dict[str, Any]] = {}
        self.bodies: dict[int, Graph] = {}
        """Per call whose body was recorded when the run came to it, all that it wrote."""

    def of(self, index: int) -> str:
        """The digest of what a node is called with."""
        machine = self._machine
        node, home, group = machine.nodes[index], machine.homes[index], machine.owners[index]
        if node.index < 0:
            return ""
        known = self._digests.get((home, node.index))
        if known is None:
            (known,) = self._data.wire(home.graph, [node])
            self._digests[home, node.index] = known
        if group is None or index in machine.groups:
            return known
        each = [held[index - group.base] for kind, held in group.columns if kind is SourceKind.EACH]
        return f"{known}:{self._data.wire_item(each, home.graph)}" if each else known

    def said(self, index: int) -> dict[str, Any] | None:
        """A call in words. None for the items of maps, of which the map has it, and for what nobody wrote."""
        machine = self._machine
        node, home = machine.nodes[index], machine.homes[index]
        if node.index < 0 or machine.is_item(index):
            return None
        known = self._said.get((home, node.index))
        if known is None:
            known = self._said[home, node.index] = said_of(home.graph, node, self._data)
        return known

    def gives(self, index: int) -> str:
        """A digest of what the value of a map or of a call is made of; empty for others, which have one of their own."""
        machine = self._machine
        node = machine.nodes[index]
        if node.kind is Kind.MAP:
            if machine.is_item(index):
                return self._of_body(index)
            group = machine.groups.get(index)
            return "" if group is None else gives_items(self._data, group.size, group.names)
        return self._of_body(index)

    def _of_body(self, index: int) -> str:
        machine = self._machine
        node = machine.nodes[index]
        flow = node.spec.flow if node.spec is not None else None
        if flow is None:
            return ""
        if flow.is_live:
            return self._data.wire_item([machine.values[index]])
        graph = self.bodies.get(index)
        if graph is None:
            plan = machine.homes[index].plans.get(node.index)
            graph = plan.graph if plan is not None else None
        return "" if graph is None or goes_round(graph) else gives(self._data, graph)


def said_of(graph: Graph, node: Node, data: Data) -> dict[str, Any]:
    """A call in words: how it is written, where, as what its values are kept, and whether it is an effect."""
    said: dict[str, Any] = {"call": spelled(graph, node), "at": place_of(node)}
    spec = node.spec
    if spec is None or spec.flow is not None:
        return said
    if not spec.streams:
        said["type"] = fingerprint(spec, data)
    if spec.is_effect and not spec.suspends:
        said["effect"] = True
    return said


def fingerprint(spec: StepSpec, data: Data) -> str:
    """What the values of a step are kept as; another one means that they may not be readable."""
    known: dict[Any, Any] = spec.declared.remembered
    if _FINGERPRINT not in known:
        known[_FINGERPRINT] = data.fingerprint(kept_as(spec))
    found: str = known[_FINGERPRINT]
    return found


def gives(data: Data, graph: Graph) -> str:
    """A digest of what a body returns."""
    return data.wire_item([graph.result], graph)


def gives_items(data: Data, count: int, names: Any) -> str:
    """A digest of which items a map has."""
    return data.wire_item([count, None if names is None else list(names)])


def goes_round(graph: Graph) -> bool:
    """Whether a body returns a call of itself, so that what it gives is what a later round returns."""
    result = graph.result
    if type(result) is not Ref or result._flowkit_path:
        return False
    spec = graph.nodes[result._flowkit_node].spec
    return spec is not None and spec.flow is not None and spec.flow.declared is graph.workflow.declared


def kept_as(spec: StepSpec) -> Any:
    """The annotation that a step's results are kept by."""
    return Any if spec.returns is Signature.empty else spec.returns
