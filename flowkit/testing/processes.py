"""The processes of a simulated run: each is an engine, as production has it, with ports that lead into the simulation.

A process dies at a point by an exception that nobody in the engine takes for a failure. From then on whatever it still
would do, in a `finally` say, ends in the same exception before it reaches the store or the code of a step.
"""

from __future__ import annotations

import heapq
import inspect
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from flowkit import runner
from flowkit.engine.current import attempt_here
from flowkit.engine.holding import Held
from flowkit.engine.keep import AT_ONCE, LISTEN
from flowkit.engine.kept import Claim, Commit
from flowkit.engine.runners import runner_here
from flowkit.machine.requests import Died, Point
from flowkit.policies.durations import is_a
from flowkit.runner import Engine
from flowkit.testing.outside import Effect

if TYPE_CHECKING:
    import asyncio

    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.durable import Durable
    from flowkit.engine.keep import Keep
    from flowkit.engine.kept import KeptRun, Lease
    from flowkit.engine.ports import Services, Store, Ticked
    from flowkit.graph import Graph, StepSpec, WorkflowSpec
    from flowkit.plan import Plan
    from flowkit.testing.saboteurs import Saboteur
    from flowkit.testing.worlds import When

__all__ = ["RUN", "Front", "Process", "Surroundings"]

RUN: Final = "simulated"
"""The id of every simulated run."""

_WRITES: Final = frozenset({"renew", "retire", "create", "claim", "commit", "delete", "post"})


class Surroundings(Protocol):
    """What a process is in: the simulation."""

    clock: Any
    store: Store
    newest: dict[str, int]
    turns: dict[str, int]
    version: int
    lease: float
    fakes: dict[object, Any]
    saboteurs: tuple[type[Saboteur], ...]
    sabotaged: Any

    def random(self) -> float: ...
    def new_id(self) -> str: ...
    def reach(self, process: Process, point: Point, when: When, key: str) -> None: ...
    def name(self, run_id: str, key: str) -> str: ...
    def wait(self, process: Process, until: float | None) -> bool: ...
    def began(self, effect: Effect) -> None: ...
    def wrote(self, process: Process, commits: Sequence[Commit], answers: Sequence[bool]) -> None: ...
    def claimed(self, process: Process, lease: Lease, *, again: bool) -> None: ...
    def posted(self, kind: str, name: str) -> None: ...


class Front:
    """The store, as one process sees it: who writes is known, and a process that is gone can't."""

    def __init__(self, around: Surroundings, process: Process | None) -> None:
        self._around = around
        self._process = process
        self._store: Any = around.store if process is None else around.sabotaged
        self.url = self._store.url
        self.posts = 0
        """How many messages were kept that came through here."""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        process = self._process

        def call(*args: Any, **kwargs: Any) -> Any:
            if process is not None and process.is_gone:
                raise Died
            if name in _WRITES:
                self._around.version += 1
            return method(*args, **kwargs)

        self.__dict__[name] = call
        return call

    def create(self, *args: Any, **kwargs: Any) -> Any:
        """Keep a new run."""
        return self._had(self._live().create(*args, **kwargs))

    def claim(self, *args: Any, **kwargs: Any) -> Any:
        """Take a run."""
        return self._had(self._live().claim(*args, **kwargs), again=kwargs.get("again", False))

    def _had(self, answer: Any, *, again: bool = False) -> Any:
        self._around.version += 1
        if isinstance(answer, Claim):
            lease = answer.lease
            assert self._process is not None
            self._around.newest[lease.run_id] = self._process.generations[lease.run_id] = lease.generation
            self._around.claimed(self._process, lease, again=again)
        return answer

    def commit(self, commits: Sequence[Commit]) -> Sequence[bool]:
        """Write all of this."""
        answers: Sequence[bool] = self._live().commit(commits)
        assert self._process is not None
        self._around.wrote(self._process, commits, answers)
        return answers

    def post(self, run_id: str, kind: str, name: str, *args: Any, **kwargs: Any) -> Any:
        """Keep a message."""
        number = self._live().post(run_id, kind, name, *args, **kwargs)
        if number is not None:
            self.posts += 1
            self._around.posted(kind, name)
        return number

    def close(self) -> None:
        """Nothing: the simulation looks at it when all processes are gone."""

    def _live(self) -> Any:
        if self._process is not None and self._process.is_gone:
            raise Died
        return self._store


