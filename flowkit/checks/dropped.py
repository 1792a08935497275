"""What is made and dropped on the spot: options that nobody calls, runs that nobody holds. Read from the source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flowkit.checks.names import MISSING
from flowkit.checks.source import within
from flowkit.diagnostics import Diagnostic, Label, Level
from flowkit.graph import WorkflowSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.checks.names import Names
    from flowkit.checks.source import Text

__all__ = ["dropped_options", "dropped_runs"]


def dropped_options(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find `fetch.with_options(...)` alone on a line (FK102)."""
    for call, method in _bare_methods(text):
        if method.attr != "with_options":
            continue
        spec = names.spec(call)
        if spec is None and names.find(method.value) is not MISSING:
            continue  # somebody else's method of this name
        step = text.quote(method.value)
        yield Diagnostic(
            code="FK102",
            level=Level.ERROR,
            title=f"the options of `{spec.label if spec is not None else step}` are made and never called",
            labels=(Label(text.span(call), "this changes nothing and calls nothing"),),
            helps=(f"call what it returns: `{text.quote(call)}(...)`",),
        )


def dropped_runs(text: Text, names: Names) -> Iterator[Diagnostic]:
    """Find `report.start(...)` alone on a line (FK103)."""
    for call, method in _bare_methods(text):
        spec = names.spec(method.value) if method.attr == "start" else None
        if isinstance(spec, WorkflowSpec):
            yield Diagnostic(
                code="FK103",
                level=Level.ERROR,
                title=f"the run of `{spec.label}` is started and its handle dropped",
                labels=(Label(text.span(call), "nobody sees how this run ends"),),
                helps=(f"keep it, `run = {text.quote(call)}`, or call `{text.quote(method.value)}(...)`, which waits",),
            )


def _bare_methods(text: Text) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    for node in within(text.node, nested=True):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute):
                yield node.value, function
