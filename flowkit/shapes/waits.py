"""Waiting: for a time, for a message from outside, for somebody's decision. Nothing is held while it lasts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast, get_args

from flowkit.engine.run import Run
from flowkit.errors import GateTimeout, MisuseError, PolicyError, StepTimeout, ValidationError
from flowkit.graph import Ref, StepSpec
from flowkit.machine.waiting import Decision, Waiting
from flowkit.policies import Duration, StepOptions, seconds
from flowkit.shapes.writing import recorder_for

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Signal", "gate", "gate_call", "sleep", "sleep_call", "wait_call"]

T = TypeVar("T")
F = TypeVar("F", bound="Callable[..., Any]")


def _waiting_step(function: Callable[..., Waiting], label: str, returns: Any) -> StepSpec:
    """A step that says what it waits for, and gives what came of that."""
    spec = StepSpec(function, f"flowkit:{label}", StepOptions(effect=True), suspends=True)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    spec.__dict__.update(label=label, returns=returns, hints={**dict.fromkeys(names, Any), "return": returns})
    return spec


# -- time ---------------------------------------------------------------------------------------------------------------


def _sleep(duration: Any) -> Waiting:
    return Waiting("timer", seconds=seconds(duration, "sleep"))


_SLEEP: Final = _waiting_step(_sleep, "sleep", type(None))


def _taken(function: F) -> F:
    """A function whose value is used though it is None: mypy refuses that of one that nothing was done to."""
    return function


@_taken
def sleep(duration: Duration) -> None:
    """Wait for a time: seconds, a timedelta, or text like `"1d"`. It keeps its place in the text, and holds no thread.

    The time may also be the result of a step. Raises `PolicyError` for what isn't a length of time.
    """
    recorder = recorder_for("sleep", "write `await live.sleep(...)`")
    spec, args = sleep_call(duration)
    return cast("None", recorder.call(spec, args, {}, sys._getframe(1)))  # for a join to take


def sleep_call(duration: Any) -> tuple[StepSpec, tuple[Any, ...]]:
    """What is recorded for a `sleep`."""
    if type(duration) is not Ref:
        seconds(duration, "sleep")
    return _SLEEP, (duration,)


# -- signals ------------------------------------------------------------------------------------------------------------


class Signal(Generic[T]):
    """A message from outside that a run waits for: `paid = Signal[Payment]("paid")`.

    What is sent before anybody waits is kept, and each message is taken once. Runs have signals of their own: the same
    name in two runs is two signals.
    """

    def __init__(self, name: str) -> None:
        self.name = _named("Signal", name)

    def wait(self, timeout: Duration | None = None) -> T:
        """The next message that isn't taken. It keeps its place in the text.

        Fails with `StepTimeout` once the timeout is over.
        """
        recorder = recorder_for("wait", f"write `await live.wait({self.name})`")
        spec, args = wait_call(self, timeout)
        return cast("T", recorder.call(spec, args, {}, sys._getframe(1)))

    def send(self, run: Run[Any], value: T, *, dedup: str | None = None) -> bool:
        """Send it to a run. With `dedup`, a message with the same mark counts once: False the second time.

        Raises `ValidationError`, with the path, for a message that isn't what the signal was declared with, items and
        fields included; `Signal("paid")` takes anything. Raises `IllegalTransition` where the run is over.
        """
        from flowkit.checks.conforming import misfit  # only who sends needs it

        found = misfit(value, self.of)
        if found is not None:
            message = f"a message for the signal `{self.name}` doesn't fit: {found}"
            raise ValidationError(message, found.path)
        return run._send(self.name, value, dedup, self.of)

    @property
    def of(self) -> Any:
        """What its messages are: the `Payment` of `Signal[Payment](...)`; Any where that wasn't said."""
        made = getattr(self, "__orig_class__", None)
        return get_args(made)[0] if made is not None else Any

    def __repr__(self) -> str:
        kind = getattr(self.of, "__name__", self.of)
        return f"Signal[{kind}]({self.name!r})"


def wait_call(signal: Signal[Any], timeout: Any) -> tuple[StepSpec, tuple[Any, ...]]:
    """What is recorded for the `wait` of a signal."""
    if timeout is not None and type(timeout) is not Ref:
        seconds(timeout, "timeout")
    name = signal.name

    def wait(timeout: Any) -> Waiting:
        limit = None if timeout is None else seconds(timeout, "timeout")
        return Waiting("signal", name, limit, None if limit is None else StepTimeout(name, limit))

    return _waiting_step(wait, name, signal.of), (timeout,)


# -- gates --------------------------------------------------------------------------------------------------------------


def gate(
    prompt: str,
    *,
    options: Sequence[str] = (),
    timeout: Duration | None = None,
    on_timeout: Literal["fail", "return"] = "fail",
    on_reject: Literal["fail", "return"] = "fail",
    name: str = "gate",
) -> Decision:
    """Wait for somebody to decide: `run.approve(...)` or `run.reject(...)`, from outside. It keeps its place.

    `options` are what an approval chooses from. A rejection fails with `GateRejected`, and a gate that nobody decides
    within `timeout` with `GateTimeout`, unless the decision itself is asked for with `"return"`. `name` is what it is
    called in keys.
    """
    recorder = recorder_for("gate", "write `await live.gate(...)`")
    spec, args = gate_call(prompt, options, timeout, on_timeout, on_reject, name)
    return cast("Decision", recorder.call(spec, args, {}, sys._getframe(1)))


def gate_call(
    prompt: Any, options: Any, timeout: Any, on_timeout: Any, on_reject: Any, name: Any
) -> tuple[StepSpec, tuple[Any, ...]]:
    """What is recorded for a `gate`."""
    label = _named("gate", name)
    offered = tuple(options) if not isinstance(options, str) else (options,)
    strange = next((one for one in offered if not isinstance(one, str)), None)
    if strange is not None or len(set(offered)) < len(offered):
        message = f"options={options!r} aren't texts that differ, of which one is chosen"
        raise PolicyError(message)
    for option, given in (("on_timeout", on_timeout), ("on_reject", on_reject)):
        if given not in ("fail", "return"):
            message = f"{option}={given!r} is neither 'fail' nor 'return'"
            raise PolicyError(message)
    if type(prompt) is not Ref and not (isinstance(prompt, str) and prompt.strip()):
        message = f'a gate asks something, as in `gate("deploy?")`, not {prompt!r}'
        raise MisuseError(message)
    limit = None if timeout is None else seconds(timeout, "timeout")

    def ask(prompt: Any) -> Waiting:
        late: Any = Decision(approved=False, timed_out=True)
        if on_timeout == "fail" and limit is not None:
            late = GateTimeout(str(prompt), limit)
        return Waiting("gate", str(prompt), limit, late, offered, on_reject)

    return _waiting_step(ask, label, Decision), (prompt,)


def _named(word: str, name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        message = f"a {word} is called by a name, not {name!r}"
        raise MisuseError(message)
    return name