class _Simulated(Engine):
    """An engine whose time, chance and waiting are those of a simulation."""

    def __init__(self, process: Process) -> None:
        self._process = process
        around = process.around
        super().__init__(
            executor="inline",
            tracing=False,
            clock=around.clock,
            store=cast("Store", process.store),
            lease=around.lease,
        )

    def _admit_durable(self, driver: Durable) -> None:
        if driver.run_id == RUN:
            self._process.driver = driver
        super()._admit_durable(driver)

    def _planned(self, graph: Graph, *, starts: bool = False) -> tuple[Plan, Sequence[Diagnostic]]:
        plan, warnings = super()._planned(graph, starts=starts)
        for saboteur in self._process.around.saboteurs:
            plan = saboteur.plan(plan)
        return plan, warnings

    def _equipped(self, **ports: Any) -> Services:
        process = self._process
        around = process.around
        return super()._equipped(
            **{
                **ports,
                "timekeeper": process,
                "loops": process,
                "random": around.random,
                "new_id": around.new_id,
                "points": process,
                "rest": process.rest,
                "stand_in": process.stand_in,
            }
        )


class Process:
    """One process that has the run, or had it."""

    def __init__(self, around: Surroundings, number: int) -> None:
        self.around = around
        self.number = number
        self.generations: dict[str, int] = {}
        """Per run that it has or had, the generation of its claim."""
        self.is_dead = False
        self.is_over = False
        """Whether nothing more is to happen in the simulation."""
        self.driver: Durable | None = None
        """The driver of the run, once it has one."""
        self._timers: list[tuple[float, int, Ticked]] = []
        self._count = 0
        self._loops: list[Any] = []
        self._at: dict[str, Effect] = {}
        """Per node, the newest execution of it here."""
        self._stand_ins: dict[StepSpec, Callable[..., Any]] = {}
        self.store = Front(around, self)
        self.engine = _Simulated(self)

    @property
    def keep(self) -> Keep:
        """Its part in the store."""
        keep = self.engine._keep
        assert keep is not None
        return keep

    @property
    def is_gone(self) -> bool:
        """Whether nothing of what it does may be seen any more."""
        return self.is_dead or self.is_over

    def is_owner(self, run_id: str) -> bool:
        """Whether the newest claim of a run is its own."""
        own = self.generations.get(run_id, 0)
        return own > 0 and own == self.around.newest.get(run_id)

    # -- what it does -------------------------------------------------------------------------------------------------

    def start(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """Start the run, and go on until nothing is left to do here. Raises what starting raises."""
        runner_here.set(self.engine)
        run = self.engine.start(workflow, args, kwargs)
        run._driver.watched = True

    def take_over(self, workflow: WorkflowSpec, kept: KeptRun) -> None:
        """Take the run up, and go on until nothing is left to do here."""
        from flowkit.engine.declared import declared

        runner_here.set(self.engine)
        if declared(kept.workflow) is workflow:
            self.keep.attend()
            self.keep.tend()
            if kept.in_vain >= AT_ONCE and not self.is_owner(RUN):  # it is left alone for so long
                self.around.clock.move_to(self.around.clock.now() + self.around.lease)
                self.keep.tend()
            return
        run = self.engine.resume(workflow, kept.run_id)
        run._driver.watched = True

    def hear(self) -> None:
        """Hear of what came from outside, which takes as long as it takes an engine to look again."""
        self.around.clock.move_to(self.around.clock.now() + LISTEN)
        self.keep.tend()

    def finds_it_lost(self) -> bool:
        """Look whether the run is another process's by now, as an engine does now and then; says whether it has left it."""
        if self.is_owner(RUN) or self.driver is None or self.driver.is_over:
            return False
        self.hear()
        return self.driver.is_over

    def leave(self) -> None:
        """Let go of everything, when nobody looks any more."""
        self.is_over = True
        engine = self.engine
        engine._under_way.clear()
        engine._closed = True
        runner._engines.discard(engine)
        for loop in self._loops:
            if not loop.is_closed():
                loop.leave()
        for held in engine._resources._ending():
            if isinstance(held, Held):  # those of a loop went with that
                with suppress(Exception):
                    held.close()

    # -- ports --------------------------------------------------------------------------------------------------------

    def before(self, point: Point, key: str, run_id: str) -> None:
        """A point is come to."""
        self.around.reach(self, point, "before", self.around.name(run_id, key))

    def after(self, point: Point, key: str, run_id: str) -> None:
        """A point is passed."""
        self.around.reach(self, point, "after", self.around.name(run_id, key))

    def asked_key(self, key: str, run_id: str) -> None:
        """A step has asked for its idempotency key."""
        effect = self._at.get(self.around.name(run_id, key))
        if effect is not None:
            effect.asked_key = True

    def wake_at(self, when: float, run: Ticked) -> None:
        """Have a run ticked at this time."""
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, run))

    def due(self) -> float | None:
        """When the next of those is."""
        return self._timers[0][0] if self._timers else None

    def ring(self, now: float) -> bool:
        """Tick those that are due; says whether there were any."""
        rang = False
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2].tick()
            rang = True
        return rang

    def rest(self, called: threading.Condition, until: float | None) -> bool:
        """Wait, as an inline run does that has nothing to do. Its lock is held, and let go of meanwhile."""
        called.release()
        try:
            return self.around.wait(self, until)
        finally:
            called.acquire()

    def get(self) -> asyncio.AbstractEventLoop:
        """The engine's own loop, which an inline one has no use for."""
        raise NotImplementedError

    def new(self) -> asyncio.AbstractEventLoop:
        """A loop with virtual time."""
        from flowkit.testing.loops import VirtualLoop

        loop = VirtualLoop(self, self.around.clock, lambda until: self.around.wait(self, until))
        self._loops.append(loop)
        return loop

    def stand_in(self, spec: StepSpec, function: Callable[..., Any]) -> Callable[..., Any]:
        """What is called instead of a step: itself or its fake, each time noted."""
        known = self._stand_ins.get(spec)
        if known is None:
            known = self._stand_ins[spec] = self._noting(spec, function) if not spec.suspends else function
        return known

    def _noting(self, spec: StepSpec, function: Callable[..., Any]) -> Callable[..., Any]:
        fakes = self.around.fakes
        target = _called(fakes[spec.declared]) if spec.declared in fakes else function

        if spec.is_async:

            async def call_async(*args: Any, **kwargs: Any) -> Any:
                effect = self._begin(spec, args, kwargs)
                try:
                    value = target(*args, **kwargs)
                    if inspect.isawaitable(value):
                        value = await value
                except BaseException as error:
                    effect.raised(error)
                    raise
                effect.returned(value)
                return value

            return call_async

        def call(*args: Any, **kwargs: Any) -> Any:
            effect = self._begin(spec, args, kwargs)
            try:
                value = target(*args, **kwargs)
            except BaseException as error:
                effect.raised(error)
                raise
            effect.returned(value)
            return value

        return call

    def _begin(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Effect:
        if self.is_gone:
            raise Died
        here = attempt_here.get()
        assert here is not None
        inside, index, attempt = here
        key = self.around.name(inside.run_id, inside.key(index))
        effect = Effect(self, inside, index, spec, key, attempt, args, kwargs)
        self._at[key] = effect
        self.around.began(effect)
        return effect


def _called(fake: Any) -> Callable[..., Any]:
    """What a fake means: itself, or a value to give, or an exception to raise."""
    if callable(fake):
        return cast("Callable[..., Any]", fake)

    def give(*_: Any, **__: Any) -> Any:
        if is_a(BaseException, fake):
            raise fake
        return fake

    return give
