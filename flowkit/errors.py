"""Every exception flowkit raises.

.. code-block:: text

    Exception
    └── FlowkitError
        ├── CheckFailed          a workflow has mistakes; nothing was run
        ├── PolicyError          an option or a policy can't mean anything     (also ValueError)
        ├── MisuseError          the right thing called in the wrong place     (also TypeError)
        ├── EncodingError        a value that can't be kept, or read back      (also ValueError)
        ├── ValidationError      a value that isn't what its annotation says   (also TypeError)
        ├── CommandFailed        a program ended badly, or couldn't be run
        ├── StepTimeout          a step ran out of time                        (also TimeoutError)
        ├── RunCancelled         the run was cancelled, and by what
        ├── Skipped              the value asked for was never made
        ├── Deadlock             what is left waits for itself
        ├── RunNotFound          no run has this id
        ├── RunConflict          this id belongs to a run with other arguments
        ├── EngineClosed         the engine takes no more runs
        ├── BlockingCall         blocking inside a running event loop
        ├── IllegalTransition    a status can't follow another
        ├── LoopError            a loop took too many rounds, or got stuck
        ├── GateRejected         somebody said no
        ├── GateTimeout          nobody decided in time                        (also TimeoutError)
        ├── NonDeterminismError  a body wrote something else when it was recorded again
        ├── WorkflowChanged      what a run has done doesn't fit its workflow as that is now
        ├── StoreError           a store can't keep, find or read what it should
        ├── RunLost              whoever had the run died, again and again
        ├── RunSuspended         the run isn't this process's any more, and goes on later or elsewhere
        ├── StepError            a failure from another process, whose class isn't here
        ├── Fatal                raised by steps: don't retry this
        └── RetryAfter           raised by steps: retry, and not before

A failing step is not in this tree: its run raises the step's own exception.

All of them pickle and copy: what `__init__` takes is kept as data, and the text is made from it when asked for.
"""

# The names say what happened, as `StopIteration` does; not each is an error.
# ruff: noqa: N818

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import inf, nan
from typing import Any, Literal

__all__ = [
    "BlockingCall",
    "CancelReason",
    "CheckFailed",
    "CommandFailed",
    "Deadlock",
    "EncodingError",
    "EngineClosed",
    "Fatal",
    "FlowkitError",
    "GateRejected",
    "GateTimeout",
    "IllegalTransition",
    "LoopError",
    "MisuseError",
    "NonDeterminismError",
    "PolicyError",
    "RetryAfter",
    "RunCancelled",
    "RunConflict",
    "RunNotFound",
    "RunLost",
    "RunSuspended",
    "Skipped",
    "StepError",
    "StepTimeout",
    "StoreError",
    "ValidationError",
    "WorkflowChanged",
]

TimeoutKind = Literal["timeout", "total_timeout", "heartbeat_timeout"]

_TOOK: dict[TimeoutKind, str] = {
    "timeout": "took longer than its timeout of",
    "total_timeout": "took longer, attempts and waits together, than its total_timeout of",
    "heartbeat_timeout": "gave no sign of life within its heartbeat_timeout of",
}

# A deadlock of a hundred thousand nodes is understood from its first ones, a program's failure from its last lines.
_SHOWN = 10
_LINE = 120


class CancelReason(StrEnum):
    """Why a run, or a part of it, was cancelled. The first reason wins and stays.

    `PARENT` is what it was part of: the run that started it, a call whose other steps failed, a race or a scope.
    """

    USER = "user"
    TIMEOUT = "timeout"
    FAIL_FAST = "fail_fast"
    PARENT = "parent"
    SHUTDOWN = "shutdown"
    LEASE_LOST = "lease_lost"


_CANCELLED = {
    CancelReason.USER: "cancelled on request",
    CancelReason.TIMEOUT: "cancelled because time ran out",
    CancelReason.FAIL_FAST: "cancelled because another step failed",
    CancelReason.PARENT: "cancelled with the run that started it",
    CancelReason.SHUTDOWN: "cancelled because the engine shut down",
    CancelReason.LEASE_LOST: "cancelled because another process took the run over",
}


class FlowkitError(Exception):
    """Everything flowkit raises on its own account."""


class CheckFailed(FlowkitError):
    """A workflow has mistakes that would have shown only after it had started; nothing of what was checked was run.

    `diagnostics` holds all of them, in the order of the source; `str()` is the rendered text.
    """

    def __init__(self, diagnostics: Iterable[Any]) -> None:
        self.diagnostics: tuple[Any, ...] = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        # Tracebacks put "flowkit.CheckFailed: " before the text; the first line of a diagnostic wants its own.
        return "\n" + "\n\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class PolicyError(FlowkitError, ValueError):
    """An option that can't mean anything, raised where it is written."""


