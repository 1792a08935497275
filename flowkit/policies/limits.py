"""Limits that several steps share."""

from __future__ import annotations

import attrs

from flowkit.errors import PolicyError

from .durations import is_a, is_whole

__all__ = ["Limit"]


@attrs.frozen
class Limit:
    """At most so many attempts at a time, of all steps with a limit of this name, in all runs of an engine.

    `Limit("db", 4)`. Whoever has waited longest goes first. An attempt holds its place until it really ends, also one
    that was left behind.
    """

    name: str
    places: int

    def __attrs_post_init__(self) -> None:
        if not is_a(str, self.name) or not self.name.strip():
            raise PolicyError(f'a Limit is called by a name, as in Limit("db", 4), not {self.name!r}')
        if not is_whole(self.places) or self.places < 1:
            raise PolicyError(f"Limit({self.name!r}, {self.places!r}) lets nothing run; write 1 or more")
