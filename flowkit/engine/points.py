"""The points at which a run is written to its store: which ones a commit is at, told to whoever watches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowkit.machine.requests import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowkit.engine.kept import Commit, KeptNode
    from flowkit.engine.ports import Points

__all__ = ["points_of", "tell_after", "tell_before"]

_FINAL: Final = frozenset({"succeeded", "failed", "cancelled"})
_ENDED: Final = _FINAL | {"timed_out", "skipped", "blocked"}


def points_of(commit: Commit) -> list[tuple[Point, str]]:
    """The points that a commit is at, each with the node it is about: at least one."""
    change, nodes = commit.run, commit.nodes
    if change is not None and (change.status in _FINAL or change.stuck):
        return [(Point.FINALIZE if change.status in _FINAL else Point.RELEASE, "")]
    if commit.void:
        return [(Point.RECOVER, "")]
    ends = [node.key for node in nodes if node.sequence or (node.kind == "join" and node.status in _ENDED)]
    if ends:
        return [(Point.RECORD, key) for key in ends]
    if commit.release:
        return [(Point.RELEASE, "")]
    waiting = [(point, node.key) for node in nodes if (point := _wait_of(node)) is not None]
    if waiting:
        return waiting
    # What follows from other ends, and is written with the next thing that somebody waits for, or by itself.
    ends = [node.key for node in nodes if node.status in _ENDED]
    started = [attempt.key for attempt in commit.attempts if attempt.status == "running"]
    return [(Point.RECORD, key) for key in ends] or [(Point.START, key) for key in started] or [(Point.RECORD, "")]


def _wait_of(node: KeptNode) -> Point | None:
    if node.status == "retrying":
        return Point.RETRY
    if node.status != "waiting":
        return None
    if '"gate"' in node.facts:
        return Point.GATE
    return Point.SIGNAL if node.step.startswith("flowkit:") and node.step != "flowkit:sleep" else Point.TIMER


def tell_before(points: Points, commits: Iterable[Commit]) -> Sequence[tuple[Point, str, str]]:
    """Tell that this is about to be written; the points, to be told of when it is."""
    told = [(point, key, commit.lease.run_id) for commit in commits for point, key in points_of(commit)]
    for place in told:
        points.before(*place)
    return told


def tell_after(points: Points, told: Iterable[tuple[Point, str, str]]) -> None:
    """Tell that it is written."""
    for place in told:
        points.after(*place)
