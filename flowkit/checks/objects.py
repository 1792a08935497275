"""Objects that can't be meant where they are given: steps that weren't called, and what can be gone through only once."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Final

from flowkit.checks.hints import fits, with_article
from flowkit.checks.names import spec_of
from flowkit.diagnostics import Diagnostic, Label, Level
from flowkit.graph import StepSpec

if TYPE_CHECKING:
    from flowkit.checks.source import Text
    from flowkit.diagnostics import Span
    from flowkit.graph import Node, WorkflowSpec

__all__ = ["exhaustible", "is_one_time", "is_uncalled", "uncalled", "word_of"]

_ENDLESS: Final = (itertools.count, itertools.cycle, itertools.repeat)


def is_uncalled(value: Any, wanted: Any) -> bool:
    """Whether a value is a step or workflow itself, where something else is asked for."""
    kind = type(value)
    if spec_of(value) is None or fits(kind, wanted):
        return False
    return not (isinstance(value, type) and fits(type, wanted))  # a class as a step is still that class


def is_one_time(value: Any) -> bool:
    """Whether a value is used up by going through it, and what it gives is made while that is done."""
    kind = type(value)
    if kind is AsyncGeneratorType:
        return True
    return kind.__module__ in ("builtins", "itertools") and issubclass(kind, Iterator) and kind not in _ENDLESS


def word_of(spec: StepSpec | WorkflowSpec) -> str:
    """Which of the two it is, with its name: "step `load`"."""
    return f"{'step' if isinstance(spec, StepSpec) else 'workflow'} `{spec.label}`"


def uncalled(spec: StepSpec | WorkflowSpec, place: Span | None) -> str:
    """The way out for a step that wasn't called, with the name it has in the source."""
    written = place.covered if place is not None else ""
    name = written if all(part.isidentifier() for part in written.split(".")) else spec.label
    return f"did you forget to call it? write `{name}(...)`"


def exhaustible(
    spec: StepSpec, node: Node, value: Any, place: Span | None, found: tuple[Text, ast.expr] | None
) -> Diagnostic:
    """What is wrong with giving a call something that can be gone through only once (FK202)."""
    kind = type(value).__name__
    said = f"this {kind} can be gone through only once, and a step that is called in it isn't recorded"
    if place is None and node.site is not None:
        place = node.site.span()
    return Diagnostic(
        code="FK202",
        level=Level.ERROR,
        title=f"`{spec.label}` is given {with_article(kind)}, which is empty when it is tried again",
        labels=(Label(place, said),) if place is not None else (),
        helps=(_listed(value, found),),
    )


def _listed(value: Any, found: tuple[Text, ast.expr] | None) -> str:
    """How to write a list instead; the whole call where the list is all that it is given."""
    if type(value) is AsyncGeneratorType:
        return "collect it in a step that returns a list"
    if found is None:
        return "write a list: `[... for ... in ...]`"
    text, argument = found
    whole = text.span(argument).covered
    if "\n" in whole:
        return "write a list: `[... for ... in ...]`"
    # A generator's own place has its parentheses, those of the call where it has none of its own.
    written = f"[{whole[1:-1].strip()}]" if isinstance(argument, ast.GeneratorExp) else f"list({whole})"
    call = text.parents.get(argument)
    if isinstance(call, ast.Call) and call.args == [argument] and not call.keywords:
        written = f"{text.quote(call.func)}({written})"
    return f"write a list: `{written}`"
