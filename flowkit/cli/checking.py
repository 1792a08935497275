"""`flowkit check`: every workflow of the targets, and one list of findings."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console

from flowkit.checks import builds_differ, find
from flowkit.cli.failures import told
from flowkit.cli.looking import recorded
from flowkit.cli.targets import find_workflows
from flowkit.cli.terminal import Refused, errors, note, problem, show
from flowkit.diagnostics import Level, to_github, to_json, to_sarif
from flowkit.stores.keepable import why_not

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.cli.targets import Named
    from flowkit.diagnostics import Diagnostic

__all__ = ["check_targets"]


def check_targets(
    targets: Sequence[str],
    *,
    format: Literal["text", "json", "sarif", "github"],
    strict: bool,
    durable: bool,
    version: str,
) -> int:
    """Check them all, print the findings, and return the exit code: 1 for errors, 2 for a target that isn't there.

    One that can't be checked keeps none of the others from it.
    """
    found: list[Diagnostic] = []
    workflows: dict[int, Named] = {}
    code = 0
    for target in targets:
        try:
            with contextlib.redirect_stdout(sys.stderr):
                named = find_workflows(target)
        except Refused as refused:
            problem(refused.message, *refused.helps)
            if refused.error is not None:
                errors().print(told(refused.error))
            code = 2
            continue
        if not named:
            note(f"`{target}` has no workflows")
        workflows |= {id(one.spec): one for one in named.values()}
    for workflow in workflows.values():
        findings = _check(workflow, strict=strict, durable=durable)
        if findings is None:
            code = max(code, 1)
        else:
            found += findings
    unique = list(dict.fromkeys(found))
    told_of = [one for one in unique if one.code]
    if told_of or workflows or format != "text":
        _print(told_of, len(workflows), format, version)
    for one in unique:
        if not one.code:
            _note(one)
    return max(code, int(any(one.level is Level.ERROR for one in told_of)))


def _check(workflow: Named, *, strict: bool, durable: bool) -> list[Diagnostic] | None:
    """What is to be said of a workflow, as recorded and by its source; None if its body raised, which has been told."""
    graph = recorded(workflow, (), {})
    again = recorded(workflow, (), {}) if graph is not None else None
    if graph is None or again is None:
        return None
    allowed = workflow.spec.policy.allow
    findings = find(graph, strict=strict, why_not=why_not if durable else None)
    return [*findings, *(one for one in builds_differ(graph, again) if one.code not in allowed)]


def _print(found: Sequence[Diagnostic], workflows: int, format: str, version: str) -> None:
    if format == "text":
        show(found, Console(highlight=False, soft_wrap=True))
        if not found:
            sys.stdout.write(f"{workflows:,} {'workflow' if workflows == 1 else 'workflows'} checked, nothing found\n")
        return
    if format == "github":
        text = to_github(found)
    else:
        data: Any = to_json(found) if format == "json" else to_sarif(found, version=version)
        text = json.dumps(data, indent=2)
    sys.stdout.write(f"{text}\n" if text else "")


def _note(one: Diagnostic) -> None:
    """What isn't a finding: how far a look went."""
    from flowkit.diagnostics.spans import relative

    span = one.span
    where = f"{relative(span.file)}:{span.line}: " if span is not None and span.line else ""
    texts = [one.title, *(label.text for label in one.labels if label.text), *one.helps]
    note(where + "; ".join(texts))
