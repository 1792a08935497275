"""What is kept as rows, and rows as what is kept: with sums, so that nothing comes back that wasn't written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import attrs

from flowkit.engine.kept import Commit, KeptAttempt, KeptEvent, KeptNode, KeptRun, Message, NewRun
from flowkit.errors import StoreError
from flowkit.stores.fitting import ATTEMPT, EVENT, NODE, STATUSES, Row, shown
from flowkit.stores.sqlite.blobs import Blobs
from flowkit.stores.sqlite.sums import Misfit, real, salt_of, sum_of

__all__ = [
    "ATTEMPTS",
    "EVENTS",
    "FINAL",
    "GOOD",
    "HELD",
    "MESSAGES",
    "NODES",
    "OWNED",
    "RUN",
    "Prepared",
    "Rows",
]

FINAL: Final = ("succeeded", "failed", "cancelled")

_LIVING: Final = "iif(renewed <= ?1 AND ?1 - renewed < ttl, iif(owners.file IS NULL, 1, NOT is_gone(owners.owner, owners.file, renewed)), 0)"
"""Of an owner, whether its lease is good at a time, the first that is given, and its process isn't gone."""

# The limit, which is none, has each owner be asked for once, and not for each of its runs.
OWNED: Final = (
    f"runs LEFT JOIN (SELECT owner, {_LIVING} AS lives FROM owners LIMIT -1) AS owners ON owners.owner = runs.owner"
)
"""Runs, with what is known of their owners at a time, the first that is given."""

HELD: Final = "coalesce(lives, 0)"
"""Of one of `OWNED`, whether it has an owner who lives."""

GOOD: Final = f"coalesce((SELECT {_LIVING} FROM owners WHERE owners.owner = runs.owner), 0)"
"""The same of a single run, for which only its own owner is asked for."""

RUN: Final = (
    "run_id, workflow, digest, created, parent, origin, status, changed, ended, runs.owner, generation, recoveries, "
    "in_vain, resumes, stuck, born_sum, state_sum, arguments, arguments_blob, result, result_blob, error, " + GOOD
)
"""What is asked for a run, given a time first."""

NODES: Final = (
    "key, step, kind, status, sequence, attempts, reason, why, wiring, started, ended, due, deadline, facts, "
    "value, value_blob, error, sum"
)
ATTEMPTS: Final = "key, attempt, started, ended, status, why, delay, error, sum"
EVENTS: Final = "number, at, kind, key, data, sum"
MESSAGES: Final = "kind, name, payload, at, dedup, sum"


@attrs.define
class Prepared:
    """A commit as rows: made before the right to write is asked for."""

    commit: Commit
    nodes: list[Row]
    attempts: list[Row]
    events: list[Row]
    result: tuple[str | None, bytes | None]
    """Of the run: its text, or the file that has it."""


def _attempt(salt: int, attempt: KeptAttempt) -> Row:
    key, number, started, ended, status, why, delay, error = ATTEMPT(attempt)
    if number < 1:  # where that would be kept, the node is
        raise Misfit
    row = (key, number, real(started), real(ended), status, why, real(delay), error)
    return (*row, sum_of(row, salt))


def _event(salt: int, event: KeptEvent) -> Row:
    number, at, kind, key, data = EVENT(event)
    row = (number, real(at), kind, key, data)
    return (*row, sum_of(row, salt))


