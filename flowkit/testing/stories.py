"""What happened in a simulated run, kept as it happens and told as numbered lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs

from flowkit.testing.outside import Effect

if TYPE_CHECKING:
    from flowkit.engine.kept import Commit, KeptNode
    from flowkit.testing.processes import Process
    from flowkit.testing.worlds import WorldEvent

__all__ = ["Mark", "Note", "Wrote", "lines"]


@attrs.frozen(eq=False)
class Wrote:
    """A process asked for something to be written."""

    process: Process
    commit: Commit
    done: bool
    """Whether it was."""
    newest: int
    """The generation of the newest claim of the run, at that moment."""
    prefix: str = ""
    """What the keys of its nodes begin with: of a run that a step started, what that is called."""
    turn: int = 0
    """How often the run had been taken up again after it had failed."""


@attrs.frozen(eq=False)
class Note:
    """Something else."""

    text: str


@attrs.frozen(eq=False)
class Mark:
    """An event of the world, which happened here."""

    event: WorldEvent
    text: str


Entry = Effect | Wrote | Note | Mark

_OVER: Final = {"succeeded": "has succeeded", "failed": "has failed", "cancelled": "is cancelled"}
_ENDED: Final = frozenset({"succeeded", "failed", "timed_out"})


@attrs.define(eq=False)
class _Line:
    key: str
    said: list[str]
    mark: str = ""


class _Telling:
    """The lines of a story, as they come."""

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self._open: dict[tuple[int, str], _Line] = {}
        self._effects: dict[str, int] = {}

    def add(self, key: str, *said: str) -> _Line:
        line = _Line(key, list(said))
        self.lines.append(line)
        return line

    def effect(self, one: Effect) -> None:
        said = [f"attempt {one.attempt}"]
        if one.spec.is_effect:
            count = self._effects[one.key] = self._effects.get(one.key, 0) + 1
            said.append(f"effect #{count}" + ("" if one.asked_key else ", no idempotency key"))
        if one.ended == "raised":
            said.append(f"raised {type(one.error).__name__}")
        self._open[one.process.number, one.key] = self.add(one.key, *said)

    def wrote(self, one: Wrote) -> None:
        commit, number = one.commit, one.process.number
        if not one.done:
            own = commit.lease.generation
            self.add("", f"engine {number} is refused: its generation is {own}, the newest {one.newest}")
            return
        for node in commit.nodes:
            self._node(node, one.prefix + node.key, number)
        if commit.run is not None and commit.run.status in _OVER:
            what = f"`{one.prefix.rstrip('/')}`" if one.prefix else "the run"
            self.add("", f"{what} {_OVER[commit.run.status]}")

    def _node(self, node: KeptNode, key: str, number: int) -> None:
        line = self._open.get((number, key))
        if node.sequence and node.status in _ENDED:
            said = "recorded" if node.status == "succeeded" else f"{node.status.replace('_', ' ')}, recorded"
            if line is not None and not line.mark.startswith("<- the process dies"):
                line.said.append(said)
            else:
                self.add(key, f"{_error_of(node)}{said}")
        elif node.status == "retrying" and line is not None:
            line.said.append("to be tried again, recorded")
        elif node.status == "waiting":
            self.add(key, "waits, recorded")
        elif node.status == "skipped":
            self.add(key, "skipped")

    def mark(self, one: Mark) -> None:
        key = one.event.key
        last = self.lines[-1] if self.lines else None
        if last is None or last.mark or last.key != key or not key:
            last = self.add(key, f"{one.event.when} {one.event.point}")
        last.mark = f"<- {one.text}"


def _error_of(node: KeptNode) -> str:
    if node.error is None:
        return ""
    error = json.loads(node.error)
    kind = error.get("type", "") if isinstance(error, dict) else ""
    return f"{str(kind).rpartition(':')[2].rpartition('.')[2]}, " if kind else ""


def lines(happened: Sequence[Entry]) -> list[str]:
    """What happened, line by line; the one where an event of the world happened ends with an arrow."""
    telling = _Telling()
    for one in happened:
        if isinstance(one, Effect):
            telling.effect(one)
        elif isinstance(one, Wrote):
            telling.wrote(one)
        elif isinstance(one, Mark):
            telling.mark(one)
        else:
            telling.add("", one.text)
    wide = max((len(line.key) for line in telling.lines), default=0)
    texts = []
    for line in telling.lines:
        said = "   ".join(line.said)
        texts.append(f"{line.key:<{wide}}   {said}" if line.key else said)
    longest = max((len(text) for text, line in zip(texts, telling.lines, strict=True) if line.mark), default=0)
    digits = len(str(len(texts)))
    return [
        f"{number:>{digits}}. " + (f"{text:<{longest}}   {line.mark}" if line.mark else text)
        for number, (text, line) in enumerate(zip(texts, telling.lines, strict=True), 1)
    ]
