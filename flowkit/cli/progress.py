"""A run in a terminal: one line for each step, drawn anew a few times a second, however many events there are."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flowkit.engine import events
from flowkit.graph import Kind

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from flowkit.graph import Graph

__all__ = ["Progress", "Words"]

Words: TypeAlias = "deque[events.StepLog | events.StepProgress]"
"""What steps tell of themselves, until it is taken note of."""

_BAR: Final = 24
_COLUMNS: Final = 4
"""Of a line, beside what its step says."""
_MARGIN: Final = 4
"""Lines of the terminal that aren't for steps."""


class _Said:
    """What a call has told of itself last: how far it is, and something in words."""

    __slots__ = ("log", "progress", "time")

    def __init__(self) -> None:
        self.log: events.StepLog | None = None
        self.progress: events.StepProgress | None = None
        self.time = 0.0

    def line(self) -> str:
        """Both in one line, without what would move a terminal's cursor."""
        parts: list[str] = []
        if (told := self.progress) is not None:
            parts.append(f"{told.done:,g}" if told.total is None else f"{told.done:,g}/{told.total:,g}")
        if self.log is not None:
            parts += str(self.log.message).strip().splitlines()[-1:]
            parts += [f"{name}={value}" for name, value in self.log.fields.items()]
        return "".join(one if one.isprintable() else " " for one in " ".join(parts))


class _Tally:
    """How the calls of one step are doing."""

    __slots__ = ("active", "done", "failed", "given_up", "label", "open", "retrying", "running", "said", "total")

    def __init__(self, label: str) -> None:
        self.label = label
        self.total = 0
        self.open = 0
        """How many maps of it aren't counted yet."""
        self.running = 0
        self.retrying = 0
        self.done = 0
        self.failed = 0
        self.given_up = 0
        """Blocked or cancelled."""
        self.said: dict[str, _Said] = {}
        """By the key of the call, the newest last."""
        self.active: dict[str, str] = {}
        """The calls that run or wait to be retried."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return not self.open and self.done + self.given_up >= self.total

    def row(self) -> tuple[RenderableType, ...]:
        """Its line."""
        words = [
            Text(f"{count:,} {word}", style=style)
            for count, word, style in (
                (self.running, "running", "cyan"),
                (self.retrying, "waiting to retry", "yellow"),
                (self.failed, "failed", "red"),
                (self.given_up, "given up", "yellow"),
            )
            if count
        ]
        finished = "red" if self.failed else "green"
        bar = ProgressBar(
            total=max(self.total, 1), completed=self.done, width=_BAR, complete_style="cyan", finished_style=finished
        )
        count = f"{self.done:,}/{self.total:,}{'+' if self.open else ''}"
        return Text(self.label), bar, count, Text(", ").join(words)

    def latest(self) -> str:
        """What one of the calls that run has told last."""
        for key in reversed(list(self.said)):  # a copy: calls end meanwhile
            said = self.said.get(key)
            if said is None or self.active.get(key) != "running":
                continue
            with contextlib.suppress(Exception):  # what was told is formatted by its own code
                return said.line() if key == self.label else f"{key}: {said.line()}"
        return ""


class Progress:
    """What happened so far. Told from one thread, drawn by another.

    `words` is what steps tell of themselves, in this run or another of the engine's. It comes directly, where events
    are read from the record a moment later.
    """

    def __init__(
        self, graph: Graph, label: str, console: Console, run_id: str = "", words: Words | None = None
    ) -> None:
        self._run_id = run_id
        self._words: Words = deque() if words is None else words
        self._label = label
        self._console = console
        self._began = time.monotonic()
        self._tallies: dict[str, _Tally] = {}
        self._maps: set[str] = set()
        for node in graph.nodes:
            if node.spec is None:
                continue
            tally = self._tallies.setdefault(node.spec.name, _Tally(node.spec.label))
            if node.kind is Kind.MAP:
                tally.open += 1
                self._maps.add(graph.keys[node.index])
            else:
                tally.total += 1

    def tell(self, event: events.Event) -> None:
        """Take note of an event."""
        if not isinstance(event, events.StepEvent) or event.step not in self._tallies:
            return
        tally = self._tallies[event.step]
        if isinstance(event, events.ItemsCollected):
            if event.key in self._maps:  # of a stream, more may come
                self._maps.discard(event.key)
                tally.open -= 1
            tally.total += event.count
        elif isinstance(event, events.StepStarted):
            said = tally.said.get(event.key)
            if said is not None and said.time < event.time:  # of the attempt before; this one may have been faster
                tally.said.pop(event.key, None)
            self._move(tally, event.key, "running")
        elif isinstance(event, events.StepRetrying):
            self._move(tally, event.key, "retrying")
        elif isinstance(event, _ENDS):
            self._end(tally, event)

    def _listen(self) -> None:
        """Take note of what steps have told of themselves."""
        while self._words:
            event = self._words.popleft()
            if event.step not in self._tallies or event.run_id != self._run_id:
                continue
            known = self._tallies[event.step].said
            said = known.pop(event.key, None) or _Said()
            said.time = event.time
            if isinstance(event, events.StepLog):
                said.log = event
            else:
                said.progress = event
            known[event.key] = said

    def _end(self, tally: _Tally, event: events.StepEvent) -> None:
        self._move(tally, event.key, "")
        tally.said.pop(event.key, None)
        if event.key in self._maps:  # a map that never got to its items
            self._maps.discard(event.key)
            tally.open -= 1
            return
        if isinstance(event, (events.StepBlocked, events.StepCancelled)):
            tally.given_up += 1
            return
        tally.done += 1
        tally.failed += isinstance(event, events.StepFailed)

    def _move(self, tally: _Tally, key: str, state: str) -> None:
        before = tally.active.pop(key, "")
        tally.running += (state == "running") - (before == "running")
        tally.retrying += (state == "retrying") - (before == "retrying")
        if state:
            tally.active[key] = state

    def picture(self) -> RenderableType:
        """The run as it is now, as far as the terminal is high: what runs goes first."""
        self._listen()
        room = max(self._console.height - _MARGIN, 1)
        tallies = list(self._tallies.values())
        shown = tallies
        if len(tallies) > room:
            by_interest = sorted(tallies, key=lambda one: (not (one.running or one.retrying), one.is_over))
            shown = [one for one in tallies if one in by_interest[:room]]
        rows = [tally.row() for tally in shown]
        said = [tally.latest() for tally in shown]
        table = Table.grid(padding=(0, 2), expand=any(said))
        for _ in range(_COLUMNS):
            table.add_column(no_wrap=True)
        if any(said):  # in the room that is left, and never in a second line
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            rows = [(*row, Text(words, style="dim")) for row, words in zip(rows, said, strict=True)]
        for row in rows:
            table.add_row(*row)
        hidden = len(tallies) - len(shown)
        return Group(self.summary(), table, *([Text(f"and {hidden:,} more steps", style="dim")] if hidden else []))

    def summary(self) -> Text:
        """One line: the workflow, how many calls are done, and how long it took."""
        done = sum(tally.done for tally in self._tallies.values())
        took = time.monotonic() - self._began
        return Text.assemble((self._label, "bold"), f"  {done:,} {'step' if done == 1 else 'steps'} in {took:.1f}s")


_ENDS: Final = (
    events.StepSucceeded,
    events.StepFailed,
    events.StepSkipped,
    events.StepBlocked,
    events.StepCancelled,
)
