"""Pulling items out of generators: somebody's own code, so none of it is for the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from flowkit.graph import SourceKind
from flowkit.machine.flows import Pulled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowkit.machine.flows import Flow

__all__ = ["pull", "pull_async"]

PATIENCE: Final = 0.01
"""Seconds after which the items that are there go on their way, though there might be room for more."""

_ENDED: Final = object()


def pull(flow: Flow, count: int) -> Pulled:
    """Take up to so many items, fewer where a generator takes its time. It isn't done twice at the same time."""
    rows, sources = _Rows(flow, count), flow.iterators
    try:
        while rows.wants_more:
            rows.add([next(source, _ENDED) for source in sources])
    except BaseException as error:  # noqa: BLE001 - the generator's own: what it gave before still counts
        rows.end(error)
    return rows.pulled()


async def pull_async(flow: Flow, count: int) -> Pulled:
    """What `pull` does, where one of them at least is an async generator."""
    rows, sources = _Rows(flow, count), flow.iterators
    try:
        while rows.wants_more:
            row = [
                await anext(source, _ENDED) if hasattr(source, "__anext__") else next(source, _ENDED)
                for source in sources
            ]
            rows.add(row)
    except BaseException as error:  # noqa: BLE001 - see above
        rows.end(error)
    return rows.pulled()


class _Rows:
    """The items that have been pulled so far, by argument."""

    def __init__(self, flow: Flow, count: int) -> None:
        self._flow = flow
        self._count = count
        self._began = time.monotonic()
        self._places = [place for place, (kind, _) in enumerate(flow.columns) if kind is not SourceKind.SAME]
        self._lists: dict[int, list[Any]] = {place: [] for place in self._places}
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None

    @property
    def wants_more(self) -> bool:
        """Whether more are to be taken just now."""
        at_once = not self._size or time.monotonic() - self._began <= PATIENCE
        return not self._ended and self._size < self._count and at_once

    def add(self, row: Sequence[Any]) -> None:
        """Take one item of each list, or note that they have ended, all of them or one."""
        ended = [item is _ENDED for item in row]
        if any(ended):
            self.end(None if all(ended) else self._differ(ended))
            return
        for place, item in zip(self._places, row, strict=True):
            self._lists[place].append(item)
        self._size += 1

    def end(self, error: BaseException | None) -> None:
        """There are no more."""
        self._ended, self._error = True, error

    def pulled(self) -> Pulled:
        """What there is."""
        columns = [
            (SourceKind.SAME, held) if kind is SourceKind.SAME else (SourceKind.EACH, self._lists[place])
            for place, (kind, held) in enumerate(self._flow.columns)
        ]
        return Pulled(self._size, columns, self._ended, self._error)

    def _differ(self, ended: list[bool]) -> ValueError:
        short, long = (self._places[ended.index(value)] + 1 for value in (True, False))
        label, had = self._flow.label, self._flow.before + self._size
        lengths = f"{had} in argument {short}, and more in argument {long}"
        return ValueError(f"`{label}.map` was given lists of different lengths: {lengths}")
