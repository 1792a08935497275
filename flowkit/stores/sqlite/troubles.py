"""What goes wrong in SQLite, in words: what happened, and the way out."""

from __future__ import annotations

from typing import Final

import apsw

from flowkit.errors import StoreError

__all__ = ["PASSING", "in_words"]

PASSING: Final = (apsw.BusyError, apsw.LockedError)
"""What goes away by itself, once somebody else is done."""

_DAMAGED = "the file is damaged; restore it from a copy, or save what `sqlite3 FILE .recover` can read of it"

_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (apsw.FullError, "the disk is full; make room and try again"),
    (apsw.ReadOnlyError, "it can't be written, only read; allow this user to write the file and its folder"),
    (apsw.CorruptError, _DAMAGED),
    (apsw.NotADBError, "this isn't a database, or its beginning is damaged; name another file"),
    (apsw.CantOpenError, "it can't be opened; look whether file and folder are there, and may be read and written"),
    (apsw.PermissionsError, "this user mayn't use it; allow reading and writing of the file and its folder"),
    (apsw.AuthError, "this user mayn't use it; allow reading and writing of the file and its folder"),
    (apsw.NoLFSError, "the file is too large for this system"),
    (apsw.TooBigError, "a text is longer than SQLite keeps (1 GB)"),
    (apsw.NoMemError, "there isn't enough memory"),
    (apsw.IOError, "the disk failed; look at the system's log before trusting it again"),
    (UnicodeDecodeError, f"text in it isn't text any more: {_DAMAGED}"),
)


def in_words(error: Exception, store: str, patience: float) -> StoreError:
    """What to raise instead of this; nothing was changed."""
    if isinstance(error, PASSING):
        return StoreError(
            f"others have kept it locked for {patience:g}s; try again, or look for a process that stopped in the "
            "middle of writing",
            store,
        )
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return StoreError(f"{words}{_code(error)}", store)
    return StoreError(f"SQLite can't do this: {error}{_code(error)}", store)


def _code(error: Exception) -> str:
    code: int = getattr(error, "extendedresult", 0)
    name = apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(code)
    return f" ({name})" if name else ""
