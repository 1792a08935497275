"""Sums of rows, by which it shows when something else comes back than was written."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from flowkit.stores.fitting import Row

__all__ = ["MISFITS", "Misfit", "real", "salt_of", "sum_of"]


def salt_of(run_id: str) -> int:
    """What the sums of a run begin with: its rows are nobody else's."""
    return crc32(run_id.encode())


def sum_of(row: Row, salt: int) -> int:
    """The sum of a row.

    Raises `Misfit` for what can't be kept; the rest that can't, SQLite refuses.
    """
    # `ascii`, as what `repr` shows of a character depends on the version of Python.
    text = ascii(row)
    if ("nan" in text or "\\ud" in text) and any(map(_is_misfit, row)):
        raise Misfit
    return crc32(text.encode(), salt)


def _is_misfit(value: object) -> bool:
    """Whether this is a NaN, or text with a lone surrogate."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return True
        return False
    return value != value  # noqa: PLR0124 - only a NaN isn't


def real(number: float | None) -> float | None:
    """A time as the database gives it back: a whole number as a float, -0.0 as 0.0."""
    return None if number is None else number + 0.0


class Misfit(ValueError):  # noqa: N818 - it reads as what it is
    """A value that can't be kept; `fit_commit` says whose it is."""


MISFITS: Final = (Misfit, OverflowError, TypeError, UnicodeEncodeError)
"""What it shows by that a value can't be kept."""
