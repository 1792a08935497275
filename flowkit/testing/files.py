"""Disks for SQLite stores that do what disks do: fail, fill up, and lose power in the middle of writing.

Both are file systems of APSW's that pass everything on to the real one. They are used by name:

    with PowerCut() as disk:
        store = SqliteStore(path, vfs=disk.vfs)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal

import apsw
import attrs

if TYPE_CHECKING:
    from typing import Self

__all__ = ["FaultyFiles", "Image", "PowerCut"]

_SECTOR: Final = 512
_names = count(1)

Operation = Literal["read", "write", "sync", "truncate", "size", "open", "delete"]


class _File(apsw.VFSFile):
    """A file that tells its disk before it does something."""

    def __init__(self, disk: _Files, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        disk.before("open", self._name)
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's names
        self._disk.before("read", self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        self._disk.before("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.before("truncate", self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.before("sync", self._name)
        super().xSync(flags)

    def xFileSize(self) -> int:  # noqa: N802
        self._disk.before("size", self._name)
        return super().xFileSize()


class _System(apsw.VFS):
    """The real file system, whose files are told of."""

    def __init__(self, disk: _Files, name: str) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # noqa: N802
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._disk.before("delete", filename)
        super().xDelete(filename, syncdir)

    def excepthook(
        self,
        etype: type[BaseException] | None,  # noqa: ARG002
        evalue: BaseException | None,  # noqa: ARG002
        etraceback: TracebackType | None,  # noqa: ARG002
    ) -> bool:
        """What can't be reported, as when a file is closed, is nothing that a test waits for."""
        return True


class _Files:
    """A file system that is there for as long as a `with` block."""

    def __init__(self) -> None:
        self.vfs = f"flowkit-{type(self).__name__.lower()}-{next(_names)}"
        """The name to open a store with."""
        self._system = _System(self, self.vfs)

    def before(self, operation: Operation, name: str, *what: Any) -> None:
        """Hear what is about to be done to a file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._system.unregister()


class FaultyFiles(_Files):
    """A disk on which an operation fails: the n-th of those that count.

    `fail_at(3, "full", "write")` has the third write from now on fail as on a full disk, and those that follow too until
    `repair`; with `times=1` only that one. `operations` counts them all since then.
    """

    ERRORS: Final[dict[str, type[Exception]]] = {
        "io": apsw.IOError,
        "full": apsw.FullError,
        "readonly": apsw.ReadOnlyError,
        "cantopen": apsw.CantOpenError,
        "corrupt": apsw.CorruptError,
        "busy": apsw.BusyError,
    }

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()
        self._failing: Callable[[int], bool] | None = None
        self._error: type[Exception] = apsw.IOError
        self._counting: frozenset[str] = frozenset()

    def fail_at(self, number: int, error: str, *operations: Operation, times: int | None = None) -> None:
        """Fail from that operation on, of these kinds; without kinds, of writes, syncs and truncations."""
        self.operations.clear()
        self._error = self.ERRORS[error]
        self._counting = frozenset(operations or ("write", "sync", "truncate"))
        last = None if times is None else number + times
        self._failing = lambda done: done >= number and (last is None or done < last)

    def repair(self) -> None:
        """Have everything work again."""
        self._failing = None

    @property
    def counted(self) -> int:
        """How many operations there were of those that count."""
        return sum(self.operations[operation] for operation in self._counting)

    def before(self, operation: Operation, name: str, *_: Any) -> None:
        """Fail, if it is time."""
        self.operations[operation] += 1
        if operation in self._counting and self._failing is not None and self._failing(self.counted):
            raise self._error(f"{operation} of {Path(name).name} fails here")


@attrs.frozen
class Image:
    """What is on the disk after the power was cut."""

    files: dict[str, bytes]
    """By the names of the files, without their folder."""
    marks: list[Any]
    """What was told to `mark` before."""

    def restore(self, folder: Path) -> None:
        """Write it into a folder."""
        for name, data in self.files.items():
            path = folder / name
            path.write_bytes(data)
            path.chmod(0o600)


@attrs.define
class _Disk:
    """One file: what is on the disk for sure, and what may be."""

    synced: bytearray = attrs.field(factory=bytearray)
    pending: list[tuple[int, bytes | None]] = attrs.field(factory=list)
    """Writes by their offsets; None for a cut at that size."""

    def settle(self, keep: Callable[[], bool]) -> bytearray:
        """What is there if of all sectors that aren't synced only these are."""
        data = bytearray(self.synced)
        for offset, piece in self.pending:
            if piece is None:
                if keep():
                    del data[offset:]
                continue
            for start, part in _sectors(offset, piece):
                if keep():
                    if len(data) < start:
                        data.extend(bytes(start - len(data)))
                    data[start : start + len(part)] = part
        return data


def _sectors(offset: int, piece: bytes) -> Iterable[tuple[int, bytes]]:
    at = 0
    while at < len(piece):
        size = _SECTOR - (offset + at) % _SECTOR
        yield offset + at, piece[at : at + size]
        at += size


class PowerCut(_Files):
    """A disk that keeps a record of what was written and synced, from which it tells what a power cut leaves.

    A cut comes after so many operations, of which there are `len(disk)`. What was synced by then is there; of what
    wasn't, each sector of 512 bytes is there or isn't, as `random` will have it. What SQLite does to folders counts as
    done, and what isn't SQLite's isn't recorded. `mark` says that something was acknowledged.
    """

    def __init__(self) -> None:
        super().__init__()
        self._log: list[tuple[str, str, tuple[Any, ...]]] = []

    def __len__(self) -> int:
        return len(self._log)

    def mark(self, what: Any) -> None:
        """Have somebody count on what was written so far."""
        self._log.append(("mark", "", (what,)))

    def before(self, operation: Operation, name: str, *what: Any) -> None:
        """Record it."""
        if operation in {"write", "truncate", "sync", "delete"}:
            self._log.append((operation, Path(name).name, what))

    def cut(self, after: int, random: Random) -> Image:
        """What is there if the power is cut after so many operations."""
        disk: dict[str, _Disk] = {}
        marks: list[Any] = []
        for operation, name, what in self._log[:after]:
            if operation == "mark":
                marks += what
                continue
            file = disk.setdefault(name, _Disk())
            if operation == "write":
                file.pending.append(what)
            elif operation == "truncate":
                file.pending.append((what[0], None))
            elif operation == "sync":
                file.synced, file.pending = file.settle(lambda: True), []
            else:
                del disk[name]
        files = {name: bytes(file.settle(lambda: random.random() < 0.5)) for name, file in disk.items()}
        return Image(files, marks)
