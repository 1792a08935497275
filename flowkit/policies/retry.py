"""When a failed attempt is tried again, and after how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import iscoroutinefunction
from math import inf, isfinite
from sys import float_info
from typing import Literal, TypeAlias

import attrs

from flowkit.errors import Fatal, PolicyError, RetryAfter

from .durations import Duration, is_a, is_number, is_whole, near, refused, seconds

Backoff: TypeAlias = Callable[[int], float | None]
"""Takes the number of the failed attempt, from 1; answers in seconds, or None to stop."""

Jitter: TypeAlias = Literal["full", "equal", "none"] | float

Errors: TypeAlias = tuple[type[BaseException], ...] | Callable[[BaseException], object]

_ErrorsWritten: TypeAlias = type[BaseException] | Iterable[type[BaseException]] | Callable[[BaseException], object]

_SPREAD = {"full": 1.0, "equal": 0.5, "none": 0.0}


def _delay(value: Duration) -> float:
    return seconds(value, "delay")


def _initial(value: Duration) -> float:
    return seconds(value, "initial")


def _step(value: Duration | None) -> float | None:
    return None if value is None else seconds(value, "step")


def _max(value: Duration | None) -> float | None:
    return None if value is None else seconds(value, "max")


def _factor(value: float) -> float:
    if not is_number(value) or not isfinite(value) or value <= 0:
        raise refused("factor", value, "can't multiply a delay; write a finite number above 0, like factor=2")
    return float(value)


def _delays(value: Iterable[Duration]) -> tuple[float, ...]:
    delays = tuple(seconds(delay, f"backoff[{index}]") for index, delay in enumerate(value))
    if not delays:
        raise PolicyError("backoff=[] has no delays; leave it out, or write retries=0 for no retries")
    return delays


# Lower case, as `functools.partial` is: people write them like functions, and their repr can be pasted back.
@attrs.frozen
class fixed:  # noqa: N801
    """The same delay before every retry."""

    delay: float = attrs.field(converter=_delay)

    def __call__(self, attempt: int) -> float:  # noqa: ARG002 - what every backoff is given
        return self.delay


@attrs.frozen
class linear:  # noqa: N801
    """`initial`, then `step` more each time (as much as `initial` unless given), never above `max`."""

    initial: float = attrs.field(converter=_initial)
    step: float | None = attrs.field(default=None, converter=_step)
    max: float | None = attrs.field(default=None, converter=_max)

    def __call__(self, attempt: int) -> float:
        step = self.initial if self.step is None else self.step
        return _capped(self.initial + step * (attempt - 1), self.max)


@attrs.frozen
class exponential:  # noqa: N801
    """`initial`, then `factor` times as long each time, never above `max`."""

    initial: float = attrs.field(converter=_initial)
    factor: float = attrs.field(default=2.0, converter=_factor)
    max: float | None = attrs.field(default=None, converter=_max)

    def __call__(self, attempt: int) -> float:
        try:
            delay = self.initial * self.factor ** (attempt - 1)
        except OverflowError:
            delay = inf if self.initial else 0.0
        return _capped(delay, self.max)


@attrs.frozen
class Delays:
    """One delay per retry; after the last one there are no more retries. What a list of delays becomes."""

    delays: tuple[float, ...] = attrs.field(converter=_delays)

    def __call__(self, attempt: int) -> float | None:
        return self.delays[attempt - 1] if attempt <= len(self.delays) else None


def _capped(delay: float, cap: float | None) -> float:
    return min(delay, float_info.max if cap is None else cap)


def _backoff(value: Backoff | list[Duration] | tuple[Duration, ...]) -> Backoff:
    if callable(value):
        return value
    if is_a(list, value) or is_a(tuple, value):
        return Delays(value)
    raise refused("backoff", value, "isn't a backoff; write exponential(0.2, max=30), a list of delays, or a function")


def _jitter(value: Jitter) -> Jitter:
    if isinstance(value, str):
        if value not in _SPREAD:
            raise refused("jitter", value, f"is unknown; {near(value, list(_SPREAD))}")
    elif not is_number(value) or not 0 <= value <= 1:
        raise refused("jitter", value, 'is neither "full", "equal", "none" nor a fraction from 0 to 1')
    return value


def _max_attempts(value: int | None) -> int | None:
    if value is not None and (not is_whole(value) or value < 1):
        raise refused("max_attempts", value, "can't be counted to; write 1 or more, or None to never give up")
    return value


def _on(value: _ErrorsWritten) -> Errors:
    errors = _errors("on", value)
    if callable(errors):
        return errors
    for error in errors:
        if not issubclass(error, Exception):
            raise PolicyError(
                f"on={error.__name__} would never match: only subclasses of Exception are retried, "
                "so that exits, interrupts and cancellation stay what they are"
            )
    return errors


def _never_on(value: _ErrorsWritten) -> Errors:
    return _errors("never_on", value)


def _errors(option: str, value: _ErrorsWritten) -> Errors:
    if isinstance(value, type):
        value = (value,)
    if not callable(value):
        if is_a(str, value) or not is_a(Iterable, value):
            raise refused(option, value, "is neither exception classes nor a predicate of the exception")
        for error in (classes := tuple(value)):
            if not _is_error_class(error):
                raise refused(option, error, "isn't an exception class")
        return classes
    if iscoroutinefunction(value):
        raise refused(option, value, "is async, so its answer would always count as true; write a plain function")
    return value


def _is_error_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _matches(error: BaseException, errors: Errors) -> bool:
    return bool(errors(error)) if callable(errors) else isinstance(error, errors)


def _attempts_for(retry: Retry) -> int:
    return len(retry.backoff.delays) + 1 if isinstance(retry.backoff, Delays) else 3


@attrs.frozen
class Retry:
    """How often a step is tried, on which errors, and how long it waits in between.

    `max_attempts` counts the first attempt too. It is 3 unless given (with a list of delays: one more than the list
    is long); None never gives up. Retries end with the attempts or with the backoff, whichever ends first.

    The default backoff waits 0.1 s, then twice as long each time, up to 30 s. `jitter` only ever makes a delay
    shorter: "full" to anything above 0, "equal" to no less than half, a fraction by up to that much; so a cap holds.

    `on` and `never_on` take exception classes or a predicate of the exception; `never_on` wins.
    """

    # Before `max_attempts`, whose default asks for it.
    backoff: Backoff = attrs.field(default=exponential(0.1, factor=2, max=30), converter=_backoff, kw_only=True)
    max_attempts: int | None = attrs.field(
        default=attrs.Factory(_attempts_for, takes_self=True), converter=_max_attempts
    )
    jitter: Jitter = attrs.field(default="full", converter=_jitter, kw_only=True)
    on: Errors = attrs.field(default=(Exception,), converter=_on, kw_only=True)
    never_on: Errors = attrs.field(default=(), converter=_never_on, kw_only=True)

    @classmethod
    def from_retries(cls, retries: int) -> Retry:
        """The policy that `retries=3` stands for: that many after the first attempt."""
        if not is_whole(retries):
            raise refused(
                "retries", retries, "isn't a number of retries; write retries=3, or retries=Retry(...) for more"
            )
        if retries < 0:
            raise refused(
                "retries", retries, "is negative; write 0 for none, or Retry(max_attempts=None) to never give up"
            )
        return cls(retries + 1)

    def wants(self, error: BaseException) -> bool:
        """Say whether this error is worth another attempt. Calls the user's predicates, and raises what they raise.

        `Fatal` never is, nor is what isn't an `Exception`; `RetryAfter` asks for one itself, so `on` isn't consulted.
        """
        if isinstance(error, Fatal) or not isinstance(error, Exception):
            return False
        return (isinstance(error, RetryAfter) or _matches(error, self.on)) and not _matches(error, self.never_on)

    def delay(self, attempt: int, draw: float) -> float | None:
        """Seconds to wait after this failed attempt (the first is 1); None when the backoff is exhausted.

        `draw` is a random number in [0, 1), so that the caller keeps the dice. Calls the user's backoff; raises
        `PolicyError` when that answers with something that isn't a number of seconds.
        """
        delay = self.backoff(attempt)
        if delay is None:
            return None
        if not is_number(delay) or not 0 <= delay <= float_info.max:
            name = getattr(self.backoff, "__qualname__", type(self.backoff).__qualname__)
            raise refused(
                f"backoff `{name}`({attempt})", delay, "isn't a delay; return seconds, 0 or more, or None to stop"
            )
        spread = _SPREAD[self.jitter] if isinstance(self.jitter, str) else self.jitter
        return float(delay * (1 - spread * draw))


def retry_after_of(error: BaseException) -> float | None:
    """The delay in seconds that an error asks for with an attribute `retry_after`; None if it asks for none.

    Other people's exceptions carry this, so what can't be read counts as not asked for. Text may be a bare number, as
    in the HTTP header.
    """
    try:
        value = getattr(error, "retry_after", None)
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value)
        return None if value is None else seconds(value, "retry_after")
    except Exception:  # noqa: BLE001 - the attribute may be a property, and fail as it likes
        return None
