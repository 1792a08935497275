"""Async steps, and workflows called where an event loop runs."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from flowkit import BlockingCall, Engine, RunCancelled, RunStatus, StepContext, current, step, workflow

LONG = 20.0


@step
def inc(x: int) -> int:
    return x + 1


@step
async def ainc(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


@workflow
def mixed(x: int) -> int:
    return inc(ainc.ref(inc(ainc.ref(x))))


@workflow
def fan(n: int) -> list[int]:
    return inc.map(ainc.map(range(n)))


def test_sync_and_async_steps_mix():
    assert mixed(0) == 4
    assert fan(5) == [2, 3, 4, 5, 6]


def test_they_mix_inline_too():
    with Engine(executor="inline"):
        assert mixed(0) == 4
        assert fan(5) == [2, 3, 4, 5, 6]


async def test_a_started_run_can_be_awaited():
    assert await mixed.start(0) == 4


async def test_async_steps_run_on_the_loop_that_started_the_run():
    @step
    async def where() -> int:
        return id(asyncio.get_running_loop())

    @workflow
    def here() -> int:
        return where.ref()

    assert await here.start() == id(asyncio.get_running_loop())


def test_without_a_loop_they_share_the_engines():
    @step
    async def where(x: int) -> int:
        return threading.get_ident()

    @workflow
    def here() -> list[int]:
        return where.map([1, 2])

    assert len({*here(), *here()}) == 1


async def test_blocking_where_a_loop_runs_is_refused_with_what_to_write():
    with pytest.raises(BlockingCall, match=r"write `await mixed\.start\(\.\.\.\)`"):
        mixed(0)
    run = mixed.start(0)
    with pytest.raises(BlockingCall, match=r"write `await run`"):
        run.result()
    with pytest.raises(BlockingCall):
        run.wait()
    with pytest.raises(BlockingCall):
        list(run.events())
    assert await run == 4
    assert run.result() == 4


async def test_a_result_that_is_there_blocks_nobody():
    run = mixed.start(0)
    await run
    assert run.result() == 4


@pytest.mark.covers("M97")
async def test_events_can_be_followed_on_a_loop():
    run = mixed.start(0)
    numbers = [event.number async for event in run.events()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert run.status is RunStatus.SUCCEEDED


async def test_cancelling_who_awaits_cancels_the_run():
    started = asyncio.Event()

    @step
    async def forever() -> int:
        started.set()
        await asyncio.sleep(LONG)
        return 1

    @workflow
    def endless() -> int:
        return forever.ref()

    run = endless.start()

    async def wait() -> int:
        return await run

    waiting = asyncio.create_task(wait())
    await started.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(RunCancelled):
        await run


def test_a_run_whose_loop_is_closed_under_it_is_cancelled():
    @step
    async def forever() -> int:
        await asyncio.sleep(LONG)
        return 1

    @workflow
    def endless() -> int:
        return forever.ref()

    async def start():
        run = endless.start()
        await asyncio.sleep(0.01)
        return run

    run = asyncio.run(start())
    with pytest.raises(RunCancelled, match="its event loop was closed"):
        run.result(timeout=LONG)


async def test_many_runs_on_one_loop():
    runs = [mixed.start(i) for i in range(100)]
    assert await asyncio.gather(*runs) == [i + 4 for i in range(100)]


def test_context_variables_follow_and_dont_leak():
    colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")

    @step
    def look(x: int) -> str:
        seen = colour.get()
        colour.set("changed")
        return seen

    @step
    async def alook(x: int) -> str:
        seen = colour.get()
        colour.set("changed")
        return seen

    @workflow
    def looking() -> list[list[str]]:
        return [look.map(range(50)), alook.map(range(5))]

    colour.set("red")
    assert looking() == [["red"] * 50, ["red"] * 5]
    assert colour.get() == "red"


async def test_a_failing_async_step_raises_its_own_exception():
    @step
    async def fail() -> int:
        raise LookupError("async")

    @workflow
    def failing() -> int:
        return fail.ref()

    with pytest.raises(LookupError, match="async"):
        await failing.start()


def test_a_notebook_cell_may_block(monkeypatch):
    """A cell runs on the kernel's loop; whatever it does blocks that, and a plain call has to work there."""
    import sys
    import types

    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))

    async def cell() -> int:
        return mixed(0)

    assert asyncio.run(cell()) == 4


