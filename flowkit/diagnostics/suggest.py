"""Near names: what somebody may have meant by a name that doesn't exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["did_you_mean", "near"]

_MOST: Final = 4
_TELLING: Final = 3  # shorter names look like anything


def near(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """At most four candidates that look like `name`, the best first.

    One slip (a letter too many, missing, wrong, or swapped with its neighbour) is forgiven from
    three letters on, and one more for every four. Case doesn't count, nor does the order of the
    words between underscores, dots and dashes; names that share all words of the shorter one come last.
    """
    scored: list[tuple[int, str]] = []
    for candidate in set(candidates) - {name}:
        score = _score(name.casefold(), candidate.casefold())
        if score is not None:
            scored.append((score, candidate))
    return tuple(candidate for _, candidate in sorted(scored)[:_MOST])


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """The question to end a message with, such as "did you mean `load_orders`?"; empty when nothing is near."""
    *others, last = [f"`{candidate}`" for candidate in near(name, candidates)] or [""]
    if not last:
        return ""
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"


def _score(one: str, other: str) -> int | None:
    """How far apart two names are; None when they aren't alike at all."""
    words, others = _words(one), _words(other)
    if words == others:
        return 0
    longest = max(len(one), len(other))
    forgiven = (longest + 1) // 4
    if abs(len(one) - len(other)) <= forgiven:
        slips = _slips(one, other)
        if slips <= forgiven:
            return slips
    shares = set(words) <= set(others) or set(others) <= set(words)
    return longest if shares and min(len(one), len(other)) >= _TELLING else None


def _words(name: str) -> list[str]:
    return sorted(name.replace("-", "_").replace(".", "_").split("_"))


def _slips(one: str, other: str) -> int:
    """The edit distance, a swap of two neighbours being one edit."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            best = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                best = min(best, before[column - 2] + 1)
            line.append(best)
        before, last = last, line
    return last[-1]
