"""Loops that say something else than they were meant to: rounds without an end (FK403), effects one by one (FK306)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flowkit.checks.names import MISSING, Names, is_ours
from flowkit.checks.source import read, within
from flowkit.diagnostics import Diagnostic, Label, Level
from flowkit.graph import Kind, Order, WorkflowSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.source import Text
    from flowkit.graph import Graph, Node

__all__ = ["effects_in_loops", "endless_rounds"]

_WAITING: Final = frozenset({"sleep", "gate", "poll", "wait", "result_of"})
"""What a body may wait with for something from outside, so that going on for ever is meant."""
_Branching: TypeAlias = ast.If | ast.For | ast.While | ast.Try | ast.TryStar | ast.Match


def endless_rounds(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find a workflow that comes to a call of itself whatever it was given, by itself or through others (FK403)."""
    circle = _circle(text, names, names, set())
    if not circle:
        return
    (_, call), *others = circle
    name = text.quote(call.func)
    if not others:
        title, said = f"`{name}` calls itself in every round, so it never ends", "nothing keeps it from this call"
    else:
        names_round = [f"`{around.quote(one.func)}`" for around, one in circle]
        title = f"these workflows call one another in every round, so they never end: {', then '.join(names_round)}"
        said = "nothing keeps it from this call"
    labels = [Label(text.span(call), said)]
    labels += [Label(around.span(one), "nor from this one", primary=False) for around, one in others]
    yield Diagnostic(
        code="FK403",
        level=Level.ERROR,
        title=title,
        labels=tuple(labels),
        helps=(
            "return without this call once it is done: `if` where that is known, `if result_of(...)` or `cond` where not",
        ),
    )


def _circle(text: Text, names: Names, first: Names, seen: set[Any]) -> list[tuple[Text, ast.Call]]:
    """The calls by which a body comes to the first one again, each in the text of its body; none where it may not."""
    calls: list[ast.Call] = []
    _certain(getattr(text.node, "body", []), names, calls)
    if not calls or any(_waits(node, names) for node in within(text.node, nested=False)):
        return []
    for call in calls:
        spec = names.spec(call.func)
        assert isinstance(spec, WorkflowSpec)
        declared = spec.declared
        if first.is_of(declared.target):
            return [(text, call)]
        inner = read(declared.target) if declared not in seen else None
        seen.add(declared)
        rest = _circle(inner, Names(declared.target, inner.node), first, seen) if inner is not None else []
        if rest:
            return [(text, call), *rest]
    return []


def _waits(node: ast.AST, names: Names) -> bool:
    """Whether a call waits for something, or asks for a result: then it can end otherwise."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr == "wait":
        return True
    found = names.find(node.func)
    return found is not MISSING and is_ours(found) and getattr(found, "__name__", "") in _WAITING


def _certain(statements: list[Any], names: Names, calls: list[ast.Call]) -> bool:
    """Add the calls of workflows that these come to whatever happens; says whether what follows them is reached."""
    for statement in statements:
        if isinstance(statement, _Branching):
            if any(isinstance(node, ast.Return | ast.Raise | ast.Break) for node in ast.walk(statement)):
                return False
        elif isinstance(statement, ast.With):
            if not (_may_not_run(statement, names) or _certain(statement.body, names, calls)):
                return False
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            calls.extend(one for one in _executed(statement) if isinstance(names.spec(one.func), WorkflowSpec))
            if isinstance(statement, ast.Return | ast.Raise):
                return False
    return True


def _may_not_run(block: ast.With, names: Names) -> bool:
    for item in block.items:
        manager = item.context_expr
        found = names.find(manager.func if isinstance(manager, ast.Call) else manager)
        if found is MISSING or getattr(found, "__name__", "") in ("when", "otherwise"):
            return True
    return False


def _executed(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that evaluating a statement makes in any case."""
    if isinstance(node, ast.Call):
        yield node
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(node, ast.IfExp):
        yield from _executed(node.test)
        return
    if isinstance(node, ast.BoolOp):
        yield from _executed(node.values[0])
        return
    for inner in ast.iter_child_nodes(node):
        yield from _executed(inner)


def effects_in_loops(graph: Graph) -> Iterator[Diagnostic]:
    """Find effects that are called in a loop, so that each waits for the one before (FK306)."""
    places: dict[tuple[Any, int], list[Node]] = {}
    for node in graph.nodes:
        if node.kind is Kind.CALL and node.spec is not None and node.spec.is_effect and node.code is not None:
            places.setdefault((node.code, node.lasti), []).append(node)
    for nodes in places.values():
        first = nodes[0]
        together = [node for node in nodes if node.region == first.region]
        if len(together) < 2 or graph.regions[first.region].order is not Order.TEXT or first.site is None:
            continue
        assert first.spec is not None
        name = first.spec.label
        yield Diagnostic(
            code="FK306",
            level=Level.HINT,
            title=f"{len(nodes)} calls of `{name}` from this place run one after another",
            labels=(Label(first.site.span(), "each waits for the one before it to be done"),),
            helps=(
                f"`{name}.map(...)`, or the loop in `with concurrent():`, lets them run side by side",
                "`with in_order():` round the loop says that this is meant",
            ),
        )
