"""All checks together, and the one fast look that a workflow gets at every call.

Most calls of most workflows repeat calls of steps that were found sound before. So each recorded call is reduced to its
form: the step, and for each argument the step behind it or the type of the value. A workflow remembers the forms that
were found sound, and only what has a new form is looked at closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.checks.annotations import missing_annotations
from flowkit.checks.attributes import absent_part
from flowkit.checks.bodies import identity_tests, impure_calls, steps_in_blocks
from flowkit.checks.calls import binding, misfitting_call, streaming
from flowkit.checks.dependencies import cycles, shared_names
from flowkit.checks.dropped import dropped_options, dropped_runs
from flowkit.checks.edges import argument_misfits, result_misfits
from flowkit.checks.hints import depends_on_value
from flowkit.checks.must_use import dropped_calls, unused_results
from flowkit.checks.names import Names
from flowkit.checks.options import conflicts
from flowkit.checks.source import read
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.errors import CheckFailed
from flowkit.graph import Kind, Ref, Source, StepSpec, Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowkit.graph import Graph, Node, WorkflowSpec

__all__ = ["CheckedGraph", "check", "find", "inspect_source"]

_FORMS: Final = "checks.forms"
_BODY: Final = "checks.body"
_STEP: Final = "checks.step"
_MOST: Final = 8192
"""Forms that are remembered; a body that makes new steps at each call would otherwise fill the memory."""


@attrs.frozen
class CheckedGraph:
    """A graph that passed `check`; planning accepts nothing else."""

    graph: Graph
    warnings: tuple[Diagnostic, ...] = ()


def check(graph: Graph) -> CheckedGraph:
    """Let a sound graph pass.

    Raises CheckFailed with all errors at once, the warnings among them, in the order of the source.
    """
    findings = _findings(graph, strict=False)
    if not findings:
        return CheckedGraph(graph)
    told = _allowed(graph, [one for one in findings if one.level is not Level.HINT])
    if any(one.level is Level.ERROR for one in told):
        raise CheckFailed(told)
    return CheckedGraph(graph, tuple(told))


def find(graph: Graph, *, strict: bool = False) -> list[Diagnostic]:
    """Everything there is to say about a graph and the source of its body, hints included; nothing is raised.

    `strict` asks for annotations even where the workflow doesn't.
    """
    findings = _findings(graph, strict=strict)
    findings += inspect_source(graph.workflow)
    if graph.stopped is not None:
        findings.append(graph.stopped)
    return _allowed(graph, findings)


def inspect_source(spec: WorkflowSpec) -> list[Diagnostic]:
    """What the source of a body shows by itself, on every path through it, without arguments or a graph."""
    text = read(spec.target)
    if text is None:
        span = span_of_function(spec.target)
        return [
            Diagnostic(
                code="",
                level=Level.HINT,
                title=f"the source of `{spec.label}` can't be read, so what only the source shows wasn't checked",
                labels=(Label(span),) if span is not None else (),
            )
        ]
    findings = [*_of_body(spec), *dropped_calls(text, Names(spec.target, text.node))]
    return [one for one in _ordered(findings, text.file) if one.code not in spec.policy.allow]


def _findings(graph: Graph, *, strict: bool) -> list[Diagnostic]:
    findings = list(graph.problems)
    workflow = graph.workflow
    findings += _of_body(workflow)
    if 0 in graph.used:
        findings += unused_results(graph)
    look = _Look(graph)
    findings += look.unfamiliar()
    if graph.projections:
        findings += look.projections()
    if not look.knows_result():
        findings += result_misfits(graph)
    if graph.forward:
        findings += cycles(graph)
    if strict or workflow.policy.strict:
        specs: list[StepSpec | WorkflowSpec] = [*look.steps(), workflow]
        findings += [one for one in map(missing_annotations, specs) if one is not None]
    return findings
