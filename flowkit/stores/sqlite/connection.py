"""One connection that writes, some that read, and who may use them."""

from __future__ import annotations

import ctypes
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal, TypeVar, cast

import apsw

from flowkit.errors import StoreError
from flowkit.stores.sqlite.liveness import Liveness, Look
from flowkit.stores.sqlite.making import check_version, connect, for_writing, make_ready
from flowkit.stores.sqlite.place import existing, prepare
from flowkit.stores.sqlite.troubles import PASSING, in_words

__all__ = ["Connections", "Gone"]

T = TypeVar("T")

_IDLE: Final = 8
"""So many reading connections are kept for whoever asks next."""

_LONG: Final = 1000
"""A log of so many pages (4 MB) is written into the file, and then begun anew: within itself it grows no more, which is
what makes a commit fast."""

_SLEEPS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)


class Gone(StoreError):  # noqa: N818 - it reads as what it is
    """What a row names isn't there; it may be that the row isn't either by now."""


class Connections:
    """The connections of one store. Any thread may use them; a process that was forked off may not."""

    def __init__(
        self,
        path: str,
        store: str,
        synchronous: str,
        patience: float,
        vfs: str | None,
        liveness: Liveness,
        *,
        make: bool = True,
    ) -> None:
        self._store = store
        self._patience = patience
        self._synchronous = synchronous
        self._vfs = vfs
        self._liveness = liveness
        self._lock = threading.Lock()
        self._pool = threading.Lock()
        self._logged = 0
        self._every: dict[apsw.Connection, Look] = {}
        self._idle: list[apsw.Connection] = []
        self._closed = False
        self._forked = False
        check_version(store)
        self._file = prepare(path, store) if make else existing(path, store)
        self._writer = self._opened()
        _all.add(self)

    # -- working --------------------------------------------------------------------------------------------------------

    def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Do this in one transaction: what it returns was written, what it raises has changed nothing."""
        if self._forked:  # the lock may be one that nobody is left to release
            self._check()
        with self._lock:
            self._check()
            db = self._writer
            try:
                self._begin(db)
                done = work(db)
                db.execute("COMMIT")
            except BaseException as error:
                # After some failures SQLite has gone back already, and to say so again would be another one.
                if db.in_transaction:
                    with suppress(apsw.Error):
                        db.execute("ROLLBACK")
                if (told := self._told(error)) is error:
                    raise
                raise told from error
            self._tidy_log(db)
            return done

    def _tidy_log(self, db: apsw.Connection) -> None:
        """Have what is in the log be in the file, once it is much; a commit has nothing to do with whether that works."""
        if self._logged >= _LONG:
            with suppress(apsw.Error):
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _count_log(self, _: apsw.Connection, __: str, pages: int) -> int:
        self._logged = pages
        return apsw.SQLITE_OK

    def _begin(self, db: apsw.Connection) -> None:
        since = time.monotonic()
        try:
            db.execute("BEGIN IMMEDIATE")
        except PASSING:
            self._patiently(lambda: db.execute("BEGIN IMMEDIATE"), since)

    def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Ask several things of one moment."""
        try:
            return self._patiently(lambda: self._snapshot(work))
        except Gone:
            # It was deleted between asking for the row and for what the row names.
            return self._patiently(lambda: self._snapshot(work))

    def _snapshot(self, work: Callable[[apsw.Connection], T]) -> T:
        self._check()
        db: apsw.Connection | None = None
        try:
            db = self._reader()
            look = self._every[db]
            look.begin()
            _begin_reading(db)
            done = work(db)
            if look.has_to_be_repeated():
                db.execute("ROLLBACK")
                _begin_reading(db)
                done = work(db)
            return done
        except BaseException as error:
            # What is raised may hold on to a question that isn't answered, and that one to its moment.
            if db is not None:
                self._let_go(db)
                db = None
            if isinstance(error, PASSING) or (told := self._told(error)) is error:
                raise
            raise told from error
        finally:
            if db is not None:
                self._put_back(db)

    def _reader(self) -> apsw.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect("reading")

    def _put_back(self, db: apsw.Connection) -> None:
        with suppress(apsw.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
            with self._pool:
                if not self._closed and len(self._idle) < _IDLE:
                    self._idle.append(db)
                    return
        self._let_go(db)

    def _let_go(self, db: apsw.Connection) -> None:
        self._every.pop(db, None)
        # What can't be cleared away is cleared away by whoever opens the file next.
        with suppress(apsw.Error):
            db.close(force=True)

    def _patiently(self, work: Callable[[], T], since: float | None = None) -> T:
        """Try until it is nobody else's turn any more; what it raises is in words.

        SQLite itself waits for a lock, but not for everything that passes: another process that recovers the log, or
        the last one that closes it.
        """
        until = (time.monotonic() if since is None else since) + self._patience
        tries = 0
        while True:
            try:
                return work()
            except PASSING as error:
                if time.monotonic() >= until:
                    raise self._told(error) from error
                time.sleep(_SLEEPS[min(tries, len(_SLEEPS) - 1)])
                tries += 1

    def _told(self, error: BaseException) -> BaseException:
        return (
            in_words(error, self._store, self._patience)
            if isinstance(error, (apsw.Error, UnicodeDecodeError))
            else error
        )

    def _check(self) -> None:
        if self._forked:
            raise StoreError(
                "it was opened before this process was forked off, and what SQLite holds isn't shared with a child; "
                "open it again here",
                self._store,
            )
        if self._closed:
            raise StoreError("the store is closed; open another one", self._store)
        if not self._file.is_there():
            raise StoreError(
                "its file was moved, replaced or deleted while it was open: what is written now would be lost; "
                "put it back, or open it anew",
                self._store,
            )

    # -- opening and closing --------------------------------------------------------------------------------------------

    def _opened(self) -> apsw.Connection:
        db: apsw.Connection | None = None
        try:
            db = writer = self._patiently(lambda: self._connect("writing"))
            self._patiently(lambda: make_ready(writer, self._file.path, self._store))
        except BaseException as error:
            if db is not None:
                self._let_go(db)
            if (told := self._told(error)) is error:
                raise
            raise told from error
        return db

    def _connect(self, purpose: Literal["reading", "writing"]) -> apsw.Connection:
        db = connect(self._file.path, self._patience, self._vfs)
        look = self._every[db] = Look(self._liveness)
        try:
            if purpose == "reading":
                db.create_scalar_function("is_gone", cast("Callable[..., bool]", look.is_gone), 3)
                db.pragma("query_only", True)
            else:
                # Who has the right to write sees what there is: nobody gives anything up meanwhile.
                is_gone = self._liveness.is_gone
                db.create_scalar_function("is_gone", lambda *row: is_gone(*cast("tuple[str, int]", row[:2])), 3)
                for_writing(db, self._synchronous)
                db.set_wal_hook(self._count_log)
        except BaseException:
            self._let_go(db)
            raise
        return db

    def close(self) -> None:
        """Let go of everything. What is under way is waited for, or ends by itself."""
        if self._forked:
            return
        with self._lock:
            if self._closed:
                return
            with self._pool:
                self._closed = True
            for db in (*self._idle, self._writer):
                self._let_go(db)
            self._idle.clear()

    def forget(self) -> None:
        """Leave all connections alone, for ever: this process is the child of the one that has them.

        Even closing one would take away the parent's locks. So they are kept from being collected, too.
        """
        self._forked = True
        for db in self._every:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(db))
        self._liveness.forget()


def _begin_reading(db: apsw.Connection) -> None:
    # Its moment is that of the first thing it reads; and the time that a lease is compared with is later than that.
    db.execute("BEGIN")
    db.execute("SELECT 1 FROM owners LIMIT 1").fetchall()


_all: weakref.WeakSet[Connections] = weakref.WeakSet()


def _forget_all() -> None:
    for connections in list(_all):
        connections.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
