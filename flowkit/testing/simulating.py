"""Running a workflow in a world of its own: one thread, a clock that jumps, and processes that come and go.

What decides is what decides in production: the machine, its driver, the journal and the keep of an engine that keeps its
runs. Time, chance, waiting and the world outside are the simulation's. A process that dies at a point is dropped there;
when its lease is over, another one takes the run up from the store. One that stands still at a point is left standing
in the middle of its work, another one takes over meanwhile, and then it goes on.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, cast

from flowkit.decorators import Step, Workflow
from flowkit.engine.driver import Driver
from flowkit.engine.run import Run
from flowkit.engine.watched import Watched
from flowkit.errors import MisuseError, PolicyError
from flowkit.graph import context_of_steps
from flowkit.machine.requests import Died, Point
from flowkit.policies import seconds
from flowkit.stores import data as data_of_stores
from flowkit.stores.memory import MemoryStore
from flowkit.testing.clocks import VirtualClock
from flowkit.testing.outside import Answer, Effect
from flowkit.testing.processes import RUN, Front, Process
from flowkit.testing.saboteurs import at_work
from flowkit.testing.simulated import Reached, SimulatedRun
from flowkit.testing.stories import Entry, Mark, Note, Wrote
from flowkit.testing.worlds import Crash, Pause, When, World, WorldEvent

if TYPE_CHECKING:
    from contextvars import Context

    from flowkit.engine.kept import Commit, KeptNode, Lease
    from flowkit.engine.ports import Services, Store
    from flowkit.policies import Duration

__all__ = ["Simulation", "simulate"]

LEASE: Final = 30.0
MOST: Final = 30
"""How many processes may come and go beyond those that the world lets die."""


class Simulation:
    """Everything that one simulated run is in."""

    def __init__(
        self,
        workflow: Workflow[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        *,
        world: World,
        steps: Mapping[Any, Any],
        store: Store | None,
        outside: Sequence[Answer] | Callable[[Run[Any]], object],
        lease: float,
        clock: VirtualClock,
        once: Iterable[Step[..., Any]] = (),
    ) -> None:
        self.workflow = workflow
        self.spec = workflow.spec
        self.args, self.kwargs = tuple(args), dict(kwargs)
        self.world = world
        self.lease = lease
        self.clock = clock
        clock.elapsed = 0.0
        self.store: Store = store if store is not None else MemoryStore(clock=clock.now, time=clock.time)
        self.fakes: dict[object, Any] = {_spec_of(step): fake for step, fake in steps.items()}
        self.saboteurs = at_work()
        self.sabotaged: Any = self.store
        """The store, as processes see it."""
        for saboteur in self.saboteurs:
            self.sabotaged = saboteur(self.sabotaged)
        self.random = random.Random(0).random  # noqa: S311 - the same in every simulation
        self.newest: dict[str, int] = {}
        """Per run, the generation of the newest claim."""
        self.turns: dict[str, int] = {}
        """Per run, how often it was taken up again after it had failed: then what failed is done once more."""
        self.version = 0
        """Rises with everything that could be seen from outside of a process."""
        self.happened: list[Entry] = []
        self.lost: list[str] = []
        """What was on record and has changed, or is gone."""
        self.once: frozenset[object] = frozenset(_spec_of(step) for step in once)
        self._held: dict[str, dict[str, KeptNode]] = {}
        self.reached: list[Reached] = []
        self.fired: list[WorldEvent] = []
        self.fired_at = 0
        """How many points had been come to when the last of them happened."""
        self.processes: list[Process] = []
        self.hung: list[Process] = []
        """Processes that wait for ever, since they don't know that the run is another's."""
        self.is_over = False
        """Whether the run waits for what will never come."""
        self.base: Context = context_of_steps()
        self._pending = list(world.events)
        self._armed: Any = self._pending[0].place if self._pending else None
        self._seen = 0
        self._ids = 0
        self._outside = outside
        self._answered: set[str] = set()
        self._waited: frozenset[str] = frozenset()
        self._front = Front(self, None)
        self.current: Process | None = None
        """The process whose code runs."""

    # -- the run, from its start to its end -----------------------------------------------------------------------------

    def go(self) -> None:
        """Have the run done."""
        self.clock.passing = self._pass
        try:
            with _beside_the_loop():
                self._go_on()
        finally:
            self.clock.passing = None
            for process in self.processes:
                process.leave()

    def _go_on(self) -> None:
        """Have one process after another come, until the run has ended or waits for what never comes."""
        for _ in range(MOST + sum(event.times for event in self.world.events if isinstance(event, Crash))):
            kept = self.store.run(RUN)
            if self.is_over or (kept is not None and (kept.is_final or kept.stuck)):
                return
            if kept is not None:
                self._react()
            if kept is not None and kept.is_held:
                self.clock.move_to(self.clock.elapsed + self.lease + 1)
            self.base.copy().run(self._next_process)

    def _next_process(self) -> None:
        before = self.current
        process = self.current = Process(self, len(self.processes) + 1)
        self.processes.append(process)
        try:
            kept = self.store.run(RUN)
            if kept is None:
                variant = self.workflow.with_options(run_id=RUN)
                process.start(variant.spec, self.args, self.kwargs)
            else:
                process.take_over(self.spec, kept)
            if not process.is_gone:
                process.engine._close_keep()
        except Died:
            if not process.is_gone:
                raise
        finally:
            self.current = before

    # -- what processes tell --------------------------------------------------------------------------------------------

    def reach(self, process: Process, point: Point, when: When, key: str) -> None:
        """A process has come to a point."""
        if process.is_gone:
            raise Died
        self.reached.append((point, when, key, self.version, self.clock.elapsed, process.number))
        if self._armed is None or self._armed != (point, when, key):
            return
        self._seen += 1
        event = self._pending[0]
        times = event.times if isinstance(event, Crash) else 1
        if self._seen < event.nth:
            return
        if self._seen - event.nth + 1 >= times:
            self._pending.pop(0)
            self._armed = self._pending[0].place if self._pending else None
            self._seen = 0
        self.fired.append(event)
        self.fired_at = len(self.reached)
        if isinstance(event, Pause):
            self._stand_still(process, event)
        else:
            self.happened.append(Mark(event, "the process dies here"))
            process.is_dead = True
            raise Died

    def _stand_still(self, process: Process, event: WorldEvent) -> None:
        """Let a process stand in the middle of what it does, while another one takes the run over."""
        self.happened.append(Mark(event, f"engine {process.number} stands still here"))
        self.clock.move_to(self.clock.elapsed + 2 * self.lease)
        before = self.current
        with _beside_the_loop():
            self._go_on()
        self.current = before
        if self.is_over:
            raise Died
        self.happened.append(Note(f"engine {process.number} goes on"))

    def wait(self, process: Process, until: float | None) -> bool:
        """A process has nothing to do until a time, or as long as nobody calls it; says whether somebody did."""
        if process.is_gone:
            raise Died
        writer = process.engine._services.writer
        assert writer is not None
        if not writer.is_idle:
            writer.drain()
            return True
        if process.ring(self.clock.elapsed):
            return True
        if self._react():
            process.hear()
            return True
        due = process.due()
        if due is not None and (until is None or due < until):
            until = due
        if until is None and process.finds_it_lost():
            return True
        if until is None:
            self._wait_for_nothing(process)
        else:
            self._pass(until, process)
        return False

    def _wait_for_nothing(self, process: Process) -> None:
        """Nothing will ever happen here."""
        if process.is_owner(RUN):
            self.happened.append(Note("the run waits for what doesn't come"))
            self.is_over = True
            for one in self.processes:
                one.is_over = True
        else:
            self.happened.append(
                Note(f"engine {process.number} waits for ever: it doesn't know that it has lost the run")
            )
            self.hung.append(process)
            process.is_dead = True
        raise Died

    def _pass(self, until: float, process: Process | None = None) -> None:
        """Let time pass, with whoever is there renewing its lease and hearing what comes from outside."""
        here = process or self.current
        if until > self.clock.elapsed:
            self.clock.move_to(until)
            if here is not None and not here.is_gone:
                here.keep.tend()

    def began(self, effect: Effect) -> None:
        """A step's own code is about to run."""
        effect.place, effect.at = len(self.happened), self.clock.elapsed
        self.version += 1
        self.happened.append(effect)

    def name(self, run_id: str, key: str) -> str:
        """What a node is called here: of a run that a step started, behind what that run is called."""
        if run_id in ("", RUN):
            return key
        child = run_id.removeprefix(f"{RUN}/")
        return f"{child}/{key}" if key else child

    def wrote(self, process: Process, commits: Sequence[Commit], answers: Sequence[bool]) -> None:
        """A process has asked for something to be written."""
        self.version += 1
        for commit, done in zip(commits, answers, strict=True):
            run_id = commit.lease.run_id
            self.happened.append(
                Wrote(
                    process, commit, done, self.newest[run_id], self.name(run_id, "x")[:-1], self.turns.get(run_id, 0)
                )
            )
            self._look_at_results(run_id)

    def _look_at_results(self, run_id: str) -> None:
        """See that what was on record still is: after everything that was written."""
        held, there = self._held.setdefault(run_id, {}), 0
        for node in self.store.nodes(run_id):
            if not node.sequence:
                continue
            there += 1
            before = held.get(node.key)
            if before is None:
                held[node.key] = node
            elif before is not node and (before.value, before.status) != (node.value, node.status):
                said = [f"{one.status}, {one.value}" for one in (before, node)]
                self.lost.append(
                    f"on record of `{self.name(run_id, node.key)}` was `{said[0]}`, and now is `{said[1]}`"
                )
        if there < len(held):
            now = {node.key for node in self.store.nodes(run_id) if node.sequence}
            self.lost.append(f"what was on record of `{self.name(run_id, min(held.keys() - now))}` is gone")

    def claimed(self, process: Process, lease: Lease, *, again: bool) -> None:
        """A process has the run."""
        if again:
            self.turns[lease.run_id] = self.turns.get(lease.run_id, 0) + 1
            self._held.pop(lease.run_id, None)
        else:
            self._look_at_results(lease.run_id)
        what = "" if lease.run_id == RUN else f" `{self.name(lease.run_id, '')}`"
        if lease.generation > 1:
            self.happened.append(Note(f"engine {process.number} takes over{what} (generation {lease.generation})"))
        elif what:
            self.happened.append(Note(f"{what.strip()} is started"))

    def posted(self, kind: str, name: str) -> None:
        """Something came from outside."""
        self.version += 1
        said = {
            "signal": f"the signal `{name}` is sent",
            "decision": f"`{name}` is decided",
            "cancel": "it is cancelled",
        }
        self.happened.append(Note(f"from outside: {said[kind]}"))

    def new_id(self) -> str:
        """An id, the same in every simulation."""
        self._ids += 1
        return f"{self._ids:016x}"

    # -- what comes from outside ----------------------------------------------------------------------------------------

    def _react(self) -> bool:
        """Have the world outside answer, if the run waits for it; says whether it did."""
        if not self._outside:
            return False
        waiting = {key: kind for key, kind in map(_wait_of, self.store.nodes(RUN)) if kind}
        posts = self._front.posts
        if callable(self._outside):
            if waiting and frozenset(waiting) != self._waited:
                self._waited = frozenset(waiting)
                self._outside(self._seen_from_outside())
        else:
            for key in [key for key in waiting if key not in self._answered]:
                if any(answer.act(self._seen_from_outside(), waiting[key], key) for answer in self._outside):
                    self._answered.add(key)
        return self._front.posts > posts

    def _seen_from_outside(self) -> Run[Any]:
        services = _Outside(self._front, self.clock)
        return Run(cast("Driver", Watched(RUN, cast("Services", services))))


