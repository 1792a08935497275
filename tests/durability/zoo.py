"""Workflows of every shape, small: what a run can be in the middle of when its process dies."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import attrs

from flowkit import (
    Decision,
    Fallback,
    From,
    Limit,
    Outcome,
    Retry,
    Selected,
    Signal,
    Workflow,
    always,
    concurrent,
    cond,
    current,
    discard,
    first,
    first_n,
    gate,
    in_order,
    live,
    one_at_a_time,
    otherwise,
    outcome,
    phase,
    poll,
    race,
    race_n,
    repeat,
    result_of,
    scope,
    select,
    sleep,
    step,
    unmapped,
    when,
    workflow,
)
from tests.durability.mortal import Shape, act

ZOO: dict[str, Shape] = {}

SOON = 0.003
"""Seconds that are worth waiting for."""


def shape(*args: Any, **options: Any) -> Callable[[Workflow[..., Any]], Workflow[..., Any]]:
    """Have a workflow be one of them, with these arguments."""

    def add(made: Workflow[..., Any]) -> Workflow[..., Any]:
        name = made.__name__
        ZOO[name] = Shape(name, made, args, **options)
        return made

    return add


# -- steps ---------------------------------------------------------------------------------------------------------------


@step
def inc(x: int) -> int:
    act()
    return x + 1


@step
def add(x: int, y: int) -> int:
    act()
    return x + y


@step
def numbers(count: int) -> list[int]:
    act()
    return list(range(count))


@step
def total(xs: list[int]) -> int:
    act()
    return sum(xs)


@step
def boom(x: int) -> int:
    act()
    message = f"no {x}"
    raise ValueError(message)


@step
def even(x: int) -> int:
    act()
    if x % 2:
        message = f"{x} is odd"
        raise ValueError(message)
    return x


@step(retries=Retry(max_attempts=3, backoff=[SOON, SOON], jitter="none"))
def flaky(x: int) -> int:
    act()
    if current().attempt < 3:
        message = f"attempt {current().attempt}"
        raise OSError(message)
    return x


@step
def note(x: object) -> None:
    act()


@step
def how(end: Outcome[int]) -> str:
    act()
    return f"{end.status}: {end.value if end.ok else end.error}"


@step
def hows(ends: list[Outcome[int]]) -> str:
    act()
    return ", ".join(end.status for end in ends)


@step
async def ainc(x: int) -> int:
    act()
    await asyncio.sleep(0)
    return x + 1


@step
async def aboom(x: int) -> int:
    act()
    await asyncio.sleep(0)
    message = f"no {x}"
    raise ValueError(message)


# -- straight on ---------------------------------------------------------------------------------------------------------


@shape(1)
@workflow
def chain(x: int) -> int:
    return inc(inc(inc(x)))


@shape(1)
@workflow
def side_by_side(x: int) -> int:
    return total([inc(x), add(x, x), inc(inc(x))])


@shape()
@workflow
def nothing() -> None:
    return None


@shape(1)
@workflow
def effects(x: int) -> int:
    note(x)
    y = inc(x)
    note(y)
    return inc(y)


@shape(1)
@workflow
def steps_async(x: int) -> int:
    return add(ainc.ref(x), ainc.ref(ainc.ref(x)))


@shape(1)
@workflow
def dropping(x: int) -> int:
    discard(inc(x))
    return inc(x)


@attrs.frozen
class Order:
    lines: dict[str, int]
    paid: bool


@step
def order(x: int) -> Order:
    act()
    return Order({"tea": x, "milk": x + 1}, paid=True)


@step
def pair(x: int) -> tuple[int, str]:
    act()
    return x, str(x)


@shape(1)
@workflow
def parts(x: int) -> int:
    bought = order(x)
    number, _ = pair(x)
    with when(bought.paid):
        note(bought)
    return add(bought.lines["milk"], number)


@step
def migrate() -> None:
    act()


@step(depends_on=[migrate])
def load(x: int) -> int:
    act()
    return x


@shape(1)
@workflow
def depending(x: int) -> int:
    with concurrent():
        got = load(x)
        migrate()
    return total([got, inc.with_options(depends_on=[got])(x)])


@step
def fetch(n: int) -> list[int]:
    act()
    return list(range(n))


@step
def parse(body: list[int] = From(fetch)) -> int:
    act()
    return len(body)


@step
def summarize(title: str, rows: int = From(parse), body: list[int] = From(fetch)) -> str:
    act()
    return f"{title}: {rows} of {len(body)}"


declared = shape(3, "all")(workflow.of(summarize, name="zoo:declared"))


# -- maps ----------------------------------------------------------------------------------------------------------------


@shape(3)
@workflow
def mapped(n: int) -> int:
    return total(inc.map(inc.map(numbers(n))))


@shape()
@workflow
def map_of_known() -> list[int]:
    return add.map([1, 2, 3], unmapped(10))


@shape()
@workflow
def map_of_nothing() -> int:
    return total(inc.map(numbers(0)))


@shape(3)
@workflow
def map_of_effects(n: int) -> int:
    note.map(inc.map(numbers(n)))
    return inc(n)


@workflow
def sub_map(n: int) -> int:
    return total(inc.map(numbers(n)))


@shape(3)
@workflow
def maps_of_maps(n: int) -> int:
    return total(sub_map.map(numbers(n)))


@shape(4)
@workflow
def map_in_turn(n: int) -> list[int]:
    return inc.with_options(max_concurrency=1).map(numbers(n))


@shape()
@workflow
def map_with_names() -> list[str]:
    return spell.with_options(item_key=lambda word: word).map(["b", "a", "c/d"])


@step
def spell(word: str) -> str:
    act()
    return word.upper()


@shape()
@workflow
def map_in_its_own_order() -> list[str]:
    after = {"app": ["lib", "core"], "lib": ["core"], "core": []}
    options = {"item_key": lambda word: word, "item_depends_on": lambda word: after[word]}
    return spell.with_options(**options).map(["app", "lib", "core"])


@shape(4, is_free=True)
@workflow
def map_that_fails(n: int) -> int:
    return total(inc.map(even.map(numbers(n))))


@shape(4)
@workflow
def map_that_goes_on(n: int) -> int:
    return total(inc.map(even.with_options(on_item_failure="continue").map(numbers(n))))


@shape(4, is_free=True)
@workflow
def map_that_halts(n: int) -> int:
    return total(even.with_options(on_item_failure="halt", max_concurrency=1).map(numbers(n)))


@shape()
@workflow
def map_that_skips_dependents() -> list[int]:
    options: dict[str, Any] = {
        "on_item_failure": "skip_dependents",
        "item_depends_on": lambda x: [x - 1] if x > 2 else [],
    }
    return even.with_options(**options).map([0, 1, 2, 3, 4])


@shape(4)
@workflow
def map_of_outcomes(n: int) -> str:
    return hows(even.map_outcomes(numbers(n)))


@shape(3)
@workflow
def map_with_retries(n: int) -> int:
    return total(flaky.map(numbers(n)))


@shape(3)
@workflow
def map_with_conditions(n: int) -> int:
    return total(inc.with_options(run_if=lambda x: x != 1, on_item_failure="continue").map(numbers(n)))


@shape(3)
@workflow
def map_async(n: int) -> int:
    return total(ainc.map(ainc.map(numbers(n))))


@shape(3, is_free=True)
@workflow
def map_taken_as_outcome(n: int) -> str:
    return how(outcome(total(even.map(numbers(n)))))


# -- streams -------------------------------------------------------------------------------------------------------------


@step
def count(n: int) -> Iterator[int]:
    act()
    yield from range(n)


@step
async def count_async(n: int) -> AsyncIterator[int]:
    act()
    for x in range(n):
        await asyncio.sleep(0)
        yield x


@step
def count_and_break(n: int) -> Iterator[int]:
    act()
    yield from range(n)
    message = "the source broke"
    raise OSError(message)


@shape(3)
@workflow
def streamed(n: int) -> int:
    return total(inc.map(inc.map(count(n))))


@shape(3)
@workflow
def streamed_async(n: int) -> int:
    return total(ainc.map(count_async(n)))


@shape(4)
@workflow
def streamed_with_failures(n: int) -> int:
    return total(inc.map(even.with_options(on_item_failure="continue").map(count(n))))


@shape(2)
@workflow
def streamed_from_a_broken_source(n: int) -> str:
    return how(outcome(total(inc.map(count_and_break(n)))))


@shape(4)
@workflow
def streamed_in_turn(n: int) -> int:
    note.with_options(max_concurrency=1).map(inc.map(count(n)))
    return inc(n)


@shape(3, is_free=True)
@workflow
def streamed_and_raced(n: int) -> list[int]:
    return race_n(inc.map(count(n)), 2)


@shape(3)
@workflow
def streamed_with_retries(n: int) -> int:
    return total(flaky.map(count(n)))


@shape(2, is_free=True)
@workflow
def streamed_into_a_failure(n: int) -> int:
    return total(even.map(count(n)))


# -- failures ------------------------------------------------------------------------------------------------------------


@shape(1)
@workflow
def failing(x: int) -> int:
    return inc(boom(inc(x)))


@shape(1)
@workflow
def retried(x: int) -> int:
    return inc(flaky(inc(x)))


@shape(1)
@workflow
def retried_in_vain(x: int) -> int:
    return inc(boom.with_options(retries=Retry(3, backoff=[0, SOON], jitter="none"))(x))


@shape(1)
@workflow
def not_retried(x: int) -> int:
    return inc(boom.with_options(retries=Retry(3, backoff=[0, 0], never_on=(ValueError,)))(x))


@shape(1)
@workflow
def handled(x: int) -> str:
    return how(outcome(boom(inc(x))))


@shape(1)
@workflow
def let_pass(x: int) -> int:
    discard(inc(boom.with_options(on_failure="skip")(x)))
    return inc(x)


@shape(1)
@workflow
def fallen_back(x: int) -> int:
    return inc(boom.with_options(on_failure=Fallback(7))(x))


@shape(1)
@workflow
def fallen_back_by_a_call(x: int) -> int:
    return inc(boom.with_options(on_failure=Fallback(call=lambda error, x: len(str(error)) + x))(x))


@shape(1)
@workflow
def fallen_back_in_vain(x: int) -> str:
    def refuse(error: BaseException, x: int) -> int:
        raise LookupError(x)

    return how(outcome(boom.with_options(on_failure=Fallback(call=refuse))(x)))


@shape(1, is_free=True)
@workflow(fail_fast=False)
def failing_slowly(x: int) -> int:
    with concurrent():
        return total([boom(x), inc(x), inc(boom(2)), inc(inc(x))])


@shape(1, is_free=True)
@workflow
def failing_beside_others(x: int) -> int:
    return total([inc(x), boom(x), inc(inc(x))])


@step
def dawdle(x: int) -> int:
    act()
    while not current().cancelled:
        pass
    return x


@step
async def adawdle(x: int) -> int:
    act()
    await asyncio.sleep(20)
    return x


@shape(1)
@workflow
def timing_out(x: int) -> str:
    return how(outcome(dawdle.with_options(timeout=SOON)(inc(x))))


@shape(1)
@workflow
def timing_out_async(x: int) -> str:
    return how(outcome(adawdle.with_options(timeout=SOON).ref(inc(x))))


@shape(1)
@workflow
def timing_out_again(x: int) -> str:
    retries = Retry(2, backoff=[0], jitter="none")
    return how(outcome(adawdle.with_options(timeout=0.02, retries=retries).ref(x)))


@shape(1)
@workflow
def timing_out_in_all(x: int) -> str:
    retries = Retry(9, backoff=[20] * 8, jitter="none")
    return how(outcome(boom.with_options(total_timeout=10, retries=retries)(x)))


@shape(1)
@workflow
def timing_out_for_the_run(x: int) -> int:
    return inc(adawdle.with_options(timeout=SOON).ref(x))


@shape(1)
@workflow
def delayed(x: int) -> int:
    return inc(inc.with_options(delay=SOON)(inc(x)))


# -- conditions ----------------------------------------------------------------------------------------------------------


@shape(1)
@workflow
def skipping(x: int) -> int:
    small = inc.with_options(run_if=lambda x: x < 0)
    discard(inc(small(x)))
    return inc.with_options(run_if=lambda x: x > 0)(inc(x))


@shape(1)
@workflow
def skipping_what_is_returned(x: int) -> int:
    return inc.with_options(run_if=lambda x: x < 0)(inc(x))


@shape(1)
@workflow
def choosing_a_value(x: int) -> int:
    return inc(cond(inc(x), lambda: add(x, 1), lambda: inc(boom(x))))


@shape(1)
@workflow
def choosing_effects(x: int) -> int:
    y = inc(x)
    with when(y):
        note(inc(y))
    with otherwise():
        note(boom(y))
    with when(add(y, -2)):
        note(boom(y))
    with otherwise():
        note(y)
    return inc(y)


# -- joins ---------------------------------------------------------------------------------------------------------------


@shape(1, is_free=True)
@workflow
def first_of_several(x: int) -> int:
    return inc(first(inc(inc(x)), add(x, 10), boom(x)))


@shape(1, is_free=True)
@workflow
def first_of_failures(x: int) -> str:
    return how(outcome(first(boom(x), boom(inc(x)))))


@shape(1, is_free=True)
@workflow
def raced(x: int) -> int:
    return inc(race(inc(inc(inc(x))), add(x, 10)))


@shape(1, executor="thread")
@workflow
def raced_async(x: int) -> int:
    return inc(race(adawdle.ref(x), ainc.ref(x)))


@shape(1, is_free=True)
@workflow
def selected(x: int) -> str:
    return which(select(fast=inc(x), slow=inc(inc(x)), late=sleep(20)))


@step
def which(end: Selected[Any]) -> str:
    act()
    return end.name


@shape(1, is_free=True)
@workflow
def first_few(x: int) -> list[int]:
    return first_n([inc(inc(x)), inc(x), add(x, x), boom(x)], 2)


@shape(3, is_free=True)
@workflow
def raced_items(n: int) -> list[int]:
    return race_n(inc.map(numbers(n)), 2)


@shape(1, is_free=True)
@workflow
def raced_sagas(x: int) -> int:
    return inc(race(inc(book(x)), add(x, 1)))


@shape(1, is_free=True)
@workflow
def depending_on_any(x: int) -> int:
    one, other = boom.with_options(on_failure="skip")(x), inc(x)
    return inc.with_options(depends_on_any=[one, other])(x)


# -- regions -------------------------------------------------------------------------------------------------------------


@shape(1, executor="thread")
@workflow
def cancelled_scope(x: int) -> list[str]:
    with scope() as part:
        running = inc(adawdle.ref(x))
        done = inc(x)
    part.cancel(after=inc(done))
    return [how(outcome(running)), how(outcome(done))]


@shape(1)
@workflow
def phases(x: int) -> int:
    with phase("one"):
        a = inc(x)
        note(a)
    with phase("two"):
        b = total(inc.map(numbers(2)))
    return add(a, b)


@shape(1)
@workflow
def cleaning_up(x: int) -> int:
    with always():
        note(inc(0))
    return inc(x)


@shape(1)
@workflow
def cleaning_up_after_a_failure(x: int) -> int:
    with always():
        note(inc(0))
        note(1)
    return inc(boom(x))


@shape(1)
@workflow
def cleaning_up_in_vain(x: int) -> int:
    with always():
        note(boom(0))
    return boom(inc(x))


@shape(1)
@workflow
def ordered(x: int) -> int:
    with in_order():
        a = inc(x)
        b = inc(x)
    with concurrent():
        note(a)
        note(b)
    with one_at_a_time():
        note(1)
        note(2)
    return add(a, b)


limit = Limit("a door", 1)


@shape(3)
@workflow
def limited(n: int) -> int:
    return total(inc.with_options(limit=limit).map(numbers(n)))


# -- bodies --------------------------------------------------------------------------------------------------------------


@shape(1)
@workflow
def asking(x: int) -> int:
    y = inc(x)
    if result_of(y) > 1:
        return add(y, inc(10))
    return y


@shape(4)
@workflow
def asking_in_a_loop(limit: int) -> int:
    number = inc(0)
    while result_of(number) < limit:
        number = inc(number)
    return number


@shape(2)
@workflow
def asking_for_a_list(n: int) -> int:
    return total([inc(x) for x in result_of(numbers(n))])


@shape(1)
@workflow
def catching(x: int) -> int:
    try:
        y = result_of(boom(x))
    except ValueError as error:
        y = len(str(error))
    note(y)
    return inc(inc(y))


@shape(1)
@workflow
def not_catching(x: int) -> int:
    return inc(result_of(boom(inc(x))))


@shape(1)
@workflow
def catching_and_raising(x: int) -> int:
    try:
        return inc(result_of(boom(inc(x))))
    except ValueError as error:
        message = "in other words"
        raise LookupError(message) from error


@workflow
def inner(x: int) -> int:
    return inc(inc(x))


@workflow
def asking_inner(x: int) -> int:
    return add(result_of(inc(x)), inc(x))


@workflow
def failing_inner(x: int) -> int:
    return inc(boom(x))


@shape(1)
@workflow
def sub_workflows(x: int) -> int:
    return inner(inner(x))


@shape(1)
@workflow
def sub_workflows_that_ask(x: int) -> int:
    return add(asking_inner(x), asking_inner(inc(x)))


@shape(1)
@workflow
def sub_workflow_that_fails(x: int) -> str:
    return how(outcome(failing_inner(inc(x))))


@workflow
def rounds(x: int, turn: int = 0) -> int:
    if turn == 3:
        return x
    return rounds(inc(x), turn + 1)


@shape(1)
@workflow
def going_round(x: int) -> int:
    return rounds(x)


@shape(1)
@workflow
def improving(x: int, turn: int = 0) -> int:
    if x >= 4 or turn == 5:
        return x
    note(x)
    return improving(inc(x), turn + 1)


@shape(0)
@workflow
def repeated(x: int) -> int:
    return inc(repeat(inc, inc(x), until=lambda n: n >= 4))


@shape(0)
@workflow
def repeated_in_vain(x: int) -> str:
    return how(outcome(repeat(inc, x, until=lambda n: False, max_rounds=3)))


@shape(0)
@workflow
def repeated_sub_workflow(x: int) -> int:
    return repeat(inner, x, until=lambda n: n >= 4)


@step
def look() -> int:
    """How something is by now: better in each round."""
    act()
    _, _, turn = current().step.partition("@")
    return int(turn.partition("/")[0] or 1)


@shape()
@workflow
def polled() -> int:
    return inc(poll(look, until=lambda n: n >= 3, every=SOON))


@shape()
@workflow
def polled_in_vain() -> str:
    return how(outcome(poll(look, until=lambda n: False, every=[SOON, SOON], timeout=20)))


@shape(executor="thread")
@workflow
def polled_for_too_long() -> str:
    return how(outcome(poll(look, until=lambda n: False, every=20, timeout=0.2)))


# -- time ----------------------------------------------------------------------------------------------------------------


@shape(1)
@workflow
def resting(x: int) -> int:
    note(x)
    sleep(SOON)
    note(x)
    return inc(x)


@step
def pause() -> float:
    act()
    return SOON


@shape(1)
@workflow
def resting_for_a_result(x: int) -> int:
    sleep(pause())
    return inc(x)


paid = Signal[int]("paid")


@shape(1)
@workflow
def waiting_in_vain(x: int) -> str:
    return how(outcome(paid.wait(timeout=SOON)))


@shape(1)
@workflow
def asking_nobody(x: int) -> str:
    return decided(gate("sure?", timeout=SOON, on_timeout="return"))


@step
def decided(decision: Decision) -> str:
    act()
    return f"{decision.approved} {decision.choice} {decision.timed_out}"


# -- from outside --------------------------------------------------------------------------------------------------------


def approve(run: Any) -> None:
    for asked in run.gates:
        run.approve(asked.key, choice="red" if asked.options else None, who="ada")


def reject(run: Any) -> None:
    for asked in run.gates:
        run.reject(asked.key, who="ada", feedback="no")


def pay(run: Any) -> None:
    run.send("paid", 5, dedup="once")


def pay_twice(run: Any) -> None:
    run.send("paid", 5, dedup="one")
    run.send("paid", 6, dedup="two")


def cancel(run: Any) -> None:
    if any(record.status == "waiting" for record in run.steps):
        run.cancel("enough")


@shape(1, outside=approve)
@workflow
def approved(x: int) -> str:
    y = inc(x)
    answer = gate("which?", options=["red", "blue"])
    note(y)
    return decided(answer)


@shape(1, outside=approve)
@workflow
def approved_twice(x: int) -> int:
    note(x)
    gate("one?")
    note(x)
    gate("two?")
    return inc(x)


@shape(1, outside=reject)
@workflow
def rejected(x: int) -> int:
    gate("sure?")
    return inc(x)


@shape(1, outside=reject)
@workflow
def rejected_and_returned(x: int) -> str:
    return decided(gate("sure?", on_reject="return"))


@shape(1, outside=pay)
@workflow
def paid_for(x: int) -> int:
    note(x)
    return add(paid.wait(), inc(x))


@shape(1, outside=pay_twice)
@workflow
def paid_for_twice(x: int) -> int:
    one = paid.wait()
    note(one)
    return add(one, paid.wait())


@shape(1, outside=pay)
@workflow
def paid_in_time(x: int) -> str:
    return which(select(paid=paid.wait(), late=sleep(20)))


@shape(1, outside=cancel, executor="thread")
@workflow
def cancelled(x: int) -> int:
    with always():
        note("the end")
    note(x)
    sleep(20)
    return inc(x)


# -- sagas ---------------------------------------------------------------------------------------------------------------


def undo(done: Outcome[int], x: int) -> None:
    act()


@step(compensate=undo)
def book(x: int) -> int:
    act()
    return x + 1


@step(effect=True)
def charge(x: int) -> int:
    act()
    message = f"no money for {x}"
    raise ValueError(message)


@shape(1)
@workflow
def saga(x: int) -> int:
    return charge(book(book(x)))


@shape(1)
@workflow
def saga_that_goes_well(x: int) -> int:
    return inc(book(book(x)))


@shape(3, is_free=True)
@workflow
def saga_of_items(n: int) -> int:
    return charge(total(book.map(numbers(n))))


@step(retries=Retry(3, backoff=[0, SOON], jitter="none"))
def undo_with_patience(done: Outcome[int], x: int) -> None:
    act()
    if current().attempt < 3:
        raise OSError


@shape(1)
@workflow
def saga_with_patience(x: int) -> int:
    return charge(book.with_options(compensate=undo_with_patience)(book(x)))


def refuse_to_undo(done: Outcome[int], x: int) -> None:
    act()
    raise OSError("gone")


@shape(1)
@workflow
def saga_that_cant_be_undone(x: int) -> int:
    return charge(book(book.with_options(compensate=refuse_to_undo)(book(x))))


@shape(1)
@workflow
def saga_with_an_end(x: int) -> int:
    with always():
        note("the end")
    return charge(book(x))


@workflow
def trip(x: int) -> int:
    return charge(book(x))


@workflow
def good_trip(x: int) -> int:
    return inc(book(x))


@shape(1)
@workflow
def sagas_in_sagas(x: int) -> int:
    a = good_trip(book(x))
    b = how(outcome(trip(a)))
    note(b)
    return charge(a)


@shape(1)
@workflow
def saga_that_asks(x: int) -> int:
    if result_of(book(x)) == 2:
        message = "sold out"
        raise LookupError(message)
    return book(x)


@shape(2, is_free=True)
@workflow
def saga_in_the_order_of_ends(n: int) -> int:
    with concurrent():
        late = book.with_options(delay=0.02)(n)
        many = total(book.map(numbers(n)))
    return charge(add(late, many))


@shape(1, outside=cancel, executor="thread")
@workflow
def saga_that_is_cancelled(x: int) -> int:
    y = book(book(x))
    sleep(20)
    return inc(y)


@shape(1, executor="thread")
@workflow
def saga_in_a_scope(x: int) -> str:
    with concurrent():
        with scope() as part:
            booked = book(x)
            running = inc(adawdle.ref(booked))
        part.cancel(after=inc(booked))
        return how(outcome(running))


@step
async def slowly(x: int) -> int:
    act()
    await asyncio.sleep(0.08)
    return x


@step
async def after_left(x: int) -> int:
    act()
    over = LEFT[-1]
    while not over.is_set():  # noqa: ASYNC110 - it is set on another thread
        await asyncio.sleep(0.001)
    return x


LEFT: list[threading.Event] = []
"""Whether the left one of two tasks is over: of the run that was begun last, since a body doesn't know its id."""


