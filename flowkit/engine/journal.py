"""The record of one run, as it is kept: from what a machine asks for to what a store is given.

Ends that others go on from count once they are durable, and so do events: until then nobody is told. What the run is
about to do (attempts that begin, times that are set) is written along with that, and nobody waits for it, but for one
thing: an attempt that would have to be undone is on record before it begins.
"""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

from flowkit.engine.declared import declared_step
from flowkit.engine.kept import Commit, KeptAttempt, KeptNode, RunChange
from flowkit.engine.laying import another_call
from flowkit.engine.wirings import Wirings, kept_as
from flowkit.engine.writing import MOMENT, SHORT
from flowkit.errors import EncodingError
from flowkit.graph import Kind
from flowkit.machine.flows import Stream
from flowkit.machine.statuses import Status
from flowkit.machine.waiting import Waiting
from flowkit.plan import Lane

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from flowkit.engine.events import Event
    from flowkit.engine.kept import KeptEvent, Lease
    from flowkit.engine.overlay import Overlay
    from flowkit.engine.ports import Data, Services
    from flowkit.engine.writing import Writer, Written
    from flowkit.graph import StepSpec
    from flowkit.machine.machine import Machine
    from flowkit.machine.past import Past, Was

__all__ = ["Journal"]

MANY: Final = 500
"""How many ends are put off at most."""

_SUCCEEDED: Final = Status.SUCCEEDED
_ONCE: Final = frozenset({"timer_set", "signal_set", "gate_opened", "items_finished", "chosen"})
_STOPPED: Final = {"cancelled", "blocked"}
_STOPS: Final = {"step_cancelled", "step_blocked"}
_COMES_BACK: Final = frozenset({Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT})
_ENDS: Final = frozenset({f"step_{status.word}" for status in Status if status >= _SUCCEEDED})
_UNSHOWN: Final = frozenset({Kind.BARRIER, Kind.OUTCOME, Kind.TEST, Kind.PICK, Kind.ARMED, Kind.CANCEL, Kind.INPUT})
"""What follows from other nodes, and is of no interest by itself."""


class Journaled(Protocol):
    """The run whose record this is."""

    machine: Machine
    services: Services
    lock: threading.Lock
    overlay: Overlay | None

    @property
    def run_id(self) -> str:
        """The id of the run."""

    def noted(self, commit: Pending, written: Written) -> None:
        """Something is durable, or isn't going to be. Not under the lock of the run."""


class Pending:
    """What is to be written, and who goes on when it is."""

    __slots__ = ("advances", "attempts", "ends", "events", "nodes", "over", "release", "run", "taken", "told", "void")

    def __init__(self) -> None:
        self.nodes: dict[str, KeptNode] = {}
        self.attempts: dict[tuple[str, int], KeptAttempt] = {}
        self.events: list[KeptEvent] = []
        self.told: list[Event] = []
        """The events themselves, for those who are told then."""
        self.ends: list[int] = []
        """The nodes whose ends these are."""
        self.taken: list[int] = []
        self.void: list[str] = []
        self.run: RunChange | None = None
        self.release = False
        self.advances = False
        self.over: Callable[[], None] | None = None
        """What the end of the run is, when it is on record."""

    def __bool__(self) -> bool:
        return any(
            getattr(self, name) for name in ("events", "nodes", "attempts", "ends", "taken", "void", "run", "release")
        )


