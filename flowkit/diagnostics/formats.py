"""Findings for machines: plain data for JSON, SARIF 2.1.0, and the annotations of GitHub's runners."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from flowkit.diagnostics.catalogue import CATALOGUE, explain
from flowkit.diagnostics.model import Diagnostic, Label, Level, Span
from flowkit.diagnostics.spans import relative

__all__ = ["to_github", "to_json", "to_sarif"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVELS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.HINT: "note"}
_GITHUB_COMMANDS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.HINT: "notice"}


def to_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Findings as lists, dicts, texts, numbers and None: None for every position that isn't known.

    Lines and columns count from 1, in characters; `end_column` is exclusive. File names are as
    Python knows them, not shortened.
    """
    return [
        {
            "code": found.code,
            "name": _name(found.code),
            "level": str(found.level),
            "title": found.title,
            "labels": [_json_label(label) for label in found.labels],
            "notes": list(found.notes),
            "helps": list(found.helps),
        }
        for found in diagnostics
    ]


def to_sarif(diagnostics: Iterable[Diagnostic], *, version: str) -> dict[str, Any]:
    """One SARIF 2.1.0 log with one run of flowkit `version`, ready for `json.dump`.

    Files under the working directory are given relative to it, as `%SRCROOT%`. The log carries
    the rules that were broken, each with its page as help.
    """
    findings = list(diagnostics)
    codes = sorted({found.code for found in findings if found.code})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "flowkit", "version": version, "rules": list(map(_sarif_rule, codes))}},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(found, codes) for found in findings],
            }
        ],
    }


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One workflow command a line (`::error file=...::...`), which GitHub shows beside the source."""
    return "\n".join(map(_github_command, diagnostics))


def _name(code: str) -> str | None:
    known = CATALOGUE.get(code)
    return known.name if known else None


def _json_label(label: Label) -> dict[str, Any]:
    span = label.span
    return {
        "file": span.file,
        "line": span.line or None,
        "column": span.column or None,
        "end_line": span.end_line or None,
        "end_column": span.end_column or None,
        "source": span.text or None,
        "text": label.text,
        "primary": label.primary,
    }


def _message(found: Diagnostic) -> str:
    """Everything that is said at the place itself: the headline, what the blamed place is, notes and helps."""
    blamed = [label.text for label in found.labels if label.primary and label.text]
    notes = [f"note: {text}" for text in found.notes]
    return "\n".join([found.title, *blamed, *notes, *(f"help: {text}" for text in found.helps)])


def _sarif_rule(code: str) -> dict[str, Any]:
    known = CATALOGUE.get(code)
    if known is None:
        return {"id": code}
    page = explain(code)
    return {
        "id": code,
        "name": known.name,
        "shortDescription": {"text": known.title},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _SARIF_LEVELS[known.level]},
        "properties": {"tags": [known.group]},
    }


def _sarif_result(found: Diagnostic, codes: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        **({"ruleId": found.code, "ruleIndex": codes.index(found.code)} if found.code else {}),
        "level": _SARIF_LEVELS[found.level],
        "message": {"text": _message(found)},
    }
    # Several locations would mean that every one of them has to be changed.
    blamed = next((label for label in found.labels if label.primary), None)
    if blamed is not None:
        result["locations"] = [_sarif_location(blamed)]
    related = [label for label in found.labels if label is not blamed]
    if related:
        result["relatedLocations"] = [
            {"id": number, **_sarif_location(label)} for number, label in enumerate(related, 1)
        ]
    return result


def _sarif_location(label: Label) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _sarif_artifact(label.span.file)}
    if label.span.line:
        physical["region"] = _sarif_region(label.span)
    location: dict[str, Any] = {"physicalLocation": physical}
    if label.text:
        location["message"] = {"text": label.text}
    return location


def _sarif_region(span: Span) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": span.line, "endLine": max(span.line, span.end_line)}
    if span.column:
        region |= {"startColumn": span.column, "endColumn": span.end_column}
    if span.text:
        region["snippet"] = {"text": span.covered if span.column else span.text}
    return region


def _sarif_artifact(file: str) -> dict[str, str]:
    from pathlib import Path
    from urllib.parse import quote

    path = Path(relative(file))
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}


def _github_command(found: Diagnostic) -> str:
    properties: dict[str, str | int] = {}
    span = found.span
    if span is not None:
        properties["file"] = relative(span.file).replace(os.sep, "/")
        properties |= {key: number for key, number in (("line", span.line), ("col", span.column)) if number}
    known = CATALOGUE.get(found.code)
    if found.code:
        properties["title"] = f"{found.code}: {known.title}" if known else found.code
    shown = ",".join(f"{key}={_github_property(str(value))}" for key, value in properties.items())
    return f"::{_GITHUB_COMMANDS[found.level]} {shown}::{_github_data(_message(found))}"


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")
