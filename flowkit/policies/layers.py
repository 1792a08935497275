"""Options in layers: what one layer doesn't say is left to the one below."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import attrs

from flowkit.errors import PolicyError

from .durations import near, refused

T = TypeVar("T")


class Unset(enum.Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Not said here, so that the next layer decides; an explicit None is an answer."""


@attrs.frozen(repr=False)
class Options:
    """What the options of steps and of workflows share."""

    def given(self) -> dict[str, Any]:
        """The options that were said, in the order of the signature."""
        every = (field.name for field in attrs.fields(type(self)))
        return {name: value for name in every if (value := getattr(self, name)) is not UNSET}

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.given().items())
        return f"{type(self).__name__}({said})"


def settled(value: T | Unset, default: T) -> T:
    return default if isinstance(value, Unset) else value


def refuse_unknown(
    names: Iterable[str], options: type[Options], place: str, elsewhere: Mapping[str, str] | None = None
) -> None:
    """Refuse names that aren't options. `elsewhere` says for some of them where they are written instead."""
    known = [field.name for field in attrs.fields(options)]
    for name in names:
        if name not in known:
            way_out = (elsewhere or {}).get(name) or near(name, known)
            raise PolicyError(f"unknown option `{name}` for {place}; {way_out}")


def flag(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validate a bool; what merely counts as true is likely to be something else gone astray."""
    if value is not UNSET and not isinstance(value, bool):
        raise refused(attribute.name, value, "is neither True nor False")


def text(value: object, option: str) -> None:
    if value is not UNSET and not (isinstance(value, str) and value.strip()):
        raise refused(option, value, "isn't a name; write a string with something in it")


def name(value: str | Unset | None) -> str | Unset | None:
    """Convert `name=`; None asks for the function's own name.

    A name goes into keys, commands and lines of text, so it is one word of characters that can be seen.
    """
    if value is not None:
        text(value, "name")
    if isinstance(value, str) and any(one.isspace() or not one.isprintable() for one in value):
        raise refused("name", value, "isn't one word; write it without spaces and control characters")
    return value
