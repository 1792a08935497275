"""Whether the options of a step can hold together (FK501)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_origin

from flowkit.checks.hints import accepts, show, with_article
from flowkit.checks.source import call_at, read
from flowkit.checks.values import result_of
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.graph import Kind, Outcome
from flowkit.policies import UNSET, Fallback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.source import Text
    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["conflicts"]

_LIMITS: Final = ("timeout", "total_timeout", "heartbeat_timeout")
_OF_CALLS: Final = (
    "retries",
    "timeout",
    "total_timeout",
    "heartbeat_timeout",
    "on_failure",
    "interrupt",
    "validate",
    "compensate",
)
_OF_MAPS: Final = ("max_concurrency", "on_item_failure", "item_key", "item_depends_on")


class _Conflict(NamedTuple):
    """An option that can't hold, and the one that is in its way."""

    option: str
    other: str | None
    title: str
    said: str
    help: str


def conflicts(graph: Graph, node: Node, spec: StepSpec) -> Iterator[Diagnostic]:
    """Find options of a call that can't hold, those that the workflow sets for its steps included."""
    for conflict in (
        *_timing(spec, graph),
        *_values(spec),
        *_of_items(spec),
        *_of_call(spec, node),
        *_undoing(spec, node),
        *_of_generators(spec),
    ):
        yield _finding(graph, node, spec, conflict)


def _effective(spec: StepSpec, graph: Graph, option: str) -> Any:
    own = getattr(spec.options, option)
    own = getattr(graph.workflow.policy.defaults, option) if own is UNSET else own
    return None if own is UNSET else own


def _timing(spec: StepSpec, graph: Graph) -> Iterator[_Conflict]:
    step = f"`{spec.label}`"
    limits = [option for option in _LIMITS if _effective(spec, graph, option) is not None]
    interrupts = _effective(spec, graph, "interrupt") is True
    if _effective(spec, graph, "executor") == "inline" and not spec.is_async:
        for option in (*limits, *(["interrupt"] if interrupts else [])):
            yield _Conflict(
                option,
                "executor",
                f"`{option}` of {step} can't hold on the inline executor",
                "this can't be kept",
                "an inline step runs on the caller's own thread, which nothing can stop: leave out one of the two",
            )
    elif interrupts and spec.is_async:
        yield _Conflict(
            "interrupt",
            None,
            f"{step} is async, so `interrupt` has nothing to do",
            "this is for threads",
            "leave it out: coroutines are cancelled",
        )
    elif interrupts and not limits:
        yield _Conflict(
            "interrupt",
            None,
            f"{step} asks for an `interrupt` and has no timeout that would bring it about",
            "nothing ever interrupts it",
            "set `timeout=` as well, or leave it out",
        )
    # Only what is said in one place contradicts itself: a limit from the workflow's defaults just never comes first.
    own = {
        option: getattr(spec.options, option)
        for option in _LIMITS
        if getattr(spec.options, option) not in (UNSET, None)
    }
    if "timeout" in own and own.get("heartbeat_timeout", 0) >= own["timeout"]:
        yield _never_first(step, "heartbeat_timeout", "timeout", "an attempt has ended before it could be missed")
    if "timeout" in own and own.get("total_timeout", own["timeout"]) < own["timeout"]:
        yield _never_first(step, "timeout", "total_timeout", "all attempts together are stopped before it")
    if "timeout" not in own and "total_timeout" in own and own.get("heartbeat_timeout", 0) >= own["total_timeout"]:
        yield _never_first(step, "heartbeat_timeout", "total_timeout", "the step has ended before it could be missed")


def _never_first(step: str, option: str, other: str, reason: str) -> _Conflict:
    return _Conflict(
        option,
        other,
        f"`{option}` of {step} can never come before `{other}`",
        reason,
        f"make `{option}` shorter than `{other}`, or leave it out",
    )


def _values(spec: StepSpec) -> Iterator[_Conflict]:
    step, wanted = f"`{spec.label}`", result_of(spec)
    fallback = spec.options.on_failure
    if isinstance(fallback, Fallback) and fallback.call is None and not accepts(fallback.value, wanted):
        yield _Conflict(
            "on_failure",
            None,
            f"the fallback of {step} is {with_article(type(fallback.value).__name__)} where it returns `{show(wanted)}`",
            "this would stand in for the result",
            f"fall back to {with_article(show(wanted))}, or annotate the step with both",
        )
    if spec.options.must_use is True and wanted is type(None):
        yield _Conflict(
            "must_use",
            None,
            f"{step} returns nothing, so there is nothing to use",
            "this can't be asked of anybody",
            "leave out `must_use`, or annotate what the step returns",
        )


def _of_items(spec: StepSpec) -> Iterator[_Conflict]:
    if spec.options.on_item_failure == "skip_dependents" and not callable(spec.options.item_depends_on):
        yield _Conflict(
            "on_item_failure",
            None,
            f"no item of `{spec.label}` depends on another, so there are none to skip",
            "this has nothing to go by",
            'say which do with `item_depends_on=`, or write on_item_failure="continue"',
        )


