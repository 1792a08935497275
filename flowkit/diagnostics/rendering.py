"""Findings as text, in the manner of rustc: the headline, the source line, marks under it, the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from flowkit.diagnostics import cells
from flowkit.diagnostics.model import Diagnostic, Label, Level, Span
from flowkit.diagnostics.spans import relative

__all__ = ["render", "summary"]

_WIDTH: Final = 140  # what fits where nobody said how much fits
_ELLIPSIS: Final = "..."
_MARGIN: Final = 12  # cells of source kept in front of the marks when a long line is cut
_BOLD: Final = "1"
_BLUE: Final = "1;34"
_COLORS: Final = {Level.ERROR: "1;31", Level.WARNING: "1;33", Level.HINT: "1;36"}


def render(diagnostics: Iterable[Diagnostic], *, color: bool = False, width: int | None = None) -> str:
    """Show findings one below the other, with a blank line between them and no newline at the end.

    Source lines wider than `width` terminal columns (140 unless given) are cut around what is
    marked; texts are never wrapped. Colour is ANSI and only as `color` says: the caller knows
    the terminal.
    """
    return "\n\n".join("\n".join(_Page(found, color, width or _WIDTH).rows()) for found in diagnostics)


def summary(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Count findings in one line, such as `error: 2 errors, 1 warning`; nothing found is an empty text."""
    counts = Counter(found.level for found in diagnostics)
    if not counts:
        return ""
    levels = sorted(counts, reverse=True)
    words = [f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}" for level in levels]
    return f"{_paint(levels[0], _COLORS[levels[0]], color)}: {', '.join(words)}"


class _Page(NamedTuple):  # not attrs: this is on the way of `import flowkit`, and a tuple is made five times faster
    """One finding on its way to text."""

    found: Diagnostic
    color: bool
    width: int

    def rows(self) -> Iterator[str]:
        found, level = self.found, _COLORS[self.found.level]
        headline = self._paint(f": {cells.visible(found.title)}", _BOLD)
        code = f"[{found.code}]" if found.code else ""  # a remark about the look itself has none
        yield self._paint(f"{found.level}{code}", level) + headline
        follows_source = False
        for labels in _places(found.labels):
            if follows_source:
                yield self._bar()
            yield self._location(labels)
            follows_source = bool(labels[0].span.text)
            yield from self._excerpt(labels) if follows_source else self._without_source(labels)
        if follows_source and (found.notes or found.helps):
            yield self._bar()
        for text in found.notes:
            yield from self._remark("note", text)
        for text in found.helps:
            yield from self._remark("help", text)

    def _location(self, labels: Sequence[Label]) -> str:
        arrow = "-->" if labels[0].primary else ":::"
        return " " * self._gutter + self._paint(arrow, _BLUE) + f" {_position(labels[0].span)}"

    def _excerpt(self, labels: Sequence[Label]) -> Iterator[str]:
        yield self._bar()
        line = cells.visible(_first_line(labels[0].span))
        room = max(self.width - self._gutter - 3, 3 * _MARGIN)
        number = self._paint(str(labels[0].span.line).ljust(self._gutter) + " |", _BLUE)
        shown = None
        for label in labels:
            piece = _Piece.of(line, _marked(label.span)[0], room)
            if piece.text != shown:  # marks far apart on a line that has to be cut each get their own piece of it
                yield f"{number} {piece.text}".rstrip()
                shown = piece.text
            yield from self._marks(label, piece)

    def _marks(self, label: Label, piece: _Piece) -> Iterator[str]:
        start, stop = piece.clip(*_marked(label.span))
        style = _COLORS[self.found.level] if label.primary else _BLUE
        marks = ("^" if label.primary else "-") * (stop - start)
        first, *rest = _lines(label.text)
        yield f"{self._bar()} {' ' * start}{self._paint(f'{marks} {first}'.rstrip(), style)}"
        for text in rest:
            yield f"{self._bar()} {' ' * (stop + 1)}{self._paint(text, style)}"

    def _without_source(self, labels: Sequence[Label]) -> Iterator[str]:
        for label in labels:
            if label.text:
                yield from self._remark("note", label.text)

    def _remark(self, word: str, text: str) -> Iterator[str]:
        first, *rest = _lines(text)
        yield f"{' ' * self._gutter} {self._paint('=', _BLUE)} {self._paint(word, _BOLD)}: {first}"
        for line in rest:
            yield " " * (self._gutter + len(f" = {word}: ")) + line

    def _bar(self) -> str:
        return " " * self._gutter + " " + self._paint("|", _BLUE)

    def _paint(self, text: str, style: str) -> str:
        return _paint(text, style, self.color)

    @property
    def _gutter(self) -> int:
        return max((len(str(label.span.line)) for label in self.found.labels if label.span.text), default=1)


class _Piece(NamedTuple):
    """The part of a line that is shown, and where its cells went."""

    text: str
    first: int
    last: int
    shift: int

    @classmethod
    def of(cls, line: str, start: int, room: int) -> _Piece:
        total = cells.width(line)
        if max(total, start + 1) <= room:  # a mark may stand behind the end
            return cls(line, 0, max(total, start + 1), 0)
        first = 0 if start + _MARGIN + len(_ELLIPSIS) < room else start - _MARGIN
        before = _ELLIPSIS if first else ""
        last = min(first + room - len(before), total)
        after = "" if last == total else _ELLIPSIS
        last -= len(after)
        return cls(before + cells.cut(line, first, last) + after, first, last, len(before) - first)

    def clip(self, start: int, stop: int) -> tuple[int, int]:
        stop = max(min(stop, self.last), start + 1)
        return start + self.shift, stop + self.shift


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color and text else text


def _lines(text: str) -> list[str]:
    return [cells.visible(line) for line in text.split("\n")]


def _places(labels: Iterable[Label]) -> list[list[Label]]:
    """Labels by source line, the blamed line first and on each line the blamed place first."""
    places: dict[tuple[str, int], list[Label]] = {}
    for label in sorted(labels, key=lambda label: not label.primary):
        places.setdefault((label.span.file, label.span.line), []).append(label)
    return list(places.values())


def _position(span: Span) -> str:
    numbers = (number for number in (span.line, span.column) if number)
    return ":".join((cells.visible(relative(span.file)), *map(str, numbers)))


def _first_line(span: Span) -> str:
    return span.text.split("\n", 1)[0].rstrip()


def _marked(span: Span) -> tuple[int, int]:
    """The cells under which the marks go; a call over several lines is marked to the end of the first one."""
    line = _first_line(span)
    if span.column:
        start = min(span.column - 1, len(line))
        stop = span.end_column - 1 if span.end_line <= span.line else len(line)
    else:
        start, stop = len(line) - len(line.lstrip()), len(line)
    before = cells.width(cells.visible(line[:start]))
    return before, before + max(1, cells.width(cells.visible(line[start:stop])))
