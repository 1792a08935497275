"""`flowkit cancel`, `approve`, `reject` and `send`: what is said to a run from another process.

It is kept, and heard by whoever has the run; where nobody has it, by whoever takes it up.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

from flowkit.cli.answers import login
from flowkit.cli.keeping import find_run, kept_in
from flowkit.cli.standing import standing_of
from flowkit.cli.terminal import note, refuse
from flowkit.diagnostics import did_you_mean
from flowkit.errors import EncodingError, IllegalTransition, PolicyError
from flowkit.stores.codec import loads

if TYPE_CHECKING:
    from collections.abc import Generator

    from flowkit.engine.kept import KeptRun
    from flowkit.engine.ports import Store
    from flowkit.engine.run import Run

__all__ = ["cancel_run", "decide", "send_signal"]


@contextlib.contextmanager
def _open(store: str | None, given: str) -> Generator[tuple[Store, Run[Any]]]:
    """A run that hasn't ended. Raises `Refused` for one that has."""
    with kept_in(store) as engine:
        assert engine.store is not None
        found = find_run(engine.store, given)
        if found.is_final:
            refuse(f"run `{found.run_id}` has ended: it has {_ended(found)}")
        try:
            yield engine.store, engine.run(found.run_id)
        except IllegalTransition:
            refuse(f"run `{found.run_id}` has just ended")
        _tell_if_left(engine.store, found.run_id)


def _ended(run: KeptRun) -> str:
    return "been cancelled" if run.status == "cancelled" else run.status


def _tell_if_left(store: Store, run_id: str) -> None:
    run = store.run(run_id)
    if run is not None and not (run.is_final or run.is_held):
        note(f"nobody has run `{run_id}` now, so this is heard once it is taken up", f"`flowkit resume {run_id}`")


def cancel_run(store: str | None, given: str, *, reason: str) -> int:
    """Ask for the end of a run."""
    with _open(store, given) as (_, run):
        if run.cancel(reason):
            note(f"run `{run.id}` is asked to end")
        else:
            note(f"run `{run.id}` was asked to end before")
    return 0


def decide(
    store: str | None,
    given: str,
    *,
    gate: str | None,
    approved: bool,
    choice: str | None = None,
    who: str | None,
    feedback: str,
) -> int:
    """Say yes or no at a gate of a run."""
    by = login() if who is None else who
    with _open(store, given) as (_, run):
        gates = run.gates
        before = {one.key for one in gates}
        try:
            if approved:
                run.approve(gate, choice=choice, who=by, feedback=feedback)
            else:
                run.reject(gate, who=by, feedback=feedback)
        except LookupError as error:
            wanted = gate or ""
            refuse(str(error), did_you_mean(wanted, before) or did_you_mean(wanted, [one.prompt for one in gates]))
        except PolicyError as error:
            refuse(str(error))
        decided = ", ".join(f"`{key}`" for key in sorted(before - {one.key for one in run.gates})) or f"`{gate}`"
        word = f"approved{f' with {choice!r}' if choice is not None else ''}" if approved else "rejected"
        note(f"the gate {decided} of run `{run.id}` is {word}")
    return 0


def send_signal(store: str | None, given: str, signal: str, text: str, *, dedup: str | None) -> int:
    """Send a message to a run: JSON, or `-` for what stdin says."""
    value = _value(sys.stdin.read() if text == "-" else text)
    with _open(store, given) as (kept, run):
        found = kept.run(run.id)
        awaited = [one.name for one in standing_of(kept, found).waits if one.kind == "signal"] if found else []
        try:
            is_new = run.send(signal, value, dedup=dedup)
        except EncodingError as error:
            refuse(f"the message for `{signal}` can't be kept: {error}")
        if not is_new:
            note(f"`{signal}` was sent to run `{run.id}` with this mark before; nothing has changed")
        elif signal in awaited:
            note(f"`{signal}` is sent to run `{run.id}`")
        else:
            note(
                f"`{signal}` is kept for run `{run.id}`, which doesn't wait for it now",
                did_you_mean(signal, awaited),
            )
    return 0


def _value(text: str) -> Any:
    try:
        return loads(text, Any)
    except EncodingError as error:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            refuse(f"the message isn't JSON: {error}", f"text is quoted twice: `'{json.dumps(text)}'`")
        refuse(f"the message can't be sent: {error}")
