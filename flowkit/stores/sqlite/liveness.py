"""Whether an owner's process is still there: the kernel knows at once what a lease tells only when it is over.

Every owner locks a byte of a file beside the database, `<path>-owners`, in which nothing is ever written. The kernel
takes the lock away when the process is gone, however that came, and not before: one that is slow, or stopped, keeps it.
So a lock that is missing proves a death, and one that is there proves nothing, and the lease decides.

These are locks of an open file (`F_OFD_SETLK` of fcntl(2)). Those of a process are gone as soon as anything in it closes
the same file, a backup say. Where there are none, outside Linux, leases alone decide.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import threading
from contextlib import suppress
from typing import Final

if sys.platform == "linux":
    import fcntl

__all__ = ["Liveness"]

_FLOCK: Final = "hhqqi0q"
"""The kernel's `struct flock`: what kind of lock, from where its place counts, its place, its length, whose it is."""


class Liveness:
    """The locks of a store's owners, and a look at those of others."""

    def __init__(self, path: str) -> None:
        self._path = f"{path}-owners"
        self._guard = threading.Lock()
        self._owners: set[str] = set()
        self._files: list[int] = []
        """What the locks belong to: the last one, and those whose name was taken away. Their numbers, by which others
        know them, aren't given to other files as long as they are open."""
        self._eye: int | None = None
        """What is looked through: a lock isn't in the way of whoever asks through the file that it belongs to."""
        self._closed = False

    def hold(self, owner: str) -> int | None:
        """Lock for an owner, as long as it isn't released; says which file that is in, None where it can't be."""
        if sys.platform != "linux":
            return None
        with self._guard:
            if self._closed:
                return None
            try:
                if not self._files or not self._is_named(self._files[-1]):
                    self._files.append(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
                    for other in self._owners:
                        self._set(fcntl.F_WRLCK, other)
                if owner not in self._owners:
                    self._set(fcntl.F_WRLCK, owner)
                    self._owners.add(owner)
                return os.fstat(self._files[-1]).st_ino
            except OSError:  # locks that the file system doesn't know, a folder that can't be written to
                return None

    def _is_named(self, file: int) -> bool:
        """Whether others find it, too."""
        try:
            return os.path.samestat(os.fstat(file), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self, owner: str) -> None:
        """Have no lock for an owner any more."""
        if sys.platform == "linux":
            with self._guard:
                if owner in self._owners:
                    self._owners.discard(owner)
                    self._set(fcntl.F_UNLCK, owner)

    def is_gone(self, owner: str, file: int) -> bool:
        """Whether an owner that has said that it holds a lock in this file doesn't."""
        if sys.platform == "linux":
            with self._guard, suppress(OSError):
                if not self._closed and self._sees(file):
                    assert self._eye is not None
                    return not _is_locked(self._eye, _place(owner), 1)
        return False

    def _sees(self, file: int) -> bool:
        if self._eye is not None:
            if os.fstat(self._eye).st_ino == file:
                return True
            eye, self._eye = self._eye, None
            os.close(eye)
        self._eye = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        return os.fstat(self._eye).st_ino == file

    def close(self, *, is_last: bool) -> None:
        """Release all; the last one takes the file away, if there is nobody whose death it still proves."""
        if self._closed:
            return
        with self._guard:
            self._closed = True
            with suppress(OSError):
                # Who locks in between isn't found by others, and has its lease until that is renewed.
                if (
                    is_last
                    and self._files
                    and self._is_named(self._files[-1])
                    and not _is_locked(self._files[-1], 0, 0)
                ):
                    os.unlink(self._path)
            self._let_go()

    def forget(self) -> None:
        """Leave them to the process that this one was forked off: they would last as long as this one."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        for file in (*self._files, *([] if self._eye is None else [self._eye])):
            os.close(file)
        self._files, self._eye = [], None

    def _set(self, kind: int, owner: str) -> None:
        if sys.platform == "linux":
            fcntl.fcntl(self._files[-1], fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, _place(owner), 1, 0))


def _place(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8]) >> 2  # a place is below 2**63


def _is_locked(file: int, place: int, length: int) -> bool:
    """Whether anything there is locked through another opening of the file; a length of 0 is all the rest."""
    if sys.platform != "linux":
        return True
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, place, length, 0)
    return bool(struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK)
