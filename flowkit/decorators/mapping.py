"""`.map` and `.map_outcomes`: what they refuse, what they record, and the loop they are outside a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from flowkit.errors import MisuseError
from flowkit.graph import Outcome, Ref, Source, SourceKind, current_recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from flowkit.graph import StepSpec

__all__ = ["Unmapped", "map_plainly", "map_step", "unmapped"]

T = TypeVar("T")


@attrs.frozen
class Unmapped(Generic[T]):
    """An argument of `.map` that every item gets as it is. Made by `unmapped`."""

    value: T


def unmapped(value: T) -> Unmapped[T]:
    """Give every item of a `.map` this same value, instead of one item each."""
    return Unmapped(value)


def map_step(
    spec: StepSpec, bound: tuple[Any, ...], columns: tuple[Any, ...], frame: FrameType, *, tolerant: bool
) -> Any:
    """Record a map over columns. Raises `MisuseError` for what isn't a column."""
    _refuse_columns(f"`{spec.label}.{'map_outcomes' if tolerant else 'map'}`", columns)
    recorder = current_recorder()
    assert recorder is not None
    sources = [Source(SourceKind.SAME, one) for one in bound]
    sources += [Source(SourceKind.SAME, column.value) if type(column) is Unmapped else column for column in columns]
    return recorder.map(spec, sources, frame, tolerant=tolerant)


def _refuse_columns(place: str, columns: tuple[Any, ...]) -> None:
    if not columns:
        message = f"{place} needs a list of items"
        raise MisuseError(message)
    for column in columns:
        kind = type(column)
        if kind is Ref or kind is Unmapped:
            continue
        if issubclass(kind, (str, bytes, bytearray, dict)):
            way_out = "write unmapped(...) to give it to every item whole, or list(...) to go through it"
            message = f"{place} was given a {kind.__name__} as its list of items; {way_out}"
            raise MisuseError(message)
        if issubclass(kind, (set, frozenset)):
            message = f"{place} was given a {kind.__name__}, whose order is another one each time; write sorted(...)"
            raise MisuseError(message)
        if not hasattr(kind, "__iter__"):
            way_out = "write unmapped(...) to give it to every item"
            message = f"{place} was given a {kind.__name__}, which can't be gone through; {way_out}"
            raise MisuseError(message)
    if all(type(column) is Unmapped for column in columns):
        message = f"{place} has nothing to go through: every argument is unmapped"
        raise MisuseError(message)


def map_plainly(spec: StepSpec, call: Callable[..., Any], columns: tuple[Any, ...], *, tolerant: bool) -> list[Any]:
    """Outside a body a step is its function, and its map a loop; so is that of a workflow, which runs for each item."""
    _refuse_columns(f"`{spec.label}.{'map_outcomes' if tolerant else 'map'}`", columns)
    if spec.is_async:
        message = f"`{spec.label}.map` outside a workflow would have to await; call it yourself, item by item"
        raise MisuseError(message)
    rows = [column for column in columns if type(column) is not Unmapped]
    results: list[Any] = []
    for row in zip(*rows, strict=True):
        items = iter(row)
        args = [column.value if type(column) is Unmapped else next(items) for column in columns]
        if not tolerant:
            results.append(call(*args))
            continue
        try:
            results.append(Outcome("succeeded", call(*args)))
        except Exception as error:  # noqa: BLE001 - that is what an outcome is for
            results.append(Outcome("failed", error=error))
    return results
