"""Results that nobody takes (FK101).

The graph says which results aren't used; the source says whether that is so for every path through it. What is dropped
on the spot, or bound to a name that is never read, is an error wherever it is. So is any other result that isn't used,
if nothing in the source could have led elsewhere. What another path might use is a warning.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, Literal

from flowkit.checks.hints import show
from flowkit.checks.source import Text, call_at, within
from flowkit.checks.values import name_of, result_of, type_of_node
from flowkit.diagnostics import Diagnostic, Label, Level, source_of
from flowkit.graph import Kind, StepSpec
from flowkit.policies import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.names import Names
    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node

__all__ = ["dropped_calls", "unused_results"]

Fate = Literal["dropped", "unused", "open"]
"""What becomes of a result in the source: never read; not read on any path; perhaps read on another."""

_FILLING: Final = frozenset({"append", "appendleft", "add", "insert", "extend", "update", "setdefault"})
_SAME: Final = frozenset({"list", "tuple", "set", "frozenset", "dict", "reversed", "zip", "enumerate", "iter"})
_BRANCHES: Final = (ast.If, ast.IfExp, ast.Match, ast.Try, ast.TryStar, ast.While, ast.For, ast.BoolOp)
_PEEKING: Final = frozenset({"locals", "vars", "eval", "exec"})


def unused_results(graph: Graph) -> Iterator[Diagnostic]:
    """Find calls whose result nobody takes; a result taken by an unused call is taken."""
    fates: dict[Any, Fate] = graph.workflow.declared.remembered.setdefault("checks.fates", {})
    used, told = graph.used, set[Any]()
    index = used.find(0)
    while index >= 0:
        node = graph.nodes[index]
        place = (node.code, node.lasti)
        if _matters(graph, node) and place not in told:
            told.add(place)
            fate = fates.get(place)
            if fate is None:
                fate = fates[place] = _fate_of_node(graph, node)
            if graph.stopped is None or fate == "dropped":
                yield _finding(graph, node, fate)
        index = used.find(0, index + 1)


def _matters(graph: Graph, node: Node) -> bool:
    if node.kind is Kind.OUTCOME:
        return True
    if node.spec is None:
        return False
    default = graph.workflow.policy.defaults.must_use
    if default is not UNSET and node.spec.options.must_use is UNSET:
        return default and node.spec.must_use
    return node.spec.must_use


def dropped_calls(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find dropped results in the source of a body, on whatever path they are."""
    for node in within(text.node, nested=False):
        spec = names.step(node)
        if spec is None or not spec.must_use or _in_region(text, node) or _has_options(node):
            continue
        assert isinstance(node, ast.Call)  # noqa: S101 - only calls record steps
        if _fate(text, node) == "dropped":
            yield _told(spec.label, text.span(node), _returns(_result_shown(spec, node)), text.quote(node), "dropped")


def _result_shown(spec: StepSpec, call: ast.Call) -> str:
    result = result_of(spec)
    if result is Any:
        return ""
    verb = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    shape = {"map": "list[{}]", "map_outcomes": "list[Outcome[{}]]"}.get(verb, "{}")
    return shape.format(show(result))


def _in_region(text: Text, node: ast.AST) -> bool:
    """Whether something stands around a call that may give it a place of its own, such as `with in_order()`."""
    while node is not text.node:
        node = text.parents[node]
        if isinstance(node, ast.With):
            return True
    return False


def _has_options(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "with_options" for one in ast.walk(node))


# -- what becomes of a result in the source ---------------------------------------------------------------------------


def _fate_of_node(graph: Graph, node: Node) -> Fate:
    found = call_at(graph.workflow, node.site)
    if found is None:
        return "unused"
    text, call = found
    fate = _fate(text, call)
    # What a helper returns or stores may be used by whoever called it, which this doesn't follow.
    return "open" if fate == "unused" and not _is_body(graph, text) else fate


def _is_body(graph: Graph, text: Text) -> bool:
    body = source_of(graph.workflow.target)
    return body is not None and (body.file, body.node.lineno) == (text.file, getattr(text.node, "lineno", 0))