def cancel_hanging(run: Any) -> None:
    if any(record.key == "adawdle" and record.status == "running" for record in run.steps):
        run.cancel("enough")


@shape(1, outside=cancel_hanging, executor="thread")
@workflow
def saga_that_is_cancelled_at_work(x: int) -> int:
    with always():
        note("the end")
    return inc(adawdle.ref(book(book(x))))


@shape(1, executor="thread")
@workflow
def saga_undone_in_order(x: int) -> int:
    with concurrent():
        late = book.with_options(depends_on=[slow := slowly.ref(x)])(slow)
        with scope() as part:
            running = inc(adawdle.ref(x))
        part.cancel(after=inc(x))
        early = book(length(how(outcome(running))))
    return charge(add(early, late))


@step
def length(text: str) -> int:
    act()
    return len(text)


# -- live bodies ---------------------------------------------------------------------------------------------------------


@shape(1)
@workflow
async def live_chain(x: int) -> int:
    return await ainc(await inc.submit(await ainc(x)))


@shape(1)
@workflow
async def live_gather(x: int) -> int:
    a, b, c = await asyncio.gather(inc.submit(x), ainc(x), inc.submit(x + 5))
    return await add.submit(a, b + c)


@shape(1, is_free=True)
@workflow
async def live_first(x: int) -> int:
    pending = {asyncio.ensure_future(ainc(x + i)) for i in range(3)}
    order = []
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        order += [await inc.submit(one) for one in sorted(task.result() for task in done)]
    return await total.submit(order)


