"""What `@step` and `with_options` of a step accept, and the `Policy` that it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from flowkit.errors import PolicyError

from .durations import Duration, is_a, is_whole, near, refused, seconds, shown
from .layers import UNSET, Options, Unset, flag, name, refuse_unknown, settled, text
from .limits import Limit
from .retry import Retry

if TYPE_CHECKING:
    from datetime import datetime

_KEYS = type(dict[str, str]().keys())
_VALUES = type(dict[str, str]().values())


@attrs.frozen
class Fallback:
    """What stands in for the result of a step that failed: a value, or `call`.

    `call` gets the exception, then the step's arguments.
    """

    value: Any = UNSET
    call: Callable[..., Any] | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if (self.value is UNSET) == (self.call is None):
            raise PolicyError("write either Fallback(value) or Fallback(call=function)")
        if self.call is not None and not callable(self.call):
            raise refused("call", self.call, "can't be called; for a value write Fallback(value)")


OnFailure: TypeAlias = Literal["fail", "skip"] | Fallback
OnItemFailure: TypeAlias = Literal["fail", "halt", "continue", "skip_dependents"]

_ON_ITEM_FAILURE = ("fail", "halt", "continue", "skip_dependents")


def _is_plain(policy: Policy) -> bool:
    untimed = policy.timeout is None and policy.total_timeout is None and policy.heartbeat_timeout is None
    at_once = policy.run_if is None and policy.not_before is None and not policy.delay
    bare = policy.retry is None and policy.limit is None and policy.on_failure == "fail" and not policy.validate
    return untimed and at_once and bare and policy.compensate is None


@attrs.frozen
class Policy:
    """What the engine asks about a step, every layer of options settled. Times are in seconds.

    `plain` says that an attempt is all there is: no retries, no times, no condition, failing is failing.
    """

    retry: Retry | None = None
    timeout: float | None = None
    total_timeout: float | None = None
    heartbeat_timeout: float | None = None
    on_failure: OnFailure = "fail"
    run_if: Callable[..., Any] | None = None
    delay: float = 0.0
    not_before: float | None = None  # POSIX time
    executor: str = "thread"
    idempotent: bool = False
    interrupt: bool = False
    validate: bool = False
    limit: Limit | None = None
    compensate: Callable[..., Any] | None = None
    max_concurrency: int | None = None
    on_item_failure: OnItemFailure = "fail"
    item_key: Callable[..., Any] | None = None
    item_depends_on: Callable[..., Any] | None = None
    plain: bool = attrs.field(default=attrs.Factory(_is_plain, takes_self=True), init=False, repr=False, eq=False)


def _retries(value: int | Retry | Unset | None) -> Retry | Unset | None:
    if value is UNSET or value is None or isinstance(value, Retry):
        return value
    several: object = value
    if isinstance(several, list | tuple):
        raise refused("retries", value, f"is a list; for delays write retries=Retry(backoff={shown(value)})")
    retry = Retry.from_retries(value)
    return None if retry.max_attempts == 1 else retry


def _timeout(value: Duration | Unset | None) -> float | Unset | None:
    return _limit(value, "timeout")


def _total_timeout(value: Duration | Unset | None) -> float | Unset | None:
    return _limit(value, "total_timeout")


def _heartbeat_timeout(value: Duration | Unset | None) -> float | Unset | None:
    return _limit(value, "heartbeat_timeout")


def _limit(value: Duration | Unset | None, option: str) -> float | Unset | None:
    if value is None or value is UNSET:
        return value
    limit = seconds(value, option)
    if not limit:
        raise refused(option, value, "can't ever hold; write a time above 0, or None for no limit")
    return limit


def _delay(value: Duration | Unset) -> float | Unset:
    return value if value is UNSET else seconds(value, "delay")


def _depends_on(value: Any) -> tuple[Any, ...] | Unset:
    return UNSET if value is UNSET else _dependencies(value, "depends_on")


def _depends_on_any(value: Any) -> tuple[Any, ...] | Unset:
    return UNSET if value is UNSET else _dependencies(value, "depends_on_any")


def _dependencies(value: Any, option: str) -> tuple[Any, ...]:
    """Make a tuple of one thing or of many, told apart by type alone: a Ref refuses `isinstance`."""
    several = _is_of(value, list, tuple, set, frozenset, _KEYS, _VALUES, Iterator)
    items: tuple[Any, ...] = tuple(value) if several else (value,)
    if _is_of(value, set, frozenset) and all(_is_of(item, str) for item in items):
        items = tuple(sorted(items))  # the same graph in every process, whatever the hash seed
    for item in items:
        if item is None or _is_of(item, int, float, bytes, dict) or (_is_of(item, str) and not item):
            raise refused(option, item, "names nothing; write a step, the name of one, a Ref, or a list of them")
    return items


def _is_of(value: object, *kinds: type) -> bool:
    return issubclass(type(value), kinds)


def _identities(value: tuple[Any, ...] | Unset) -> object:
    # Refs refuse `==`, so dependencies are compared by what they are, not by what they equal.
    return value if value is UNSET else tuple(one if _is_of(one, str) else id(one) for one in value)


def _on_failure(value: OnFailure | Unset) -> OnFailure | Unset:
    if value is UNSET or is_a(Fallback, value) or (is_a(str, value) and value in ("fail", "skip")):
        return value
    if callable(value):
        raise refused("on_failure", value, "is a function; write on_failure=Fallback(call=...)")
    written: object = value
    known = ["fail", "skip", "Fallback(...)"]
    hint = near(written, known) if isinstance(written, str) else "for a value write Fallback(value)"
    raise refused("on_failure", value, f'is neither "fail", "skip" nor a Fallback; {hint}')


def _run_if(value: Callable[..., Any] | Unset | None) -> Callable[..., Any] | Unset | None:
    if value is UNSET or value is None:
        return value
    if not callable(value):
        raise refused("run_if", value, "can't be asked; write a function that takes the step's arguments")
    if iscoroutinefunction(value):
        raise refused("run_if", value, "is async, so its answer would always count as true; write a plain function")
    return value


def _not_before(value: datetime | Unset | None) -> datetime | Unset | None:
    if value is None or value is UNSET:
        return value
    from datetime import datetime

    if not is_a(datetime, value):
        raise refused("not_before", value, "isn't a datetime; for a length of time write delay=")
    if value.utcoffset() is None:
        problem = "has no timezone; write datetime(..., tzinfo=UTC), or .astimezone() for local time"
        raise refused("not_before", value, problem)
    return value


def _executor(value: str | Unset) -> str | Unset:
    text(value, "executor")
    return value


def _max_concurrency(value: int | Unset | None) -> int | Unset | None:
    if value is UNSET or value is None or (is_whole(value) and value >= 1):
        return value
    raise refused("max_concurrency", value, "lets nothing run; write 1 or more, or None for no limit")


def _limit_of_places(value: Limit | Unset | None) -> Limit | Unset | None:
    if value is UNSET or value is None or is_a(Limit, value):
        return value
    raise refused("limit", value, 'is no Limit; write limit=Limit("db", 4), or max_concurrency= for one map')


def _compensate(value: Callable[..., Any] | Unset | None) -> Callable[..., Any] | Unset | None:
    if value is UNSET or value is None or callable(value):
        return value
    raise refused("compensate", value, "can't be called; write a step, or a function, that undoes what this one did")


def _on_item_failure(value: OnItemFailure | Unset) -> OnItemFailure | Unset:
    if value is UNSET or (is_a(str, value) and value in _ON_ITEM_FAILURE):
        return value
    hint = near(value, list(_ON_ITEM_FAILURE)) if is_a(str, value) else "for a value that stands in write on_failure="
    raise refused("on_item_failure", value, f"is none of {', '.join(map(repr, _ON_ITEM_FAILURE))}; {hint}")


def _item_key(value: Callable[..., Any] | Unset | None) -> Callable[..., Any] | Unset | None:
    return _of_items(value, "item_key")


def _item_depends_on(value: Callable[..., Any] | Unset | None) -> Callable[..., Any] | Unset | None:
    return _of_items(value, "item_depends_on")


def _of_items(value: Callable[..., Any] | Unset | None, option: str) -> Callable[..., Any] | Unset | None:
    if value is UNSET or value is None:
        return value
    if not callable(value):
        raise refused(option, value, "can't be asked; write a function that takes what the step gets for an item")
    if iscoroutinefunction(value):
        raise refused(option, value, "is async, so its answer would be a coroutine; write a plain function")
    return value


@attrs.frozen(kw_only=True, repr=False)
class StepOptions(Options):
    """Options of a step, checked here and settled later: what isn't set is left to the next layer.

    Durations become seconds; `retries=3` becomes a `Retry`, `retries=0` None. Raises `PolicyError`, naming the option.
    """

    retries: Retry | Unset | None = attrs.field(default=UNSET, converter=_retries)
    timeout: float | Unset | None = attrs.field(default=UNSET, converter=_timeout)
    total_timeout: float | Unset | None = attrs.field(default=UNSET, converter=_total_timeout)
    heartbeat_timeout: float | Unset | None = attrs.field(default=UNSET, converter=_heartbeat_timeout)
    depends_on: tuple[Any, ...] | Unset = attrs.field(default=UNSET, converter=_depends_on, eq=_identities)
    depends_on_any: tuple[Any, ...] | Unset = attrs.field(default=UNSET, converter=_depends_on_any, eq=_identities)
    on_failure: OnFailure | Unset = attrs.field(default=UNSET, converter=_on_failure)
    run_if: Callable[..., Any] | Unset | None = attrs.field(default=UNSET, converter=_run_if)
    delay: float | Unset = attrs.field(default=UNSET, converter=_delay)
    not_before: datetime | Unset | None = attrs.field(default=UNSET, converter=_not_before)
    executor: str | Unset = attrs.field(default=UNSET, converter=_executor)
    name: str | Unset | None = attrs.field(default=UNSET, converter=name)
    effect: bool | Unset = attrs.field(default=UNSET, validator=flag)
    idempotent: bool | Unset = attrs.field(default=UNSET, validator=flag)
    interrupt: bool | Unset = attrs.field(default=UNSET, validator=flag)
    validate: bool | Unset = attrs.field(default=UNSET, validator=flag)
    must_use: bool | Unset = attrs.field(default=UNSET, validator=flag)
    limit: Limit | Unset | None = attrs.field(default=UNSET, converter=_limit_of_places)
    compensate: Callable[..., Any] | Unset | None = attrs.field(default=UNSET, converter=_compensate)
    max_concurrency: int | Unset | None = attrs.field(default=UNSET, converter=_max_concurrency)
    on_item_failure: OnItemFailure | Unset = attrs.field(default=UNSET, converter=_on_item_failure)
    item_key: Callable[..., Any] | Unset | None = attrs.field(default=UNSET, converter=_item_key)
    item_depends_on: Callable[..., Any] | Unset | None = attrs.field(default=UNSET, converter=_item_depends_on)

    @classmethod
    def of(cls, place: str = "@step", /, **options: Any) -> StepOptions:
        """Make options from keywords; an unknown one is a `PolicyError` that says `place` and the near name."""
        refuse_unknown(options, cls, place)
        return cls(**options)

    def over(self, other: StepOptions) -> StepOptions:
        """Lay these on top: what they say wins, what they don't say is the other's."""
        return attrs.evolve(other, **said) if (said := self.given()) else other

    def resolved(self) -> Policy:
        """Settle what nobody said with its default."""
        not_before = settled(self.not_before, None)
        return Policy(
            retry=settled(self.retries, None),
            timeout=settled(self.timeout, None),
            total_timeout=settled(self.total_timeout, None),
            heartbeat_timeout=settled(self.heartbeat_timeout, None),
            on_failure=settled(self.on_failure, "fail"),
            run_if=settled(self.run_if, None),
            delay=settled(self.delay, 0.0),
            not_before=None if not_before is None else not_before.timestamp(),
            executor=settled(self.executor, "thread"),
            idempotent=settled(self.idempotent, False),
            interrupt=settled(self.interrupt, False),
            validate=settled(self.validate, False),
            limit=settled(self.limit, None),
            compensate=settled(self.compensate, None),
            max_concurrency=settled(self.max_concurrency, None),
            on_item_failure=settled(self.on_item_failure, "fail"),
            item_key=settled(self.item_key, None),
            item_depends_on=settled(self.item_depends_on, None),
        )
