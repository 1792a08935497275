"""All checks together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from flowkit.checks.annotations import missing_annotations
from flowkit.checks.bodies import blocking_calls, identity_tests, impure_calls, left_branches, steps_in_blocks
from flowkit.checks.dependencies import cycles, shared_names
from flowkit.checks.dropped import dropped_options, dropped_runs
from flowkit.checks.forms import memory_of, unfamiliar
from flowkit.checks.keeping import unkeepable_ends, unkeepable_results
from flowkit.checks.looking import inspect_calls, inspect_parts, inspect_result
from flowkit.checks.must_use import dropped_calls, unused_results
from flowkit.checks.names import Names
from flowkit.checks.regions import empty_branches, escaped_results
from flowkit.checks.repeating import effects_in_loops, endless_rounds
from flowkit.checks.source import read
from flowkit.checks.static import not_static
from flowkit.diagnostics import Diagnostic, Label, Level, span_of_function
from flowkit.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowkit.checks.keeping import WhyNot
    from flowkit.graph import Graph, StepSpec, WorkflowSpec

__all__ = ["CheckedGraph", "check", "find", "inspect_source"]

_BODY: Final = "checks.body"
_LIVE_RULES: Final = (blocking_calls, impure_calls, dropped_options, dropped_runs)
_RULES: Final = (
    identity_tests,
    steps_in_blocks,
    left_branches,
    endless_rounds,
    impure_calls,
    dropped_options,
    dropped_runs,
)


@attrs.frozen
class CheckedGraph:
    """A graph that passed `check`; planning accepts nothing else."""

    graph: Graph
    warnings: tuple[Diagnostic, ...] = ()


def check(graph: Graph, why_not: WhyNot | None = None, *, starts: bool = False) -> CheckedGraph:
    """Let a sound graph pass.

    With `why_not`, which says of an annotation what keeps its values from being kept, results have to be such that they
    can be; where a run `starts` with this graph, so have its arguments, and what it returns.

    Raises CheckFailed with all errors at once, the warnings among them, in the order of the source.
    """
    findings = _findings(graph, strict=graph.workflow.policy.strict, why_not=why_not)
    if starts and why_not is not None:
        findings += unkeepable_ends(graph.workflow, why_not)
    if not findings:
        return CheckedGraph(graph)
    told = [one for one in _settled(graph, findings) if one.level is not Level.HINT]
    if any(one.level is Level.ERROR for one in told):
        raise CheckFailed(told)
    return CheckedGraph(graph, tuple(told))


def find(graph: Graph, *, strict: bool = False, why_not: WhyNot | None = None) -> list[Diagnostic]:
    """Everything there is to say about a graph and the source of its body, hints included; nothing is raised.

    `strict` asks for annotations even where the workflow doesn't; `why_not` is as of `check`, for a run that starts so.
    """
    findings = _findings(graph, strict=strict or graph.workflow.policy.strict, why_not=why_not)
    findings += inspect_source(graph.workflow)
    if why_not is not None:
        findings += unkeepable_ends(graph.workflow, why_not)
    findings += effects_in_loops(graph)
    if graph.stopped is not None:
        findings.append(graph.stopped)
    return _settled(graph, findings)


def inspect_source(spec: WorkflowSpec) -> list[Diagnostic]:
    """What the source of a body shows by itself, on every path through it: without arguments, and without a graph."""
    if spec.gathered_for is not None:
        return []
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


def _findings(graph: Graph, *, strict: bool, why_not: WhyNot | None) -> list[Diagnostic]:
    findings = [*graph.problems, *_of_body(graph.workflow)]
    memory = memory_of(graph.workflow)
    if 0 in graph.used and not graph.goes_on:
        findings += unused_results(graph, memory)
    new = unfamiliar(graph, memory)
    if new:
        findings += inspect_calls(graph, new, memory)
    if memory.named:
        findings += shared_names(_steps(graph))
    if graph.projections:
        findings += inspect_parts(graph, memory)
    if not graph.goes_on:
        findings += inspect_result(graph, memory)
    if why_not is not None:
        findings += unkeepable_results(graph, why_not)
    for written in graph.inner.values():
        findings += _settled(written, _findings(written, strict=written.workflow.policy.strict, why_not=why_not))
    if any(region.test >= 0 for region in graph.regions):
        findings += escaped_results(graph)
        findings += empty_branches(graph)
    if graph.forward:
        findings += cycles(graph)
    if graph.workflow.policy.static:
        findings += not_static(graph)
    if strict:
        specs: list[StepSpec | WorkflowSpec] = list(_steps(graph))
        if graph.workflow.gathered_for is None:
            specs.append(graph.workflow)
        findings += [one for one in map(missing_annotations, specs) if one is not None]
    return findings


def _steps(graph: Graph) -> list[StepSpec]:
    """The steps of a graph as declared, in the order of their first calls."""
    return list(dict.fromkeys(node.spec.declared for node in graph.nodes if node.spec is not None))


def _of_body(workflow: WorkflowSpec) -> tuple[Diagnostic, ...]:
    """What the source of a body shows, read once for each body."""
    remembered = workflow.declared.remembered
    found: tuple[Diagnostic, ...] | None = remembered.get(_BODY)
    if found is None:
        text = read(workflow.target) if workflow.gathered_for is None else None
        if text is None:
            found = ()
        else:
            names = Names(workflow.target, text.node)
            found = tuple(one for rule in (_LIVE_RULES if workflow.is_live else _RULES) for one in rule(text, names))
        remembered[_BODY] = found
    return found


def _settled(graph: Graph, findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings each once, in the order of the source, without those that the workflow allows.

    What was found while recording stays: the graph lacks what that was about, so it can't be run in spite of it.
    """
    allowed = graph.workflow.policy.allow
    kept = [one for one in findings if one.code not in allowed or any(one is problem for problem in graph.problems)]
    code = getattr(graph.workflow.target, "__code__", None)
    return _ordered(kept, code.co_filename if code is not None else "")


def _ordered(findings: Iterable[Diagnostic], file: str) -> list[Diagnostic]:
    """Findings of the workflow's own file first."""
    unique = {(one.code, one.title, one.span): one for one in findings}

    def place(one: Diagnostic) -> tuple[bool, str, int, int, str]:
        span = one.span
        return (
            (True, "", 0, 0, one.code)
            if span is None
            else (span.file != file, span.file, span.line, span.column, one.code)
        )

    return sorted(unique.values(), key=place)
