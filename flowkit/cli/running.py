"""Running a workflow for somebody who watches, or for a program that reads the result."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from flowkit.cli.answers import Misfit
from flowkit.cli.asking import Desk
from flowkit.cli.failures import told
from flowkit.cli.hearing import NO_MORE_LINES, End, can_ask, happenings
from flowkit.cli.keeping import engine_of, shown_place, tell_lost
from flowkit.cli.terminal import errors, give_up, note, print_json, problem, refuse, show
from flowkit.cli.watching import INLINE, Past, Shown, Terminated, overheard, until_terminated
from flowkit.cli.words import ago
from flowkit.engine.durable import Durable
from flowkit.engine.events import GateOpened, RunFailed, SignalSet
from flowkit.engine.watched import Watched
from flowkit.errors import (
    CancelReason,
    CheckFailed,
    EncodingError,
    NonDeterminismError,
    RunCancelled,
    RunConflict,
    RunNotFound,
    RunSuspended,
    Skipped,
    StoreError,
    WorkflowChanged,
)
from flowkit.runner import Engine
from flowkit.stores.codec import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from flowkit.cli.answers import Answers
    from flowkit.cli.keeping import Where
    from flowkit.cli.progress import Words
    from flowkit.cli.targets import Named
    from flowkit.engine.events import Event
    from flowkit.engine.ports import Store
    from flowkit.engine.run import Run

__all__ = ["see_through"]

INTERRUPTED: Final = 130
_KILLED: Final = 128
"""What a shell adds to the number of the signal that ended a program."""
_ENDED: Final = frozenset({"succeeded", "failed", "timed_out", "skipped"})
_LOOK: Final = 0.2
"""Seconds between two looks at a run that another process has."""


def see_through(workflow: Named, begin: Callable[[], Run[Any]], answers: Answers, meant: Where, out: TextIO) -> int:
    """Begin a run, or go on with one; see it to its end, write its value to `out`, and return the exit code."""
    label = workflow.spec.label
    with engine_of(workflow, meant) as engine:
        if answers.are_given and engine._services.inline:
            refuse(
                f"`{label}` can't be answered: {INLINE}", 'write `Engine(executor="thread")`, or leave the answers out'
            )
        with overheard(engine) as words:
            run = _begun(begin, label, engine)
            return run if isinstance(run, int) else _Seen(run, engine, workflow, words, answers).through(out)


def _begun(begin: Callable[[], Run[Any]], label: str, engine: Engine) -> Run[Any] | int:
    """A run that is begun or gone on with; or the exit code, where that went wrong and was told."""
    try:
        return begin()
    except CheckFailed as failed:
        show(failed.diagnostics, errors())
        return 1
    except WorkflowChanged as changed:
        return _changed(changed)
    except (RunConflict, RunNotFound, StoreError) as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the body is somebody's own
        return _failed(f"`{label}` failed before anything ran", error, *_or_keep_nothing(error, engine))


def _or_keep_nothing(error: BaseException, engine: Engine) -> list[str]:
    if engine.store is None or not isinstance(error, EncodingError):
        return []
    return ["`--no-store` runs it and keeps nothing"]


class _Seen:
    """One run, from where it is to its end."""

    def __init__(self, run: Run[Any], engine: Engine, workflow: Named, words: Words | None, answers: Answers) -> None:
        self._run = run
        self._engine = engine
        self._workflow = workflow
        self._words = words
        self._answers = answers
        self._label = workflow.spec.label

    @property
    def _is_ours(self) -> bool:
        return not isinstance(self._run._driver, Watched)

    def through(self, out: TextIO) -> int:
        """Wait for the end, and tell how it was."""
        last = None
        try:
            with until_terminated(is_kept=self._engine.store is not None):
                if self._engine.store is not None:
                    self._announce(self._engine.store)
                self._answers.send(self._run)
                last = self._watch()
                while not self._is_ours and not self._run.status.is_final:
                    code = self._take_over()
                    if code is not None:
                        return code
                    last = self._watch()
        except KeyboardInterrupt:
            return self._interrupted()
        except Terminated as terminated:
            return self._terminated(terminated.number)
        except Misfit as misfit:
            return self._called_off(misfit)
        self._answers.say_unused()
        return self._conclude(last, out)

    def _announce(self, store: Store) -> None:
        """Say which run this is, and whether it is a new one: under that name it can be gone on with."""
        run, driver = self._run, self._run._driver
        what, place = f"run `{run.id}` of `{self._label}`", shown_place(store)
        if isinstance(driver, Watched):
            kept = driver.kept
            if kept.is_final:
                ended = "was cancelled" if kept.status == "cancelled" else f"has {kept.status}"
                note(f"{what} {ended} {ago(kept.changed, time.time())}, and isn't run again")
            else:
                note(
                    f"{what} is another process's: this one waits, and goes on with it if that has died",
                    "Ctrl-C leaves it alone",
                )
        elif isinstance(driver, Durable) and driver.found:
            note(f"{what} goes on from what is on record of it in {place}")
        else:
            note(f"{what} is kept in {place}")
        tell_lost(store)

    def _take_over(self) -> int | None:
        """Go on with a run whose process has died or let go of it, when nobody else does; the exit code where that fails."""
        spec, run_id = self._workflow.spec, self._run.id
        run = _begun(lambda: self._engine._take_over(spec, run_id), self._label, self._engine)
        if isinstance(run, int):
            return run
        self._run = run
        if self._is_ours:
            note(f"nobody has run `{run_id}` any more; it goes on here")
        return None

    # -- as it goes -----------------------------------------------------------------------------------------------------

    def _watch(self) -> Event | None:
        """Wait for the end of a run, showing it and asking if somebody looks; the last thing that happened."""
        run = self._run
        shown = Shown(run, self._label, self._words if self._is_ours else None)
        desk = Desk(run, self._answers.who, asks=can_ask(), pause=shown.pause, resume=shown.resume)
        past = Past(run)
        last = None
        with shown, contextlib.closing(desk):
            for one in happenings(self._events(), lambda: desk.is_asking):
                if isinstance(one, str):
                    desk.hear(one)
                elif isinstance(one, End):
                    assert one is NO_MORE_LINES  # the end of the events ends them
                    desk.hang_up()
                else:
                    last = one
                    shown.tell(one)
                    for event in past.told(one):
                        self._tell(event, desk)
        return last

    def _events(self) -> Iterator[Event]:
        """What happens in it. Of a run of another process only for as long as that has it."""
        driver = self._run._driver
        if not isinstance(driver, Watched):
            yield from self._run.events()
            return
        seen = 0
        while True:
            kept = driver.kept
            driver.read_events()
            yield from driver.events[seen:]
            seen = len(driver.events)
            if kept.is_final or not kept.is_held:
                return
            time.sleep(_LOOK)

    def _tell(self, event: Event, desk: Desk) -> None:
        self._answers.tell(event)
        if not (isinstance(event, SignalSet) and self._answers.covers(event)):
            desk.tell(event)
        if isinstance(event, GateOpened) and not self._answers.decide(self._run, event):
            desk.open(event)

    # -- the end --------------------------------------------------------------------------------------------------------

    def _conclude(self, last: Event | None, out: TextIO) -> int:
        label = self._label
        try:
            value = self._run.result()
        except RunCancelled as cancelled:
            problem(f"`{label}` was {cancelled}")
            return 1
        except WorkflowChanged as changed:
            return _changed(changed)
        except NonDeterminismError as error:
            return _failed(f"`{label}` can't go on from what is on record", error)
        except RunSuspended as suspended:
            problem(f"`{label}` didn't end here: {suspended}", *self._how_to_go_on())
            return 1
        except Skipped as skipped:
            problem(f"`{label}` has no value: {skipped}", lines=True)
            return 1
        except BaseException as error:  # noqa: BLE001 - whatever a step raises is its own failure
            where = [f"`{key}`" for key in last.failed] if isinstance(last, RunFailed) else []
            headline = f"`{label}` failed" + (f" in {', '.join(where)}" if where else "")
            return _failed(headline, error, *self._how_to_go_on(), *_or_keep_nothing(error, self._engine))
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

    def _how_to_go_on(self) -> list[str]:
        return [] if self._engine.store is None else [f"`flowkit resume {self._run.id}` goes on with it"]

    def _called_off(self, misfit: Misfit) -> int:
        """An answer that was given doesn't fit: nobody is there to give another one, so the run ends."""
        problem(str(misfit), f"`{self._label}` is cancelled")
        try:
            self._run.cancel("an answer doesn't fit")
            self._run.wait()
        except KeyboardInterrupt:
            return self._interrupted()
        return 1

    def _interrupted(self) -> int:
        """Ctrl-C: cancel, and wait until the run has settled. Another one doesn't wait."""
        run, label = self._run, self._label
        if not self._is_ours:
            problem(f"`{label}` goes on in the process that has it", f"`flowkit cancel {run.id}` ends it")
            return INTERRUPTED
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

    def _terminated(self, number: int) -> int:
        """Leave the run as it is, for whoever goes on with it."""
        driver = self._run._driver
        if isinstance(driver, Durable):
            driver.suspend(CancelReason.SHUTDOWN)
        problem(f"`{self._label}` was told to stop, and hasn't ended", *self._how_to_go_on())
        return _KILLED + number


def _changed(changed: WorkflowChanged) -> int:
    places = " ".join(f"--at {shlex.quote(key)}" for key in changed.again)
    problem(
        changed.found,
        f"put back what it was, and `flowkit resume {changed.run_id}` goes on with it",
        f"`flowkit fork {changed.run_id} {places}".rstrip() + "` goes on from what fits, in a run of its own",
        lines=True,
    )
    return 1


def _failed(headline: str, error: BaseException, *helps: str) -> int:
    problem(headline)
    errors().print(told(error))
    for text in helps:
        note(text)
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