@shape(1)
@workflow
async def live_catching(x: int) -> int:
    try:
        await aboom(x)
    except ValueError as error:
        x += len(str(error))
    try:
        await boom.submit(x)
    except ValueError:
        x += 1
    finally:
        await ainc(0)
    return await ainc(x)


@shape(1)
@workflow
async def live_failing(x: int) -> int:
    return await aboom(await ainc(x))


@shape(1)
@workflow
async def live_tasks(x: int) -> int:
    async def branch(y: int) -> int:
        async def leaf(z: int) -> int:
            return await ainc(z)

        a, b = await asyncio.gather(leaf(y), leaf(y + 1))
        return await add.submit(a, b)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(branch(x + i)) for i in range(2)]
    return await total.submit([task.result() for task in tasks])


@shape(4)
@workflow
async def live_loop(limit: int) -> int:
    x = 0
    while x < limit:
        x = await ainc(x)
    return x


@shape(1, executor="thread")
@workflow
async def live_cancelling(x: int) -> int:
    hanging = asyncio.create_task(adawdle(x))
    y = await ainc(await ainc(x))
    hanging.cancel()
    try:
        await hanging
    except asyncio.CancelledError:
        y += 10
    return await ainc(y)


@shape(2)
@workflow
async def live_map(n: int) -> list[int]:
    return await live.map(inc, range(n), max_concurrency=1)


