"""A time of day that jumps, both ways, by hours and by years: leases and waiting don't notice, and nothing waits for ever."""

from __future__ import annotations

import random
import threading

import pytest

from flowkit import Engine, Outcome, Retry, discard, gate, outcome, poll, sleep, step, workflow
from flowkit.engine.keep import Keep
from flowkit.runner import engine_of_process
from flowkit.stores.memory import MemoryStore
from flowkit.testing import VirtualClock, World, crash, simulate

HOUR, DAY = 3600.0, 86_400.0
JUMPS = [HOUR, -HOUR, 25 * HOUR, -DAY, 400 * DAY, -400 * DAY]


class Jumping(VirtualClock):
    """A clock whose time of day is another one each time that somebody asks; how much time has gone by isn't."""

    def __init__(self, seed):
        super().__init__()
        self.random = random.Random(seed)

    def time(self):
        return super().time() + self.random.choice([0.0, *JUMPS])


class Set(VirtualClock):
    """A clock that is set to another time of day at a moment, for good."""

    def __init__(self, at, by):
        super().__init__()
        self.at, self.by = at, by

    def time(self):
        return super().time() + (self.by if self.elapsed >= self.at else 0.0)


class Misread(Jumping):
    """A clock by which the time that has gone by is what the time of day says: what isn't done here."""

    def now(self):
        self.read = max(getattr(self, "read", 0.0), self.time() - self.start)
        return self.read


clock: VirtualClock
seen: list[tuple[str, float, float]] = []
"""What was done, how long after the start, and at what time of day."""


def see(what):
    seen.append((what, clock.elapsed, clock.time()))


@step
def tick(what: str) -> str:
    see(what)
    return what


@step(retries=Retry(3, backoff=[60, 600], jitter="none"))
def fail_twice(what: str) -> str:
    see(what)
    if len([one for one in seen if one[0] == what]) < 3:
        raise OSError(what)
    return what


@step(retries=Retry(100, backoff=[500] * 99, jitter="none"), total_timeout="2h")
def fail(what: str) -> str:
    see(what)
    raise OSError(what)


@step
def how(what: Outcome[str]) -> str:
    see("in the end")
    return what.status


@step
def look() -> int:
    see("look")
    return len([one for one in seen if one[0] == "look"])


@workflow
def backing_off() -> str:
    return fail_twice("failing")


@workflow
def resting() -> str:
    sleep("1h")
    return tick("after an hour")


@workflow
def delayed() -> str:
    return tick.with_options(delay="30m")("after half an hour")


@workflow
def out_of_time() -> str:
    return how(outcome(fail("failing")))


@workflow
def asking_nobody() -> bool:
    answer = gate("sure?", timeout="20m", on_timeout="return")
    discard(tick("after twenty minutes"))
    return answer.approved


@workflow
def polling() -> int:
    return poll(look, until=lambda n: n >= 3, every="10m")


WAITS = {
    backing_off: ("fail_twice", "retry", 60.0),
    resting: ("sleep", "timer", HOUR),
    delayed: ("tick", "timer", HOUR / 2),
    out_of_time: ("fail", "retry", 500.0),
    asking_nobody: ("gate", "gate", HOUR / 3),
    polling: ("poll@2/sleep", "timer", 600.0),
}
"""What waits: where until when goes on record, and how long it is."""

ALL = pytest.mark.parametrize("wf", WAITS, ids=lambda wf: wf.__name__)


def run_by(a_clock, wf, *events):
    """A run by this clock; what came of it, and when what was done."""
    global clock  # noqa: PLW0603 - steps look at it
    clock = a_clock
    seen.clear()
    run = simulate(wf, clock=a_clock, world=World(*events))
    return run, list(seen)


def elapsed(told):
    return [(what, when) for what, when, _ in told]


