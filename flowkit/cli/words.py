"""How times, lengths and counts are written for people."""

from __future__ import annotations

from datetime import datetime
from typing import Final

__all__ = ["ago", "clock_time", "counted", "in_future", "lasted", "moment"]

_LONGEST: Final = 1e11


def counted(count: int, word: str) -> str:
    """How many there are of something."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def lasted(seconds: float) -> str:
    """A length of time, with the two largest units."""
    if not 0 <= seconds < _LONGEST:  # clocks are set back, and what is on record may be anything
        return "?"
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.1f}ms" if seconds < 0.001 else f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h {minutes:02}m"
    days, hours = divmod(hours, 24)
    return f"{days:,}d {hours}h" if days < 100 else f"{days:,}d"


def ago(when: float, now: float) -> str:
    """How long it is since a moment."""
    return f"{lasted(now - when)} ago" if when <= now else f"in {lasted(when - now)}"


def in_future(when: float, now: float) -> str:
    """How long it is until a moment; `now` where that is over."""
    return f"in {lasted(when - now)}" if when > now else "now"


def moment(when: float) -> str:
    """A moment by the clock and the calendar on the wall."""
    try:
        return datetime.fromtimestamp(when).astimezone().isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):  # no calendar has it
        return f"{when:g}"


def clock_time(when: float) -> str:
    """A moment by the clock on the wall, to the millisecond."""
    try:
        return datetime.fromtimestamp(when).astimezone().isoformat(" ", "milliseconds")[:23]
    except (ValueError, OverflowError, OSError):
        return f"{when:g}"
