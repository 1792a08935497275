"""Large values: files beside the database, named by what is in them.

A file is there, with all its bytes on the disk, before a row names it, and is removed only by whoever has the right to
write the database at that moment and sees that no row names it. Whoever writes a row that names one looks, with that
same right, whether it is still there, and else writes it again. So no row ever names what isn't there, however removing
and naming come together; what a process leaves that was killed in between is a file that nobody names, and is removed
later.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Final

from flowkit.errors import StoreError
from flowkit.stores.sqlite.connection import Gone

__all__ = ["Blobs"]

_AGE: Final = 3600.0
"""Seconds after which a file that nobody names wasn't written for a row that is about to be."""

_PART: Final = ".part"
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Blobs:
    """The files beside one database."""

    def __init__(self, path: str, store: str) -> None:
        self._folder = f"{path}.blobs"
        self._store = store

    def put(self, data: bytes) -> bytes:
        """Have a file with these bytes, on the disk; what it is named by."""
        digest = sha256(data).digest()
        path = self._path(digest)
        folder = os.path.dirname(path)
        with self._telling():
            for new in (self._folder, folder):
                with suppress(FileExistsError):
                    os.mkdir(new, 0o700)
                    _sync_folder(os.path.dirname(new))
            # Also where there is one already: it may be damaged, or not yet on the disk.
            part = f"{path}.{secrets.token_hex(4)}{_PART}"
            try:
                _write(part, data)
                os.replace(part, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part)
                raise
            _sync_folder(folder)
        return digest

    def has(self, digest: bytes) -> bool:
        """Whether there is such a file."""
        return os.path.lexists(self._path(digest))

    def get(self, digest: bytes, whose: str) -> str:
        """The text that this names. Raises `StoreError` where it isn't there, or isn't it."""
        path = self._path(digest)
        try:
            with open(os.open(path, os.O_RDONLY | _NOFOLLOW), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            raise Gone(
                f"{whose}: it is kept in a file of its own, {path}, which isn't there; put it back", self._store
            ) from None
        except OSError as error:
            link = " (it is a link, which is never followed)" if error.errno == errno.ELOOP else ""
            raise StoreError(
                f"{whose}: the file that has it can't be read: {path}: {error.strerror}{link}", self._store
            ) from error
        if sha256(data).digest() != digest:
            raise StoreError(
                f"{whose}: the file that has it was changed, or is damaged: {path}; restore it from a copy", self._store
            )
        return data.decode()

    def remove(self, digest: bytes) -> None:
        """Remove a file that nobody names, and whose name nobody can write down right now."""
        with self._telling(), suppress(FileNotFoundError):
            os.unlink(self._path(digest))

    def strays(self) -> Iterator[bytes]:
        """What may be named by nobody: all files that aren't new. Beginnings of files are removed on the way."""
        long_ago = time.time() - _AGE
        with self._telling(), suppress(FileNotFoundError), os.scandir(self._folder) as folders:
            for folder in folders:
                with os.scandir(folder.path) as files:
                    for file in files:
                        if file.stat(follow_symlinks=False).st_mtime > long_ago:
                            continue
                        if file.name.endswith(_PART):
                            os.unlink(file.path)
                        elif len(file.name) == 2 * sha256().digest_size:
                            yield bytes.fromhex(file.name)

    def _path(self, digest: bytes) -> str:
        name = digest.hex()
        return os.path.join(self._folder, name[:2], name)

    @contextmanager
    def _telling(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            way = "the disk is full; make room and try again" if full else "look at the folder and its disk"
            raise StoreError(f"{self._folder}: {error.strerror}: {way}", self._store) from error


def _write(path: str, data: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: str) -> None:
    if os.name == "nt":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
