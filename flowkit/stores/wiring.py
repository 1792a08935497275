"""What a body wrote, as digests: a result is taken from a record only where the call is the one that it was kept for.

A digest is about what a call means, and never about where it stands, in which order it was written or which process runs:
results are named by the keys of their nodes, values by what they hold, and sets and dicts have no order. Values that have
no form in JSON are named by their type alone. What has no end of its own on record (which of two values a `cond` means,
an outcome, a test) is named by what it is made of, and a call in a block that may not run also by what that goes by.

What a digest costs is bounded, and nothing that a value does makes it fail. Of one argument up to 100,000 items and
fields in up to 100 levels are looked at, and 16 million characters of each text; of a container that is too large for
that only its size is taken, of a longer text its length and both ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

from flowkit.graph import Graph, Kind, Node, Ref, Source, SourceKind, Template
from flowkit.graph.refs import _Instance
from flowkit.stores.anatomy import args_of, name_of
from flowkit.stores.codec import to_json

__all__ = ["digest_of_start", "wire", "wire_item"]

_PARTS: Final = 100_000
_DEEPEST: Final = 100
_TEXT: Final = 16_000_000
_INLINE: Final = 1_000
_FOLLOWS: Final = frozenset({Kind.OUTCOME, Kind.PICK, Kind.TEST, Kind.ARMED})
"""What follows from other nodes, whose ends are on record."""
_KINDS: Final = tuple(kind.name.lower() for kind in sorted(Kind))


def digest_of_start(workflow_name: str, bound_arguments_json: str) -> str:
    """Of a workflow and its arguments: equal for starts that mean the same run."""
    return _digest(f"{quoted(workflow_name)} {bound_arguments_json}")


def wire(graph: Graph, nodes: Sequence[Node], step: str | None = None) -> list[str]:
    """For each of some nodes of a body a digest of what is called with what. Never raises.

    What differs from item to item of a map isn't in the digest of its node: that is what `wire_item` is for. With
    `step`, as if they were calls of the step of that name.
    """
    walk = _Walk(graph)
    return [_digest(walk.node(node, step)) for node in nodes]


def wire_item(values: Sequence[Any], graph: Graph | None = None) -> str:
    """A digest of one item of a map: of its values, one of each list that it goes through; or of what a body returns.

    The graph is needed where they hold results.
    """
    walk = _Walk(graph)
    return _digest(",".join(["item", *map(walk.argument, values)]))


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class _Walk:
    """Nodes as text, from which everything that a process adds of its own is left out."""

    __slots__ = ("graph", "known", "left")

    def __init__(self, graph: Graph | None) -> None:
        self.graph = graph
        self.known: dict[int, str] = {}
        self.left = _PARTS

    def node(self, node: Node, step: str | None = None) -> str:
        kind = node.kind
        args: Sequence[Any] = node.args
        if kind is Kind.MAP:
            written = [self.source(source) for source in args]
        elif kind is Kind.CANCEL:
            written = [quoted(self.region(args[0]))]
        else:
            # What follows on the name of a phase is a place in the text.
            written = [self.argument(value) for value in (args[:1] if kind is Kind.BARRIER else args)]
        if node.kwargs:
            written += sorted([f"{quoted(name)}={self.argument(value)}" for name, value in node.kwargs.items()])
        if node.choice:
            written.append("any " + " ".join(sorted(map(self.key, node.choice))))
        name = quoted(step or node.spec.name) if node.spec is not None else ""
        goes_by = self.condition(node.region) if node.region else ""
        return f"{_KINDS[kind]} {name} {','.join(written)}{' tolerant' if node.tolerant else ''}{goes_by}"

    def condition(self, region: int) -> str:
        """What it is decided by whether what is in a region runs."""
        test, wanted = self.test_of(region)
        return f" {'if' if wanted else 'unless'} {self.key(test)}" if test >= 0 else ""

    def test_of(self, region: int) -> tuple[int, bool]:
        """The node by which it is decided whether what is in a region runs, and what has to come of it; -1 for none."""
        regions = self.graph.regions if self.graph is not None else ()
        while region:
            around = regions[region]
            if around.test >= 0:
                return around.test, around.wanted
            region = around.parent or 0
        return -1, True

    def source(self, source: Source) -> str:
        return "each" if source.kind is SourceKind.EACH else f"{source.kind.name} {self.argument(source.value)}"

    def region(self, index: int) -> str:
        return self.graph.regions[index].label if self.graph is not None else ""

    def key(self, index: int) -> str:
        known = self.known.get(index)
        if known is None and self.graph is not None and self.graph.nodes[index].kind in _FOLLOWS:
            self.follow(self.graph, index)
        elif known is None:
            self.known[index] = self.name(index)
        return self.known[index]

    def name(self, index: int) -> str:
        if self.graph is None:
            return "?"
        node = self.graph.nodes[index]
        # What isn't known is named by its parameter, in graphs that are looked at.
        return f"input {quoted(node.args[0])}" if node.kind is Kind.INPUT else quoted(self.graph.keys[index])

    def follow(self, graph: Graph, index: int) -> None:
        """Name a node by what it is made of, and before that what of this has to be named so: there may be many."""
        left, stack = self.left, [index]
        while stack:
            node = graph.nodes[stack[-1]]
            before = (*node.data, self.test_of(node.region)[0])
            behind = [i for i in before if i >= 0 and i not in self.known and graph.nodes[i].kind in _FOLLOWS]
            if behind:
                stack.extend(behind)
            else:
                self.known[node.index] = f"{quoted(graph.keys[node.index])} {_digest(self.node(node))}"
                stack.pop()
        self.left = left

    def argument(self, value: Any) -> str:
        """One argument as text, with room of its own."""
        write = _SCALARS.get(type(value))
        if write is not None:
            return write(value)
        self.left = _PARTS
        try:
            return self.text(value, 0)
        except RecursionError:  # the stack was nearly full before
            return _opaque(type(value))

    def text(self, value: Any, depth: int) -> str:
        kind = type(value)
        write = _SCALARS.get(kind)
        if write is not None:
            return write(value)
        if kind is Ref:
            return self.ref(value, depth)
        if kind is Template:
            return self.text(value.shape, depth)
        if depth == _DEEPEST:
            return "deeper"
        before = self.left
        try:
            return self.parts(value, kind, depth + 1)
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - whatever somebody's class does when it is looked at
            self.left = before
            return _opaque(kind)

    def ref(self, ref: Ref, depth: int) -> str:
        written = self.key(ref._flowkit_node)
        for how, key in ref._flowkit_path:
            written += f".{key}" if how == "attribute" else f"[{self.text(key, depth + 1)}]"
        return f"@{written}"

    def parts(self, value: Any, kind: type, depth: int) -> str:
        if kind is list:
            return self.ordered(value, "[", depth)
        if kind is dict or isinstance(value, Mapping):
            return self.unordered(value.items(), len(value), "{", depth)
        if issubclass(kind, tuple):
            return self.ordered(value, "(", depth)
        if isinstance(value, AbstractSet):
            return self.unordered(((item,) for item in value), len(value), "<", depth)
        if kind is _Instance:
            return self.unordered(value.fields.items(), len(value.fields), f"{name_of(value.kind)[1]} ", depth)
        if kind is slice or kind is range:
            return self.ordered((value.start, value.stop, value.step), f"{kind.__name__} ", depth)
        if isinstance(value, BaseException):
            return self.ordered(args_of(value), f"{name_of(kind)[1]} ", depth)
        if (names := _fields(kind)) is not None:
            fields = [(name, getattr(value, name, None)) for name in names]
            return self.unordered(fields, len(fields), f"{name_of(kind)[1]} ", depth)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return self.ordered(value, "[", depth)
        shown = to_json(value)
        return f"{name_of(kind)[1]} {self.text(shown, depth)}"

    def ordered(self, items: Sequence[Any], mark: str, depth: int) -> str:
        count = len(items)
        if count > self.left:
            return f"{mark}{count} items]"
        self.left -= count
        return f"{mark}{','.join([self.text(item, depth) for item in islice(items, count)])}]"

    def unordered(self, entries: Iterable[tuple[Any, ...]], count: int, mark: str, depth: int) -> str:
        """Each entry has the same share of what room there is, so that it doesn't matter which is looked at first."""
        if count > self.left:
            return f"{mark}{count} items]"
        room = (self.left - count) // (count or 1)
        before, used, written = self.left - count, 0, []
        for entry in islice(entries, count):
            self.left = room
            written.append(":".join([self.text(part, depth) for part in entry]))
            used += room - self.left
        self.left = before - used
        return f"{mark}{','.join(sorted(written))}]"


