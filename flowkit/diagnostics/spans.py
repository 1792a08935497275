"""From code to places in source: what was called where, and where it was declared.

Nothing here raises for source that can't be read; the place just becomes less exact.
"""

from __future__ import annotations

import ast  # free: attrs has imported inspect, and inspect imports it
import functools
import inspect
import itertools
import linecache
import os
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any, TypeAlias, cast

import attrs

from flowkit.diagnostics.model import Span
from flowkit.diagnostics.narrowing import Position, narrowed, parsed

__all__ = [
    "Site",
    "Source",
    "relative",
    "source_of",
    "span_of_ast",
    "span_of_function",
    "span_of_parameter",
]

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Site:
    """A place in running code, cheap to take and resolved only when somebody wants to see it.

    Made from a frame: `Site(frame.f_code, frame.f_lasti)`.
    """

    __slots__ = ("code", "lasti")

    def __init__(self, code: CodeType, lasti: int) -> None:
        self.code = code
        self.lasti = lasti

    def __repr__(self) -> str:
        return f"Site({self.code.co_name!r}, {self.code.co_filename}:{self._position()[0]})"

    def span(self) -> Span:
        """The exact call, or what is looped over or tested; the whole line without columns or without source."""
        file, lines = self.code.co_filename, _lines(self.code.co_filename)
        return _span(file, lines, narrowed(self.code, self.lasti, self._position(), lines))

    def _position(self) -> Position:
        # Positions come per code unit of two bytes; a frame that hasn't started has -1.
        unit = max(self.lasti, 0) // 2
        for line, end_line, column, end_column in itertools.islice(self.code.co_positions(), unit, unit + 1):
            if line is not None:
                return line, end_line, column, end_column
        return self.code.co_firstlineno, None, None, None


@attrs.frozen
class Source:
    """The parsed definition of a function or class, its positions being those of the whole file."""

    file: str
    lines: Sequence[str] = attrs.field(repr=False)
    node: Definition

    def span(self, node: ast.AST) -> Span:
        """The place of a node inside this definition."""
        return span_of_ast(self.file, node, self.lines)


def source_of(function: Any) -> Source | None:
    """Find and parse the definition of a function, method, class or anything wrapped around one.

    None when there is no source (built-ins, a bare interpreter), it can't be parsed any more, or
    the definition isn't a `def` or `class` statement.
    """
    target = _underlying(function)
    if isinstance(target, FunctionType):
        file, name, line = target.__code__.co_filename, target.__code__.co_name, target.__code__.co_firstlineno
        lines = _lines(file)
        candidates = [node for _, node in _definitions("".join(lines)).get(name, ()) if _first_line(node) == line]
    elif isinstance(target, type):
        file = getattr(sys.modules.get(target.__module__), "__file__", None) or ""
        lines = _lines(file)
        candidates = _classes(target, lines)
    else:
        return None
    return Source(file, lines, candidates[-1]) if candidates else None


def span_of_function(function: Any) -> Span | None:
    """The name after `def` or `class`; the first line where only that is known, else None."""
    source = source_of(function)
    if source is not None:
        return _span_of_name(source)
    target = _underlying(function)
    if isinstance(target, FunctionType):
        code = target.__code__
        return _span(code.co_filename, _lines(code.co_filename), (code.co_firstlineno, None, None, None))
    return None


def span_of_parameter(function: Any, name: str) -> Span | None:
    """Where a parameter is declared, with its annotation; a field counts for classes without `__init__`."""
    source = source_of(function)
    if source is None:
        return None
    node = source.node
    if isinstance(node, ast.ClassDef):
        node = _constructor(node) or node
    found = _field(node, name) if isinstance(node, ast.ClassDef) else _argument(node, name)
    return source.span(found) if found is not None else None


def span_of_ast(filename: str, node: ast.AST, source_lines: Sequence[str]) -> Span:
    """The place of a node of a parsed file; `source_lines` are all lines of that file."""
    # A module and some parts of expressions, such as operators, have no place of their own.
    line, column = getattr(node, "lineno", None), getattr(node, "col_offset", None)
    if line is None:
        return Span(filename)
    end_line, end_column = getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
    return _span(filename, source_lines, (line, end_line, column, end_column))


