"""Runs in one SQLite file, for as many processes of one machine as like.

`connection` opens it and says in words what goes wrong, `schema` has its tables and how older files get them, `rows`
turns what is kept into rows and back, `blobs` keeps what is large beside it. APSW is known here alone: it brings a
current SQLite along, where the one that comes with Python is often of those that may damage a file that several
processes write.
"""

from flowkit.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