def test_a_run_that_never_got_to_its_async_step_ends_with_its_loop():
    async def start():
        return mixed.start(0)

    run = asyncio.run(start())
    with pytest.raises(RunCancelled, match="its event loop was closed"):
        run.result(timeout=LONG)


async def test_a_step_that_is_cancelled_from_within_failed():
    @step
    async def inner() -> int:
        task = asyncio.ensure_future(asyncio.sleep(LONG))
        task.cancel()
        await task
        return 1

    @workflow
    def failing() -> int:
        return inner.ref()

    with pytest.raises(RuntimeError, match="`inner` was cancelled from within"):
        await failing.start()


async def test_an_inline_engine_cant_run_where_a_loop_runs():
    with Engine(executor="inline"), pytest.raises(BlockingCall):
        mixed.start(0)


@pytest.mark.covers("M20")
def test_a_failure_cancels_the_coroutine_beside_it_and_begins_nothing_more():
    began, stopped = threading.Event(), []

    @step
    async def slow(x: int) -> int:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(x)
            raise
        return x

    @step
    def fails() -> int:
        assert began.wait(LONG)
        raise ValueError("no")

    @workflow
    def beside() -> list[int]:
        return [fails(), inc(slow.ref(1))]

    run = beside.start()
    with pytest.raises(ValueError, match="no"):
        run.result(timeout=LONG)
    assert stopped == [1]
    assert {record.key: record.status for record in run.steps} == {
        "fails": "failed",
        "slow": "cancelled",
        "inc": "cancelled",
    }


# -- engines for a block ------------------------------------------------------------------------------------------------


def resting(going):
    @step
    async def rest(x: int) -> int:
        going.set()
        await asyncio.sleep(0.01)
        return x

    @workflow
    def rested() -> int:
        return rest(1)

    return rested


def test_an_engine_for_an_async_block_lets_its_runs_end():
    async def main():
        going = asyncio.Event()
        async with Engine():
            run = resting(going).start()
            await going.wait()
        return run

    run = asyncio.run(main())

    assert run.status == "succeeded"
    assert run.result() == 1


def test_an_engine_for_a_plain_block_on_a_loop_says_that_it_cant_wait_there():
    """What needs the loop that waits would never end: it is cancelled at once."""

    async def main():
        going = asyncio.Event()
        with pytest.raises(BlockingCall, match=r"write `async with Engine\(\.\.\.\)`"), Engine():
            run = resting(going).start()
            await going.wait()
        with pytest.raises(RunCancelled):
            await run

    asyncio.run(main())


def test_an_engine_for_a_plain_block_on_a_loop_is_fine_once_its_runs_have_ended():
    async def main():
        with Engine():
            return await resting(asyncio.Event()).start()

    assert asyncio.run(main()) == 1


def test_an_error_in_an_async_block_cancels_its_runs():
    async def main():
        going = asyncio.Event()
        with pytest.raises(KeyError):
            async with Engine():
                run = resting(going).start()
                await going.wait()
                raise KeyError
        with pytest.raises(RunCancelled):
            await run

    asyncio.run(main())


def test_what_a_step_leaves_on_an_inline_loop_may_ask_about_the_step_when_that_is_closed():
    ended: list[float | None] = []

    async def linger(left_by: StepContext) -> None:
        try:
            await asyncio.sleep(LONG)
        finally:
            left_by.heartbeat()
            ended.append(left_by.time_left)

    @step
    async def leave() -> int:
        left.append(asyncio.create_task(linger(current())))
        await asyncio.sleep(0)
        return 1

    @workflow
    def work() -> int:
        return leave()

    left: list[asyncio.Task[None]] = []
    with Engine(executor="inline"):
        assert work() == 1
    assert ended == [None]
