"""What only the source of a body shows: comparisons by `is`, blocks that are over before a step runs, impure calls.

The body itself is read, not the functions that it calls or defines.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flowkit.checks.impure import impurity
from flowkit.checks.names import MISSING, is_ours
from flowkit.checks.source import within
from flowkit.diagnostics import Diagnostic, Label, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.names import Names
    from flowkit.checks.source import Text

__all__ = [
    "blocking_calls",
    "identity_tests",
    "impure_calls",
    "is_called",
    "is_result",
    "left_branches",
    "steps_in_blocks",
]


def identity_tests(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find comparisons of results by `is`, which no object can notice (FK401)."""
    for node in within(text.node, nested=False):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if not isinstance(operator, (ast.Is, ast.IsNot)):
                continue
            result = next((side for side in (left, right) if is_result(side, names)), None)
            if result is not None:
                word = "is" if isinstance(operator, ast.Is) else "is not"
                other = right if result is left else left
                yield Diagnostic(
                    code="FK401",
                    level=Level.ERROR,
                    title=f"the result `{text.quote(result)}` is compared by `{word}` before it exists",
                    labels=(Label(text.span(node), _always(operator, other)),),
                    notes=("while the body is recorded this stands for the result; it is never the result itself",),
                    helps=("compare inside a step that gets the value",),
                )


def _always(operator: ast.cmpop, other: ast.expr) -> str:
    if isinstance(other, ast.Constant):
        return f"this is always {isinstance(operator, ast.IsNot)}"
    return "this compares the stand-in, not the result"


def is_result(expression: ast.AST, names: Names, seen: frozenset[str] = frozenset()) -> bool:
    """Whether an expression is surely a result, or a part of one, and never anything else."""
    while isinstance(expression, (ast.Attribute, ast.Subscript)):
        expression = expression.value
    if isinstance(expression, ast.NamedExpr):
        return is_result(expression.value, names, seen)
    if isinstance(expression, ast.Name):
        name = expression.id
        values = names.bound.get(name, ())
        if not values or name in seen:
            return False
        return all(value is not None and is_result(value, names, seen | {name}) for value in values)
    if not isinstance(expression, ast.Call):
        return False
    return names.step(expression) is not None or is_called(expression, "outcome", names)


