"""What a finding is, and how it looks. Knows places in source and text, never graphs.

Reading order: model -> narrowing -> spans -> frames -> cells -> rendering -> suggest -> catalogue -> formats.
"""

from typing import TYPE_CHECKING, Any

from flowkit.diagnostics.frames import Unpacking, blamed, unpacking
from flowkit.diagnostics.model import Diagnostic, Label, Level, Span
from flowkit.diagnostics.spans import (
    Site,
    Source,
    source_of,
    span_of_ast,
    span_of_function,
    span_of_parameter,
)
from flowkit.diagnostics.suggest import did_you_mean, near

if TYPE_CHECKING:
    from flowkit.diagnostics.catalogue import CATALOGUE, Code, explain
    from flowkit.diagnostics.formats import to_github, to_json, to_sarif
    from flowkit.diagnostics.rendering import render, summary

__all__ = [
    "CATALOGUE",
    "Code",
    "Diagnostic",
    "Label",
    "Level",
    "Site",
    "Source",
    "Span",
    "Unpacking",
    "blamed",
    "did_you_mean",
    "explain",
    "near",
    "render",
    "source_of",
    "span_of_ast",
    "span_of_function",
    "span_of_parameter",
    "summary",
    "to_github",
    "to_json",
    "to_sarif",
    "unpacking",
]

# How findings look is needed once there are some; importing flowkit shouldn't pay for it.
_LATE = {
    "CATALOGUE": "catalogue",
    "Code": "catalogue",
    "explain": "catalogue",
    "render": "rendering",
    "summary": "rendering",
    "to_github": "formats",
    "to_json": "formats",
    "to_sarif": "formats",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
