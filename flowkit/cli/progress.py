"""A run in a terminal: one line for each step, drawn anew a few times a second, however many events there are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flowkit.engine import events
from flowkit.graph import Kind

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from flowkit.graph import Graph

__all__ = ["Progress"]

_BAR: Final = 24
_MARGIN: Final = 4
"""Lines of the terminal that aren't for steps."""


class _Tally:
    """How the calls of one step are doing."""

    __slots__ = ("done", "failed", "given_up", "label", "open", "retrying", "running", "total")

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
        return Text(self.label), bar, f"{self.done:,}/{self.total:,}{'+' if self.open else ''}", Text(", ").join(words)


class Progress:
    """What happened so far. Told from one thread, drawn by another."""

    def __init__(self, graph: Graph, label: str, console: Console) -> None:
        self._label = label
        self._console = console
        self._began = time.monotonic()
        self._tallies: dict[str, _Tally] = {}
        self._maps: set[str] = set()
        self._active: dict[str, str] = {}
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
            self._maps.discard(event.key)
            tally.open -= 1
            tally.total += event.count
        elif isinstance(event, events.StepStarted):
            self._move(tally, event.key, "running")
        elif isinstance(event, events.StepRetrying):
            self._move(tally, event.key, "retrying")
        elif isinstance(event, _ENDS):
            self._end(tally, event)

    def _end(self, tally: _Tally, event: events.StepEvent) -> None:
        self._move(tally, event.key, "")
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
        before = self._active.pop(key, "")
        tally.running += (state == "running") - (before == "running")
        tally.retrying += (state == "retrying") - (before == "retrying")
        if state:
            self._active[key] = state

    def picture(self) -> RenderableType:
        """The run as it is now, as far as the terminal is high: what runs goes first."""
        room = max(self._console.height - _MARGIN, 1)
        tallies = list(self._tallies.values())
        shown = tallies
        if len(tallies) > room:
            by_interest = sorted(tallies, key=lambda one: (not (one.running or one.retrying), one.is_over))
            shown = [one for one in tallies if one in by_interest[:room]]
        table = Table.grid(padding=(0, 2))
        for tally in shown:
            table.add_row(*tally.row())
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
