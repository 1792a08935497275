"""Files of large values: made for rows that are about to name them, removed once none does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

import apsw

from flowkit.errors import StoreError
from flowkit.stores.sqlite.blobs import Blobs
from flowkit.stores.sqlite.connection import Connections
from flowkit.stores.sqlite.reading import Reading

__all__ = ["Sweeping"]


class Sweeping:
    """Looks after the files beside a database; `blobs` says why this is safe."""

    def __init__(self, connections: Connections, reading: Reading, blobs: Blobs) -> None:
        self._connections = connections
        self._reading = reading
        self._blobs = blobs

    def keep(self, large: Mapping[bytes, bytes]) -> None:
        """Have these files be there, now that nobody else may remove them."""
        for digest, data in large.items():
            if not self._blobs.has(digest):
                self._blobs.put(data)

    def tidy(self, large: Iterable[bytes]) -> None:
        """Remove those of these files again that no row came to name."""
        if large:
            with suppress(StoreError):
                self.sweep(large)

    def after(self, blobs: Iterable[bytes]) -> None:
        """Remove what runs named that were deleted, and old files that nobody names.

        The runs are gone by now, whatever becomes of their files: those are looked for again the next time.
        """
        with suppress(StoreError):
            self.sweep({*blobs, *self._connections.read(self._strays)})

    def _strays(self, db: apsw.Connection) -> list[bytes]:
        return [digest for digest in self._blobs.strays() if not self._reading.named(db, digest)]

    def sweep(self, digests: Iterable[bytes]) -> None:
        """Remove those of these files that no row names, while no row can be written that does."""

        def work(db: apsw.Connection) -> None:
            for digest in digests:
                if not self._reading.named(db, digest):
                    self._blobs.remove(digest)

        self._connections.write(work)