def relative(file: str) -> str:
    """The file as seen from the working directory when it lies under it, else unchanged."""
    try:
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118 (pathlib would slow down `import flowkit`)
    except OSError:  # the directory is gone
        return file
    return file.removeprefix(here)


def _span(file: str, lines: Sequence[str], position: Position) -> Span:
    line, end_line, column, end_column = position
    end_line = line if end_line is None or end_line < line else end_line
    if not 0 < line <= end_line <= len(lines):
        return Span(file, line, 0, line)
    covered = [text.rstrip("\r\n") for text in lines[line - 1 : end_line]]
    start = _characters(covered[0], column)
    end = _characters(covered[-1], end_column)
    if start is None or end is None or (line == end_line and end <= start):
        return Span(file, line, 0, line, 0, covered[0])
    return Span(file, line, start + 1, end_line, end + 1, "\n".join(covered))


def _characters(text: str, column: int | None) -> int | None:
    # The compiler counts bytes of UTF-8; people and terminals count characters.
    raw = text.encode(errors="replace")
    if column is None or column > len(raw):  # beyond the end: the file has changed since it was compiled
        return None
    return len(raw[:column].decode(errors="replace"))


def _lines(file: str) -> list[str]:
    # Looked up through the module: doctest swaps the function for the time of a test.
    linecache.checkcache(file)
    return linecache.getlines(file)


def _underlying(function: Any) -> Any:
    """What is left when wrappers, partials and bound methods are taken off."""
    try:
        target = inspect.unwrap(function)
    except ValueError:  # a wrapper that wraps itself
        return None
    if isinstance(target, functools.partial):
        return _underlying(target.func)
    if isinstance(target, MethodType):
        return _underlying(target.__func__)
    if isinstance(target, FunctionType | type):
        return target
    call: object = getattr(type(cast("object", target)), "__call__", None)  # noqa: B004 (its source is wanted)
    return call if isinstance(call, FunctionType) else None


@functools.lru_cache(maxsize=8)  # many findings usually share few files
def _definitions(source: str) -> Mapping[str, list[tuple[str, Definition]]]:
    """All definitions of a file by their name, each with its qualified name."""
    found: dict[str, list[tuple[str, Definition]]] = {}
    tree = parsed(source)
    if tree is None:
        return found
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, prefix = stack.pop()
        if isinstance(node, Definition):
            found.setdefault(node.name, []).append((prefix + node.name, node))
            prefix += node.name + ("." if isinstance(node, ast.ClassDef) else ".<locals>.")
        stack.extend((child, prefix) for child in ast.iter_child_nodes(node))
    return found


def _classes(target: type, lines: Sequence[str]) -> list[Definition]:
    definitions = _definitions("".join(lines)).get(target.__name__, ())
    named: list[Definition] = [node for qualname, node in definitions if qualname == target.__qualname__]
    line = vars(target).get("__firstlineno__")  # Python 3.13 and later
    if line is not None:
        return [node for node in named if _first_line(node) == line]
    # Which one of several is meant can't be told; no place is better than a wrong one.
    return named if len(named) == 1 else []


def _first_line(node: Definition) -> int:
    return min((decorator.lineno for decorator in node.decorator_list), default=node.lineno)


def _span_of_name(source: Source) -> Span:
    node, text = source.node, source.lines[source.node.lineno - 1]
    keyword = "class" if isinstance(node, ast.ClassDef) else "def"
    after = text.find(keyword, node.col_offset) + len(keyword)
    start = text.find(node.name, after)
    if start < 0:  # the name is on another line, or spelled with characters that Python normalises
        return _span(source.file, source.lines, (node.lineno, None, None, None))
    end = start + len(node.name)
    return Span(source.file, node.lineno, start + 1, node.lineno, end + 1, text.rstrip("\r\n"))


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    methods = (child for child in node.body if isinstance(child, ast.FunctionDef))
    return next((method for method in methods if method.name == "__init__"), None)


def _argument(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.arg | None:
    arguments = node.args
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    declared = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]
    return next((argument for argument in declared if argument.arg == name), None)


def _field(node: ast.ClassDef, name: str) -> ast.AnnAssign | None:
    fields = (child for child in node.body if isinstance(child, ast.AnnAssign))
    return next((field for field in fields if isinstance(field.target, ast.Name) and field.target.id == name), None)
