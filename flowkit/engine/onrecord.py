"""What is on record of a run, found by where it stands: in which body, under which call, among which items."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from flowkit.engine.kept import KeptNode

__all__ = ["ENDED", "OnRecord", "Row"]

ENDED: Final = frozenset({"succeeded", "failed", "timed_out", "cancelled", "skipped", "blocked"})
"""The statuses of nodes that have ended."""

_PARTS: Final = re.compile(r"""(?:[^\[/]|\[(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]])*\])+""")
"""Keys are paths; the name of an item may be anything, in quotes."""
_ROUND: Final = re.compile(r"@\d+$")
_TASK: Final = re.compile(r"~\d+/$")


class Row:
    """A node that is on record."""

    __slots__ = ("_facts", "kept")

    def __init__(self, kept: KeptNode) -> None:
        self.kept = kept
        self._facts: dict[str, Any] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What else was decided about it."""
        facts = self._facts
        if facts is None:
            facts = self._facts = dict(json.loads(self.kept.facts))
        return facts

    @property
    def said(self) -> dict[str, Any]:
        """The call in words; empty for items, and for what was kept without."""
        found: dict[str, Any] = self.facts.get("said", {})
        return found

    @property
    def call(self) -> str:
        """How it was written, and where."""
        said = self.said
        return f"{said['call']}  ({said['at']})" if said.get("at") else str(said.get("call", ""))

    @property
    def is_done(self) -> bool:
        """Whether it has come to an end that others go on from."""
        return self.kept.sequence > 0

    @property
    def has_ended(self) -> bool:
        """Whether it has ended in any way."""
        return self.kept.status in ENDED

    @property
    def has_begun(self) -> bool:
        """Whether anything was done or decided for it."""
        return self.is_done or self.kept.attempts > 0 or self.facts.get("asked") is not None

    @property
    def is_replaced(self) -> bool:
        """Whether it has a result that a fork was given for it, whatever it is called with."""
        return bool(self.facts.get("replaced", False))

    @property
    def state(self) -> str:
        """How far it has come, for a sentence."""
        kept = self.kept
        if kept.status == "succeeded":
            return "is done"
        if kept.status in ("failed", "timed_out"):
            return "has failed"
        if kept.status in ENDED:
            return f"was {kept.status}"
        return "waits" if kept.status == "waiting" else "has begun"


class OnRecord:
    """The nodes of a run."""

    def __init__(self, nodes: Iterable[KeptNode]) -> None:
        self.rows: dict[str, Row] = {node.key: Row(node) for node in nodes}
        self._sorted = sorted(self.rows)
        self.items: dict[str, list[str]] = {}
        """Per map, by its key, the keys of its items."""
        self._maps: dict[str, str] = {}
        """Per item its map."""
        self._wholes: set[str] = set()
        """The keys under which there is more than a node."""
        self.bodies: dict[str, dict[str, list[str]]] = {}
        """Per body, by what its keys begin with, per name of a node in it the keys of what stands there."""
        for key in self.rows:
            scope, name, rest = parts_of(key)
            self.bodies.setdefault(scope, {}).setdefault(name, []).append(key)
            if rest:
                self._wholes.add(f"{scope}{name}")
                self._wholes.add(key.rpartition(":")[0])
            if rest.startswith("[") and rest.endswith("]"):
                self.items.setdefault(f"{scope}{name}", []).append(key)
                self._maps[key] = f"{scope}{name}"

        for scope in self.bodies:
            while scope:
                whole = _ROUND.sub("", scope.removesuffix("/"))
                self._wholes.update((whole, whole[: whole.rfind("[")] if whole.endswith("]") else whole))
                scope = parts_of(whole)[0]  # noqa: PLW2901 - up, to the body around it

    def span(self, key: str) -> tuple[int, int]:
        """The places of the first and of the last end under a key among all of the run; 0 where there is none.

        A result that was given has none: it is good whatever came first.
        """
        rows = [row for row in self.within(key) if row.is_done and not row.is_replaced]
        ends = [row.kept.sequence for row in rows if "undoes" not in row.facts]
        return (min(ends), max(ends)) if ends else (0, 0)

    def get(self, key: str) -> Row | None:
        """What is on record under a key."""
        return self.rows.get(key)

    def whole(self, key: str) -> str:
        """Of an item its map, of all else itself."""
        return self._maps.get(key, key)

    def is_effect(self, key: str) -> bool:
        """Whether this very node does something to the world. Of items, the map says so."""
        row = self.rows.get(self.whole(key))
        return row is not None and bool(row.said.get("effect", False))

    def within(self, key: str) -> Iterator[Row]:
        """All that is on record under a key: itself, its items, and what was done in its place."""
        found = self.rows.get(key)
        if found is not None:
            yield found
        if key not in self._wholes:
            return
        for mark in "/:@[":  # in the order in which they sort
            place = bisect_left(self._sorted, key + mark)
            while place < len(self._sorted) and self._sorted[place].startswith(key + mark):
                yield self.rows[self._sorted[place]]
                place += 1


def parts_of(key: str) -> tuple[str, str, str]:
    """What the keys of the body begin with that a node is in, its name there, and what follows on that."""
    last: re.Match[str] | None = None
    for last in _PARTS.finditer(key):  # noqa: B007 - the last one is wanted
        pass
    if last is None:
        return "", key, ""
    scope = key[: last.start()]
    while (task := _TASK.search(scope)) is not None:
        scope = scope[: task.start()]
    prefix = key[len(scope) : last.start()]
    name = re.split(r"[\[:@]", last[0], maxsplit=1)[0]
    return scope, prefix + name, last[0][len(name) :]
