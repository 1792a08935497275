"""Dates, times and lengths of time, as ISO 8601 text that keeps the zone and the fold.

A zone goes in brackets after the offset, as RFC 9557 has it: `2026-10-25T02:30:00+01:00[Europe/Paris][fold=1]`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo  # not later: reading a value imports nothing

from flowkit.errors import PolicyError
from flowkit.policies.durations import seconds
from flowkit.stores.codec.families import Family
from flowkit.stores.codec.scalars import as_text, exactly
from flowkit.stores.codec.walk import Refused, expected

_FOLD = "[fold=1]"
_ZONED = re.compile(r"(?P<moment>[^\[\]]+)(?:\[(?P<zone>[A-Za-z0-9_+\-/]+)\])?(?P<fold>\[fold=1\])?")
_LENGTH = re.compile(r"(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)us)?", re.ASCII)
_A_LENGTH = 'a length of time: seconds as a number, or text like "1h30m"'


def written_moment(value: datetime | time) -> str:
    """Raises `Refused` for a time zone that its text can't name."""
    zone = value.tzinfo
    named = ""
    if zone is not None and type(zone) is not timezone:
        named = f"[{_key_of(zone)}]"
    return value.isoformat() + named + (_FOLD if value.fold else "")


def written_length(value: timedelta) -> str:
    """Whole days, hours, minutes, seconds and microseconds, as flowkit's durations are written: `1d2h30m`."""
    sign, value = ("-", -value) if value.days < 0 else ("", value)
    minutes, secs = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"d": value.days, "h": hours, "m": minutes, "s": secs, "us": value.microseconds}
    return sign + ("".join(f"{number}{unit}" for unit, number in parts.items() if number) or "0s")


def _key_of(zone: tzinfo) -> str:
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    raise Refused(
        f"a time zone of the class `{type(zone).__name__}` can't be found again by name; "
        "use zoneinfo.ZoneInfo, or a fixed offset such as value.astimezone(datetime.UTC)"
    )


def _read_datetime(text: str) -> datetime:
    found = _ZONED.fullmatch(text)
    if found is None:
        raise ValueError(text)
    moment = datetime.fromisoformat(found["moment"]).replace(fold=1 if found["fold"] else 0)
    if found["zone"] is None:
        return moment
    placed = moment.replace(tzinfo=_zone(found["zone"]))
    if moment.tzinfo is not None and moment.utcoffset() != placed.utcoffset():
        raise Refused(f"{text} names an offset that {found['zone']} doesn't have then; leave out the one that is wrong")
    return placed


def _read_time(text: str) -> time:
    found = _ZONED.fullmatch(text)
    if found is None:
        raise ValueError(text)
    moment = time.fromisoformat(found["moment"]).replace(fold=1 if found["fold"] else 0)
    return moment if found["zone"] is None else moment.replace(tzinfo=_zone(found["zone"]))


def _zone(key: str) -> tzinfo:
    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError):
        raise Refused(f"the time zone {key} isn't known here; install the tzdata package, or give an offset") from None


def _read_length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text)
    if found is None or not text:
        return timedelta(seconds=seconds(text, "duration"))
    sign, *numbers = found.groups()
    days, hours, minutes, secs, micros = (int(number or 0) for number in numbers)
    length = timedelta(days, secs, micros, minutes=minutes, hours=hours)
    return -length if sign else length


def _decode_length(data: Any, _annotation: Any) -> timedelta:
    try:
        if type(data) is str:
            return _read_length(data)
        if type(data) is int or type(data) is float:
            return timedelta(seconds=data)
    except (OverflowError, ValueError, PolicyError):
        pass
    raise expected(_A_LENGTH, data)


FAMILIES: tuple[Family, ...] = (
    as_text(date, date.isoformat, date.fromisoformat, 'a date such as "2026-11-20"'),
    as_text(datetime, written_moment, _read_datetime, 'a date and time such as "2026-11-20T08:30:00+00:00"'),
    as_text(time, written_moment, _read_time, 'a time such as "08:30:00"'),
    exactly(timedelta, written_length, _decode_length, "string"),
)
