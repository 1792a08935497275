"""What came of a simulated run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Signature
from typing import TYPE_CHECKING, Any, TypeAlias

from flowkit.decorators import Step
from flowkit.machine.statuses import RunStatus
from flowkit.stores import data
from flowkit.testing.laws import check
from flowkit.testing.outside import Effect, Effects
from flowkit.testing.processes import RUN
from flowkit.testing.stories import lines

if TYPE_CHECKING:
    from flowkit.engine.durable import Durable
    from flowkit.engine.events import Event as RunEvent
    from flowkit.engine.kept import KeptRun
    from flowkit.engine.records import StepRecord
    from flowkit.machine.requests import Point
    from flowkit.testing.clocks import VirtualClock
    from flowkit.testing.simulating import Simulation
    from flowkit.testing.worlds import When, World, WorldEvent

__all__ = ["Reached", "SimulatedRun"]

Reached: TypeAlias = "tuple[Point, When, str, int, float, int]"
"""A point that was come to: which, before or after it, at which node; the version, the time and the process."""


class SimulatedRun:
    """A run that was simulated, and all that happened in it."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        kept = simulation.store.run(RUN)
        assert kept is not None
        self.kept: KeptRun = kept
        """The run as it is on record."""
        self.effects = Effects([one for one in simulation.happened if isinstance(one, Effect)])
        """Each execution of a step's own code, in their order."""

    # -- as a run in production has it ----------------------------------------------------------------------------------

    @property
    def status(self) -> RunStatus:
        """How it ended; `waiting` where it waits for what doesn't come, `running` where nobody could go on with it."""
        if self.kept.is_final:
            return RunStatus(self.kept.status)
        return RunStatus.WAITING if self.simulation.is_over else RunStatus.RUNNING

    @property
    def succeeded(self) -> bool:
        """Whether it has succeeded."""
        return self.kept.status == "succeeded"

    @property
    def value(self) -> Any:
        """What it returned, as it is on record; None where it returned nothing."""
        returns = self.simulation.spec.returns
        if self.kept.result is None:
            return None
        return data.loads(self.kept.result, Any if returns is Signature.empty else returns)

    @property
    def error(self) -> BaseException | None:
        """What it failed with."""
        driver = self._driver
        if driver is not None and driver.conclusion is not None and driver.conclusion.status.is_final:
            return driver.conclusion.error
        return None if self.kept.error is None else data.load_error(self.kept.error)

    @property
    def steps(self) -> Sequence[StepRecord]:
        """Its steps as they are in the end."""
        driver = self._driver
        return driver.step_records() if driver is not None else []

    def events(self) -> list[RunEvent]:
        """Its transitions, as they are on record."""
        store, name = self.simulation.store, self.kept.workflow
        steps = {node.key: node.step for node in store.nodes(self.kept.run_id)}
        return [data.load_event(one, self.kept.run_id, name, steps) for one in store.events(self.kept.run_id)]

    @property
    def _driver(self) -> Durable | None:
        """The driver of whoever had it last."""
        drivers = [process.driver for process in self.simulation.processes if process.driver is not None]
        return next((one for one in reversed(drivers) if one.conclusion is not None and not one.suspended), None) or (
            drivers[-1] if drivers else None
        )

    # -- as only a simulation has it ------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        """What it was put through."""
        return self.simulation.world

    @property
    def clock(self) -> VirtualClock:
        """Its time; `run.clock.elapsed` is how long it took."""
        return self.simulation.clock

    @property
    def fired(self) -> Sequence[WorldEvent]:
        """The events of the world that happened: one whose point was never come to didn't."""
        return list(self.simulation.fired)

    @property
    def reached(self) -> set[tuple[Point, When]]:
        """The points that it came to."""
        return {one[:2] for one in self.simulation.reached}

    @property
    def takeovers(self) -> int:
        """How often another process took it over."""
        return max(0, self.kept.generation - 1)

    def executions(self, step: str | Step[..., Any]) -> int:
        """How often a step's own code ran: of all its calls, or of one node by its key."""
        return len(self.effects.of(step))

    def check(self, *more: Callable[[SimulatedRun], object]) -> None:
        """Hold it to all laws, and to `more` of them. Raises what a broken one raises, with the story."""
        check(self, more)

    def story(self) -> str:
        """What happened, in numbered lines; the one where a process dies or stands still is marked."""
        return "\n".join(lines(self.simulation.happened))

    def __repr__(self) -> str:
        return f"<simulated run of {self.simulation.spec.label} in {self.world!r}: {self.status}>"