class MisuseError(FlowkitError, TypeError):
    """Something that is right elsewhere, called or declared in the wrong place."""


class EncodingError(FlowkitError, ValueError):
    """A value that can't be kept, or can't be read back.

    `path` says where in the value: `$` is the value itself, `$.user.tags[3]` a part of it.
    """

    def __init__(self, problem: str, path: str = "$") -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path

    def __str__(self) -> str:
        return f"`{self.path}`: {self.problem}"


class ValidationError(FlowkitError, TypeError):
    """An argument or a result of a step with `validate=True` isn't what its annotation says, or a message what its
    `Signal` was declared with.

    `path` says where in the value: `$` is the value itself, `$.user.tags[3]` a part of it.
    """

    def __init__(self, problem: str, path: str = "$") -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path

    def __str__(self) -> str:
        return self.problem


class CommandFailed(FlowkitError):
    """A program ended with an exit code other than 0, or couldn't be run; `problem` says what else was the matter.

    `cmd` is what was run. `returncode` is None where nothing was, and negative where a signal ended it. `stdout` and
    `stderr` are what it wrote, as far as a `command` keeps that; the text has the end of one of them.
    """

    def __init__(
        self, cmd: Iterable[str], returncode: int | None, stdout: str = "", stderr: str = "", problem: str = ""
    ) -> None:
        self.cmd: tuple[str, ...] = tuple(cmd)
        super().__init__(self.cmd, returncode, stdout, stderr, problem)
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr
        self.problem = problem

    def __str__(self) -> str:
        import shlex

        line = " ".join(shlex.join(self.cmd).split())
        named = f"`{line if len(line) <= _LINE else line[: _LINE - 3] + '...'}`"
        if self.problem:
            return f"{named} {self.problem}"
        how = f"ended with exit code {self.returncode}"
        if self.returncode is not None and self.returncode < 0:
            from signal import Signals

            number = -self.returncode
            how = f"was ended by {Signals(number).name if number in set(Signals) else f'signal {number}'}"
        # Programs that test or check write what is wrong to stdout.
        lines = (self.stderr.strip() or self.stdout.strip())[-_LINE * _SHOWN :].splitlines()[-_SHOWN:]
        said = "".join(f"\n  | {one}" for one in lines)
        return f"{named} {how}; with check=False that is a result like any other{said}"


class StepTimeout(FlowkitError, TimeoutError):
    """A step ran out of the time that `kind` gave it; `after` is that time, in seconds."""

    def __init__(self, step: str, after: float, kind: TimeoutKind = "timeout") -> None:
        super().__init__(f"`{step}` {_TOOK[kind]} {after:g}s")
        self.step = step
        self.after = after
        self.kind: TimeoutKind = kind

    def __reduce__(self) -> tuple[Any, ...]:
        # TimeoutError is an OSError, which reads several arguments as errno, strerror and filename;
        # so `args` is the text alone, and pickle is told what `__init__` takes.
        return type(self), (self.step, self.after, self.kind), self.__dict__.copy()


class RunCancelled(FlowkitError):
    """The run was cancelled; `reason` says by what, `detail` is the text given with it."""

    def __init__(self, reason: CancelReason | str = CancelReason.USER, detail: str = "") -> None:
        self.reason = CancelReason(reason)
        self.detail = detail
        super().__init__(self.reason, detail)

    def __str__(self) -> str:
        return _CANCELLED[self.reason] + (f": {self.detail}" if self.detail else "")


