"""The store that a SQLite file is."""

from __future__ import annotations

import os
import time as times
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal
from urllib.parse import quote

import apsw

from flowkit.engine.kept import (
    Claim,
    Commit,
    KeptAttempt,
    KeptEvent,
    KeptNode,
    KeptRun,
    Lease,
    Message,
    NewRun,
    Page,
)
from flowkit.errors import PolicyError, StoreError
from flowkit.stores.fitting import fit, fit_commit, fit_new, fit_number, fit_owner, fit_ttl
from flowkit.stores.paging import wanted
from flowkit.stores.sqlite.blobs import Blobs
from flowkit.stores.sqlite.connection import Connections
from flowkit.stores.sqlite.listing import page
from flowkit.stores.sqlite.liveness import Liveness
from flowkit.stores.sqlite.reading import Reading
from flowkit.stores.sqlite.rows import Rows
from flowkit.stores.sqlite.sums import MISFITS
from flowkit.stores.sqlite.sweeping import Sweeping
from flowkit.stores.sqlite.writing import Writing

__all__ = ["SqliteStore"]

_LARGE: Final = 256 * 1024


class SqliteStore:
    """Keeps runs in a SQLite file, which any number of processes of this machine may use at once.

    What was acknowledged survives a crash of the process, and with `synchronous="full"` a power cut too; with
    `"normal"` that may take the last of it away, and never damages the rest. Values of more than `blob_threshold` bytes
    go into files of their own in `<path>.blobs`, which belong to the database: whoever copies it copies them too.

    `clock` is what leases are measured by; all processes need the same one, and the default, `time.monotonic`, is the
    machine's. `time` tells seconds since the epoch. `patience` is for how many seconds a call waits while others write.
    `vfs` names a file system that was registered with APSW, for tests. With `make=False` a file that is missing, or
    empty, is refused: for whoever only wants to read.

    Raises `StoreError` for a file that isn't fit: one of another application, of a newer flowkit, damaged, one that
    others may write. A small file (4 MiB) is looked through when it is opened; of larger ones the header, the tables
    and the length are, and every row has a sum that is checked when it is read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["full", "normal"] = "full",
        clock: Callable[[], float] = times.monotonic,
        time: Callable[[], float] = times.time,
        blob_threshold: int = _LARGE,
        patience: float = 10.0,
        vfs: str | None = None,
        make: bool = True,
    ) -> None:
        if synchronous not in {"full", "normal"}:
            raise PolicyError(
                f'synchronous={synchronous!r}: write "full", or "normal" if a power cut may cost the last'
            )
        given = os.fspath(path)
        if not given or "\0" in given or given == ":memory:":
            raise PolicyError(f"{given!r} names no file; for runs in memory use `MemoryStore()`, or no store at all")
        # Its other files are found by its name, so it has but one, wherever links lead there.
        self.path: Final = os.path.realpath(given)
        self.url: Final = written(self.path)
        self._clock = clock
        self._time = time
        self._liveness = Liveness(self.path)
        self._connections = Connections(self.path, self.url, synchronous, patience, vfs, self._liveness, make=make)
        self._blobs = Blobs(self.path, self.url)
        self._rows = Rows(self.url, self._blobs, blob_threshold)
        self._writing = Writing(self._rows)
        self._reading = Reading(self._rows)
        self._sweeping = Sweeping(self._connections, self._reading, self._blobs)

    # -- owners: who may write ------------------------------------------------------------------------------------------

    def renew(self, owner: str, ttl: float) -> None:
        """Have an owner's lease be good for `ttl` seconds from now; on Linux no longer than this process has the store."""
        fit_owner(owner, self.url)
        fit_ttl(ttl, self.url)
        file = self._liveness.hold(owner)
        # The time is taken once the right to write is there: waiting for it doesn't shorten the lease.
        self._connections.write(lambda db: self._writing.renew(db, owner, self._clock(), ttl, file))

    def retire(self, owner: str) -> Sequence[str]:
        """Forget an owner; the ids of its runs that hadn't ended."""
        fit_owner(owner, self.url)
        return self._connections.write(lambda db: self._writing.retire(db, owner))

    # -- the life of a run ----------------------------------------------------------------------------------------------

    def create(self, run: NewRun, owner: str, nodes: Sequence[KeptNode] = ()) -> Claim | KeptRun:
        """Keep a new run; or say that the id is taken."""
        fit_owner(owner, self.url)
        fit_new(run, nodes, self.url)
        large: dict[bytes, bytes] = {}

        def work(db: apsw.Connection) -> Claim | KeptRun:
            self._sweeping.keep(large)
            return self._answer(db, run.run_id, is_taken=self._writing.create(db, born, owner, rows))

        try:
            born = self._rows.born(run, large)
            rows = self._rows.new_nodes(run.run_id, nodes, large)
            return self._connections.write(work)
        finally:
            self._sweeping.tidy(large)

    def claim(
        self,
        run_id: str,
        owner: str,
        *,
        max_recoveries: int | None = None,
        again: bool = False,
        at: float | None = None,
    ) -> Claim | KeptRun | None:
        """Take a run that nobody has, or whose owner's lease isn't good."""
        fit_owner(owner, self.url)
        fit((run_id, at), "a claim", self.url)

        def work(db: apsw.Connection) -> Claim | KeptRun | None:
            taken = self._writing.claim(db, run_id, owner, self._clock(), max_recoveries, again, at)
            return None if taken is None else self._answer(db, run_id, is_taken=taken)

        return self._connections.write(work)

    def _answer(self, db: apsw.Connection, run_id: str, *, is_taken: bool) -> Claim | KeptRun:
        run = self._reading.run(db, run_id, self._clock())
        assert run is not None
        return Claim(Lease(run_id, run.owner, run.generation), run) if is_taken else run

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        """Write all of this in one transaction; says of each whether it was written."""
        large: dict[bytes, bytes] = {}

        def work(db: apsw.Connection) -> list[bool]:
            self._sweeping.keep(large)
            return self._writing.commit(db, prepared)

        try:
            prepared = [self._rows.commit(commit, large) for commit in commits]
            return self._connections.write(work)
        except MISFITS:
            for commit in commits:
                fit_commit(commit, self.url)
            raise
        finally:
            self._sweeping.tidy(large)

    def delete(self, run_ids: Sequence[str]) -> Sequence[str]:
        """Remove runs that have ended, with everything of theirs."""
        fit(run_ids, "a run's id", self.url)
        gone, blobs = self._connections.write(lambda db: self._writing.delete(db, run_ids))
        self._sweeping.after(blobs)
        return gone

    # -- from outside ---------------------------------------------------------------------------------------------------

    def post(self, run_id: str, kind: str, name: str, payload: str, at: float, dedup: str | None = None) -> int | None:
        """Keep a message for a run; its number, or None where it was kept before."""
        fit((run_id, kind, name, payload, at, dedup), "a message", self.url)
        row = self._rows.message(run_id, kind, name, payload, at, dedup)
        return self._connections.write(lambda db: self._writing.post(db, run_id, row))

    def inbox(self, owner: str, after: int = 0) -> Sequence[Message]:
        """The messages of runs that this owner has that aren't done with, in their order."""
        fit_owner(owner, self.url)
        return self._connections.read(lambda db: self._reading.inbox(db, owner, after))

    # -- asking ---------------------------------------------------------------------------------------------------------

    def run(self, run_id: str) -> KeptRun | None:
        """A run, as it is kept now."""
        fit((run_id,), "a run's id", self.url)
        return self._connections.read(lambda db: self._reading.run(db, run_id, self._clock()))

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """Its nodes, in the order in which they were first kept."""
        fit((run_id, *(keys or ())), "an id or a key", self.url)
        return self._connections.read(lambda db: self._reading.nodes(db, run_id, keys))

    def attempts(self, run_id: str, key: str | None = None) -> Sequence[KeptAttempt]:
        """Its attempts, by key and number."""
        fit((run_id, key), "an id or a key", self.url)
        return self._connections.read(lambda db: self._reading.attempts(db, run_id, key))

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> Sequence[KeptEvent]:
        """Its events with a higher number, in their order."""
        fit((run_id,), "a run's id", self.url)
        fit_number("limit", limit, 0, self.url)
        return self._connections.read(lambda db: self._reading.events(db, run_id, after, limit))

    def messages(self, run_id: str) -> Sequence[Message]:
        """Its messages that aren't done with, in their order."""
        fit((run_id,), "a run's id", self.url)
        return self._connections.read(lambda db: self._reading.messages(db, run_id))

    def runs(
        self,
        *,
        status: Sequence[str] = (),
        workflow: str | None = None,
        parent: str | None = None,
        created_before: float | None = None,
        ended_before: float | None = None,
        prefix: str = "",
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Runs that are all of this, the newest first."""
        asked = wanted(
            self.url,
            status=status,
            workflow=workflow,
            parent=parent,
            created_before=created_before,
            ended_before=ended_before,
            prefix=prefix,
            limit=limit,
            after=after,
        )
        return self._connections.read(lambda db: page(db, self._reading, asked, self._clock(), self._time()))

    def adrift(
        self, limit: int = 100, *, stuck: bool = False, after: tuple[float, str] | None = None
    ) -> Sequence[KeptRun]:
        """Runs that haven't ended, aren't stuck, and that nobody has, or somebody who died; the oldest first."""
        fit_number("limit", limit, 0, self.url)
        return self._connections.read(lambda db: self._reading.adrift(db, limit, self._clock(), after, stuck=stuck))

    def close(self) -> None:
        """Let go of the file. Using it afterwards raises `StoreError`."""
        is_last = False
        with suppress(StoreError):  # that it was closed before, say
            is_last = not self._connections.read(self._reading.has_owners)
        self._connections.close()
        self._liveness.close(is_last=is_last)


def written(path: str) -> str:
    """The URL of a store in this file."""
    return f"sqlite:///{quote(path, errors='surrogateescape')}"
