"""Annotations as a whole, with everything that they name: whether it can all be kept, and how it is written."""

from __future__ import annotations

import json
from typing import Any

from flowkit.stores.codec.annotations import unaliased
from flowkit.stores.codec.families import Hooks
from flowkit.stores.codec.walk import Refused

# A generic class may name itself with ever other arguments.
_MOST = 1000
_DEEPEST = 100


def outline(annotation: Any, hooks: Hooks) -> str:
    """An annotation as text that is the same wherever values are written alike. Raises `Refused` with the path of a part
    that can't be kept.
    """
    found = _Outline(hooks)
    found.number(annotation, 0)
    return json.dumps(found.entries)


class _Outline:
    """Everything that an annotation names, each once and in order; parts are told by their number."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._numbers: dict[Any, int] = {}
        self.entries: list[list[Any]] = []

    def number(self, annotation: Any, depth: int) -> int:
        annotation = unaliased(annotation)
        number = len(self.entries)
        if depth == _DEEPEST or number == _MOST:
            return -1
        try:
            known = self._numbers.setdefault(annotation, number)
        except TypeError:  # an annotation with something in it that can't be a key
            known = number
        if known != number:
            return known
        self._hooks.encoder(annotation)
        self._hooks.decoder(annotation)
        inside = self._hooks.inside(annotation)
        parts: list[int] = []
        self.entries.append([inside.form, parts])
        for path, part in inside.parts:
            try:
                parts.append(self.number(part, depth + 1))
            except Refused as refusal:
                raise (refusal.under(path) if path else refusal) from refusal.__cause__
        return number
