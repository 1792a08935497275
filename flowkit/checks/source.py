"""The source of a function as a tree, with the way up from each node.

Trees aren't kept: what was found in them is. Nothing here raises for source that can't be read.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from flowkit.diagnostics import Span, source_of, span_of_ast
from flowkit.diagnostics.narrowing import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowkit.diagnostics import Site
    from flowkit.graph import Node, WorkflowSpec

__all__ = ["Text", "argument_at", "call_at", "read", "statements", "within"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Text(NamedTuple):
    """A function or class as it was written."""

    file: str
    lines: Sequence[str]
    node: ast.AST
    parents: Mapping[ast.AST, ast.AST]

    def span(self, node: ast.AST) -> Span:
        """The place of a node."""
        return span_of_ast(self.file, node, self.lines)

    def keyword(self, node: ast.stmt) -> Span:
        """The place of the word that a statement begins with."""
        span = self.span(node)
        word = span.covered.partition(" ")[0].rstrip(":") if span.column else ""
        line = span.text.split("\n", 1)[0]
        return Span(span.file, span.line, span.column, span.line, span.column + len(word) if word else 0, line)

    def quote(self, node: ast.AST) -> str:
        """The source of a node that is on one line; with its arguments left out where it is a longer call."""
        text = self.span(node).covered
        if "\n" not in text:
            return text
        return f"{self.quote(node.func)}(...)" if isinstance(node, ast.Call) else "..."


def read(function: Any) -> Text | None:
    """The source of a function or class; None where it can't be read."""
    target = inspect.unwrap(function)
    alone = _alone(target.__code__) if inspect.isfunction(target) else None
    if alone is not None:
        return alone
    source = source_of(function)
    return None if source is None else Text(source.file, source.lines, source.node, _parents(source.node))


def call_at(workflow: WorkflowSpec, site: Site | None) -> tuple[Text, ast.Call] | None:
    """The call that was made at a place, in the text of the function around it: the body or one that it called."""
    if site is None:
        return None
    span = site.span()
    if not span.column:
        return None
    body = source_of(workflow.target)
    lines: Sequence[str]
    tree: ast.AST | None
    if body is not None and body.file == span.file and _covers(body.node, span.line):
        lines, tree = body.lines, body.node
    else:
        lines = linecache.getlines(span.file)
        tree = _module("".join(lines))
    if tree is None:
        return None
    parents = _parents(tree)
    # Where a call ends is its own; where it begins is also where the call that it is made on begins.
    for node in parents:
        if not isinstance(node, ast.Call) or node.end_lineno != span.end_line:
            continue
        if span_of_ast(span.file, node, lines).end_column == span.end_column:
            around: ast.AST = node
            while around in parents and not isinstance(around, _FUNCTIONS):
                around = parents[around]
            return Text(span.file, lines, around, parents), node
    return None


def within(node: ast.AST, *, nested: bool) -> Iterator[ast.AST]:
    """The nodes of a function that are executed with it; those of the functions it defines only if `nested`.

    Decorators, defaults and annotations are left out.
    """
    stack: list[ast.AST] = list(reversed(statements(node)))
    while stack:
        inner = stack.pop()
        yield inner
        if isinstance(inner, _FUNCTIONS):
            if nested:
                stack.extend(reversed(statements(inner)))
        elif isinstance(inner, ast.AnnAssign):
            stack.extend(one for one in (inner.value, inner.target) if one is not None)
        elif nested or not isinstance(inner, ast.ClassDef):
            stack.extend(reversed(list(ast.iter_child_nodes(inner))))


def statements(node: ast.AST) -> Sequence[ast.AST]:
    """What a function does; of a lambda its one expression."""
    body = getattr(node, "body", [])
    return body if isinstance(body, list) else [body]


def argument_at(workflow: WorkflowSpec, node: Node, position: int | str) -> tuple[Text, ast.expr] | None:
    """Where an argument of a recorded call was written; None where that can't be told."""
    found = call_at(workflow, node.site)
    if found is None:
        return None
    text, call = found
    if isinstance(position, str):
        value = next((one.value for one in call.keywords if one.arg == position), None)
        return None if value is None else (text, value)
    # A method's own object was recorded first and isn't among the arguments.
    index = position - (len(node.args) - len(call.args))
    starred = any(isinstance(one, ast.Starred) for one in call.args)
    return None if starred or not 0 <= index < len(call.args) else (text, call.args[index])


def _parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _alone(code: CodeType) -> Text | None:
    """A function from its own lines: parsing its whole file takes 25 milliseconds for a thousand lines."""
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename)
    first = code.co_firstlineno
    text = "".join(lines[first - 1 : _last_line(code)])
    # Below an `if`, indented lines can be parsed as they are, so that the columns stay what they were.
    head = "if True:\n" if text[:1].isspace() else ""
    tree = parsed(head + text)
    body = [] if tree is None else tree.body[0].body if head and isinstance(tree.body[0], ast.If) else tree.body
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef) or body[0].name != code.co_name:
        return None
    node = body[0]
    ast.increment_lineno(node, first - 1 - bool(head))
    return Text(code.co_filename, lines, node, _parents(node))


def _last_line(code: CodeType) -> int:
    last = max((end or line or 0 for line, end, _, _ in code.co_positions()), default=0)
    return max([last, *(_last_line(one) for one in code.co_consts if type(one) is CodeType)])


def _covers(node: ast.AST, line: int) -> bool:
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return bool(first <= line <= last)


@functools.lru_cache(maxsize=4)
def _module(source: str) -> ast.Module | None:
    return parsed(source)