@ALL
def test_a_time_of_day_that_jumps_changes_nothing_about_a_run(wf):
    calm, expected = run_by(VirtualClock(), wf)
    for seed in range(10):
        run, told = run_by(Jumping(seed), wf)
        assert (run.value, run.clock.elapsed) == (calm.value, calm.clock.elapsed)
        assert elapsed(told) == elapsed(expected)
        numbers = [event.number for event in run.events()]
        assert numbers == list(range(1, len(numbers) + 1))


@ALL
@pytest.mark.parametrize("by", JUMPS, ids=lambda by: f"{by / HOUR:+.0f}h")
def test_what_waits_waits_for_the_moment_that_was_said_first(wf, by):
    """The process dies while the run waits, and the time is another one when the next takes it over: not too early by
    that time, and not for ever."""
    key, point, long = WAITS[wf]
    a_clock = Set(at=10.0, by=by)
    run, told = run_by(a_clock, wf, crash(key, after=point))
    calm, _ = run_by(VirtualClock(), wf)
    assert run.fired, "it was to die"
    assert run.value == calm.value or (wf is out_of_time and run.value == "timed_out")  # while nobody had it
    later = [one for one in told if one[1] > 1.0]
    due = a_clock.start + long
    assert min(when for _, _, when in later) >= due - 1e-3
    assert run.clock.elapsed <= calm.clock.elapsed + max(0.0, -by) + 120.0


def test_waiting_by_the_time_of_day_is_found():
    """The control."""
    _, expected = run_by(VirtualClock(), resting)
    found = [elapsed(run_by(Misread(seed), resting)[1]) != elapsed(expected) for seed in range(5)]
    assert any(found)


# -- leases ------------------------------------------------------------------------------------------------------------------


class Machine:
    """Two engines at one store, who look at it when they are told to, by one clock."""

    def __init__(self, monkeypatch, leases):
        monkeypatch.setattr(Keep, "_serve", lambda self: None)
        self.clock = Ticking()
        self.store = MemoryStore(clock=getattr(self.clock, leases), time=self.clock.time)
        options = {"store": self.store, "clock": self.clock, "tracing": False, "lease": 30}
        self.first, self.second = Engine(**options), Engine(**options)
        with engine_of_process(self.first):
            self.handle = never.with_options(run_id="run").start()
        while self.store.run("run").status != "waiting":  # threads are at it
            threading.Event().wait(0.001)

    def close(self):
        self.second.shutdown()
        self.first.shutdown()

    def pass_time(self, seconds, *engines):
        """Let time go by, while these engines look after what is theirs; who has the run."""
        self.clock.seconds += seconds
        self.clock.jump()
        for engine in engines:
            engine._keep.tend()
        return self.store.run("run").owner


class Ticking:
    """Time that goes by when somebody says so, at a time of day that jumps."""

    def __init__(self):
        self.seconds, self.off = 1000.0, 0.0
        self.random = random.Random(3)

    def now(self):
        return self.seconds

    def time(self):
        return 1e9 + self.seconds + self.off

    def jump(self):
        self.off = self.random.choice(JUMPS)


@workflow
def never() -> str:
    gate("ever?")
    return tick("never")


@pytest.fixture
def taken_after(monkeypatch):
    """After how many seconds without a sign of life another engine has the run; 0 if it didn't wait for that."""
    made = []

    def taken_after(leases):
        machine = Machine(monkeypatch, leases)
        made.append(machine)
        owner = machine.first._keep.owner
        machine.second._keep.attend()
        for _ in range(40):
            if machine.pass_time(10.0, machine.first, machine.second) != owner:
                return 0.0
        for silence in range(1, 60):
            if machine.pass_time(1.0, machine.second) != owner:
                return float(silence)
        return float("inf")

    yield taken_after
    for machine in made:
        machine.close()


def test_a_run_is_taken_over_when_its_owner_is_silent_for_as_long_as_its_lease_and_not_before(taken_after):
    """Renewals come at times of day that are hours before or after one another."""
    assert 30.0 <= taken_after("now") <= 41.0


def test_leases_by_the_time_of_day_are_found(taken_after):
    """The control."""
    assert not 30.0 <= taken_after("time") <= 41.0
