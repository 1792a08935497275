"""Runs that outlive their process: a driver that keeps a record of what it does, and can go on from one.

Three things differ from a run in memory. The end of a node counts when it is on record, and so does everything that is
told. What comes from outside (signals, decisions, the wish to end it) is kept first, and reaches whoever has the run.
And a run can be left: then it is nobody's until somebody takes it up, here or elsewhere.
"""

from __future__ import annotations

import json
import logging
from inspect import Signature
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.conclusion import Conclusion, conclude
from flowkit.engine.driver import Driver
from flowkit.engine.events import Chosen, ItemsCollected
from flowkit.engine.journal import Journal
from flowkit.engine.kept import RunChange, decision_name
from flowkit.engine.laying import collected, ended, laid, recalled
from flowkit.engine.recordings import Unwound
from flowkit.errors import (
    CancelReason,
    EncodingError,
    IllegalTransition,
    NonDeterminismError,
    RunSuspended,
    StoreError,
    WorkflowChanged,
)
from flowkit.machine.requests import Emit, Point, Work
from flowkit.machine.statuses import RunStatus, Status
from flowkit.machine.waiting import UNKNOWN, Decision, Waiting, sent_as
from flowkit.plan import Lane

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from flowkit.engine.calling import Feed
    from flowkit.engine.events import Event
    from flowkit.engine.journal import Pending
    from flowkit.engine.kept import Lease, Message
    from flowkit.engine.overlay import Overlay
    from flowkit.engine.place import Place
    from flowkit.engine.ports import Data, Services, Store
    from flowkit.engine.writing import Written
    from flowkit.machine.past import Past
    from flowkit.machine.requests import Record
    from flowkit.plan import Plan

__all__ = ["Durable"]

log: Final = logging.getLogger("flowkit")


