"""What steps did is undone where it came to nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowkit import (
    CheckFailed,
    Engine,
    Fallback,
    Outcome,
    PolicyError,
    Retry,
    Run,
    RunCancelled,
    StepOptions,
    always,
    concurrent,
    current,
    discard,
    outcome,
    race,
    result_of,
    scope,
    step,
    workflow,
)
from flowkit.engine import events

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""

AMPLE = 0.3
"""Seconds for a timeout that is meant to be hit, once the step has begun."""


ledger: list[str] = []
"""What was done and undone, in order."""


@pytest.fixture(autouse=True)
def empty():
    ledger.clear()


@pytest.fixture(params=["thread", "inline"])
def engine(request):
    with Engine(executor=request.param) as engine:
        yield engine


def undo(done: Outcome[int], x: int) -> None:
    ledger.append(f"undo {x}: {done.status}")


@step(compensate=undo)
def do(x: int) -> int:
    ledger.append(f"do {x}")
    return x


@step(effect=True)
def fail(*given: object) -> int:
    raise ValueError("no")


@step
def show(x: object) -> str:
    return str(x)


@pytest.mark.usefixtures("engine")
def test_what_was_done_is_undone_in_reverse_order_where_the_run_fails():
    @workflow
    def booking() -> int:
        return fail(do(1), do(2), do(3))

    with pytest.raises(ValueError, match="no"):
        booking()

    assert ledger == ["do 1", "do 2", "do 3", "undo 3: succeeded", "undo 2: succeeded", "undo 1: succeeded"]


@pytest.mark.usefixtures("engine")
def test_nothing_is_undone_where_the_run_succeeds():
    @workflow
    def booking() -> list[int]:
        return [do(1), do(2)]

    assert booking() == [1, 2]
    assert ledger == ["do 1", "do 2"]


def test_a_compensation_gets_the_outcome_and_all_arguments():
    seen = []

    def refund(done: Outcome[str], order: str, *, price: int = 0) -> None:
        seen.append((done.value, order, price))

    @step(compensate=refund)
    def charge(order: str, *, price: int = 0) -> str:
        return f"{order} for {price}"

    @workflow
    def shop(order: str) -> int:
        return fail(charge(show(order), price=7))

    with pytest.raises(ValueError, match="no"):
        shop("tea")
    assert seen == [("tea for 7", "tea", 7)]


def test_what_failed_for_certain_is_not_undone():
    @step(compensate=undo, retries=Retry(2, backoff=[0]))
    def refuse(x: int) -> int:
        raise LookupError(x)

    @workflow
    def booking() -> int:
        return refuse(do(1))

    with pytest.raises(LookupError):
        booking()
    assert ledger == ["do 1", "undo 1: succeeded"]


def test_what_never_began_is_not_undone():
    @workflow
    def booking() -> int:
        return do(fail())

    with pytest.raises(ValueError, match="no"):
        booking()
    assert ledger == []


def test_an_attempt_that_ran_out_of_time_is_undone_for_it_may_have_come_through():
    @step(compensate=undo, timeout=AMPLE)
    async def slow(x: int) -> int:
        await asyncio.sleep(LONG)
        return x

    @workflow
    def booking() -> int:
        return slow.ref(1)

    with pytest.raises(TimeoutError):
        booking()
    assert ledger == ["undo 1: timed_out"]


def test_an_attempt_in_doubt_is_undone_though_the_last_one_failed_for_certain():
    @step(compensate=undo, timeout=AMPLE, retries=Retry(2, backoff=[0]))
    async def slow(x: int) -> int:
        if current().attempt == 1:
            await asyncio.sleep(LONG)
        raise LookupError

    @workflow
    def booking() -> int:
        return slow.ref(1)

    with pytest.raises(LookupError):
        booking()
    assert ledger == ["undo 1: failed"]


def test_what_a_fallback_stood_in_for_is_not_undone():
    @step(compensate=undo, on_failure=Fallback(0))
    def refuse(x: int) -> int:
        raise LookupError

    @workflow
    def booking() -> int:
        return fail(refuse(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert ledger == []


def test_an_attempt_in_doubt_that_a_fallback_stands_in_for_is_undone_without_the_fallbacks_value():
    seen = []

    def look(done: Outcome[int], x: int) -> None:
        seen.append((done.ok, type(done.error)))

    @step(compensate=look, timeout=AMPLE, on_failure=Fallback(0))
    async def slow(x: int) -> int:
        await asyncio.sleep(LONG)
        return x

    @workflow
    def booking() -> int:
        return fail(slow.ref(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert [ok for ok, _ in seen] == [False]
    assert issubclass(seen[0][1], TimeoutError)


def test_a_cancelled_run_undoes_what_was_done_and_what_runs():
    began, release = threading.Event(), threading.Event()

    @step(compensate=undo)
    def wait(x: int) -> int:
        began.set()
        release.wait(LONG)
        return x

    @workflow
    def booking() -> int:
        return wait(do(1))

    run = booking.start()
    assert began.wait(LONG)
    run.cancel("enough")
    with pytest.raises(RunCancelled):
        run.result(LONG)
    release.set()
    assert ledger == ["do 1", "undo 1: cancelled", "undo 1: succeeded"]


def test_every_item_of_a_map_is_undone():
    @workflow
    def booking() -> int:
        return fail(do.map([1, 2, 3]))

    with Engine(executor="inline"), pytest.raises(ValueError, match="no"):
        booking()
    assert ledger[3:] == ["undo 3: succeeded", "undo 2: succeeded", "undo 1: succeeded"]


def test_without_fail_fast_it_is_undone_when_everything_else_is_done():
    @workflow(fail_fast=False)
    def booking() -> list[int]:
        with concurrent():
            return [do(1), fail(), do(2)]

    with pytest.raises(ExceptionGroup):
        booking()
    assert sorted(ledger[:2]) == ["do 1", "do 2"]
    assert sorted(ledger[2:]) == ["undo 1: succeeded", "undo 2: succeeded"]


# -- compensations as steps -----------------------------------------------------------------------------------------------


def test_a_compensation_is_a_step_with_a_key_and_events_of_its_own():
    @workflow
    def booking() -> int:
        return fail(do(1))

    run = booking.start()
    run.wait(LONG)

    assert [record.key for record in run.steps] == ["do", "fail", "do:undo"]
    told = [event for event in run.events() if isinstance(event, events.StepCompensated)]
    assert [(event.key, event.by) for event in told] == [("do", "do:undo")]


def test_a_compensation_is_retried_as_it_says():
    tries = []

    @step(retries=Retry(3, backoff=[0, 0]))
    def refund(done: Outcome[int], x: int) -> None:
        tries.append(current().attempt)
        if len(tries) < 3:
            raise OSError

    @workflow
    def booking() -> int:
        return fail(do.with_options(compensate=refund)(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert tries == [1, 2, 3]


def test_the_defaults_of_the_workflow_hold_for_compensations():
    tries = []

    def refund(done: Outcome[int], x: int) -> None:
        tries.append(current().attempt)
        if len(tries) < 2:
            raise OSError

    @workflow(defaults=StepOptions(retries=Retry(2, backoff=[0], on=(OSError,))))
    def booking() -> int:
        return fail(do.with_options(compensate=refund)(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert tries == [1, 2]


def test_a_compensation_that_fails_is_told_and_the_rest_goes_on():
    def refuse(done: Outcome[int], x: int) -> None:
        raise OSError("gone")

    @workflow
    def booking() -> int:
        return fail(do(1), do.with_options(compensate=refuse)(2), do(3))

    with pytest.raises(ValueError, match="no") as caught:
        booking()
    assert ledger[3:] == ["undo 3: succeeded", "undo 1: succeeded"]
    assert any("`do#2:refuse` failed" in note and "gone" in note for note in caught.value.__notes__)


def test_an_async_compensation_is_awaited():
    async def refund(done: Outcome[int], x: int) -> None:
        await asyncio.sleep(0)
        ledger.append("refunded")

    @workflow
    def booking() -> int:
        return fail(do.with_options(compensate=refund)(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert ledger == ["do 1", "refunded"]


def test_always_blocks_come_after_compensations_and_are_not_undone():
    @step
    def close() -> None:
        ledger.append("close")

    @workflow
    def booking() -> int:
        with always():
            close()
            do(9)
        return fail(do(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert ledger == ["do 1", "undo 1: succeeded", "close", "do 9"]


# -- workflows in bodies --------------------------------------------------------------------------------------------------


@workflow
def trip(x: int) -> int:
    return fail(do(x))


@workflow
def fine(x: int) -> int:
    return do(x)


@pytest.mark.usefixtures("engine")
def test_a_called_workflow_that_fails_undoes_its_own_also_where_that_is_handled():
    @workflow
    def planning(x: int) -> list[object]:
        return [do(x), show(outcome(trip(x + 1)))]

    one, two = planning(1)
    assert one == 1
    assert "failed" in two
    assert sorted(ledger) == ["do 1", "do 2", "undo 2: succeeded"]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("known", [True, False])
def test_a_called_workflow_that_succeeded_is_undone_with_the_one_that_called_it(known):
    @workflow
    def planning(x: int) -> int:
        return fail(fine(x if known else do(x)))

    with pytest.raises(ValueError, match="no"):
        planning(1)
    assert ledger[-1] == "undo 1: succeeded"
    assert ledger.count("undo 1: succeeded") == (1 if known else 2)


def test_rounds_are_undone_too():
    @workflow
    def again(x: int) -> int:
        if x == 3:
            return fail()
        return again(do(x + 1))

    with pytest.raises(ValueError, match="no"):
        again(0)
    assert ledger[3:] == ["undo 3: succeeded", "undo 2: succeeded", "undo 1: succeeded"]


def test_a_body_that_asks_for_results_and_raises_has_them_undone():
    @workflow
    def booking() -> int:
        if result_of(do(1)) == 1:
            raise LookupError("sold out")
        return do(2)

    with pytest.raises(LookupError):
        booking()
    assert ledger == ["do 1", "undo 1: succeeded"]


def test_a_live_body_that_raises_has_what_it_awaited_undone():
    @workflow
    async def booking() -> int:
        await do.submit(1)
        await do.submit(2)
        raise LookupError("sold out")

    with pytest.raises(LookupError):
        booking.start().result(LONG)
    assert ledger == ["do 1", "do 2", "undo 2: succeeded", "undo 1: succeeded"]


def test_a_live_body_that_gives_up_a_call_has_it_undone_and_goes_on():
    began = threading.Event()

    @step(compensate=undo)
    async def wait(x: int) -> int:
        began.set()
        await asyncio.sleep(LONG)
        return x

    @workflow
    async def booking() -> int:
        task = asyncio.ensure_future(wait(1))
        await asyncio.to_thread(began.wait, LONG)
        task.cancel()
        return await do.submit(2)

    assert booking.start().result(LONG) == 2
    assert sorted(ledger) == ["do 2", "undo 1: cancelled"]


# -- what is left behind --------------------------------------------------------------------------------------------------


def test_losers_of_a_race_are_undone_and_the_run_goes_on():
    began = threading.Event()

    @step(compensate=undo)
    async def slow(x: int) -> int:
        began.set()
        await asyncio.sleep(LONG)
        return x

    @step
    def quick(x: int) -> int:
        assert began.wait(LONG)
        return x

    @workflow
    def booking() -> int:
        return race(slow.ref(1), quick(2))

    assert booking() == 2
    assert ledger == ["undo 1: cancelled"]


def test_a_workflow_that_loses_a_race_undoes_what_it_did():
    done = threading.Event()

    @step
    async def wait(x: int) -> int:
        done.set()
        await asyncio.sleep(LONG)
        return x

    @workflow
    def careful(x: int) -> int:
        return wait.ref(do(x))

    @step
    def quick() -> int:
        assert done.wait(LONG)
        return 2

    @workflow
    def booking() -> int:
        return race(careful(1), quick())

    assert booking() == 2
    assert ledger == ["do 1", "undo 1: succeeded"]


def test_what_is_done_in_a_scope_that_is_cancelled_is_undone_and_no_more():
    @workflow
    def booking() -> int:
        do(1)
        with scope() as tentative:
            do(2)
            do(3)
        tentative.cancel(after=do(4))
        return do(5)

    assert booking() == 5
    assert ledger[:4] == ["do 1", "do 2", "do 3", "do 4"]
    assert [one for one in ledger if one.startswith("undo")] == ["undo 3: succeeded", "undo 2: succeeded"]


def test_what_was_undone_with_its_scope_is_not_undone_again_with_the_run():
    @workflow
    def booking() -> int:
        with scope() as tentative:
            do(2)
        tentative.cancel(after=do(4))
        return fail(do(5))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert sorted(one for one in ledger if one.startswith("undo")) == [
        "undo 2: succeeded",
        "undo 4: succeeded",
        "undo 5: succeeded",
    ]


# -- the end of a process -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unmeasured")
def test_ctrl_c_undoes_what_was_done_however_long_that_takes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import signal, sys, threading
from flowkit import Outcome, step, workflow

asked, may = threading.Event(), threading.Event()

def undo(done: Outcome[int], x: int) -> None:
    print("undoing", flush=True)
    sys.stdin.readline()
    print("undone", flush=True)

@step(compensate=undo)
def do(x: int) -> int:
    return x

@step
def wait(x: int) -> int:
    print("waiting", flush=True)
    threading.Event().wait()

@workflow
def booking() -> int:
    return wait(do(1))

booking()
""")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, script], env=environment, text=True, **pipes) as process:
        try:
            assert process.stdout.readline() == "waiting\n"
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "undoing\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.5)  # longer than a run that hangs is given
            process.stdin.write("go on\n")
            process.stdin.flush()
            assert process.stdout.readline() == "undone\n"
            assert process.wait(LONG) != 0
        finally:
            process.kill()


