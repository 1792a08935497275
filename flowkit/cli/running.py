"""Running a workflow for somebody who watches, or for a program that reads the result."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from flowkit.cli.failures import told
from flowkit.cli.progress import Progress, Words
from flowkit.cli.terminal import errors, give_up, is_watched, note, print_json, problem, show
from flowkit.engine.events import RunFailed, StepLog, StepProgress
from flowkit.engine.runners import current_runner
from flowkit.errors import CheckFailed, EncodingError, RunCancelled, Skipped
from flowkit.runner import Engine
from flowkit.stores.codec import to_json

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import TextIO

    from flowkit.cli.targets import Named
    from flowkit.engine.events import Event
    from flowkit.engine.run import Run

__all__ = ["run_workflow"]

INTERRUPTED: Final = 130
_HEARD: Final = 10_000
"""Words of steps that may wait to be shown; of more than that, the newest are."""
_ENDED: Final = frozenset({"succeeded", "failed", "timed_out", "skipped"})


def run_workflow(workflow: Named, args: Sequence[Any], kwargs: dict[str, Any], out: TextIO) -> int:
    """Run it to its end, write its value to `out`, and return the exit code."""
    label = workflow.spec.label
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
            last = _watch(run, label, words)
        except KeyboardInterrupt:
            return _interrupted(run, label)
    return _conclude(run, label, last, out)


@contextlib.contextmanager
def _overheard() -> Generator[Words | None]:
    """Keep what steps tell of themselves, if somebody looks: no run keeps it, so only who listens meanwhile hears it.

    Whatever engine the workflow's own module chose, this stands among its observers for as long as the run is shown.
    """
    engine = current_runner()
    if not is_watched() or not isinstance(engine, Engine):
        yield None
        return
    words: Words = deque(maxlen=_HEARD)

    def overhear(event: Event) -> None:
        if isinstance(event, (StepLog, StepProgress)):
            words.append(event)

    services = engine._services
    services.observers = [*services.observers, overhear]
    try:
        yield words
    finally:
        services.observers = [one for one in services.observers if one is not overhear]


def _watch(run: Run[Any], label: str, words: Words | None) -> Event | None:
    """Wait for the end of a run, showing it if somebody looks; the last thing that happened."""
    last = None
    with _display(run, label, words) as progress:
        for event in run.events():
            last = event
            if progress is not None:
                progress.tell(event)
    return last


@contextlib.contextmanager
def _display(run: Run[Any], label: str, words: Words | None) -> Generator[Progress | None]:
    if words is None:
        yield None
        return
    from rich.live import Live

    console = errors()
    progress = Progress(run.graph, label, console, run.id, words)
    with Live(console=console, get_renderable=progress.picture, refresh_per_second=8, transient=True):
        yield progress
    console.print(progress.summary())


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
