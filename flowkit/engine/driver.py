"""Serving a machine: whoever has time takes the next ready node, works on it, and brings back what came of it.

One lock guards the machine. A worker takes it once per step, to hand in one result and take the next node with it, so
a chain stays on one thread. Others are called only when something is left over: at most one call is out at a time, and
whoever comes calls the next if there is still more than it can take. The caller of a workflow is one of the workers.

Three kinds of workers serve the three lanes of a plan: the calling thread (anything without a timeout), pool threads
(anything that isn't async), and the event loop (async steps). An inline driver does all of it in the calling thread.
"""

from __future__ import annotations

import contextvars
import logging
import os
import threading
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.engine import events
from flowkit.engine.conclusion import Conclusion, conclude
from flowkit.engine.current import attempt_here
from flowkit.engine.groups import collect
from flowkit.engine.machine import Machine
from flowkit.engine.notes import add_note, cut_traceback
from flowkit.engine.place import Place
from flowkit.engine.requests import Emit, Failure, Finish, Record, Stop, Work
from flowkit.engine.run import StepRecord
from flowkit.engine.statuses import RunStatus, Status
from flowkit.errors import CancelReason, MisuseError
from flowkit.graph import Ref, SourceKind, Template, project
from flowkit.plan import Lane
from flowkit.policies import Fallback, retry_after_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Sequence

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.ports import RunTrace, Services
    from flowkit.graph import StepSpec
    from flowkit.plan import Plan

__all__ = ["Driver"]

Feed = Callable[[int, Any, int, float], None]
"""An input of the machine: for a node, a fact, from an attempt, at a time."""

log: Final = logging.getLogger("flowkit")

CALLER: Final = (Lane.CALLER, Lane.ANY)
POOL: Final = (Lane.POOL, Lane.ANY)
ALONE: Final = (Lane.CALLER, Lane.POOL, Lane.ANY)
"""For pool threads in a run in which no caller takes part."""
LOOP: Final = (Lane.LOOP,)
LOOP_CLOSED: Final = "its event loop was closed"

LOOK_UP: Final = 0.5
"""Seconds after which a waiting main thread looks whether it was interrupted."""

EVERYTHING: Final = (Lane.ANY, Lane.POOL, Lane.LOOP, Lane.CALLER)


