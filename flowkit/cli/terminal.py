"""Where words go: results to stdout, all else to stderr, in colour where somebody looks."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn, TextIO

from rich.console import Console
from rich.text import Text

from flowkit.diagnostics import render, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.diagnostics import Diagnostic

__all__ = [
    "Refused",
    "columns",
    "errors",
    "give_up",
    "has_colour",
    "is_watched",
    "note",
    "output",
    "plain",
    "print_json",
    "problem",
    "refuse",
    "show",
]


_NOT_ASCII: Final = re.compile(r"[^\n\x20-\x7e]")


class Refused(Exception):  # noqa: N818 - an answer to the user, not a fault
    """The command can't be carried out as it was given; nothing was run.

    `error` is what somebody's own code raised, to be shown with its traceback.
    """

    def __init__(self, message: str, *helps: str, error: BaseException | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.helps = tuple(one for one in helps if one)
        self.error = error


def refuse(message: str, *helps: str, error: BaseException | None = None) -> NoReturn:
    """Raise `Refused`; empty helps are left out."""
    raise Refused(message, *helps, error=error)


def plain(text: str, *, keep: str = "") -> str:
    """A text as it can be shown: what would move a terminal's cursor, hide or turn text around is spelled out.

    Names, errors and values come from anybody's code, and from stores. `keep` is what stays of that.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else _spelled(one) for one in text)


def _spelled(one: str) -> str:
    return one.encode("unicode_escape", "backslashreplace").decode("ascii")


def errors() -> Console:
    """The console on stderr. Made anew each time: tests and notebooks swap the streams."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def output() -> Console:
    """The console on stdout, for what was asked for. Lines are never folded; in a terminal, `columns` cuts them."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def columns(rows: Sequence[Sequence[Text]], console: Console) -> None:
    """Print rows of cells, as wide as the widest of each column; in a terminal, no line is longer than that."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = Text("  ").join(
            Text.assemble(cell, " " * (width - cell.cell_len)) for cell, width in zip(row, widths, strict=True)
        )
        line.rstrip()
        if console.is_terminal:
            line.truncate(console.width, overflow="ellipsis")
        console.print(line)


def has_colour(console: Console) -> bool:
    """Whether colour is wanted there: a terminal that can, and no NO_COLOR."""
    return console.color_system is not None and not console.no_color


def is_watched() -> bool:
    """Whether a person is likely to be looking: neither output goes to a file or another program."""
    return sys.stdout.isatty() and sys.stderr.isatty() and not errors().is_dumb_terminal


def problem(message: str, *helps: str, lines: bool = False) -> None:
    """Say on stderr what is wrong, and the ways out. What is in it stays in one line, unless it has `lines` of ours."""
    _say(("error", "bold red"), plain(message, keep="\n" if lines else ""), helps)


def note(message: str, *helps: str) -> None:
    """Say something on stderr, and what can be done about it; empty helps are left out."""
    _say(("note", "bold"), plain(message), [one for one in helps if one])


def _say(kind: tuple[str, str], message: str, helps: Sequence[str]) -> None:
    console = errors()
    console.print(Text.assemble(kind, ": ", message))
    for text in helps:
        console.print(Text.assemble("  ", ("help", "bold"), ": ", plain(text)))


def show(found: Sequence[Diagnostic], console: Console) -> None:
    """Findings with their source, and how many there are."""
    if not found:
        return
    colour = has_colour(console)
    # Written as it is: rich would wrap the lines of source.
    console.file.write(render(found, color=colour, width=console.width if console.is_terminal else None))
    console.file.write(f"\n\n{summary(found, color=colour)}\n")
    console.file.flush()


def give_up(out: TextIO | None) -> None:
    """Write no more to a stream that failed: what is left in its buffer would fail again, at exit."""
    if out is not None:  # it is where the shell closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _escaped(found: re.Match[str]) -> str:
    one = found[0]
    return one if one.isprintable() else json.dumps(one)[1:-1]


def print_json(data: Any, out: TextIO) -> None:
    """One JSON document, for people and programs. It means the same to both: nothing in it moves a cursor."""
    unicode = (getattr(out, "encoding", None) or "").lower().replace("-", "") == "utf8"
    text = json.dumps(data, indent=2, ensure_ascii=not unicode)
    out.write((_NOT_ASCII.sub(_escaped, text) if unicode else text) + "\n")
    out.flush()
