"""On the way through a value: where we are, how deep, and how it is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any

from flowkit.errors import EncodingError

# What the codec adds to JSON begins with this; no field does, and a dict with such a key is kept as pairs.
MARK = "$"

_WORDS: dict[type, str] = {str: "text", list: "a list", dict: "an object"}
_SHOWN_PARTS = 12
_SHOWN_NAMES = 12


class Refused(Exception):  # noqa: N818 - it never leaves the codec: people see an EncodingError
    """Why a value goes no further; each level it leaves adds its part of the path."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.parts: list[str] = []

    def under(self, part: str) -> Refused:
        self.parts.append(part)
        return self

    @property
    def path(self) -> str:
        parts = self.parts[::-1]
        if len(parts) > 2 * _SHOWN_PARTS:
            parts[_SHOWN_PARTS:-_SHOWN_PARTS] = ["..."]
        return "$" + "".join(parts)

    def as_error(self) -> EncodingError:
        return EncodingError(self.problem, self.path)


class Walk(threading.local):
    """What a thread is in the middle of: the containers it has entered, whether to look twice, whether it is guessing.

    Hooks see one value each, so this travels beside them.
    """

    def __init__(self, max_depth: int) -> None:
        super().__init__()
        self.max_depth = max_depth
        self.begin()

    def begin(self) -> None:
        self.entered: set[int] = set()
        self.calls = 0
        self.rebuilds = False
        self.guessing = False

    def enter(self, container: object) -> None:
        """Every `enter` that returns needs its `leave`."""
        identity = id(container)
        if identity in self.entered:
            raise Refused("this contains itself, and JSON is a tree; refer to things by a name or an index instead")
        if len(self.entered) >= self.max_depth:
            raise Refused(
                f"nested more than {self.max_depth} levels deep; "
                "keep it as a flat list whose items refer to one another by index"
            )
        self.entered.add(identity)

    def leave(self, container: object) -> None:
        self.entered.discard(id(container))


def field(name: str) -> str:
    """A part of a path: a field, or a key of an object."""
    return f".{name}" if name.isidentifier() else f"[{json.dumps(name)}]"


def index(key: object) -> str:
    """A part of a path: a place in a list, a key, an item of a set."""
    return f"[{shown(key)}]"


def shown(value: object, most: int = 40) -> str:
    try:
        text = json.dumps(value) if type(value) is str else repr(value)
    except Exception:  # noqa: BLE001 - the value is somebody else's, and its repr may do anything
        text = f"<{type(value).__name__}>"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def a(name: str) -> str:
    """A name of a type, with its article."""
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} `{name}`"


def mismatch(value: object, annotation: str) -> Refused:
    """The value isn't what its annotation says. It isn't shown: it may be anybody's secret."""
    return Refused(
        f"this is {a(type(value).__name__)} where the annotation says `{annotation}`; change the value or the annotation"
    )


def expected(what: str, data: object, hint: str = "") -> Refused:
    """The data can't be read as its annotation wants it."""
    return Refused(f"expected {what}, found {_found(data)}{hint}")


def one_of(names: Iterable[str]) -> str:
    shown_names = [json.dumps(name) for name in names]
    if len(shown_names) > _SHOWN_NAMES:
        return f"one of {', '.join(shown_names[:_SHOWN_NAMES])}, ..."
    *others, last = shown_names or ["nothing"]
    return f"{', '.join(others)} or {last}" if others else last


def near(name: object, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name."""
    from flowkit.diagnostics.suggest import did_you_mean

    question = did_you_mean(name, names) if isinstance(name, str) else ""
    return f"; {question}" if question else ""


def first_difference(one: Any, two: Any, path: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """Where two pieces of JSON begin to differ, innermost part first."""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        pairs = [(field(key), one[key], two[key]) for key in one]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = [(f"[{place}]", *both) for place, both in enumerate(zip(one, two, strict=True))]
    else:
        return None if type(one) is type(two) and one == two else path
    found = (first_difference(a, b, (part, *path)) for part, a, b in pairs)
    return next((difference for difference in found if difference is not None), None)


def _found(data: object) -> str:
    if data is None or type(data) is bool:
        return json.dumps(data)
    if type(data) in {str, int, float}:
        return f"{_WORDS.get(type(data), 'the number')} {shown(data)}"
    return _WORDS.get(type(data), f"{a(type(data).__name__)}, which JSON doesn't have")
