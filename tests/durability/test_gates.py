"""Gates of runs that are gone on with: whoever hears of one from the record may decide it at once."""

from __future__ import annotations

import sys

import pytest

from flowkit import Decision, Engine, GateRejected, IllegalTransition, discard, gate, in_order, step, workflow
from flowkit.stores.memory import MemoryStore

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def prepare(x: int) -> int:
    return x


@step
def choice(decision: Decision) -> str:
    return decision.choice


@workflow
def asked(x: int) -> str:
    with in_order():
        discard(prepare(x))
        return choice(gate("ship?", options=["now", "later"], name="ship"))


@pytest.fixture
def hectic():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def opened(run):
    return next(event for event in run.events() if event.kind == "gate_opened")


@pytest.mark.usefixtures("hectic")
def test_a_gate_is_open_all_the_while_it_is_yet_to_open_again():
    for _ in range(100):
        store = MemoryStore()
        with Engine(store=store, recover=False) as engine:
            opened(asked.with_options(run_id="run").start(1))
            engine.shutdown()
        with Engine(store=store, recover=False):
            run = asked.resume("run")
            assert [one.key for one in run.gates] == ["ship"]
            run.approve(opened(run).key, choice="later")
            assert run.result(LONG) == "later"
            assert run.gates == []
        assert [event.kind for event in store.events("run")].count("gate_opened") == 1


def test_a_gate_that_is_yet_to_open_again_takes_one_decision():
    store = MemoryStore()
    with Engine(store=store, recover=False) as engine:
        opened(asked.with_options(run_id="run").start(1))
        engine.shutdown()
    with Engine(store=store, recover=False):
        run = asked.resume("run")
        run.approve("ship", choice="now")
        with pytest.raises((LookupError, IllegalTransition)):
            run.approve("ship", choice="later")
        assert run.result(LONG) == "now"


def test_a_gate_that_was_rejected_is_asked_again_where_the_run_is_taken_up_again():
    """The decision that the run has failed with is none about what it asks now."""
    store = MemoryStore()
    with Engine(store=store, recover=False) as engine:
        run = asked.with_options(run_id="run").start(1)
        opened(run)
        run.reject("ship", feedback="not yet")
        with pytest.raises(GateRejected):
            run.result(LONG)
        for choice_made in ("later", "now"):
            run = asked.resume("run")
            while not engine.run("run").gates:
                pass
            if choice_made == "later":
                engine.run("run").reject("ship")
                with pytest.raises(GateRejected):
                    run.result(LONG)
            else:
                with Engine(store=store, recover=False) as other:
                    other.run("run").approve("ship", choice="now")
                assert run.result(LONG) == "now"
