"""A run that somebody else has: what is on record of it, looked at now and then."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from inspect import Signature
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.accounts import account_of_record, account_of_text, unknown
from flowkit.engine.conclusion import Conclusion
from flowkit.engine.declared import declared
from flowkit.engine.explaining import told
from flowkit.engine.kept import decision_name
from flowkit.engine.onrecord import ENDED, OnRecord
from flowkit.engine.ready import looked_at
from flowkit.engine.records import StepRecord
from flowkit.errors import CancelReason, IllegalTransition, RunNotFound, StoreError
from flowkit.machine.statuses import RunStatus
from flowkit.machine.waiting import UNKNOWN, Decision, Waiting, sent_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowkit.engine.accounts import Account
    from flowkit.engine.events import Event
    from flowkit.engine.kept import KeptRun, Message
    from flowkit.engine.ports import Clock, Data, Services, Store
    from flowkit.graph import Graph

__all__ = ["Watched"]

SOON: Final = 0.02
LATE: Final = 0.5
"""Seconds between two looks: the first ones come soon after one another."""
FAILURES: Final = 10
"""How often in a row the store may fail before whoever waits is told: some two seconds."""


class Watched:
    """One run, as it is on record. What it can be asked and told is what a run of this process can."""

    def __init__(self, run_id: str, services: Services) -> None:
        assert services.store is not None
        assert services.data is not None
        self.run_id = run_id
        self._store: Store = services.store
        self._data: Data = services.data
        self._services = services
        self.handles = 0
        self.watched = True
        self.events: list[Event] = []
        self._conclusion: Conclusion | None = None
        self._woken: list[Callable[[], None]] = []
        self._watchers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    # -- what is on record ------------------------------------------------------------------------------------------------

    @property
    def kept(self) -> KeptRun:
        """The run as it is kept now. Raises `RunNotFound` where it is gone."""
        run = self._store.run(self.run_id)
        if run is None:
            raise RunNotFound(self.run_id, f"it isn't in {self._store.url} any more")
        return run

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return self.kept.workflow

    @property
    def label(self) -> str:
        """The workflow, as people call it."""
        return self.name.rpartition(":")[2]

    @property
    def graph(self) -> Graph:
        """What the workflow wrote: not on record."""
        message = f"run {self.run_id} isn't this process's, so what its body wrote isn't here; `steps` is"
        raise LookupError(message)

    @property
    def status(self) -> RunStatus:
        """Where the run is."""
        run = self.kept
        return RunStatus.LOST if run.is_lost else RunStatus(run.status)

    @property
    def conclusion(self) -> Conclusion | None:
        """How it ended; None while it hasn't."""
        if self._conclusion is None:
            run = self.kept
            if run.is_final:
                self._conclusion = self._made_again(run)
        return self._conclusion

    def _made_again(self, run: KeptRun) -> Conclusion:
        status = RunStatus(run.status)
        if run.error is not None:
            return Conclusion(status, error=self._data.load_error(run.error))
        workflow = declared(run.workflow)
        returns = Any if workflow is None or workflow.returns is Signature.empty else workflow.returns
        try:
            value = None if run.result is None else self._data.loads(run.result, returns)
        except Exception as error:  # noqa: BLE001 - making values runs anybody's code
            error.add_note(f"run {run.run_id} of `{run.workflow}` has succeeded, and what it returned can't be read")
            return Conclusion(status, error=error)
        return Conclusion(status, value)

    def step_records(self) -> list[StepRecord]:
        """Every step of it that is on record. Values are as they are kept: JSON."""
        offset = self._clock.now() - self._clock.time()
        return [
            StepRecord(
                key=node.key,
                step=node.step,
                status=node.status,
                attempts=node.attempts,
                value=None if node.value is None else json.loads(node.value),
                error=None if node.error is None else self._data.load_error(node.error),
                reason=node.reason,
                started=None if node.started is None else node.started + offset,
                ended=None if node.ended is None else node.ended + offset,
            )
            for node in self._store.nodes(self.run_id)
            if node.step
        ]

    def explain(self, key: str) -> str:
        """Why a node did what it did, or doesn't, in words. Raises `LookupError` for a key of which nothing is known."""
        run, nodes = self.kept, self._store.nodes(self.run_id)
        record = OnRecord(nodes)
        row = record.get(key)
        if row is not None:
            self.read_events()
            attempts = self._store.attempts(self.run_id, key)
            account = account_of_record(self._data, record, row.kept, attempts, self.events)
        else:
            account = self._not_begun(run, record, key)
        if account.status not in ENDED:
            account.run = _state_of(run)
            account.is_left = not (run.is_held or run.is_final)
            decided = self._decisions().get(decision_name(key, run.resumes))
            if decided is not None:
                account.decision, account.is_heard = self._data.loads(decided.payload, Decision), False
        return told(account, self._clock.time())

    def _not_begun(self, run: KeptRun, record: OnRecord, key: str) -> Account:
        """What is known of a node of which nothing is on record: what the body writes, if that is known here."""
        workflow = declared(run.workflow)
        known = list(record.rows)
        if workflow is not None and not run.is_final:
            with suppress(Exception):  # bodies and arguments are somebody's own
                plan = looked_at(self._data, self._services.plan, workflow, run)
                account = account_of_text(plan, record, key)
                if account is not None:
                    return account
                known += [plan.graph.keys[node.index] for node in plan.nodes if node.spec is not None]
        raise unknown(key, dict.fromkeys(known), self.run_id)

    @property
    def _clock(self) -> Clock:
        return self._services.clock

    # -- waiting ----------------------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the run has ended; says whether it has."""
        ended = threading.Event()
        self.when_done(ended.set)
        return ended.wait(timeout)

    def drive(self) -> None:
        """Wait for its end: whoever has it does the rest."""
        self.wait()

    def when_done(self, wake: Callable[[], None]) -> None:
        """Call back once the run has ended; at once if it has."""
        if self.conclusion is not None:
            wake()
            return
        with self._lock:
            self._woken.append(wake)
        self._look()

    def watch(self, wake: Callable[[], None]) -> None:
        """Call back when something new is on record."""
        with self._lock:
            self._watchers.append(wake)
        self._look()

    def event_after(self, seen: int) -> Event | None:
        """The next transition after the first `seen`, waiting for it; None when there will be none."""
        changed = threading.Event()
        self.watch(changed.set)
        while True:
            changed.clear()
            over = self.conclusion is not None
            self.read_events()
            if len(self.events) > seen:
                return self.events[seen]
            if over:
                return None
            changed.wait()

    def read_events(self) -> int:
        """Have all events there that are on record; how many are new."""
        with self._lock:
            after = self.events[-1].number if self.events else 0
            kept = self._store.events(self.run_id, after)
            if kept:
                name = self.name
                steps = {node.key: node.step for node in self._store.nodes(self.run_id)}
                self.events.extend([self._data.load_event(event, self.run_id, name, steps) for event in kept])
            return len(kept)

    def _look(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="flowkit-watch", daemon=True)
                self._thread.start()

    def _serve(self) -> None:
        pause, idle, failures = SOON, threading.Event(), 0
        while True:
            try:
                news, over = bool(self.read_events()) if self._watchers else False, self.conclusion is not None
                failures = 0
            except Exception as error:  # noqa: BLE001 - whoever waits is woken with it
                failures += 1
                over = news = not isinstance(error, StoreError) or failures > FAILURES
                if over:
                    self._conclusion = Conclusion(RunStatus.FAILED, error=error)
            if news or over:
                for wake in list(self._watchers):
                    wake()
                pause = SOON
            if over:
                with self._lock:
                    woken, self._woken, self._thread = self._woken, [], None
                for wake in woken:
                    wake()
                return
            idle.wait(pause)
            pause = min(LATE, pause * 1.5)

    # -- from outside -----------------------------------------------------------------------------------------------------

    def cancel(self, reason: CancelReason, detail: str = "") -> bool:
        """Ask for its end. Says whether this was the first to do so."""
        payload = json.dumps({"reason": str(reason), "detail": detail})
        try:
            return self._store.post(self.run_id, "cancel", "", payload, self._clock.time()) is not None
        except IllegalTransition:
            return False

    def deliver(self, name: str, value: Any, dedup: str | None, of: Any = UNKNOWN) -> bool:
        """Send a signal; False if the same came before. Raises `IllegalTransition` where the run is over."""
        payload = self._data.dumps(value, sent_as(value, of))
        return self._store.post(self.run_id, "signal", name, payload, self._clock.time(), dedup) is not None

    def decide(self, key: str, decision: Decision) -> None:
        """Say what was decided at a gate. Raises `IllegalTransition` where it isn't open any more."""
        payload = self._data.dumps(decision, Decision)
        name = decision_name(key, self.kept.resumes)
        if self._store.post(self.run_id, "decision", name, payload, self._clock.time()) is None:
            raise IllegalTransition(key, "decided", "decided")

    def gates(self) -> list[tuple[str, Waiting]]:
        """The gates that are open: their keys, and what is asked."""
        decided = self._decisions()
        found: list[tuple[str, Waiting]] = []
        resumes = self.kept.resumes
        for node in self._store.nodes(self.run_id):
            asked = json.loads(node.facts).get("gate")
            if asked is not None and node.status == "waiting" and decision_name(node.key, resumes) not in decided:
                found.append((node.key, Waiting("gate", asked["prompt"], options=tuple(asked["options"]))))
        return found

    def _decisions(self) -> dict[str, Message]:
        """What was decided that the run hasn't taken yet, by the names that it has in the store."""
        return {message.name: message for message in self._store.messages(self.run_id) if message.kind == "decision"}


def _state_of(run: KeptRun) -> str:
    """What is to be known of a run for who asks about a step of it that hasn't ended."""
    if run.is_final:
        return f"the run has {run.status}"
    if run.stuck:
        return f"nobody can go on with the run: {run.stuck.partition(chr(10))[0].removesuffix(':')}"
    if run.is_lost:
        return "the run is lost: its process has died, and nobody has taken it up"
    return "" if run.owner else "nobody has the run just now; `flowkit resume` goes on with it"
