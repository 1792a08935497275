"""The file a store lives in: made where it is missing, refused where it isn't fit."""

from __future__ import annotations

import os
import stat
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from flowkit.errors import StoreError
from flowkit.stores.sqlite.schema import APPLICATION_ID

__all__ = ["File", "existing", "is_cut", "prepare"]

_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
_JUST_NOW: Final = 0.05


class File:
    """A file by what it is, not by its name: another one may get that."""

    def __init__(self, path: str) -> None:
        self.path = path
        found = os.stat(path)
        self._is = found.st_dev, found.st_ino
        self._seen = time.monotonic()

    def is_there(self) -> bool:
        """Whether it still has its name, or had it just now: to look each time would slow down every commit."""
        now = time.monotonic()
        if now - self._seen < _JUST_NOW:
            return True
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        self._seen = now
        return (found.st_dev, found.st_ino) == self._is


def prepare(path: str, store: str) -> File:
    """Make the file, for this user alone, or see whether it is fit. Raises `StoreError`, and then nothing was changed.

    An empty file is fit: it is what a process leaves that was killed in its first moment.
    """
    try:
        # SQLite would make it readable for everybody whom the umask allows. Its other files get the mode of this one.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass
    except FileNotFoundError:
        raise StoreError(f"the folder {Path(path).parent} isn't there; make it first", store) from None
    except OSError as error:
        raise StoreError(f"it can't be made: {error.strerror}; name a file in a folder of yours", store) from error
    return _fit(path, store)


def existing(path: str, store: str) -> File:
    """See whether there is a file, and whether it is fit. Raises `StoreError`; nothing is made.

    An empty one is none: whoever reads would have to make a store of it.
    """
    try:
        found = os.stat(path)
        is_there = found.st_size > 0 or not stat.S_ISREG(found.st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_there = False
    except OSError as error:
        raise StoreError(f"it can't be read: {error.strerror}; name a file of yours", store) from error
    if not is_there:
        raise StoreError("there is no store here", store)
    return _fit(path, store)


def _fit(path: str, store: str) -> File:
    try:
        found = os.stat(path)
        _check(found, store)
        _read_header(path, found, store)
        return File(path)
    except OSError as error:
        raise StoreError(f"it can't be read: {error.strerror}; name a file of yours", store) from error


def _check(found: os.stat_result, store: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise StoreError("this is a folder; name a file in it, such as `runs.db`", store)
    if not stat.S_ISREG(found.st_mode):
        raise StoreError("this is no plain file; name one, such as `runs.db`", store)
    if found.st_nlink > 1:
        # SQLite finds what was written last by the name; under another name it is missed, and then overwritten.
        raise StoreError(
            f"this file has {found.st_nlink} names (hard links), by each of which it would be written as if it were "
            "another; leave one of them",
            store,
        )
    if os.name == "nt":
        return
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StoreError(
            "others may write this file, and what is in it is run; take that right away: `chmod go-w FILE`", store
        )
    if found.st_uid != os.geteuid():
        raise StoreError(
            "this file belongs to another user, and what is in it is run; use one of yours, or `chown` it", store
        )


def _read_header(path: str, found: os.stat_result, store: str) -> None:
    """Refuse what isn't ours without letting SQLite touch it."""
    if found.st_size == 0:
        return
    with open(path, "rb") as file:
        header = file.read(_HEADER)
    if not header.startswith(_MAGIC) or len(header) < _HEADER:
        if os.path.exists(f"{path}-journal"):
            return  # it was cut off in its first moment, which SQLite knows how to undo
        raise StoreError(
            "this isn't a SQLite database, or its beginning is damaged; it was left as it is; name another file", store
        )
    application = struct.unpack_from(">i", header, 68)[0]
    if application not in {0, APPLICATION_ID}:
        raise StoreError("this is a database of another application, and was left as it is; name another file", store)


def is_cut(path: str) -> bool:
    """Whether the file is shorter than its own header says, and nothing in its log makes up for that."""
    # Where another process writes its log into the file at this moment, it isn't so for long.
    return all(_looks_cut(path, wait) for wait in (0.0, 0.01, 0.05))


def _looks_cut(path: str, wait: float) -> bool:
    time.sleep(wait)
    with suppress(FileNotFoundError):
        if os.path.getsize(f"{path}-wal"):
            return False
    with open(path, "rb") as file:
        header = file.read(_HEADER)
        size = os.fstat(file.fileno()).st_size
    if len(header) < _HEADER:
        return size > 0
    page: int = struct.unpack_from(">H", header, 16)[0]
    pages: int = struct.unpack_from(">I", header, 28)[0]
    return size < pages * (65536 if page == 1 else page)
