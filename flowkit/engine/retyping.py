"""Whether what was kept as one type can be read as another, and means the same there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowkit.engine.ports import Data

__all__ = ["misread"]


def misread(data: Data, text: str, annotation: Any) -> str | None:
    """Why a value that is kept can't be had by an annotation; None where it can.

    It has to be written again as it was; but for fields that weren't there, which have their defaults.
    """
    try:
        again = data.dumps(data.loads(text, annotation), annotation)
    except Exception as error:  # noqa: BLE001 - making values runs anybody's code
        return str(error) or type(error).__name__
    return None if _holds(json.loads(again), json.loads(text)) else "it would be read as another value"


def _holds(now: Any, then: Any) -> bool:
    if isinstance(then, dict):
        return isinstance(now, dict) and all(name in now and _holds(now[name], one) for name, one in then.items())
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(_holds, now, then))
    if isinstance(then, bool) or isinstance(now, bool):
        return now is then
    return bool(now == then)
