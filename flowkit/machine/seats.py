"""A limit: so many places, and who waits for one."""

from __future__ import annotations

from collections import deque

__all__ = ["Seats"]


class Seats:
    """A number of places, and who waits for one."""

    __slots__ = ("limit", "queue", "taken")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self.queue: deque[int] = deque()
        """Nodes that are ready, in the order they came."""
