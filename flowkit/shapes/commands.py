"""Programs as steps: what `command` takes, and what comes of it.

What programs are given is in `invoking`, how they are run in `programs`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, TypeVar, get_origin, overload

import attrs

from flowkit.engine.current import attempt_here
from flowkit.engine.notes import add_note
from flowkit.errors import CommandFailed, EncodingError, MisuseError
from flowkit.graph import Ref, StepSpec
from flowkit.policies import Duration, Retry, StepOptions, seconds
from flowkit.policies.durations import is_whole, refused
from flowkit.policies.layers import UNSET, Options, Unset, flag, refuse_unknown
from flowkit.shapes.invoking import arguments, called, environment, folder, input_bytes, why_not
from flowkit.shapes.writing import recorder_for

if TYPE_CHECKING:
    from types import UnionType
    from typing import Unpack

    from flowkit.engine.ports import Services

__all__ = ["Argument", "CommandKeywords", "Completed", "command", "command_call"]

T = TypeVar("T")

Argument: TypeAlias = "str | os.PathLike[str] | int | float"
"""What is given to a program as text. Numbers too: where one is a result, no body could make text of it."""


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 100 else f"<{len(text)} characters, ending in {text[-60:]!r}>"


@attrs.frozen
class Completed:
    r"""How a program ended, and what it wrote.

    Bytes that aren't UTF-8 are written as `\xff`: text with anything else in their place couldn't be kept or printed.
    """

    args: tuple[str, ...]
    returncode: int
    """Its exit code; minus the number of the signal that ended it."""
    stdout: str = attrs.field(repr=_shown)
    stderr: str = attrs.field(repr=_shown)
    stdout_cut: int = 0
    """How many bytes before `stdout` weren't kept, for there were more than `max_output`."""
    stderr_cut: int = 0
    """The same of `stderr`."""


class CommandKeywords(TypedDict, total=False):
    """What `command(...)` takes besides the arguments and `parse`."""

    check: bool
    env: Mapping[str, Argument | None] | None
    cwd: str | os.PathLike[str] | None
    input: str | bytes | None
    name: str | None
    max_output: int
    kill_after: Duration
    retries: int | Retry | None
    timeout: Duration | None
    total_timeout: Duration | None


def _bytes_kept(given: int) -> int:
    if not is_whole(given) or given < 0:
        raise refused("max_output", given, "is no number of bytes; write 0 or more, as in 10_000_000")
    return given


def _grace(given: Duration) -> float:
    return seconds(given, "kill_after")


@attrs.frozen(kw_only=True, repr=False)
class _How(Options):
    """The same, as it is used."""

    check: bool = attrs.field(default=True, validator=flag)
    env: Any = None
    cwd: Any = None
    input: Any = None
    name: str | None = None
    max_output: int = attrs.field(default=10_000_000, converter=_bytes_kept)
    kill_after: float = attrs.field(default=5.0, converter=_grace)
    retries: int | Retry | Unset | None = UNSET
    timeout: Duration | Unset | None = UNSET
    total_timeout: Duration | Unset | None = UNSET


@overload
def command(args: Sequence[Argument], *, parse: None = None, **options: Unpack[CommandKeywords]) -> Completed: ...
@overload
def command(args: Sequence[Argument], *, parse: type[T], **options: Unpack[CommandKeywords]) -> T: ...
@overload
def command(args: Sequence[Argument], *, parse: UnionType, **options: Unpack[CommandKeywords]) -> Any: ...
@overload
def command(args: Sequence[Argument], *, parse: Callable[[str], T], **options: Unpack[CommandKeywords]) -> T: ...
def command(args: Any, *, parse: Any = None, **options: Any) -> Any:
    """Run a program: `command(["make", "test"])`. It keeps its place in the text, and gives a `Completed`.

    With `parse` it gives what that makes of the program's output: a type reads it as JSON, a function gets the text.
    Results may be anywhere in the arguments, in `env`, `cwd` and `input`. Ended early, by a time limit or since the run
    is cancelled, the program ends with everything it has started. Fails with `CommandFailed` for an exit code other
    than 0, unless `check=False`, and for what can't be started; with `EncodingError` for output that isn't `parse`.
    """
    recorder = recorder_for("command", "write `await live.command(...)`")
    spec, given = command_call(args, parse, options)
    return recorder.call(spec, given, {}, sys._getframe(1))