class Journal:
    """What is written of one run, by whoever has it."""

    def __init__(self, run: Journaled, lease: Lease, data: Data, writer: Writer, past: Past) -> None:
        self._run = run
        self.lease = lease
        self._data = data
        self._writer = writer
        self._past = past
        self._sequence = past.newest
        self.recalling = past.is_any
        """Whether what the machine asks for follows from what is on record."""
        self.number = 0
        """Of the newest event."""
        self.before: Counter[tuple[str, str]] = Counter()
        """How often what was told of which node, before this process had the run."""
        self.choices: dict[str, tuple[str, ...]] = {}
        """What was chosen, the last time that was told."""
        self.items: dict[str, int] = {}
        """Of how many items of maps that was told."""
        self._texts: dict[int, str] = {}
        self.wirings = Wirings(run.machine, data)
        self._pending = Pending()
        self._soon = False
        self._within: float | None = None
        """Within how many seconds the writer has promised to write what there is; None where it knows of nothing."""
        self._since = 0.0
        """When the first of the ends came that are put off."""

    # -- values -------------------------------------------------------------------------------------------------------

    def keep(self, index: int, spec: StepSpec, value: Any) -> Any:
        """Turn a result into what is kept of it; what others get of it. Raises `EncodingError` where that can't be."""
        if spec.streams:
            return value
        try:
            text = self._texts[index] = self._data.dumps(value, kept_as(spec))
        except EncodingError as error:
            key = self._run.machine.key(index)
            error.add_note(f"what `{key}` gave can't be kept, and this run is: annotate it with a type that can")
            raise
        return self._data.loads(text, kept_as(spec)) if self._run.services.roundtrip else value

    def made_again(self, index: int) -> Any:
        """The value that is kept of a node. Raises where it isn't of what the body calls there now."""
        machine = self._run.machine
        was, spec = machine.was(index), machine.nodes[index].spec
        assert spec is not None
        wiring = self.wirings.of(index)
        if was.wiring != wiring and not was.is_replaced:
            raise another_call(machine, self._run.overlay, index, self._run.run_id)
        if was.status != "succeeded" or was.value is None:
            return None
        return self._data.loads(was.value, kept_as(spec))

    # -- what happens -------------------------------------------------------------------------------------------------

    def is_old_news(self, kind: str, index: int, told: dict[str, Any]) -> bool:
        """Whether something was told before this process had the run: while that comes back from the record.

        What is told of a node once in all is old news afterwards, too; and so is a choice between items of a stream that
        was told, while the process died before it was on record what follows from it.
        """
        key = self._run.machine.key(index) if index >= 0 else ""
        was = self._past.find(key) if key else None
        if was is not None and was.status in _STOPPED and kind in _STOPS:
            kind = f"step_{was.status}"  # which of them it is depends on what else came first
        place = kind, key
        is_known = kind == "chosen" and self.choices.get(key) == told["winners"]
        if not self.before[place] or not (self.recalling or is_known or self._is_told_once(kind, index)):
            return False
        self.before[place] -= 1
        return True

    def _is_told_once(self, kind: str, index: int) -> bool:
        """Whether something is told of a node once, though it happens again in each process that has the run.

        So it is with what waits and goes on waiting, and with items of streams, which come back later than all else: when
        the generator, which is gone through again, has given them.
        """
        was = self._past.find(self._run.machine.key(index)) if index >= 0 else None
        if was is None:
            return index in self._run.machine.known or self._comes_late(kind, index)
        if kind == "step_started":
            return was.status == "waiting" or self._streams(index)
        return kind in _ONCE or (kind == f"step_{was.status}" and was.status != "retrying")

    def _comes_late(self, kind: str, index: int) -> bool:
        """Whether a node ends again that is an item of a stream, or in the place of one."""
        machine = self._run.machine
        while kind in _ENDS and index >= 0:
            group = machine.owners[index]
            if group is not None and isinstance(machine.groups.get(group.written), Stream):
                return True
            index = machine.homes[index].node
            kind = kind if index != machine.root.node else ""
        return False

    def new_items(self, index: int, count: int) -> int | None:
        """How many of the items of a map that have come were never told of; None where all were."""
        key = self._run.machine.key(index)
        before = self.items.get(key)
        if before is None:
            return count
        new = max(0, count - before)
        self.items[key] = before - count + new
        return new or None

    def tell(self, event: Event) -> None:
        """Have an event on record, and told when it is."""
        self._pending.events.append(self._data.dump_event(event))
        self._pending.told.append(event)

    def note(self, kind: str, index: int, told: dict[str, Any], now: float) -> None:
        """Have on record what a node is about to do."""
        note = _NOTES.get(kind)
        if note is not None and not self.recalling:
            note(self, index, told, now)

    def _began(self, index: int, told: dict[str, Any], _now: float) -> None:
        machine = self._run.machine
        if machine.lanes[index] is Lane.FLOW:
            self._set(index)
            return
        self._set(index, error=machine.errors.get(index))
        attempt, key = told["attempt"], machine.key(index)
        self._pending.attempts[key, attempt] = KeptAttempt(key, attempt, self._day(machine.started_at.get(index)))

    def _collected(self, index: int, _told: dict[str, Any], _now: float) -> None:
        self._set(index)

    def _tries_again(self, index: int, told: dict[str, Any], now: float) -> None:
        machine = self._run.machine
        key, attempt, delay = machine.key(index), told["attempt"], told["delay"]
        self._set(index, due=self._day(now + delay), error=told["error"])
        self._pending.attempts[key, attempt] = KeptAttempt(
            key,
            attempt,
            self._day(machine.started_at.get(index)),
            self._day(now),
            "failed",
            self._data.dump_error(told["error"]),
            told["why"],
            delay,
        )

    def _waits(self, index: int, told: dict[str, Any], now: float) -> None:
        due, seconds = self._run.machine.due_of(index), told.get("seconds")
        if due is None and seconds is not None:
            due = now + seconds
        self._set(index, due=self._day(due))
        self._soon = True

    def ended(self, index: int, now: float) -> bool:
        """Have on record how a node ended; says whether that has to be durable before it counts."""
        machine = self._run.machine
        kind, status, key = machine.nodes[index].kind, machine.status[index], machine.key(index)
        if kind in _UNSHOWN or machine.is_next_round(index) or machine.is_part(index):
            return False
        was = self._past.find(key)
        own = kind is Kind.CALL or machine.is_item(index)
        decided = machine.lanes[index] is not Lane.FLOW or status is Status.TIMED_OUT  # else it follows from its parts
        if own and decided and status in _COMES_BACK:
            if not self._streams(index):
                self._sequence += 1
                self._end(index, now, self._sequence)
                return True
            self._set(index)
            return False
        if was is not None and self.recalling and (was.status == status.word or {was.status, status.word} == _STOPPED):
            return False
        if kind is Kind.JOIN:
            self._set(index, won=[machine.key(one) for one in machine.won.get(index, ())])
            self._pending.ends.append(index)
            self._pending.advances = self._soon = True
            return True
        self._set(index)
        return False

    def _streams(self, index: int) -> bool:
        spec = self._run.machine.nodes[index].spec
        return spec is not None and spec.streams

    def _end(self, index: int, now: float, sequence: int) -> None:
        machine = self._run.machine
        key, status, error = machine.key(index), machine.status[index], machine.errors.get(index)
        self._pending.advances = True
        value = None
        if status is _SUCCEEDED:
            value = self._texts.pop(index, None)
            if value is None:  # not what a step gave, but what stood in for it, or came from outside
                spec = machine.nodes[index].spec
                assert spec is not None
                self.keep(index, spec, machine.values[index])
                value = self._texts.pop(index)
        else:
            self._texts.pop(index, None)
        self._set(index, sequence=sequence, value=value, error=error)
        attempt = machine.attempts.get(index, 0) if machine.lanes[index] is not Lane.FLOW else 0
        if attempt:
            failed = None if error is None else self._data.dump_error(error)
            started, why = self._day(machine.started_at.get(index)), machine.decisions.get(index, "")
            self._pending.attempts[key, attempt] = KeptAttempt(
                key, attempt, started, self._day(now), status.word, failed, why
            )
        self._pending.ends.append(index)
        self._soon = True

    def _set(
        self,
        index: int,
        *,
        sequence: int = 0,
        value: str | None = None,
        error: BaseException | None = None,
        due: float | None = None,
        won: Sequence[str] = (),
    ) -> None:
        """Have a node on record as it is now."""
        machine = self._run.machine
        node, status, key = machine.nodes[index], machine.status[index], machine.key(index)
        self._pending.nodes[key] = KeptNode(
            key=key,
            step=node.spec.name if node.spec is not None else "",
            kind=_kind_of(machine, index),
            status=status.word,
            sequence=sequence,
            attempts=machine.attempts.get(index, 0),
            value=value,
            error=None if error is None else self._data.dump_error(error),
            reason=machine.reason(index),
            why=machine.decisions.get(index, ""),
            wiring=self.wirings.of(index) if node.spec is not None or node.kind is Kind.JOIN else "",
            started=self._day(machine.started_at.get(index)),
            ended=self._day(machine.ended_at.get(index)) if status >= _SUCCEEDED else None,
            due=due,
            deadline=self._day(machine.deadlines.get(index)),
            facts=self._facts(index, won),
        )

    def _facts(self, index: int, won: Sequence[str]) -> str:
        machine = self._run.machine
        facts: dict[str, Any] = {}
        asked = machine.condition_of(index)
        if asked is not None:
            facts["asked"] = asked
        if machine.is_stood_in(index):
            facts["stood_in"] = True
        if machine.status[index] in (Status.FAILED, Status.TIMED_OUT):
            facts["handled"] = not machine.is_unhandled(index)
        if machine.cleans_up(index):
            facts["cleans_up"] = True
        undone, cause = machine.undoing.get(index), machine.causes.get(index)
        if undone is not None:
            facts["undoes"] = machine.key(undone)
        if cause is not None and machine.status[index] >= Status.CANCELLED:
            facts["cause"] = machine.key(cause)
        if machine.status[index] is Status.CANCELLED and machine.is_dropped(index):
            facts["dropped"] = True
        if won:
            facts["won"] = list(won)
        waiting = machine.suspended.get(index)
        if waiting is not None and waiting.kind == "gate":
            facts["gate"] = {"prompt": waiting.name, "options": list(waiting.options)}
        elif waiting is not None and waiting.kind == "signal":
            facts["signal"] = waiting.name
        if machine.nodes[index].spec is not None or machine.nodes[index].kind is Kind.JOIN:
            said = self.wirings.said(index)
            if said is not None:
                facts["said"] = said
            if machine.status[index] is _SUCCEEDED and (given := self.wirings.gives(index)):
                facts["gives"] = given
        group = machine.groups.get(index)
        if group is not None:
            facts["items"] = group.size
        return json.dumps(facts) if facts else "{}"

    def _day(self, when: float | None) -> float | None:
        """A time of the run as a time of day."""
        return None if when is None else when + self._run.machine.wall

    # -- to the store ---------------------------------------------------------------------------------------------------

    def void(self, keys: Sequence[str]) -> None:
        """These nodes are as if they had never been."""
        self._pending.void.extend(keys)

    def take(self, numbers: Iterable[int]) -> None:
        """Messages that are done with when what follows from them is on record."""
        self._pending.taken.extend(numbers)

    def mark(self, status: str) -> None:
        """What the run does just now. Nobody waits for that."""
        if not self._pending.over:
            self._pending.run = RunChange(status, self._run.services.clock.time())
            self._pending.advances |= status == "waiting"  # so far it has come, and nobody has died of it

    def end(self, change: RunChange, over: Callable[[], None]) -> None:
        """The end of the run: on record, then told."""
        self._pending.run, self._pending.release, self._pending.over = change, True, over
        self._soon = True

    def drop(self) -> None:
        """Forget what there is: something before it wasn't written."""
        self._pending, self._soon = Pending(), False

    def release(self, stuck: str = "") -> None:
        """From here on somebody else may have the run; unless it is `stuck`, for this reason."""
        self._pending.release = True
        if stuck:
            self._pending.run = RunChange("running", self._run.services.clock.time(), stuck=stuck)
        self._soon = True

    def hand_over(self, *, call: bool) -> bool:
        """Give to the writer what there is, if somebody waits for some of it; says whether. Under the lock of the run.

        Without `call`, whoever does this writes it: by `drain`.
        """
        if self._soon:
            self._put(call=call)
            return True
        self._nudge(MOMENT)
        return False

    def put_off(self, now: float) -> bool:
        """Whether what there is may wait a bit, to be written with what comes next; then it will be. Under the lock."""
        if not self._soon:
            return True
        ends = len(self._pending.ends)
        if ends <= 1:
            self._since = now
        elif ends >= MANY or now - self._since >= SHORT / 2:
            return False
        self._nudge(SHORT)
        return True

    def _nudge(self, within: float) -> None:
        if self._pending and (self._within is None or within < self._within):
            self._within = within
            self._writer.nudge(self, within)

    def put_all(self) -> None:
        """Give to the writer what there is. Not under the lock of the run."""
        with self._run.lock:
            self._within = None
            if self._pending:
                self._put(call=False)

    def _put(self, *, call: bool) -> None:
        pending = self._pending
        self._pending, self._soon = Pending(), False
        commit = Commit(
            self.lease,
            tuple(pending.nodes.values()),
            tuple(pending.attempts.values()),
            tuple(pending.events),
            tuple(pending.taken),
            tuple(pending.void),
            pending.run,
            pending.release,
            pending.advances,
        )
        self._writer.put(commit, lambda written: self._run.noted(pending, written), call=call)

    def drain(self) -> None:
        """Write in this thread what was handed over. Not under the lock of the run."""
        self._writer.drain()


