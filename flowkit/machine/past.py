"""What is on record of a run that was begun before: by this process or by one that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowkit.errors import CancelReason
    from flowkit.machine.waiting import Waiting

__all__ = ["Past", "Was"]


class Was:
    """A node, as it was known last."""

    __slots__ = (
        "asked",
        "attempts",
        "deadline",
        "due",
        "ended",
        "error",
        "gate",
        "handled",
        "is_back",
        "is_replaced",
        "key",
        "sequence",
        "started",
        "status",
        "stood_in",
        "value",
        "why",
        "wiring",
        "won",
    )

    def __init__(self, key: str, status: str) -> None:
        self.key = key
        self.status = status
        self.sequence = 0
        """Its place among the ends that others go on from; 0 if it has none of its own to come back with."""
        self.attempts = 0
        self.value: str | None = None
        """As it is kept."""
        self.error: BaseException | None = None
        self.wiring = ""
        self.why = ""
        self.started: float | None = None
        self.ended: float | None = None
        self.due: float | None = None
        """When what it waited for is due. All times here are times of day."""
        self.deadline: float | None = None
        self.asked: bool | None = None
        """What its condition said, if it was asked."""
        self.stood_in = False
        """Whether its value is a fallback's."""
        self.handled = True
        """Of a failure: whether somebody took it."""
        self.is_replaced = False
        """Whether its value was put in the place of another: then nothing that came after it counts."""
        self.is_back = False
        """Whether its end has come back."""
        self.gate: Waiting | None = None
        """What it asks, if it is a gate that was open and hasn't opened again."""
        self.won: tuple[str, ...] = ()
        """Of a choice: the keys of those that were chosen."""

    def __repr__(self) -> str:
        return f"<{self.key} was {self.status}>"


class Past:
    """All that is on record of a run."""

    __slots__ = ("_newest", "_next", "_order", "cancelled", "expires", "is_any", "nodes")

    def __init__(
        self,
        nodes: Iterable[Was] = (),
        cancelled: tuple[CancelReason, str] | None = None,
        *,
        is_any: bool = True,
        newest: int = 0,
    ) -> None:
        self.is_any = is_any
        """Whether somebody had the run before."""
        self.expires = False
        """Whether what hasn't come back by the end of that counts no more: so it is with forks."""
        self.nodes: dict[str, Was] = {was.key: was for was in nodes}
        self.cancelled = cancelled
        """Why it was to end early, with what was said about it; None if it wasn't."""
        self._newest = newest
        """The highest place that an end has which counts no more."""
        self._order = sorted(was.sequence for was in self.nodes.values() if was.sequence)
        self._next = 0

    def find(self, key: str) -> Was | None:
        """What is on record under a key."""
        return self.nodes.get(key)

    @property
    def newest(self) -> int:
        """The highest place that an end has."""
        return max(self._newest, self._order[-1] if self._order else 0)

    def drop(self, keys: Iterable[str]) -> None:
        """These count no more."""
        for key in keys:
            self.nodes.pop(key, None)

    def expire(self) -> list[str]:
        """Forget what hasn't come back, but for results that were replaced; the keys of that."""
        gone = [key for key, was in self.nodes.items() if not was.is_back and not was.is_replaced]
        for key in gone:
            del self.nodes[key]
        return gone

    def forget(self) -> None:
        """Let go of what has come back."""
        for key in [key for key, was in self.nodes.items() if was.is_back]:
            del self.nodes[key]

    def is_next(self, sequence: int) -> bool:
        """Whether nothing on record ended before this that hasn't come back."""
        return self._next < len(self._order) and self._order[self._next] == sequence

    def came_back(self, sequence: int) -> None:
        """This end is there again. What is missing before it doesn't come any more."""
        order = self._order
        while self._next < len(order) and order[self._next] <= sequence:
            self._next += 1
