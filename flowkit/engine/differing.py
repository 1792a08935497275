"""What is on record and isn't what stands in the text now, each told in words: with whether it is good nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowkit.engine.retyping import misread
from flowkit.engine.wirings import fingerprint, kept_as
from flowkit.graph.diffing import Difference, listed, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.engine.onrecord import OnRecord, Row
    from flowkit.engine.ports import Data
    from flowkit.graph import Graph, Node, StepSpec

__all__ = ["changed", "decided_otherwise", "gone", "out_of_order", "retyped", "revalued", "undone_otherwise"]


def changed(graph: Graph, node: Node, row: Row, shown: Row | None) -> Difference:
    """Something was done for another call than the one that stands there now."""
    key, name = row.kept.key, node.spec.name if node.spec is not None else ""
    if row.kept.step != name and row.kept.step and name:
        text = f"`{key}` {row.state}, as a call of `{row.kept.step}`, and is one of `{name}` now"
    else:
        text = f"`{key}` {row.state}, and is called with something else now"
    then, now = shown.call if shown is not None else "", written(graph, node)
    if row.kept.step in ("", name) and then.partition("  (")[0] == now.partition("  (")[0]:
        text = f"`{key}` {row.state}, and is called with other values now"
    return Difference("changed", key, text, then, now, fits=False, again=(key,))


def retyped(data: Data, spec: StepSpec, row: Row | None, results: Sequence[Row]) -> Difference | None:
    """Results are kept as another type than the step gives now."""
    if row is None or row.said.get("type", "") in ("", fingerprint(spec, data)):
        return None
    done = [one for one in results if one.is_done and one.kept.value is not None]
    for one in done:
        problem = misread(data, one.kept.value or "", kept_as(spec))
        if problem is not None:
            key = one.kept.key
            text = f"what `{key}` gave is kept as another type than it gives now, and can't be read as that: {problem}"
            return Difference("type", key, text, row.call, fits=False, again=(key,))
    if not done:
        return None
    text = f"what `{row.kept.key}` gave is kept as another type than it gives now, and reads the same as that"
    return Difference("type", row.kept.key, text, fits=True)


def revalued(spec: StepSpec, row: Row | None) -> Difference | None:
    """A step has become an effect, or has been one."""
    now = spec.is_effect and not spec.suspends
    if row is None or "call" not in row.said or row.said.get("effect", False) is now:
        return None
    what = "is an effect now, and keeps its place in the text" if now else "is no effect any more"
    return Difference("effect", row.kept.key, f"`{row.kept.key}` {what}", fits=True)


def decided_otherwise(graph: Graph, node: Node, results: Sequence[Row]) -> Difference | None:
    """Something was skipped for a condition that there isn't any more."""
    skipped = [row.kept.key for row in results if row.facts.get("asked") is False]
    if not skipped:
        return None
    text = f"`{skipped[0]}` was skipped by its `run_if`, and has none now"
    return Difference("policy", skipped[0], text, now=written(graph, node), fits=False, again=tuple(skipped))


def undone_otherwise(graph: Graph, node: Node, rows: Sequence[Row]) -> Iterator[Difference]:
    """Something was undone, or is being undone, by another step than the one that would undo it now."""
    assert node.spec is not None
    undo = node.spec.compensation
    for row in rows:
        undone = row.facts.get("undoes")
        if undone is None or not row.has_begun or (undo is not None and undo.name == row.kept.step):
            continue
        by = f"by `{undo.label}` now" if undo is not None else "by nothing now"
        text = f"`{undone}` was undone by `{row.kept.key.rpartition(':')[2]}`, and is undone {by}"
        yield Difference("undoing", undone, text, now=written(graph, node), fits=False)


def out_of_order(key: str, why: str, now: str, late: Sequence[str]) -> Difference:
    """Something has ended that comes after what hasn't."""
    after = f"{listed(late)} {'is' if len(late) == 1 else 'are'} done, and come{'s' if len(late) == 1 else ''} after it"
    return Difference("order", key, f"`{key}` {why}; {after}", now=now, fits=False, again=tuple(late))


def inverted(key: str, before: str, now: str) -> Difference:
    """Something was done before what it comes after now."""
    text = f"`{key}` was done before `{before}`, and comes after it now"
    return Difference("order", key, text, now=now, fits=False, again=(key,))


def gone(record: OnRecord, key: str, name: str, new_name: str, now: str) -> Difference | None:
    """Something is on record that isn't called any more; perhaps it has another name now. None for what is no loss."""
    rows = [row for row in record.within(key) if row.has_begun]
    if not rows:
        return None
    row = record.get(key) or rows[0]
    did = [one.kept.key for one in rows if record.is_effect(one.kept.key) or "undoes" in one.facts]
    effects = list(dict.fromkeys(one if one == key else record.whole(one) for one in did))
    what = f"`{key}` {row.state}, and isn't called any more"
    helps: tuple[str, ...] = ()
    if new_name:
        what = f"`{key}` {row.state}, and is called `{new_name}` now, which is another step"
        helps = (f'`@step(name="{name}")` on it keeps its record',)
    if not effects:
        text = what if new_name else f"{what}; nothing that is done has taken its result"
        return Difference("renamed" if new_name else "removed", key, text, row.call, now, fits=True, helps=helps)
    if effects != [key]:
        what += f", with {listed(effects)} in it"
    kind = "renamed" if new_name else "removed"
    text = f"{what}: what it did stays done"
    return Difference(kind, key, text, row.call, now, fits=False, helps=helps)