def _kind_of(machine: Machine, index: int) -> str:
    node = machine.nodes[index]
    if node.kind is Kind.MAP:
        return "item" if machine.is_item(index) else "map"
    if node.kind is Kind.CALL:
        return "call" if machine.lanes[index] is Lane.FLOW else "step"
    return node.kind.name.lower()


_NOTES: Final[dict[str, Callable[[Journal, int, dict[str, Any], float], None]]] = {
    "step_started": Journal._began,
    "step_retrying": Journal._tries_again,
    "items_collected": Journal._collected,
    "step_scheduled": Journal._waits,
    "gate_opened": Journal._waits,
    "timer_set": Journal._waits,
    "signal_set": Journal._waits,
}


def what_was(data: Data, nodes: Iterable[KeptNode]) -> list[Was]:
    """What is on record of nodes, as a machine looks at it."""
    from flowkit.machine.past import Was

    found = []
    for node in nodes:
        was = Was(node.key, node.status)
        facts = json.loads(node.facts)
        was.sequence, was.attempts, was.value, was.wiring = node.sequence, node.attempts, node.value, node.wiring
        was.why, was.started, was.ended, was.due, was.deadline = (
            node.why,
            node.started,
            node.ended,
            node.due,
            node.deadline,
        )
        was.error = None if node.error is None else data.load_error(node.error, _named_by(node.step))
        was.asked, was.stood_in = facts.get("asked"), facts.get("stood_in", False)
        was.handled, was.won = facts.get("handled", True), tuple(facts.get("won", ()))
        if was.status == "waiting" and "gate" in facts:
            was.gate = Waiting("gate", facts["gate"]["prompt"], options=tuple(facts["gate"]["options"]))
        was.is_replaced = facts.get("replaced", False)
        found.append(was)
    return found


