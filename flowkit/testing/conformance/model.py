"""What a store is, as the protocol's sentences say it and no faster: the oracle of the state machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from flowkit.engine.kept import Claim, Commit, KeptAttempt, KeptEvent, KeptNode, KeptRun, Lease, Message, NewRun
from flowkit.errors import IllegalTransition, RunNotFound
from flowkit.testing.conformance.ground import StoreClock

__all__ = ["Known", "Model"]

ENDS: Final = ("succeeded", "failed", "cancelled")


@attrs.define
class Known:
    """All that is known of a run."""

    run: KeptRun
    newest: Lease
    nodes: list[KeptNode]
    attempts: list[KeptAttempt] = attrs.field(factory=list)
    events: list[KeptEvent] = attrs.field(factory=list)
    messages: list[Message] = attrs.field(factory=list)
    ever: list[Message] = attrs.field(factory=list)
    """Those that are done with, too."""


class Model:
    """Sentences of the protocol, one after the other; numbers of messages are the store's own."""

    def __init__(self, clock: StoreClock) -> None:
        self.clock = clock
        self.leases: dict[str, tuple[float, float]] = {}
        self.known: dict[str, Known] = {}

    def is_good(self, owner: str) -> bool:
        """It is good from when it was renewed on, until its time has gone by."""
        if owner not in self.leases:
            return False
        renewed, ttl = self.leases[owner]
        return renewed <= self.clock.now and self.clock.now - renewed < ttl

    def run(self, run_id: str) -> KeptRun | None:
        """A run as it is now: whether it is held is the clock's word."""
        if run_id not in self.known:
            return None
        run = self.known[run_id].run
        return attrs.evolve(run, is_held=self.is_good(run.owner))

    def all(self) -> list[KeptRun]:
        """All runs, the newest first."""
        runs = [run for run_id in self.known if (run := self.run(run_id)) is not None]
        return sorted(runs, key=lambda run: (run.created, run.run_id), reverse=True)

    def renew(self, owner: str, ttl: float) -> None:
        """An owner that isn't known becomes known."""
        self.leases[owner] = self.clock.now, ttl

    def retire(self, owner: str) -> list[str]:
        """Nobody has its runs from here on."""
        self.leases.pop(owner, None)
        left = [run for run in reversed(self.all()) if run.owner == owner]
        for run in left:
            self.change(run.run_id, owner="")
        return [run.run_id for run in left if run.status not in ENDS]

    def change(self, run_id: str, **changes: Any) -> None:
        """What is different about a run from here on."""
        self.known[run_id].run = attrs.evolve(self.known[run_id].run, **changes)

    def create(self, new: NewRun, owner: str, nodes: Sequence[KeptNode]) -> Claim | KeptRun | None:
        """Had by its owner with generation 1, `running`; or the id is taken."""
        if new.run_id in self.known:
            return self.run(new.run_id)
        run = KeptRun(
            **attrs.asdict(new), status="running", changed=new.created, ended=None, result=None, error=None, owner=owner,
            generation=1, is_held=False, recoveries=0, in_vain=0, resumes=0, stuck="",
        )  # fmt: skip
        self.known[new.run_id] = Known(run, Lease(new.run_id, owner, 1), replaced([], nodes, "key"))
        return self.claimed(new.run_id)

    def claimed(self, run_id: str) -> Claim | None:
        """What whoever has just taken a run is told."""
        run = self.run(run_id)
        return None if run is None else Claim(self.known[run_id].newest, run)

    def claim(
        self, run_id: str, owner: str, *, max_recoveries: int | None, again: bool, at: float | None
    ) -> Claim | KeptRun | None:
        """Taken if nobody has it, or whose owner's lease isn't good."""
        run = self.run(run_id)
        if run is None:
            return None
        resumes = again and run.status == "failed"
        if run.status in ENDS and not resumes:
            return run
        if run.owner and (run.owner == owner or self.is_good(run.owner)):
            return run
        recovers = run.owner != ""
        if recovers and max_recoveries is not None and run.in_vain >= max_recoveries:
            return run
        if resumes:
            changed = run.changed if at is None else at
            self.change(run_id, status="running", changed=changed, ended=None, result=None, error=None)
        self.change(
            run_id, owner=owner, generation=run.generation + 1, recoveries=run.recoveries + recovers,
            in_vain=0 if resumes else run.in_vain + recovers, resumes=run.resumes + resumes, stuck="",
        )  # fmt: skip
        self.known[run_id].newest = Lease(run_id, owner, run.generation + 1)
        return self.claimed(run_id)

    def commit(self, commits: Sequence[Commit]) -> list[bool]:
        """Each that has the newest lease of its run is written."""
        written: list[bool] = []
        for commit in commits:
            known = self.known.get(commit.lease.run_id)
            written.append(known is not None and known.newest == commit.lease)
            if known is not None and written[-1]:
                self.write(known, commit)
        return written

    def write(self, known: Known, commit: Commit) -> None:
        """Void first; the run's end stays."""
        known.nodes = [node for node in known.nodes if node.key not in commit.void]
        known.attempts = [attempt for attempt in known.attempts if attempt.key not in commit.void]
        known.nodes = replaced(known.nodes, commit.nodes, "key")
        known.attempts = replaced(known.attempts, commit.attempts, "key", "attempt")
        for event in commit.events:
            if event.number not in [one.number for one in known.events]:
                known.events.append(event)
        known.messages = [message for message in known.messages if message.number not in commit.taken]
        run_id, change = commit.lease.run_id, commit.run
        if change is not None and known.run.status not in ENDS:
            self.change(
                run_id, status=change.status, result=change.result, error=change.error, stuck=change.stuck,
                changed=known.run.changed if known.run.status == change.status else change.at,
                ended=change.at if change.status in ENDS else None,
            )  # fmt: skip
        if commit.advances:
            self.change(run_id, in_vain=0)
        if commit.release:
            self.change(run_id, owner="")

    def delete(self, run_ids: Sequence[str]) -> set[str]:
        """Those that have ended, with everything of theirs."""
        gone = {run_id for run_id in run_ids if run_id in self.known and self.known[run_id].run.status in ENDS}
        for run_id in gone:
            del self.known[run_id]
        return gone

    def refuses(self, run_id: str) -> type[Exception] | None:
        """What is raised for a message of this run."""
        if run_id not in self.known:
            return RunNotFound
        return IllegalTransition if self.known[run_id].run.status in ENDS else None

    def was_kept(self, run_id: str, kind: str, name: str, dedup: str | None) -> bool:
        """A cancel counts once, a decision once for a gate, a signal once for each `dedup`."""
        ever = [one for one in self.known[run_id].ever if one.kind == kind]
        if kind == "cancel":
            return bool(ever)
        if kind == "decision":
            return name in [one.name for one in ever]
        return dedup is not None and (name, dedup) in [(one.name, one.dedup) for one in ever]

    def post(self, message: Message) -> None:
        """Keep one that the store has given a number."""
        self.known[message.run_id].messages.append(message)
        self.known[message.run_id].ever.append(message)

    def inbox(self, owner: str, after: int) -> list[Message]:
        """Of runs that this owner has."""
        found = [one for known in self.known.values() if known.run.owner == owner for one in known.messages]
        return sorted((one for one in found if one.number > after), key=lambda one: one.number)

    def messages(self) -> list[Message]:
        """All that aren't done with."""
        return [message for known in self.known.values() for message in known.messages]

    def shown(self, run: KeptRun) -> str:
        """What is lost has no other status."""
        return "lost" if run.is_lost else run.status

    def adrift(self, *, stuck: bool = False) -> list[KeptRun]:
        """That nobody has, or somebody who died."""
        left = [run for run in reversed(self.all()) if run.status not in ENDS and not run.is_held]
        return [run for run in left if bool(run.stuck) is stuck]


def replaced(old: Iterable[Any], new: Iterable[Any], *names: str) -> list[Any]:
    """Each new one in the place of the old one that has the same name."""
    found = {tuple(getattr(one, name) for name in names): one for one in old}
    found.update({tuple(getattr(one, name) for name in names): one for one in new})
    return list(found.values())
