"""What a finding is, and how it looks. Knows places in source and text, never graphs.

Reading order: model -> spans -> cells -> render -> suggest -> catalogue -> formats.
"""

from flowkit.diagnostics.catalogue import CATALOGUE, Code, explain
from flowkit.diagnostics.formats import to_github, to_json, to_sarif
from flowkit.diagnostics.model import Diagnostic, Label, Level, Span
from flowkit.diagnostics.render import render, summary
from flowkit.diagnostics.spans import (
    Site,
    Source,
    source_of,
    span_of_ast,
    span_of_function,
    span_of_parameter,
)
from flowkit.diagnostics.suggest import did_you_mean, near

__all__ = [
    "CATALOGUE",
    "Code",
    "Diagnostic",
    "Label",
    "Level",
    "Site",
    "Source",
    "Span",
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
]