def give_up(done: Outcome[int], x: int) -> None:
    ledger.append(f"interrupted at {x}")
    raise KeyboardInterrupt


@step(compensate=give_up)
def do_until_interrupted(x: int) -> int:
    return x


@step
def interrupt(*_args: int) -> int:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("engine")
def test_ctrl_c_undoes_what_was_done_wherever_steps_run():
    @workflow
    def booking() -> int:
        return interrupt(do(1), do(2))

    with pytest.raises(KeyboardInterrupt):
        booking()
    assert ledger[2:] == ["undo 2: succeeded", "undo 1: succeeded"]


@pytest.mark.parametrize("ends", [fail, interrupt])
@pytest.mark.usefixtures("engine")
def test_ctrl_c_in_a_compensation_is_its_failure_and_the_rest_goes_on(ends):
    @workflow
    def booking() -> int:
        return ends(do(1), do_until_interrupted(2), do(3))

    with pytest.raises(KeyboardInterrupt):
        booking()
    assert ledger[2:] == ["undo 3: succeeded", "interrupted at 2", "undo 1: succeeded"]


@pytest.mark.usefixtures("engine")
def test_ctrl_c_in_an_always_block_is_its_failure_and_the_run_ends():
    @workflow
    def booking() -> int:
        with always():
            discard(interrupt())
        return do(1)

    with pytest.raises(KeyboardInterrupt):
        booking()


