"""Lengths of time as people write them, turned into seconds once, where they are written."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, TypeAlias

from flowkit.errors import PolicyError

if TYPE_CHECKING:
    from datetime import timedelta

# A string, so that importing flowkit doesn't import datetime.
Duration: TypeAlias = "int | float | str | timedelta"

_READABLE = 'write seconds as a number, a timedelta, or text like "250ms", "30s", "1.5h", "1h 30m" or "2d"'

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_UNITS = {
    **{unit: unit for unit in _SECONDS},
    **dict.fromkeys(("µs", "μs", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("week", "weeks"), "w"),
}


def seconds(value: Duration, option: str) -> float:
    """Read a duration; `option` is what an error calls it.

    Raises `PolicyError` for what is negative, not finite, a bool, or can't be read.
    """
    number = _from_text(value, option) if isinstance(value, str) else _from_number(value, option)
    if not isfinite(number):
        raise refused(option, value, f"isn't a length of time that ends; {_READABLE}")
    if number < 0:
        raise refused(option, value, "is negative; a duration is 0 or more")
    return number


def is_a(kind: type, value: object) -> bool:
    """`isinstance`, where the annotation says it already and the caller may not have listened."""
    return isinstance(value, kind)


def is_number(value: object) -> bool:
    """Whether this is an int or a float; True and False are answers, not numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def refused(option: str, value: object, problem: str) -> PolicyError:
    """Make the error that shows an option as it was written, and what is wrong with it."""
    return PolicyError(f"{option}={shown(value)} {problem}")


def shown(value: object) -> str:
    """The value's repr, cut to what fits in a message; an object whose repr fails is named by its type."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the value is somebody else's, and its repr may do anything
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else f"{text[:77]}..."


def near(name: str, known: list[str]) -> str:
    """Finish a sentence with what was probably meant, or with all there is."""
    from difflib import get_close_matches

    if close := get_close_matches(name, known, n=1):
        return f"did you mean `{close[0]}`?"
    return "write one of " + ", ".join(f"`{one}`" for one in known)


def _from_number(value: object, option: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return inf
    from datetime import timedelta

    if isinstance(value, timedelta):
        return value.total_seconds()
    raise refused(option, value, f"isn't a duration; {_READABLE}")


def _from_text(text: str, option: str) -> float:
    import re

    number_and_unit = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([^\W\d_]*)\s*")
    total, position, used = 0.0, 0, set[str]()
    while position < len(text):
        found = number_and_unit.match(text, position)
        if found is None or (not found[2] and found.end() < len(text)):
            raise refused(option, text, f"can't be read as a duration; {_READABLE}")
        number, unit = found.groups()
        if not unit:
            raise refused(option, text, f'has no unit after {number}; write "{number}s" for seconds, or a plain number')
        if unit not in _UNITS:
            raise refused(option, text, f"has an unknown unit `{unit}`; {_near_unit(unit)}")
        unit = _UNITS[unit]
        if unit in used:
            raise refused(option, text, f"has the unit `{unit}` twice; {_READABLE}")
        used.add(unit)
        total += float(number) * _SECONDS[unit]
        position = found.end()
    if not used:
        raise refused(option, text, f"can't be read as a duration; {_READABLE}")
    return total


def _near_unit(unit: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(unit.lower(), list(_UNITS), n=1, cutoff=0.5)
    return (f"did you mean `{close[0]}`? " if close else "") + "Units are " + ", ".join(f"`{u}`" for u in _SECONDS)
