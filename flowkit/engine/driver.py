"""Serving a machine: whoever has time takes the next ready node, works on it, and brings back what came of it.

One lock guards the machine. A worker takes it once per step, to hand in one result and take the next node with it, so
a chain stays on one thread. Others are called only when something is left over: at most one call is out at a time, and
whoever comes calls the next if there is still more than it can take. The caller of a workflow is one of the workers.

Three kinds of workers serve the three lanes of a plan: the calling thread (anything without a timeout), pool threads
(anything that isn't async), and the event loop (async steps). An inline driver does all of it in the calling thread.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.accounts import account_of_node, unknown
from flowkit.engine.calling import Calling
from flowkit.engine.conclusion import Conclusion, conclude
from flowkit.engine.coroutines import Coroutines
from flowkit.engine.current import attempt_here
from flowkit.engine.explaining import told
from flowkit.engine.notes import add_note
from flowkit.engine.place import Place
from flowkit.engine.recordings import Unwound, hand_over, laid_over, record_body, write_on
from flowkit.engine.records import StepRecord
from flowkit.errors import CancelReason, IllegalTransition, StoreError
from flowkit.graph import Kind, Ref, context_of_steps
from flowkit.machine.ending import GRACE
from flowkit.machine.machine import Machine
from flowkit.machine.requests import (
    Borrow,
    CloseFlow,
    Died,
    Emit,
    Failure,
    Finish,
    GiveBack,
    Recalled,
    Record,
    Stop,
    Wake,
    Work,
)
from flowkit.machine.statuses import RunStatus, Status
from flowkit.plan import Lane

if TYPE_CHECKING:
    import asyncio
    from collections import deque
    from collections.abc import Callable, Sequence

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.calling import Feed
    from flowkit.engine.events import Event
    from flowkit.engine.ports import Clock, RunTrace, Services
    from flowkit.graph import Graph, Node, Recorder
    from flowkit.machine.past import Past
    from flowkit.machine.waiting import Decision, Waiting
    from flowkit.plan import Plan
    from flowkit.policies import Limit

__all__ = ["Driver"]

log: Final = logging.getLogger("flowkit")

_SUCCEEDED: Final = Status.SUCCEEDED
_NO_VALUES: Final = (Ref, CoroutineType)

LOOK_UP: Final = 0.5
"""Seconds after which a waiting main thread looks whether it was interrupted."""


class Driver:
    """One run being done."""

    __slots__ = (  # with more than 30 attributes, instances with a dict take twice as long to make
        "__weakref__",
        "_any",
        "_async",
        "_called",
        "_changed",
        "_children",
        "_claims",
        "_coroutines",
        "_driven",
        "_due",
        "_expired",
        "_inline",
        "_more",
        "_pool",
        "_run_id",
        "_stopped",
        "_unclosed",
        "_waiting",
        "_wakes",
        "_watchers",
        "calling",
        "conclusion",
        "context",
        "events",
        "given",
        "handles",
        "keeps",
        "lock",
        "machine",
        "plan",
        "services",
        "trace",
        "warnings",
        "watched",
    )

    def __init__(
        self,
        plan: Plan,
        services: Services,
        *,
        run_id: str | None = None,
        keeps: bool = False,
        past: Past | None = None,
    ) -> None:
        workflow = plan.graph.workflow
        self.plan = plan
        self.services = services
        self.keeps = keeps
        """Whether its transitions and steps are kept: it was started, or somebody listens."""
        self.machine = Machine(
            plan, fail_fast=workflow.policy.fail_fast, listening=keeps, keeps=keeps, watched=services.watched, past=past
        )
        ready = self.machine.ready
        self._any, self._pool = ready[Lane.ANY], ready[Lane.POOL]
        self._async, self._inline = ready[Lane.LOOP], ready[Lane.CALLER]
        self._driven = False
        """Whether a caller takes part."""
        self.lock = threading.Lock()
        self.conclusion: Conclusion | None = None
        self.events: list[Event] = []
        self.context = context_of_steps()
        self.calling = Calling(self.machine, self.context, services.random)
        if services.roundtrip:
            from flowkit.engine.keepsakes import made_again  # for tests, mostly

            assert services.data is not None
            self.calling.keep = made_again(services.data, self.machine)
        self._coroutines: Coroutines | None = None
        self.trace: RunTrace | None = None
        self.calling.stand_in = services.stand_in
        self._run_id = run_id
        self.warnings: Sequence[Diagnostic] = ()
        """What the checks found that doesn't keep it from running."""
        self.given: Any = None
        """What it was started with: the workflow, and its arguments."""
        self._claims: dict[tuple[int, int], Claim] = {}
        """Per attempt, its place under a limit that other runs share, or its wait for one."""
        self._children: dict[tuple[int, int], list[Driver]] = {}
        """Per attempt, the runs that were begun in it and haven't ended."""
        self._watchers: list[Callable[[], None]] = []
        self._changed: threading.Condition | None = None
        """For those who wait for events or for the end. Made when somebody does."""
        self._more: threading.Condition | None = None
        """For those who take part and have nothing to do just now."""
        self._waiting = 0
        """How many of them haven't been called."""
        self._called = False
        """Whether a worker was called and hasn't come yet."""
        self.handles = 0
        """How many handles of the run there are."""
        self.watched = False
        """Whether anybody ever waited, looked at its events or cancelled it."""
        self._wakes: list[Callable[[], None]] = []
        self._stopped: set[tuple[int, int]] = set()
        self._unclosed: list[Callable[[], None]] = []
        """What the thread of an inline run has to close: somebody's own code, so not under the lock."""
        self._expired: list[Stop] = []
        """Attempts to stop because their time ran out."""
        self._due = float("inf")

    # -- the run as others see it -------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """The id of the run; made when somebody first asks."""
        if self._run_id is None:
            self._run_id = self.services.new_id()
        return self._run_id

    @property
    def name(self) -> str:
        """The name of the workflow."""
        return self.plan.graph.workflow.name

    @property
    def label(self) -> str:
        """The workflow, as people call it."""
        return self.plan.graph.workflow.label

    @property
    def graph(self) -> Graph:
        """What the workflow wrote."""
        return self.machine.root.graph

    def read_events(self) -> None:
        """Have all events there: they are."""

    @property
    def status(self) -> RunStatus:
        """Where the run is."""
        if self.conclusion is not None:
            return self.conclusion.status
        machine = self.machine
        if machine.is_at_work:
            return RunStatus.RUNNING
        return RunStatus.WAITING if machine.deadline is not None or machine.is_waited_for else RunStatus.RUNNING

    @property
    def coroutines(self) -> Coroutines:
        """Its async steps; made when there are some."""
        if self._coroutines is None:
            self._coroutines = Coroutines(self)
        return self._coroutines

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.conclusion is not None

    @property
    def clock(self) -> Clock:
        """Its time."""
        return self.services.clock

    def event_after(self, seen: int) -> Event | None:
        """The next transition after the first `seen`, waiting for it; None when there will be none."""
        with self.lock:
            while len(self.events) <= seen and self.conclusion is None:
                self._condition().wait(_patience(None))
            return self.events[seen] if len(self.events) > seen else None

    def watch(self, wake: Callable[[], None]) -> None:
        """Call back after every transition, from whichever thread makes it."""
        with self.lock:
            self._watchers.append(wake)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the run has ended; says whether it has."""
        clock = self.services.clock
        until = None if timeout is None else clock.now() + timeout
        with self.lock:
            condition = self._condition()
            while self.conclusion is None:
                left = None if until is None else until - clock.now()
                if left is not None and left <= 0:
                    return False
                condition.wait(_patience(left))
            return True

    def when_done(self, wake: Callable[[], None]) -> None:
        """Call back once the run has ended, from whichever thread ends it; at once if it has."""
        with self.lock:
            if self.conclusion is None:
                self._wakes.append(wake)
                return
        wake()

    def cancel(self, reason: CancelReason, detail: str = "") -> bool:
        """End the run early; says whether this ended it."""
        with self.lock:
            if self.conclusion is not None:
                return False
            ended = self.machine.cancel(reason, self.services.clock.now(), detail)
            self.after()
            return ended

    def plays_on(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether async steps of it, or its body, run on this loop."""
        return self._coroutines is not None and self._coroutines.loop is loop

    def deliver(self, name: str, value: Any, dedup: str | None, _of: Any = None) -> bool:
        """Hand in a signal; False if the same came before. Raises `IllegalTransition` where the run is over."""
        with self.lock:
            if self.conclusion is not None:
                raise IllegalTransition(f"run {self.run_id}", str(self.conclusion.status), "signalled")
            fresh = self.machine.deliver(name, value, self.services.clock.now(), dedup)
            self._go_on()
            return fresh

    def decide(self, key: str, decision: Decision) -> None:
        """Hand in what was decided at a gate. Raises `IllegalTransition` where it isn't open any more."""
        with self.lock:
            index = self.gate(key)
            if index is None:
                raise IllegalTransition(key, "decided", "decided")
            self.machine.decide(index, decision, self.services.clock.now())
            self._go_on()

    def gate(self, key: str) -> int | None:
        """The node of an open gate; None where it isn't open."""
        machine = self.machine
        return next((index for index in machine.open_gates() if machine.key(index) == key), None)

    def gates(self) -> list[tuple[str, Waiting]]:
        """The gates that are open: their keys, and what is asked."""
        with self.lock:
            return list(self._gates().items())

    def _gates(self) -> dict[str, Waiting]:
        machine = self.machine
        return {machine.key(index): machine.suspended[index] for index in machine.open_gates()}

    def _go_on(self) -> None:
        """Do what something from outside has made possible, and wake who is to do it."""
        self.after()
        self._wake_all()

    def is_unwanted(self, index: int, attempt: int) -> bool:
        """Whether the result of an attempt would be dropped."""
        if self.services.inline:
            # Nobody else can look at the clock while this very thread is in the step.
            ends = self.machine.runs_out(index, attempt)
            if ends is not None and ends <= self.services.clock.now():
                return True
        return self.machine.is_stopped(index) or (index, attempt) in self._stopped

    def key(self, index: int) -> str:
        """The key of a node."""
        return self.machine.key(index)

    def idempotency_key(self, index: int) -> str:
        """What an effect of a node is known by: the same for every attempt, in every process."""
        return f"{self.run_id}:{self.machine.key(index)}"

    def last_error(self, index: int) -> BaseException | None:
        """What the newest attempt of a node that has ended raised."""
        return self.machine.errors.get(index)

    def time_left(self, index: int, attempt: int) -> float | None:
        """Seconds until an attempt is out of time; none are left to one that was left behind."""
        with self.lock:
            when = self.machine.runs_out(index, attempt)
            if when is None:
                return 0.0 if (index, attempt) in self._stopped else None
        return max(0.0, when - self.services.clock.now())

    def beat(self, index: int, attempt: int, detail: Any) -> None:
        """A sign of life from an attempt."""
        with self.lock:
            self.machine.beat(index, attempt, self.services.clock.now())
        self.tell("step_heartbeat", index, detail=detail)

    def tell(self, kind: str, index: int, **told: Any) -> None:
        """Tell observers something that isn't a transition: unnumbered, not kept."""
        if self.services.observers:
            event = self._event(kind, index, told, 0)
            for observe in self.services.observers:
                observe(event)

    def _event(self, kind: str, index: int, told: dict[str, Any], number: int) -> Event:
        # Imported once somebody listens: there are many kinds, and most runs of small programs tell nobody.
        from flowkit.engine.events import make

        key, name = "", self.plan.graph.workflow.name
        if index >= 0:
            spec = self.machine.nodes[index].spec
            key, name = self.machine.key(index), spec.name if spec is not None else ""
        return make(kind, told, key, name, self.run_id, number, self.services.clock.time())

    # -- beginning ------------------------------------------------------------------------------------------------------

    def begin(self, awaited: int = -1) -> None:
        """Start the run. Nobody is called yet: whoever goes on to drive it takes the first node itself.

        `awaited` is the node that its body was unwound for, to be recorded again when that has ended.
        """
        services = self.services
        if services.tracer is not None:
            self.trace = self.calling.trace = self.context.run(services.tracer.begin, self)
            self.machine.listening = self.keeps or self.trace is not None
            self.machine.quiet = not self.keeps
        with self.lock:
            machine, now = self.machine, services.clock.now()
            if awaited >= 0:
                machine.expect(machine.root.node, awaited)
            machine.begin(now, services.clock.time())
            if awaited >= 0:
                machine.park(machine.root.node, None, 0, now)
            self._answer_all()
            for finding in self.warnings:
                self._publish("run_warned", -1, {"finding": finding})

    def begin_in_background(self, awaited: int = -1) -> None:
        """Start the run for others to do."""
        self.begin(awaited)
        if self.plan.graph.workflow.is_live:
            self._begin_live()
        if self.services.inline:
            self.drive()
            return
        with self.lock:
            self.after()

    def _begin_live(self) -> None:
        """Begin the run's own body, which is live."""
        index = self.machine.root.node
        if not self.services.inline:
            self.coroutines.begin(index)
            return
        self.coroutines.play_here(index)

    # -- working --------------------------------------------------------------------------------------------------------

    def drive(self, awaited: int = -1) -> None:
        """Take part until the run is over, or until a node has ended. Ctrl-C cancels the run, and goes on."""
        place = Place()
        place.awaits = awaited
        place.is_callers = True
        try:
            self._drive(place)
        except KeyboardInterrupt:
            self._interrupted(place)
            raise
        except Died:
            self._unclosed.clear()
            raise
        finally:
            close_all(self._unclosed)

    def answer(self, recorder: Recorder, local: int) -> Any:
        """The value of a node for the body of this run, which goes on in this thread: it works on the run meanwhile."""
        body, machine = self.machine.root, self.machine
        write_on(self, body.node, recorder, local, blocked=True)
        awaited = body.where(local)
        if not machine.is_visible(awaited):
            self.drive(awaited)
            if self.conclusion is not None or body.cut:
                raise Unwound
        return hand_over(self, body, local)

    def lays(self, index: int, plan: Plan, awaited: int = -1) -> None:
        """A body is about to write this: nothing is on record that it could be held against."""

    def written(self, graph: Graph) -> None:
        """The body of this run, which asked for results on its way, has returned."""
        machine = self.machine
        plan = self.services.plan(laid_over(machine, machine.root, graph))
        with self.lock:
            machine.written(machine.root.node, plan, 0, self.services.clock.now())
            self.after()

    def raised(self, error: BaseException) -> None:
        """The body of this run raised, on its way."""
        with self.lock:
            if self.conclusion is None:
                self.machine.fail(self.machine.root.node, Failure(error), 0, self.services.clock.now())
                self.after()

    def _drive(self, place: Place) -> None:
        self._driven = True
        queues, awaited, machine = self._queues(place), place.awaits, self.machine
        while True:
            self.serve(place)
            with self.lock:
                if self.conclusion is not None or (awaited >= 0 and machine.is_visible(awaited)):
                    return
                if any(queues) or self.after():
                    continue
                if self._more is None:
                    self._more = threading.Condition(self.lock)
                self._waiting += 1
                if not self._rest(self._more):
                    # Nobody called, so nobody took it off; unless both happened at once.
                    self._waiting = max(0, self._waiting - 1)
            if self.services.inline:
                self.tick()

    def _rest(self, called: threading.Condition) -> bool:
        """Wait until this one is called, or something may be due; says whether it was called."""
        services = self.services
        if services.rest is not None and services.inline:
            return services.rest(called, self.machine.deadline)
        return called.wait(self._patience())

    def _queues(self, place: Place) -> Sequence[deque[int]]:
        """What a worker takes from: first what few others can take."""
        if self.services.inline:
            if self._coroutines is not None and self._coroutines.is_playing_here:
                return self._inline, self._pool, self._any
            return self._inline, self._pool, self._async, self._any
        if place.is_callers:
            return self._inline, self._any
        return (self._pool, self._any) if self._driven else (self._inline, self._pool, self._any)

    def _patience(self) -> float | None:
        """How long to wait at most: an inline driver keeps its own time, the others have a timekeeper."""
        if not self.services.inline or self.machine.deadline is None:
            return _patience(None)
        return _patience(max(0.0, self.machine.deadline - self.services.clock.now()))

    def _interrupted(self, place: Place) -> None:
        """Cancel the run, and wait for its end, with all that cleans up."""
        now, place.awaits = self.services.clock.now, -1
        with self.lock:
            # From here on others do everything. Inline there are none.
            self._driven = False
            if self.conclusion is None:
                self.machine.cancel(CancelReason.USER, now(), "interrupted")
                self.after()
        # What the interrupt may have cut in two can't be waited for without end, unlike what cleans up.
        patience = GRACE + LOOK_UP if self.machine.sheltered else 1.0
        until = now() + patience
        while self.conclusion is None:
            if self.services.inline:
                self.serve(place)
            if self.wait(self._patience()):
                return
            if self.services.inline:
                self.tick()
            with self.lock:
                if self.machine.is_cleaning_up:
                    until = now() + patience
                elif now() > until:
                    self.crash(KeyboardInterrupt("interrupted"))

    def serve(self, place: Place) -> None:
        """Work on this run until nothing is ready for whoever is in this place."""
        machine, queues = self.machine, self._queues(place)
        short = machine.is_quiet  # then plain nodes have a loop of their own
        place.run = self
        try:
            with self.lock:
                self._called = False
                enough = self.conclusion is not None or (place.awaits >= 0 and machine.is_visible(place.awaits))
                index = None if enough else machine.take_from(queues, self.services.clock.now())
                place.index = -1 if index is None else index
                self.after()
            while index is not None:
                if short and machine.plain[index]:
                    index = self._work_plainly(index, place, queues)
                else:
                    index = self._work(index, place, queues)
        except (KeyboardInterrupt, Died):
            raise
        except BaseException as error:  # noqa: BLE001 - an engine that breaks has to wake whoever waits for it
            with self.lock:
                self.crash(error)
        finally:
            place.run = None

    def comes_to(self, _index: int, _attempt: int) -> bool:
        """What a node asks for is about to be done: 0 is what isn't an attempt of its step. Says whether it still is to be."""
        return True

    def has_done(self, _index: int, _attempt: int) -> None:
        """It was done, and nobody else knows."""

    def _work_plainly(self, index: int, place: Place, queues: Sequence[deque[int]]) -> int | None:
        """Run plain nodes for as long as the next one is plain as well; the next that isn't.

        What `_work` does, for nodes that ask for nothing but to be called, in a run that tells nobody of them: most
        nodes of most runs. Everything that can be looked up once is, and nothing is called that can be left out.
        """
        machine, calling, trace, lock = self.machine, self.calling, self.trace, self.lock
        copy, arguments, here = self.context.copy, calling.arguments, attempt_here.set
        nodes, owners, inline = machine.nodes, machine.owners, self.services.inline
        awaited, status = place.awaits, machine.status
        carry_on, requests, now = machine.carry_on, machine.requests, self.services.clock.now
        while True:
            try:
                node = nodes[index]
                spec: Any
                if node.data or owners[index] is not None:
                    spec, args, kwargs = arguments(index)
                else:
                    spec, args, kwargs = node.spec, node.args, node.kwargs
                context = copy()
                context.run(here, (self, index, 1))
                if trace is not None:
                    context.run(trace.enter, index, 1)
                value = context.run(spec.target, *args, **kwargs) if kwargs else context.run(spec.target, *args)
                if type(value) in _NO_VALUES:
                    calling.refuse(value, spec)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and place.is_callers:
                    self._hand_in_interrupt(index, 1, error)
                    raise
                return self._hand_in(index, 1, place, queues, machine.fail, calling.failure(index, 1, error))
            if inline:
                self.tick()  # nobody else could have noticed that time ran out
            with lock:
                if self.conclusion is not None:
                    return None
                enough = place.retired or (awaited >= 0 and status[awaited] >= _SUCCEEDED)
                following = carry_on(index, value, () if enough else queues, now())
                if trace is not None and machine.plain[index] and machine.status[index] is _SUCCEEDED:
                    trace.succeeded(index)  # of which no event is made; if the run was stopped meanwhile, one was
                place.index = index = -1 if following is None else following
                if (
                    requests
                    or self._async
                    or self._inline
                    or machine.deadline is not None
                    or ((self._any or self._pool) and (self._waiting or not self._called))
                ):
                    self.after()
            if following is None or not machine.plain[following]:
                return following

    def _work(self, index: int, place: Place, queues: Sequence[deque[int]]) -> int | None:
        """Do what a taken node asks for, hand in what came of it; the next node, if there is one for this worker."""
        machine = self.machine
        attempt = machine.attempts.get(index, 1) if index not in machine.other_work else 0
        try:
            if not attempt:
                asked = machine.other_work[index]
                if asked is Work.COLLECT and machine.lanes[index] is Lane.LOOP and index in machine.pulls:
                    feed, fact = self.coroutines.pull_here(index)
                elif asked is not Work.RECORD:
                    feed, fact = self.calling.do(asked, index)
                elif machine.lane_of_body(index) is Lane.LOOP:
                    self.coroutines.play_here(index)  # which hands in for itself
                    return None
                else:
                    feed, fact = record_body(self, index)
            elif machine.lanes[index] is Lane.LOOP:
                feed, fact = self.coroutines.run_here(index, attempt)
            else:
                feed, fact = self.calling.run(self, index, attempt, place)
        except KeyboardInterrupt as error:
            self._hand_in_interrupt(index, attempt, error)
            raise
        return self._hand_in(index, attempt, place, queues, feed, fact)

    def _hand_in(
        self, index: int, attempt: int, place: Place, queues: Sequence[deque[int]], feed: Feed, fact: Any
    ) -> int | None:
        """Hand in what came of a node; the next one."""
        machine = self.machine
        if self.services.inline:
            self.tick()
        with self.lock:
            place.index = -1
            if self.conclusion is not None:
                self.let_go(index, attempt)
                return None
            now = self.services.clock.now()
            feed(index, fact, attempt, now)
            enough = place.retired or (place.awaits >= 0 and machine.is_visible(place.awaits))
            following = None if enough else machine.take_from(queues, now)
            place.index = -1 if following is None else following
            self.after()
            return following

    def _hand_in_interrupt(self, index: int, attempt: int, error: KeyboardInterrupt) -> None:
        """Ctrl-C hit a step in the calling thread: the run is cancelled, and this node with it.

        What cleans up isn't cancelled with the run: there it is a failure like any other, and the rest goes on.
        """
        now = self.services.clock.now()
        with self.lock:
            self.machine.cancel(CancelReason.USER, now, "interrupted")
            self.after()
            if self.conclusion is None:
                self.machine.fail(index, Failure(error), attempt, now)
                self.after()

    # -- after every transition -------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Something is due."""
        try:
            with self.lock:
                self._due = float("inf")
                if self.conclusion is None:
                    self.machine.advance(self.services.clock.now())
                    self.after()
            self._stop_expired()
            close_all(self._unclosed)
        except Died:
            raise
        except BaseException as error:  # noqa: BLE001 - see `serve`
            with self.lock:
                self.crash(error)

    def after(self) -> bool:
        """Do what the machine asks for, under the lock; says whether there was anything."""
        machine = self.machine
        busy = bool(machine.requests) and self._answer_all()
        if self._any or self._pool or self._async or self._inline:
            self._share()
        if machine.deadline is not None and machine.deadline < self._due and self.conclusion is None:
            self._due = machine.deadline
            if not self.services.inline:
                self.services.timekeeper.wake_at(self._due, self)
            elif self._coroutines is not None:
                self._coroutines.keep_time()
        return busy

    def _answer_all(self) -> bool:
        """Do what the machine asks for, and what it asks for in turn."""
        requests = self.machine.requests
        done = 0
        while done < len(requests):
            done += 1
            self._answer(requests[done - 1])
        requests.clear()
        return bool(done)

    def _answer(self, request: Any) -> None:
        kind = type(request)
        if kind is Emit:
            self._publish(request.kind, request.node, request.told)
        elif kind is Record:
            self._record(request)
        elif kind is Stop and request.error is not None:
            self._expired.append(request)
        elif kind is Stop:
            self._stop(request)
        elif kind is Borrow:
            self._borrow(request)
        elif kind is GiveBack:
            self._give_back(request.node, request.attempt)
        elif kind is CloseFlow:
            self._close_flow(request.generators)
        elif kind is Wake:
            self._wake(request.node)
        elif kind is Recalled:
            self._recalled(request.gone)
        elif kind is Finish and self.conclusion is None:
            self._finish(request.news)

    def _record(self, request: Record) -> None:
        """Tell how a node ended. Nothing outlives this process, so that is on record by that."""
        if request.news is not None:
            self._publish(request.news.kind, request.news.node, request.news.told)
        self.machine.recorded(request.node, self.services.clock.now())

    def _wake(self, index: int) -> None:
        """Have a body that waits for a node go on."""
        if self._coroutines is None or not self._coroutines.wake(index):
            self._wake_all()

    def _recalled(self, _gone: Sequence[str]) -> None:
        """What was on record has come back."""

    def _finish(self, news: Emit | None) -> None:
        """Nothing is left of the run."""
        conclusion = conclude(self.machine, self.run_id if self.machine.failures else "")
        if news is not None and news.kind == "run_succeeded" and conclusion.status != "succeeded":
            # Every step succeeded, and making the value to return from their results didn't.
            news = Emit("run_failed", -1, {"error": conclusion.error})
        self._settle(conclusion, news)

    def _close_flow(self, generators: Sequence[Any]) -> None:
        """Close generators, whose `finally` is somebody's own code: not here, where the lock is held."""
        if self._coroutines is not None:
            self._coroutines.close_flow(generators)
        closing = [one.close for one in generators if hasattr(one, "close")]
        if closing and self.services.inline:
            self._unclosed += closing
        elif closing:
            # In a thread of its own: it may take its time, and workers may have gone home with their engine.
            thread = threading.Thread(target=close_all, args=(closing,), name="flowkit-closing", daemon=True)
            with suppress(RuntimeError):  # the interpreter is exiting
                thread.start()

    def _borrow(self, request: Borrow) -> None:
        """Have a place under a limit that other runs share, now or later."""
        index, attempt, limit = request.node, request.attempt, request.limit
        claim = self._claims[index, attempt] = Claim(self, index, attempt, limit)
        if self.services.limits.take(limit, claim):
            claim.is_held = True
            self.machine.lend(index, attempt, self.services.clock.now())

    def _give_back(self, index: int, attempt: int) -> None:
        """Give up a place under a limit, or the wait for one."""
        claim = self._claims.pop((index, attempt), None)
        if claim is not None and (claim.is_held or not self.services.limits.leave(claim.limit, claim)):
            claim.give_back()

    def lent(self, claim: Claim) -> None:
        """A place under a limit is free, and this one's."""
        with self.lock:
            if self._claims.get((claim.index, claim.attempt)) is not claim:
                return  # it was given up meanwhile, and with it what it was to have
            claim.is_held = True
            self.machine.lend(claim.index, claim.attempt, self.services.clock.now())
            self._go_on()

    def _share(self) -> None:
        """Have somebody come for what is ready."""
        if self.services.inline:
            if self._coroutines is not None and self._coroutines.is_playing_here:
                self._pump()
            return
        if self._async:
            self.coroutines.call()
        if self._waiting and self._more is not None and (self._any or self._inline):
            self._waiting -= 1
            self._more.notify()
        elif (self._any or self._pool or (self._inline and not self._driven)) and not self._called:
            self._called = True
            self.services.workers.assist(self)

    def _pump(self) -> None:
        """Have the loop of a live body in this thread come for what is ready."""
        coroutines = self.coroutines
        assert coroutines.loop is not None
        if self._async:
            coroutines.call()
        if self._any or self._pool or self._inline:
            coroutines.loop.call_soon(self.serve, Place())

    def _stop_expired(self) -> None:
        """Stop attempts whose time ran out. Their policies are asked outside the lock: they may be anybody's code."""
        while self._expired:
            request = self._expired.pop(0)
            assert request.error is not None
            failure = self.calling.judge(request.node, request.attempt, request.error)
            with self.lock:
                if self.conclusion is None:
                    self.machine.judge(request.node, failure)
                    self._stop(request)
                    self.after()

    def _stop(self, request: Stop) -> None:
        """Stop an attempt: a coroutine is cancelled, a thread is left behind."""
        machine, now = self.machine, self.services.clock.now()
        index, attempt = request.node, request.attempt
        if not attempt:  # a live body
            self._stopped.add((index, 0))
            if self._coroutines is not None:
                self._coroutines.stop(index, 0)
            return
        if not machine.is_running(index, attempt):
            return
        self._stopped.add((index, attempt))
        for child in self._children.get((index, attempt), ()):
            self._cancel_child(child)
        if self._coroutines is not None and self._coroutines.stop(index, attempt):
            return
        if self.services.inline and request.reason is CancelReason.TIMEOUT:
            return  # the thread that would go on without it is the one that runs it
        policy = machine.policies[index]
        interrupt = policy is not None and policy.interrupt
        self.services.workers.retire(self, index, interrupt=interrupt)
        machine.abandon(index, attempt, now)

    def adopt(self, index: int, attempt: int, child: Driver) -> None:
        """A run was begun in a step of this one: it ends when that is told to stop."""
        children = self._children.setdefault((index, attempt), [])
        children.append(child)
        child.when_done(lambda: children.remove(child))
        if self.is_unwanted(index, attempt):
            self._cancel_child(child)

    def _cancel_child(self, child: Driver) -> None:
        """Not here, where a lock is held that the other run's step may need."""
        if self.services.inline:
            child.cancel(CancelReason.PARENT)
        else:
            self.services.timekeeper.wake_at(self.services.clock.now(), Orphan(child))

    def _publish(self, kind: str, node: int, told: dict[str, Any]) -> None:
        event = self._event(kind, node, told, len(self.events) + 1 if self.keeps else 0)
        if self.trace is not None:
            self.trace.told(node, event)
        if self.keeps:
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        """Hand an event to whoever listens."""
        self.events.append(event)
        for observe in self.services.observers:
            observe(event)
        if self._changed is not None:
            self._changed.notify_all()
        for wake in self._watchers:
            wake()

    def crash(self, error: BaseException) -> None:
        """The engine itself failed, or its store did: whoever waits is woken with that."""
        if self.conclusion is None:
            log.error("the engine failed while running %s", self.plan.graph.workflow.name, exc_info=error)
            add_note(error, f"flowkit failed while running `{self.plan.graph.workflow.label}`; no step raised this")
            self._settle(Conclusion(RunStatus.FAILED, error=error), Emit("run_failed", -1, {"error": error}))

    def _settle(self, conclusion: Conclusion, news: Emit | None) -> None:
        """The end of the run: kept, then told, then everybody is woken. Nothing in it may keep the last from happening."""
        try:
            if news is not None:
                self._publish(news.kind, -1, news.told)
            if self.trace is not None:
                self.trace.finished(str(conclusion.status), conclusion.error)
        except Exception:
            log.exception("somebody couldn't be told of the end of run %s", self.run_id)
        self.conclusion = conclusion
        for index, attempt in list(self._claims):
            if not self.machine.is_lingering(index, attempt):
                self._give_back(index, attempt)
        if self.services.inline and self._coroutines is not None:
            self._unclosed.append(self._coroutines.close)
        self._coroutines = None  # which knows this run: what is over is to be gone when nobody holds it any more
        if self._changed is not None:
            self._changed.notify_all()
        self._wake_all()
        wakes, self._wakes = self._wakes, []
        for wake in wakes:
            try:
                wake()
            except RuntimeError:  # the loop of who waited is closed: nobody waits there any more
                log.debug("nobody waits for run %s on its loop any more", self.run_id)

    def _wake_all(self) -> None:
        """Have everybody who takes part look again."""
        self._waiting = 0
        if self._more is not None:
            self._more.notify_all()

    def let_go(self, index: int, attempt: int) -> None:
        """An attempt ended that the run hasn't waited for. Under the lock."""
        if self._claims:
            self._give_back(index, attempt)
        stream = self.machine.pulls.get(index)
        if stream is not None and stream.flow is not None:
            self._close_flow(stream.flow.iterators)

    def _condition(self) -> threading.Condition:
        if self._changed is None:
            self._changed = threading.Condition(self.lock)
        return self._changed

    # -- records ------------------------------------------------------------------------------------------------------------

    def step_record(self, index: int) -> StepRecord:
        """One node as data."""
        machine = self.machine
        node, status = machine.nodes[index], machine.status[index]
        return StepRecord(
            key=machine.key(index),
            step=node.spec.name if node.spec is not None else "",
            status=status.word,
            attempts=machine.attempts.get(index, 0),
            value=None if node.spec is not None and node.spec.streams else machine.values[index],
            error=machine.errors.get(index),
            reason=machine.reason(index),
            started=machine.started_at.get(index),
            ended=machine.ended_at.get(index),
        )

    def explain(self, key: str) -> str:
        """Why a node did what it did, or doesn't, in words. Raises `LookupError` for a key that none has."""
        with self.lock:
            machine = self.machine
            nodes = [i for i, node in enumerate(machine.nodes) if self._is_told_of(i, node)]
            index = next((i for i in nodes if machine.key(i) == key), None)
            if index is None:
                raise unknown(key, [machine.key(i) for i in nodes], self.run_id)
            account = account_of_node(machine, index, self.events)
        if self.conclusion is not None and not machine.status[index].is_final:
            account.run = "the run isn't this process's any more"
        return told(account, self.services.clock.time())

    def _is_told_of(self, index: int, node: Node) -> bool:
        machine = self.machine
        written = node.spec is not None or node.kind is Kind.JOIN
        return written and not machine.is_next_round(index) and not machine.is_part(index)

    def step_records(self) -> list[StepRecord]:
        """Every node that is a step, as it is now."""
        with self.lock:
            machine = self.machine
            steps = (
                i
                for i, node in enumerate(machine.nodes)
                if node.spec is not None and not machine.is_next_round(i) and not machine.is_part(i)
            )
            return [self.step_record(i) for i in steps]


