"""What a fork begins with: a run's record, without what is to be done again."""

from __future__ import annotations

import json
from inspect import Signature
from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.diagnostics import did_you_mean
from flowkit.engine.declared import declared_step
from flowkit.engine.journal import to_be_done_again
from flowkit.errors import EncodingError
from flowkit.graph.diffing import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flowkit.engine.kept import KeptNode, KeptRun
    from flowkit.engine.ports import Data, Store

__all__ = ["begins_as_fork", "forked"]

_REPLACED: Final = frozenset({"step", "item"})
"""The kinds of nodes that have results of their own; those of others are made of others."""


def forked(data: Data, nodes: Sequence[KeptNode], at: Iterable[str], replace: Mapping[str, Any]) -> list[KeptNode]:
    """The nodes of a run that a fork of it goes on from.

    Left out is what `at` names (a step, a map with all its items, a call with all that is done in its place), what
    didn't succeed, and what cleaned up. What has its result replaced has the new one. That the nodes which come after
    those are done again is found out when the fork goes through its record. Raises `LookupError` for keys that aren't
    on record, and `EncodingError` for a result that can't be kept.
    """
    known = {node.key: node for node in nodes}
    for key in (*at, *replace):
        if key not in known and not any(_is_within(other, key) for other in known):
            has = f"there is {listed(known)}" if known else "nothing is, yet"
            raise LookupError(f"no step `{key}` is on record; {did_you_mean(key, known) or has}")
    for whole in replace:
        parts = [
            key for key in sorted(known) if _is_within(key, whole) and key[len(whole) :].startswith(("[", "/", "@"))
        ]
        if whole in known and known[whole].kind in _REPLACED and not parts:
            continue
        hint = f"it is made of {listed(parts)}" if parts else "only steps have results of their own"
        raise LookupError(f"the result of `{whole}` can't be replaced: {hint}")
    again = to_be_done_again(nodes)
    newest = max((node.sequence for node in nodes), default=0)
    taken = []
    for node in nodes:
        if node.key in replace:
            newest += not node.sequence
            taken.append(_replaced(data, node, replace[node.key], newest))
        elif node.key not in again and not any(_is_within(node.key, key) or _is_within(key, node.key) for key in at):
            taken.append(node)
    return taken


def begins_as_fork(store: Store, run: KeptRun) -> bool:
    """Whether a run is a fork that hasn't gone through its record yet: only then what doesn't fit is done again."""
    return bool(run.origin) and not any(event.kind == "run_resumed" for event in store.events(run.run_id))


def _is_within(key: str, whole: str) -> bool:
    """Whether a node is the one that is named, one of its items, or in its place."""
    return key == whole or (key.startswith(whole) and key[len(whole)] in "[/@:")


def _replaced(data: Data, node: KeptNode, value: Any, newest: int) -> KeptNode:
    spec = declared_step(node.step)
    returns = Any if spec is None or spec.returns is Signature.empty else spec.returns
    try:
        text = data.dumps(value, returns)
    except EncodingError as error:
        error.add_note(f"the result given for `{node.key}` can't be kept")
        raise
    return attrs.evolve(
        node,
        status="succeeded",
        value=text,
        error=None,
        reason="",
        why="",
        attempts=max(1, node.attempts),
        sequence=node.sequence or newest,
        due=None,
        facts=json.dumps({"replaced": True}),
    )
