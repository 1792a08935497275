"""Where the parts meet: the engine, and which engine a call goes to.

The only module that knows recording, checking, planning, drivers, executors and stores.
"""

from __future__ import annotations

import atexit
import logging
import os
import random
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, cast

from flowkit.checks import check
from flowkit.decorators.declaring import Resource
from flowkit.engine.blocking import loop_for_steps, refuse_to_block, running_loop
from flowkit.engine.driver import Driver
from flowkit.engine.invariants import are_watched
from flowkit.engine.limits import Limits
from flowkit.engine.ports import Services
from flowkit.engine.recordings import Unwound
from flowkit.engine.resources import Resources
from flowkit.engine.run import Run
from flowkit.engine.runners import install_default, runner_here
from flowkit.errors import BlockingCall, CancelReason, EngineClosed, PolicyError, RunConflict, RunNotFound
from flowkit.executors.loops import LoopThread
from flowkit.executors.observing import Observing
from flowkit.executors.threads import Threads
from flowkit.executors.time import SystemClock, TimerThread
from flowkit.graph import capture, record
from flowkit.plan import Lane, compile_plan
from flowkit.policies import seconds
from flowkit.policies.durations import is_a
from flowkit.stores.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextvars import Token
    from types import TracebackType

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.ports import Clock, Observer, Tracer
    from flowkit.graph import Graph, Needs, Recorder, WorkflowSpec
    from flowkit.plan import Plan
    from flowkit.policies import Duration

__all__ = ["Engine", "Unfinished", "default_engine", "use"]

log: Final = logging.getLogger("flowkit")

AT_EXIT: Final = 10.0
"""Seconds that runs which were started get to end when the interpreter exits."""

EXECUTORS: Final = ("thread", "inline")


class Unfinished(tuple[str, ...]):
    """The ids of runs that hadn't ended when an engine was shut down; empty, and false, if there were none."""

    __slots__ = ()


