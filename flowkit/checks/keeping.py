"""Whether what a run gives and takes can be kept, as far as annotations tell (FK205), asked only where it is kept.

What can be kept the stores know, which are above this floor: so whoever asks passes in the function that says it.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flowkit.checks.hints import show
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function, span_of_parameter
from flowkit.graph import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.diagnostics import Span
    from flowkit.graph import Graph, StepSpec, WorkflowSpec

__all__ = ["WhyNot", "unkeepable_ends", "unkeepable_results"]

WhyNot: TypeAlias = Callable[[Any], "str | None"]
"""What keeps values of an annotation from being kept, and what to do about it; None if nothing does."""

_KEPT: Final = "checks.kept"
_INSTEAD: Final = (
    "or pass on what it can be made from again: a path, an id, an address; what steps share, such as a connection, "
    "is a `Resource`"
)


def unkeepable_results(graph: Graph, why_not: WhyNot) -> Iterator[Diagnostic]:
    """Find steps whose results can't be kept, each at its first call.

    What a generator yields isn't kept, and neither is what a workflow gives that is called in a body: that follows from
    its steps.
    """
    seen: set[StepSpec] = set()
    for node in graph.nodes[graph.first :] if graph.first else graph.nodes:
        spec = node.spec
        if spec is None or spec.declared in seen:
            continue
        seen.add(spec.declared)
        known = spec.declared.remembered
        if spec.flow is not None or _KEPT in known or spec.streams:
            continue
        reason = why_not(spec.returns)
        if reason is None:
            known[_KEPT] = True
            continue
        shown = show(spec.returns)
        site = node.site
        each = node.kind is Kind.MAP
        yield _told(
            f"what `{spec.label}` returns can't be kept",
            site.span() if site is not None else span_of_function(spec.target),
            f"each item of this map is `{shown}`" if each else f"this call returns `{shown}`",
            reason,
        )


def unkeepable_ends(workflow: WorkflowSpec, why_not: WhyNot) -> Iterator[Diagnostic]:
    """Find what can't be kept of the arguments of a workflow that is started, and of what it returns."""
    target, signature = workflow.target, workflow.signature
    for name in signature.parameters if signature is not None else ():
        hint = workflow.hints.get(name, Parameter.empty)
        reason = why_not(hint)
        if reason is not None:
            what = f"the argument `{name}` of `{workflow.label}` can't be kept"
            yield _told(what, span_of_parameter(target, name), f"this is `{show(hint)}`", reason)
    reason = why_not(workflow.returns)
    if reason is not None:
        label = f"it returns `{show(workflow.returns)}`"
        yield _told(f"what `{workflow.label}` returns can't be kept", span_of_function(target), label, reason)


def _told(title: str, span: Span | None, label: str, reason: str) -> Diagnostic:
    why, _, instead = reason.partition("; ")
    return Diagnostic(
        code="FK205",
        level=Level.ERROR,
        title=title,
        labels=(Label(span, label),) if span is not None else (),
        notes=(why,),
        helps=(instead, _INSTEAD) if instead else (_INSTEAD.removeprefix("or "),),
    )