def _fate(text: Text, call: ast.AST) -> Fate:
    """Follow a value outwards: through what only holds it, to what drops it, binds it, or does something else."""
    names: list[str] = []
    node: ast.AST = call
    while True:
        inner, node = node, text.parents.get(node, text.node)
        match node:
            case ast.Expr():
                return "dropped" if _never_read(text, names) else _by_branches(text)
            case ast.NamedExpr(target=ast.Name(id=name)):
                names.append(name)
            case ast.Assign(targets=targets):
                bound = [_name_bound(target) for target in targets]
                if None in bound:
                    return _by_branches(text)
                names += [name for part in bound if part is not None for name in part]
                return "dropped" if _never_read(text, names) else _by_branches(text)
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                part = _name_bound(target)
                names += part or []
                return "dropped" if part is not None and _never_read(text, names) else _by_branches(text)
            case ast.Call(func=function) if inner is not function:
                if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.attr in _FILLING:
                    names.append(function.value.id)
                elif not (isinstance(function, ast.Name) and function.id in _SAME):
                    return "open"  # another function has it, and may use it or not
            case ast.IfExp(test=test) if inner is not test:
                pass
            case ast.comprehension() | ast.Subscript() if inner is not getattr(node, "value", None):
                return _by_branches(text)
            case (
                ast.List() | ast.Tuple() | ast.Set() | ast.Dict() | ast.Starred() | ast.BoolOp() | ast.ListComp()
                | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() | ast.Attribute() | ast.Subscript()
            ):  # fmt: skip
                pass
            case _:
                return _by_branches(text)


def _name_bound(target: ast.expr) -> list[str] | None:
    """The names that an assignment sets; None where it sets something that others may see."""
    match target:
        case ast.Name(id=name):
            return [name]
        case ast.Starred(value=inner):
            return _name_bound(inner)
        case ast.Subscript(value=ast.Name(id=name)):
            return [name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            names = [_name_bound(part) for part in parts]
            return None if None in names else [name for part in names if part is not None for name in part]
        case _:
            return None


def _never_read(text: Text, names: list[str]) -> bool:
    """Whether no code of the function reads these names, but to put something into what they hold."""
    wanted = set(names)
    for node in ast.walk(text.node):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and wanted & set(node.names):
            return False
        if isinstance(node, ast.arg) and node.arg in wanted:
            return False  # the caller may hold what was filled
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in _PEEKING and wanted:
                return False
            if node.id in wanted and not _only_fills(text, node):
                return False
    return True


def _only_fills(text: Text, name: ast.Name) -> bool:
    parent = text.parents[name]
    if isinstance(parent, ast.Subscript) and parent.value is name:
        return not isinstance(parent.ctx, ast.Load)
    if not isinstance(parent, ast.Attribute) or parent.attr not in _FILLING:
        return False
    call = text.parents[parent]
    return isinstance(call, ast.Call) and call.func is parent and isinstance(text.parents[call], ast.Expr)


def _by_branches(text: Text) -> Fate:
    """Whether everything in a function always happens, so that what isn't used is used on no path."""
    for node in within(text.node, nested=True):
        if isinstance(node, _BRANCHES) or (isinstance(node, ast.comprehension) and node.ifs):
            return "open"
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and not _is_constant(node.slice):
            return "open"  # which item is taken depends on a value
    return "unused"


def _is_constant(node: ast.AST | None) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.Slice):
        return all(map(_is_constant, (node.lower, node.upper, node.step)))
    return node is None or isinstance(node, ast.Constant)


# -- what is told -----------------------------------------------------------------------------------------------------


def _finding(graph: Graph, node: Node, fate: Fate) -> Diagnostic:
    name = name_of(graph, node.args[0]) if node.spec is None else node.spec.label
    if node.spec is None:
        name = f"outcome({name})"
    hint = type_of_node(graph, node)
    unknown = node.spec is not None and result_of(node.spec) is Any
    found = call_at(graph.workflow, node.site)
    code = found[0].quote(found[1]) if found is not None else f"{name}(...)" if node.spec is not None else name
    span = node.site.span() if node.site is not None else None
    return _told(name, span, _returns("" if unknown else show(hint)), code, fate)


def _returns(kind: str) -> str:
    return f"this call returns `{kind}`" if kind else "nobody takes what this call returns"


def _told(name: str, span: Span | None, said: str, code: str, fate: Fate) -> Diagnostic:
    labels = (Label(span, said),) if span is not None else ()
    if fate == "open":
        return Diagnostic(
            code="FK101",
            level=Level.WARNING,
            title=f"the result of `{name}` is not used on the path that was taken",
            labels=labels,
            helps=(f"call it only where its result is used, or write `discard({code})`",),
        )
    return Diagnostic(
        code="FK101",
        level=Level.ERROR,
        title=f"the result of `{name}` is never used",
        labels=labels,
        helps=(f"pass it on, return it, or write `discard({code})`",),
    )