class Rows:
    """Turns what is kept into rows and back. What is large goes into files on the way out.

    Whether values fit is left to SQLite, except for NaN, which it takes for nothing: who is told that something doesn't
    (`MISFITS`) finds out what.
    """

    def __init__(self, store: str, blobs: Blobs, threshold: int) -> None:
        self._store = store
        self._blobs = blobs
        self._threshold = threshold
        self._surely_small = threshold // 4

    # -- out ------------------------------------------------------------------------------------------------------------

    def apart(self, text: str | None, large: dict[bytes, bytes]) -> tuple[str | None, bytes | None]:
        """A text and the name of the file that has it: one of both is None. `large` learns of the file."""
        if text is None or len(text) <= self._surely_small or len(data := text.encode()) <= self._threshold:
            return text, None
        digest = self._blobs.put(data)
        large[digest] = data
        return None, digest

    def commit(self, commit: Commit, large: dict[bytes, bytes]) -> Prepared:
        """All its rows, without the number of its run and the places of nodes."""
        salt = salt_of(commit.lease.run_id)
        if commit.run is not None and commit.run.status not in STATUSES:
            raise Misfit
        return Prepared(
            commit,
            self._nodes(salt, commit.nodes, large),
            [_attempt(salt, attempt) for attempt in commit.attempts],
            [_event(salt, event) for event in commit.events],
            (None, None) if commit.run is None else self.apart(commit.run.result, large),
        )

    def new_nodes(self, run_id: str, nodes: Sequence[KeptNode], large: dict[bytes, bytes]) -> list[Row]:
        """The rows of nodes, without the number of their run and their places."""
        return self._nodes(salt_of(run_id), nodes, large)

    def _nodes(self, salt: int, nodes: Sequence[KeptNode], large: dict[bytes, bytes]) -> list[Row]:
        rows: list[Row] = []
        for node in nodes:
            *told, started, ended, due, deadline, facts, value, error = NODE(node)
            value, blob = self.apart(value, large)
            times = (real(started), real(ended), real(due), real(deadline))
            row = (*told, *times, facts, value, blob, error)
            rows.append((*row, sum_of(row, salt)))
        return rows

    def message(self, run_id: str, kind: str, name: str, payload: str, at: float, dedup: str | None) -> Row:
        """Its row, without the number of its run, and before it has one of its own."""
        row = (kind, name, payload, real(at), dedup)
        return (*row, sum_of(row, salt_of(run_id)))

    def born(self, run: NewRun, large: dict[bytes, bytes]) -> Row:
        """What never changes of a run: id, workflow, digest, creation, parent, origin, arguments, their file."""
        arguments, blob = self.apart(run.arguments, large)
        row = (run.run_id, run.workflow, run.digest, real(run.created), run.parent, run.origin, arguments, blob)
        return (*row, sum_of(row, salt_of(run.run_id)))

    def state(self, run_id: str, state: Row) -> Row:
        """Status, when that came, end, result, its file and error, of a run as it is from now on."""
        status, changed, ended, result, blob, error = state
        row = (status, real(changed), real(ended), result, blob, error)
        return (*row, sum_of(row, salt_of(run_id)))

    # -- back -----------------------------------------------------------------------------------------------------------

    def as_run(self, row: Row) -> KeptRun:
        """A run of what `RUN` asks for."""
        run_id, workflow, digest, created, parent, origin, status, changed, ended, owner, generation = row[:11]
        recoveries, in_vain, resumes, stuck, born_sum, state_sum, arguments, arguments_blob, result, result_blob = row[
            11:21
        ]
        error, is_held = row[21:]
        whose = f"run `{shown(str(run_id))}`"
        born = (run_id, workflow, digest, created, parent, origin, arguments, arguments_blob)
        state = (status, changed, ended, result, result_blob, error)
        salt = salt_of(run_id)
        if sum_of(born, salt) != born_sum or sum_of(state, salt) != state_sum:
            self.damaged(whose)
        return KeptRun(
            run_id=run_id,
            workflow=workflow,
            arguments=self._whole(arguments, arguments_blob, whose, "arguments") or "",
            digest=digest,
            created=created,
            parent=parent,
            origin=origin,
            status=status,
            changed=changed,
            ended=ended,
            result=self._whole(result, result_blob, whose, "result"),
            error=error,
            owner=owner,
            generation=generation,
            is_held=bool(is_held),
            recoveries=recoveries,
            in_vain=in_vain,
            resumes=resumes,
            stuck=stuck,
        )

    def as_node(self, run_id: str, row: Row) -> KeptNode:
        """A node of its row."""
        *kept, told = row
        key, step, kind, status, sequence, attempts, reason, why, wiring, *times, facts, value, blob, error = kept
        if sum_of(tuple(kept), salt_of(run_id)) != told:
            self.damaged(f"run `{shown(str(run_id))}`, node `{shown(str(key))}`")
        started, ended, due, deadline = times
        return KeptNode(
            key=key,
            step=step,
            kind=kind,
            status=status,
            sequence=sequence,
            attempts=attempts,
            value=value
            if blob is None
            else self._blobs.get(blob, f"run `{shown(str(run_id))}`, node `{shown(str(key))}`"),
            error=error,
            reason=reason,
            why=why,
            wiring=wiring,
            started=started,
            ended=ended,
            due=due,
            deadline=deadline,
            facts=facts,
        )

    def as_attempt(self, run_id: str, row: Row) -> KeptAttempt:
        """An attempt of its row."""
        *kept, told = row
        key, number, started, ended, status, why, delay, error = kept
        if sum_of(tuple(kept), salt_of(run_id)) != told:
            self.damaged(f"run `{shown(str(run_id))}`, attempt {number} of `{shown(str(key))}`")
        return KeptAttempt(key, number, started, ended, status, error, why, delay)

    def as_event(self, run_id: str, row: Row) -> KeptEvent:
        """An event of its row."""
        *kept, told = row
        if sum_of(tuple(kept), salt_of(run_id)) != told:
            self.damaged(f"run `{shown(str(run_id))}`, event {kept[0]}")
        return KeptEvent(*kept)

    def as_message(self, run_id: str, number: int, row: Row) -> Message:
        """A message of its row."""
        *kept, told = row
        if sum_of(tuple(kept), salt_of(run_id)) != told:
            self.damaged(f"run `{shown(str(run_id))}`, message {number}")
        return Message(number, run_id, *kept)

    def _whole(self, text: str | None, blob: bytes | None, whose: str, what: str) -> str | None:
        return text if blob is None else self._blobs.get(blob, f"{whose}, {what}")

    def damaged(self, whose: str) -> NoReturn:
        """Say that what is kept of somebody can't be believed."""
        raise StoreError(
            f"{whose}: what is kept isn't what was written (its sum is another): the file is damaged; restore it from "
            "a copy, or delete the run",
            self._store,
        )
