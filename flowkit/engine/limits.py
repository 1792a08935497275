"""The limits that the runs of an engine share: who has a place, and who is next."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from flowkit.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowkit.engine.ports import Ticked
    from flowkit.policies import Limit

__all__ = ["Limits"]


class Limits:
    """Places by the names of limits. Any thread may ask; nothing here waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Limit] = {}
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, deque[Ticked]] = {}

    def know(self, limits: Iterable[Limit]) -> None:
        """Take note of the limits of a graph.

        Raises `PolicyError` for a name with two sizes; one that nobody has a place of may have another one from now on.
        """
        with self._lock:
            meant: dict[str, Limit] = {name: limit for name, limit in self._known.items() if self._taken.get(name)}
            for limit in limits:
                known = meant.setdefault(limit.name, limit)
                if known != limit:
                    message = f"two limits of one name: {known} and {limit}; define it once, and use that for all steps"
                    raise PolicyError(message)
            self._known = meant

    def take(self, limit: Limit, claim: Ticked) -> bool:
        """Take a place; False where there is none: the claim is in line then, and ticked when it has one."""
        with self._lock:
            waiting = self._waiting.setdefault(limit.name, deque())
            taken = self._taken.get(limit.name, 0)
            if waiting or taken >= limit.places:
                waiting.append(claim)
                return False
            self._taken[limit.name] = taken + 1
            return True

    def leave(self, limit: Limit, claim: Ticked) -> bool:
        """Step out of the line; False where the claim isn't in it, since it has its place already."""
        with self._lock:
            try:
                self._waiting[limit.name].remove(claim)
            except (KeyError, ValueError):
                return False
            return True

    def give_back(self, limit: Limit) -> Ticked | None:
        """Give a place back; it is that of the claim that this returns, if one was in line."""
        with self._lock:
            waiting = self._waiting.get(limit.name)
            if waiting:
                return waiting.popleft()
            self._taken[limit.name] -= 1
            return None
