"""Runs in memory: gone with the process. What a store promises, in its plainest form."""

from __future__ import annotations

import threading
import time as times
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from flowkit.engine.kept import Claim, Commit, KeptAttempt, KeptEvent, KeptNode, KeptRun, Lease, Message, NewRun, Page
from flowkit.errors import IllegalTransition, RunNotFound, StoreError
from flowkit.stores.fitting import BECOMES, fit, fit_commit, fit_new, fit_number, fit_owner, fit_ttl
from flowkit.stores.paging import cursor, wanted
from flowkit.stores.remembered import Remembered

__all__ = ["MemoryStore"]


class MemoryStore:
    """Keeps runs in the memory of one process, each for as long as the store is there or until it is deleted.

    `clock` is what leases are measured by, in seconds that never go back; `time` tells seconds since the epoch, for
    runs whose end is in the future.
    """

    url = "memory:"

    def __init__(self, *, clock: Callable[[], float] = times.monotonic, time: Callable[[], float] = times.time) -> None:
        self._clock = clock
        self._time = time
        self._lock = threading.Lock()
        self._closed = False
        self._owners: dict[str, tuple[float, float]] = {}  # when the lease was renewed, and for how long
        self._runs: dict[str, Remembered] = {}
        self._order: list[tuple[float, str]] = []  # of all runs, the oldest first
        self._live: dict[str, Remembered] = {}  # those that haven't ended
        self._held: defaultdict[str, dict[str, Remembered]] = defaultdict(dict)  # by who has them
        self._posted = 0

    # -- owners: who may write ------------------------------------------------------------------------------------------

    def renew(self, owner: str, ttl: float) -> None:
        """Have an owner's lease be good for `ttl` seconds from now."""
        fit_owner(owner, self.url)
        fit_ttl(ttl, self.url)
        with self._open():
            self._owners[owner] = self._clock(), ttl

    def retire(self, owner: str) -> Sequence[str]:
        """Forget an owner; the ids of its runs that hadn't ended."""
        fit_owner(owner, self.url)
        with self._open():
            self._owners.pop(owner, None)
            left = sorted(self._held.pop(owner, {}).values(), key=_at)
            for run in left:
                run.owner = ""
            return [run.new.run_id for run in left if not run.is_final]

    def _is_good(self, owner: str) -> bool:
        renewed, ttl = self._owners.get(owner, (0.0, 0.0))
        return 0 <= self._clock() - renewed < ttl

    # -- the life of a run ----------------------------------------------------------------------------------------------

    def create(self, run: NewRun, owner: str, nodes: Sequence[KeptNode] = ()) -> Claim | KeptRun:
        """Keep a new run; or say that the id is taken."""
        fit_owner(owner, self.url)
        fit_new(run, nodes, self.url)
        with self._open():
            there = self._runs.get(run.run_id)
            if there is not None:
                return self._kept(there)
            new = Remembered(run, owner, owner, run.created, nodes={node.key: node for node in nodes})
            self._runs[run.run_id] = self._live[run.run_id] = self._held[owner][run.run_id] = new
            insort(self._order, new.at)
            return Claim(new.lease, self._kept(new))

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
        with self._open():
            run = self._runs.get(run_id)
            if run is None:
                return None
            recovers = bool(run.owner)
            if (
                (run.is_final and not (again and run.status == "failed"))
                or (recovers and (run.owner == owner or self._is_good(run.owner)))
                or (recovers and max_recoveries is not None and run.in_vain >= max_recoveries)
            ):
                return self._kept(run)
            run.recoveries += recovers
            run.in_vain += recovers
            if run.is_final:
                run.begin_again(at)
                self._live[run_id] = run
            self._let_go(run)
            self._held[owner][run_id] = run
            run.owner = run.holder = owner
            run.generation += 1
            run.stuck = ""
            return Claim(run.lease, self._kept(run))

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        """Write all of this at once; says of each whether it was written."""
        for commit in commits:
            fit_commit(commit, self.url)
        with self._open():
            return [self._write(commit) for commit in commits]

    def _write(self, commit: Commit) -> bool:
        run = self._runs.get(commit.lease.run_id)
        if run is None or not self._is_newest(commit.lease, run):
            return False
        run.write(commit)
        if run.is_final:
            self._live.pop(run.new.run_id, None)
        if commit.release:
            self._let_go(run)
        return True

    def _is_newest(self, lease: Lease, run: Remembered) -> bool:
        return lease.generation == run.generation and lease.owner == run.holder

    def _let_go(self, run: Remembered) -> None:
        if run.owner:
            del self._held[run.owner][run.new.run_id]
            run.owner = ""

    def delete(self, run_ids: Sequence[str]) -> Sequence[str]:
        """Remove runs that have ended, with everything of theirs."""
        fit(run_ids, "a run's id", self.url)
        with self._open():
            return [run_id for run_id in dict.fromkeys(run_ids) if self._remove(run_id)]

    def _remove(self, run_id: str) -> bool:
        run = self._runs.get(run_id)
        if run is None or not run.is_final:
            return False
        self._let_go(run)
        del self._runs[run_id]
        del self._order[bisect_left(self._order, run.at)]
        return True

    # -- from outside ---------------------------------------------------------------------------------------------------

    def post(self, run_id: str, kind: str, name: str, payload: str, at: float, dedup: str | None = None) -> int | None:
        """Keep a message for a run; its number, or None where it was kept before."""
        fit((run_id, kind, name, payload, at, dedup), "a message", self.url)
        with self._open():
            run = self._runs.get(run_id)
            if run is None:
                raise RunNotFound(run_id)
            if run.is_final:
                raise IllegalTransition(run_id, run.status, BECOMES.get(kind, kind))
            number = self._posted + 1
            if not run.post(Message(number, run_id, kind, name, payload, at, dedup)):
                return None
            self._posted = number
            return number

    def inbox(self, owner: str, after: int = 0) -> Sequence[Message]:
        """The messages of runs that this owner has that aren't done with, in their order."""
        fit_owner(owner, self.url)
        with self._open():
            found = [one for run in self._held.get(owner, {}).values() for one in run.messages.values()]
            return sorted((one for one in found if one.number > after), key=lambda one: one.number)

    # -- asking ---------------------------------------------------------------------------------------------------------

    def run(self, run_id: str) -> KeptRun | None:
        """A run, as it is kept now."""
        fit((run_id,), "a run's id", self.url)
        with self._open():
            run = self._runs.get(run_id)
            return None if run is None else self._kept(run)

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """Its nodes, in the order in which they were first kept."""
        fit((run_id, *(keys or ())), "an id or a key", self.url)
        with self._open():
            run = self._runs.get(run_id)
            wanted = None if keys is None else set(keys)
            return [] if run is None else [one for one in run.nodes.values() if wanted is None or one.key in wanted]

    def attempts(self, run_id: str, key: str | None = None) -> Sequence[KeptAttempt]:
        """Its attempts, by key and number."""
        fit((run_id, key), "an id or a key", self.url)
        with self._open():
            run = self._runs.get(run_id)
            return (
                [] if run is None else [run.attempts[at] for at in sorted(run.attempts) if key is None or at[0] == key]
            )

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> Sequence[KeptEvent]:
        """Its events with a higher number, in their order."""
        fit((run_id,), "a run's id", self.url)
        fit_number("limit", limit, 0, self.url)
        with self._open():
            run = self._runs.get(run_id)
            return [] if run is None else [run.events[at] for at in sorted(run.events) if at > after][:limit]

    def messages(self, run_id: str) -> Sequence[Message]:
        """Its messages that aren't done with, in their order."""
        fit((run_id,), "a run's id", self.url)
        with self._open():
            run = self._runs.get(run_id)
            return [] if run is None else list(run.messages.values())

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
        with self._open():
            date = self._time()
            counts: Counter[str] = Counter()
            page: list[KeptRun] = []
            for at in reversed(self._order):
                run = self._kept(self._runs[at[1]])
                if asked.fits(run, date):
                    counts["lost" if run.is_lost else run.status] += 1
                    if len(page) <= limit and (asked.behind is None or at < asked.behind):
                        page.append(run)
            more = cursor(page[limit - 1].created, page[limit - 1].run_id) if len(page) > limit else None
            return Page(page[:limit], more, dict(counts))

    def adrift(
        self, limit: int = 100, *, stuck: bool = False, after: tuple[float, str] | None = None
    ) -> Sequence[KeptRun]:
        """Runs that haven't ended, aren't stuck, and that nobody has, or somebody who died; the oldest first."""
        fit_number("limit", limit, 0, self.url)
        with self._open():
            found = [run for run in self._live.values() if bool(run.stuck) is stuck and not self._is_good(run.owner)]
            if after is not None:
                found = [run for run in found if _at(run) > after]
            return [self._kept(run) for run in sorted(found, key=_at)[:limit]]

    def close(self) -> None:
        """Forget everything. Using it afterwards raises `StoreError`."""
        with self._lock:
            self._closed = True
            self._runs, self._order, self._live, self._owners = {}, [], {}, {}
            self._held.clear()

    def _kept(self, run: Remembered) -> KeptRun:
        return run.kept(is_held=bool(run.owner) and self._is_good(run.owner))

    @contextmanager
    def _open(self) -> Generator[None]:
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed; open another one", self.url)
            yield


def _at(run: Remembered) -> tuple[float, str]:
    return run.at