def command_call(args: Any, parse: Any, options: dict[str, Any]) -> tuple[StepSpec, tuple[Any, ...]]:
    """What is recorded for a `command`."""
    if not hasattr(os, "killpg"):
        raise MisuseError("`command` needs process groups, which this system hasn't; call subprocess.run in a step")
    refuse_unknown(options, _How, "`command`")
    how = _How(**options)
    args, env = _known(args, how)
    limits = {name: getattr(how, name) for name in ("retries", "timeout", "total_timeout")}
    settled = StepOptions(effect=True, name=how.name, **limits)
    label = how.name or called(None if type(args) is Ref else args[0])
    returns, read = _reader(parse, label)

    async def run(args: Any, env: Any, cwd: Any, input: Any) -> Any:
        argv, services = arguments(args), _services()
        done = await _completed(argv, environment(env), folder(cwd), input_bytes(input), how)
        if how.check and done.returncode:
            raise CommandFailed(argv, done.returncode, done.stdout, done.stderr)
        if read is None:
            return done
        if done.stdout_cut:
            problem = f"wrote {done.stdout_cut} bytes more than are kept, so it can't be parsed; raise max_output"
            raise CommandFailed(argv, done.returncode, done.stdout, done.stderr, problem)
        if services.inline:
            return read(services, done.stdout)
        import asyncio

        # Somebody's function may take its time, and the loop is everybody's.
        return await asyncio.to_thread(read, services, done.stdout)

    spec = StepSpec(run, f"flowkit:command:{label}", settled)
    names = run.__code__.co_varnames[: run.__code__.co_argcount]
    spec.__dict__.update(label=label, returns=returns, hints={**dict.fromkeys(names, Any), "return": returns})
    return spec, (args, env, how.cwd, how.input)


async def _completed(argv: tuple[str, ...], env: dict[str, str], cwd: str | None, input: Any, how: _How) -> Completed:
    from flowkit.shapes.programs import run_program

    try:
        done = await run_program(argv, env=env, cwd=cwd, input=input, limit=how.max_output, grace=how.kill_after)
    except OSError as error:
        raise CommandFailed(argv, None, problem=why_not(error, argv[0], cwd)) from error
    out, err = done.stdout, done.stderr
    return Completed(argv, done.returncode, out.text, err.text, out.cut, err.cut)


def _services() -> Services:
    here = attempt_here.get()
    assert here is not None  # nobody but a run has the step
    return here[0].services


def _known(args: Any, how: _How) -> tuple[Any, Any]:
    """Look at everything that isn't a result, while the caller can be seen.

    Gives the arguments and the variables as a list and a dict: those are searched for results, as others may not be.
    """
    if type(how.cwd) is not Ref:
        folder(how.cwd)
    if type(how.input) is not Ref:
        input_bytes(how.input)
    env = how.env
    if type(env) is not Ref and env is not None:
        environment(env)
        env = dict(env)
    if type(args) is Ref:
        return args, env
    arguments(args)
    return list(args), env


def _reader(parse: Any, label: str) -> tuple[Any, Callable[[Services, str], Any] | None]:
    """What type `parse` gives, and what makes that of a program's output."""
    if parse is None:
        return Completed, None
    if parse is str:
        message = "parse=str would read JSON; the output is text already: take `.stdout`, or write parse=str.strip"
        raise MisuseError(message)
    if isinstance(parse, type) or get_origin(parse) is not None or type(parse).__module__ in ("typing", "types"):
        return parse, lambda services, text: _decoded(services, text, parse, label)
    function = StepSpec(parse, label, StepOptions()) if callable(parse) else None
    if function is None or function.is_async:
        message = f"`command` takes a type or a plain function as parse, not {parse!r}"
        raise MisuseError(message)
    known = "return" in function.hints

    def call(_: Services, text: str) -> Any:
        try:
            return parse(text)
        except Exception as error:
            add_note(error, f"raised by parse= on the output of `{label}`")
            raise

    return function.returns if known else Any, call


def _decoded(services: Services, text: str, annotation: Any, label: str) -> Any:
    try:
        return services.read(text, annotation)
    except EncodingError as error:
        problem = f"{error.problem} (in the output of `{label}`)"
        raise EncodingError(problem, error.path) from None
