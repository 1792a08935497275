"""What is known of one step of a run, wherever that is: in this process, or on record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.diagnostics import did_you_mean
from flowkit.engine.events import (
    GateResolved,
    RunResumed,
    StepEvent,
    StepFailed,
    StepRetrying,
    StepStarted,
    StepSucceeded,
)
from flowkit.engine.onrecord import ENDED, OnRecord
from flowkit.graph import Kind
from flowkit.graph.diffing import listed, written
from flowkit.machine.seats import Seats
from flowkit.machine.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowkit.engine.events import Event
    from flowkit.engine.kept import KeptAttempt, KeptNode
    from flowkit.engine.ports import Data
    from flowkit.machine.machine import Machine
    from flowkit.machine.waiting import Decision
    from flowkit.plan import Plan

__all__ = ["Account", "Try", "account_of_node", "account_of_record", "account_of_text", "unknown"]

_UNSHOWN: Final = frozenset({Kind.BARRIER, Kind.OUTCOME, Kind.TEST, Kind.PICK, Kind.ARMED, Kind.CANCEL})


@attrs.define
class Try:
    """One attempt."""

    number: int
    status: str = "running"
    started: float | None = None
    ended: float | None = None
    error: BaseException | None = None
    why: str = ""
    """What its policy said of its failure."""
    delay: float | None = None
    """Seconds until the next one."""


@attrs.define
class Account:
    """One step, as far as it is known. Times are times of day."""

    key: str
    status: str
    written: str = ""
    """How it is called, and where."""
    tries: dict[int, Try] = attrs.field(factory=dict)
    began: bool = False
    """Whether anything was done for it."""
    is_reused: bool = False
    """Whether it ended before the run was taken up again, so that its end came from the record."""
    because: tuple[str, ...] = ()
    """Why it didn't run: from itself back to the first cause."""
    error: BaseException | None = None
    why: str = ""
    handled: bool | None = None
    """Of a failure, whether somebody took it."""
    stood_in: bool = False
    """Whether its value is a fallback's."""
    undone_by: str = ""
    undoes: str = ""
    due: float | None = None
    """When what it waits for is over."""
    deadline: float | None = None
    """When its time is over."""
    waits: str = ""
    """`timer`, `signal` or `gate`; `retry` or `delay`; `limit`, `turn`, `worker` or `record`."""
    name: str = ""
    """Of a signal its name, of a gate what is asked, of a limit what it is called."""
    options: tuple[str, ...] = ()
    before: dict[str, str] = attrs.field(factory=dict)
    """What has to end before it, with the status of each."""
    any_of: tuple[str, ...] = ()
    """Those of which it needs one, or some."""
    won: tuple[str, ...] = ()
    inside: dict[str, int] = attrs.field(factory=dict)
    """Of a map or of a call of a workflow, how many of its parts have come to which status."""
    decision: Decision | None = None
    """Of a gate, what somebody has decided."""
    is_heard: bool = True
    """Whether the run knows of that decision."""
    is_left: bool = False
    """Whether nobody has the run, so that nothing goes on in it."""
    run: str = ""
    """What is to be known of the run besides: that nobody has it, say."""


def unknown(key: str, known: Iterable[str], run_id: str) -> LookupError:
    """The error for a key that no step of a run has."""
    names = list(known)
    has = f"it has {listed(names)}" if names else "it has none yet"
    return LookupError(f"run {run_id} has no step `{key}`; {did_you_mean(key, names) or has}")


# -- from what was told -------------------------------------------------------------------------------------------------


def _hear(account: Account, events: Sequence[Event]) -> None:
    """Take what was told of a step: its attempts, and whether it ended before the run was resumed."""
    resumed = max((event.number for event in events if type(event) is RunResumed), default=0)
    for event in events:
        if not isinstance(event, StepEvent) or event.key != account.key:
            continue
        if type(event) is GateResolved:
            account.decision = event.decision
        elif type(event) is StepStarted:
            account.tries.setdefault(event.attempt, Try(event.attempt)).started = event.time
        elif type(event) is StepRetrying:
            one = account.tries.setdefault(event.attempt, Try(event.attempt))
            one.status, one.ended, one.error = "failed", event.time, event.error
            one.why, one.delay = event.why, event.delay
        elif isinstance(event, (StepSucceeded, StepFailed)):
            account.is_reused = event.number < resumed
            if event.attempt:
                one = account.tries.setdefault(event.attempt, Try(event.attempt))
                one.status, one.ended = event.kind.removeprefix("step_"), event.time
                one.status = "failed" if isinstance(event, StepSucceeded) and event.error is not None else one.status
                one.error = event.error
                one.why = event.why if isinstance(event, StepFailed) else ""


