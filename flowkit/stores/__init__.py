"""Where runs live, and how their values are kept: in memory, or in a SQLite file; `codec` turns values into JSON."""

from flowkit.stores.opening import open_store

__all__ = ["open_store"]