def test_ctrl_c_waits_for_a_compensation_that_is_tried_again():
    tries: list[int] = []

    @step(retries=Retry(2, backoff=[1.5], jitter=0))  # longer than a run that hangs is given
    def try_again(done: Outcome[int], x: int) -> None:
        tries.append(x)
        if len(tries) < 2:
            raise ConnectionError("not yet")

    @step(compensate=try_again)
    def reserve(x: int) -> int:
        return x

    @workflow
    def booking() -> int:
        return interrupt(reserve(1))

    with pytest.raises(KeyboardInterrupt):
        booking()
    assert tries == [1, 1]


@pytest.mark.parametrize("where", ["under way", "before it", "between them"])
def test_a_run_ends_though_the_loop_of_its_compensations_is_closed(where):
    """What can't be undone any more is told; what can be is undone."""
    begun, go_on = threading.Event(), threading.Event()

    async def undo_on_loop(done: Outcome[int], x: int) -> None:
        begun.set()
        if where == "under way":
            await asyncio.sleep(LONG)

    def undo_in_thread(done: Outcome[int], x: int) -> None:
        begun.set()
        go_on.wait(LONG)
        ledger.append(f"undo {x}")

    @step(compensate=undo_on_loop)
    async def reserve(x: int) -> int:
        return x

    @step(compensate=undo_in_thread)
    def charge(x: int) -> int:
        return x

    @step
    async def wait(*_args: int) -> int:
        begun.set()
        await asyncio.sleep(LONG)
        return 0

    @workflow
    def booking() -> int:
        if where == "before it":
            return wait(reserve(1), reserve(charge(2)))
        if where == "between them":
            return fail(charge(reserve(1)))
        return fail(reserve(charge(reserve(1))))

    async def leave() -> Run[int]:
        run = booking.start()
        await asyncio.to_thread(begun.wait, LONG)
        return run

    run = asyncio.run(leave())
    go_on.set()
    assert run.wait(LONG)
    with pytest.raises(RunCancelled if where == "before it" else ValueError) as caught:
        run.result()
    assert ledger == ["undo 2" if where == "before it" else "undo 1"]
    assert any("isn't undone" in note for note in caught.value.__notes__)


