"""What differs between what a workflow wrote then and what it writes now, in words."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import attrs

from flowkit.graph.insides import Insides
from flowkit.graph.model import Kind
from flowkit.graph.placing import is_effect
from flowkit.graph.spelling import place_of, spelled, spelled_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowkit.graph.model import Graph, Node, StepSpec, WorkflowSpec

__all__ = ["Difference", "compare", "listed", "written"]

_NAMED = 4


@attrs.frozen
class Difference:
    """One thing that has changed, told once."""

    kind: str
    """`added`, `removed`, `renamed`, `changed`, `type`, `effect`, `order`, `items`, `result`, `policy`, `undoing` or
    `parameters`."""
    key: str
    """The node it is about; empty where that is the workflow."""
    text: str
    """What is the matter, as half a sentence: without a full stop."""
    then: str = ""
    """The call as it was written, and where."""
    now: str = ""
    """The call as it is written, and where."""
    fits: bool | None = None
    """Whether what a run has done is good in spite of it; None where that depends on how far it has come."""
    again: tuple[str, ...] = ()
    """What a run has done that has to be done again."""
    helps: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [self.text]
        lines += [f"  it was  {self.then}"] if self.then else []
        lines += [f"  it is   {self.now}"] if self.now else []
        return "\n".join([*lines, *(f"  help: {one}" for one in self.helps)])


class Known(Protocol):
    """What the floors above know of calls and of types."""

    def wire(self, graph: Graph, nodes: Sequence[Node], step: str | None = None) -> list[str]:
        """Per node, a digest of what it is called with; as if it were a call of the step of that name."""
        ...

    def fingerprint(self, annotation: Any) -> str:
        """A digest of how values of an annotation are written."""
        ...


def listed(names: Iterable[str]) -> str:
    """Some names for a sentence, in backticks; of many the first."""
    known: Sequence[str] = [f"`{name}`" for name in names]
    more = len(known) - _NAMED
    if more > 0:
        return f"{', '.join(known[:_NAMED])} and {more:,} more"
    return f"{', '.join(known[:-1])} and {known[-1]}" if len(known) > 1 else "".join(known)


def written(graph: Graph, node: Node) -> str:
    """A call as it stands in the text, and where."""
    place = place_of(node)
    return f"{spelled(graph, node)}  ({place})" if place else spelled(graph, node)


def compare(old: Graph, new: Graph, known: Known) -> list[Difference]:
    """What differs between two graphs of a workflow, in the order of the text; what has only moved doesn't.

    They needn't be of one module: a step of the module of the one is that step of the module of the other.
    """
    found = list(_signatures(old.workflow, new.workflow))
    pairs = _Pairs(old.workflow.name.partition(":")[0], new.workflow.name.partition(":")[0], known)
    found += pairs.compare(old, new, "", ((old.workflow,), (new.workflow,)))
    return found


class _Body(NamedTuple):
    """A graph, by the names of its calls."""

    graph: Graph
    calls: dict[str, Node]
    digests: dict[str, str]

    def takers(self, node: Node) -> list[str]:
        """Who takes the result of a node."""
        return [key for key, one in self.calls.items() if node.index in (*one.data, *one.choice)]

    def effects(self) -> list[str]:
        """The calls that keep their place, in the order of the text."""
        return [key for key, node in self.calls.items() if is_effect(node)]


class _Pairs:
    """Two versions, call by call."""

    def __init__(self, old_module: str, new_module: str, known: Known) -> None:
        self._modules = old_module, new_module
        self._known = known
        self._insides = Insides(), Insides()

    def compare(
        self, old: Graph, new: Graph, prefix: str, above: tuple[tuple[WorkflowSpec, ...], tuple[WorkflowSpec, ...]]
    ) -> Iterator[Difference]:
        """Compare two bodies, and those of the workflows that are called in both."""
        then, now = self._body(old), self._body(new)
        renamed = self._renamed(then, now)
        for key, node in now.calls.items():
            before = then.calls.get(key)
            if before is None:
                yield self._added(then, now, prefix, key, node, renamed.get(key))
                continue
            yield from self._changed(then, now, prefix, key)
            inside = self._inside(0, old, before, above[0]), self._inside(1, new, node, above[1])
            if inside[0] is not None and inside[1] is not None:
                around = (*above[0], inside[0].workflow), (*above[1], inside[1].workflow)
                yield from self.compare(inside[0], inside[1], f"{prefix}{key}/", around)
        gone = [key for key in then.calls if key not in now.calls and key not in renamed.values()]
        yield from (self._gone(then, prefix, key) for key in gone)
        yield from _moved(then, now, prefix)
        yield from _returned(old, new, prefix)

    def _body(self, graph: Graph) -> _Body:
        nodes = [node for node in graph.nodes if node.spec is not None or node.kind is Kind.JOIN]
        keys = [graph.keys[node.index] for node in nodes]
        digests = self._known.wire(graph, nodes, "a step")
        return _Body(graph, dict(zip(keys, nodes, strict=True)), dict(zip(keys, digests, strict=True)))

    def _inside(self, version: int, graph: Graph, node: Node, above: tuple[WorkflowSpec, ...]) -> Graph | None:
        if node.spec is None or node.spec.flow is None:
            return None
        found = self._insides[version].of(graph, node, above, (node,))
        return found.graph if found is not None else None

    def _name(self, version: int, spec: StepSpec) -> str:
        """A step's identity, of whichever of the two modules it is."""
        module, colon, name = spec.name.partition(":")
        return f"{self._modules[1] if module == self._modules[version] else module}{colon}{name}"

    def _renamed(self, then: _Body, now: _Body) -> dict[str, str]:
        """The new calls that are old ones under another name, with that."""
        gone = {digest: key for key, digest in then.digests.items() if key not in now.calls and then.calls[key].spec}
        new = [key for key in now.calls if key not in then.calls]
        return {key: gone.pop(now.digests[key]) for key in new if now.digests[key] in gone and now.calls[key].spec}

    def _added(self, then: _Body, now: _Body, prefix: str, key: str, node: Node, old: str | None) -> Difference:
        place = written(now.graph, node)
        if old is not None:
            before = then.calls[old]
            assert before.spec is not None
            helps = (f'`@step(name="{self._name(0, before.spec)}")` keeps what runs have on record of it',)
            text = f"`{prefix}{old}` is called `{key}` now"
            return Difference("renamed", f"{prefix}{old}", text, written(then.graph, before), place, helps=helps)
        after = [one for one in now.takers(node) if one in then.calls]
        text = f"`{prefix}{key}` is new"
        if after:
            text += f"; {listed(after)} take{'s' if len(after) == 1 else ''} its result"
        elif is_effect(node):
            effects = now.effects()
            later = [one for one in effects[effects.index(key) + 1 :] if one in then.calls][:1]
            text += f"; {listed(later)} comes after it" if later else "; no effect comes after it"
        return Difference("added", f"{prefix}{key}", text, now=place)

    def _gone(self, then: _Body, prefix: str, key: str) -> Difference:
        takers = then.takers(then.calls[key])
        took = f"{listed(takers)} took its result" if takers else "nothing took its result"
        text = f"`{prefix}{key}` isn't called any more; {took}"
        return Difference("removed", f"{prefix}{key}", text, written(then.graph, then.calls[key]))

    def _changed(self, then: _Body, now: _Body, prefix: str, key: str) -> Iterator[Difference]:
        one, other, whole = then.calls[key], now.calls[key], f"{prefix}{key}"
        places = written(then.graph, one), written(now.graph, other)
        if one.spec is not None and other.spec is not None:
            names = self._name(0, one.spec), self._name(1, other.spec)
            if names[0] != names[1]:
                yield Difference("changed", whole, f"`{whole}` was `{names[0]}` and is `{names[1]}`", *places)
                return
        if then.digests[key] != now.digests[key]:
            yield Difference("changed", whole, f"`{whole}` is called with something else", *places)
        if one.spec is not None and other.spec is not None and one.spec.flow is None and other.spec.flow is None:
            yield from self._redeclared(whole, one.spec, other.spec)

    def _redeclared(self, key: str, old: StepSpec, new: StepSpec) -> Iterator[Difference]:
        """What differs in how a step is declared."""
        if self._known.fingerprint(old.returns) != self._known.fingerprint(new.returns):
            yield Difference(
                "type", key, f"what `{key}` gives is another type: it was {_type(old)}, and is {_type(new)}"
            )
        if old.is_effect is not new.is_effect:
            what = "is an effect now, and keeps its place in the text" if new.is_effect else "is no effect any more"
            yield Difference("effect", key, f"`{key}` {what}")
        options = [
            name
            for name in attrs.fields_dict(type(old.policy))
            if name != "plain" and not _alike(getattr(old.policy, name), getattr(new.policy, name))
        ]
        if options:
            text = f"`{key}` has other options: {listed(options)}; they are for what hasn't ended"
            yield Difference("policy", key, text, fits=True)


