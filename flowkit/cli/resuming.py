"""`flowkit resume`: the workflow of a run, and going on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from flowkit.cli.answers import answers_for
from flowkit.cli.keeping import find_run, kept_in, where
from flowkit.cli.running import see_through
from flowkit.cli.targets import find_workflow
from flowkit.cli.terminal import Refused, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from flowkit.cli.targets import Named
    from flowkit.engine.kept import KeptRun

__all__ = ["resume_run", "workflow_of"]


def resume_run(
    store: str | None,
    given: str,
    target: str | None,
    *,
    approve: Sequence[str] | None,
    reject: Sequence[str] | None,
    send: Sequence[str] | None,
    who: str | None,
    out: TextIO,
) -> int:
    """Go on with a run, write its value to `out`, and return the exit code."""
    with kept_in(store) as engine:
        assert engine.store is not None
        run = find_run(engine.store, given)
    if run.status == "cancelled":
        refuse(f"run `{run.run_id}` was cancelled, which is its end", "start it anew, under another id")
    workflow = workflow_of(run, target, "resume")
    answers = answers_for(workflow, approve=approve, reject=reject, send=send, who=who)
    return see_through(workflow, lambda: workflow.resume(run.run_id), answers, where(store), out)


def workflow_of(run: KeptRun, target: str | None, command: str) -> Named:
    """The workflow of a run: that of a target, or the one that its record names. Raises `Refused` for another one.

    `command` is what somebody wants to do with it.
    """
    workflow = _by_name(run, command) if target is None else find_workflow(target)
    if workflow.spec.name != run.workflow:
        refuse(f"run `{run.run_id}` is one of `{run.workflow}`, not of `{workflow.spec.name}`")
    return workflow


def _by_name(run: KeptRun, command: str) -> Named:
    """The workflow that the run's record names. Raises `Refused` where that name leads nowhere."""
    module, colon, name = run.workflow.partition(":")
    if not colon:
        _ask_for_target(run, command, f"`{run.workflow}` is a name that it was given, not a place")
    if module == "__main__":
        refuse(
            f"run `{run.run_id}` was begun by a program that nobody can import, so it goes on nowhere else",
            f"in that program, `{name}.{command}({run.run_id!r})` goes on with it",
        )
    if "<locals>" in name:
        refuse(f"`{run.workflow}` was defined inside a function, where nobody can find it again")
    try:
        workflow = find_workflow(run.workflow)
    except Refused as refused:
        raise Refused(refused.message, *refused.helps, _say_where(run, command), error=refused.error) from None
    if workflow.spec.name != run.workflow:
        _ask_for_target(run, command, f"what is called `{run.workflow}` now is the workflow `{workflow.spec.name}`")
    return workflow


def _ask_for_target(run: KeptRun, command: str, why: str) -> NoReturn:
    refuse(f"the workflow of run `{run.run_id}` can't be found by its name: {why}", _say_where(run, command))


def _say_where(run: KeptRun, command: str) -> str:
    return f"say where it is: `flowkit {command} {run.run_id} path/to/file.py:workflow`"
