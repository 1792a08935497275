"""Whether a recorded call fits the signature of its step (FK202), and what each argument is passed to."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Optional

from flowkit.checks.hints import depends_on_value, show
from flowkit.checks.source import call_at
from flowkit.diagnostics import Diagnostic, Label, Level, did_you_mean, span_of_function
from flowkit.graph import FromStep, Kind, Ref, SourceKind, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, StepSpec, WorkflowSpec
    from flowkit.graph.model import Source

__all__ = ["Binding", "Slot", "binding", "misfitting_call", "show_signature", "streaming"]

_KEY: Final = "checks.bindings"
_MOST: Final = 128
"""Forms of calls that are remembered for a step; a fan-in of another width has another one."""
_BY_POSITION: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Slot(NamedTuple):  # not attrs: this is on the way of `import flowkit`, and a tuple is made five times faster
    """A parameter that an argument is passed to."""

    name: str
    hint: Any
    by_value: bool = False
    """Whether more than the type of a value decides if it fits."""


class Binding(NamedTuple):
    """Which arguments of a call go where, for all calls of a step that are written alike."""

    slots: Mapping[int | str, Slot]
    unexpected: Sequence[str] = ()
    doubled: Sequence[str] = ()
    missing: Sequence[str] = ()
    excess: int = 0

    @property
    def fits(self) -> bool:
        """Whether Python would accept the call."""
        return not (self.unexpected or self.doubled or self.missing or self.excess)


def binding(spec: StepSpec, positional: int, keywords: tuple[str, ...]) -> Binding:
    """Bind a call by its form. Nothing is known, and all fits, where there is no signature."""
    known: dict[Any, Binding] = spec.declared.remembered.setdefault(_KEY, {})
    form = (positional, keywords)
    if form not in known:
        if len(known) >= _MOST:
            known.clear()
        known[form] = _bind(spec.declared, positional, keywords)
    return known[form]


def _bind(spec: StepSpec, positional: int, keywords: tuple[str, ...]) -> Binding:
    if spec.signature is None:
        return Binding({})
    parameters = spec.signature.parameters
    ordered = [one for one in parameters.values() if one.kind in _BY_POSITION]
    rest = {one.kind: one for one in parameters.values()}
    more, named = rest.get(inspect.Parameter.VAR_POSITIONAL), rest.get(inspect.Parameter.VAR_KEYWORD)
    slots: dict[int | str, Slot] = {i: _slot(spec, one) for i, one in enumerate(ordered[:positional])}
    if more is not None:
        slots.update({i: _slot(spec, more) for i in range(len(ordered), positional)})
    taken = {one.name for one in ordered[:positional]}
    unexpected, doubled = [], []
    for name in keywords:
        parameter = parameters.get(name)
        if parameter is not None and parameter.kind in _BY_NAME:
            slots[name] = _slot(spec, parameter)
            if name in taken:
                doubled.append(name)
            taken.add(name)
        elif named is not None:
            slots[name] = _slot(spec, named)
        else:
            unexpected.append(name)
    needed = (one for one in parameters.values() if one.kind in (*_BY_POSITION, *_BY_NAME))
    missing = [one.name for one in needed if _is_open(one) and one.name not in taken]
    excess = max(positional - len(ordered), 0) if more is None else 0
    return Binding(slots, unexpected, doubled, missing, excess)


def _is_open(parameter: inspect.Parameter) -> bool:
    """Whether a call has to give it; what is to come from a step is read by `workflow.of` alone."""
    return parameter.default is parameter.empty or type(parameter.default) is FromStep


def _slot(spec: StepSpec, parameter: inspect.Parameter) -> Slot:
    hint = spec.hints.get(parameter.name, Any)
    # `x: int = None` has been said for so long that it is taken as it is meant.
    if parameter.default is None and hint is not Any:
        hint = Optional[hint]  # noqa: UP045 - made of a value; `|` can't take each of them
    return Slot(parameter.name, hint, depends_on_value(hint))


def misfitting_call(workflow: WorkflowSpec, node: Node, spec: StepSpec, bound: Binding) -> Diagnostic:
    """What is wrong with a call that doesn't fit its step's signature."""
    problems = list(_problems(spec, bound))
    labels = [Label(*one) for one in _places(workflow, node, bound)]
    declared = span_of_function(spec.target)
    if declared is not None:
        labels.append(Label(declared, "its parameters are declared here", primary=False))
    notes = [f"also, {one}" for one in problems[1:]]
    if declared is None or ")" not in declared.text:
        notes.append(f"the signature is `{show_signature(spec)}`")
    return Diagnostic(
        code="FK202",
        level=Level.ERROR,
        title=problems[0],
        labels=tuple(labels),
        notes=tuple(notes),
        helps=_helps(spec, bound),
    )


def _helps(spec: StepSpec, bound: Binding) -> tuple[str, ...]:
    declared = {name: one for name, _, one in spec.declares if name in bound.missing and type(one) is FromStep}
    if not declared:
        return ("write the call as the signature says",)
    given = ", ".join(f"{name}={one.spec.label}(...)" for name, one in declared.items())
    return (f"pass it: `{spec.label}({given})`; what `From` declares is read by `workflow.of({spec.label})` alone",)


def _problems(spec: StepSpec, bound: Binding) -> Iterator[str]:
    step = f"`{spec.label}`"
    free = [str(name) for name in spec.signature.parameters] if spec.signature is not None else []
    for name in bound.unexpected:
        near = did_you_mean(name, free)
        yield f"{step} has no parameter `{name}`" + (f"; {near}" if near else "")
    for name in bound.doubled:
        yield f"{step} is given `{name}` twice, by position and by name"
    if bound.excess:
        takes = sum(1 for one in bound.slots if isinstance(one, int))
        yield f"{step} takes {_count(takes)} by position and is given {takes + bound.excess}"
    if bound.missing:
        *others, last = [f"`{name}`" for name in bound.missing]
        which = f"{', '.join(others)} and {last}" if others else last
        yield f"{step} needs {which}, which this call leaves out"


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number or 'no'} arguments"


def _places(workflow: WorkflowSpec, node: Node, bound: Binding) -> Iterator[tuple[Span, str]]:
    found = call_at(workflow, node.site)
    wrong = {*bound.unexpected, *bound.doubled}
    if found is not None and wrong:
        text, call = found
        named = [one for one in call.keywords if one.arg in wrong]
        for one in named:
            yield text.span(one), "no parameter has this name" if one.arg in bound.unexpected else "this is the second"
        if named:
            return
    if found is not None and bound.excess:
        text, call = found
        first = len(call.args) - bound.excess
        if first >= 0 and not any(isinstance(one, ast.Starred) for one in call.args):
            rest = " and what follows" if bound.excess > 1 else ""
            yield text.span(call.args[first]), f"no parameter takes this{rest}"
            return
    if node.site is not None:
        yield node.site.span(), "this call doesn't fit"


class _Shown:
    """A hint that looks as people write it, where `inspect` asks for its repr."""

    def __init__(self, hint: Any) -> None:
        self._text = show(hint)

    def __repr__(self) -> str:
        return self._text


def show_signature(spec: StepSpec) -> str:
    """The signature as it would be written, on one line."""
    if spec.signature is None:
        return f"{spec.label}(...)"
    hints, empty = spec.hints, inspect.Signature.empty
    parameters = [
        one.replace(annotation=_Shown(hints[name]) if name in hints else empty)
        for name, one in spec.signature.parameters.items()
    ]
    returns = _Shown(spec.returns) if spec.returns is not empty else empty
    return f"{spec.label}{inspect.Signature(parameters, return_annotation=returns)}"


def streaming(graph: Graph, node: Node, spec: StepSpec) -> Iterator[Diagnostic]:
    """Find what nothing can be done with of what a generator step yields (FK202): a map goes through it, once."""
    users = [one for one in graph.nodes if node.index in one.data or node.index in one.choice]
    result: Any = graph.result
    returned = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
    going = [one for one in users if one.kind is Kind.MAP and any(_goes_through(source, node) for source in one.args)]
    declared = span_of_function(spec.target)
    yields = Label(declared, "which has `yield` in it", primary=False) if declared is not None else None
    if node.kind is Kind.MAP or len(going) < len(users) or any(ref._flowkit_node == node.index for ref in returned):
        labels = [Label(node.site.span(), "this would give a generator")] if node.site is not None else []
        yield Diagnostic(
            code="FK202",
            level=Level.ERROR,
            title=f"`{spec.label}` is a generator, which only a map goes through",
            labels=tuple([*labels, yields] if yields is not None else labels),
            helps=(f"write `some_step.map({spec.label}(...))`, or return a list",),
        )
    elif len(going) > 1:
        sites = [one.site.span() for one in going if one.site is not None]
        said = ["one map goes through it here", *["and another one here"] * (len(sites) - 1)]
        yield Diagnostic(
            code="FK202",
            level=Level.ERROR,
            title=f"what `{spec.label}` yields can be gone through once, and {len(going)} maps do",
            labels=tuple(
                Label(site, text, primary=not i) for i, (site, text) in enumerate(zip(sites, said, strict=True))
            ),
            helps=(f"call `{spec.label}` once for each of them",),
        )


def _goes_through(source: Source, node: Node) -> bool:
    ref = source.value
    return source.kind is SourceKind.REF and ref._flowkit_node == node.index and not ref._flowkit_path