def steps_in_blocks(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find steps called inside `try` or a foreign `with`: it is over before the step runs (FK405)."""
    blocks: dict[ast.Try | ast.TryStar | ast.withitem, list[ast.Call]] = {}
    for node in within(text.node, nested=False):
        if isinstance(node, ast.Call) and names.step(node) is not None:
            block = _block_around(node, text, names)
            if block is not None:
                blocks.setdefault(block, []).append(node)
    for block, calls in blocks.items():
        if isinstance(block, ast.withitem):
            yield _in_with(text, names, block, calls)
        else:
            yield _in_try(text, names, block, calls)


def _block_around(node: ast.AST, text: Text, names: Names) -> ast.Try | ast.TryStar | ast.withitem | None:
    """The innermost `try`, or the item of a foreign `with`, that a node stands in."""
    while node is not text.node:
        inner, node = node, text.parents[node]
        if isinstance(node, (ast.Try, ast.TryStar)) and (inner in node.finalbody or not _waits(node, names)):
            return node
        if isinstance(node, ast.With) and isinstance(inner, ast.stmt):
            foreign = next((item for item in reversed(node.items) if not _is_region(item.context_expr, names)), None)
            if foreign is not None:
                return foreign
    return None


def _waits(block: ast.Try | ast.TryStar, names: Names) -> bool:
    """Whether a `try` asks for a result by `result_of`, so that it isn't over before what it asks for has run."""
    calls = (node for part in block.body for node in ast.walk(part) if isinstance(node, ast.Call))
    return any(is_called(call, "result_of", names) for call in calls)


def is_called(call: ast.Call, name: str, names: Names) -> bool:
    """Whether a call is one of flowkit's own words."""
    found = names.find(call.func)
    return found is not MISSING and is_ours(found) and getattr(found, "__name__", "") == name


def _is_region(manager: ast.expr, names: Names) -> bool:
    """Whether a `with` is about one of flowkit's own blocks."""
    found = _entered(manager, names)
    return found is not MISSING and is_ours(found)


def _entered(manager: ast.expr, names: Names) -> Any:
    """What a `with` calls to make its block, as far as the source shows it."""
    if isinstance(manager, ast.Name):
        values = names.bound.get(manager.id, ())
        if len(values) == 1 and isinstance(values[0], ast.Call):
            manager = values[0]
    return names.find(manager.func if isinstance(manager, ast.Call) else manager)


_Leaving: TypeAlias = ast.Return | ast.Raise | ast.Break | ast.Continue


def left_branches(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find `return`, `raise`, `break` and `continue` out of a `when` or an `otherwise`: they are obeyed now (FK408)."""
    for node in within(text.node, nested=False):
        if not isinstance(node, _Leaving):
            continue
        block = _branch_left(node, text, names)
        if block is None:
            continue
        word, branch = type(node).__name__.lower(), text.quote(block.context_expr)
        yield Diagnostic(
            code="FK408",
            level=Level.ERROR,
            title=f"`{word}` in `with {branch}` is obeyed while recording, whatever comes of the test",
            labels=(
                Label(text.keyword(node), "this leaves the body now" if word in _ENDS else "this leaves the round now"),
                Label(text.span(block.context_expr), "which decides later what runs", primary=False),
            ),
            helps=(_INSTEAD[word],),
        )


_ENDS: Final = ("return", "raise")
_INSTEAD: Final = {
    "return": "write what follows in `with otherwise():`; `cond(test, lambda: a(x), lambda: b(x))` gives one of two values",
    "raise": "raise it in a step that is called in the block",
    "break": "write the loop as rounds: a workflow that calls itself, or `repeat`",
    "continue": "write the rest of the round in `with otherwise():`",
}


def _branch_left(leaving: _Leaving, text: Text, names: Names) -> ast.withitem | None:
    """The branch that a statement leaves."""
    node: ast.AST = leaving
    while node is not text.node:
        inner, node = node, text.parents[node]
        if isinstance(leaving, ast.Break | ast.Continue) and isinstance(node, ast.For | ast.While):
            if inner not in node.orelse:
                return None
        elif isinstance(leaving, ast.Raise) and isinstance(node, ast.Try) and inner in node.body and node.handlers:
            return None
        elif isinstance(node, ast.With) and isinstance(inner, ast.stmt):
            for item in node.items:
                found = _entered(item.context_expr, names)
                if found is not MISSING and is_ours(found) and getattr(found, "__name__", "") in ("when", "otherwise"):
                    return item
    return None


def _in_try(text: Text, names: Names, block: ast.Try | ast.TryStar, calls: list[ast.Call]) -> Diagnostic:
    return Diagnostic(
        code="FK405",
        level=Level.ERROR,
        title=f"{_called(names, calls)} inside `try`, which is over before the step runs",
        labels=(
            *_recorded(text, calls),
            Label(text.keyword(block), "which catches nothing that the step raises", primary=False),
        ),
        helps=(
            f"take its end as a value, `outcome({text.quote(calls[0])})`, or catch the exception in the step",
            f"to go on in this body, run it now: `result_of({text.quote(calls[0])})` raises what the step does",
        ),
    )


def _in_with(text: Text, names: Names, block: ast.withitem, calls: list[ast.Call]) -> Diagnostic:
    manager = block.context_expr
    return Diagnostic(
        code="FK405",
        level=Level.ERROR,
        title=f"{_called(names, calls)} inside `with {text.quote(manager)}`, which is over before the step runs",
        labels=(
            *_recorded(text, calls),
            Label(text.span(manager), "which is entered and left while recording", primary=False),
        ),
        helps=("enter it inside the step that needs it, or move the call out of the block",),
    )


def _called(names: Names, calls: list[ast.Call]) -> str:
    labels = dict.fromkeys(f"`{spec.label}`" for spec in map(names.step, calls) if spec is not None)
    *others, last = labels
    return f"{', '.join(others)} and {last} are called" if others else f"{last} is called"


def _recorded(text: Text, calls: list[ast.Call]) -> Iterator[Label]:
    for call in calls:
        yield Label(text.span(call), "this is only recorded here")


def blocking_calls(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find steps in a live body that would block its event loop (FK406)."""
    for node in within(text.node, nested=False):
        spec = names.step(node)
        if spec is None or spec.is_async or not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"submit", "start", "map", "map_outcomes", "ref"}:
            continue
        yield Diagnostic(
            code="FK406",
            level=Level.ERROR,
            title=f"the step `{spec.label}` is called plainly in an `async def` body",
            labels=(Label(text.span(node), "this would block the event loop"),),
            helps=(f"write `await {text.quote(node.func)}.submit(...)`",),
        )


def impure_calls(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find calls of the clock, of randomness and of the world outside (FK404)."""
    for node in within(text.node, nested=False):
        what = impurity(node, names)
        if what is not None:
            yield Diagnostic(
                code="FK404",
                level=Level.WARNING,
                title=f"the body of `{getattr(text.node, 'name', '<lambda>')}` {what}",
                labels=(Label(text.span(node), "this may answer differently when the body is recorded again"),),
                helps=("do it in a step, or pass the value in as an argument",),
            )
