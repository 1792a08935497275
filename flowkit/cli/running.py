"""Running a workflow for somebody who watches, or for a program that reads the result."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.cli.answers import Misfit
from flowkit.cli.asking import Desk, say_open
from flowkit.cli.failures import told
from flowkit.cli.hearing import NO_MORE_LINES, End, can_ask, happenings
from flowkit.cli.progress import Progress, Words
from flowkit.cli.terminal import errors, give_up, is_watched, note, print_json, problem, refuse, show
from flowkit.engine.events import GateOpened, RunFailed, SignalSet, StepLog, StepProgress
from flowkit.engine.runners import current_runner
from flowkit.errors import CheckFailed, EncodingError, RunCancelled, Skipped
from flowkit.runner import Engine
from flowkit.stores.codec import to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import TextIO

    from rich.live import Live

    from flowkit.cli.answers import Answers
    from flowkit.cli.targets import Named
    from flowkit.engine.events import Event
    from flowkit.engine.run import Run

__all__ = ["run_workflow"]

INTERRUPTED: Final = 130
_HEARD: Final = 10_000
"""Words of steps that may wait to be shown; of more than that, the newest are."""
_ENDED: Final = frozenset({"succeeded", "failed", "timed_out", "skipped"})

_INLINE: Final = "its engine is inline, so the thread that could hand something in is the one that runs it"


def run_workflow(workflow: Named, args: Sequence[Any], kwargs: dict[str, Any], answers: Answers, out: TextIO) -> int:
    """Run it to its end, write its value to `out`, and return the exit code."""
    label = workflow.spec.label
    if answers.are_given and _is_inline(current_runner()):
        refuse(f"`{label}` can't be answered: {_INLINE}", 'write `Engine(executor="thread")`, or leave the answers out')
    with _overheard() as words:
        try:
            run = workflow.start(*args, **kwargs)
        except CheckFailed as failed:
            show(failed.diagnostics, errors())
            return 1
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the body is somebody's own
            return _failed(f"`{label}` failed before anything ran", error)
        try:
            answers.send(run)
            last = _watch(run, _Shown(run, label, words), answers)
        except KeyboardInterrupt:
            return _interrupted(run, label)
        except Misfit as misfit:
            return _called_off(run, label, misfit)
    answers.say_unused()
    return _conclude(run, label, last, out)


@contextlib.contextmanager
def _overheard() -> Generator[Words | None]:
    """Keep what steps tell of themselves, if somebody looks: no run keeps it, so only who listens meanwhile hears it.

    Whatever engine the workflow's own module chose, this stands among its observers for as long as the run is shown.
    """
    engine = current_runner()
    is_inline = _is_inline(engine)
    words: Words | None = deque(maxlen=_HEARD) if is_watched() and isinstance(engine, Engine) else None
    if not isinstance(engine, Engine) or (words is None and not is_inline):
        yield None
        return

    def overhear(event: Event) -> None:
        if isinstance(event, (StepLog, StepProgress)):
            if words is not None:
                words.append(event)
        elif is_inline and isinstance(event, (GateOpened, SignalSet)):
            say_open(event, f"only its timeout ends that, or Ctrl-C: {_INLINE}")

    services = engine._services
    services.observers = [*services.observers, overhear]
    try:
        yield words
    finally:
        services.observers = [one for one in services.observers if one is not overhear]


def _is_inline(engine: object) -> bool:
    return isinstance(engine, Engine) and engine._services.inline


def _watch(run: Run[Any], shown: _Shown, answers: Answers) -> Event | None:
    """Wait for the end of a run, showing it and asking if somebody looks; the last thing that happened."""
    last = None
    desk = Desk(run, answers.who, asks=can_ask(), pause=shown.pause, resume=shown.resume)
    with shown, contextlib.closing(desk):
        for one in happenings(iter(run.events()), lambda: desk.is_asking):
            if isinstance(one, str):
                desk.hear(one)
            elif isinstance(one, End):
                assert one is NO_MORE_LINES  # the end of the events ends them
                desk.hang_up()
            else:
                last = one
                shown.tell(one)
                answers.tell(one)
                desk.tell(one)
                if isinstance(one, GateOpened) and not answers.decide(run, one):
                    desk.open(one)
    return last


class _Shown:
    """The picture of a run, while somebody looks: gone while it pauses, and one line at the end."""

    def __init__(self, run: Run[Any], label: str, words: Words | None) -> None:
        self._console = errors()
        watched = words is not None
        self._progress = Progress(run.graph, label, self._console, run.id, words) if watched else None
        self._live: Live | None = None

    def tell(self, event: Event) -> None:
        """Take note of an event."""
        if self._progress is not None:
            self._progress.tell(event)

    def pause(self) -> None:
        """Take the picture away."""
        live, self._live = self._live, None
        if live is not None:
            # One that Ctrl-C hit while it was begun may not have all that it is to take away.
            with contextlib.suppress(Exception):
                live.stop()

    def resume(self) -> None:
        """Draw it again, below what was written meanwhile: each picture knows only where it began itself."""
        if self._progress is None or self._live is not None:
            return
        from rich.live import Live

        picture = self._progress.picture
        self._live = Live(console=self._console, get_renderable=picture, refresh_per_second=8, transient=True)
        self._live.start(refresh=True)

    def __enter__(self) -> None:
        self.resume()

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.pause()
        if self._progress is not None and error is None:
            self._console.print(self._progress.summary())


def _conclude(run: Run[Any], label: str, last: Event | None, out: TextIO) -> int:
    try:
        value = run.result()
    except RunCancelled as cancelled:
        problem(f"`{label}` was {cancelled}")
        return 1
    except Skipped as skipped:
        problem(f"`{label}` has no value: {skipped}")
        return 1
    except BaseException as error:  # noqa: BLE001 - whatever a step raises is its own failure
        where = [f"`{key}`" for key in last.failed] if isinstance(last, RunFailed) else []
        return _failed(f"`{label}` failed" + (f" in {', '.join(where)}" if where else ""), error)
    try:
        print_json(to_json(value), out)
    except EncodingError as error:
        problem(f"`{label}` succeeded, but its value can't be printed as JSON: {error}")
        return 1
    except BrokenPipeError:
        raise
    except (OSError, AttributeError, ValueError) as error:
        # A full disk, or no stdout at all (then it is None).
        give_up(out)
        reason = str(error) if isinstance(error, OSError) else "stdout is closed"
        problem(f"`{label}` succeeded, but its value couldn't be written: {reason}")
        return 1
    return 0


def _failed(headline: str, error: BaseException) -> int:
    problem(headline)
    errors().print(told(error))
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _called_off(run: Run[Any], label: str, misfit: Misfit) -> int:
    """An answer that was given doesn't fit: nobody is there to give another one, so the run ends."""
    problem(str(misfit), f"`{label}` is cancelled")
    try:
        run.cancel("an answer doesn't fit")
        run.wait()
    except KeyboardInterrupt:
        return _interrupted(run, label)
    return 1


def _interrupted(run: Run[Any], label: str) -> int:
    """Ctrl-C: cancel, and wait until the run has settled. Another one doesn't wait."""
    try:
        note("cancelling; Ctrl-C again leaves at once")
        run.cancel("Ctrl-C")
        run.wait()
    except KeyboardInterrupt:
        sys.stderr.flush()
        # Not an exit that waits for what doesn't end.
        os._exit(INTERRUPTED)
    steps = run.steps
    ended = sum(step.status in _ENDED for step in steps)
    problem(f"`{label}` was interrupted; {ended:,} of {len(steps):,} steps had ended")
    return INTERRUPTED