class _Outside:
    """What the handle of somebody outside works with."""

    def __init__(self, store: Front, clock: VirtualClock) -> None:
        self.store = store
        self.clock = clock
        self.data = data_of_stores


def simulate(
    workflow: Workflow[..., Any],
    *args: Any,
    world: World | None = None,
    steps: Mapping[Any, Any] | None = None,
    outside: Sequence[Answer] | Callable[[Run[Any]], object] = (),
    kwargs: Mapping[str, Any] | None = None,
    store: Store | None = None,
    lease: Duration = LEASE,
    clock: VirtualClock | None = None,
    once: Iterable[Step[..., Any]] = (),
) -> SimulatedRun:
    """Run a workflow with these arguments in a world of its own, and return what came of it. Raises nothing of the run's.

    Everything is done in this thread, in virtual time: a year of waiting takes no longer than a second. Steps run for
    real, but for those that `steps` has fakes for: a function, a value to return, or an exception to raise. `outside`
    is what the world answers when the run waits for it: `[approve("ship it?"), send("paid", 3)]`, or a function that is
    called with the run when it waits. `kwargs` are keyword arguments of the workflow. `lease` is how long a process that
    died has the run before another takes it over. `clock` is for fakes that take their time. `once` are steps that
    mustn't do what they do twice, besides those that are declared to be effects: what `OneEffectPerKey` is about.

    Raises what starting the workflow raises, as `CheckFailed`.
    """
    simulation = Simulation(
        _workflow(workflow),
        args,
        kwargs or {},
        world=world or World(),
        steps=steps or {},
        store=store,
        outside=outside,
        lease=seconds(lease, "lease"),
        clock=clock or VirtualClock(),
        once=once,
    )
    simulation.go()
    return SimulatedRun(simulation)


def _workflow(given: object) -> Workflow[..., Any]:
    if not isinstance(given, Workflow):
        raise MisuseError(f"simulate({given!r}): pass a workflow, then its arguments: simulate(checkout, order)")
    return given


def _spec_of(step: object) -> object:
    if not isinstance(step, Step):
        raise PolicyError(f"steps={{{step!r}: ...}}: the keys are steps, as in steps={{charge: fake}}")
    return step.spec.declared


def _wait_of(node: KeptNode) -> tuple[str, str]:
    """The key of a node, and what it waits for from outside: `gate`, the name of a signal, or nothing."""
    if node.status != "waiting" or not node.step.startswith("flowkit:") or node.step == "flowkit:sleep":
        return node.key, ""
    return node.key, "gate" if '"gate"' in node.facts else node.step.removeprefix("flowkit:")


def _beside_the_loop() -> AbstractContextManager[None]:
    if "asyncio" not in sys.modules:
        return nullcontext()
    from flowkit.testing.loops import beside_the_loop

    return beside_the_loop()
