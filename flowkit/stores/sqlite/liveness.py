"""Whether an owner's process is still there: the kernel knows at once what a lease tells only when it is over.

Every owner locks a byte of a file beside the database, `<path>-owners`, in which nothing is ever written. The kernel
takes the lock away when the process is gone, however that came, or has closed its store, and not before: one that is
slow, or stopped, keeps it. So a lock that is missing proves a death, and one that is there proves nothing, and the lease
decides.

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

    # Neither leads elsewhere through a link, nor waits for somebody at the other end of a pipe.
    _PLAIN: Final = os.O_NOFOLLOW | os.O_NONBLOCK

__all__ = ["Liveness", "Look"]

# Of `fcntl.h`, the same for all of Linux; a Python that was built with an old one has no names for them.
_GETLK: Final = 36
_SETLK: Final = 37

_FLOCK: Final = "hhqqi0q"
"""The kernel's `struct flock`: what kind of lock, from where its place counts, its place, its length, whose it is."""

_MOST: Final = 16
"""So often the file may be taken away while a store is open; then somebody is at it who will do it again."""


class Liveness:
    """The locks of a store's owners, and a look at those of others.

    A lock stays until all of it is closed. It says nothing about an owner that has retired, which nobody knows any more.
    """

    def __init__(self, path: str) -> None:
        self._path = f"{path}-owners"
        self._guard = threading.Lock()
        self._files: list[int] = []
        """What the locks belong to: the last one, and those whose name was taken away. By their numbers others know them,
        which aren't given to other files as long as they are open."""
        self._eye: int | None = None
        """What is looked through: a lock isn't in the way of whoever asks through the file that it belongs to."""
        self._sees = 0
        self._closed = False

    def hold(self, owner: str) -> int | None:
        """Have a lock for an owner; says which file that is in, None where it can't be."""
        if self._closed:  # as in a child, where there may be nobody left to release the guard
            return None
        if sys.platform == "linux":
            with self._guard, suppress(OSError):  # a file system without locks, a folder that can't be written to
                if self._has_file():
                    # Each time, since of what was locked before the number may be another one's.
                    _ask(self._files[-1], _SETLK, _place(owner))
                    return _number(self._files[-1])
        return None

    def _has_file(self) -> bool:
        if self._closed:
            return False
        if sys.platform == "linux" and not (self._files and self._is_named(self._files[-1])):
            if len(self._files) >= _MOST:
                return False
            self._files.append(os.open(self._path, os.O_RDWR | os.O_CREAT | _PLAIN, 0o600))
        return True

    def _is_named(self, file: int) -> bool:
        """Whether others find it, too."""
        try:
            return os.path.samestat(os.fstat(file), os.stat(self._path))
        except FileNotFoundError:
            return False

    def is_gone(self, owner: str, file: int) -> bool:
        """Whether an owner that has said that it has a lock in this file has none."""
        if sys.platform == "linux":
            with self._guard, suppress(OSError):
                if not self._closed and self._looks_at(file):
                    assert self._eye is not None
                    return not _ask(self._eye, _GETLK, _place(owner))
        return False

    def _looks_at(self, file: int) -> bool:
        if sys.platform == "linux" and (self._eye is None or self._sees != file):
            self._close_eye()
            self._eye = os.open(self._path, os.O_RDONLY | _PLAIN)
            self._sees = _number(self._eye)
        return self._sees == file

    def close(self, *, is_last: bool) -> None:
        """Release all; the last one takes the file away, if there is nobody whose death it still proves."""
        if self._closed:
            return
        with self._guard:
            self._closed = True
            with suppress(OSError):
                # Who locks in between isn't found by others, and has its lease until that is renewed.
                if is_last and self._files and self._is_named(self._files[-1]) and not _ask(self._files[-1], _GETLK):
                    os.unlink(self._path)
            self._let_go()

    def forget(self) -> None:
        """Leave them to the process that this one was forked off: they would last as long as this one."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        # Each is forgotten before it is closed: a child that is forked off in between would close what isn't its own.
        self._close_eye()
        while self._files:
            _close(self._files.pop())

    def _close_eye(self) -> None:
        eye, self._eye = self._eye, None
        if eye is not None:
            _close(eye)

    def __del__(self) -> None:
        """A store that nobody has any more has no owners."""
        self._let_go()


class Look:
    """At who is there, by whoever reads a moment that is over by then.

    One who was there at that moment may have given everything up since, and gone. So a death is believed in a moment that
    began when it was known; and then it is all that is believed.
    """

    def __init__(self, liveness: Liveness) -> None:
        self._liveness = liveness
        self._found: dict[tuple[str, int, float], bool] = {}
        self._is_second = False

    def begin(self) -> None:
        """Look for the first time."""
        self._found.clear()
        self._is_second = False

    def has_to_be_repeated(self) -> bool:
        """Whether somebody was found to be gone, so that what was read is to be read once more."""
        self._is_second = any(self._found.values())
        return self._is_second

    def is_gone(self, owner: str, file: int, renewed: float) -> bool:
        """Whether an owner is, who said where its lock is when it renewed its lease."""
        who = owner, file, renewed
        if who not in self._found:
            self._found[who] = not self._is_second and self._liveness.is_gone(owner, file)
        return self._found[who]


def _close(file: int) -> None:
    with suppress(OSError):
        os.close(file)


def _number(file: int) -> int:
    """What tells a file from all others, in a snapshot of the disk too."""
    found = os.fstat(file)
    return _hashed(f"{found.st_dev}:{found.st_ino}")


def _place(owner: str) -> int:
    return _hashed(owner)


def _hashed(text: str) -> int:
    return (
        int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 2
    )  # both are below 2**63, a place with its length


def _ask(file: int, what: int, place: int | None = None) -> bool:
    """Lock a place, or say whether it is locked through another opening of the file; None is any place."""
    is_locked: bool = True
    if sys.platform == "linux":
        start, length = (0, 0) if place is None else (place, 1)
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
        is_locked = struct.unpack(_FLOCK, fcntl.fcntl(file, what, asked))[0] != fcntl.F_UNLCK
    return is_locked
