"""A run as the store in memory has it."""

from __future__ import annotations

from typing import Final

import attrs

from flowkit.engine.kept import (
    Commit,
    KeptAttempt,
    KeptEvent,
    KeptNode,
    KeptRun,
    Lease,
    Message,
    NewRun,
    RunChange,
)
from flowkit.stores.fitting import Sameness, sameness

__all__ = ["Remembered"]

_FINAL: Final = ("succeeded", "failed", "cancelled")


@attrs.define(eq=False)
class Remembered:
    """A run, and all that is kept of it."""

    new: NewRun
    owner: str
    """Who has it; empty for nobody."""
    holder: str
    """Whom the newest lease was given to, also if it was released since."""
    changed: float
    status: str = "running"
    ended: float | None = None
    result: str | None = None
    error: str | None = None
    stuck: str = ""
    generation: int = 1
    recoveries: int = 0
    in_vain: int = 0
    resumes: int = 0
    nodes: dict[str, KeptNode] = attrs.field(factory=dict)
    attempts: dict[tuple[str, int], KeptAttempt] = attrs.field(factory=dict)
    events: dict[int, KeptEvent] = attrs.field(factory=dict)
    messages: dict[int, Message] = attrs.field(factory=dict)
    seen: set[Sameness] = attrs.field(factory=set)
    """What makes messages the same of which there is to be one."""

    @property
    def at(self) -> tuple[float, str]:
        """Its place among all runs."""
        return self.new.created, self.new.run_id

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status in _FINAL

    def write(self, commit: Commit) -> None:
        """Keep what is new."""
        if commit.void:
            void = set(commit.void)
            for key in void:
                self.nodes.pop(key, None)
            self.attempts = {which: attempt for which, attempt in self.attempts.items() if which[0] not in void}
        for node in commit.nodes:
            self.nodes[node.key] = node
        for attempt in commit.attempts:
            self.attempts[attempt.key, attempt.attempt] = attempt
        for event in commit.events:
            self.events.setdefault(event.number, event)
        for number in commit.taken:
            self.messages.pop(number, None)
        if commit.run is not None and not self.is_final:
            self.change(commit.run)
        if commit.advances:
            self.in_vain = 0

    def change(self, change: RunChange) -> None:
        """Have it become what this says."""
        if change.status != self.status:
            self.changed = change.at
        self.status, self.result, self.error, self.stuck = change.status, change.result, change.error, change.stuck
        self.ended = change.at if self.is_final else None

    def begin_again(self, at: float | None) -> None:
        """Have it run once more after it had failed."""
        self.status, self.ended, self.result, self.error = "running", None, None, None
        self.resumes += 1
        self.in_vain = 0
        self.changed = self.changed if at is None else at

    @property
    def lease(self) -> Lease:
        """The newest lease of it."""
        return Lease(self.new.run_id, self.holder, self.generation)

    def post(self, message: Message) -> bool:
        """Keep a message, unless it was kept before."""
        once = sameness(message.kind, message.name, message.dedup)
        if once is not None:
            if once in self.seen:
                return False
            self.seen.add(once)
        self.messages[message.number] = message
        return True

    def kept(self, *, is_held: bool) -> KeptRun:
        """It, for whoever asks."""
        new = self.new
        return KeptRun(
            run_id=new.run_id,
            workflow=new.workflow,
            arguments=new.arguments,
            digest=new.digest,
            created=new.created,
            parent=new.parent,
            origin=new.origin,
            status=self.status,
            changed=self.changed,
            ended=self.ended,
            result=self.result,
            error=self.error,
            owner=self.owner,
            generation=self.generation,
            is_held=is_held,
            recoveries=self.recoveries,
            in_vain=self.in_vain,
            resumes=self.resumes,
            stuck=self.stuck,
        )
