"""A store that fails when it is told to: before it has done what it was asked, or after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeVar

from flowkit.engine.kept import (
    Claim,
    Commit,
    KeptAttempt,
    KeptEvent,
    KeptNode,
    KeptRun,
    Message,
    NewRun,
    Page,
)
from flowkit.engine.ports import Store
from flowkit.errors import PolicyError, StoreError

__all__ = ["Fault", "FaultyStore"]

T = TypeVar("T")

Fault = Literal["busy", "io", "full", "closed"]

_SAID: Final[dict[Fault, str]] = {
    "busy": "others have kept it locked for 10s; try again",
    "io": "the disk failed",
    "full": "the disk is full; make room and try again",
    "closed": "the store is closed; open another one",
}


class FaultyStore:
    """Another store, of which one call fails, or several in a row.

    `at` says which call of all is the first to fail, from 1 on; `times` how many do. With `after`, the store does what it
    is asked, and only the answer is lost. `calls` has the names of all calls so far: a test that fails call 1, 2, 3 and
    so on is done when there are fewer. Closing the store isn't a call, and never fails.

        store = FaultyStore(MemoryStore(), at=3, fault="io", after=True)
    """

    def __init__(self, store: Store, *, at: int, fault: Fault = "io", after: bool = False, times: int = 1) -> None:
        if fault not in _SAID:
            raise PolicyError(f"fault={fault!r}: write one of {', '.join(_SAID)}")
        if at < 1 or times < 1:
            raise PolicyError(f"at={at!r}, times={times!r}: calls are counted from 1 on, and at least one fails")
        self.store = store
        self.calls: list[str] = []
        self._failing = range(at, at + times)
        self._fault: Fault = fault
        self._after = after
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where the other one is."""
        return self.store.url

    @property
    def is_over(self) -> bool:
        """Whether what was to fail has failed."""
        return len(self.calls) >= self._failing.stop - 1

    def _do(self, name: str, call: Callable[[], T]) -> T:
        with self._lock:
            self.calls.append(name)
            fails = len(self.calls) in self._failing
        if not fails or self._after:
            done = call()
            if not fails:
                return done
        raise StoreError(_SAID[self._fault], self.store.url)

    def renew(self, owner: str, ttl: float) -> None:
        """As the other store does it."""
        return self._do("renew", lambda: self.store.renew(owner, ttl))

    def retire(self, owner: str) -> Sequence[str]:
        """As the other store does it."""
        return self._do("retire", lambda: self.store.retire(owner))

    def create(self, run: NewRun, owner: str, nodes: Sequence[KeptNode] = ()) -> Claim | KeptRun:
        """As the other store does it."""
        return self._do("create", lambda: self.store.create(run, owner, nodes))

    def claim(
        self,
        run_id: str,
        owner: str,
        *,
        max_recoveries: int | None = None,
        again: bool = False,
        at: float | None = None,
    ) -> Claim | KeptRun | None:
        """As the other store does it."""
        return self._do(
            "claim", lambda: self.store.claim(run_id, owner, max_recoveries=max_recoveries, again=again, at=at)
        )

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        """As the other store does it."""
        return self._do("commit", lambda: self.store.commit(commits))

    def delete(self, run_ids: Sequence[str]) -> Sequence[str]:
        """As the other store does it."""
        return self._do("delete", lambda: self.store.delete(run_ids))

    def post(self, run_id: str, kind: str, name: str, payload: str, at: float, dedup: str | None = None) -> int | None:
        """As the other store does it."""
        return self._do("post", lambda: self.store.post(run_id, kind, name, payload, at, dedup))

    def inbox(self, owner: str, after: int = 0) -> Sequence[Message]:
        """As the other store does it."""
        return self._do("inbox", lambda: self.store.inbox(owner, after))

    def run(self, run_id: str) -> KeptRun | None:
        """As the other store does it."""
        return self._do("run", lambda: self.store.run(run_id))

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """As the other store does it."""
        return self._do("nodes", lambda: self.store.nodes(run_id, keys))

    def attempts(self, run_id: str, key: str | None = None) -> Sequence[KeptAttempt]:
        """As the other store does it."""
        return self._do("attempts", lambda: self.store.attempts(run_id, key))

    def events(self, run_id: str, after: int = 0, limit: int | None = None) -> Sequence[KeptEvent]:
        """As the other store does it."""
        return self._do("events", lambda: self.store.events(run_id, after, limit))

    def messages(self, run_id: str) -> Sequence[Message]:
        """As the other store does it."""
        return self._do("messages", lambda: self.store.messages(run_id))

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
        """As the other store does it."""
        return self._do(
            "runs",
            lambda: self.store.runs(
                status=status,
                workflow=workflow,
                parent=parent,
                created_before=created_before,
                ended_before=ended_before,
                prefix=prefix,
                limit=limit,
                after=after,
            ),
        )

    def adrift(
        self, limit: int = 100, *, stuck: bool = False, after: tuple[float, str] | None = None
    ) -> Sequence[KeptRun]:
        """As the other store does it."""
        return self._do("adrift", lambda: self.store.adrift(limit, stuck=stuck, after=after))

    def close(self) -> None:
        """Close the other one."""
        self.store.close()
