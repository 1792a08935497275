"""A call in one line, as it might be written, and where it is: short, and the same wherever it means the same.

For what has to be told of a call when the code that made it is gone. What it costs is bounded, and no code of anybody's
own is run for it: of values that aren't numbers, text or plain containers the name of their class has to do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flowkit.diagnostics import Site
from flowkit.diagnostics.spans import relative
from flowkit.graph.model import Join, Kind, Source, SourceKind
from flowkit.graph.refs import Ref, Template, _Instance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

    from flowkit.graph.model import Graph, Node

__all__ = ["place_of", "spelled", "spelled_value"]

_LONGEST: Final = 100
_TEXT: Final = 24
"""So much is shown of a text."""
_ITEMS: Final = 4
"""Of containers with more items their number has to do."""
_DEEPEST: Final = 3
_PLAIN: Final = frozenset({bool, float, type(None), type(...)})
_BRACKETS: Final[dict[type, tuple[str, str]]] = {list: ("[", "]"), set: ("{", "}"), frozenset: ("{", "}")}


def spelled(graph: Graph, node: Node) -> str:
    """A call: `total(rows, 3)`, `score.map(rows)`, `first(a, b)`."""
    if node.spec is not None:
        name = node.spec.label
    else:
        name = node.args[0].word if node.kind is Kind.JOIN else node.kind.name.lower()
    if node.kind is Kind.MAP:
        name += ".map_outcomes" if node.tolerant else ".map"
    given = [_argument(graph, value, 0) for value in node.args if type(value) is not Join]
    given += [f"{key}={_argument(graph, value, 0)}" for key, value in (node.kwargs or {}).items()]
    text = f"{name}({', '.join(given)})"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]}...)"


def spelled_value(graph: Graph, value: Any) -> str:
    """A value that may hold results, as it might be written."""
    text = _argument(graph, value, 0)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def place_of(node: Node) -> str:
    """The file and line where a node was written; empty where that isn't known."""
    return _place(node.code, node.lasti) if node.code is not None else ""


@lru_cache(maxsize=4096)
def _place(code: CodeType, lasti: int) -> str:
    line, _, _, _ = Site(code, lasti)._position()
    return f"{relative(code.co_filename)}:{line}"


def _argument(graph: Graph, value: Any, depth: int) -> str:
    kind = type(value)
    if kind is Ref:
        tail = "".join(f".{key}" if how == "attribute" else f"[{key!r}]" for how, key in value._flowkit_path)
        return f"{_result(graph, value._flowkit_node)}{tail}"
    if kind is Source:
        inner = _argument(graph, value.value, depth)
        return f"unmapped({inner})" if value.kind is SourceKind.SAME else inner
    if kind is Template:
        return _argument(graph, value.shape, depth)
    if kind is str:
        return repr(value) if len(value) <= _TEXT else f"{value[:_TEXT]!r}..."
    if kind is bytes:
        return repr(value) if len(value) <= _TEXT else f"{value[:_TEXT]!r}..."
    if kind is int:
        return str(value) if value.bit_length() < _LONGEST else "a large number"
    if kind in _PLAIN:
        return repr(value)
    if isinstance(value, type) or callable(value):
        return _name(value)
    return _container(graph, value, kind, depth)


def _container(graph: Graph, value: Any, kind: type, depth: int) -> str:
    if kind is _Instance:
        return f"{value.kind.__name__}({_fields(graph, value.fields.items(), '=', depth)})"
    if kind is dict and len(value) <= _ITEMS and depth < _DEEPEST:
        return f"{{{_fields(graph, value.items(), ': ', depth)}}}"
    if kind is tuple and len(value) <= _ITEMS and depth < _DEEPEST:
        inner = ", ".join([_argument(graph, item, depth + 1) for item in value])
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if kind in _BRACKETS and len(value) <= _ITEMS and depth < _DEEPEST:
        opening, closing = _BRACKETS[kind]
        parts = [_argument(graph, item, depth + 1) for item in value]
        return f"{opening}{', '.join(parts if kind is list else sorted(parts))}{closing}"
    if kind in _BRACKETS or kind is dict or kind is tuple:
        return f"<{kind.__name__} of {len(value):,}>"
    return f"<{kind.__name__}>"


def _fields(graph: Graph, fields: Iterable[tuple[Any, Any]], between: str, depth: int) -> str:
    return ", ".join(
        [
            f"{key if between == '=' else _argument(graph, key, depth + 1)}{between}{_argument(graph, item, depth + 1)}"
            for key, item in fields
        ]
    )


def _result(graph: Graph, index: int) -> str:
    """A result by its key; what isn't known by one is spelled out as far as one goes."""
    node = graph.nodes[index]
    if node.kind is Kind.INPUT:
        return str(node.args[0])
    if node.kind is Kind.OUTCOME:
        return f"outcome({graph.keys[node.data[0]]})"
    return graph.keys[index]


def _name(value: Any) -> str:
    name = value.__name__ if isinstance(value, type) else getattr(type(value), "__name__", "")
    if not isinstance(value, type) and name in ("function", "builtin_function_or_method"):
        name = value.__name__
    return name if name and name != "<lambda>" else "<lambda>"