class Engine:
    """What runs workflows: worker threads, an event loop for async steps, a timekeeper, and a store.

    Nothing is started before it is needed. `with Engine(...):` makes it the engine of the block, and closes it at the
    end, as `async with` does on an event loop; `flowkit.use(engine)` makes it the engine of the process.

    `executor` is where steps run that don't say: "thread", or "inline" for everything in the calling thread, one step
    at a time, as a debugger likes it. `max_workers` bounds the threads. `observers` are told every event, in order,
    each on a thread of its own; one that raises is logged and skipped. `tracing=False` makes no OpenTelemetry spans
    and metrics even where somebody records. `resources={open_db: open_fake}` says what is opened instead of what steps
    declare by `Resource`.
    """

    def __init__(
        self,
        *,
        executor: str = "thread",
        max_workers: int = 32,
        observers: Iterable[Observer] = (),
        tracing: bool = True,
        clock: Clock | None = None,
        resources: Mapping[Callable[..., Any], Callable[..., Any]] | None = None,
    ) -> None:
        if type(executor) is not str or executor not in EXECUTORS:
            from flowkit.diagnostics import did_you_mean

            message = f"there is no executor `{executor}`; " + (
                did_you_mean(str(executor), EXECUTORS) or 'write "thread" or "inline"'
            )
            raise PolicyError(message)
        if type(max_workers) is not int or max_workers < 1:
            message = f"max_workers={max_workers!r} lets nothing run; write 1 or more"
            raise PolicyError(message)
        told = _observers(observers)
        instead = _openers(resources)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        _engines.add(self)
        self._closed = False
        self._threads = Threads(max_workers)
        self._loops = LoopThread()
        self._clock: Clock = clock or SystemClock()
        self._timers = TimerThread(self._clock)
        self._observing = [Observing(observer) for observer in told]
        self.store = MemoryStore()
        self._runs: weakref.WeakValueDictionary[str, Driver] = weakref.WeakValueDictionary()
        self._under_way: dict[int, Driver] = {}
        self._tokens: list[Token[Any]] = []
        self._warned: set[Any] = set()
        self._resources = Resources(instead, threads=executor != "inline")
        self._services = Services(
            clock=self._clock,
            workers=self._threads,
            loops=self._loops,
            limits=Limits(),
            timekeeper=self._timers,
            random=random.random,
            store=self.store,
            observers=[observing.put for observing in self._observing],
            tracer=_tracer() if tracing else None,
            inline=executor == "inline",
            watched=are_watched(),
            plan=self.plan,
            read=_read,
            resources=self._resources,
        )

    # -- running ------------------------------------------------------------------------------------------------------

    def call(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run a workflow to its end, the calling thread taking part; return its value or raise."""
        loop = running_loop()
        if loop is not None:
            name = workflow.label
            refuse_to_block(f"{name}(...)", f"await {name}.start(...)")
        run_id = workflow.policy.run_id
        if run_id is not None or workflow.is_live:
            return self.start(workflow, args, kwargs).result()
        self._refuse_closed(workflow)
        made: list[Driver] = []

        def asked(recorder: Recorder, local: int) -> Any:
            # The body can't go on without a result: what it wrote so far begins to run, in this thread.
            if not made:
                made.append(self._called(workflow, recorder.segment()))
            return made[0].answer(recorder, local)

        try:
            graph = record(workflow, args, kwargs, asked)
            if made:
                made[0].written(graph)
            else:
                made.append(self._called(workflow, graph))
            made[0].drive()
        except Unwound:  # the run is ending while its body waits
            made[0].drive()
        except BaseException as error:
            if not made or made[0].conclusion is not None:
                raise
            made[0].raised(error)
            made[0].drive()
            if isinstance(error, KeyboardInterrupt):
                raise  # the second one, which came while the first was being seen to
        finally:
            for driver in made:
                self._under_way.pop(id(driver), None)
        (driver,) = made
        assert driver.conclusion is not None  # drive returns when there is one
        return driver.conclusion.unwrap()

    def _called(self, workflow: WorkflowSpec, graph: Graph) -> Driver:
        """Begin a run that its caller takes part in."""
        driver = Driver(self.plan(graph), self._services, keeps=bool(self._observing))
        with self._lock:
            self._refuse_closed(workflow)
            self._admit(driver)
        driver.begin()
        return driver

    def start(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Run[Any]:
        """Run a workflow in the background.

        With a `run_id` that is known it gives the handle of that run, and raises `RunConflict` if that one is of
        another workflow or has other arguments.
        """
        run_id = workflow.policy.run_id
        if self._services.inline and running_loop() is not None:
            refuse_to_block(
                f"{workflow.label}.start(...)", "with Engine(): ... , whose steps don't run in the calling thread"
            )
        known = self._known(run_id, workflow, args, kwargs)
        if known is not None:
            return known
        self._refuse_closed(workflow)
        # The body may be recorded again, and is to be given what it was given the first time.
        args, kwargs = capture((tuple(args), dict(kwargs)), [])
        graph, awaited = _begun(workflow, *capture((args, kwargs), []))
        plan, warnings = self._planned(graph)
        driver = Driver(plan, self._services, run_id=run_id, keeps=True)
        driver.warnings = warnings
        driver.given = (workflow, args, kwargs)
        loop = loop_for_steps()
        if loop is not None:
            driver.coroutines.loop = loop
        with self._lock:
            # Looked up again: somebody may have started it, or closed the engine, while the body was recorded.
            self._refuse_closed(workflow)
            known = self._known(run_id, workflow, args, kwargs)
            if known is not None:
                return known
            self._runs[driver.run_id] = driver
            self._admit(driver)
        driver.when_done(_Forget(self._under_way, id(driver)))
        if loop is not None and (workflow.is_live or Lane.LOOP in driver.plan.lanes):
            driver.coroutines.stand_guard(f"flowkit run {driver.run_id}")
        driver.begin_in_background(awaited)
        return Run(driver)

    def run(self, run_id: str) -> Run[Any]:
        """A handle of a run of this engine, from its id. Raises `RunNotFound`."""
        driver = self._runs.get(run_id)
        if driver is None:
            from flowkit.diagnostics import did_you_mean

            raise RunNotFound(
                run_id, did_you_mean(run_id, list(self._runs)) or "this engine keeps a run while its handle is held"
            )
        return Run(driver)

    def _known(
        self, run_id: str | None, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Run[Any] | None:
        driver = self._runs.get(run_id) if run_id is not None else None
        if driver is None or run_id is None:
            return None
        declared, old_args, old_kwargs = driver.given
        if declared.declared is not workflow.declared:
            raise RunConflict(run_id, f"it is a run of `{declared.name}`, not of `{workflow.name}`")
        if not _same(_bound(workflow, old_args, old_kwargs), _bound(workflow, args, kwargs)):
            raise RunConflict(run_id, "it was started with other arguments")
        return Run(driver)

    def plan(self, graph: Graph) -> Plan:
        """Check a graph and lay it out for this engine."""
        return self._planned(graph)[0]

    def _planned(self, graph: Graph) -> tuple[Plan, Sequence[Diagnostic]]:
        checked = check(graph)
        for warning in checked.warnings:
            self._warn(warning)
        plan = compile_plan(checked)
        for executor in plan.executors:
            if executor not in EXECUTORS:
                self._refuse_executor(executor)
        if plan.limits:
            self._services.limits.know(plan.limits)
        return plan, checked.warnings

    def _refuse_closed(self, workflow: WorkflowSpec) -> None:
        if self._closed:
            message = f"`{workflow.label}` was called after its shutdown"
            raise EngineClosed(message)
        if self._pid != os.getpid():
            message = "it was made before this process was forked off, and its threads stayed behind; make one here"
            raise EngineClosed(message)

    def _warn(self, warning: Diagnostic) -> None:
        """Log a finding that doesn't keep a workflow from running, once per engine and place."""
        key = warning.code, warning.title, warning.span
        if key not in self._warned:
            self._warned.add(key)
            log.warning("%s", warning)

    def _admit(self, driver: Driver) -> None:
        """Take a run among those under way. Under the engine's lock."""
        self._under_way[id(driver)] = driver

    def _refuse_executor(self, name: str) -> None:
        from flowkit.diagnostics import did_you_mean

        hint = did_you_mean(name, EXECUTORS) or "it has `thread` and `inline`"
        message = f"this engine has no executor `{name}`; {hint}"
        raise PolicyError(message)

    # -- the end ------------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until every observer has been told all events so far."""
        for observing in self._observing:
            observing.flush()

    def shutdown(self, drain: Duration = 0) -> Unfinished:
        """Take no more runs, give those under way `drain` seconds to end, and cancel what is left.

        Then what steps had open is closed. Returns the ids of the runs that were cancelled; raises, at the end, what
        closing a resource raised, or a group where several did. Where runs have async steps on the event loop that this is called
        on, those are cancelled at once: they can't go on while it waits. `await asyncio.to_thread(engine.shutdown, 10)`
        gives them their time.
        """
        loop = running_loop()
        until = self._clock.now() + seconds(drain, "drain")
        with self._lock:
            self._closed = True
            drivers = list(self._under_way.values())
        left = []
        for driver in drivers:
            if loop is not None and driver.plays_on(loop):
                if driver.cancel(CancelReason.SHUTDOWN):
                    left.append(driver.run_id)
                continue
            if not driver.wait(max(0.0, until - self._clock.now())) and driver.cancel(CancelReason.SHUTDOWN):
                left.append(driver.run_id)
                driver.wait(1.0)
        self.flush()
        try:
            self._resources.close()  # while the event loop is still there that some were opened on
        finally:
            parts: list[Threads | LoopThread | TimerThread | Observing] = [self._threads, self._loops, self._timers]
            for part in (*parts, *self._observing):
                part.close()
        return Unfinished(left)

    def __enter__(self) -> Self:
        self._tokens.append(runner_here.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        runner_here.reset(self._tokens.pop())
        # Runs that were started in the block get the time they need, unless the block is being left by an error.
        loop = running_loop()
        stuck = loop is not None and any(driver.plays_on(loop) for driver in list(self._under_way.values()))
        self._leave(error)
        if stuck and error is None:
            raise BlockingCall("with Engine(...)", "async with Engine(...)")

    def _leave(self, error: BaseException | None) -> None:
        """Shut down at the end of a block. What the block was left by matters more than what closing raises."""
        if error is None:
            self.shutdown(drain=AT_EXIT)
            return
        try:
            self.shutdown()
        except Exception:
            log.exception("closing resources failed")

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        import asyncio

        runner_here.reset(self._tokens.pop())
        await asyncio.to_thread(self._leave, error)

    def __repr__(self) -> str:
        return f"<Engine{' (closed)' if self._closed else ''}, {len(self._under_way)} runs under way>"


def _begun(workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Graph, int]:
    """What a body writes before anything runs, and the node that it can't go on without; -1 where it has returned."""
    unwound: list[tuple[Graph, int]] = []

    def asked(recorder: Recorder, local: int) -> NoReturn:
        unwound.append((recorder.segment(), local))
        raise Unwound

    try:
        return record(workflow, args, kwargs, asked), -1
    except Unwound:
        return unwound[0]


class _Forget:
    """Takes a run that has ended off the list of those under way."""

    def __init__(self, under_way: dict[int, Driver], key: int) -> None:
        self._under_way = under_way
        self._key = key

    def __call__(self) -> None:
        self._under_way.pop(self._key, None)


def _same(one: Any, other: Any) -> bool:
    """Whether arguments are equal; those that can't be compared (arrays, say) aren't."""
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - comparing runs the values' own code
        return False


def _bound(workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if workflow.signature is None:
        return tuple(args), kwargs
    bound = workflow.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _observers(given: Any) -> list[Observer]:
    """The observers, each once. Raises `PolicyError` for what can't be told anything."""
    if not hasattr(given, "__iter__"):
        message = f"observers={given!r} is no list; write observers=[...] with functions that take an event"
        raise PolicyError(message)
    observers = list(dict.fromkeys(given))
    for observer in observers:
        if not callable(observer):
            message = f"the observer {observer!r} can't be called; write a function that takes an event"
            raise PolicyError(message)
    return observers


def _openers(given: Any) -> dict[Any, Needs]:
    """What is opened instead of what. Raises `PolicyError` for what can't be opened."""
    if given is not None and not hasattr(given, "items"):
        message = f"resources={given!r} is no dict; write resources={{open_db: open_another}}"
        raise PolicyError(message)
    return {opener: cast("Needs", Resource(other)) for opener, other in (given or {}).items()}


def _read(text: str, annotation: Any) -> Any:
    from flowkit.stores.codec import loads

    return loads(text, annotation)


def _tracer() -> Tracer:
    from flowkit.telemetry import OpenTelemetry

    return OpenTelemetry()


# -- which engine -----------------------------------------------------------------------------------------------------

_process: list[Engine] = []
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
_process_lock = threading.Lock()


def use(engine: Engine) -> None:
    """Make this the engine of the process: of every call that isn't inside a `with Engine(...)` block."""
    if not is_a(Engine, engine):
        message = f"use({engine!r}): pass an Engine, as in use(Engine(max_workers=8))"
        raise PolicyError(message)
    with _process_lock:
        _process[:] = [engine]


def default_engine() -> Engine:
    """The engine of the process: the one given to `use`, or one in memory that is made when it is first needed."""
    if not _process:
        with _process_lock:
            if not _process:
                _process.append(Engine())
    return _process[0]


def _after_fork() -> None:
    # The threads of the parent's engine don't exist here, and its locks may be held by them.
    global _process_lock  # noqa: PLW0603
    _process_lock = threading.Lock()
    _process.clear()
    _engines.clear()
    runner_here.set(None)


def _at_exit() -> None:
    for engine in list(_engines):
        if engine._under_way or engine in _process or not engine._resources.is_empty:
            try:
                left = engine.shutdown(drain=AT_EXIT)
            except Exception:
                log.exception("closing resources at exit failed")
                continue
            if left:
                log.warning("cancelled at exit, after %gs: %s", AT_EXIT, ", ".join(left))


install_default(default_engine)
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
