"""The commands about runs that are kept: what each takes, and who does it."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated, Literal

from cyclopts import App, Parameter

from flowkit.cli.options import Approve, Reject, Send, Store, Who

__all__ = ["add_to"]

RunName = Annotated[str, Parameter(help="The run's id, or enough of its beginning.")]
Json = Annotated[bool, Parameter(help="Print JSON.", negative=())]

Target = Annotated[
    str | None, Parameter(help="`module:workflow` or `path/to/file.py:workflow`; else it is found by its name.")
]


def add_to(app: App) -> None:
    """Have the program know these commands."""
    for command in (runs, show, logs, resume, fork, diff, cancel, approve, reject, send, gc):
        app.command(command)


def runs(
    *,
    status: Annotated[list[str] | None, Parameter(help="Only runs of this status. Repeatable.", negative=())] = None,
    workflow: Annotated[str | None, Parameter(help="Only runs of this workflow: `module:name`.")] = None,
    limit: Annotated[int, Parameter(help="How many.")] = 20,
    after: Annotated[str | None, Parameter(help="Where the page before ended, as that says.")] = None,
    json: Json = False,
    store: Store = None,
) -> int:
    """List runs, the newest first."""
    from flowkit.cli.listing import list_runs

    return list_runs(store, status=status or (), workflow=workflow, limit=limit, after=after, as_json=json)


def show(
    run: RunName,
    /,
    *,
    attempts: Annotated[bool, Parameter(help="Each attempt of each step.", negative=())] = False,
    values: Annotated[bool, Parameter(help="What each step gave.", negative=())] = False,
    json: Json = False,
    store: Store = None,
) -> int:
    """Show a run: its arguments, its steps, what it waits for, and what came of it."""
    from flowkit.cli.showing import show_run

    return show_run(store, run, attempts=attempts, values=values, as_json=json)


def diff(
    *targets: Annotated[
        str,
        Parameter(
            help="The workflow as it was and as it is, or as it is alone: `module:workflow` or `path/to/file.py:workflow`.",
            required=True,
        ),
    ],
    json: Json = False,
    store: Store = None,
) -> int:
    """Compare two versions of a workflow, and say of each unfinished run whether the new one can go on with it.

    Nothing is run, taken or written. A run is safe, or has to be forked at a step, or is blocked; with one that is
    blocked the exit code is 1.
    """
    from flowkit.cli.comparing import diff_targets

    return diff_targets(targets, store, as_json=json)


def resume(
    run: RunName,
    target: Target = None,
    /,
    *,
    approve: Approve = None,
    reject: Reject = None,
    send: Send = None,
    who: Who = None,
    store: Store = None,
) -> int:
    """Go on with a run whose process has died or let go of it, or that has failed; print its result as JSON.

    Steps that have succeeded aren't run again. Of a run that another process has, or that has succeeded, the end is
    waited for and told.
    """
    from flowkit.cli.resuming import resume_run

    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        return resume_run(store, run, target, approve=approve, reject=reject, send=send, who=who, out=out)


def fork(
    run: RunName,
    target: Target = None,
    /,
    *,
    at: Annotated[list[str] | None, Parameter(help="The key of a step to do again. Repeatable.", negative=())] = None,
    replace: Annotated[
        list[str] | None,
        Parameter(
            name="--replace",
            help="Give a step another result: KEY=JSON. Repeatable.",
            negative=(),
            allow_leading_hyphen=True,
        ),
    ] = None,
    run_id: Annotated[str | None, Parameter(help="What the fork is called.")] = None,
    approve: Approve = None,
    reject: Reject = None,
    send: Send = None,
    who: Who = None,
    store: Store = None,
) -> int:
    """Begin a run of its own that goes on from what another has on record; print its result as JSON.

    What has succeeded there isn't run again, but for the steps that are named and all that comes after them. The other
    run stays as it is.
    """
    from flowkit.cli.forking import fork_run

    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        return fork_run(
            store,
            run,
            target,
            at=at,
            replace=replace,
            run_id=run_id,
            approve=approve,
            reject=reject,
            send=send,
            who=who,
            out=out,
        )


def logs(
    run: RunName,
    /,
    *,
    follow: Annotated[bool, Parameter(help="Go on until the run has ended.", negative=())] = False,
    json: Annotated[bool, Parameter(help="Print one JSON object per line.", negative=())] = False,
    store: Store = None,
) -> int:
    """Show what happened in a run, in order."""
    from flowkit.cli.following import follow_run

    return follow_run(store, run, follow=follow, as_json=json)


def cancel(
    run: RunName,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept.", allow_leading_hyphen=True, show_default=False)] = "",
    store: Store = None,
) -> int:
    """Ask a run to end. Whoever has it cancels what is under way, and cleans up."""
    from flowkit.cli.outside import cancel_run

    return cancel_run(store, run, reason=reason)


Gate = Annotated[str | None, Parameter(help="Which one, by its key or by what it asks; needed where several are open.")]
Feedback = Annotated[str, Parameter(help="What is said with it.", allow_leading_hyphen=True, show_default=False)]


def approve(
    run: RunName,
    /,
    *,
    gate: Gate = None,
    choice: Annotated[str | None, Parameter(help="Which of its options.", allow_leading_hyphen=True)] = None,
    who: Who = None,
    feedback: Feedback = "",
    store: Store = None,
) -> int:
    """Say yes at a gate of a run."""
    from flowkit.cli.outside import decide

    return decide(store, run, gate=gate, approved=True, choice=choice, who=who, feedback=feedback)


def reject(run: RunName, /, *, gate: Gate = None, who: Who = None, feedback: Feedback = "", store: Store = None) -> int:
    """Say no at a gate of a run."""
    from flowkit.cli.outside import decide

    return decide(store, run, gate=gate, approved=False, who=who, feedback=feedback)


def send(
    run: RunName,
    signal: Annotated[str, Parameter(help="Its name.")],
    message: Annotated[str, Parameter(help="JSON, or - for what stdin says.", allow_leading_hyphen=True)] = "null",
    /,
    *,
    dedup: Annotated[str | None, Parameter(help="A mark: the same signal with it counts once.")] = None,
    store: Store = None,
) -> int:
    """Send a signal to a run. It is kept until somebody waits for it."""
    from flowkit.cli.outside import send_signal

    return send_signal(store, run, signal, message, dedup=dedup)


def gc(
    *,
    older_than: Annotated[str, Parameter(help="How long ago they have ended, at least: 30d, 12h.")],
    status: Annotated[
        list[Literal["succeeded", "failed", "cancelled"]] | None,
        Parameter(help="Only those that ended so. Repeatable.", negative=()),
    ] = None,
    dry_run: Annotated[bool, Parameter(help="Say which they are, and remove nothing.", negative=())] = False,
    json: Json = False,
    store: Store = None,
) -> int:
    """Remove runs that have ended, with everything of theirs."""
    from flowkit.cli.sweeping import sweep_runs

    return sweep_runs(store, older_than, status=status or (), dry_run=dry_run, as_json=json)
