"""Which steps and workflows say nothing of their types (FK204), asked only where it is wanted."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function

if TYPE_CHECKING:
    from flowkit.graph import StepSpec, WorkflowSpec

__all__ = ["missing_annotations"]


def missing_annotations(spec: StepSpec | WorkflowSpec) -> Diagnostic | None:
    """What a signature leaves open, if anything."""
    signature = spec.signature
    if signature is None:
        return None
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].name in ("self", "cls") and "." in spec.target.__qualname__:
        parameters = parameters[1:]
    bare = [f"`{one.name}`" for one in parameters if one.annotation is one.empty]
    if signature.return_annotation is signature.empty and not inspect.isclass(spec.target):
        bare.append("its result")
    if not bare:
        return None
    *others, last = bare
    what = f"{', '.join(others)} and {last}" if others else last
    span = span_of_function(spec.target)
    return Diagnostic(
        code="FK204",
        level=Level.WARNING,
        title=f"`{spec.label}` has no annotation for {what}",
        labels=(Label(span, "so what is passed here can't be checked"),) if span is not None else (),
        helps=("annotate it; `Any` where anything may come",),
    )
