"""Going through what is on record of a run without going on: to know beforehand whether it would fit.

Bodies are recorded and played as they would be, and get what is on record; no step is called, and nothing is written.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from flowkit.engine.durable import Durable
from flowkit.engine.journal import what_was
from flowkit.engine.kept import Lease
from flowkit.engine.limits import Limits
from flowkit.engine.writing import Writer
from flowkit.errors import CancelReason
from flowkit.machine.past import Past

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.engine.kept import Commit, Message
    from flowkit.engine.ports import Services
    from flowkit.engine.ready import Ready

__all__ = ["Rehearsed", "rehearsed"]


class Rehearsed(NamedTuple):
    """What came of it."""

    problem: BaseException | None
    """What keeps the run from being gone on with; None if nothing does."""
    gone: frozenset[str]
    """The keys of what is on record and would be done again."""


def rehearsed(services: Services, ready: Ready, run_id: str, *, forks: bool = False) -> Rehearsed:
    """Go through all of a run that is on record."""
    paper = copy.copy(services)
    store: Any = _Paper()
    paper.store, paper.writer, paper.limits = store, Writer(store, threads=False), Limits()
    paper.inline, paper.observers, paper.tracer, paper.points = True, (), None, None
    assert services.data is not None
    past = Past(what_was(services.data, ready.nodes))
    past.expires = forks
    run = _Rehearsal(ready.plan, paper, lease=Lease(run_id, "nobody", 0), past=past, overlay=ready.overlay)
    run.given = ready.given
    run.watched = True
    run.begin_in_background(ready.awaited)
    problem = run.conclusion.error if run.conclusion is not None and not run.is_good else None
    return Rehearsed(problem, ready.void | run.gone)


class _Rehearsal(Durable):
    """A run that is left when all that is on record has come back."""

    __slots__ = ("gone", "is_good")

    is_good: bool
    gone: frozenset[str]

    def begin(self, awaited: int = -1) -> None:
        """Start."""
        self.is_good, self.gone = False, frozenset()
        super().begin(awaited)

    def _recalled(self, gone: Sequence[str]) -> None:
        super()._recalled(gone)
        if self.conclusion is None:
            self.is_good, self.gone = True, frozenset(gone)
            self._leave(CancelReason.SHUTDOWN)


class _Paper:
    """A store for what isn't meant to be kept."""

    url = "nowhere"

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        """All of it is written, as far as anybody is told."""
        return [True] * len(commits)

    def messages(self, _run_id: str) -> Sequence[Message]:
        """None: what came from outside is for who goes on."""
        return ()