def _of_generators(spec: StepSpec) -> Iterator[_Conflict]:
    """Find options about a call of a generator, which has returned before anything of it is run."""
    for option in _OF_CALLS if spec.streams else ():
        given = getattr(spec.options, option)
        if given not in (UNSET, None, False) and given != "fail":
            yield _Conflict(
                option,
                None,
                f"`{option}` of `{spec.label}` can't hold: it is a generator, and runs while a map goes through it",
                "this would be about the call, which only makes the generator",
                "set it at the step that is mapped over the items, or return a list",
            )


def _undoing(spec: StepSpec, node: Node) -> Iterator[_Conflict]:
    """Find a compensation that can't be called with what it will be given."""
    undo = spec.compensation
    signature = undo.signature if undo is not None else None
    if undo is None or signature is None:  # of what is built in, nothing is known
        return
    if undo.streams:
        yield _Conflict(
            "compensate",
            None,
            f"`{undo.label}` can't undo `{spec.label}`: it is a generator",
            "nobody would go through what it yields, so nothing of it would be done",
            f"leave out `yield` in `{undo.label}`",
        )
        return
    where, wrong = "this is given how the step ended, and then what the step was given", ""
    try:
        signature.bind(None, *node.args, **(node.kwargs or {}))
    except TypeError as error:
        wrong = f"`{undo.label}` can't undo `{spec.label}`: {error}"
    else:
        first = next(iter(signature.parameters.values()))
        hint = undo.hints.get(first.name, Any)
        kind = get_origin(hint) or hint
        takes = kind is Any or not isinstance(kind, type) or issubclass(Outcome, kind)
        if first.kind is not first.VAR_POSITIONAL and not takes:
            wrong = f"`{undo.label}` can't undo `{spec.label}`: its `{first.name}` is {with_article(show(hint))}"
    if wrong:
        given = ", ".join(["done: Outcome[...]", *_parameters(spec)])
        yield _Conflict("compensate", None, wrong, where, f"write `def {undo.label}({given}) -> None`")


def _parameters(spec: StepSpec) -> list[str]:
    """The parameters of a step, as they are written in the signature of what undoes it."""
    signature = spec.signature
    parameters = signature.parameters.values() if signature is not None else ()
    return [str(parameter.replace(annotation=parameter.empty)) for parameter in parameters]


def _of_call(spec: StepSpec, node: Node) -> Iterator[_Conflict]:
    if spec.origin is None or node.kind is not Kind.CALL:
        return
    for option in _OF_MAPS:
        given = getattr(spec.options, option)
        if given not in (UNSET, None) and given != getattr(spec.origin.options, option):
            yield _Conflict(
                option,
                None,
                f"`{option}` of `{spec.label}` is set for a call that isn't a map",
                "one call runs once",
                f"write `{spec.label}.with_options(...).map(...)`, or leave it out",
            )


def _finding(graph: Graph, node: Node, spec: StepSpec, conflict: _Conflict) -> Diagnostic:
    place = _option_span(graph, node, spec, conflict.option)
    labels = [Label(place, conflict.said)] if place is not None else []
    if conflict.other is not None:
        other = _option_span(graph, node, spec, conflict.other)
        if other is not None and other != place:
            labels.append(Label(other, "because of this", primary=False))
    return Diagnostic(
        code="FK501", level=Level.ERROR, title=conflict.title, labels=tuple(labels), helps=(conflict.help,)
    )


def _option_span(graph: Graph, node: Node, spec: StepSpec, option: str) -> Span | None:
    """Where an option was written: at the call, on the decorator, or among the workflow's defaults."""
    if spec.origin is not None:
        found = call_at(graph.workflow, node.site)
        if found is not None:
            text, call = found
            span = _keyword(text, call, option)
            if span is not None:
                return span
    declared = spec.declared
    if getattr(declared.options, option) is UNSET and getattr(spec.options, option) is UNSET:
        text_of_workflow = read(graph.workflow.target)
        span = _keyword(text_of_workflow, text_of_workflow.node, option) if text_of_workflow is not None else None
        return span or span_of_function(graph.workflow.target)
    if getattr(spec.options, option) != getattr(declared.options, option) and node.site is not None:
        return node.site.span()
    own = read(declared.target)
    span = _keyword(own, own.node, option) if own is not None else None
    return span or span_of_function(declared.target)


def _keyword(text: Text, tree: ast.AST, option: str) -> Span | None:
    """The keyword of this name in a call, or in the decorators of a function."""
    trees = getattr(tree, "decorator_list", [tree])
    for node in (inner for one in trees for inner in ast.walk(one)):
        if isinstance(node, ast.keyword) and node.arg == option:
            return text.span(node)
    return None
