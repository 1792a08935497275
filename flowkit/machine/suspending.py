"""Nodes that wait for something outside, or for a time: they hold neither a thread nor a place in a queue.

A message that comes before somebody waits for it is kept; one is taken once, by whoever has waited longest. What is
known by the same mark (`dedup`) counts once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.errors import GateRejected
from flowkit.machine.statuses import Status
from flowkit.machine.streaming import Streaming

if TYPE_CHECKING:
    from flowkit.machine.waiting import Decision, Letter, Waiting
    from flowkit.plan import Plan

__all__ = ["Suspending"]

_SUCCEEDED: Final = Status.SUCCEEDED


class Suspending(Streaming):
    """Timers, signals and gates."""

    __slots__ = ("_heard", "_waited", "mail", "taken")

    def __init__(self, plan: Plan, *, fail_fast: bool, listening: bool, keeps: bool, watched: bool) -> None:
        super().__init__(plan, fail_fast=fail_fast, listening=listening, keeps=keeps, watched=watched)
        self.mail: dict[str, deque[Letter]] = {}
        """Per signal, what came and nobody has taken."""
        self._heard: set[tuple[str, str]] = set()
        """Signals, with the marks by which they are known again."""
        self._waited: dict[int, float] = {}
        self.taken: list[int] = []
        """What a store knows those signals by that somebody has by now; for whoever puts that on record."""

    def _suspend(self, index: int, waiting: Waiting, now: float) -> None:
        """A node waits from here on."""
        if waiting.kind == "signal" and self.mail.get(waiting.name):
            self._received(index, self.mail[waiting.name].popleft(), now, early=True)
            return
        self.status[index] = Status.WAITING
        self.suspended[index] = waiting
        due = self._due_again.pop(index, None)
        if due is not None:
            self._waited[index] = due
        if waiting.seconds is not None:
            self._set_timer(now + waiting.seconds if due is None else due, "wake", index)
        if not self.listening:
            return
        if waiting.kind == "gate":
            self._tell("gate_opened", index, prompt=waiting.name, options=waiting.options, seconds=waiting.seconds)
        else:
            self._tell(f"{waiting.kind}_set", index, seconds=waiting.seconds)

    def due_of(self, index: int) -> float | None:
        """Until when a node waits that waited already when its run was left; None for others."""
        return self._waited.get(index)

    def open_gates(self) -> list[int]:
        """The gates at which somebody has to decide."""
        status = self.status
        return [i for i, waiting in self.suspended.items() if waiting.kind == "gate" and status[i] is Status.WAITING]

    def waiter(self, name: str) -> int | None:
        """The node that would take the next signal of this name."""
        return self._waiting_for("signal", name)

    def _waiting_for(self, kind: str, name: str) -> int | None:
        """Who waits for this signal, the longest first."""
        for index, waiting in self.suspended.items():
            if (waiting.kind, waiting.name) == (kind, name) and self.status[index] is Status.WAITING:
                return index
        return None

    def _received(self, index: int, letter: Letter, now: float, *, early: bool) -> None:
        if self.listening:
            self._tell("signal_received", index, early=early)
        if letter.number:
            self.taken.append(letter.number)
        self._resume(index, letter.value, now)

    def _resume(self, index: int, value: Any, now: float) -> None:
        """What a node waited for is there, or the time is over."""
        self.suspended.pop(index, None)
        self._give_back(index, self.attempts.get(index, 1))
        if isinstance(value, BaseException):
            late = isinstance(value, TimeoutError)
            self._fail(index, value, Status.TIMED_OUT if late else Status.FAILED, now)
        else:
            self.values[index] = value
            self._settle(index, _SUCCEEDED, now)

    def _decided(self, index: int, decision: Decision, now: float) -> None:
        waiting = self.suspended[index]
        if self.listening:
            self._tell("gate_resolved", index, decision=decision)
        refused = not (decision.approved or decision.timed_out) and waiting.on_reject == "fail"
        self._resume(index, GateRejected(waiting.name, decision.who, decision.feedback) if refused else decision, now)

    def _on_wake(self, index: int, _attempt: int, now: float) -> None:
        waiting = self.suspended.get(index)
        if waiting is None or self.status[index] is not Status.WAITING:
            return
        if waiting.kind == "gate" and not isinstance(waiting.late, BaseException):
            self._decided(index, waiting.late, now)
            return
        if waiting.kind == "gate" and self.listening:
            self._tell("gate_resolved", index, decision=None)
        self._resume(index, waiting.late, now)
