"""What stores refuse before they keep anything: what one of them couldn't give back as it was.

All stores refuse the same, so that what works in memory works on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from operator import attrgetter
from typing import Any, Final, TypeAlias

from flowkit.engine.kept import Commit, KeptAttempt, KeptEvent, KeptNode, NewRun, RunChange
from flowkit.errors import StoreError
from flowkit.machine.statuses import RunStatus

__all__ = [
    "BECOMES",
    "ATTEMPT",
    "EVENT",
    "NODE",
    "STATUSES",
    "UNCOUNTED",
    "Row",
    "Sameness",
    "fit",
    "fit_commit",
    "fit_new",
    "fit_number",
    "fit_owner",
    "fit_ttl",
    "misfit",
    "sameness",
    "shown",
]

Row: TypeAlias = "tuple[Any, ...]"
"""The values of a record, in the order of its columns."""

Sameness: TypeAlias = "tuple[str, str, str]"
"""Kind, name and `dedup` of a message, as far as they count."""

UNCOUNTED: Final = "attempts are counted from 1 on"

BECOMES: Final = {"signal": "signalled", "decision": "decided", "cancel": "cancelled"}
"""What a run can't become once it has ended, by the kind of the message."""

_LONGEST: Final = 80
_WORDS: Final = 2**63

STATUSES: Final = frozenset(status.value for status in RunStatus if status is not RunStatus.LOST)
"""What a run may become; that it is lost is nothing that anybody writes."""


_NEW = attrgetter("run_id", "workflow", "arguments", "digest", "created", "parent", "origin")
_CHANGE = attrgetter("status", "at", "result", "error", "stuck")

NODE: Callable[[KeptNode], Row] = attrgetter(
    *("key", "step", "kind", "status", "sequence", "attempts", "reason", "why", "wiring"),
    *("started", "ended", "due", "deadline", "facts", "value", "error"),
)
ATTEMPT: Callable[[KeptAttempt], Row] = attrgetter(
    *("key", "attempt", "started", "ended", "status", "why", "delay", "error")
)
EVENT: Callable[[KeptEvent], Row] = attrgetter("number", "at", "kind", "key", "data")


def shown(text: str) -> str:
    """An id as an error may show it: what isn't printable is escaped, what is long is cut."""
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def misfit(row: Iterable[object]) -> str | None:
    """Which value of these a database would bend or lose, and what to do; None where there is none."""
    for value in row:
        kind = type(value)
        if kind is str:
            if value.isascii():  # type: ignore[attr-defined] # `type(...) is` narrows nothing
                continue
        elif value is None or kind is bool:
            continue
        elif kind is float:
            if value == value:  # noqa: PLR0124 - only a NaN isn't
                continue
            return "a number is NaN, which databases keep as nothing at all; pass None"
        elif kind is int:
            if -_WORDS <= value < _WORDS:  # type: ignore[operator]
                continue
            return "an integer has more than 64 bits"
        elif not isinstance(value, str):
            return f"a {kind.__name__} can't be kept; pass text, numbers or truth values"
        try:
            value.encode()  # type: ignore[attr-defined]
        except UnicodeEncodeError as error:
            found = ascii(error.object[error.start])[1:-1]
            return (
                f"`{shown(error.object)}` has a lone surrogate ({found}), which is half a character and can't be "
                "written as UTF-8; keep it escaped, as JSON does, or replace it"
            )
    return None


def fit(row: Iterable[object], what: str, store: str) -> None:
    """Refuse values that a database would bend or lose; `what` says whose they are."""
    if problem := misfit(row):
        raise StoreError(f"{what}: {problem}", store)


def fit_new(run: NewRun, nodes: Sequence[KeptNode], store: str) -> None:
    """Refuse a run that can't be kept as it is."""
    fit(_NEW(run), f"run `{shown(run.run_id)}`", store)
    _fit_nodes(run.run_id, nodes, store)


def fit_commit(commit: Commit, store: str) -> None:
    """Refuse a commit that can't be kept as it is."""
    # One runs for each step of each run: who is refused is put into words only once somebody is.
    lease = commit.lease
    run_id = lease.run_id
    problem = misfit((run_id, lease.owner, lease.generation, *commit.void, *commit.taken))
    if problem:
        raise StoreError(f"run `{shown(run_id)}`: {problem}", store)
    _fit_nodes(run_id, commit.nodes, store)
    for attempt in commit.attempts:
        problem = UNCOUNTED if attempt.attempt < 1 else misfit(ATTEMPT(attempt))
        if problem:
            which = f"attempt {attempt.attempt} of `{shown(attempt.key)}`"
            raise StoreError(f"run `{shown(run_id)}`, {which}: {problem}", store)
    for event in commit.events:
        if problem := misfit(EVENT(event)):
            raise StoreError(f"run `{shown(run_id)}`, event {event.number}: {problem}", store)
    if commit.run is not None:
        _fit_change(run_id, commit.run, store)


def _fit_nodes(run_id: str, nodes: Sequence[KeptNode], store: str) -> None:
    for node in nodes:
        if problem := misfit(NODE(node)):
            raise StoreError(f"run `{shown(run_id)}`, node `{shown(node.key)}`: {problem}", store)


def _fit_change(run_id: str, change: RunChange, store: str) -> None:
    run = f"run `{shown(run_id)}`"
    fit(_CHANGE(change), run, store)
    if change.status not in STATUSES:
        known = ", ".join(sorted(STATUSES))
        raise StoreError(f"{run} can't become `{shown(change.status)}`; a run is one of {known}", store)


def fit_owner(owner: str, store: str) -> None:
    """Refuse what names nobody."""
    if not owner:
        raise StoreError("an owner without a name is nobody; pass a name that no other owner has", store)
    fit((owner,), "an owner", store)


def fit_ttl(ttl: float, store: str) -> None:
    """Refuse a lease of no length."""
    if not isfinite(ttl) or ttl < 0:
        raise StoreError(f"a lease of {ttl!r} seconds has no end, or none that can come; pass 0 or more", store)


def fit_number(name: str, number: int | None, least: int, store: str) -> None:
    """Refuse a count that means nothing."""
    if number is not None and not least <= number < _WORDS:
        raise StoreError(f"{name}={number!r}: pass {least} or more", store)


def sameness(kind: str, name: str, dedup: str | None) -> Sameness | None:
    """What there is to be one message of; None where there may be any number."""
    if kind == "cancel":
        return kind, "", ""
    if kind == "decision":
        return kind, name, ""
    return None if dedup is None else (kind, name, dedup)
