"""Whether what is passed on fits where it goes: arguments (FK201, FK202 for values that are there) and results (FK203)."""

from __future__ import annotations

import ast
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from flowkit.checks.hints import fits, show, with_article
from flowkit.checks.misfits import SCALARS, Misfit, misfits, misfits_of_argument
from flowkit.checks.names import spec_of
from flowkit.checks.objects import exhaustible, uncalled, word_of
from flowkit.checks.source import argument_at, call_at, read, within
from flowkit.checks.values import described, name_of, node_of, type_of
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function, span_of_parameter
from flowkit.graph import Kind, Outcome, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.calls import Slot
    from flowkit.checks.source import Text
    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["argument_misfits", "result_misfits"]

_UNIONS: Final = (typing.Union, types.UnionType)
_SHOWN: Final = 40
"""Characters of a value that a title has room for."""


def argument_misfits(graph: Graph, node: Node, spec: StepSpec, position: int | str, slot: Slot) -> Iterator[Diagnostic]:
    """Find what a call passes to one of its parameters and can't fit there."""
    for misfit in misfits_of_argument(graph, node, position, slot.hint):
        yield _argument(graph, node, spec, position, slot, misfit)


def result_misfits(graph: Graph) -> Iterator[Diagnostic]:
    """Find what a workflow returns although its annotation says something else (FK203)."""
    wanted, result = graph.workflow.returns, graph.result
    if wanted is inspect.Signature.empty or graph.stopped is not None:
        return
    if wanted is type(None) and type(result) is Ref and node_of(graph, result) is not None:
        given = type_of(graph, result)
        if given is not type(None):  # None was promised, so even what nobody knows is too much
            yield _result(graph, Misfit(result, given, wanted))
        return
    for misfit in misfits(graph, result, wanted):
        yield _result(graph, misfit)


def _argument(graph: Graph, node: Node, spec: StepSpec, position: int | str, slot: Slot, misfit: Misfit) -> Diagnostic:
    step, given, wanted = spec.label, show(misfit.given), show(misfit.wanted)
    literal = type(misfit.value) in SCALARS
    place = _argument_place(graph, node, position, misfit)
    declared = span_of_parameter(spec.target, slot.name)
    if graph.workflow.gathered_for is not None and declared is not None:
        place, declared = declared, None  # the parameter's default says where its argument comes from
    if misfit.once:
        found = argument_at(graph.workflow, node, position) if misfit.item is None else None
        return exhaustible(spec, node, misfit.value, place, found)
    itself = spec_of(misfit.value)
    labels = [Label(place, _said(graph, misfit))] if place is not None else []
    if declared is not None:
        labels.append(Label(declared, f"`{slot.name}` is declared here", primary=False))
    if misfit.reason:
        title = f"`{step}` is mapped over `{given}`, which {misfit.reason}"
        way_out = f"call `{step}` with it, or map over a list"
    elif itself is not None:
        title = f"`{step}` is given the {word_of(itself)} itself where it takes `{wanted}`"
        way_out = uncalled(itself, place)
    elif literal:
        title = f"`{step}` is given {_scalar(misfit.value)} where it takes `{wanted}`"
        way_out = f"pass {with_article(wanted)}, or correct the annotation of `{slot.name}`"
    else:
        title = f"`{step}` is given `{given}` where it takes `{wanted}`"
        way_out = _way_out(graph, node, step, slot, misfit)
    return Diagnostic(
        code="FK202" if literal or itself is not None else "FK201",
        level=Level.ERROR,
        title=title,
        labels=tuple(labels),
        notes=_annotated(graph, misfit.value),
        helps=(way_out,),
    )


def _said(graph: Graph, misfit: Misfit) -> str:
    itself = spec_of(misfit.value)
    if itself is not None:
        return f"this is the {word_of(itself).partition(' ')[0]}, not a result of it"
    if misfit.each:
        return f"each item of this is {with_article(show(misfit.given))}"
    value = misfit.value
    if type(value) is Ref:
        return described(graph, value, misfit.given)
    if isinstance(value, type):
        return f"this is {with_article(show(value))}"
    item = f"item {misfit.item}" if misfit.item is not None else "this"
    return f"{item} is `None`" if value is None else f"{item} is {with_article(type(value).__name__)}"


def _scalar(value: Any) -> str:
    text = repr(value)
    return f"`{text}`" if len(text) <= _SHOWN else with_article(type(value).__name__)


def _annotated(graph: Graph, value: Any) -> tuple[str, ...]:
    """What the step behind a Ref says that it returns."""
    node = node_of(graph, value) if type(value) is Ref else None
    while node is not None and node.kind is Kind.OUTCOME:
        node = node_of(graph, node.args[0])
    if node is None or node.spec is None or node.spec.returns is inspect.Signature.empty:
        return ()
    if inspect.isclass(node.spec.target):
        return (f"`{node.spec.label}` is a class, and calling it makes one",)
    return (f"`{node.spec.label}` is annotated `-> {show(node.spec.returns)}`",)


