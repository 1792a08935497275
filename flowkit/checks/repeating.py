"""Loops that say something else than they were meant to: rounds without an end (FK403), effects one by one (FK306)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flowkit.checks.names import MISSING, is_ours
from flowkit.checks.source import within
from flowkit.diagnostics import Diagnostic, Label, Level
from flowkit.graph import Kind, Order, WorkflowSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.names import Names
    from flowkit.checks.source import Text
    from flowkit.graph import Graph, Node

__all__ = ["effects_in_loops", "endless_rounds"]

_WAITING: Final = frozenset({"sleep", "gate", "poll", "wait", "result_of"})
"""What a body may wait with for something from outside, so that going on for ever is meant."""
_Branching: TypeAlias = ast.If | ast.For | ast.While | ast.Try | ast.TryStar | ast.Match


def endless_rounds(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find a workflow that calls itself whatever it was given (FK403)."""
    call = _certain(getattr(text.node, "body", []), names)
    if call is not None and not any(_waits(node, names) for node in within(text.node, nested=False)):
        name = text.quote(call.func)
        yield Diagnostic(
            code="FK403",
            level=Level.ERROR,
            title=f"`{name}` calls itself in every round, so it never ends",
            labels=(Label(text.span(call), "nothing keeps it from this call"),),
            helps=(
                "return without this call once it is done: `if` where that is known, `if result_of(...)` or `cond` where not",
            ),
        )


def _waits(node: ast.AST, names: Names) -> bool:
    """Whether a call waits for something, or asks for a result: then it can end otherwise."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr == "wait":
        return True
    found = names.find(node.func)
    return found is not MISSING and is_ours(found) and getattr(found, "__name__", "") in _WAITING


def _certain(statements: list[Any], names: Names) -> ast.Call | None:
    """The call of itself that these come to whatever happens; None where one of them may lead elsewhere before."""
    for statement in statements:
        if isinstance(statement, _Branching):
            if any(isinstance(node, ast.Return | ast.Raise | ast.Break) for node in ast.walk(statement)):
                return None
            continue
        if isinstance(statement, ast.With):
            call = None if _may_not_run(statement, names) else _certain(statement.body, names)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        else:
            call = next((one for one in _executed(statement) if _is_itself(one, names)), None)
        if call is not None:
            return call
        if isinstance(statement, ast.Return | ast.Raise):
            return None
    return None


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


def _is_itself(call: ast.Call, names: Names) -> bool:
    spec = names.spec(call.func)
    return isinstance(spec, WorkflowSpec) and names.is_of(spec.declared.target)


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