# -- what can't be --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_called_is_no_compensation():
    with pytest.raises(PolicyError, match="can't be called"):
        step(compensate="refund")(do.__wrapped__)


def test_a_workflow_is_no_compensation():
    with pytest.raises(PolicyError, match="`fine` is a workflow"):
        step(compensate=fine)(do.__wrapped__)


def test_a_compensation_is_no_default_of_a_workflow():
    with pytest.raises(PolicyError, match="say it at one step"):
        workflow(defaults=StepOptions(compensate=undo))


@pytest.mark.parametrize(
    ("undoing", "said"),
    [
        (lambda done: None, "too many positional arguments"),
        (lambda done, x, y: None, "missing a required argument: 'y'"),
    ],
)
def test_a_compensation_that_cannot_take_what_it_is_given_is_found_before_anything_runs(undoing, said):
    @workflow
    def booking() -> int:
        return do.with_options(compensate=undoing)(1)

    with pytest.raises(CheckFailed) as caught:
        booking()
    (finding,) = caught.value.diagnostics
    assert finding.code == "FK501"
    assert said in finding.title
    assert ledger == []


def test_a_compensation_takes_an_outcome_first():
    def refund(x: int, y: int) -> None: ...

    @workflow
    def booking() -> int:
        return do.with_options(compensate=refund)(1)

    with pytest.raises(CheckFailed, match="its `x` is an `int`"):
        booking()


def test_a_compensation_without_annotations_is_taken_as_it_is():
    def take_back(done, x):  # type: ignore[no-untyped-def]
        ledger.append(f"{done.value} {x}")

    @step(compensate=take_back)
    def reserve(x: int) -> int:
        return x + 1

    @workflow
    def booking() -> int:
        return fail(reserve(1))

    with pytest.raises(ValueError, match="no"):
        booking()
    assert ledger == ["2 1"]


def test_a_generator_is_no_compensation():
    def take_back(done: Outcome[int], x: int) -> Iterator[int]:
        yield x

    @step(compensate=take_back)
    def reserve(x: int) -> int:
        return x

    @workflow
    def booking() -> int:
        return reserve(1)

    with pytest.raises(CheckFailed, match="can't undo `reserve`: it is a generator"):
        booking()