# -- of this process ----------------------------------------------------------------------------------------------------


def account_of_node(machine: Machine, index: int, events: Sequence[Event]) -> Account:
    """A node of a machine. Under the lock of its run."""
    node, status = machine.nodes[index], machine.status[index]
    account = Account(machine.key(index), status.word, began=machine.attempts.get(index, 0) > 0)
    if node.index >= 0:
        account.written = written(machine.homes[index].graph, node)
    _hear(account, events)
    account.is_reused = account.is_reused or index in machine.known
    account.error, account.why = machine.errors.get(index), machine.decisions.get(index, "")
    if status in (Status.FAILED, Status.TIMED_OUT):
        account.handled = not machine.is_unhandled(index)
    account.stood_in = machine.is_stood_in(index)
    account.undone_by = next((machine.key(by) for by, what in machine.undoing.items() if what == index), "")
    undone = machine.undoing.get(index)
    account.undoes = machine.key(undone) if undone is not None else ""
    account.won = tuple(machine.key(one) for one in machine.won.get(index, ()))
    if status >= Status.SKIPPED or status is Status.CANCELLED:
        account.because = tuple(_causes(machine, index))
    account.inside = machine.counts(_parts(machine, index))
    if not status.is_final:
        account.deadline = _day(machine, machine.deadlines.get(index))
        _look_at_wait(machine, index, account)
    return account


def _parts(machine: Machine, index: int) -> list[int]:
    """The items of a map, or the steps in the place of a call."""
    if index in machine.groups:
        return list(machine._items_of(index))
    body = machine.bodies.get(index)
    if body is None:
        return []
    return [one for one in machine._parts(body) if machine.nodes[one].spec is not None and one not in machine.groups]


def _causes(machine: Machine, index: int) -> Iterator[str]:
    seen = {index}
    reason = machine.reason(index)
    while reason:
        yield reason
        cause = machine.causes.get(index)
        if cause is None or cause in seen:
            return
        seen.add(cause)
        index = cause
        error = machine.errors.get(index)
        reason = machine.reason(index) or (f"{type(error).__name__}: {error}" if error is not None else "")


def _day(machine: Machine, when: float | None) -> float | None:
    return None if when is None else when + machine.wall


def _look_at_wait(machine: Machine, index: int, account: Account) -> None:
    status, waiting = machine.status[index], machine.suspended.get(index)
    times = [when for when, _, kind, one, _ in machine._timers if one == index and kind in ("wake", "due", "retry")]
    account.due = _day(machine, min(times, default=None))
    if waiting is not None and status is Status.WAITING:
        account.waits, account.name, account.options = waiting.kind, waiting.name, waiting.options
    elif status is Status.RETRYING:
        account.waits = "retry"
    elif status is Status.WAITING:
        account.waits = "delay"
    elif status is Status.PENDING:
        limit = next((limit for (one, _), limit in machine._borrowing.items() if one == index), None)
        if limit is not None:
            account.waits, account.name = "limit", limit.name
        elif any(type(seats) is Seats and index in seats.queue for seats in machine._seats(index)):
            account.waits = "turn"
        account.before = {machine.key(one): machine.status[one].word for one in _before(machine, index)}
        account.any_of = tuple(machine.key(one) for one in machine.candidates(index))
        if not (account.waits or account.before or account.any_of):
            account.waits = "record" if machine.recalling else "worker"


def _before(machine: Machine, index: int) -> list[int]:
    """The nodes that have to end before one does anything; for what nobody has written, those that it follows from."""
    found: dict[int, None] = {}
    seen, left = {index}, [index]
    while left:
        target = left.pop()
        for one in range(len(machine.nodes)):
            after = (*machine.dependents[one], *(() if one in machine.groups else machine.chains.get(one, ())))
            if target not in after or one in seen or machine.is_visible(one):
                continue
            seen.add(one)
            if machine.nodes[one].kind in _UNSHOWN:
                left.append(one)
            else:
                found[one] = None
    return list(found)


# -- on record ------------------------------------------------------------------------------------------------------------


