"""`flowkit fork`: a run of its own that goes on from what another has on record."""

from __future__ import annotations

import shlex
from inspect import Signature
from typing import TYPE_CHECKING, Any, Final

from flowkit.cli.answers import answers_for
from flowkit.cli.keeping import find_run, kept_in, where
from flowkit.cli.resuming import workflow_of
from flowkit.cli.running import see_through
from flowkit.cli.terminal import note, refuse
from flowkit.diagnostics import did_you_mean
from flowkit.engine.declared import declared_step
from flowkit.engine.forking import forked
from flowkit.engine.onrecord import OnRecord
from flowkit.errors import EncodingError, PolicyError
from flowkit.graph.diffing import listed
from flowkit.stores import data as as_kept
from flowkit.stores.codec import loads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from flowkit.cli.targets import Named
    from flowkit.engine.kept import KeptNode, KeptRun

__all__ = ["fork_run"]

_LONGEST: Final = 100


def fork_run(
    store: str | None,
    given: str,
    target: str | None,
    *,
    at: Sequence[str] | None,
    replace: Sequence[str] | None,
    run_id: str | None,
    approve: Sequence[str] | None,
    reject: Sequence[str] | None,
    send: Sequence[str] | None,
    who: str | None,
    out: TextIO,
) -> int:
    """Begin a fork, write its value to `out`, and return the exit code."""
    with kept_in(store) as engine:
        assert engine.store is not None
        run = find_run(engine.store, given)
        nodes = engine.store.nodes(run.run_id)
    workflow = workflow_of(run, target, "fork")
    places = list(at or ())
    replaced = dict(_replacement(run, nodes, text) for text in replace or ())
    try:
        taken = forked(as_kept, nodes, places, replaced)
    except LookupError as unknown:
        refuse(f"run `{run.run_id}`: {unknown.args[0]}", _see(run))
    except EncodingError as error:
        refuse(str(error))
    answers = answers_for(workflow, approve=approve, reject=reject, send=send, who=who)
    _refuse_id(workflow, run_id)
    _tell_of_effects(nodes, taken)
    return see_through(
        workflow,
        lambda: workflow.fork(run.run_id, at=places, replace=replaced, new_id=run_id),
        answers,
        where(store),
        out,
    )


def _tell_of_effects(nodes: Sequence[KeptNode], taken: Sequence[KeptNode]) -> None:
    """Say what of the places that were named does something to the world, and has done so before."""
    record, left = OnRecord(nodes), {node.key for node in taken}
    again = [node.key for node in nodes if node.sequence and node.key not in left and record.is_effect(node.key)]
    again = [key for key in dict.fromkeys(map(record.whole, again)) if record.rows[key].kept.status == "succeeded"]
    if again:
        word = "an effect that was done" if len(again) == 1 else "effects that were done"
        note(f"the fork does {listed(again)} again, {word}")


def _see(run: KeptRun) -> str:
    return f"`flowkit show {run.run_id}` lists its steps"


def _refuse_id(workflow: Named, run_id: str | None) -> None:
    if run_id is None:
        return
    try:
        workflow.with_options(run_id=run_id)
    except PolicyError as error:
        refuse(str(error))


def _shown(text: str) -> str:
    """What was given, as it would be written; of much the beginning."""
    return shlex.quote(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")


def _replacement(run: KeptRun, nodes: Sequence[KeptNode], text: str) -> tuple[str, Any]:
    """A key and its new result. Raises `Refused`. Keys may have equals signs in them, so those on record are tried."""
    known = {node.key: node for node in nodes}
    key = max((one for one in known if text.startswith(f"{one}=")), key=len, default=None)
    if key is None:
        meant, equals, _ = text.partition("=")
        if not (meant and equals):
            refuse(f"`--replace {_shown(text)}` gives no result", f"write `--replace {meant or 'KEY'}=JSON`")
        refuse(f"run `{run.run_id}` has no step `{meant}` on record", did_you_mean(meant, known), _see(run))
    spec = declared_step(known[key].step)
    returns = Any if spec is None or spec.returns is Signature.empty else spec.returns
    try:
        return key, loads(text[len(key) + 1 :], returns)
    except EncodingError as error:
        refuse(f"`--replace {_shown(text)}` doesn't fit what `{key}` gives: {error}")
