"""Text as a terminal shows it: which characters appear, and how many cells they take."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["cut", "visible", "width"]

# Every tab becomes the same number of spaces, whatever its position: then the picture of a line
# is the pictures of its parts put together, and offsets can be measured part by part.
_PICTURES: Final[dict[int, int | str]] = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x09: "    ",
    0x7F: 0x2421,
    # More controls and ends of lines, then those that reorder what is read: marks would point at something else.
    **dict.fromkeys((*range(0x80, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
}


def visible(text: str) -> str:
    """Tabs as spaces, and a sign instead of each character that would move or hide others."""
    return text if text.isprintable() and text.isascii() else text.translate(_PICTURES)


def width(text: str) -> int:
    """How many cells `visible` text takes in a terminal with a fixed-width font."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut(text: str, start: int, stop: int) -> str:
    """The part of `visible` text between two cells; half of a wide character becomes a space."""
    if text.isascii():
        return text[start:stop]
    kept: list[str] = []
    cell = 0
    for character in text:
        size = _cells(character)
        if start <= cell and cell + size <= stop:
            kept.append(character)
        else:
            kept.append(" " * max(0, min(cell + size, stop) - max(cell, start)))
        cell += size
    return "".join(kept)


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