def _fields(kind: Any) -> Iterator[str] | None:
    """What an attrs class or a dataclass is compared by; None for all others."""
    if hasattr(kind, "__attrs_attrs__"):
        return (one.name for one in kind.__attrs_attrs__ if one.eq)
    if hasattr(kind, "__dataclass_fields__"):
        return (one.name for one in kind.__dataclass_fields__.values() if one.compare)
    return None


def _named(thing: Any) -> str:
    """A class or a function."""
    return ":".join(name_of(thing))


def _opaque(cls: type) -> str:
    """A value that nothing is known of but its type."""
    return f"a {_named(cls)}"


def _text(value: str) -> str:
    return (
        quoted(value) if len(value) <= _INLINE else f"text {_long(value, lambda t: t.encode('utf-8', 'surrogatepass'))}"
    )


def _bytes(value: bytes) -> str:
    return f"bytes {value.hex()}" if len(value) <= _INLINE else f"bytes {_long(value, bytes)}"


def _long(value: Any, encode: Callable[[Any], bytes]) -> str:
    ends = [value] if len(value) <= _TEXT else [value[: _TEXT // 2], value[-_TEXT // 2 :]]
    return " ".join([str(len(value)), *(blake2b(encode(end), digest_size=16).hexdigest() for end in ends)])


def _whole(value: int) -> str:
    """Python doesn't spell numbers of thousands of digits."""
    bits = value.bit_length()
    if bits <= _INLINE:
        return str(value)
    return f"{'-' if value < 0 else '+'}{_bytes(abs(value).to_bytes(bits // 8 + 1, 'little'))}"


_SCALARS: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): str,
    bool: str,
    int: _whole,
    float: float.__repr__,
    complex: complex.__repr__,
    str: _text,
    bytes: _bytes,
    type(...): str,
    type: _named,
    FunctionType: _named,
    BuiltinFunctionType: _named,
}
