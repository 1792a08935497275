"""Why a step did what it did, or doesn't, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from flowkit.graph.diffing import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowkit.engine.accounts import Account, Try

__all__ = ["told"]

_LONGEST: Final = 300
_OUTSIDE: Final = frozenset({"timer", "signal", "gate"})
_ENDS: Final = {
    "succeeded": "has succeeded",
    "failed": "has failed",
    "timed_out": "ran out of time",
    "cancelled": "was cancelled",
    "skipped": "was skipped",
    "blocked": "can't run any more",
}
_WORDS: Final = {"pending": "hasn't begun", "timed_out": "ran out of time"}


def told(account: Account, now: float) -> str:
    """What is known of a step, as a text of a few lines; `now` is the time of day."""
    lines = [_first(account, now), *_more(account, now)]
    if account.written:
        lines.append(f"called as {account.written}")
    lines += [_try(one, account, now) for _, one in sorted(account.tries.items())]
    if account.run:
        lines.append(account.run)
    return "\n".join([lines[0], *(f"  {line}" for line in lines[1:])])


def _first(account: Account, now: float) -> str:
    """How far it has come."""
    name, status = f"`{account.key}`", account.status
    if status in _ENDS:
        return f"{name} {_ENDS[status]}{_how(account)}"
    if account.waits:
        return f"{name} {_waiting(account, now)}"
    if status == "running":
        was = "was" if account.is_left else "is"
        last = max(account.tries.values(), key=lambda one: one.number, default=None)
        if last is None or last.started is None:
            return f"{name} {was} under way{' when the run was left' if account.is_left else ''}"
        which = f", on attempt {last.number}" if last.number > 1 else ""
        if account.is_left:
            return f"{name} was running{which}, when the run was left"
        return f"{name} is running{which}, for {_long(now - last.started)} now"
    if account.before:
        return f"{name} hasn't begun: it waits for {_with_status(account.before)}"
    if account.any_of:
        return f"{name} hasn't begun: it needs one of {listed(account.any_of)}"
    return f"{name} hasn't begun"


def _how(account: Account) -> str:
    """What belongs to an end."""
    if account.because:
        return f": {account.because[0]}"
    if account.stood_in:
        return " with the value of its fallback, which stood in for its failure"
    if account.won:
        return f" with what came first: {listed(account.won)}"
    count = len(account.tries)
    if account.status == "succeeded" and count > 1:
        return f", on attempt {max(account.tries)}"
    if account.status in ("failed", "timed_out") and account.error is not None and not account.tries:
        return f": {_error(account.error)}"
    return ""


def _waiting(account: Account, now: float) -> str:
    until = f" until {_moment(account.due, now)}" if account.due is not None else ""
    if account.waits == "gate":
        asked = f"{account.name!r}" + (f", choosing {listed(account.options)}" if account.options else "")
        return f"waits for somebody to decide: {asked}{until and f';{until}'}"
    if account.waits == "signal":
        return f"waits for the signal `{account.name}`{until}"
    if account.waits == "retry":
        return f"waits for its next attempt{until}" if until else "waits for its next attempt"
    if account.waits == "limit":
        return f"is ready, and waits for a place under the limit `{account.name}`"
    if account.waits == "turn":
        return "is ready, and waits for its turn: others are under way that it may not run beside"
    if account.waits == "record":
        return "begins when all that is on record has come back"
    if account.waits == "worker":
        return "is ready, and begins as soon as somebody has time for it"
    return f"waits{until}" + (" to begin" if account.waits == "delay" else "")


def _more(account: Account, now: float) -> Iterator[str]:
    """What else there is to be known."""
    yield from (f"because {reason}" for reason in account.because[1:])
    if account.decision is not None and not account.decision.timed_out:
        yield _decided(account)
    if account.is_reused:
        yield "it ended before the run was taken up again: its end came from the record, and it wasn't run anew"
    if account.handled is not None:
        yield "somebody took that failure, so it ended nothing" if account.handled else "nobody took that failure"
    if account.undoes:
        yield f"it undoes `{account.undoes}`"
    if account.undone_by:
        yield f"what it did is undone by `{account.undone_by}`"
    if account.inside:
        yield f"of its parts {_counts(account.inside)}"
    if account.waits and account.before:
        yield f"before it: {_with_status(account.before)}"
    if account.deadline is not None:
        yield f"its time is over {_moment(account.deadline, now)}"


def _decided(account: Account) -> str:
    decision = account.decision
    assert decision is not None
    text = "it is approved" if decision.approved else "it is rejected"
    text += f" with {decision.choice!r}" if decision.choice else ""
    text += f" by {decision.who}" if decision.who else ""
    text += f": {decision.feedback}" if decision.feedback else ""
    return text if account.is_heard else f"{text}; the run hasn't heard of that yet"


def _try(one: Try, account: Account, now: float) -> str:
    """One attempt, in a line."""
    if account.waits in _OUTSIDE and one.status == "running":
        return f"it has waited for {_long(now - one.started)} now" if one.started is not None else "it is open"
    took = "" if one.started is None or one.ended is None else f" after {_long(one.ended - one.started)}"
    line = f"attempt {one.number} "
    if one.status == "running" and account.status in _ENDS:
        line += "was under way when the run was left" if account.status == "succeeded" else "didn't come to its end"
    elif one.status == "running":
        line += "didn't come to its end" if account.is_left else "is under way"
    else:
        line += f"{_ENDS.get(one.status, one.status).removeprefix('has ')}{took}"
    if one.error is not None and one.status != "succeeded":
        line += f" with {_error(one.error)}"
    if one.why and (one.error is None or one.why != type(one.error).__name__):
        line += f"; {one.why}"
    if one.delay is not None:
        line += f"; tried again {_long(one.delay)} later"
    return line


def _with_status(nodes: Mapping[str, str]) -> str:
    """Some nodes, with where they are."""
    shown = [f"`{key}` ({_WORDS.get(status, status)})" for key, status in list(nodes.items())[:5]]
    more = len(nodes) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_WORDS.get(status, status)}" for status, count in counts.items())


def _error(error: BaseException) -> str:
    try:
        first = next(iter(str(error).strip().splitlines()), "")
    except Exception:  # noqa: BLE001 - its text is the class's own code
        first = ""
    text = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _long(seconds: float) -> str:
    """A length of time."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.3g}ms"
    if seconds < 60:
        return f"{seconds:.3g}s"
    for unit, size, smaller in (("d", 86400, "h"), ("h", 3600, "m"), ("m", 60, "s")):
        if seconds >= size:
            rest = int(seconds % size // {"h": 3600, "m": 60, "s": 1}[smaller])
            return f"{int(seconds // size)}{unit}" + (f" {rest}{smaller}" if rest else "")
    return ""


def _moment(when: float, now: float) -> str:
    try:
        at = datetime.fromtimestamp(when, UTC).astimezone().isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        at = f"{when:g}"
    return f"{at} (in {_long(when - now)})" if when > now else f"{at} (now)"
