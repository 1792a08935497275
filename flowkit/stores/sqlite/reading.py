"""What is asked of a store: each of these is about one moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NoReturn, TypeVar, cast

import apsw

from flowkit.engine.kept import KeptAttempt, KeptEvent, KeptNode, KeptRun, Message
from flowkit.errors import StoreError
from flowkit.stores.fitting import Row, shown
from flowkit.stores.sqlite.rows import ATTEMPTS, EVENTS, HELD, MESSAGES, NODES, OWNED, RUN, Rows

__all__ = ["Reading"]

T = TypeVar("T")

_RUNS: Final = f"SELECT {RUN} FROM runs"


def _of(table: str, columns: str) -> str:
    return f"SELECT {columns} FROM {table} WHERE run = (SELECT run FROM runs WHERE run_id = ?)"


_NODES: Final = _of("nodes", NODES) + " AND attempt = 0 ORDER BY generation, place"
_NODE: Final = _of("nodes", f"generation, place, {NODES}") + " AND key = ? AND attempt = 0"
_ATTEMPTS: Final = _of("nodes", ATTEMPTS) + " AND attempt > 0"
_KEYS: Final = _of("nodes", "DISTINCT CAST(key AS BLOB)")
_OF_KEY: Final = _of("nodes", NODES) + " AND CAST(key AS BLOB) = ?"
_EVENTS: Final = _of("events", EVENTS) + " AND number > ? ORDER BY number LIMIT ?"
_MESSAGES: Final = _of("messages", f"number, {MESSAGES}") + " AND done = 0 ORDER BY number"
_INBOX: Final = (
    f"SELECT run_id, number, {MESSAGES} FROM runs JOIN messages USING (run) "
    "WHERE owner = ? AND owner <> '' AND done = 0 AND number > ? ORDER BY number"
)
_ADRIFT: Final = (
    f"SELECT run FROM {OWNED} WHERE ended IS NULL AND (stuck <> '') = ?2 AND NOT {HELD}"
    " AND (?3 IS NULL OR (created, run_id) > (?3, ?4)) ORDER BY created, run_id"
)
_NAMED: Final = tuple(
    f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1"
    for table, column in (("nodes", "value_blob"), ("runs", "arguments_blob"), ("runs", "result_blob"))
)


class Reading:
    """What is read, given a connection that sees one moment."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def run(self, db: apsw.Connection, run_id: str, now: float) -> KeptRun | None:
        """A run."""
        row = db.execute(f"{_RUNS} WHERE run_id = ?2", (now, run_id)).fetchone()
        return None if row is None else self._rows.as_run(row)

    def nodes(self, db: apsw.Connection, run_id: str, keys: Sequence[str] | None) -> list[KeptNode]:
        """Its nodes, in the order in which they were first kept."""
        if keys is None:
            return self._all(db, run_id, _NODES, (run_id,), self._rows.as_node)
        found = [db.execute(_NODE, (run_id, key)).fetchone() for key in dict.fromkeys(keys)]
        return [self._rows.as_node(run_id, row[2:]) for row in sorted(row for row in found if row is not None)]

    def attempts(self, db: apsw.Connection, run_id: str, key: str | None) -> list[KeptAttempt]:
        """Its attempts, by key and number."""
        which = "" if key is None else " AND key = ?"
        asked = f"{_ATTEMPTS}{which} ORDER BY key, attempt"
        return self._all(db, run_id, asked, (run_id,) if key is None else (run_id, key), self._rows.as_attempt)

    def _all(self, db: apsw.Connection, run_id: str, asked: str, values: Row, make: Callable[[str, Row], T]) -> list[T]:
        try:
            return [make(run_id, row) for row in db.execute(asked, values).fetchall()]
        except UnicodeDecodeError:
            # Text that was damaged isn't even read; which one it is shows when they are read one by one.
            for (key,) in db.execute(_KEYS, (run_id,)).fetchall():
                try:
                    db.execute(_OF_KEY, (run_id, key)).fetchall()
                except UnicodeDecodeError:
                    named = key.decode(errors="replace") if isinstance(key, bytes) else str(key)
                    self.damaged(f"run `{shown(run_id)}`, `{shown(named)}`")
            raise

    def events(self, db: apsw.Connection, run_id: str, after: int, limit: int | None) -> list[KeptEvent]:
        """Its events with a higher number."""
        rows = db.execute(_EVENTS, (run_id, after, -1 if limit is None else limit)).fetchall()
        return [self._rows.as_event(run_id, row) for row in rows]

    def messages(self, db: apsw.Connection, run_id: str) -> list[Message]:
        """Its messages that aren't done with."""
        rows = cast("list[Row]", db.execute(_MESSAGES, (run_id,)).fetchall())
        return [self._rows.as_message(run_id, row[0], row[1:]) for row in rows]

    def inbox(self, db: apsw.Connection, owner: str, after: int) -> list[Message]:
        """The messages of an owner's runs that aren't done with and have a higher number."""
        rows = cast("list[Row]", db.execute(_INBOX, (owner, after)).fetchall())
        return [self._rows.as_message(row[0], row[1], row[2:]) for row in rows]

    def adrift(
        self, db: apsw.Connection, limit: int, now: float, after: tuple[float, str] | None, *, stuck: bool
    ) -> list[KeptRun]:
        """Runs that are to be taken up by somebody, the oldest first."""
        found: list[KeptRun] = []
        for (run,) in db.execute(_ADRIFT, (now, stuck, *(after or (None, None)))):
            if len(found) == limit:
                break
            # One that is damaged says so to whoever asks for it; it doesn't keep all others from being found.
            with suppress(StoreError, UnicodeDecodeError):
                found.append(self.numbered(db, run, now))
        return found

    def numbered(self, db: apsw.Connection, run: int, now: float) -> KeptRun:
        """The run that has this number in the database."""
        row = db.execute(f"{_RUNS} WHERE run = ?2", (now, run)).fetchone()
        return self._rows.as_run(row) if row else self.damaged(f"run number {run}")

    def has_owners(self, db: apsw.Connection) -> bool:
        """Whether there is anybody who has, or had, a lease, and didn't give it up."""
        return db.execute("SELECT 1 FROM owners LIMIT 1").get is not None

    def named(self, db: apsw.Connection, blob: bytes) -> bool:
        """Whether any row names this file."""
        return any(db.execute(query, (blob,)).get is not None for query in _NAMED)

    def damaged(self, whose: str) -> NoReturn:
        """Say that what is kept of somebody can't be believed."""
        self._rows.damaged(whose)
