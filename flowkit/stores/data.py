"""Everything that a run has to keep, as text: what the engine asks of this floor."""

from __future__ import annotations

from typing import Any

from flowkit.errors import EncodingError
from flowkit.stores import codec
from flowkit.stores.codec import dumps, loads
from flowkit.stores.failures import dump_error as _dump_error
from flowkit.stores.failures import load_error, raised
from flowkit.stores.happenings import dump_event, load_event
from flowkit.stores.wiring import digest_of_start, wire, wire_item

__all__ = [
    "digest",
    "dump_error",
    "dump_event",
    "dumps",
    "fingerprint",
    "load_error",
    "load_event",
    "loads",
    "wire",
    "wire_item",
]


def digest(workflow: str, arguments: str) -> str:
    """What makes two starts mean the same run."""
    return digest_of_start(workflow, arguments)


def dump_error(error: BaseException) -> str:
    """JSON text of an error that was raised here: from now on its class is one that may come back from a record."""
    raised(error)
    return _dump_error(error)


def fingerprint(annotation: Any) -> str:
    """A digest of how values of an annotation are written; empty where none can be kept."""
    try:
        return codec.fingerprint(annotation)
    except EncodingError:
        return ""
