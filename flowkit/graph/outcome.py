"""How a node ended, as a value that can be passed on."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

import attrs

__all__ = ["Outcome"]

T = TypeVar("T")


@attrs.frozen
class Outcome(Generic[T]):
    """How a step ended: with a value, with an exception, or without having run.

    `outcome(ref)` and `.map_outcomes` hand it to the next step, whatever the end was. Taking a failure as an outcome
    handles it: it ends nothing else.
    """

    status: str
    """One of `succeeded`, `failed`, `timed_out`, `skipped`, `blocked`, `cancelled`."""
    _value: T | None = None
    error: BaseException | None = None
    """What the last attempt raised; None when the step succeeded or never ran."""
    reason: str = ""
    """Why it didn't run, when it didn't."""

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.status == "succeeded"

    @property
    def value(self) -> T:
        """The value of a step that succeeded.

        Raises the step's own exception if it failed, and `ValueError` if it never ran.
        """
        if self.ok:
            return cast("T", self._value)
        if self.error is not None:
            raise self.error
        message = f"there is no value: the step was {self.status}" + (f" ({self.reason})" if self.reason else "")
        raise ValueError(message)

    def value_or(self, default: T) -> T:
        """The value, or `default` where there is none."""
        return cast("T", self._value) if self.ok else default
