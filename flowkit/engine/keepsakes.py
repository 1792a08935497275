"""Results that go through their JSON though nobody keeps them, so that what works in memory works in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowkit.engine.wirings import kept_as
from flowkit.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowkit.engine.ports import Data
    from flowkit.graph import StepSpec
    from flowkit.machine.machine import Machine

__all__ = ["made_again"]


def made_again(data: Data, machine: Machine) -> Callable[[int, StepSpec, Any], Any]:
    """What gives others another value than the step gave: one that is made from what would be kept of it."""

    def keep(index: int, spec: StepSpec, value: Any) -> Any:
        if spec.streams:
            return value
        try:
            return data.loads(data.dumps(value, kept_as(spec)), kept_as(spec))
        except EncodingError as error:
            error.add_note(f"what `{machine.key(index)}` gave couldn't be kept; it is tried since roundtrip=True")
            raise

    return keep