class Durable(Driver):
    """One run being done, on record."""

    __slots__ = (
        "_begun",
        "_data",
        "_ended_by",
        "_heard",
        "_in_line",
        "_store",
        "_taker",
        "_waits",
        "found",
        "journal",
        "overlay",
        "past",
        "patience",
        "resumes",
        "suspended",
        "tend",
    )

    def __init__(
        self,
        plan: Plan,
        services: Services,
        *,
        lease: Lease,
        past: Past,
        overlay: Overlay | None = None,
        events: Sequence[Event] = (),
        waits: bool = False,
    ) -> None:
        super().__init__(plan, services, run_id=lease.run_id, keeps=True, past=past)
        assert services.data is not None
        assert services.writer is not None
        assert services.store is not None
        self._data: Data = services.data
        self._store: Store = services.store
        self.journal = Journal(self, lease, services.data, services.writer, past)
        self.past = past
        self.resumes = 0
        """How often it was taken up again after it had failed."""
        self.overlay = overlay
        """What is on record, for what bodies write; None where nothing is that could still be come to."""
        self.suspended: RunSuspended | None = None
        self.events.extend(events)
        self.journal.number = self.found = events[-1].number if events else 0
        """The number of the newest event that there was when this process got the run; 0 for a new one."""
        for event in events:
            self.journal.before[event.kind, getattr(event, "key", "")] += 1
            if isinstance(event, Chosen):
                self.journal.choices[event.key] = event.winners
            if isinstance(event, ItemsCollected):
                self.journal.items[event.key] = self.journal.items.get(event.key, 0) + event.count
        self.calling.keep = self.journal.keep
        self._begun: dict[tuple[int, int, str], int] = {}
        """Per attempt, how many runs of each workflow it has started."""
        self._taker = 0
        """The thread that is about to take the next node, so that nobody need be called for that."""
        self._waits = waits
        """Whether it is on record that it only waits."""
        self._in_line: list[Message] = []
        """What came from outside and isn't done with, in its order."""
        self._heard = 0
        """The number of the newest of that."""
        self._ended_by = 0
        """The number of the message by which this process asked for its end."""
        self.tend: Callable[[], None] | None = None
        """What is to be done now and then by whoever works on it, where there is nobody else."""
        self.patience = 0.0
        """After how many seconds that is to be done again."""

    # -- working --------------------------------------------------------------------------------------------------------

    def serve(self, place: Place) -> None:
        """Work on this run until nothing is ready for whoever is in this place."""
        super().serve(place)
        if self.services.inline:
            self.journal.put_all()
            self._write_inline()
            if self._in_line:
                self.open_mail()

    def tick(self) -> None:
        """Something is due."""
        points = self.services.points
        due = self.machine.due(self.services.clock.now()) if points is not None else ()
        for key in due:
            self._before(Point.TIMER, key)
        super().tick()
        for key in due:
            self._after(Point.TIMER, key)
        self._write_inline()
        if self.tend is not None:
            self.tend()

    def _patience(self) -> float | None:
        """How long to wait at most: where nobody else hears what comes from outside, as long as that may take."""
        longest, patience = super()._patience(), self.patience
        return longest if self.tend is None else patience if longest is None else min(longest, patience)

    def comes_to(self, index: int, attempt: int) -> bool:
        """What a node asks for is about to be done; says whether it still is to be.

        That an attempt begins has to be known before it does anything where it would have to be undone; and where it
        isn't the first one, how the one before it ended, or a crash would have it tried once more than it may be.
        """
        points, policy = self.services.points, self.machine.policies[index]
        key = self.machine.key(index) if points is not None else ""
        if attempt and points is not None:
            points.before(Point.START, key, self.run_id)
        if attempt > 1 or (attempt and policy is not None and policy.compensate is not None):
            self.journal.put_all()
            self.journal.drain()
        if attempt and points is not None:
            points.after(Point.START, key, self.run_id)
        if attempt and self.conclusion is not None:
            return False
        if points is not None:
            points.before(self._point_of(index, attempt), key, self.run_id)
        return True

    def has_done(self, index: int, attempt: int) -> None:
        """It was done, and nobody else knows."""
        if self.services.points is not None:
            self._after(self._point_of(index, attempt), self.machine.key(index))

    def _point_of(self, index: int, attempt: int) -> Point:
        machine = self.machine
        if not attempt:
            return machine.other_work.get(index, Work.RECORD).point
        if index in machine.undoing:
            return Point.COMPENSATE
        return Point.ALWAYS if machine.cleans_up(index) else Point.EFFECT

    def _before(self, point: Point, key: str) -> None:
        points = self.services.points
        if points is not None:
            points.before(point, key, self.run_id)

    def _after(self, point: Point, key: str) -> None:
        points = self.services.points
        if points is not None:
            points.after(point, key, self.run_id)

    def _write_inline(self) -> None:
        """Write what is left to write, where there is nobody else who would."""
        writer = self.services.writer
        while self.services.inline and writer is not None and not writer.is_idle:
            writer.drain()  # what is told of it may go on, and have something to write itself: that the run is over

    def _work(self, index: int, place: Place, queues: Sequence[deque[int]]) -> int | None:
        machine = self.machine
        attempt = machine.attempts.get(index, 1) if index not in machine.other_work else 0
        is_live = machine.other_work.get(index) is Work.RECORD and machine.lane_of_body(index) is Lane.LOOP
        if not is_live and not self.comes_to(index, attempt):  # of a live body, whoever plays it says so
            place.index = -1
            return None
        if machine.other_work.get(index) is Work.RESTORE:
            try:
                value = self.journal.made_again(index)
            except Exception as error:  # noqa: BLE001 - making values runs anybody's code
                self.suspend(error)
                return None
            return self._hand_in(index, 0, place, queues, machine.restore, value)
        return super()._work(index, place, queues)

    def _hand_in(
        self, index: int, attempt: int, place: Place, queues: Sequence[deque[int]], feed: Feed, fact: Any
    ) -> int | None:
        """Hand in what came of a node, and put it on record; the next one."""
        machine = self.machine
        self.has_done(index, attempt)
        if self.services.inline:
            self.tick()
        with self.lock:
            place.index = -1
            if self.conclusion is not None:
                self.let_go(index, attempt)
                return None
            now = self.services.clock.now()
            feed(index, fact, attempt, now)
            if self._puts_off(place, now):
                following = machine.take_from(queues, now)
                if following is not None:
                    place.index = following
                    super().after()
                    return following
            owing = self._keep_up(writes=True)
            self._taker = get_ident() if owing else 0
        if owing:
            self.journal.drain()
        with self.lock:
            self._taker = 0
            if self.is_over:
                return None
            enough = place.retired or (place.awaits >= 0 and machine.is_visible(place.awaits))
            following = None if enough else machine.take_from(queues, self.services.clock.now())
            place.index = -1 if following is None else following
            self.after()
            return following

    def _puts_off(self, place: Place, now: float) -> bool:
        """Whether what has just come may be written together with what this worker does next, if there is anything.

        Never where nobody else could write it meanwhile: the next step may take its time.
        """
        if self.services.inline or place.retired or place.awaits >= 0 or self.machine.suspended or self.machine.taken:
            return False
        if self.machine.requests:
            self._answer_all()
        return not self.is_over and self.journal.put_off(now)

    def after(self) -> bool:
        """Do what the machine asks for, under the lock; says whether there was anything."""
        busy = super().after()
        self._hand_over()
        return busy

    def _keep_up(self, *, writes: bool) -> bool:
        """Do what the machine asks for, and call nobody for what is ready.

        Says whether there is something to write that somebody waits for: that is for this thread to do, where it `writes`.
        """
        if self.machine.requests:
            self._answer_all()
        return self._hand_over(writes=writes)

    def _hand_over(self, *, writes: bool = False) -> bool:
        waits = bool(self.machine.suspended) and self._only_waits
        if waits is not self._waits:
            self._waits = waits
            self.journal.mark("waiting" if waits else "running")
        taken = self.machine.taken
        if taken:
            self.journal.take(taken)
            taken.clear()
        soon = self.journal.hand_over(call=not writes)
        if soon and not writes and self.services.inline:
            coroutines = self._coroutines
            if coroutines is not None and coroutines.is_playing_here and coroutines.loop is not None:
                coroutines.loop.call_soon(self.journal.drain)
        return soon

    def noted(self, commit: Pending, written: Written) -> None:
        """Something is durable, or isn't going to be. Not under the lock."""
        if written.error is not None or written.refused:
            self.suspend(written.error or CancelReason.LEASE_LOST)
            return
        with self.lock:
            for event in commit.told:
                self._deliver(event)
            if self.conclusion is not None:
                return
            now = self.services.clock.now()
            for index in commit.ends:
                self.machine.recorded(index, now)
            if commit.over is not None:
                commit.over()
            elif self._taker == get_ident():
                self._keep_up(writes=False)
            elif commit.ends:
                self._go_on()

    # -- what the machine asks for ----------------------------------------------------------------------------------------

    def _answer(self, request: Any) -> None:
        if self.suspended is None:  # what was left is somebody else's
            super()._answer(request)

    def lays(self, index: int, plan: Plan, awaited: int = -1) -> None:
        """A body is about to write this: what of it is on record has to fit. Raises `Unwound` where it doesn't."""
        if not plan.graph.goes_on:
            self.journal.wirings.bodies[index] = plan.graph
        if self.overlay is None:
            return
        error, void = laid(self.machine, self.overlay, index, plan, awaited, self.run_id)
        if error is not None:
            self.suspend(error)
            raise Unwound
        if void:
            with self.lock:
                self._void(void)

    def _void(self, keys: AbstractSet[str]) -> None:
        self.journal.void(sorted(keys))
        self.past.drop(keys)

    def _record(self, request: Record) -> None:
        now = self.services.clock.now()
        if self.overlay is not None:
            error, void = ended(self.machine, self.overlay, request.node, self.journal.wirings, self.run_id)
            if error is not None:
                self._leave(error)
                return
            if void:
                self._void(void)
        waits = self.journal.ended(request.node, now)
        if request.news is not None:
            self._publish(request.news.kind, request.news.node, request.news.told)
        if not waits:
            self.machine.recorded(request.node, now)

    def _publish(self, kind: str, node: int, told: dict[str, Any]) -> None:
        journal = self.journal
        if kind == "items_collected" and self.overlay is not None:
            error, void = collected(self.machine, self.overlay, node, self.run_id)
            if error is not None:
                self._leave(error)
                return
            self._void(void)
        if kind in ("signal_set", "gate_opened") and self._in_line and not self.services.inline:
            self.services.timekeeper.wake_at(self.services.clock.now(), _Mail(self))
        if kind == "gate_opened" and (was := self.past.find(self.machine.key(node))) is not None:
            was.gate = None
        if kind == "items_collected":
            new = journal.new_items(node, told["count"])
            if new is None:
                return
            told = {"count": new}
        elif journal.is_old_news(kind, node, told):
            return
        journal.note(kind, node, told, self.services.clock.now())
        journal.number += 1
        event = self._event(kind, node, told, journal.number)
        if self.trace is not None:
            self.trace.told(node, event)
        journal.tell(event)

    def _wake(self, index: int) -> None:
        key = self.machine.key(index)
        self._before(Point.WAKE, key)
        super()._wake(index)
        self._after(Point.WAKE, key)

    def _recalled(self, gone: Sequence[str]) -> None:
        self._before(Point.RECOVER, "")
        if self.overlay is not None:
            error, void = recalled(self.machine, self.overlay)
            if error is not None:
                self._leave(error)
                return
            self._void(void)
            if gone:
                self.overlay.forget(gone)
            if all(was.is_back or not was.sequence for was in self.past.nodes.values()):
                self.overlay = None
        self.journal.recalling = False
        if gone:  # what follows from others has no place of its own to come back to, and may be there all the same
            machine = self.machine
            there = {machine.key(index) for index, status in enumerate(machine.status) if status >= Status.SUCCEEDED}
            gone = [key for key in gone if key not in there]
        self.journal.void(gone)
        self._publish("run_resumed", -1, {})
        if self._in_line and not self.services.inline:
            self.services.timekeeper.wake_at(self.services.clock.now(), _Mail(self))
        self._after(Point.RECOVER, "")

    def _finish(self, news: Emit | None) -> None:
        conclusion = conclude(self.machine, self.run_id if self.machine.failures else "")
        result = None
        if conclusion.status is RunStatus.SUCCEEDED and conclusion.error is None:
            try:
                result = self._data.dumps(conclusion.value, _returned(self))
            except EncodingError as error:
                error.add_note(f"what `{self.plan.graph.workflow.label}` returns can't be kept, and this run is")
                conclusion = Conclusion(RunStatus.FAILED, error=error)
        if news is not None and news.kind == "run_succeeded" and conclusion.status != "succeeded":
            news = Emit("run_failed", -1, {"error": conclusion.error})
        if news is not None:
            self._publish(news.kind, -1, news.told)
        failed = None if conclusion.error is None else self._data.dump_error(conclusion.error)
        change = RunChange(str(conclusion.status), self.services.clock.time(), result, failed)
        self.journal.take([message.number for message in self._in_line if message.kind == "cancel"])
        if self._ended_by:
            self.journal.take([self._ended_by])
        self.journal.end(change, lambda: self._settle(conclusion, None))

    def crash(self, error: BaseException) -> None:
        """The engine itself failed: the run is left as it is on record, and whoever waits is woken with that."""
        if self.conclusion is None:
            log.error("the engine failed while running %s", self.plan.graph.workflow.name, exc_info=error)
            self._leave(error)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for something that may take its time: then it may as well be left."""
        with self.lock:
            return self._only_waits

    @property
    def _only_waits(self) -> bool:
        machine = self.machine
        at_work = machine.is_at_work or machine.is_cleaning_up
        return self.conclusion is None and machine.is_waited_for and not at_work

    # -- leaving ----------------------------------------------------------------------------------------------------------

    def suspend(self, reason: CancelReason | BaseException) -> bool:
        """Leave the run as it is on record, for whoever takes it up. Says whether it was under way."""
        with self.lock:
            if self.conclusion is not None:
                return False
            self._leave(reason)
            return True

    def _leave(self, reason: CancelReason | BaseException) -> None:
        machine = self.machine
        if isinstance(reason, CancelReason):
            self.suspended = RunSuspended(self.run_id, reason)
        else:
            why = str(reason) if isinstance(reason, WorkflowChanged) else f"{type(reason).__name__}: {reason}"
            self.suspended = RunSuspended(self.run_id, why)
            self.suspended.__cause__ = reason
        if reason is CancelReason.SHUTDOWN:
            self._publish("run_suspended", -1, {"reason": str(reason)})
            self._hand_over()
        for index, attempt in [(i, machine.attempts.get(i, 1)) for i in list(machine.attempts)]:
            if machine.is_running(index, attempt):
                self._stopped.add((index, attempt))
                if self._coroutines is None or not self._coroutines.stop(index, attempt):
                    self.services.workers.retire(self, index, interrupt=machine.is_interruptible(index))
        coroutines = self._coroutines
        if coroutines is not None:
            for index in list(coroutines.lives):
                coroutines.stop(index, 0)
        if isinstance(reason, StoreError):
            self.journal.drop()
        if reason is CancelReason.SHUTDOWN or not isinstance(reason, CancelReason):
            self.journal.release("" if isinstance(reason, (CancelReason, StoreError)) else str(self.suspended.reason))
            self._hand_over()
        told = reason if isinstance(reason, (WorkflowChanged, NonDeterminismError)) else self.suspended
        self._settle(Conclusion(RunStatus.RUNNING, error=told), None)

    def adopt(self, index: int, attempt: int, child: Driver) -> None:
        """A run was begun in a step of this one. Where this one was left, it isn't ended: whoever goes on finds it."""
        if self.suspended is None:
            super().adopt(index, attempt, child)

    def name_child(self, index: int, attempt: int, label: str) -> str:
        """The id of a run that a step starts: the same one each time the step is tried.

        It is made of the step's key and of how many of that workflow the attempt has started.
        """
        count = self._begun[index, attempt, label] = self._begun.get((index, attempt, label), 0) + 1
        return f"{self.run_id}/{self.machine.key(index)}/{label}" + (f"#{count}" if count > 1 else "")

    def idempotency_key(self, index: int) -> str:
        """What an effect of a node is known by: the same for every attempt, in every process."""
        points = self.services.points
        if points is not None:
            points.asked_key(self.machine.key(index), self.run_id)
        return super().idempotency_key(index)

    def is_unwanted(self, index: int, attempt: int) -> bool:
        """Whether the result of an attempt would be dropped."""
        return self.suspended is not None or super().is_unwanted(index, attempt)

    # -- from outside -----------------------------------------------------------------------------------------------------

    def cancel(self, reason: CancelReason, detail: str = "") -> bool:
        """End the run early; says whether this ended it."""
        if self.conclusion is not None:
            return False
        payload = json.dumps({"reason": str(reason), "detail": detail})
        try:
            number = self._store.post(self.run_id, "cancel", "", payload, self.services.clock.time())
        except IllegalTransition:
            return False
        if number is None:
            return False
        self._ended_by = number
        ended = super().cancel(reason, detail)
        self._write_inline()
        return ended

    def deliver(self, name: str, value: Any, dedup: str | None, of: Any = UNKNOWN) -> bool:
        """Hand in a signal; False if the same came before. Raises `IllegalTransition` where the run is over."""
        payload = self._data.dumps(value, sent_as(value, of))
        number = self._store.post(self.run_id, "signal", name, payload, self.services.clock.time(), dedup)
        self.look_for_mail()
        return number is not None

    def _gates(self) -> dict[str, Waiting]:
        """One that is yet to open again counts, too; one about which it is already said what was decided doesn't."""
        if self.conclusion is not None:
            return {}
        to_come = {was.key: was.gate for was in self.past.nodes.values() if was.gate is not None}
        decided = {message.name for message in self._in_line if message.kind == "decision"}
        gates = {**super()._gates(), **to_come}
        return {key: gate for key, gate in gates.items() if decision_name(key, self.resumes) not in decided}

    def decide(self, key: str, decision: Decision) -> None:
        """Hand in what was decided at a gate. Raises `IllegalTransition` where it isn't open any more."""
        payload = self._data.dumps(decision, Decision)
        name = decision_name(key, self.resumes)
        if self._store.post(self.run_id, "decision", name, payload, self.services.clock.time()) is None:
            raise IllegalTransition(key, "decided", "decided")
        self.look_for_mail()

    def _decided(self, name: str) -> int | None:
        """The open gate that a decision is for."""
        machine = self.machine
        gates = ((machine.key(index), index) for index in machine.open_gates())
        return next((index for key, index in gates if decision_name(key, self.resumes) == name), None)

    def look_for_mail(self) -> None:
        """See what is there from outside."""
        self.receive([message for message in self._store.messages(self.run_id) if message.number > self._heard])

    def receive(self, messages: Sequence[Message]) -> None:
        """Take what came from outside, in its order, as far as somebody waits for it."""
        with self.lock:
            for message in messages:
                if message.number > self._heard:
                    self._heard = message.number
                    self._in_line.append(message)
        self.open_mail()

    def open_mail(self) -> None:
        """Hand in what came from outside and can be made use of now."""
        for message in list(self._in_line):
            if self.conclusion is not None or self.machine.recalling:
                return
            if message.kind == "cancel":
                told = json.loads(message.payload)
                super().cancel(CancelReason(told["reason"]), told["detail"])
                continue
            index = self.machine.waiter(message.name) if message.kind == "signal" else self._decided(message.name)
            if index is None:
                continue
            spec = self.machine.nodes[index].spec
            assert spec is not None
            value: Any
            try:
                value = self._data.loads(message.payload, Any if spec.returns is Signature.empty else spec.returns)
            except EncodingError as error:
                error.add_note(f"what was sent to `{self.key(index)}` isn't what that waits for")
                value = error
            with self.lock:
                if message not in self._in_line or self.conclusion is not None:
                    continue
                self._in_line.remove(message)
                now, point = self.services.clock.now(), Point.SIGNAL if message.kind == "signal" else Point.GATE
                key = self.machine.key(index)
                self._before(point, key)
                if message.kind == "signal":
                    self.machine.deliver(message.name, value, now, None, message.number)
                elif isinstance(value, Decision):
                    self.machine.taken.append(message.number)
                    self.machine.decide(index, value, now)
                self._after(point, key)
                self._go_on()
        self._write_inline()


class _Mail:
    """Looks at what came from outside, when the run's lock isn't held."""

    __slots__ = ("_run",)

    def __init__(self, run: Durable) -> None:
        self._run = run

    def tick(self) -> None:
        """Now."""
        self._run.open_mail()


def _returned(run: Durable) -> Any:
    """The annotation that what a run returns is kept by."""
    returns = run.plan.graph.workflow.returns
    return Any if returns is Signature.empty else returns
