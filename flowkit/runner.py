"""Where the parts meet: the engine, and which engine a call goes to.

The only module that knows recording, checking, planning, drivers, executors and stores.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import random
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, cast

from flowkit.checks import check
from flowkit.decorators.declaring import Resource
from flowkit.engine.blocking import loop_for_steps, refuse_to_block, running_loop
from flowkit.engine.current import attempt_here
from flowkit.engine.driver import Driver
from flowkit.engine.durable import Durable
from flowkit.engine.keep import LEASE, MAX_RECOVERIES, Keep
from flowkit.engine.limits import Limits
from flowkit.engine.ports import Services
from flowkit.engine.ready import begun
from flowkit.engine.recordings import Unwound
from flowkit.engine.resources import Resources
from flowkit.engine.run import Run
from flowkit.engine.runners import install_default, runner_here
from flowkit.engine.watched import Watched
from flowkit.engine.writing import Writer
from flowkit.errors import BlockingCall, CancelReason, EngineClosed, MisuseError, PolicyError, RunConflict, RunNotFound
from flowkit.executors.loops import LoopThread
from flowkit.executors.observing import Observing
from flowkit.executors.threads import Threads
from flowkit.executors.time import SystemClock, TimerThread
from flowkit.graph import capture, record
from flowkit.machine.invariants import are_watched
from flowkit.plan import Lane, compile_plan
from flowkit.policies import seconds
from flowkit.policies.durations import is_a

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from contextvars import Token
    from types import TracebackType

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.ports import Clock, Data, Observer, Store, Tracer
    from flowkit.graph import Graph, Needs, Recorder, WorkflowSpec
    from flowkit.plan import Plan
    from flowkit.policies import Duration

__all__ = ["Engine", "Unfinished", "chosen_engine", "default_engine", "engine_of_process", "use"]

log: Final = logging.getLogger("flowkit")

SLICE: Final = 0.05
"""Seconds after which a shutdown looks whether a run still does something, or only waits."""

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

    `store="sqlite:///runs.db"`, or a store, is where its runs are kept; without it they live in memory, unless
    `FLOWKIT_STORE` names one. Then `recover` says whether it takes up runs that nobody has, or whose owner died, as far
    as their workflows are known here (an inline engine never does that by itself); `max_recoveries` how often that may
    be done with one run; `lease` after how many seconds without a sign of life others may do so with its own;
    `retention="30d"` has runs that ended longer ago removed now and then. `roundtrip=True` has every result made again
    from its JSON before others get it, in memory too, so that what works in tests works where runs are kept.
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
        store: str | Store | None = None,
        recover: bool = True,
        max_recoveries: int = MAX_RECOVERIES,
        lease: Duration = LEASE,
        roundtrip: bool = False,
        retention: Duration | None = None,
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
        kept = _store(store)
        lease = _lease(lease, max_recoveries, recover)
        kept_for = None if retention is None else seconds(retention, "retention")
        self._lock = threading.Lock()
        self._pid = os.getpid()
        _engines.add(self)
        self._closed = False
        self._is_chosen = False
        """Whether somebody said `use` of it."""
        self._threads = Threads(max_workers)
        self._loops = LoopThread()
        self._clock: Clock = clock or SystemClock()
        self._timers = TimerThread(self._clock)
        self._observing = [Observing(observer) for observer in told]
        self._runs: weakref.WeakValueDictionary[str, Driver] = weakref.WeakValueDictionary()
        self._under_way: dict[int, Driver] = {}
        self._tokens: list[Token[Any]] = []
        self._warned: set[Any] = set()
        self._resources = Resources(instead, threads=executor != "inline")
        self._services = self._equipped(
            clock=self._clock,
            workers=self._threads,
            loops=self._loops,
            limits=Limits(),
            timekeeper=self._timers,
            random=random.random,
            store=None,
            writer=None,
            data=_data() if roundtrip else None,
            roundtrip=roundtrip,
            observers=[observing.put for observing in self._observing],
            tracer=_tracer() if tracing else None,
            inline=executor == "inline",
            watched=are_watched(),
            plan=self.plan,
            read=_read,
            resources=self._resources,
            new_id=_new_id,
        )
        self.store: Store | None = None
        """Where its runs live so that they outlive it; None where they don't."""
        self._keep: Keep | None = None
        self._owns_store = type(store) is str or store is None
        self._terms = lease, max_recoveries, kept_for
        if kept is not None:
            self._keep_in(kept, recovers=recover)

    def _equipped(self, **ports: Any) -> Services:
        """What its drivers work with. An engine that simulates has others in the place of some."""
        return Services(**ports)

    # -- running ------------------------------------------------------------------------------------------------------

    def call(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run a workflow to its end, the calling thread taking part; return its value or raise."""
        loop = running_loop()
        if loop is not None:
            name = workflow.label
            refuse_to_block(f"{name}(...)", f"await {name}.start(...)")
        run_id = workflow.policy.run_id
        if run_id is not None or workflow.is_live or self._keep is not None:
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
        driver = Driver(self.plan(graph), self._services, keeps=bool(self._observing) or self._services.roundtrip)
        with self._lock:
            self._refuse_closed(workflow)
            self._admit(driver)
        self._bring_home(driver)
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
        if self._keep is not None:
            return self._start_kept(self._keep, workflow, run_id, args, kwargs)
        # The body may be recorded again, and is to be given what it was given the first time.
        args, kwargs = capture((tuple(args), dict(kwargs)), [])
        graph, awaited = begun(workflow, *capture((args, kwargs), []))
        plan, warnings = self._planned(graph)
        driver = Driver(plan, self._services, run_id=run_id, keeps=True)
        driver.warnings = warnings
        driver.given = (workflow, args, kwargs)
        loop = self._on_loop(driver)
        with self._lock:
            # Looked up again: somebody may have started it, or closed the engine, while the body was recorded.
            self._refuse_closed(workflow)
            known = self._known(run_id, workflow, args, kwargs)
            if known is not None:
                return known
            self._runs[driver.run_id] = driver
            self._admit(driver)
        driver.when_done(_Forget(self._under_way, id(driver)))
        self._begin(driver, loop, awaited)
        return Run(driver)

    def _on_loop(self, driver: Driver) -> Any:
        """Have the async steps of a run be done on the loop that it is started on, if there is one."""
        loop = loop_for_steps()
        if loop is not None:
            driver.coroutines.loop = loop
        return loop

    def _begin(self, driver: Driver, loop: Any, awaited: int) -> None:
        workflow = driver.plan.graph.workflow
        if loop is not None and (workflow.is_live or Lane.LOOP in driver.plan.lanes):
            driver.coroutines.stand_guard(f"flowkit run {driver.run_id}")
        self._bring_home(driver)
        driver.begin_in_background(awaited)

    # -- runs that are kept -------------------------------------------------------------------------------------------

    def _keep_in(self, store: Store, *, recovers: bool) -> None:
        """Have all runs that begin from now on live in a store."""
        services, (lease, most, kept_for) = self._services, self._terms
        services.store, services.data = store, _data()
        services.writer = Writer(store, threads=not services.inline, points=services.points)
        self._keep = Keep(
            services,
            planned=partial(self._planned, starts=True),
            admit=self._admit_durable,
            lease=lease,
            recovers=recovers,
            max_recoveries=most,
            retention=kept_for,
        )
        self.store = store
        if recovers and not services.inline:
            self._keep.attend()

    def _start_kept(
        self, keep: Keep, workflow: WorkflowSpec, run_id: str | None, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Run[Any]:
        parent = ""
        here = attempt_here.get()
        within = here[0] if here is not None and isinstance(here[0], Durable) else None
        if within is not None and here is not None and within.services is self._services and run_id is None:
            run_id, parent = within.name_child(here[1], here[2], workflow.label), within.run_id
        try:
            made = keep.start(workflow, run_id, args, kwargs, parent)
        except RunConflict:
            if here is None or not parent:
                raise
            # This attempt calls it with something else than the one before.
            made = keep.start(workflow, f"{run_id}~{here[2]}", args, kwargs, parent)
        if isinstance(made, tuple):
            return self._go_on(*made)
        known = keep.runs.get(made.run_id)
        if known is not None:
            return Run(known)
        again = bool(parent) and made.status == "failed"
        if again or not (made.is_final or made.is_held):
            taken = keep.take_up(made.run_id, workflow, again=again)
            if isinstance(taken, tuple):
                return self._go_on(*taken)
        return Run(Watched(made.run_id, self._services))

    def resume(self, workflow: WorkflowSpec, run_id: str) -> Run[Any]:
        """Go on with a run that nobody has, or that has failed; the handle of one that somebody has, or that has ended well.

        Raises `RunNotFound`, and `RunConflict` where it is a run of another workflow.
        """
        keep = self._kept("resume")
        self._refuse_closed(workflow)
        known = keep.runs.get(run_id)
        if known is not None:
            return Run(known)
        found = keep.store.run(run_id)
        if found is None:
            raise RunNotFound(run_id, f"it isn't in {keep.store.url}")
        if found.workflow != workflow.name:
            raise RunConflict(run_id, f"it is a run of `{found.workflow}`, not of `{workflow.name}`")
        if found.status == "cancelled":
            raise RunConflict(run_id, "it was cancelled, which is its end; fork it to go on from what it had done")
        return self._taken(keep, workflow, run_id, again=found.status == "failed")

    def _take_over(self, workflow: WorkflowSpec, run_id: str) -> Run[Any]:
        """Go on with a run that hasn't ended and that nobody has; just the handle of any other."""
        return self._taken(self._kept("resume"), workflow, run_id)

    def _taken(self, keep: Keep, workflow: WorkflowSpec, run_id: str, *, again: bool = False) -> Run[Any]:
        taken = keep.take_up(run_id, workflow, again=again)
        if isinstance(taken, tuple):
            return self._go_on(*taken)
        return Run(Watched(run_id, self._services))

    def fork(
        self,
        workflow: WorkflowSpec,
        run_id: str,
        at: str | Iterable[str] = (),
        replace: Mapping[str, Any] | None = None,
        new_id: str | None = None,
    ) -> Run[Any]:
        """Begin a run that goes on from the record of another, without what is to be done again.

        Raises `RunNotFound`, `RunConflict` for a run of another workflow and for an id that is taken, `LookupError` for
        keys that aren't on record.
        """
        keep = self._kept("fork")
        self._refuse_closed(workflow)
        run = keep.store.run(run_id)
        if run is None:
            raise RunNotFound(run_id, f"it isn't in {keep.store.url}")
        if run.workflow != workflow.name:
            raise RunConflict(run_id, f"it is a run of `{run.workflow}`, not of `{workflow.name}`")
        places = (at,) if isinstance(at, str) else tuple(at)
        return self._go_on(*keep.fork(workflow, run, new_id, places, dict(replace or {})))

    def _go_on(self, driver: Durable, awaited: int) -> Run[Any]:
        self._begin(driver, self._on_loop(driver), awaited)
        return Run(driver)

    def _admit_durable(self, driver: Durable) -> None:
        # What its steps start is this engine's, too, whichever is that of the thread where it was taken up.
        driver.context.run(runner_here.set, self)
        with self._lock:
            self._runs[driver.run_id] = driver
            self._admit(driver)
        driver.when_done(_Forget(self._under_way, id(driver)))

    def _kept(self, word: str) -> Keep:
        if self._keep is None:
            message = f'`{word}` is about runs that are kept, and this engine keeps none; write Engine(store="sqlite:///runs.db")'
            raise MisuseError(message)
        return self._keep

    def run(self, run_id: str) -> Run[Any]:
        """A handle of a run of this engine, or of its store, from its id. Raises `RunNotFound`."""
        driver = self._here(run_id)
        if driver is None and self._keep is not None:
            if self._keep.store.run(run_id) is None:
                raise RunNotFound(run_id, f"it isn't in {self._keep.store.url}")
            return Run(Watched(run_id, self._services))
        if driver is None:
            from flowkit.diagnostics import did_you_mean

            raise RunNotFound(
                run_id, did_you_mean(run_id, list(self._runs)) or "this engine keeps a run while its handle is held"
            )
        driver.watched = True  # by its id it can be found again
        return Run(driver)

    def _here(self, run_id: str) -> Driver | None:
        """The driver of a run that this engine is at, or was until its end; not one that it has left, unless it is closed."""
        driver = self._runs.get(run_id)
        is_left = isinstance(driver, Durable) and driver.suspended is not None
        return None if is_left and not self._closed else driver

    def _known(
        self, run_id: str | None, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Run[Any] | None:
        driver = self._here(run_id) if run_id is not None else None
        if driver is None or run_id is None:
            return None
        if workflow.policy.on_conflict == "reject":
            raise RunConflict(run_id, f"it is {driver.status}, and on_conflict='reject' was asked for")
        if workflow.policy.on_conflict == "restart":
            if driver.is_over:
                return None
            raise RunConflict(run_id, "it is under way; cancel it before it is restarted")
        declared, old_args, old_kwargs = driver.given
        if declared.declared is not workflow.declared:
            raise RunConflict(run_id, f"it is a run of `{declared.name}`, not of `{workflow.name}`")
        if not _same(_bound(workflow, old_args, old_kwargs), _bound(workflow, args, kwargs)):
            raise RunConflict(run_id, "it was started with other arguments")
        return Run(driver)

    def plan(self, graph: Graph) -> Plan:
        """Check a graph and lay it out for this engine."""
        return self._planned(graph)[0]

    def _planned(self, graph: Graph, *, starts: bool = False) -> tuple[Plan, Sequence[Diagnostic]]:
        """A checked graph, laid out; and the warnings. A run `starts` with it, or it joins one that is under way."""
        checked = check(graph, _why_not() if self._keep is not None else None, starts=starts)
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

    def _bring_home(self, driver: Driver) -> None:
        """Tell the step that starts a run, if one does: what ends that ends the run."""
        here = attempt_here.get()
        if here is not None and isinstance(here[0], Driver):
            here[0].adopt(here[1], here[2], driver)

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
            if isinstance(driver, Durable):
                while not driver.is_idle and not driver.wait(min(SLICE, max(0.0, until - self._clock.now()))):
                    if self._clock.now() >= until:
                        break
                if driver.suspend(CancelReason.SHUTDOWN):
                    left.append(driver.run_id)
                continue
            if loop is not None and driver.plays_on(loop):
                if driver.cancel(CancelReason.SHUTDOWN):
                    left.append(driver.run_id)
                continue
            if not driver.wait(max(0.0, until - self._clock.now())) and driver.cancel(CancelReason.SHUTDOWN):
                left.append(driver.run_id)
                driver.wait(1.0)
        self._close_keep()
        self.flush()
        try:
            self._resources.close()  # while the event loop is still there that some were opened on
        finally:
            parts: list[Threads | LoopThread | TimerThread | Observing] = [self._threads, self._loops, self._timers]
            for part in (*parts, *self._observing):
                part.close()
        return Unfinished(left)

    def _close_keep(self) -> None:
        """Write what is left to write, and let others have what isn't done."""
        if self._keep is None:
            return
        writer, store = self._services.writer, self._services.store
        assert writer is not None
        assert store is not None
        writer.close()
        self._keep.close()
        if self._owns_store:
            store.close()

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


def _store(given: Any) -> Store | None:
    """The store that is meant. Raises `PolicyError` for what is none, `StoreError` for one that can't be used."""
    if given is None:
        given = os.environ.get("FLOWKIT_STORE") or None
    if type(given) is not str:
        if given is not None and not hasattr(given, "commit"):
            message = f'store={given!r} is neither a URL nor a store; write store="sqlite:///runs.db"'
            raise PolicyError(message)
        return cast("Store | None", given)
    from flowkit.stores import open_store

    return open_store(given)


def _lease(given: Any, max_recoveries: Any, recover: Any) -> float:
    if type(max_recoveries) is not int or max_recoveries < 0:
        message = f"max_recoveries={max_recoveries!r} is no whole number from 0 on"
        raise PolicyError(message)
    if type(recover) is not bool:
        message = f"recover={recover!r} is neither True nor False"
        raise PolicyError(message)
    length = seconds(given, "lease")
    if length < 1:
        message = f"lease={given!r} is over before it could be renewed; write 1 or more seconds"
        raise PolicyError(message)
    return length


def _data() -> Data:
    from flowkit.stores import data

    return data


def _new_id() -> str:
    return os.urandom(8).hex()


def _why_not() -> Callable[[Any], str | None]:
    from flowkit.stores.keepable import why_not

    return why_not


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
        engine._is_chosen = True


def chosen_engine() -> Engine | None:
    """The engine of this block, or else the one given to `use`; None where neither was said."""
    here = runner_here.get()
    if isinstance(here, Engine):
        return here
    return _process[0] if _process and _process[0]._is_chosen else None


@contextlib.contextmanager
def engine_of_process(engine: Engine) -> Generator[None]:
    """Make this the engine of the process for the length of a block, on every thread."""
    with _process_lock:
        before = list(_process)
        _process[:] = [engine]
    try:
        yield
    finally:
        with _process_lock:
            _process[:] = before


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
                done = "cancelled" if engine._keep is None else "left to whoever goes on with them"
                log.warning("%s at exit, after %gs: %s", done, AT_EXIT, ", ".join(left))


install_default(default_engine)
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