class Driver:
    """One run being done."""

    def __init__(
        self,
        plan: Plan,
        services: Services,
        *,
        run_id: str | None = None,
        keeps: bool = False,
    ) -> None:
        workflow = plan.graph.workflow
        self.plan = plan
        self.services = services
        self.keeps = keeps
        """Whether its transitions and steps are kept: it was started, or somebody listens."""
        self.machine = Machine(plan, fail_fast=workflow.policy.fail_fast, listening=keeps, keeps=keeps)
        self._any, self._pool, self._async, self._inline = (self.machine.ready[lane] for lane in EVERYTHING)
        self._driven = False
        """Whether a caller takes part."""
        self.lock = threading.Lock()
        self.conclusion: Conclusion | None = None
        self.events: list[events.Event] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where async steps run: the loop that the run was started on, or the engine's."""
        self.guard: asyncio.Task[None] | None = None
        """What notices that the loop of the run's caller is closed."""
        self.context = contextvars.copy_context()
        self.trace: RunTrace | None = None
        self._run_id = run_id
        self.warnings: Sequence[Diagnostic] = ()
        """What the checks found that doesn't keep it from running."""
        self.given: Any = None
        """What it was started with: the workflow, and its arguments."""
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
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._stopped: set[tuple[int, int]] = set()
        self._expired: list[Stop] = []
        """Attempts to stop because their time ran out."""
        self._due = float("inf")
        self._loop_called = False
        self._loop_thread = 0
        self._inline_loop: asyncio.AbstractEventLoop | None = None

    # -- the run as others see it -------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """The id of the run; made when somebody first asks."""
        if self._run_id is None:
            self._run_id = os.urandom(8).hex()
        return self._run_id

    @property
    def status(self) -> RunStatus:
        """Where the run is."""
        if self.conclusion is not None:
            return self.conclusion.status
        machine = self.machine
        if machine.busy or any(machine.ready.values()):
            return RunStatus.RUNNING
        return RunStatus.WAITING if machine.deadline is not None else RunStatus.RUNNING

    def event_after(self, seen: int) -> events.Event | None:
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
            self._after()
            return ended

    def is_unwanted(self, index: int, attempt: int) -> bool:
        """Whether the result of an attempt would be dropped."""
        if self.services.inline:
            # Nobody else can look at the clock while this very thread is in the step.
            ends = self.machine.runs_out(index)
            if ends is not None and ends <= self.services.clock.now():
                return True
        return self.machine.stopping is not None or (index, attempt) in self._stopped

    def time_left(self, index: int) -> float | None:
        """Seconds until the running attempt of a node is out of time."""
        with self.lock:
            when = self.machine.runs_out(index)
        return None if when is None else max(0.0, when - self.services.clock.now())

    def beat(self, index: int, detail: Any) -> None:
        """A sign of life from a step."""
        with self.lock:
            self.machine.beat(index, self.services.clock.now())
        self.tell(events.StepHeartbeat, index, detail=detail)

    def tell(self, kind: type[events.StepEvent], index: int, **fields: Any) -> None:
        """Tell observers something that isn't a transition: unnumbered, not kept."""
        if self.services.observers:
            spec = self.machine.nodes[index].spec
            name = spec.name if spec is not None else ""
            now = self.services.clock.time()
            event = kind(run_id=self.run_id, time=now, key=self.machine.key(index), step=name, **fields)
            for observe in self.services.observers:
                observe(event)

    # -- beginning ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the run. Nobody is called yet: whoever goes on to drive it takes the first node itself."""
        services = self.services
        if self.keeps:
            services.store.open(self.run_id, self.plan.graph.workflow.name)
        if services.tracer is not None:
            self.trace = self.context.run(services.tracer.begin, self)
            self.machine.listening = self.keeps or self.trace is not None
            self.machine.quiet = not self.keeps
        with self.lock:
            self.machine.begin(services.clock.now(), services.clock.time())
            self._answer_all()
            for finding in self.warnings:
                self._publish(events.RunWarned(workflow=self.plan.graph.workflow.name, finding=finding))

    def begin_in_background(self) -> None:
        """Start the run for others to do."""
        self.begin()
        if self.services.inline:
            self.drive()
            return
        with self.lock:
            self._after()

    # -- working --------------------------------------------------------------------------------------------------------

    def drive(self) -> None:
        """Take part until the run is over. Ctrl-C cancels the run, then goes on as it would have."""
        place = Place()
        try:
            self._drive(place)
        except KeyboardInterrupt:
            self._interrupted()
            raise

    def _drive(self, place: Place) -> None:
        lanes = EVERYTHING if self.services.inline else CALLER
        self._driven = True
        while self.conclusion is None:
            self.serve(place, lanes)
            with self.lock:
                if self.conclusion is not None:
                    return  # type: ignore[unreachable] # `serve` may have ended it
                if any(self.machine.ready[lane] for lane in lanes):
                    continue
                if self._after():
                    continue
                if self._more is None:
                    self._more = threading.Condition(self.lock)
                self._waiting += 1
                if not self._more.wait(self._patience()):
                    # Nobody called, so nobody took it off; unless both happened at once.
                    self._waiting = max(0, self._waiting - 1)
            if self.services.inline:
                self.tick()

    def _patience(self) -> float | None:
        """How long to wait at most: an inline driver keeps its own time, the others have a timekeeper."""
        if not self.services.inline or self.machine.deadline is None:
            return _patience(None)
        return _patience(max(0.0, self.machine.deadline - self.services.clock.now()))

    def _interrupted(self) -> None:
        with self.lock:
            if self.conclusion is None:
                self.machine.cancel(CancelReason.USER, self.services.clock.now(), "interrupted")
                self._after()
        # What the interrupt may have cut in two can't be waited for without end.
        if not self.wait(timeout=1.0):
            with self.lock:
                self._crash(KeyboardInterrupt("interrupted"))

    def serve(self, place: Place, lanes: Sequence[Lane] | None = None) -> None:
        """Work on this run until nothing is ready for these lanes; a pool thread's, if none are given."""
        if lanes is None:
            lanes = POOL if self._driven else ALONE
        clock, machine = self.services.clock, self.machine
        place.driver = self
        try:
            with self.lock:
                self._called = False
                index = machine.take(lanes, clock.now()) if self.conclusion is None else None
                self._after()
            while index is not None:
                index = self._work(index, place, lanes)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - an engine that breaks has to wake whoever waits for it
            with self.lock:
                self._crash(error)
        finally:
            place.driver = None

    def _work(self, index: int, place: Place, lanes: Sequence[Lane]) -> int | None:
        """Do what a taken node asks for, hand in what came of it; the next node, if there is one for this worker."""
        machine, services = self.machine, self.services
        attempt = machine.attempts.get(index, 1) if index not in machine.other_work else 0
        place.index = index
        if not attempt:
            feed, fact = self._do(machine.other_work[index], index)
        else:
            feed, fact = self._run(index, attempt, place, lanes)
        place.index = -1
        if services.inline:
            self.tick()  # nobody else could have noticed that time ran out
        with self.lock:
            if self.conclusion is not None:
                return None
            now = services.clock.now()
            feed(index, fact, attempt, now)
            if self.trace is not None and machine.quiet and machine.plain[index]:
                self._tell_success(index)
            following = None if place.retired else machine.take(lanes, now)
            if (
                machine.requests
                or self._any
                or self._pool
                or self._async
                or self._inline
                or machine.deadline is not None
            ):
                self._after()
            return following

    def _tell_success(self, index: int) -> None:
        """What a trace is told where no event is made of it."""
        if self.machine.status[index] is Status.SUCCEEDED and self.trace is not None:
            self.trace.succeeded(index)

    def _run(self, index: int, attempt: int, place: Place, lanes: Sequence[Lane]) -> tuple[Feed, Any]:
        """Run a step: how to hand in what came of it, and what that is."""
        machine = self.machine
        try:
            spec, args, kwargs = self._call(index)
            if machine.plain[index]:
                value = self.context.copy().run(self._invoke, index, attempt, spec.target, args, kwargs)
            elif machine.lanes[index] is Lane.LOOP:
                value = self._run_inline(index, attempt, spec, args, kwargs)
            elif machine.is_interruptible(index):
                value = self._run_interruptibly(place, index, attempt, spec, args, kwargs)
            else:
                value = self.context.copy().run(self._invoke, index, attempt, spec.target, args, kwargs)
            kind = type(value)
            if kind is Ref or kind is CoroutineType:
                _refuse(value, spec)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and (lanes is CALLER or lanes is EVERYTHING):
                self._hand_in_interrupt(index, attempt)
                raise
            cut_traceback(error, __file__)
            return machine.fail, self._judge(index, attempt, error)
        return machine.succeed, value

    def _invoke(self, index: int, attempt: int, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call a step, in a context of its own."""
        attempt_here.set((self, index, attempt))
        if self.trace is not None:
            self.trace.enter(index, attempt)
        return function(*args, **kwargs) if kwargs else function(*args)

    def _run_interruptibly(self, place: Place, index: int, attempt: int, spec: StepSpec, args: Any, kwargs: Any) -> Any:
        context = self.context.copy()
        if self.trace is not None:
            context.run(self.trace.enter, index, attempt)  # not under an interrupt; entering twice is entering once
        place.arm()
        try:
            return context.run(self._invoke, index, attempt, spec.target, args, kwargs)
        finally:
            place.disarm()

    def _hand_in_interrupt(self, index: int, attempt: int) -> None:
        """Ctrl-C hit a step in the calling thread: the run is cancelled, and this node with it."""
        now = self.services.clock.now()
        with self.lock:
            self.machine.cancel(CancelReason.USER, now, "interrupted")
            self._after()
            self.machine.ended(index, attempt, now)

    # -- what a node is called with -------------------------------------------------------------------------------------

    def _call(self, index: int) -> tuple[StepSpec, Sequence[Any], dict[str, Any] | None]:
        """The step of a node, and its arguments with every Ref replaced."""
        machine = self.machine
        node = machine.nodes[index]
        spec = node.spec
        assert spec is not None
        group = machine.owners[index]
        if group is not None:
            item = index - group.base
            args = []
            for kind, held in group.columns:
                if kind is SourceKind.EACH:
                    value = held[item]
                    args.append(self._resolve(value) if type(value) is Ref or type(value) is Template else value)
                elif kind is SourceKind.SAME:
                    args.append(held)
                else:
                    source = held.base + item
                    args.append(machine.outcome(source) if machine.nodes[source].tolerant else machine.values[source])
            return spec, args, None
        if not node.data:
            return spec, node.args, node.kwargs
        values = machine.values
        args = [
            values[arg._flowkit_node] if type(arg) is Ref and not arg._flowkit_path else self._resolve(arg)
            for arg in node.args
        ]
        if node.kwargs is None:
            return spec, args, None
        return spec, args, {name: self._resolve(arg) for name, arg in node.kwargs.items()}

    def _resolve(self, value: Any) -> Any:
        if type(value) is Ref:
            return project(self.machine.values[value._flowkit_node], value._flowkit_path)
        return value.fill(self._resolve) if type(value) is Template else value

    # -- work other than the body ---------------------------------------------------------------------------------------

    def _do(self, asked: Work, index: int) -> tuple[Feed, Any]:
        """Run the code that a condition, a fallback or a map's list means: how to hand in what came of it, and what."""
        machine = self.machine
        try:
            if asked is Work.EXPAND:
                node = machine.nodes[index]
                label = node.spec.label if node.spec is not None else ""
                items = collect(node, label, self._resolve, machine.groups)
                return lambda node, items, _, now: machine.expand(node, items[0], items[1], now), items
            _, args, kwargs = self._call(index)
            policy = machine.policies[index]
            assert policy is not None
            context = self.context.copy()
            if asked is Work.CONDITION:
                assert policy.run_if is not None
                condition = bool(context.run(policy.run_if, *args, **(kwargs or {})))
                return lambda node, condition, _, now: machine.answer(node, condition, now), condition
            assert isinstance(policy.on_failure, Fallback)
            assert policy.on_failure.call is not None
            if self.trace is not None:
                context.run(self.trace.enter, index, 0)
            return machine.succeed, context.run(policy.on_failure.call, machine.errors[index], *args, **(kwargs or {}))
        except BaseException as error:  # noqa: BLE001 - somebody's own code
            cut_traceback(error, __file__)
            what = {Work.CONDITION: "run_if", Work.FALLBACK: "the fallback", Work.EXPAND: "the list of items"}[asked]
            add_note(error, f"raised by {what} of `{machine.key(index)}`")
            return machine.fail, Failure(error)

    def _judge(self, index: int, attempt: int, error: BaseException) -> Failure:
        """Ask a step's policy about an error. Its predicates and backoffs may be somebody's own, and may raise."""
        policy = self.machine.policies[index]
        if policy is None or policy.retry is None:
            return Failure(error)
        try:
            wanted = policy.retry.wants(error)
            asked = retry_after_of(error) if wanted else None
            delay = asked
            if wanted and asked is None:
                delay = policy.retry.delay(attempt, self.services.random())
        except Exception as problem:  # noqa: BLE001 - then there is no retry, and the reason is told
            add_note(error, f"the retry policy of `{self.machine.key(index)}` raised {problem!r}")
            return Failure(error, why=f"the retry policy raised {problem!r}")
        if not wanted:
            return Failure(error, why=f"its policy doesn't retry a {type(error).__name__}")
        why = f"{type(error).__name__}" + (", which says when" if asked is not None else "")
        return Failure(error, retryable=True, delay=delay, why=why)

    # -- the event loop ---------------------------------------------------------------------------------------------------

    def _run_inline(self, index: int, attempt: int, spec: StepSpec, args: Any, kwargs: Any) -> Any:
        """An async step of an inline driver: on a loop of its own, to the end."""
        import asyncio

        if self._inline_loop is None:
            self._inline_loop = asyncio.new_event_loop()
        loop = self._inline_loop
        policy = self.machine.policies[index]
        context = self.context.copy()
        body = self._await(index, attempt, spec.target, args, kwargs)
        limit = policy.timeout if policy is not None else None

        async def bounded() -> Any:
            return await asyncio.wait_for(body, limit)

        return loop.run_until_complete(loop.create_task(bounded(), context=context))

    async def _await(
        self, index: int, attempt: int, function: Callable[..., Coroutine[Any, Any, Any]], args: Any, kwargs: Any
    ) -> Any:
        attempt_here.set((self, index, attempt))
        if self.trace is not None:
            self.trace.enter(index, attempt)
        return await function(*args, **(kwargs or {}))

    def _serve_loop(self) -> None:
        """On the event loop: a task for every async step that is ready."""
        assert self.loop is not None
        self._loop_thread = threading.get_ident()
        while True:
            with self.lock:
                self._loop_called = False
                index = self.machine.take(LOOP, self.services.clock.now()) if self.conclusion is None else None
                if index is None:
                    return
                attempt = self.machine.attempts.get(index, 1)
                self._after()
            # Not under the lock: an eager task runs at once, and may come back with its result from in here.
            task = self.loop.create_task(self._run_async(index, attempt), context=self.context.copy())
            if not task.done():
                self._tasks[index] = task
            if (index, attempt) in self._stopped:
                task.cancel()

    async def _run_async(self, index: int, attempt: int) -> None:
        """One attempt of an async step, as a task; nothing it does may leave the run without an answer."""
        try:
            feed, fact = await self._attempt_async(index, attempt)
            with self.lock:
                if self.conclusion is None:
                    feed(index, fact, attempt, self.services.clock.now())
                    self._after()
        except BaseException as error:  # noqa: BLE001 - see `serve`
            with self.lock:
                self._crash(error)
        finally:
            if self.machine.attempts.get(index, 1) == attempt:
                self._tasks.pop(index, None)

    async def _attempt_async(self, index: int, attempt: int) -> tuple[Feed, Any]:
        machine = self.machine
        try:
            spec, args, kwargs = self._call(index)
            value = await self._await(index, attempt, spec.target, args, kwargs)
            if type(value) is Ref:
                _refuse(value, spec)
        except BaseException as caught:  # noqa: BLE001 - whatever a step raises is its own failure
            error: BaseException = caught
            cut_traceback(error, __file__)
            if type(error).__name__ == "CancelledError" and not self.is_unwanted(index, attempt):
                if self.guard is not None and self.guard.cancelling():
                    # The loop is being taken down around us: nothing more can run on it.
                    self.cancel(CancelReason.SHUTDOWN, LOOP_CLOSED)
                else:
                    error = RuntimeError(
                        f"`{machine.key(index)}` was cancelled from within: something that it awaits was"
                    )
                    error.__cause__ = caught
            return machine.fail, self._judge(index, attempt, error)
        return machine.succeed, value

    async def stand_guard(self) -> None:
        """Live on the loop that the run's async steps need: when that is closed, the run ends with it."""
        import asyncio

        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        def wake() -> None:
            loop.call_soon_threadsafe(end)

        self.when_done(wake)
        try:
            await ended
        except asyncio.CancelledError:
            self.cancel(CancelReason.SHUTDOWN, LOOP_CLOSED)
            raise

    # -- after every transition -------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Something is due."""
        try:
            with self.lock:
                self._due = float("inf")
                if self.conclusion is None:
                    self.machine.advance(self.services.clock.now())
                    self._after()
            self._stop_expired()
        except BaseException as error:  # noqa: BLE001 - see `serve`
            with self.lock:
                self._crash(error)

    def _after(self) -> bool:
        """Do what the machine asks for, under the lock; says whether there was anything."""
        machine = self.machine
        busy = bool(machine.requests) and self._answer_all()
        if self._any or self._pool or self._async or self._inline:
            self._share()
        if machine.deadline is not None and machine.deadline < self._due and self.conclusion is None:
            self._due = machine.deadline
            if not self.services.inline:
                self.services.timekeeper.wake_at(self._due, self)
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
        machine, clock = self.machine, self.services.clock
        kind = type(request)
        if kind is Emit:
            self._publish(request.event, request.node)
        elif kind is Record:
            self.services.store.record(self.run_id, self.step_record(request.node))
            machine.recorded(request.node, clock.now())
        elif kind is Stop and request.error is not None:
            self._expired.append(request)
        elif kind is Stop:
            self._stop(request)
        elif kind is Finish and self.conclusion is None:
            conclusion = conclude(self.machine, self.run_id if self.machine.failures else "")
            last = request.event
            if conclusion.error is not None and type(last) is events.RunSucceeded and conclusion.status != "succeeded":
                # Every step succeeded, and making the value to return from their results didn't.
                last = events.RunFailed(workflow=last.workflow, error=conclusion.error)
            self._settle(conclusion, last)

    def _share(self) -> None:
        """Have somebody come for what is ready."""
        if self.services.inline:
            return
        if self._async and not self._loop_called:
            self._call_loop()
        if self._waiting and self._more is not None and (self._any or self._inline):
            self._waiting -= 1
            self._more.notify()
        elif (self._any or self._pool or (self._inline and not self._driven)) and not self._called:
            self._called = True
            self.services.workers.assist(self)

    def _call_loop(self) -> None:
        """Have the event loop come for its async steps."""
        self._loop_called = True
        try:
            if self.loop is None:
                self.loop = self.services.loops.get()
            if threading.get_ident() == self._loop_thread:
                self.loop.call_soon(self._serve_loop)
            else:
                self.loop.call_soon_threadsafe(self._serve_loop)
        except RuntimeError:  # it was closed, or can't be started at exit: nothing async can run any more
            self.machine.cancel(CancelReason.SHUTDOWN, self.services.clock.now(), LOOP_CLOSED)
            self._after()

    def _stop_expired(self) -> None:
        """Stop attempts whose time ran out. Their policies are asked outside the lock: they may be anybody's code."""
        while self._expired:
            request = self._expired.pop(0)
            assert request.error is not None
            failure = self._judge(request.node, request.attempt, request.error)
            with self.lock:
                if self.conclusion is None:
                    self.machine.judge(request.node, failure)
                    self._stop(request)
                    self._after()

    def _stop(self, request: Stop) -> None:
        """Stop an attempt: a coroutine is cancelled, a thread is left behind."""
        machine, now = self.machine, self.services.clock.now()
        index, attempt = request.node, request.attempt
        if not machine.is_running(index, attempt):
            return
        self._stopped.add((index, attempt))
        task = self._tasks.get(index)
        if task is not None and self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(task.cancel)
            return
        if self.services.inline and request.reason is CancelReason.TIMEOUT:
            return  # the thread that would go on without it is the one that runs it
        policy = machine.policies[index]
        interrupt = policy is not None and policy.interrupt
        self.services.workers.retire(self, index, interrupt=interrupt)
        machine.abandon(index, attempt, now)

    def _publish(self, event: events.Event, node: int = -1) -> None:
        if self.trace is not None:
            self.trace.told(node, event)
        if not self.keeps:
            return
        number, time = len(self.events) + 1, self.services.clock.time()
        event = attrs.evolve(event, run_id=self.run_id, number=number, time=time)
        self.events.append(event)
        for observe in self.services.observers:
            observe(event)
        if self._changed is not None:
            self._changed.notify_all()
        for wake in self._watchers:
            wake()

    def _crash(self, error: BaseException) -> None:
        """The engine itself failed, or its store did: whoever waits is woken with that."""
        if self.conclusion is None:
            log.error("the engine failed while running %s", self.plan.graph.workflow.name, exc_info=error)
            add_note(error, f"flowkit failed while running `{self.plan.graph.workflow.label}`; no step raised this")
            name = self.plan.graph.workflow.name
            self._settle(Conclusion(RunStatus.FAILED, error=error), events.RunFailed(workflow=name, error=error))

    def _settle(self, conclusion: Conclusion, last: events.Event | None) -> None:
        """The end of the run: kept, then told, then everybody is woken. Nothing in it may keep the last from happening."""
        try:
            if self.keeps:
                self.services.store.close(self.run_id, str(conclusion.status), conclusion.error)
        except Exception as error:
            log.exception("the end of run %s couldn't be kept", self.run_id)
            add_note(error, f"raised by the store while it kept the end of `{self.plan.graph.workflow.label}`")
            conclusion = Conclusion(RunStatus.FAILED, error=error)
            last = events.RunFailed(workflow=self.plan.graph.workflow.name, error=error)
        try:
            if last is not None:
                self._publish(last)
            if self.trace is not None:
                self.trace.finished(str(conclusion.status), conclusion.error)
            if self._inline_loop is not None:
                self._inline_loop.close()
        except Exception:
            log.exception("somebody couldn't be told of the end of run %s", self.run_id)
        self.conclusion = conclusion
        for condition in (self._changed, self._more):
            if condition is not None:
                condition.notify_all()
        wakes, self._wakes = self._wakes, []
        for wake in wakes:
            try:
                wake()
            except RuntimeError:  # the loop of who waited is closed: nobody waits there any more
                log.debug("nobody waits for run %s on its loop any more", self.run_id)

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
            value=machine.values[index],
            error=machine.errors.get(index),
            reason=machine.reason(index),
            started=machine.started_at.get(index),
            ended=machine.ended_at.get(index),
        )

    def step_records(self) -> list[StepRecord]:
        """Every node that is a step, as it is now."""
        with self.lock:
            nodes = self.machine.nodes
            return [self.step_record(i) for i in range(len(nodes)) if nodes[i].spec is not None]


def _patience(limit: float | None) -> float | None:
    """How long to wait in one go.

    A signal that arrives just before a lock is waited for doesn't end the wait, so the main thread looks up now and
    then: Ctrl-C is never lost.
    """
    longest = LOOK_UP if threading.current_thread() is threading.main_thread() else threading.TIMEOUT_MAX
    if limit is None:
        return longest if longest is LOOK_UP else None
    return min(limit, longest)


def _refuse(value: Any, spec: StepSpec) -> None:
    """What a step can't return."""
    if type(value) is Ref:
        message = f"`{spec.label}` returned the stand-in for another step's result; return a value"
    else:
        value.close()
        message = f"`{spec.label}` returned a coroutine; declare it `async def`, so that it is awaited"
    raise MisuseError(message)
