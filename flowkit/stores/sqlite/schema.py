"""The tables of a store, and how a file of an older version gets them."""

from __future__ import annotations

from typing import Final

import apsw

from flowkit.errors import StoreError

__all__ = ["APPLICATION_ID", "STEPS", "look", "migrate", "verify"]

APPLICATION_ID: Final = 0x666C6B74
"""`flkt`: what says in a file's header that it is one of ours."""

# A node (attempt 0) and its attempts are neighbours, and so is whatever has a run's number in front: a commit's cost is
# that of the pages it touches, and what ends a step touches two. Nodes are in the order of who wrote them first, by
# claim of the run, and then by when.
_FIRST: Final = """
CREATE TABLE owners (
  owner TEXT PRIMARY KEY NOT NULL,
  renewed REAL,
  ttl REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  run INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  digest TEXT NOT NULL,
  created REAL NOT NULL,
  parent TEXT NOT NULL,
  origin TEXT NOT NULL,
  status TEXT NOT NULL,
  changed REAL NOT NULL,
  ended REAL,
  owner TEXT NOT NULL,
  holder TEXT NOT NULL,
  generation INTEGER NOT NULL,
  recoveries INTEGER NOT NULL,
  resumes INTEGER NOT NULL,
  stuck TEXT NOT NULL,
  born_sum INTEGER NOT NULL,
  state_sum INTEGER NOT NULL,
  arguments TEXT,
  arguments_blob BLOB,
  result TEXT,
  result_blob BLOB,
  error TEXT
) STRICT;
CREATE INDEX runs_created ON runs (created, run_id);
CREATE INDEX runs_status ON runs (status, created, run_id, ended);
CREATE INDEX runs_workflow ON runs (workflow, status, created, run_id, ended);
CREATE INDEX runs_parent ON runs (parent, created, run_id) WHERE parent <> '';
CREATE INDEX runs_owner ON runs (owner) WHERE owner <> '';
CREATE INDEX runs_live ON runs (created, run_id, owner, stuck) WHERE ended IS NULL;
CREATE INDEX runs_arguments ON runs (arguments_blob) WHERE arguments_blob IS NOT NULL;
CREATE INDEX runs_result ON runs (result_blob) WHERE result_blob IS NOT NULL;
CREATE TABLE nodes (
  run INTEGER NOT NULL,
  key TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  generation INTEGER,
  place INTEGER,
  step TEXT,
  kind TEXT,
  status TEXT NOT NULL,
  sequence INTEGER,
  attempts INTEGER,
  reason TEXT,
  why TEXT NOT NULL,
  wiring TEXT,
  started REAL,
  ended REAL,
  due REAL,
  deadline REAL,
  delay REAL,
  facts TEXT,
  value TEXT,
  value_blob BLOB,
  error TEXT,
  sum INTEGER NOT NULL,
  PRIMARY KEY (run, key, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX nodes_value ON nodes (value_blob) WHERE value_blob IS NOT NULL;
CREATE TABLE events (
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  data TEXT NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  payload TEXT NOT NULL,
  at REAL NOT NULL,
  dedup TEXT,
  done INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_kept ON messages (run, kind, name, dedup);
CREATE INDEX messages_pending ON messages (run, number) WHERE done = 0;
"""

# Where an owner has a lock for as long as its process is there; how often a run was taken over since it got further.
_SECOND: Final = """
ALTER TABLE owners ADD COLUMN file INTEGER;
ALTER TABLE runs ADD COLUMN in_vain INTEGER NOT NULL DEFAULT 0
"""

STEPS: Final = (_FIRST, _SECOND)
"""What makes version 1 of an empty file, version 2 of version 1, and so on; each is done in one transaction."""


def look(db: apsw.Connection, store: str) -> int:
    """The version a file has, 0 for an empty one. Raises `StoreError` for what this code doesn't know."""
    application, version = db.pragma("application_id"), db.pragma("user_version")
    if application != APPLICATION_ID:
        empty = not application and not version and db.execute("SELECT count(*) FROM sqlite_schema").get == 0
        if not empty:
            raise StoreError(
                "this is a database of another application, and was left as it is; name another file", store
            )
        return 0
    if not 0 < version <= len(STEPS):
        known = f"version {len(STEPS)}"
        if version > len(STEPS):
            raise StoreError(
                f"its layout is version {version}, and this flowkit knows {known}: a newer one has written it; "
                "upgrade flowkit, or name another file",
                store,
            )
        raise StoreError(f"its header says version {version}, which there never was: it is damaged", store)
    return int(version)


def migrate(db: apsw.Connection, store: str) -> None:
    """Bring a file to the newest version, one step after the other.

    Each step is a transaction and raises the version in it: whoever is killed in between, or comes at the same time,
    goes on from where the file is.
    """
    while look(db, store) < len(STEPS):
        db.execute("BEGIN IMMEDIATE")
        version = look(db, store)
        if version < len(STEPS):
            db.execute(STEPS[version])
            db.pragma("application_id", APPLICATION_ID)
            db.pragma("user_version", version + 1)
        db.execute("COMMIT")


def verify(db: apsw.Connection, store: str) -> None:
    """Refuse a file whose tables aren't ours: a view or a trigger in it would run with what we ask."""
    fresh = apsw.Connection(":memory:")
    try:
        for step in STEPS:
            fresh.execute(step)
        expected, found = _objects(fresh), _objects(db)
    finally:
        fresh.close()
    if found != expected:
        different = sorted({name for _, name, _ in found ^ expected})
        raise StoreError(
            f"its tables aren't those that flowkit made ({', '.join(different)}); restore it from a copy, or undo "
            "what was changed",
            store,
        )


def _objects(db: apsw.Connection) -> set[tuple[str, str, str]]:
    # What SQLite makes for itself has no text, or keeps statistics (`sqlite_stat1`), which hurt nobody.
    found = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    return {(str(kind), str(name), str(sql)) for kind, name, sql in found}
