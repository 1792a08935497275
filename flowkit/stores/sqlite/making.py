"""Connections as they are to be, to a file that is as it is to be."""

from __future__ import annotations

import os
from typing import Final

import apsw

from flowkit.errors import StoreError
from flowkit.stores.sqlite.place import is_cut
from flowkit.stores.sqlite.schema import look, migrate, verify

__all__ = ["check_version", "connect", "for_writing", "make_ready"]

_LOOKED_THROUGH: Final = 4 * 2**20
"""A file of at most so many bytes is looked through when it is opened, in some milliseconds."""

_LARGEST_LOG: Final = 64 * 2**20
"""A write-ahead log that has grown beyond this is cut once all of it is in the file."""


def check_version(store: str) -> None:
    """Refuse a SQLite that may damage the file."""
    # Until then, two processes that write at once may damage the file: sqlite.org/wal.html#walresetbug. The APSW of
    # the package index brings its own SQLite; one that was built elsewhere may use the system's.
    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < (3, 51, 3):
        raise StoreError(
            f"APSW uses SQLite {version} here, which may damage files that several processes write; install the "
            "`apsw` of the package index, which brings a newer one",
            store,
        )


def connect(path: str, patience: float, vfs: str | None) -> apsw.Connection:
    """A connection that trusts nothing in the file, and waits for others."""
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    db.set_busy_timeout(int(patience * 1000))
    # Whoever could write the file could put something into its schema that runs when we ask for a row.
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
    db.pragma("cell_size_check", True)
    db.pragma("temp_store", "memory")
    return db


def for_writing(db: apsw.Connection, synchronous: str) -> None:
    """Have what a connection writes be on the disk, as far as is asked, when it is done."""
    db.pragma("synchronous", synchronous)
    # On macOS, where a sync otherwise stops at the disk's own memory.
    db.pragma("fullfsync", synchronous == "full")
    db.pragma("checkpoint_fullfsync", True)
    db.pragma("journal_size_limit", _LARGEST_LOG)


def make_ready(db: apsw.Connection, path: str, store: str) -> None:
    """See whether the file is ours and in order, and bring it to the newest version."""
    look(db, store)
    if db.readonly("main"):
        raise apsw.ReadOnlyError
    mode = db.pragma("journal_mode", "wal")
    if mode != "wal":
        raise StoreError(
            f"SQLite can't keep a write-ahead log here (journal_mode is {mode}), as on network disks; name a file on a "
            "disk of this machine",
            store,
        )
    if is_cut(path):
        raise apsw.CorruptError(f"{path} is shorter than it says")
    if os.path.getsize(path) <= _LOOKED_THROUGH:
        found = db.pragma("integrity_check", 1)
        if found != "ok":
            raise apsw.CorruptError(str(found))
    migrate(db, store)
    verify(db, store)
