"""Pulling items out of generators: somebody's own code, so none of it is for the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.groups import Pulled
from flowkit.graph import SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.engine.groups import Flow

__all__ = ["pull", "pull_async"]

PATIENCE: Final = 0.01
"""Seconds after which the items that are there go on their way, though there might be room for more."""


class _Rows:
    """The items that have been pulled so far, by argument."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._lists: dict[int, list[Any]] = {
            place: [] for place, (kind, _) in enumerate(flow.columns) if kind is not SourceKind.SAME
        }
        self.places = tuple(self._lists)
        self.size = 0

    def add(self, row: Sequence[Any]) -> None:
        for place, item in zip(self.places, row, strict=True):
            self._lists[place].append(item)
        self.size += 1

    def pulled(self, *, ended: bool, error: BaseException | None = None) -> Pulled:
        columns = [
            (SourceKind.SAME, held) if kind is SourceKind.SAME else (SourceKind.EACH, self._lists[place])
            for place, (kind, held) in enumerate(self._flow.columns)
        ]
        return Pulled(self.size, columns, ended, error)

    def differ(self, ended: Sequence[bool]) -> ValueError | None:
        """What is wrong where one list has ended and another hasn't."""
        if all(ended):
            return None
        short, long = (self.places[ended.index(value)] + 1 for value in (True, False))
        label, had = self._flow.label, self._flow.before + self.size
        message = f"`{label}.map` was given lists of different lengths: {had} in argument {short}, and more in argument {long}"
        return ValueError(message)


def pull(flow: Flow, count: int) -> Pulled:
    """Take up to so many items, fewer where a generator takes its time. It isn't done twice at the same time."""
    rows, sources = _Rows(flow), flow.iterators
    began = time.monotonic()
    while rows.size < count:
        row, ended = [], []
        try:
            for source in sources:
                try:
                    row.append(next(source))
                    ended.append(False)
                except StopIteration:
                    ended.append(True)
        except BaseException as error:  # noqa: BLE001 - the generator's own: what it gave before still counts
            return rows.pulled(ended=True, error=error)
        if any(ended):
            return rows.pulled(ended=True, error=rows.differ(ended))
        rows.add(row)
        if time.monotonic() - began > PATIENCE:
            break
    return rows.pulled(ended=False)


async def pull_async(flow: Flow, count: int) -> Pulled:
    """What `pull` does, where one of them at least is an async generator."""
    rows, sources = _Rows(flow), flow.iterators
    began = time.monotonic()
    while rows.size < count:
        row, ended = [], []
        try:
            for source in sources:
                try:
                    row.append(await anext(source) if hasattr(source, "__anext__") else next(source))
                    ended.append(False)
                except (StopIteration, StopAsyncIteration):
                    ended.append(True)
        except BaseException as error:  # noqa: BLE001 - see above
            return rows.pulled(ended=True, error=error)
        if any(ended):
            return rows.pulled(ended=True, error=rows.differ(ended))
        rows.add(row)
        if time.monotonic() - began > PATIENCE:
            break
    return rows.pulled(ended=False)