@shape(1)
@workflow
async def live_resting(x: int) -> int:
    await live.sleep(SOON)
    y = await ainc(x)
    await live.sleep(SOON)
    return await ainc(y)


@shape(1, outside=approve)
@workflow
async def live_asking(x: int) -> str:
    answer = await live.gate("sure?", options=["red"])
    return await decided.submit(answer)


@shape(1, outside=pay)
@workflow
async def live_paid(x: int) -> int:
    return await ainc(await live.wait(paid))


@shape(1)
@workflow
async def live_saga(x: int) -> int:
    a = await book.submit(x)
    b = await book.submit(a)
    return await charge.submit(b)


@shape(1)
@workflow
async def live_retried(x: int) -> int:
    return await ainc(await flaky.submit(x))


@workflow
async def live_inner(x: int) -> int:
    return await ainc(await ainc(x))


@shape(1)
@workflow
def live_in_a_graph(x: int) -> int:
    return inc(live_inner.ref(inc(x)))


@shape(1)
@workflow
def lives_in_a_graph(x: int) -> int:
    return add(live_inner.ref(x), live_inner.ref(inc(x)))


@shape(1)
@workflow
async def graph_in_a_live_body(x: int) -> int:
    return await ainc(await inner.submit(await ainc(x)))


@shape(1)
@workflow
async def graphs_in_a_live_body(x: int) -> int:
    a, b = await asyncio.gather(inner.submit(x), asking_inner.submit(x))
    return await add.submit(a, b)


@shape(1)
@workflow
async def live_in_a_live_body(x: int) -> int:
    a, b = await asyncio.gather(live_inner(x), live_inner(x + 1))
    return await add.submit(a, b)


@shape(1, executor="thread")
@workflow
async def live_order_after_a_cancel(x: int) -> int:
    hanging = asyncio.create_task(adawdle(x))

    LEFT.append(over := threading.Event())

    async def left() -> int:
        await ainc(x)
        hanging.cancel()
        try:
            await hanging
        except asyncio.CancelledError:
            return await ainc(10)
        finally:
            over.set()
        return 0

    async def right() -> int:
        return await after_left(20)

    both = {asyncio.create_task(left()), asyncio.create_task(right())}
    done, pending = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    first = await inc.submit(done.pop().result())
    await asyncio.wait(pending)
    return first
