"""Whether runs that are under way could go on with a workflow as it is written here; nothing is taken, run or written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs

from flowkit.engine.forking import begins_as_fork, forked
from flowkit.engine.onrecord import OnRecord
from flowkit.engine.ready import made_ready
from flowkit.engine.rehearsing import rehearsed
from flowkit.errors import NonDeterminismError, WorkflowChanged
from flowkit.graph.diffing import Difference, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.kept import KeptNode, KeptRun
    from flowkit.engine.ports import Services
    from flowkit.graph import Graph, WorkflowSpec
    from flowkit.plan import Plan

    Planned = Callable[[Graph], tuple[Plan, Sequence[Diagnostic]]]

__all__ = ["Judgement", "can_go_on", "judged", "judged_all"]

_PAGE = 200
_UNFINISHED = ("running", "waiting", "lost")


@attrs.frozen
class Judgement:
    """What becomes of a run if it is resumed with the code that is here."""

    run: KeptRun
    verdict: str
    """`safe`, `fork`, or `blocked`."""
    at: tuple[str, ...] = ()
    """Of a fork, what it does again."""
    because: str = ""
    """Why it is blocked."""
    differences: tuple[Difference, ...] = ()
    """What differs between what it has done and what would be done now."""


def judged_all(services: Services, planned: Planned, workflow: WorkflowSpec) -> Iterator[Judgement]:
    """Judge all unfinished runs of a workflow, the newest first."""
    store, after = services.store, None
    assert store is not None
    while True:
        page = store.runs(status=_UNFINISHED, workflow=workflow.name, limit=_PAGE, after=after)
        for run in page.runs:
            yield judged(services, planned, workflow, run, store.nodes(run.run_id))
        after = page.after
        if after is None:
            return


def judged(
    services: Services, planned: Planned, workflow: WorkflowSpec, run: KeptRun, nodes: Sequence[KeptNode]
) -> Judgement:
    """Judge a run."""
    assert services.data is not None
    looked = _looked(services, planned, workflow, run, nodes, forks=_begins_as_fork(services, run))
    if looked.problem is None:
        return Judgement(run, "safe", differences=looked.differences)
    differences, at = looked.differences, dict.fromkeys(looked.again)
    lasting = [one.text for one in differences if one.fits is False and not one.again]
    if lasting or not at:
        because = "; ".join(lasting) or f"{type(looked.problem).__name__}: {looked.problem}"
        return Judgement(run, "blocked", because=because, differences=differences)
    while True:  # what a body asks for that is recorded later shows only when the others are done again
        left = forked(services.data, nodes, at, {})
        again = _looked(services, planned, workflow, run, left, forks=True)
        more = [key for key in again.again if key not in at]
        if not more:
            break
        at.update(dict.fromkeys(more))
    named = f"a fork at {listed(at)}"
    if again.problem is not None:
        return Judgement(run, "blocked", because=f"{named} doesn't fit: {again.problem}", differences=differences)
    stays = {node.key for node in left} - again.gone
    record = OnRecord(nodes)
    effects = [key for key, row in record.rows.items() if row.is_done and record.is_effect(key) and key not in stays]
    if effects:
        because = f"{named} does {listed(effects)} again"
        return Judgement(run, "blocked", tuple(at), because, differences)
    return Judgement(run, "fork", tuple(at), differences=differences)


class _Looked(NamedTuple):
    """What a look at a run has shown."""

    problem: BaseException | None
    differences: tuple[Difference, ...]
    again: tuple[str, ...]
    gone: frozenset[str]


def _looked(
    services: Services,
    planned: Planned,
    workflow: WorkflowSpec,
    run: KeptRun,
    nodes: Sequence[KeptNode],
    *,
    forks: bool,
) -> _Looked:
    assert services.data is not None
    problem: BaseException | None
    try:
        ready = made_ready(services.data, planned, workflow, run, nodes, forks=forks)
        problem, gone = rehearsed(services, ready, run.run_id, forks=forks)
        differences = tuple(ready.looked.differences)
    except Exception as error:  # noqa: BLE001 - bodies and arguments are somebody's own
        problem, gone, differences = error, frozenset(), ()
    if isinstance(problem, WorkflowChanged):
        return _Looked(problem, problem.differences, problem.again, gone)
    again = problem.again if isinstance(problem, NonDeterminismError) else ()
    return _Looked(problem, differences, again, gone)


def _begins_as_fork(services: Services, run: KeptRun) -> bool:
    return services.store is not None and begins_as_fork(services.store, run)


def can_go_on(
    services: Services, planned: Planned, workflow: WorkflowSpec, run: KeptRun, nodes: Sequence[KeptNode]
) -> BaseException | None:
    """What keeps a run from being gone on with; None if nothing does."""
    return _looked(services, planned, workflow, run, nodes, forks=_begins_as_fork(services, run)).problem
