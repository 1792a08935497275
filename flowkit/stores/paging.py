"""Pages of runs: which runs are meant, and where a page ended, as text that people can pass on."""

from __future__ import annotations

import binascii
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from zlib import crc32

import attrs

from flowkit.engine.kept import KeptRun
from flowkit.errors import StoreError
from flowkit.stores.fitting import fit, fit_number

__all__ = ["Wanted", "cursor", "wanted"]

_HEAD = struct.Struct(">Id")
_FIRST = "p"
"""What all of them begin with: on a command line, a dash would make an option of one."""


@attrs.frozen
class Wanted:
    """Which runs are meant, and which page of them."""

    status: Sequence[str]
    workflow: str | None
    parent: str | None
    created_before: float | None
    ended_before: float | None
    prefix: str
    """What their ids begin with."""
    limit: int
    behind: tuple[float, str] | None
    """The run after which the page begins: when it was created, and its id."""

    def fits(self, run: KeptRun, date: float) -> bool:
        """Whether this is one of them, at this date."""
        shown = "lost" if run.is_lost else run.status
        ended, limit = run.ended, self.ended_before
        return (
            (not self.status or shown in self.status)
            and (self.workflow is None or run.workflow == self.workflow)
            and (self.parent is None or run.parent == self.parent)
            and run.run_id.startswith(self.prefix)
            and (self.created_before is None or run.created < self.created_before)
            # A run that will have ended only after now is to be believed of no clock: nor is it young for ever.
            and (limit is None or (ended is not None and (ended < limit or ended > date)))
        )


def wanted(
    store: str,
    *,
    status: Sequence[str],
    workflow: str | None,
    parent: str | None,
    created_before: float | None,
    ended_before: float | None,
    prefix: str,
    limit: int,
    after: str | None,
) -> Wanted:
    """What is asked of `runs`. Raises `StoreError` for what can't be meant."""
    fit_number("limit", limit, 1, store)
    fit((*status, workflow, parent, created_before, ended_before, prefix), "what runs are to be", store)
    behind = None if after is None else _place(after, store)
    return Wanted(status, workflow, parent, created_before, ended_before, prefix, limit, behind)


def cursor(created: float, run_id: str) -> str:
    """The place behind this run, for `after`."""
    named = run_id.encode()
    return _FIRST + urlsafe_b64encode(_HEAD.pack(_sum(created, named), created) + named).decode()


def _place(after: str, store: str) -> tuple[float, str]:
    """The run behind which a page begins. Raises `StoreError` for what `cursor` hasn't written."""
    try:
        data = urlsafe_b64decode(after.removeprefix(_FIRST).encode())
        _, created = _HEAD.unpack_from(data)
        run_id = data[_HEAD.size :].decode()
        if cursor(created, run_id) == after:
            return created, run_id
    except (binascii.Error, UnicodeError, struct.error):
        pass
    raise StoreError(f"after={after[:80]!a} isn't from a page; pass what the page before has as `after`", store)


def _sum(created: float, named: bytes) -> int:
    return crc32(named, crc32(struct.pack(">d", created)))
