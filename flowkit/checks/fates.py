"""What becomes of a value in the source: whether anything reads it, or could read it on another path."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, Literal

from flowkit.checks.source import within

if TYPE_CHECKING:
    from flowkit.checks.source import Text

__all__ = ["Fate", "fate_of"]

Fate = Literal["dropped", "unused", "open"]
"""Never read, wherever it is; read by nothing, as nothing branches; perhaps read on another path."""

_FILLING: Final = frozenset({"append", "appendleft", "add", "insert", "extend", "update", "setdefault"})
_SAME: Final = frozenset({"list", "tuple", "set", "frozenset", "dict", "reversed", "zip", "enumerate", "iter"})
_BRANCHES: Final = (ast.If, ast.IfExp, ast.Match, ast.Try, ast.TryStar, ast.While, ast.For, ast.BoolOp)
_PEEKING: Final = frozenset({"locals", "vars", "eval", "exec"})


def fate_of(text: Text, call: ast.AST) -> Fate:
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
                if (
                    isinstance(function, ast.Attribute)
                    and isinstance(function.value, ast.Name)
                    and function.attr in _FILLING
                ):
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