def account_of_record(
    data: Data, record: OnRecord, node: KeptNode, attempts: Sequence[KeptAttempt], events: Sequence[Event]
) -> Account:
    """A node that is on record."""
    row = record.rows[node.key]
    facts = row.facts
    said = record.rows.get(record.whole(node.key), row)  # of an item, its map has how it is called
    account = Account(node.key, node.status, said.call, began=row.has_begun, why=node.why)
    _hear(account, events)
    for kept in attempts:
        one = account.tries.setdefault(kept.attempt, Try(kept.attempt))
        one.status, one.started, one.ended = kept.status, kept.started or one.started, kept.ended
        one.why, one.delay = kept.why or one.why, kept.delay
        one.error = one.error if kept.error is None else data.load_error(kept.error)
        if one.status == "succeeded" and facts.get("stood_in", False):
            one.status = "failed"
    account.error = None if node.error is None else data.load_error(node.error)
    if node.status in ("failed", "timed_out"):
        account.handled = facts.get("handled", True)
    account.stood_in = facts.get("stood_in", False)
    account.undoes = facts.get("undoes", "")
    undone = (one.kept.key for one in record.within(node.key) if one.facts.get("undoes") == node.key)
    account.undone_by = next(undone, "")
    account.won = tuple(facts.get("won", ()))
    if node.status in ("skipped", "blocked", "cancelled"):
        account.because = tuple(_reasons(record, node, data))
    for item in record.items.get(node.key, ()) if node.kind == "map" else ():
        status = record.rows[item].kept.status
        account.inside[status] = account.inside.get(status, 0) + 1
    if node.status not in ENDED:
        account.deadline, account.due = node.deadline, node.due
        _look_at_kept_wait(account, node, facts)
    return account


def _look_at_kept_wait(account: Account, node: KeptNode, facts: Mapping[str, Any]) -> None:
    if node.status == "retrying":
        account.waits = "retry"
    elif node.status == "waiting" and "gate" in facts:
        account.waits, account.name = "gate", facts["gate"]["prompt"]
        account.options = tuple(facts["gate"]["options"])
    elif node.status == "waiting" and "signal" in facts:
        account.waits, account.name = "signal", facts["signal"]
    elif node.status == "waiting":
        account.waits = "timer" if node.attempts else "delay"


def _reasons(record: OnRecord, node: KeptNode, data: Data) -> Iterator[str]:
    seen = set[str]()
    while node.key not in seen:
        seen.add(node.key)
        if node.reason:
            yield node.reason
        cause = record.get(json.loads(node.facts).get("cause", ""))
        if cause is None:
            return
        node = cause.kept
        if not node.reason and node.error is not None:
            error = data.load_error(node.error)
            yield f"{type(error).__name__}: {error}"


def account_of_text(plan: Plan, record: OnRecord, key: str) -> Account | None:
    """A node that is written and of which nothing is on record; None for one that isn't known to be written."""
    found = _written(plan, "", key)
    if found is None:
        return None
    plan, prefix, place = found
    graph = plan.graph
    account = Account(key, "pending", written(graph, graph.nodes[place + plan.first]))
    before: Callable[[int], list[int]] = _waits(plan)
    for index in before(place):
        name = f"{prefix}{graph.keys[index]}"
        row = record.get(name)
        if row is None or not row.has_ended:
            account.before[name] = row.kept.status if row is not None else "pending"
    account.any_of = tuple(f"{prefix}{graph.keys[i]}" for i in graph.nodes[place + plan.first].choice)
    return account


def _written(plan: Plan, prefix: str, key: str) -> tuple[Plan, str, int] | None:
    for node in plan.nodes:
        name = f"{prefix}{plan.graph.keys[node.index]}"
        if name == key:
            return plan, prefix, node.index - plan.first
        inner = plan.inner.get(node.index)
        if inner is not None and key.startswith(f"{name}/"):
            return _written(inner, f"{name}/", key)
    return None


def _waits(plan: Plan) -> Callable[[int], list[int]]:
    before: dict[int, list[int]] = {}
    for place, targets in enumerate(plan.dependents):
        for target in targets:
            before.setdefault(target - plan.first, []).append(place)

    def known(place: int) -> list[int]:
        found: dict[int, None] = {}
        seen, left = {place}, [place]
        while left:
            for one in before.get(left.pop(), ()):
                if one in seen:
                    continue
                seen.add(one)
                if plan.nodes[one].kind in _UNSHOWN:
                    left.append(one)
                else:
                    found[one + plan.first] = None
        return list(found)

    return known
