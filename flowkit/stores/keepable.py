"""Whether values of a type can be kept, told before there are any."""

from __future__ import annotations

import inspect
from typing import Any, Never, NoReturn

from flowkit.errors import EncodingError
from flowkit.stores import codec
from flowkit.stores.codec.annotations import written

__all__ = ["why_not"]


def why_not(annotation: Any) -> str | None:
    """What keeps values of an annotation from being kept, and what to do; None if nothing does.

    What isn't annotated, or is `Any`, may be kept as far as anybody can tell; of `Never` there is nothing to keep.
    """
    if annotation in (inspect.Signature.empty, Never, NoReturn):
        return None
    try:
        codec.prepare(annotation)
    except EncodingError as error:
        return error.problem if error.path == "$" else f"`{error.path}` of `{written(annotation)}`: {error.problem}"
    return None