class Skipped(FlowkitError):
    """The value asked for was never made.

    `reasons` is the chain, from the value asked for back to the first cause; an error at its end is the `__cause__`.
    """

    def __init__(self, reasons: Iterable[str] | str) -> None:
        self.reasons: tuple[str, ...] = (reasons,) if isinstance(reasons, str) else tuple(reasons)
        super().__init__(self.reasons)

    def __str__(self) -> str:
        reasons = self.reasons
        if len(reasons) > _SHOWN:
            left = len(reasons) - _SHOWN
            reasons = (*reasons[: _SHOWN // 2], f"(and {left} more)", *reasons[-_SHOWN // 2 :])
        return "\n  because ".join(reasons) or "skipped"


class Deadlock(FlowkitError):
    """Nothing runs, nothing is due, and yet the run isn't finished.

    `waiting` names, for each node that is left, what it waits for.
    """

    def __init__(self, waiting: Mapping[str, Iterable[str] | str]) -> None:
        self.waiting: dict[str, tuple[str, ...]] = {
            node: (others,) if isinstance(others, str) else tuple(others) for node, others in waiting.items()
        }
        super().__init__(self.waiting)

    def __str__(self) -> str:
        lines = ["nothing can run any more, and the run isn't finished"]
        for node, others in list(self.waiting.items())[:_SHOWN]:
            named = ", ".join(f"`{other}`" for other in others[:_SHOWN]) or "nothing that could still happen"
            more = len(others) - _SHOWN
            lines.append(f"  `{node}` waits for {named}" + (f" and {more} more" if more > 0 else ""))
        if (left := len(self.waiting) - _SHOWN) > 0:
            lines.append(f"  and {left} more nodes wait")
        return "\n".join(lines)


class RunNotFound(FlowkitError):
    """No run has this id; `detail` says where was looked, or what comes near."""

    def __init__(self, run_id: str, detail: str = "") -> None:
        super().__init__(run_id, detail)
        self.run_id = run_id
        self.detail = detail

    def __str__(self) -> str:
        return f"there is no run `{self.run_id}`" + (f"; {self.detail}" if self.detail else "")


class RunConflict(FlowkitError):
    """The id belongs to a run that isn't the one asked for; `detail` says what differs."""

    def __init__(self, run_id: str, detail: str) -> None:
        super().__init__(run_id, detail)
        self.run_id = run_id
        self.detail = detail

    def __str__(self) -> str:
        return f"run `{self.run_id}` exists already: {self.detail}; the same id always means the same run"


class RunSuspended(FlowkitError):
    """The run was given up by this process and hasn't ended: whoever takes it up goes on with it.

    `reason` says why: `SHUTDOWN`, `LEASE_LOST` where another process has it, or what went wrong, as text.
    """

    def __init__(self, run_id: str, reason: CancelReason | str) -> None:
        super().__init__(run_id, reason)
        self.run_id = run_id
        self.reason = reason

    def __str__(self) -> str:
        why = _SUSPENDED.get(self.reason, str(self.reason))
        return f"run `{self.run_id}` is suspended: {why}; it hasn't ended, and goes on where it is resumed"


_SUSPENDED: dict[str, str] = {
    CancelReason.SHUTDOWN: "its engine was shut down",
    CancelReason.LEASE_LOST: "another process has taken it over",
}


class RunLost(FlowkitError):
    """The run was given up: whoever had it died, more often than it is taken over."""

    def __init__(self, run_id: str, detail: str) -> None:
        super().__init__(run_id, detail)
        self.run_id = run_id
        self.detail = detail

    def __str__(self) -> str:
        return f"run `{self.run_id}` is given up: {self.detail}"


class StoreError(FlowkitError):
    """A store can't do what it is asked; nothing was changed by what raised this.

    `store` says which one, without passwords; `problem` what is wrong and what to do.
    """

    def __init__(self, problem: str, store: str = "") -> None:
        super().__init__(problem, store)
        self.problem = problem
        self.store = store

    def __str__(self) -> str:
        return f"{self.store}: {self.problem}" if self.store else self.problem


class StepError(FlowkitError):
    """What a step raised in another process, where its class isn't known here; or isn't to be made from what is kept.

    `type` is the class's name with its module, `message` its text, `trace` the traceback it had, as text.
    """

    def __init__(self, type: str, message: str = "", trace: str = "") -> None:
        super().__init__(type, message, trace)
        self.type = type
        self.message = message
        self.trace = trace

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


class EngineClosed(FlowkitError):
    """The engine was shut down and takes no more runs."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return "the engine is closed and takes no more runs" + (f"; {self.detail}" if self.detail else "")


class BlockingCall(FlowkitError):
    """A call that would have blocked the event loop it was made on; `instead` is what to write."""

    def __init__(self, call: str, instead: str) -> None:
        super().__init__(call, instead)
        self.call = call
        self.instead = instead

    def __str__(self) -> str:
        return f"`{self.call}` would block the running event loop; write `{self.instead}`"


class NonDeterminismError(FlowkitError):
    """A body that is recorded again, to go on from a result, didn't write what it wrote before.

    Whatever a body does besides calling steps happens again each time: what depends on clocks, randomness or anything
    else that changes belongs into a step. `again` names what is on record and wasn't called as it had been, where a run
    was resumed: a fork can do that again.
    """

    def __init__(self, workflow: str, difference: str, again: Iterable[str] = ()) -> None:
        self.again: tuple[str, ...] = tuple(again)
        super().__init__(workflow, difference, self.again)
        self.workflow = workflow
        self.difference = difference

    def __str__(self) -> str:
        return (
            f"the body of `{self.workflow}` was recorded again and is different: {self.difference}; "
            "move what changes (clocks, randomness, files) into a step"
        )


class WorkflowChanged(FlowkitError):
    """A run can't go on: what it has done doesn't fit its workflow as that is written now. Nothing of it was run.

    `differences` has all that has changed, each with the `key` of the step it is about, and whether what was done is
    good in spite of it (`fits`); `again` names what a fork of the run would have to do again.
    """

    def __init__(self, run_id: str, workflow: str, differences: Iterable[Any]) -> None:
        self.differences: tuple[Any, ...] = tuple(differences)
        super().__init__(run_id, workflow, self.differences)
        self.run_id = run_id
        self.workflow = workflow

    @property
    def again(self) -> tuple[str, ...]:
        """The keys of what would have to be done again, by a fork of the run that goes on from the rest."""
        return tuple(dict.fromkeys(key for one in self.differences for key in getattr(one, "again", ())))

    @property
    def found(self) -> str:
        """What doesn't fit, in a few lines, without the ways out."""
        told = [str(one) for one in self.differences if not getattr(one, "fits", False)]
        shown = ["- " + "\n  ".join(text.splitlines()) for text in told[:_SHOWN]]
        shown += [f"- and {len(told) - _SHOWN:,} more"] if len(told) > _SHOWN else []
        return "\n".join([f"run `{self.run_id}` can't go on with `{self.workflow}` as it is written now:", *shown])

    def __str__(self) -> str:
        again = list(self.again)
        at = f", at={again[0]!r}" if len(again) == 1 else f", at={again[:_SHOWN]!r}" if again else ""
        return (
            f"{self.found}\nput back what it was, and resume it; or go on from what fits, in a run of its own: "
            f"`{self.workflow}.fork({self.run_id!r}{at})`"
        )


class LoopError(FlowkitError):
    """A loop was given up: it took too many rounds, or got stuck; `state` is what it had come to."""

    def __init__(self, problem: str, state: Any = None) -> None:
        super().__init__(problem, state)
        self.problem = problem
        self.state = state

    def __str__(self) -> str:
        return self.problem


class GateRejected(FlowkitError):
    """Somebody said no at a gate; `who` it was, and with what `feedback`."""

    def __init__(self, gate: str, who: str = "", feedback: str = "") -> None:
        super().__init__(gate, who, feedback)
        self.gate = gate
        self.who = who
        self.feedback = feedback

    def __str__(self) -> str:
        by = f" by {self.who}" if self.who else ""
        return f"`{self.gate}` was rejected{by}" + (f": {self.feedback}" if self.feedback else "")


class GateTimeout(FlowkitError, TimeoutError):
    """Nobody decided at a gate in time; `after` is that time, in seconds."""

    def __init__(self, gate: str, after: float) -> None:
        super().__init__(f"nobody decided `{gate}` within {after:g}s")
        self.gate = gate
        self.after = after

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.gate, self.after), self.__dict__.copy()


class IllegalTransition(FlowkitError):
    """A status that can't follow the one before; `subject` is the node or run it was asked of."""

    def __init__(self, subject: str, before: str, after: str) -> None:
        super().__init__(subject, before, after)
        self.subject = subject
        self.before = before
        self.after = after

    def __str__(self) -> str:
        return f"`{self.subject}` is {self.before} and can't become {self.after}"


class Fatal(FlowkitError):
    """Raised by a step to say that another attempt wouldn't help: it is never retried, whatever the policy."""


class RetryAfter(FlowkitError):
    """Raised by a step that knows when to try again: its retry waits this many seconds.

    It takes the place of the backoff's delay, not of the policy: a step without retries, or with no attempts left,
    fails. Raises `PolicyError` unless `seconds` is a finite number, 0 or more; text counts as the number it spells, as
    in the HTTP header.
    """

    def __init__(self, seconds: float | str, message: str = "") -> None:
        try:
            self.retry_after = float(seconds)
        except (TypeError, ValueError, OverflowError):
            self.retry_after = nan
        if not 0 <= self.retry_after < inf:
            raise PolicyError(f"RetryAfter({seconds!r}): pass a finite number of seconds, 0 or more")
        super().__init__(seconds, message)
        self.message = message

    def __str__(self) -> str:
        return self.message or f"retry after {self.retry_after:g}s"


# Where people import them from is what tracebacks should say, and where pickle should look.
for _name in __all__:
    globals()[_name].__module__ = "flowkit"
