"""One workflow of every kind, each a few steps long, with what the world outside answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from flowkit import (
    Decision,
    Fallback,
    Limit,
    Outcome,
    Resource,
    Retry,
    Signal,
    always,
    cond,
    current,
    discard,
    first,
    gate,
    live,
    one_at_a_time,
    outcome,
    phase,
    poll,
    race,
    repeat,
    result_of,
    scope,
    select,
    sleep,
    step,
    when,
    workflow,
)
from flowkit.testing import approve, reject, send


@attrs.define
class Kept:
    """One of the zoo."""

    workflow: Any
    args: tuple[Any, ...] = (3,)
    outside: Sequence[Any] | Callable[[Any], object] = ()
    options: dict[str, Any] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        return self.workflow.__name__


ZOO: dict[str, Kept] = {}


def kept(*args: Any, outside: Any = (), **options: Any) -> Callable[[Any], Any]:
    def keep(declared: Any) -> Any:
        ZOO[declared.__name__] = Kept(declared, args or (3,), outside, options)
        return declared

    return keep


# -- steps ------------------------------------------------------------------------------------------------------------


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def square(x: int) -> int:
    return x * x


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def copy(x: int) -> int:
    return x


@step(idempotent=True)
def tell(x: int) -> None:
    pass


@step
def bad(x: int) -> int:
    raise ValueError("bad")


@step(retries=Retry(max_attempts=3, backoff=[60.0, 60.0]))
def flaky(x: int) -> int:
    if current().attempt < 3:
        raise ValueError("not yet")
    return x


@step(retries=Retry(max_attempts=3, backoff=[60.0, 60.0]))
def hopeless(x: int) -> int:
    raise ValueError("never")


@step
def report(end: Outcome[int]) -> str:
    return end.status


@step
async def fetch(x: int) -> int:
    await asyncio.sleep(10)
    return x + 1


@step(timeout="1m", retries=Retry(max_attempts=2, backoff=[1.0]))
async def hang(x: int) -> int:
    if current().attempt == 1:
        await asyncio.sleep(3600)
    return x


@step(idempotent=True)
def unbook(end: Outcome[int], x: int) -> None:
    pass


@step(compensate=unbook)
def book(x: int) -> int:
    return x + 1


@step(compensate=unbook)
async def book_slowly(x: int) -> int:
    await asyncio.sleep(5)
    return x + 1


@step(on_failure=Fallback(7))
def falls_back(x: int) -> int:
    raise ValueError("bad")


@step(on_failure=Fallback(call=lambda error, x: x + 100))
def falls_back_further(x: int) -> int:
    raise ValueError("bad")


@step(on_failure="skip")
def skips(x: int) -> int:
    raise ValueError("bad")


@step(run_if=lambda x: x > 3)
def if_large(x: int) -> int:
    return x


@step(delay="1h")
def later(x: int) -> int:
    return x


@step
def is_small(x: int) -> bool:
    return x < 5


@step
def numbers(n: int):
    yield from range(n)


# -- plain ones -------------------------------------------------------------------------------------------------------


@kept()
@workflow
def chain(n: int) -> int:
    return square(square(square(n)))


@kept()
@workflow
def mapped(n: int) -> int:
    return total(square.map(square.map(load(n))))


@kept()
@workflow
def streamed(n: int) -> int:
    return total(square.map(numbers(n)))


@kept()
@workflow
def going_on(n: int) -> int:
    a = load(n)
    if len(result_of(a)) > 2:
        b = square(5)
        c = result_of(b)
        return square(c)
    return total(a)


@kept()
@workflow
def retried(n: int) -> int:
    return square(flaky(n))


@kept()
@workflow
def given_up(n: int) -> int:
    return square(hopeless(square(n)))


@kept()
@workflow
def handled(n: int) -> str:
    return report(outcome(bad(n)))


@kept()
@workflow
def failing(n: int) -> int:
    return square(bad(square(n)))


@kept()
@workflow
def many_failing(n: int) -> list[int]:
    return bad.map(square.map(load(n)))


@kept()
@workflow(fail_fast=False)
def failing_slowly(n: int) -> int:
    return total(square.map([bad(1), n]))


@kept()
@workflow
def fallen_back(n: int) -> int:
    return total([falls_back(n), falls_back_further(n)])


@kept()
@workflow
def skipped(n: int) -> int:
    discard(square(skips(n)))
    discard(if_large(n))
    return square(if_large(square(n)))


@kept()
@workflow
def mixed(n: int) -> int:
    xs = load(n)
    tell(total(xs))
    ys = flaky.map(xs)
    tell.map(ys)
    return total(ys)


# -- time -------------------------------------------------------------------------------------------------------------


@kept()
@workflow
def a_year(n: int) -> int:
    a = square(n)
    sleep("365d")
    return later(square(a))


@kept()
@workflow
def slow(n: int) -> int:
    return fetch(hang(fetch(n)))


@step(total_timeout="3d", retries=Retry(max_attempts=None, backoff=[86400.0] * 30))
def patient(x: int) -> int:
    raise ValueError("never")


@kept()
@workflow
def out_of_time(n: int) -> int:
    return square(patient(square(n)))


# -- blocks and joins ---------------------------------------------------------------------------------------------------


@kept()
@workflow
def phases(n: int) -> int:
    with phase("one"):
        a = square(n)
        tell(a)
    with phase("two"):
        b = copy(n)
        tell(b)
    return total([a, b])


@kept()
@workflow
def branches(n: int) -> int:
    x = square(n)
    with when(is_small(x)):
        tell(x)
    with when(x):
        tell(1)
    y = cond(is_small(x), lambda: square(x), lambda: copy(x))
    return square(y)


@kept()
@workflow
def loops(n: int) -> int:
    return repeat(square, copy(n), until=lambda x: x > 50)


@kept()
@workflow
def races(n: int) -> int:
    return square(race(square(n), copy(n)))


@kept()
@workflow
def firsts(n: int) -> int:
    return square(first(bad(n), copy(n), square(n)))


@kept()
@workflow
def cleaning(n: int) -> int:
    with always():
        tell(0)
        discard(square(7))
    x = square(n)
    return bad(x)


@kept()
@workflow
def scoped(n: int) -> int:
    with scope() as part:
        a = square(n)
        tell(a)
        with when(a):
            part.cancel()
        discard(later(a))
    return copy(n)


@kept()
@workflow
def in_turn(n: int) -> int:
    with one_at_a_time():
        a = square(n)
        b = copy(n)
    return total([a, b])


# -- workflows in workflows ---------------------------------------------------------------------------------------------


@workflow
def inner(x: int) -> int:
    return square(square(x))


@workflow
def failing_inside(x: int) -> int:
    return bad(square(x))


@workflow
def growing(xs: list[int]) -> int:
    return total(square.map(xs))


@workflow
def rounds(x: int, r: int = 0) -> int:
    if r == 3:
        return x
    return rounds(square(x), r + 1)


@kept()
@workflow
def nested(n: int) -> int:
    return inner(inner(n))


@kept()
@workflow
def nested_growing(n: int) -> int:
    return growing(load(n))


@kept()
@workflow
def nested_mapped(n: int) -> int:
    return total(inner.map(load(n)))


@kept()
@workflow
def nested_failing(n: int) -> str:
    return report(outcome(failing_inside(n)))


@kept(2)
@workflow
def going_round(n: int) -> int:
    return rounds(n)


# -- undoing ------------------------------------------------------------------------------------------------------------


@kept()
@workflow
def saga(n: int) -> int:
    a = book(n)
    b = book(a)
    return bad(b)


@kept()
@workflow
def slow_saga(n: int) -> int:
    a = book_slowly(n)
    b = book(a)
    return hopeless(b)


@kept()
@workflow
def good_saga(n: int) -> int:
    return book(book(n))


@workflow
def booking(x: int) -> int:
    return book(book(x))


@kept()
@workflow
def nested_saga(n: int) -> int:
    return bad(booking(n))


@kept()
@workflow
def mapped_saga(n: int) -> int:
    return bad(total(book.map(load(n))))


# -- waiting for the world ----------------------------------------------------------------------------------------------

paid = Signal[int]("paid")


@kept(outside=[approve("ship it?")])
@workflow
def gated(n: int) -> int:
    a = square(n)
    gate("ship it?")
    return square(a)


@step
def who(decision: Decision) -> str:
    return decision.choice


@kept(outside=[approve("how?", choice="fast"), reject("sure?")])
@workflow
def asked_twice(n: int) -> str:
    a = gate("how?", options=["fast", "slow"])
    b = gate("sure?", on_reject="return")
    tell(0)
    return who(first(a, b))


@kept(outside=[reject("ship it?")])
@workflow
def refused(n: int) -> int:
    a = book(n)
    gate("ship it?")
    return square(a)


@kept(outside=[send("paid", 5)])
@workflow
def signalled(n: int) -> int:
    a = square(n)
    x = paid.wait()
    return total([a, x])


@kept()
@workflow
def too_late(n: int) -> int:
    got = select(paid=paid.wait(), late=sleep("1d"))
    return chosen(got)


@kept(outside=[send("paid", 5)])
@workflow
def in_time(n: int) -> int:
    return chosen(select(paid=paid.wait(), late=sleep("1d")))


@kept(outside=[send("paid", 5)])
@workflow
def signalled_twice(n: int) -> int:
    return total([paid.wait(), paid.wait()])


@kept(outside=lambda run: run.cancel("enough"))
@workflow
def cancelled(n: int) -> int:
    with always():
        tell(0)
    a = book(n)
    gate("ship it?")
    return square(a)


@kept(outside=lambda run: run.cancel("enough"))
@workflow
async def live_cancelled(n: int) -> int:
    a = await book.submit(n)
    await live.gate("ship it?")
    return await square.submit(a)


@step
def chosen(one: Any) -> int:
    return 1 if one.name == "paid" else 2


# -- live bodies --------------------------------------------------------------------------------------------------------


@kept()
@workflow
async def live_chain(n: int) -> int:
    a, b = await asyncio.gather(square.submit(n), square.submit(n + 1))
    c = await fetch(a + b)
    try:
        await bad.submit(1)
    except ValueError:
        c += 1
    return await square.submit(c)


@kept()
@workflow
async def live_retried(n: int) -> int:
    return await hang(await flaky.submit(n))


@kept(outside=[approve(), send("paid", 2)])
@workflow
async def live_waiting(n: int) -> int:
    await live.sleep("30d")
    decision = await live.gate("ok?")
    x = await live.wait(paid) if decision.approved else 0
    return await square.submit(x)


@kept()
@workflow
async def live_saga(n: int) -> int:
    a = await book.submit(n)
    b = await book_slowly(a)
    return await bad.submit(b)


@workflow
async def live_inner(n: int) -> int:
    return await fetch(await square.submit(n))


@kept()
@workflow
def live_inside(n: int) -> int:
    return square(live_inner(n))


@kept()
@workflow
async def live_nested(n: int) -> int:
    return await inner.submit(await live_inner(n))


@kept()
@workflow
async def live_tasks(n: int) -> int:
    async def part(x: int) -> int:
        return await square.submit(await fetch(x))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part(i)) for i in range(n)]
    return await total.submit([task.result() for task in tasks])


# -- runs that steps start ----------------------------------------------------------------------------------------------


@step
def starts_inner(x: int) -> int:
    return inner(x) + inner(x + 1)


@step
def starts_failing(x: int) -> int:
    try:
        return failing_inside(x)
    except ValueError:
        return x


@kept()
@workflow
def child_runs(n: int) -> int:
    return square(starts_inner(square(n)))


@kept()
@workflow
def child_fails(n: int) -> int:
    return square(starts_failing(n))


# -- what steps share ---------------------------------------------------------------------------------------------------


def database():
    yield "rows"


places = Limit("places", 1)


@step(limit=places)
def read(x: int, rows: str = Resource(database)) -> int:
    return x + len(rows)


@kept()
@workflow
def sharing(n: int) -> int:
    return total(read.map(load(n)))


@step
def ready(x: int) -> int | None:
    return x


@kept()
@workflow
def polled(n: int) -> int:
    return square(poll(ready, n, every="1m", until=lambda x: x is not None))