def _way_out(graph: Graph, node: Node, step: str, slot: Slot, misfit: Misfit) -> str:
    value, given, wanted = misfit.value, misfit.given, misfit.wanted
    if get_origin(given) is Outcome and fits(get_args(given)[0], wanted):
        return f"let `{step}` take the `{show(given)}`, or pass the result itself, which ends the run when it fails"
    if get_origin(wanted) is Outcome and type(value) is Ref and fits(given, get_args(wanted)[0]):
        return f"take the end as a value: `outcome({name_of(graph, value)}(...))`"
    if get_origin(given) in _UNIONS and type(None) in get_args(given) and fits(_without_none(given), wanted):
        return f"it may be `None`: let `{slot.name}` take `{show(wanted)} | None`, or return something else than `None`"
    if (
        node.kind is Kind.CALL
        and get_origin(given) is list
        and len(node.args) == 1
        and fits(get_args(given)[0], wanted)
    ):
        return f"to call it for each item, write `{step}.map(...)`"
    return f"put a step between them that turns `{show(given)}` into `{show(wanted)}`, or correct the annotation that is wrong"


def _without_none(hint: Any) -> Any:
    parts = tuple(one for one in get_args(hint) if one is not type(None))
    return typing.Union[parts]  # noqa: UP007 - made of a tuple


def _argument_place(graph: Graph, node: Node, position: int | str, misfit: Misfit) -> Span | None:
    found = argument_at(graph.workflow, node, position)
    if found is None:
        return node.site.span() if node.site is not None else None
    text, argument = found
    return text.span(_item(argument, misfit.item))


def _item(written: ast.expr, index: int | None) -> ast.expr:
    """An item of a container that is written down; the whole where it can't be told which one it is."""
    if isinstance(written, ast.Dict):
        items = written.values if None not in written.keys else []
    else:
        # A set has another order than its source.
        items = written.elts if isinstance(written, (ast.List, ast.Tuple)) else []
    starred = any(isinstance(one, ast.Starred) for one in items)
    return items[index] if index is not None and index < len(items) and not starred else written


def _result(graph: Graph, misfit: Misfit) -> Diagnostic:
    workflow = graph.workflow
    given, wanted = show(misfit.given), show(misfit.wanted)
    text = read(workflow.target)
    nothing = graph.result is None and misfit.value is None
    place = _returned_at(graph, text, misfit, nothing=nothing)
    itself = spec_of(misfit.value)
    if nothing:
        title = f"`{workflow.label}` returns nothing where it is annotated `-> {show(workflow.returns)}`"
        said = "its body ends without a result"
        helps = ("return the result of a step, or annotate it `-> None`",)
    else:
        inside = f" inside `{show(workflow.returns)}`" if misfit.wanted is not workflow.returns else ""
        what = _scalar(misfit.value) if type(misfit.value) in SCALARS else f"`{given}`"
        if type(misfit.value) is Ref and misfit.given is Any:
            what = f"the result of `{name_of(graph, misfit.value)}`"
        if itself is not None:
            what = f"the {word_of(itself)} itself"
        title = f"`{workflow.label}` returns {what} where `{wanted}` is promised{inside}"
        said = _said(graph, misfit) if misfit.given is not Any else "this is returned"
        helps = ("return what was promised, or promise what is returned",)
        if itself is not None:
            known = place is not None and place != span_of_function(workflow.target)
            said = _said(graph, misfit) if known else "its body returns it"
            helps = (uncalled(itself, place if known else None),)
    labels = []
    if place is not None:
        labels.append(Label(place, said))
    promised = getattr(text.node, "returns", None) if text is not None else None
    if text is not None and promised is not None:
        labels.append(Label(text.span(promised), "this is promised here", primary=False))
    return Diagnostic(
        code="FK203",
        level=Level.ERROR,
        title=title,
        labels=tuple(labels),
        notes=_annotated(graph, misfit.value),
        helps=helps,
    )


def _returned_at(graph: Graph, text: Text | None, misfit: Misfit, *, nothing: bool) -> Span | None:
    """The `return` that gave the result, or else the call behind it."""
    if text is not None and not nothing:
        returns = [node for node in within(text.node, nested=False) if isinstance(node, ast.Return)]
        values = [node.value for node in returns if node.value is not None]
        if type(misfit.value) in SCALARS:
            values = [one for one in values if isinstance(one, ast.Constant) and one.value == misfit.value] or values
        elif spec_of(misfit.value) is not None:
            named = misfit.value.__name__
            values = [one for one in values if getattr(one, "id", getattr(one, "attr", None)) == named] or values
        if len(values) == 1:
            return text.span(_item(values[0], misfit.item))
        if type(misfit.value) is Ref:
            node = node_of(graph, misfit.value)
            found = call_at(graph.workflow, node.site) if node is not None else None
            if found is not None:
                return found[0].span(found[1])
    return span_of_function(graph.workflow.target)
