"""Pages of runs, found by an index whatever is asked, however many runs there are."""

from __future__ import annotations

from typing import Final, TypeAlias

import apsw
import attrs

from flowkit.engine.kept import KeptRun, Page
from flowkit.stores.fitting import shown
from flowkit.stores.paging import Wanted, cursor
from flowkit.stores.sqlite.reading import Reading
from flowkit.stores.sqlite.rows import FINAL, HELD, OWNED

__all__ = ["page"]

Place: TypeAlias = "tuple[float, str, int]"
"""When a run was created, its id, and its number in the database."""

_LIVE: Final = ("running", "waiting")
_LOST: Final = f"runs.owner <> '' AND NOT {HELD}"
_ORDER: Final = "ORDER BY created DESC, run_id DESC LIMIT :most"


def page(db: apsw.Connection, reading: Reading, wanted: Wanted, now: float, date: float) -> Page:
    """One page, and how many runs there are of each status."""
    found: list[Place] = []
    counts: dict[str, int] = {}
    asked = {**attrs.asdict(wanted), "now": now, "date": date, "most": wanted.limit + 1}
    asked["size"] = len(wanted.prefix.encode())
    asked["created"], asked["run_id"] = wanted.behind or (0.0, "")
    # Each status has its own end of the index by which it is found, in order; the newest of all are the newest of each.
    for status, condition in _parts(wanted):
        where = ["status = :of", condition, *_conditions(wanted)]
        values = {**asked, "of": status}
        runs = OWNED.replace("?1", ":now") if condition else "runs"
        if (count := int(db.execute(f"SELECT count(*) FROM {runs} WHERE {_all(where)}", values).get)) == 0:
            continue
        shown = "lost" if condition == _LOST else status
        counts[shown] = counts.get(shown, 0) + count
        if wanted.behind is not None:
            where.append("(created, run_id) < (:created, :run_id)")
        found += db.execute(f"SELECT created, run_id, run FROM {runs} WHERE {_all(where)} {_ORDER}", values)
    found.sort(reverse=True)
    read = [_read(db, reading, one, now) for one in found[: wanted.limit]]
    more = cursor(*found[wanted.limit - 1][:2]) if len(found) > wanted.limit else None
    return Page(read, more, counts)


def _read(db: apsw.Connection, reading: Reading, place: Place, now: float) -> KeptRun:
    try:
        return reading.numbered(db, place[2], now)
    except UnicodeDecodeError:
        reading.damaged(f"run `{shown(place[1])}`")


def _conditions(wanted: Wanted) -> list[str]:
    """What must be so, besides the status."""
    asked = (
        (wanted.workflow, "workflow = :workflow"),
        # An index has only runs that have a parent, and is used where it is plain that one is asked for.
        (wanted.parent, "parent = :parent AND parent <> ''" if wanted.parent else "parent = ''"),
        (wanted.created_before, "created < :created_before"),
        (wanted.ended_before, "(ended < :ended_before OR ended > :date)"),
        # Not LIKE: that has characters of its own, and takes `a` for `A`; and not text, which would end at a NUL.
        (wanted.prefix or None, "substr(CAST(runs.run_id AS BLOB), 1, :size) = CAST(:prefix AS BLOB)"),
    )
    return [condition for value, condition in asked if value is not None]


def _parts(wanted: Wanted) -> list[tuple[str, str]]:
    """The statuses as they are kept, with what else must be so."""
    asked = set(wanted.status) or {*_LIVE, *FINAL, "lost"}
    parts: list[tuple[str, str]] = [(status, "") for status in FINAL if status in asked]
    for status in _LIVE:
        if status in asked:
            parts.append((status, f"NOT ({_LOST})"))
        if "lost" in asked:
            parts.append((status, _LOST))
    return parts


def _all(conditions: list[str]) -> str:
    return " AND ".join(condition for condition in conditions if condition)
