"""Runs that have ended and are old enough to be forgotten.

Runs that steps have started go with the run they were started in, and neither before nor without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.engine.kept import KeptRun
    from flowkit.engine.ports import Store

__all__ = ["sweep"]

FINAL: Final = ("succeeded", "failed", "cancelled")
_PAGE: Final = 200
_AT_ONCE: Final = 200
"""So many are removed in one transaction, which keeps others from writing for as long."""


def sweep(
    store: Store, before: float, *, status: Sequence[str] = FINAL, dry_run: bool = False, limit: int | None = None
) -> list[str]:
    """Remove runs that ended before a time, in seconds since the epoch; the ids of those that are gone.

    An end in the future counts as an old one: the clock was wrong then. Of what runs have started, all must have ended,
    too, or the run stays with it. With `limit`, no more runs are begun with once so many are gone.
    """
    wanted = tuple(one for one in (status or FINAL) if one in FINAL)
    gone: list[str] = []
    batch: list[str] = []
    there: dict[str, bool] = {}
    after: str | None = None
    while limit is None or len(gone) + len(batch) < limit:
        page = store.runs(status=wanted, ended_before=before, limit=_PAGE, after=after)
        for run in page.runs:
            if limit is not None and len(gone) + len(batch) >= limit:
                break
            batch += _family(store, run, there)
            if len(batch) >= _AT_ONCE:
                gone += _remove(store, batch, dry_run=dry_run)
                batch = []
        after = page.after
        if after is None:
            break
    return gone + _remove(store, batch, dry_run=dry_run)


def _remove(store: Store, run_ids: list[str], *, dry_run: bool) -> list[str]:
    return run_ids if dry_run or not run_ids else list(store.delete(run_ids))


def _family(store: Store, run: KeptRun, there: dict[str, bool]) -> list[str]:
    """A run and all that it has started, the runs of its runs included; nothing where that isn't to go.

    It isn't where it belongs to a run that is still there, which decides for it, and where some of it hasn't ended.
    `there` remembers which are, since a run may have started many.
    """
    if run.parent:
        if run.parent not in there:
            there[run.parent] = store.run(run.parent) is not None
        if there[run.parent]:
            return []
    found = [run.run_id]
    for run_id in found:  # grows as it is gone through
        after: str | None = None
        while True:
            page = store.runs(parent=run_id, limit=_PAGE, after=after)
            if any(not child.is_final for child in page.runs):
                return []
            found += [child.run_id for child in page.runs]
            after = page.after
            if after is None:
                break
    return found
