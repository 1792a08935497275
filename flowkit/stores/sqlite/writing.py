"""What changes a store: each of these is done in one transaction that has the right to write from its beginning."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import apsw

from flowkit.errors import IllegalTransition, RunNotFound
from flowkit.stores.fitting import BECOMES, Row, sameness
from flowkit.stores.sqlite.rows import ATTEMPTS, EVENTS, FINAL, GOOD, MESSAGES, NODES, Prepared, Rows

__all__ = ["Writing"]


def _marks(columns: str) -> str:
    return ", ".join("?" * len(columns.split(", ")))


def _put(table: str, columns: str) -> str:
    return f"INTO {table} (run, {columns}) VALUES (?, {_marks(columns)})"


def _newer(columns: str) -> str:
    names = set(columns.split(", ")) - {"key", "attempt"}
    return f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in sorted(names))}"


_PUT_NODE: Final = (
    f"INSERT INTO nodes (run, generation, place, attempt, {NODES}) VALUES (?, ?, ?, 0, {_marks(NODES)}) "
    f"ON CONFLICT (run, key, attempt) {_newer(NODES)}"
)
_PUT_ATTEMPT: Final = f"INSERT {_put('nodes', ATTEMPTS)} ON CONFLICT (run, key, attempt) {_newer(ATTEMPTS)}"
_PUT_EVENT: Final = f"INSERT OR IGNORE {_put('events', EVENTS)}"
_PUT_MESSAGE: Final = f"INSERT {_put('messages', MESSAGES)}"

_BORN: Final = "run_id, workflow, digest, created, parent, origin, arguments, arguments_blob, born_sum"
_STATE: Final = "status, changed, ended, result, result_blob, error, state_sum"
_CREATE: Final = (
    f"INSERT INTO runs ({_BORN}, {_STATE}, stuck, owner, holder, generation, recoveries, resumes) "
    f"VALUES ({_marks(_BORN)}, {_marks(_STATE)}, '', ?, ?, 1, 0, 0)"
)
_CHANGE: Final = f"UPDATE runs SET ({_STATE}) = ({_marks(_STATE)}), stuck = ? WHERE run = ?"
_NEWEST: Final = "SELECT run, status, changed, in_vain FROM runs WHERE run_id = ? AND generation = ? AND holder = ?"
_CLAIMED: Final = f"SELECT run, status, changed, ended, runs.owner, in_vain, {GOOD} FROM runs WHERE run_id = ?2"
_TAKE: Final = (
    "UPDATE runs SET owner = ?, holder = ?, generation = generation + 1, recoveries = recoveries + ?, "
    "in_vain = ?, resumes = resumes + ?, stuck = '' WHERE run = ?"
)
_BURY: Final = "DELETE FROM owners WHERE file IS NOT NULL AND is_gone(owner, file, renewed)"


class _Pending:
    """Rows of several commits, to be written together."""

    def __init__(self, place: int) -> None:
        self.place = place
        self._nodes: list[Row] = []
        self._attempts: list[Row] = []
        self._events: list[Row] = []

    def add(self, run: int, generation: int, prepared: Prepared) -> None:
        """Write these too."""
        for place, row in enumerate(prepared.nodes, self.place):
            self._nodes.append((run, generation, place, *row))
        self.place += len(prepared.nodes)
        self._attempts += [(run, *row) for row in prepared.attempts]
        self._events += [(run, *row) for row in prepared.events]

    def flush(self, db: apsw.Connection) -> None:
        """Write them."""
        for sql, rows in ((_PUT_NODE, self._nodes), (_PUT_ATTEMPT, self._attempts), (_PUT_EVENT, self._events)):
            if rows:
                db.executemany(sql, rows)
                rows.clear()


class Writing:
    """What is written, given a connection in a transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._place = 0

    def _next_place(self) -> int:
        # Of one generation there is one owner, and of the machine one such clock: later is higher, whoever writes.
        return max(self._place, time.monotonic_ns())

    def renew(self, db: apsw.Connection, owner: str, now: float, ttl: float, file: int | None) -> None:
        """Have an owner's lease begin now; `file` is where it has a lock for as long as it is there."""
        db.execute(
            "INSERT OR REPLACE INTO owners (owner, renewed, ttl, file) VALUES (?, ?, ?, ?)", (owner, now, ttl, file)
        )

    def retire(self, db: apsw.Connection, owner: str) -> list[str]:
        """Forget an owner, and those who are gone; the ids of its runs that hadn't ended."""
        left = db.execute(
            "SELECT run_id FROM runs WHERE owner = ? AND owner <> '' AND ended IS NULL ORDER BY created, run_id",
            (owner,),
        )
        run_ids = [str(run_id) for (run_id,) in left.fetchall()]
        db.execute("UPDATE runs SET owner = '' WHERE owner = ? AND owner <> ''", (owner,))
        db.execute("DELETE FROM owners WHERE owner = ?", (owner,))
        db.execute(_BURY)
        return run_ids

    # -- the life of a run ----------------------------------------------------------------------------------------------

    def create(self, db: apsw.Connection, born: Row, owner: str, nodes: Sequence[Row]) -> bool:
        """Keep a new run; False where the id is taken."""
        run_id, created = born[0], born[3]
        if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).get is not None:
            return False
        state = self._rows.state(run_id, ("running", created, None, None, None, None))
        db.execute(_CREATE, (*born, *state, owner, owner))
        run = db.last_insert_rowid()
        db.executemany(_PUT_NODE, [(run, 1, place, *row) for place, row in enumerate(nodes, self._next_place())])
        return True

    def claim(
        self, db: apsw.Connection, run_id: str, owner: str, now: float, most: int | None, again: bool, at: float | None
    ) -> bool | None:
        """Take a run; None where there is none, False where it can't be taken."""
        found = db.execute(_CLAIMED, (now, run_id)).fetchone()
        if found is None:
            return None
        run, status, changed, ended, had, in_vain, is_good = found
        resumes = again and status == "failed"
        if ended is not None and not resumes:
            return False
        if had and (had == owner or is_good or (most is not None and in_vain >= most)):
            return False
        db.execute(_TAKE, (owner, owner, bool(had), 0 if resumes else in_vain + bool(had), resumes, run))
        if resumes:
            state = ("running", changed if at is None else at, None, None, None, None)
            db.execute(_CHANGE, (*self._rows.state(run_id, state), "", run))
        return True

    def commit(self, db: apsw.Connection, commits: Sequence[Prepared]) -> list[bool]:
        """Write those whose lease is the newest; says of each whether it was."""
        pending = _Pending(self._next_place())
        written: list[bool] = []
        for prepared in commits:
            lease = prepared.commit.lease
            found = db.execute(_NEWEST, (lease.run_id, lease.generation, lease.owner)).fetchone()
            written.append(found is not None)
            if found is not None:
                if prepared.commit.void:
                    pending.flush(db)
                    self._void(db, found[0], prepared.commit.void)
                pending.add(found[0], lease.generation, prepared)
                self._settle(db, prepared, *found)
        pending.flush(db)
        self._place = pending.place
        return written

    def _void(self, db: apsw.Connection, run: int, keys: Sequence[str]) -> None:
        db.executemany("DELETE FROM nodes WHERE run = ? AND key = ?", [(run, key) for key in keys])

    def _settle(
        self, db: apsw.Connection, prepared: Prepared, run: int, status: str, changed: float, in_vain: int
    ) -> None:
        """What a commit says of the run itself, and of its messages."""
        commit = prepared.commit
        if commit.taken:
            taken = [(number, run) for number in commit.taken]
            db.executemany("UPDATE messages SET done = 1 WHERE number = ? AND run = ?", taken)
        change = commit.run
        if change is not None and status not in FINAL:
            changed = change.at if change.status != status else changed
            ended = change.at if change.status in FINAL else None
            state = (change.status, changed, ended, *prepared.result, change.error)
            db.execute(_CHANGE, (*self._rows.state(commit.lease.run_id, state), change.stuck, run))
        if commit.advances and in_vain:
            db.execute("UPDATE runs SET in_vain = 0 WHERE run = ?", (run,))
        if commit.release:
            db.execute("UPDATE runs SET owner = '' WHERE run = ?", (run,))

    def delete(self, db: apsw.Connection, run_ids: Sequence[str]) -> tuple[list[str], set[bytes]]:
        """Remove runs that have ended; their ids, and the files that they named."""
        gone: list[str] = []
        blobs: set[bytes] = set()
        for run_id in dict.fromkeys(run_ids):
            found = db.execute(
                "SELECT run, arguments_blob, result_blob FROM runs WHERE run_id = ? AND ended IS NOT NULL", (run_id,)
            ).fetchone()
            if found is None:
                continue
            run, *named = found
            values = db.execute("SELECT value_blob FROM nodes WHERE run = ? AND value_blob IS NOT NULL", (run,))
            named += [value for (value,) in values.fetchall()]
            blobs.update(blob for blob in named if isinstance(blob, bytes))
            for table in ("nodes", "events", "messages", "runs"):
                db.execute(f"DELETE FROM {table} WHERE run = ?", (run,))
            gone.append(run_id)
        return gone, blobs

    # -- from outside ---------------------------------------------------------------------------------------------------

    def post(self, db: apsw.Connection, run_id: str, row: Row) -> int | None:
        """Keep a message; its number, or None where it was kept before."""
        kind: str = row[0]
        name: str = row[1]
        dedup: str | None = row[4]
        found = db.execute("SELECT run, status FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        if found is None:
            raise RunNotFound(run_id)
        run, status = found
        if status in FINAL:
            raise IllegalTransition(run_id, status, BECOMES.get(kind, kind))
        if (same := sameness(kind, name, dedup)) is not None:
            conditions = {"cancel": "kind = ?1", "decision": "kind = ?1 AND name = ?2"}
            which = conditions.get(kind, "kind = ?1 AND name = ?2 AND dedup = ?3")
            if db.execute(f"SELECT 1 FROM messages WHERE run = ?4 AND {which} LIMIT 1", (*same, run)).get is not None:
                return None
        db.execute(_PUT_MESSAGE, (run, *row))
        return db.last_insert_rowid()