def _alike(one: Any, other: Any) -> bool:
    """Whether two options are the same: functions are, if they have the same name."""
    if attrs.has(type(one)) and type(one).__name__ == type(other).__name__:
        names = attrs.fields_dict(type(one))
        return all(_alike(getattr(one, name), getattr(other, name, None)) for name in names)
    if callable(one) and callable(other):
        return str(getattr(one, "__qualname__", one)) == str(getattr(other, "__qualname__", other))
    return bool(one == other)


def _type(spec: StepSpec) -> str:
    return "without annotation" if spec.returns is inspect.Signature.empty else f"`{_annotation(spec)}`"


def _annotation(spec: StepSpec) -> str:
    """An annotation as it is written, if that is known."""
    found = (getattr(spec.target, "__annotations__", None) or {}).get("return", spec.returns)
    return found if isinstance(found, str) else str(getattr(found, "__qualname__", found)).replace("typing.", "")


def _moved(then: _Body, now: _Body, prefix: str) -> Iterator[Difference]:
    """Effects that have changed places."""
    before = [key for key in then.effects() if key in now.calls and is_effect(now.calls[key])]
    after = [key for key in now.effects() if key in then.calls and is_effect(then.calls[key])]
    if before != after:
        first = next(place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other)
        text = f"`{prefix}{after[first]}` comes before `{prefix}{before[first]}` now"
        places = written(then.graph, then.calls[after[first]]), written(now.graph, now.calls[after[first]])
        yield Difference("order", f"{prefix}{after[first]}", text, *places)


def _returned(old: Graph, new: Graph, prefix: str) -> Iterator[Difference]:
    if old.stopped is not None or new.stopped is not None or old.workflow.is_live or new.workflow.is_live:
        return
    one, other = spelled_value(old, old.result), spelled_value(new, new.result)
    if one != other:
        whose = f"`{prefix.rstrip('/')}`" if prefix else "it"
        yield Difference("result", prefix.rstrip("/"), f"{whose} returns {other}, and returned {one}")


def _signatures(old: WorkflowSpec, new: WorkflowSpec) -> Iterator[Difference]:
    """Parameters that are new, or gone: arguments on record are by name."""
    one, other = (spec.signature.parameters if spec.signature is not None else {} for spec in (old, new))
    for name, parameter in other.items():
        if name not in one:
            needed = parameter.default is parameter.empty
            rest = (
                "no run that was started without can go on"
                if needed
                else "runs that were started without have its default"
            )
            yield Difference("parameters", "", f"`{name}` is a new parameter; {rest}", fits=not needed)
    for name in one:
        if name not in other:
            text = f"`{name}` is no parameter any more; no run that was started with it can go on"
            yield Difference("parameters", "", text, fits=False)