def close_all(closing: list[Callable[[], None]]) -> None:
    """Close generators, or a loop with what was left behind on it. Whatever that raises is nobody's failure."""
    while closing:
        try:
            closing.pop(0)()
        except (KeyboardInterrupt, Died):
            raise
        except BaseException:
            log.exception("a generator or an event loop couldn't be closed")


class Orphan:
    """A run that was begun in a step which was told to stop."""

    __slots__ = ("_run",)

    def __init__(self, run: Driver) -> None:
        self._run = run

    def tick(self) -> None:
        """It ends; if that can't be written, a second later."""
        try:
            self._run.cancel(CancelReason.PARENT)
        except StoreError as error:
            log.warning("run %s couldn't be ended, and will be: %s", self._run.run_id, error)
            services = self._run.services
            services.timekeeper.wake_at(services.clock.now() + 1.0, self)


class Claim:
    """An attempt that has a place under a limit that other runs share, or is in line for one."""

    __slots__ = ("_run", "attempt", "index", "is_held", "limit")

    def __init__(self, run: Driver, index: int, attempt: int, limit: Limit) -> None:
        self._run = run
        self.index = index
        self.attempt = attempt
        self.limit = limit
        self.is_held = False

    def tick(self) -> None:
        """It has a place now. Not called by whoever gave that back: he may be in the middle of another run."""
        self._run.lent(self)

    def give_back(self) -> None:
        """Give the place to the next in line."""
        services = self._run.services
        following = services.limits.give_back(self.limit)
        if following is not None:
            services.timekeeper.wake_at(services.clock.now(), following)


def _patience(limit: float | None) -> float | None:
    """How long to wait in one go.

    A signal that arrives just before a lock is waited for doesn't end the wait, so the main thread looks up now and
    then: Ctrl-C is never lost.
    """
    longest = LOOK_UP if threading.current_thread() is threading.main_thread() else threading.TIMEOUT_MAX
    if limit is None:
        return longest if longest is LOOK_UP else None
    return min(limit, longest)
