"""What type checkers see of the words of a body: blocks, joins, waits, loops, and of options of items and limits.

Read like api.py: never executed, and both checkers have to find every mistake.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, assert_type

import attrs

import flowkit.live
from flowkit import (
    Completed,
    Decision,
    Gate,
    Limit,
    LoopError,
    Outcome,
    Run,
    Selected,
    Signal,
    StepOptions,
    always,
    command,
    concurrent,
    cond,
    discard,
    exponential,
    first,
    first_n,
    fixed,
    gate,
    in_order,
    linear,
    one_at_a_time,
    otherwise,
    outcome,
    phase,
    poll,
    race,
    race_n,
    repeat,
    scope,
    select,
    sleep,
    step,
    when,
    workflow,
)


@attrs.frozen
class Job:
    id: str
    done: bool


@step
def number(text: str) -> int:
    return len(text)


@step
def text(of: int) -> str:
    return str(of)


@step
def is_large(of: int) -> bool:
    return of > 3


@step
def status(of: str) -> Job:
    return Job(of, True)


@step
def status_of(region: str, of: int) -> Job:
    return Job(region, bool(of))


@step
def store(of: int) -> None: ...


@step
async def fetch(url: str) -> bytes:
    return url.encode()


# -- blocks ------------------------------------------------------------------------------------------------------------


@workflow
def blocks(given: str) -> int:
    with phase("read"):
        size = number(given)
    with when(is_large(size)), in_order():
        store(size)
    with otherwise():
        store(0)
    with always():
        store(1)
    with concurrent(), one_at_a_time():
        store(2)
    with scope("slow") as slow, scope():
        discard(text(size))
    slow.cancel(after=size)
    slow.cancel()
    with when(size), phase("more") as nothing:
        assert_type(nothing, None)
    return size


def wrong_blocks() -> None:
    with phase():  # type: ignore[call-arg]
        pass
    with phase(3):  # type: ignore[arg-type]
        pass
    with when():  # type: ignore[call-arg]
        pass
    with otherwise(True):  # type: ignore[call-arg]
        pass
    with scope(3):  # type: ignore[arg-type]
        pass
    with in_order("strictly"):  # type: ignore[call-arg]
        pass
    scope().cancel("now")  # type: ignore[call-arg]
    phase("read").cancel()  # type: ignore[attr-defined]
    with phase:  # type: ignore[attr-defined]
        pass


# -- joins -------------------------------------------------------------------------------------------------------------


def joins(sizes: list[int]) -> None:
    assert_type(cond(is_large(3), lambda: number("a"), lambda: text(3)), int | str)
    assert_type(cond(3, lambda: number("a"), lambda: 0), int)
    assert_type(first(number("a"), number("b")), int)
    assert_type(first(number("a"), text(1)), int | str)
    assert_type(first(number("a"), text(1), fetch.ref("a")), int | str | bytes)
    assert_type(first(number("a"), number("b"), number("c"), number("d")), int)
    assert_type(first(number.map(["a"])), int)
    assert_type(first_n(number.map(["a"]), 2), list[int])
    assert_type(first_n([number("a"), number("b")], n=1), list[int])
    assert_type(race(number("a"), text(1)), int | str)
    assert_type(race(sizes), int)
    assert_type(race_n(fetch.map(["a"]), 2), list[bytes])
    assert_type(select(a=number("a"), b=number("b")), Selected[int])
    assert_type(select(a=number("a"), b=number("b")).value, int)
    assert_type(select(a=number("a"), b=number("b")).name, str)
    assert_type(outcome(first(number("a"), number("b"))), Outcome[int])


def wrong_joins() -> None:
    cond(is_large(3), lambda: number("a"))  # type: ignore[call-arg]
    cond(is_large(3), lambda _: number("a"), lambda: 0)  # type: ignore[arg-type, misc]
    first_n(number.map(["a"]))  # type: ignore[call-arg]
    first_n(number("a"), 1)  # type: ignore[arg-type]
    race_n(number.map(["a"]), "2")  # type: ignore[arg-type]
    select(number("a"))  # type: ignore[call-arg]
    text(first(text(1), text(2)))  # type: ignore[arg-type]
    number(first_n(text.map([1]), 1))  # type: ignore[arg-type]
    _wrong: str = race(number("a"), number("b"))  # type: ignore[assignment]


def values_are_no_branches() -> None:
    cond(is_large(3), number("a"), text(3))  # type: ignore[arg-type]


# -- waits -------------------------------------------------------------------------------------------------------------

paid = Signal[Job]("paid")


def waits(run: Run[int]) -> None:
    sleep("1d")
    sleep(timedelta(minutes=2))
    sleep(0.5)
    assert_type(paid.wait(), Job)
    assert_type(paid.wait(timeout="1h").id, str)
    assert_type(paid.send(run, Job("a", True)), bool)
    assert_type(paid.send(run, Job("a", True), dedup="event"), bool)
    assert_type(gate("deploy?"), Decision)
    decided = gate(
        "where?", options=("here", "there"), timeout="2d", on_timeout="return", on_reject="return", name="at"
    )
    assert_type(decided.approved, bool)
    assert_type(decided.choice, str)
    assert_type(select(paid=paid.wait(), late=sleep("1d")), Selected[Job | None])


def wrong_waits(run: Run[int]) -> None:
    sleep()  # type: ignore[call-arg]
    sleep([1])  # type: ignore[arg-type]
    Signal[int](3)  # type: ignore[arg-type]
    paid.send(run, "a")  # type: ignore[arg-type]
    paid.send(run)  # type: ignore[call-arg]
    paid.send(3, Job("a", True))  # type: ignore[arg-type]
    text(paid.wait())  # type: ignore[arg-type]
    paid.wait(timeout=[1])  # type: ignore[arg-type]
    gate()  # type: ignore[call-arg]
    gate("deploy?", ["yes"])  # type: ignore[call-arg]
    gate("deploy?", on_timeout="go")  # type: ignore[arg-type]
    gate("deploy?", options=[1, 2])  # type: ignore[list-item]


def gates_are_decided_at_runs(run: Run[int]) -> None:
    assert_type(run.gates, list[Gate])
    assert_type(run.gates[0].options, tuple[str, ...])
    run.approve()
    run.approve("deploy?", choice="here", who="ann", feedback="fine")
    run.reject("deploy?", who="ann", feedback="not today")
    assert_type(run.send("paid", 3, dedup="event"), bool)
    run.approve(3)  # type: ignore[arg-type]
    run.approve("deploy?", "here")  # type: ignore[call-arg]
    run.reject("deploy?", choice="here")  # type: ignore[call-arg]
    run.send(3)  # type: ignore[arg-type]


# -- loops -------------------------------------------------------------------------------------------------------------


def grow(given: int) -> int:
    return number(text(given))


def loops() -> None:
    assert_type(repeat(grow, number("a"), until=lambda n: n > 3), int)
    assert_type(repeat(grow, 1, until=lambda n: n > 3, max_rounds=5, stuck_after=3, on_max="return"), int)
    assert_type(poll(status, "a", until=lambda job: job.done), Job)
    assert_type(poll(status_of, "a", number("a"), until=lambda job: job.done, every=exponential(5, max=60)), Job)
    assert_type(poll(status, "a", until=lambda job: job.done, every=fixed(2), timeout="2h").id, str)
    assert_type(poll(status, "a", until=lambda job: job.done, every="30s"), Job)
    assert_type(poll(status, "a", until=lambda job: job.done, every=linear(2)), Job)
    try:
        _again = repeat(grow, 1, until=lambda n: n > 3)
    except LoopError as error:
        assert_type(error.args, tuple[Any, ...])


def wrong_loops() -> None:
    repeat(grow, 1)  # type: ignore[call-arg]
    repeat(grow, "a", until=bool)  # type: ignore[arg-type]
    repeat(text, 1, until=bool)  # type: ignore[arg-type]
    repeat(grow, 1, until=bool, on_max="stop")  # type: ignore[arg-type]
    repeat(grow, 1, until=bool, max_rounds="3")  # type: ignore[arg-type]
    poll(status, "a")  # type: ignore[call-overload]
    poll(status, 1, until=bool)  # type: ignore[arg-type]
    poll(status_of, "a", until=bool)  # type: ignore[arg-type]
    poll(status, "a", until=bool, every=[])  # type: ignore[call-overload]
    text(poll(status, "a", until=bool))  # type: ignore[arg-type]


# -- live words --------------------------------------------------------------------------------------------------------


@workflow
async def living(url: str) -> int:
    assert_type(await flowkit.live.sleep("30s"), None)
    assert_type(await flowkit.live.wait(paid, timeout="1h"), Job)
    assert_type(await flowkit.live.gate("deploy?", options=["here"], on_reject="return"), Decision)
    assert_type(await flowkit.live.command(["make"]), Completed)
    _all: list[Any] = await flowkit.live.map(fetch, [url], max_concurrency=2)
    _job: Job = await flowkit.live.poll(status, url, until=lambda job: job.done, every="5s")
    return len(await fetch(url))


async def wrong_ways_to_wait() -> None:
    await sleep("30s")  # type: ignore[misc]
    await paid.wait()  # type: ignore[misc]
    await flowkit.live.wait("paid")  # type: ignore[arg-type]
    await flowkit.live.sleep()  # type: ignore[call-arg]
    await flowkit.live.gate("deploy?", on_reject="go")  # type: ignore[arg-type]
    await flowkit.live.map(fetch, [1])  # type: ignore[arg-type]
    await flowkit.live.poll(status, "a")  # type: ignore[call-arg]
    _text: str = await flowkit.live.wait(paid)  # type: ignore[arg-type]


# -- programs ----------------------------------------------------------------------------------------------------------


def programs_in_bodies() -> None:
    assert_type(command(["make", text(3), number("a")], env={"SIZE": number("a")}, kill_after="5s"), Completed)
    assert_type(first(command(["a"]), command(["b"])), Completed)
    assert_type(command(["a"]).returncode, int)
    number(command(["a"]))  # type: ignore[arg-type]
    command(["a"], check="no")  # type: ignore[call-overload]
    command(["a"], max_output="all")  # type: ignore[call-overload]


# -- options -----------------------------------------------------------------------------------------------------------


def key_of(of: str) -> str:
    return of


def before(of: str) -> Iterable[str]:
    return [of]


def items_and_limits(names: Sequence[str]) -> None:
    sparing = number.with_options(limit=Limit("db", 4), validate=True)
    assert_type(sparing("a"), int)
    careful = number.with_options(
        max_concurrency=8, on_item_failure="continue", item_key=key_of, item_depends_on=before, compensate=store
    )
    assert_type(careful.map(names), list[int])
    assert_type(blocks.with_options(max_concurrency=2, on_item_failure="skip_dependents").map(names), list[int])
    step(limit=Limit("db", 4), max_concurrency=None)(key_of)
    StepOptions(limit=Limit("db", 4))
    assert_type(Limit("db", 4).places, int)


def wrong_items_and_limits() -> None:
    number.with_options(limit=4)  # type: ignore[arg-type]
    number.with_options(limit="db")  # type: ignore[arg-type]
    number.with_options(max_concurrency="8")  # type: ignore[arg-type]
    number.with_options(on_item_failure="stop")  # type: ignore[arg-type]
    number.with_options(item_key="id")  # type: ignore[arg-type]
    number.with_options(item_depends_on=["a"])  # type: ignore[arg-type]
    number.with_options(validate="yes")  # type: ignore[arg-type]
    number.with_options(compensate="store")  # type: ignore[arg-type]
    blocks.with_options(limit=Limit("db", 4))  # type: ignore[call-arg]
    Limit("db")  # type: ignore[call-arg]
    Limit(4, "db")  # type: ignore[arg-type]
