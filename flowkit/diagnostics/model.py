"""What a finding is: frozen data about places in source, and nothing of how it looks."""

from __future__ import annotations

import enum
from typing import Final

import attrs

__all__ = ["Diagnostic", "Label", "Level", "Span"]


class Level(enum.StrEnum):
    """How much a finding matters; `error > warning > hint`, also against the plain words."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"

    # A str would compare by letters, and `functools.total_ordering` leaves inherited comparisons alone.
    def __lt__(self, other: str) -> bool:
        return _RANKS[self] < _RANKS[Level(other)]

    def __le__(self, other: str) -> bool:
        return _RANKS[self] <= _RANKS[Level(other)]

    def __gt__(self, other: str) -> bool:
        return _RANKS[self] > _RANKS[Level(other)]

    def __ge__(self, other: str) -> bool:
        return _RANKS[self] >= _RANKS[Level(other)]


_RANKS: Final = {Level.HINT: 0, Level.WARNING: 1, Level.ERROR: 2}


@attrs.frozen
class Span:
    """A stretch of source: lines and columns count from 1, in characters, and `end_column` is exclusive.

    What isn't known is 0: without columns it is a whole line, without a line it is a whole file.
    `text` holds the complete source lines from `line` to `end_line`, without the last newline, or
    is empty when the source can't be read.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    text: str = ""

    @property
    def covered(self) -> str:
        """The source of the stretch itself, the code of the whole line where columns aren't known."""
        if not self.column:
            return self.text.strip()
        lines = self.text.split("\n")
        lines[-1] = lines[-1][: self.end_column - 1]
        lines[0] = lines[0][self.column - 1 :]
        return "\n".join(lines)


@attrs.frozen
class Label:
    """A place and what is to be said about it; the primary one is where the mistake is."""

    span: Span
    text: str = ""
    primary: bool = True


@attrs.frozen
class Diagnostic:
    """One mistake, told once: what is wrong (`title`), where (`labels`), and the way out (`helps`).

    The title stands alone: lower case, identifiers in backticks, no full stop. `str()` gives
    the plain rendering, so that whoever raises findings needs to know no renderer.
    """

    code: str
    level: Level
    title: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()

    @property
    def span(self) -> Span | None:
        """Where the mistake is: the first primary place, else the first one, else nowhere."""
        first = next((label for label in self.labels if label.primary), None)
        if first is None and self.labels:
            first = self.labels[0]
        return None if first is None else first.span

    def __str__(self) -> str:
        from flowkit.diagnostics.rendering import render  # the renderer imports this module

        return render((self,))
