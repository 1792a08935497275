"""The form of a recorded call: all that decides whether it is sound, but for values.

Two calls of one form get the same answer from the checks, so it is enough to look at one of them closely. The form is
the step, and for each argument the step behind it or the type of the value, with the types in it for a container. A
workflow remembers the forms that were found sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from flowkit.graph import Join, Kind, Ref, Template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.graph import Graph, Node, WorkflowSpec

__all__ = ["Memory", "form_of", "form_of_part", "memory_of", "unfamiliar"]

_KEY: Final = "checks.memory"
_HOLDING: Final = frozenset({Ref, Template})
_CONTAINERS: Final = frozenset({list, tuple, set, frozenset, dict})
_LOOKED_INTO: Final = _CONTAINERS | {Template}
_MOST: Final = 8192
"""A body that makes steps anew at each call would otherwise fill the memory."""


class Memory:
    """What was found in earlier graphs of a workflow."""

    __slots__ = ("fates", "forms", "named")

    def __init__(self) -> None:
        self.forms: set[Any] = set()
        self.fates: dict[Any, Any] = {}
        """What was found out about calls whose result wasn't used."""
        self.named = False
        """Whether a step with a name of its own has been seen, so that names may clash."""

    def holds(self, form: Any) -> bool:
        try:
            return form in self.forms
        except TypeError:  # a slice as an index can't be hashed
            return False

    def keep(self, form: Any) -> None:
        if len(self.forms) >= _MOST:
            self.forms.clear()
        try:
            self.forms.add(form)
        except TypeError:
            return

    def keep_fate(self, place: Any, fate: Any) -> None:
        if len(self.fates) >= _MOST:
            self.fates.clear()
        self.fates[place] = fate


def memory_of(workflow: WorkflowSpec) -> Memory:
    """The memory of a workflow; one with other defaults for its steps, which are checked too, has its own."""
    owner = workflow.declared
    if workflow is not owner and workflow.policy.defaults != owner.policy.defaults:
        owner = workflow
    found = owner.remembered.get(_KEY)
    if found is None:
        found = owner.remembered[_KEY] = Memory()
    return cast("Memory", found)


def unfamiliar(graph: Graph, memory: Memory) -> list[Node]:
    """The calls whose form isn't known. It looks at each node of each graph: this is the loop to keep fast."""
    nodes, known = graph.nodes, memory.forms
    if graph.problems:  # it won't pass anyway, and may hold Refs of another graph
        return [node for node in nodes if node.kind in (Kind.CALL, Kind.MAP)]
    call, map_, ref = Kind.CALL, Kind.MAP, Ref
    found = []
    for node in nodes[graph.first :] if graph.first else nodes:
        kind = node.kind
        if kind is not call:
            if kind is map_ and not memory.holds(form_of(nodes, node)):
                found.append(node)
            continue
        form: list[Any] = [node.spec]
        for arg in node.args:
            its = type(arg)
            if its is ref:
                behind = nodes[arg._flowkit_node]
                if behind.kind is call and not arg._flowkit_path:
                    form.append(behind.spec)
                    continue
            elif its not in _LOOKED_INTO:
                form.append(its)
                continue
            form.append(form_of_part(nodes, arg))
        if node.kwargs is not None:
            for name, arg in node.kwargs.items():
                form += (name, form_of_part(nodes, arg))
        try:
            if tuple(form) in known:
                continue
        except TypeError:
            pass
        found.append(node)
    return found


def form_of(nodes: Sequence[Node], node: Node) -> tuple[Any, ...]:
    """The form of a call, with the steps as they are declared."""
    spec = node.spec
    assert spec is not None
    if node.kind is Kind.MAP:
        each = [(source.kind, _form_of_items(nodes, source.value)) for source in node.args]
        return (spec.declared, node.kind, node.tolerant, *each)
    form = [spec.declared, *(form_of_part(nodes, arg) for arg in node.args)]
    for name, arg in (node.kwargs or {}).items():
        form += (name, form_of_part(nodes, arg))
    return tuple(form)


def form_of_part(nodes: Sequence[Node], value: Any) -> Any:
    """The form of an argument."""
    kind = type(value)
    if kind is Template:
        return _form_of_shape(nodes, value.shape)
    if kind is not Ref:
        return (kind, _types_in(kind, value)) if kind in _CONTAINERS else kind
    node, path = nodes[value._flowkit_node], value._flowkit_path
    if node.spec is None:
        if node.kind is Kind.INPUT:
            return node.kind, node.args, path
        parts = [_form_of_joined(nodes, part) for part in node.args]
        return node.kind, [] if [] in parts else tuple(parts), path
    if node.kind is Kind.CALL and not path:
        return node.spec.declared
    return node.kind, node.spec.declared, node.tolerant, path


def _form_of_joined(nodes: Sequence[Node], part: Any) -> Any:
    """The form of one of those that are made into one; a list, which nothing remembers, for what is itself so made."""
    if type(part) is Join:
        return part
    if type(part) is Ref and nodes[part._flowkit_node].spec is None:
        return []
    return form_of_part(nodes, part)


def _form_of_items(nodes: Sequence[Node], value: Any) -> Any:
    """The form of what a map goes through."""
    if type(value) is not list:
        return form_of_part(nodes, value)
    types = frozenset(map(type, value))
    return types if types.isdisjoint(_HOLDING) else _several([form_of_part(nodes, item) for item in value])


def _form_of_shape(nodes: Sequence[Node], shape: Any) -> Any:
    kind = type(shape)
    items = shape.values() if kind is dict else shape
    if kind in (list, set, frozenset, dict):
        refs = [item for item in items if type(item) is Ref]
        behind = {nodes[ref._flowkit_node] for ref in refs if not ref._flowkit_path}
        parts = {node.spec.declared for node in behind if node.kind is Kind.CALL and node.spec is not None}
        rest = [ref for ref in refs if ref._flowkit_path or nodes[ref._flowkit_node].kind is not Kind.CALL]
        return kind, _types_in(kind, shape), _several([*parts, *[form_of_part(nodes, ref) for ref in rest]])
    if issubclass(kind, tuple):
        return kind, tuple([form_of_part(nodes, item) if type(item) is Ref else type(item) for item in items])
    return kind


def _several(forms: list[Any]) -> Any:
    """Forms in no order; a list, which nothing remembers, where one of them is to be remembered by nothing."""
    try:
        return frozenset(forms)
    except TypeError:
        return []


def _types_in(kind: type, container: Any) -> Any:
    """The types of what a container holds: a step among its items is told by no other part of the form."""
    if kind is tuple:  # each of its places may ask for something else
        return tuple(map(type, container))
    return frozenset(map(type, container.values() if kind is dict else container))
