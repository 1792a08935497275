"""What the names in a function's source stand for, found without calling anything."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from flowkit.checks.source import within
from flowkit.graph import Ref, StepSpec, WorkflowSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MISSING", "Names", "is_ours", "spec_of"]

MISSING: Final = object()
_RECORDING: Final = frozenset({"map", "map_outcomes", "ref"})


class Names:
    """The names of one function: its own, those around it, the module's and the built-in ones."""

    def __init__(self, function: Any, node: ast.AST) -> None:
        target = inspect.unwrap(function)
        self._function = target if isinstance(target, FunctionType) else None
        self.bound = _bindings(node)
        """What each of its own names is bound to, once per place; None where that can't be said."""
        self._following: set[str] = set()

    def is_of(self, function: Any) -> bool:
        """Whether these are the names of this function."""
        return self._function is not None and inspect.unwrap(function) is self._function

    def find(self, expression: ast.AST) -> Any:
        """What a name, or a chain of attributes, stands for; MISSING if only running could tell."""
        if isinstance(expression, ast.Name):
            return self._name(expression.id)
        if isinstance(expression, ast.Attribute):
            return member(self.find(expression.value), expression.attr)
        return MISSING

    def spec(self, expression: ast.AST) -> StepSpec | WorkflowSpec | None:
        """The step or workflow that an expression is, options of its own included."""
        if isinstance(expression, ast.Call):
            changed = isinstance(expression.func, ast.Attribute) and expression.func.attr == "with_options"
            return self.spec(expression.func.value) if changed else None  # type: ignore[attr-defined]
        if isinstance(expression, ast.Name) and expression.id in self.bound:
            values = self.bound[expression.id]
            if len(values) == 1 and isinstance(values[0], ast.expr) and expression.id not in self._following:
                self._following.add(expression.id)
                try:
                    return self.spec(values[0])
                finally:
                    self._following.discard(expression.id)
        return spec_of(self.find(expression))

    def step(self, call: ast.AST) -> StepSpec | None:
        """The step that a call records, if it does."""
        if not isinstance(call, ast.Call):
            return None
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr in _RECORDING:
            function = function.value
        found = self.spec(function)
        return found if isinstance(found, StepSpec) else None

    def _name(self, name: str) -> Any:
        values = self.bound.get(name)
        if values is not None:
            imported = values[0] if len(values) == 1 else None
            return _imported(imported, name) if isinstance(imported, (ast.Import, ast.ImportFrom)) else MISSING
        if self._function is None:
            return MISSING
        free = self._function.__code__.co_freevars
        if name in free and self._function.__closure__ is not None:
            try:
                return self._function.__closure__[free.index(name)].cell_contents
            except ValueError:  # not assigned yet
                return MISSING
        return self._function.__globals__.get(name, getattr(builtins, name, MISSING))


def spec_of(value: Any) -> StepSpec | WorkflowSpec | None:
    """What flowkit knows of a step or workflow; None for anything else. Only our own objects are asked."""
    if not is_ours(value) or type(value) is Ref:
        return None
    found = getattr(value, "spec", None)
    return found if isinstance(found, (StepSpec, WorkflowSpec)) else None


def is_ours(value: Any) -> bool:
    """Whether something is defined in flowkit: an instance of a class there, the class, or a function."""
    kind = type(value)
    if kind is FunctionType or issubclass(kind, type):
        return _is_inside(value.__module__)
    return any(_is_inside(base.__module__) for base in kind.__mro__)


def member(owner: Any, name: str) -> Any:
    """An attribute as it is stored, no property or `__getattr__` being asked."""
    if owner is MISSING or type(owner) is Ref:
        return MISSING
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, MISSING)
    found = inspect.getattr_static(owner, name, MISSING)
    return found.__func__ if type(found) in (classmethod, staticmethod) else found


def _is_inside(module: Any) -> bool:
    return isinstance(module, str) and (module == "flowkit" or module.startswith("flowkit."))


def _imported(statement: ast.Import | ast.ImportFrom, name: str) -> Any:
    """What an import inside the function gives, if that module is there already."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            if (alias.asname or alias.name.partition(".")[0]) == name:
                return sys.modules.get(alias.name if alias.asname else name, MISSING)
        elif (alias.asname or alias.name) == name and not statement.level:
            return member(sys.modules.get(statement.module or "", MISSING), alias.name)
    return MISSING


def _bindings(tree: ast.AST) -> dict[str, list[ast.AST | None]]:
    bound: dict[str, list[ast.AST | None]] = {name: [None] for name, _ in _parameters(tree)}
    for node in within(tree, nested=True):
        for name, value in _bound_by(node):
            bound.setdefault(name, []).append(value)
    return bound


def _bound_by(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value)
        case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
            yield from _targets(target, value)
        case ast.AugAssign(target=target):
            yield from _targets(target, None)
        case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
            yield from _targets(target, None)
        case ast.withitem(optional_vars=target) if target is not None:
            yield from _targets(target, None)
        case ast.Import(names=names):
            yield from ((one.asname or one.name.partition(".")[0], node) for one in names)
        case ast.ImportFrom(names=names):
            yield from ((one.asname or one.name, node) for one in names)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, None
            yield from _parameters(node)
        case ast.Lambda():
            yield from _parameters(node)
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name) if name is not None:
            yield name, None
        case ast.MatchMapping(rest=name) if name is not None:
            yield name, None
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from ((name, None) for name in names)
        case _:
            return


def _parameters(node: ast.AST) -> Iterator[tuple[str, None]]:
    arguments = getattr(node, "args", None)
    if arguments is not None:
        yield from ((one.arg, None) for one in ast.walk(arguments) if isinstance(one, ast.arg))


def _targets(target: ast.expr, value: ast.AST | None) -> Iterator[tuple[str, ast.AST | None]]:
    match target:
        case ast.Name(id=name):
            yield name, value
        case ast.Starred(value=inner):
            yield from _targets(inner, None)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            whole = any(isinstance(part, ast.Starred) for part in parts)
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) and not whole else []
            # A part of a result is a result, so the whole stands for each of its parts.
            each = values if len(values) == len(parts) else [value] * len(parts)
            for part, one in zip(parts, each, strict=True):
                yield from _targets(part, one)
        case _:
            return
