"""From what `depends_on` names to the nodes it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flowkit.diagnostics import Diagnostic, Label, Level, did_you_mean
from flowkit.graph.model import Kind, Node, StepSpec
from flowkit.graph.refs import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["resolve"]


MANY: Final = 8
"""Calls of a step from which on those who wait for them share a barrier, so that the edges stay linear."""


def resolve(nodes: list[Node], named: Iterable[int], used: bytearray) -> Iterator[Diagnostic]:
    """Turn the dependencies that nodes name into edges, and report those that name nothing.

    A step or a name means every call of that step, written before or after; a Ref means its one call. Barriers that
    many share are appended to `nodes`.
    """
    barriers: dict[int, int] = {}
    calls = _Calls(nodes)
    for index in named:
        node = nodes[index]
        assert node.spec is not None
        after: dict[int, None] = dict.fromkeys(node.order or ())
        choice: dict[int, None] = {}
        for option, found in (("depends_on", after), ("depends_on_any", choice)):
            given = getattr(node.spec.options, option)
            for wanted in given if isinstance(given, tuple) else ():
                meant = calls.find(wanted, node)
                if isinstance(meant, Diagnostic):
                    yield meant
                    continue
                if option == "depends_on" and len(meant) > MANY:
                    meant = [_barrier(nodes, used, meant, barriers)]
                for i in meant:
                    used[i] = 1
                    found[i] = None
        node.order = list(after) or None
        node.choice = tuple(choice)


def _barrier(nodes: list[Node], used: bytearray, waits: list[int], known: dict[int, int]) -> int:
    """The barrier behind these calls. Those who name the same step are given the very same list."""
    if id(waits) not in known:
        known[id(waits)] = len(nodes)
        for i in waits:
            used[i] = 1
        nodes.append(Node(len(nodes), Kind.BARRIER, None, (), None, (), waits, 0, None, 0))
        used.append(1)
    return known[id(waits)]


class _Calls:
    """The calls of each step, by the step and by its names."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.by_step: dict[StepSpec, list[int]] = {}
        self.by_name: dict[str, dict[StepSpec, None]] = {}
        for node in nodes:
            if node.spec is not None and node.kind in (Kind.CALL, Kind.MAP):
                step = node.spec.declared
                if step not in self.by_step:
                    self.by_name.setdefault(step.label, {})[step] = None
                    self.by_name.setdefault(step.name, {})[step] = None
                self.by_step.setdefault(step, []).append(node.index)

    def find(self, wanted: Any, node: Node) -> list[int] | Diagnostic:
        if type(wanted) is Ref:
            own = wanted._flowkit_node
            if own < len(self.nodes) and wanted._flowkit_recorder.nodes is self.nodes:
                return [own]
            return _finding(
                "FK305", node, "a dependency of {} belongs to another build", ("pass a result of this body",)
            )
        if isinstance(wanted, StepSpec):
            if wanted.declared in self.by_step:
                return self._without(wanted.declared, node)
            return self._unknown(wanted.label, node)
        steps = list(self.by_name.get(wanted, ()))
        if not steps:
            return self._unknown(wanted, node)
        if len(steps) > 1:
            names = " and ".join(f"`{step.name}`" for step in steps)
            return _finding(
                "FK304",
                node,
                f"`{wanted}`, which {{}} depends on, could be {names}",
                ("name it in full, or pass the step itself",),
            )
        return self._without(steps[0], node)

    def _without(self, step: StepSpec, node: Node) -> list[int]:
        calls = self.by_step[step]
        # The other calls of the same step; a step that names only itself keeps the edge, and is found as a cycle.
        if node.spec is None or node.spec.declared is not step:
            return calls
        return [i for i in calls if i != node.index] or calls

    def _unknown(self, name: str, node: Node) -> Diagnostic:
        near = did_you_mean(name, [label for label in self.by_name if ":" not in label])
        return _finding(
            "FK301",
            node,
            f"{{}} depends on `{name}`, which this workflow never calls" + (f"; {near}" if near else ""),
            (f"call `{name}` in the body, or take it out of the dependencies",),
        )


def _finding(code: str, node: Node, title: str, helps: tuple[str, ...]) -> Diagnostic:
    assert node.spec is not None
    labels = (Label(node.site.span(), "this call waits for it"),) if node.site is not None else ()
    return Diagnostic(
        code=code, level=Level.ERROR, title=title.format(f"`{node.spec.label}`"), labels=labels, helps=helps
    )
