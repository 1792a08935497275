"""Which of several came first, as a value."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

__all__ = ["Selected"]

T_co = TypeVar("T_co", covariant=True)


@attrs.frozen
class Selected(Generic[T_co]):
    """What `select` gives: the one that came first, by the name it was given, with its value."""

    name: str
    value: T_co
