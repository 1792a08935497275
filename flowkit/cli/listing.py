"""`flowkit runs`: a page of the runs of a store."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from flowkit.cli.keeping import kept_in, tell_lost
from flowkit.cli.standing import Standing, Unheard, Wait, standing_of
from flowkit.cli.terminal import columns, note, output, plain, print_json, refuse
from flowkit.cli.words import ago, counted, in_future, lasted
from flowkit.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["STYLES", "as_data", "list_runs", "waits_for"]

STATUSES: Final = ("running", "waiting", "lost", "succeeded", "failed", "cancelled")
STYLES: Final = {
    "succeeded": "green",
    "failed": "red",
    "timed_out": "red",
    "lost": "bold red",
    "running": "cyan",
    "waiting": "yellow",
    "retrying": "yellow",
    "cancelled": "dim",
    "skipped": "dim",
    "blocked": "dim",
}
_FEW: Final = 3


def list_runs(
    store: str | None, *, status: Sequence[str], workflow: str | None, limit: int, after: str | None, as_json: bool
) -> int:
    """Print a page of runs, the newest first."""
    for one in status:
        if one not in STATUSES:
            refuse(f"there is no status `{one}`", did_you_mean(one, STATUSES) or f"there are {', '.join(STATUSES)}")
    if limit < 1:
        refuse(f"`--limit {limit}` leaves no room for a run")
    with kept_in(store) as engine:
        assert engine.store is not None
        page = engine.store.runs(status=status, workflow=workflow, limit=limit, after=after)
        found = [standing_of(engine.store, run) for run in page.runs]
        if as_json:
            runs = [as_data(one) for one in found]
            counts = dict(page.counts)
            print_json({"runs": runs, "after": page.after, "counts": counts, "store": engine.store.url}, sys.stdout)
            return 0
        if not found:
            note("there are no such runs" if status or workflow or after else "there are no runs yet")
            return 0
        _print(found)
        if page.after is not None:
            note("there are more", f"`flowkit runs --after {page.after}` lists the next ones")
        if "lost" not in status:
            tell_lost(engine.store)
    return 0


def as_data(standing: Standing) -> dict[str, Any]:
    """A run as the JSON of `--json`."""
    run = standing.run
    return {
        "id": run.run_id,
        "workflow": run.workflow,
        "status": standing.status,
        "created": run.created,
        "changed": run.changed,
        "ended": run.ended,
        "held": run.is_held,
        "stuck": run.stuck,
        "recoveries": run.recoveries,
        "resumes": run.resumes,
        "parent": run.parent,
        "origin": run.origin,
        "waits_for": [_wait_as_data(wait) for wait in standing.waits],
        "unheard": [_unheard_as_data(one) for one in standing.unheard],
    }


def _wait_as_data(wait: Wait) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": wait.kind, "key": wait.key, "due": wait.due}
    if wait.kind == "gate":
        data |= {"prompt": wait.name, "options": list(wait.options)}
    elif wait.kind == "signal":
        data["signal"] = wait.name
    return data


def _unheard_as_data(one: Unheard) -> dict[str, Any]:
    name = {"decision": {"key": one.name}, "signal": {"signal": one.name}}.get(one.kind, {})
    return {"kind": one.kind, **name, "at": one.at, **one.said}


def _print(found: Sequence[Standing]) -> None:
    now = time.time()
    rows = [[Text(word, "bold") for word in ("run", "workflow", "status", "began", "took", "waits for")]]
    for one in found:
        words = (
            one.run.run_id,
            one.run.workflow,
            one.status,
            ago(one.run.created, now),
            lasted(one.lasted(now)),
            waits_for(one, now),
        )
        rows.append([Text(plain(word), STYLES.get(word, "")) for word in words])
    columns(rows, output())


def waits_for(standing: Standing, now: float) -> str:
    """What keeps a run that hasn't ended from going on, in a few words."""
    run = standing.run
    if run.is_final:
        return ""
    if run.stuck:
        return f"somebody: {run.stuck.partition(chr(10))[0].removesuffix(':')}"
    if standing.at_work and not standing.is_left:
        return ""
    words = ["somebody to resume it"] if standing.is_left else []
    words += [one.words for one in standing.unheard if one.kind != "signal"][:_FEW]
    words += [
        wait.words + (f", {in_future(wait.due, now)}" if wait.due is not None else "") for wait in standing.waits[:_FEW]
    ]
    more = len(standing.waits) - _FEW
    return "; ".join(words) + (f"; {counted(more, 'other')}" if more > 0 else "")