def _named_by(step: str) -> Sequence[type[BaseException]]:
    """The classes of errors that a step's declaration names: those are known here without having been raised here."""
    spec = declared_step(step)
    retry = None if spec is None else spec.options.resolved().retry
    given = () if retry is None else (retry.on, retry.never_on)
    return [one for many in given if isinstance(many, tuple) for one in many]


def to_be_done_again(nodes: Sequence[KeptNode]) -> set[str]:
    """Of a run that failed, the nodes that are as if they had never been when it is taken up again.

    What succeeded stays, and so does a failure that somebody took, what a condition has skipped, what a choice has left
    behind, and what came to nothing for one of those. What failed for the run goes, with the choices that came to
    nothing, what cleaned up, what undid something and what that undid, and all that followed from others.
    """
    known = {node.key: node for node in nodes}
    facts = {node.key: json.loads(node.facts) for node in nodes}
    undone = {facts[node.key]["undoes"] for node in nodes if "undoes" in facts[node.key]}
    return {key for key in known if not _stays(key, known, facts, undone)}


def _stays(key: str, known: Mapping[str, KeptNode], facts: Mapping[str, Any], undone: AbstractSet[str]) -> bool:
    """Whether what became of a node would become of it again, as far as that is known."""
    seen = set[str]()
    while key in known and key not in seen:
        seen.add(key)
        status, told = known[key].status, facts[key]
        if key in undone or told.get("cleans_up", False) or "undoes" in told:
            return False
        if status == "succeeded":
            return True
        if status in ("failed", "timed_out"):
            return bool(told.get("handled", False))
        if status == "cancelled":
            return bool(told.get("dropped", False))
        if status not in ("skipped", "blocked"):
            return False
        if "cause" not in told:
            return status == "skipped"
        key = told["cause"]
    return False
