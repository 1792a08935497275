"""What type checkers see of flowkit. Never executed: mypy and pyright read it, both in strict mode.

A mistake stands with the code of mypy's error. Both checkers have to find it: an ignore that either of them doesn't
need is an error itself. The words of bodies are in words.py. What a checker can't follow is in limits.py, with what to
write instead.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, assert_type

import attrs

import flowkit.live
from flowkit import (
    Completed,
    Engine,
    Fallback,
    From,
    Graph,
    Outcome,
    Resource,
    Retry,
    Run,
    RunStatus,
    Step,
    StepContext,
    StepOptions,
    StepRecord,
    Unmapped,
    Workflow,
    command,
    concurrent,
    current,
    discard,
    exponential,
    in_order,
    outcome,
    result_of,
    step,
    unmapped,
    use,
    workflow,
)

K = TypeVar("K")


@attrs.frozen
class Row:
    name: str
    points: int


@step
def parse(text: str) -> list[Row]:
    return [Row(text, 1)]


@step(retries=3, timeout="30s")
def total(rows: list[Row], bonus: int = 0) -> int:
    return sum(row.points for row in rows) + bonus


@step
def points(row: Row) -> int:
    return row.points


@step
def label(name: str, number: int, *, upper: bool = False) -> str:
    return f"{name.upper() if upper else name} {number}"


@step
def store(row: Row) -> None: ...


@step
def migrate() -> None: ...


@step
async def fetch(url: str, tries: int = 1) -> bytes:
    return f"{url} {tries}".encode()


@step(retries=3)
async def count(body: bytes) -> int:
    return len(body)


# -- functions ---------------------------------------------------------------------------------------------------------


def steps_keep_parameters_and_result() -> None:
    assert_type(parse("a"), list[Row])
    assert_type(total([Row("a", 1)]), int)
    assert_type(total(rows=[], bonus=2), int)
    assert_type(label("a", 1, upper=True), str)
    assert_type(step(len)([1, 2]), int)
    assert_type(step(compensate=total)(points)(Row("a", 1)), int)
    _parsing: Step[[str], list[Row]] = parse
    _counting: Step[..., int] = total


def wrong_arguments_are_errors() -> None:
    parse(1)  # type: ignore[arg-type]
    parse()  # type: ignore[call-arg]
    parse("a", "b")  # type: ignore[call-arg]
    total([Row("a", 1)], bonus="2")  # type: ignore[arg-type]
    total([Row("a", 1)], extra=2)  # type: ignore[call-arg]
    total([parse("a")])  # type: ignore[list-item]
    label("a", 1, True)  # type: ignore[call-arg]
    _wrong: str = points(Row("a", 1))  # type: ignore[assignment]
    _wrong_step: Step[[int], list[Row]] = parse  # type: ignore[assignment]
    parse.unknown()  # type: ignore[attr-defined]


def what_isnt_a_function_is_no_step() -> None:
    step(3)  # type: ignore[call-overload]
    workflow("report")  # type: ignore[call-overload]


# -- async functions ---------------------------------------------------------------------------------------------------


async def calling_an_async_step_gives_a_coroutine() -> None:
    coroutine: Coroutine[Any, Any, bytes] = fetch("a")
    assert_type(await coroutine, bytes)
    assert_type(await fetch("a", tries=2), bytes)
    assert_type(await count(b"a"), int)


def ref_gives_what_is_awaited() -> None:
    assert_type(fetch.ref("a"), bytes)
    assert_type(fetch.ref(url="a", tries=2), bytes)
    assert_type(count.ref(fetch.ref("a")), int)
    assert_type(points.ref(Row("a", 1)), int)
    fetch.ref(1)  # type: ignore[call-overload]
    fetch.ref()  # type: ignore[call-overload]
    count.ref(fetch("a"))  # type: ignore[call-overload]
    points.ref("a")  # type: ignore[arg-type]


# -- maps --------------------------------------------------------------------------------------------------------------


@step
def two(a: int, b: str) -> float:
    return a + len(b)


@step
def three(a: int, b: str, c: bytes) -> tuple[int, str]:
    return (a + len(c), b)


@step
def four(a: int, b: str, c: bytes, d: bool) -> list[int]:
    return [a, len(b), len(c), d]


@step
def five(a: int, b: str, c: bytes, d: bool, e: float = 0.0) -> dict[str, float]:
    return {b: a + len(c) + d + e}


@step
async def async_five(a: int, b: str, c: bytes, d: bool, e: float = 0.0) -> dict[str, float]:
    return {b: a + len(c) + d + e}


@step
def join(parts: list[str], separator: str = "") -> str:
    return separator.join(parts)


@step
def count_ends(ends: list[Outcome[int]]) -> int:
    return sum(end.ok for end in ends)


def maps_take_columns_and_give_lists() -> None:
    assert_type(parse.map(["a", "b"]), list[list[Row]])
    assert_type(points.map(parse("a")), list[int])
    assert_type(two.map([1], ["a"]), list[float])
    assert_type(three.map([1], ["a"], [b"a"]), list[tuple[int, str]])
    assert_type(four.map([1], ["a"], [b"a"], [True]), list[list[int]])
    assert_type(five.map([1], ["a"], [b"a"], [True], [0.5]), list[dict[str, float]])
    assert_type(async_five.map([1], ["a"], [b"a"], [True], [0.5]), list[dict[str, float]])
    assert_type(fetch.map(["a"]), list[bytes])
    assert_type(store.map(parse("a")), list[None])


def maps_take_any_iterable(numbers: Sequence[int], texts: Iterator[str], flags: set[bool]) -> None:
    assert_type(two.map(numbers, texts), list[float])
    assert_type(two.map(flags, (str(number) for number in numbers)), list[float])
    assert_type(two.map(range(3), {"a": 1}.keys()), list[float])


def parameters_with_defaults_may_be_left_out() -> None:
    assert_type(total.map([[Row("a", 1)]]), list[int])
    assert_type(total.map([[Row("a", 1)]], [2]), list[int])
    assert_type(five.map([1], ["a"], [b"a"], [True]), list[dict[str, float]])
    assert_type(async_five.map([1], ["a"], [b"a"], [True]), list[dict[str, float]])
    assert_type(label.map(["a"], [1]), list[str])


def unmapped_values_go_to_every_item() -> None:
    assert_type(unmapped("a"), Unmapped[str])
    assert_type(two.map([1, 2], unmapped("a")), list[float])
    assert_type(two.map(unmapped(1), ["a"]), list[float])
    assert_type(join.map(unmapped(["a"]), ["-", "+"]), list[str])
    assert_type(async_five.map([1], unmapped("a"), unmapped(b"a"), [True], unmapped(0.5)), list[dict[str, float]])


def maps_go_on_over_maps_and_into_steps() -> None:
    assert_type(count.map(fetch.map(["a"])), list[int])
    assert_type(points.map(parse.map(["a"])[0]), list[int])
    assert_type(join(label.map(["a"], points.map(parse("a")))), str)


def outcomes_are_mapped_too() -> None:
    assert_type(points.map_outcomes(parse("a")), list[Outcome[int]])
    assert_type(fetch.map_outcomes(["a"]), list[Outcome[bytes]])
    assert_type(two.map_outcomes([1], unmapped("a")), list[Outcome[float]])
    assert_type(three.map_outcomes([1], ["a"], [b"a"]), list[Outcome[tuple[int, str]]])
    assert_type(four.map_outcomes([1], ["a"], [b"a"], [True]), list[Outcome[list[int]]])
    assert_type(five.map_outcomes([1], ["a"], [b"a"], [True], [0.5]), list[Outcome[dict[str, float]]])
    assert_type(async_five.map_outcomes([1], ["a"], [b"a"], [True], [0.5]), list[Outcome[dict[str, float]]])
    assert_type(count_ends(points.map_outcomes(parse("a"))), int)


def wrong_columns_are_errors() -> None:
    parse.map([1])  # type: ignore[list-item]
    parse.map(3)  # type: ignore[arg-type]
    parse.map()  # type: ignore[call-arg]
    parse.map(["a"], ["b"])  # type: ignore[call-arg]
    parse.map(unmapped(1))  # type: ignore[arg-type]
    fetch.map([1])  # type: ignore[list-item]
    two.map([1])  # type: ignore[call-arg]
    two.map([1], [2])  # type: ignore[list-item]
    two.map(["a"], ["a"])  # type: ignore[list-item]
    two.map([1], unmapped(2))  # type: ignore[arg-type]
    label.map(["a"], [1], [True])  # type: ignore[call-arg]
    migrate.map([1])  # type: ignore[misc, arg-type]
    points.map(parse.map(["a"]))  # type: ignore[arg-type]
    points.map_outcomes(["a"])  # type: ignore[list-item]
    count_ends(points.map(parse("a")))  # type: ignore[arg-type]


# -- methods -----------------------------------------------------------------------------------------------------------


class Shop:
    def __init__(self, name: str) -> None:
        self.name = name

    @step
    def price(self, item: str, discount: float = 0.0) -> float:
        return len(item) - discount

    @step(retries=3)
    async def order(self, item: str) -> Row:
        return Row(item, 1)

    @step
    @classmethod
    def open(cls, name: str) -> Shop:
        return cls(name)

    @step(timeout=5)
    @classmethod
    async def find(cls, name: str) -> list[Shop]:
        return [cls(name)]

    @step
    @staticmethod
    def tax(amount: float) -> float:
        return amount / 5

    @step(retries=1)
    @staticmethod
    def currency() -> str:
        return "EUR"

    @workflow
    def sell(self, items: list[str]) -> list[float]:
        assert_type(self.price(items[0]), float)
        assert_type(self.order.map(items), list[Row])
        return Shop.tax.map(self.price.map(items))

    @workflow
    async def visit(self, item: str) -> float:
        row = await self.order(item)
        return await self.price.submit(row.name)

    @workflow(fail_fast=False)
    @classmethod
    def start_business(cls, name: str) -> Shop:
        return cls.open(name)

    @workflow
    @staticmethod
    def quote(amount: float) -> float:
        return Shop.tax(amount)


class Bakery(Shop):
    def cake(self) -> None:
        assert_type(super().price("cake"), float)
        assert_type(super().price.map(["cake"]), list[float])
        assert_type(self.order.ref("cake"), Row)
        assert_type(super().open("Bakery"), Shop)


def methods_are_bound(shop: Shop) -> None:
    assert_type(shop.price("a"), float)
    assert_type(shop.price("a", discount=1), float)
    assert_type(shop.price.map(["a"]), list[float])
    assert_type(shop.price.map(["a"], unmapped(0.5)), list[float])
    assert_type(shop.price.map_outcomes(["a"]), list[Outcome[float]])
    assert_type(shop.price.with_options(timeout=5)("a"), float)
    assert_type(shop.price.with_options(timeout=5).map(["a"]), list[float])
    assert_type(shop.order.ref("a"), Row)
    assert_type(shop.order.map(["a"]), list[Row])
    assert_type(Shop.price(shop, "a"), float)
    assert_type(Bakery("b").price("a"), float)
    assert_type(Bakery("b").order.map(["a"]), list[Row])
    _bound: Step[[str], float] = shop.price
    shop.price(1)  # type: ignore[arg-type]
    shop.price()  # type: ignore[call-arg]
    shop.price.map([1])  # type: ignore[list-item]
    shop.order.ref(1)  # type: ignore[call-overload]
    Shop.price("a")  # type: ignore[call-arg, arg-type]


def classmethods_and_staticmethods_are_bound(shop: Shop) -> None:
    assert_type(Shop.open("a"), Shop)
    assert_type(shop.open("a"), Shop)
    assert_type(Bakery.open("a"), Shop)
    assert_type(Shop.open.map(["a"]), list[Shop])
    assert_type(Shop.find.ref("a"), list[Shop])
    assert_type(shop.find.map(["a"]), list[list[Shop]])
    assert_type(Shop.tax(1.0), float)
    assert_type(shop.tax(1.0), float)
    assert_type(Bakery("b").tax.map([1.0]), list[float])
    assert_type(Shop.tax.with_options(timeout=5)(1.0), float)
    assert_type(Shop.currency(), str)
    assert_type(shop.currency(), str)
    Shop.open(1)  # type: ignore[arg-type]
    Shop.open()  # type: ignore[call-arg]
    Shop.find.ref(1)  # type: ignore[call-overload]
    shop.tax("a")  # type: ignore[arg-type]
    shop.tax.map(["a"])  # type: ignore[list-item]
    Shop.currency(1)  # type: ignore[call-arg]


class Shelf(Generic[K]):
    @step
    def put(self, thing: K) -> list[K]:
        return [thing]

    @step
    async def take(self, thing: K) -> K:
        return thing


def methods_of_generic_classes_know_the_parameter(shelf: Shelf[bytes]) -> None:
    assert_type(shelf.put(b"a"), list[bytes])
    assert_type(shelf.put.map([b"a"]), list[list[bytes]])
    assert_type(shelf.take.ref(b"a"), bytes)
    shelf.put("a")  # type: ignore[arg-type]


# -- classes -----------------------------------------------------------------------------------------------------------


make_row = step(Row)
make_shop = step(name="shop")(Shop)


def classes_are_steps_that_make_instances() -> None:
    assert_type(make_row("a", 1), Row)
    assert_type(make_row.map(["a"], [1]), list[Row])
    assert_type(make_row.map_outcomes(["a"], unmapped(1)), list[Outcome[Row]])
    assert_type(make_shop.with_options(timeout=5)("a"), Shop)
    make_row("a", "b")  # type: ignore[arg-type]
    make_row.map([1], [1])  # type: ignore[list-item]


# -- options -----------------------------------------------------------------------------------------------------------


def may_run(rows: list[Row]) -> bool:
    return bool(rows)


def options_keep_the_type(earlier: int) -> None:
    assert_type(parse.with_options(timeout=5)("a"), list[Row])
    assert_type(fetch.with_options(retries=2).ref("a"), bytes)
    assert_type(points.with_options(max_concurrency=8).map(parse("a")), list[int])
    _same: Step[[Row], int] = points.with_options()
    parse.with_options(
        retries=Retry(max_attempts=5, backoff=exponential(0.2, factor=2, max=30), jitter="full", on=(OSError,))
    )
    parse.with_options(retries=None, timeout=timedelta(seconds=5), total_timeout=60.5, heartbeat_timeout=None)
    parse.with_options(depends_on=[migrate, "store", earlier], depends_on_any=migrate)
    parse.with_options(on_failure="skip").with_options(on_failure=Fallback(call=may_run)).with_options(
        on_failure=Fallback(0)
    )
    parse.with_options(run_if=may_run, delay="10s", not_before=datetime(2026, 11, 20, tzinfo=UTC), executor="inline")
    parse.with_options(effect=True, idempotent=True, interrupt=False, must_use=False)
    step(name="parse", retries=3)(may_run)


def wrong_options_are_errors() -> None:
    parse.with_options(retry=3)  # type: ignore[call-arg]
    parse.with_options(retries="3")  # type: ignore[arg-type]
    parse.with_options(timeout=[5])  # type: ignore[arg-type]
    parse.with_options(on_failure="ignore")  # type: ignore[arg-type]
    parse.with_options(on_failure=may_run)  # type: ignore[arg-type]
    parse.with_options(effect="yes")  # type: ignore[arg-type]
    parse.with_options(not_before=5)  # type: ignore[arg-type]
    parse.with_options(name="parse")  # type: ignore[call-arg]
    step(retry=3)  # type: ignore[call-overload]
    step(timeout=[5])  # type: ignore[call-overload]
    workflow(fail_fast="no")  # type: ignore[call-overload]
    workflow(retries=3)  # type: ignore[call-overload]
    StepOptions(retry=3)  # type: ignore[call-arg]
    StepOptions(timeout=[5])  # type: ignore[arg-type]
    Retry(max_attempts=3, jitter="some")  # type: ignore[arg-type]


# -- bodies ------------------------------------------------------------------------------------------------------------


@step
def judge(end: Outcome[int]) -> str:
    return f"{end.value_or(0)}: {end.reason}" if end.ok else str(end.error)


@workflow
def report(text: str, bonus: int = 0) -> int:
    rows = parse(text)
    assert_type(rows, list[Row])
    assert_type(rows[0].points, int)
    return total(rows, bonus)


@workflow(
    fail_fast=False,
    defaults=StepOptions(timeout="5s", retries=2),
    allow=("FK101",),
    strict=True,
    static=True,
    name="audit",
)
def audit(urls: list[str]) -> str:
    sizes = count.map(fetch.map(urls))
    with in_order():
        migrate()
    with concurrent():
        discard(sizes)
    return judge(outcome(count.ref(fetch.ref(urls[0]))))


@workflow
def nothing() -> None:
    store(Row("a", 1))


def outcomes_and_drops() -> None:
    assert_type(outcome(total([])), Outcome[int])
    assert_type(outcome(fetch.ref("a")).value, bytes)
    assert_type(outcome(total([])).value_or(0), int)
    assert_type(judge(outcome(total([]))), str)
    discard(total([]))
    discard(fetch.map(["a"]))
    judge(total([]))  # type: ignore[arg-type]
    judge(outcome(fetch.ref("a")))  # type: ignore[arg-type]
    total(outcome(parse("a")))  # type: ignore[arg-type]
    outcome()  # type: ignore[call-arg]
    discard()  # type: ignore[call-arg]


@workflow
def wrong_result(text: str) -> str:
    return report_total(text)  # type: ignore[return-value]


@step
def report_total(text: str) -> int:
    return len(text)


@workflow
def coroutine_returned(url: str) -> bytes:
    return fetch(url)  # type: ignore[return-value]


# -- going on from results ---------------------------------------------------------------------------------------------


@workflow
def branching(text: str) -> int:
    rows = parse(text)
    assert_type(result_of(rows), list[Row])
    assert_type(result_of(rows[0].points), int)
    assert_type(result_of(points.map(rows)), list[int])
    assert_type(result_of(fetch.ref(text)), bytes)
    assert_type(result_of(outcome(total(rows))), Outcome[int])
    for row in result_of(rows):
        store(row)
    try:
        number = result_of(total(rows))
    except ValueError:
        number = 0
    assert_type(number, int)
    return total(rows, number) if number else number


@workflow
def counting(number: int, limit: int = 3) -> int:
    assert_type(branching("a"), int)
    assert_type(result_of(branching("a")), int)
    assert_type(outcome(branching("a")), Outcome[int])
    nothing()
    return number if number >= limit else counting(total(parse("a"), number), limit)


def wrong_ways_to_go_on() -> None:
    result_of()  # type: ignore[call-arg]
    result_of(total([]), total([]))  # type: ignore[call-arg]
    points(result_of(parse("a")))  # type: ignore[arg-type]
    _wrong: str = result_of(total([]))  # type: ignore[assignment]
    total([], result_of(fetch("a")))  # type: ignore[arg-type]
    total([], branching(1))  # type: ignore[arg-type]
    counting(parse("a"))  # type: ignore[arg-type]
    counting()  # type: ignore[call-arg]
    label(branching("a"), 1)  # type: ignore[arg-type]


@workflow
def goes_on_with_something_else(text: str) -> str:
    return counting(branching(text))  # type: ignore[return-value]


# -- what signatures declare --------------------------------------------------------------------------------------------


class Db:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...


class Client:
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...


def open_settings() -> dict[str, int]:
    return {}


async def open_pool(client: Client = Resource(Client)) -> list[Client]:
    return [client]


@contextmanager
def open_db(path: str = "a") -> Generator[Db]:
    with Db() as db:
        yield db


@asynccontextmanager
async def open_client() -> AsyncGenerator[Client]:
    async with Client() as client:
        yield client


def borrow_db() -> Iterator[Db]:
    yield Db()


async def borrow_client() -> AsyncIterator[Client]:
    yield Client()


@step
def read(text: str = From(label), body: bytes = From(fetch), db: Db = Resource(open_db)) -> list[Row]:
    return [Row(text, len(body))]


@step
async def measure(rows: list[Row] = From(read), *, client: Client = Resource(open_client)) -> int:
    return len(rows)


def what_is_declared_is_typed_as_the_value(shop: Shop) -> None:
    assert_type(From(fetch), bytes)
    assert_type(From(parse), list[Row])
    assert_type(From(make_row), Row)
    assert_type(From(shop.price), float)
    assert_type(From(shop.order), Row)
    assert_type(From(nothing), None)
    assert_type(Resource(open_settings), dict[str, int])
    assert_type(Resource(open_pool), list[Client])
    assert_type(Resource(Db), Db)
    assert_type(Resource(Client), Client)
    assert_type(Resource(open_db), Db)
    assert_type(Resource(open_client), Client)
    assert_type(Resource(borrow_db), Db)
    assert_type(Resource(borrow_client), Client)
    assert_type(read("a", b"a"), list[Row])
    assert_type(read.map(["a"], [b"a"]), list[list[Row]])
    _wrong: str = From(fetch)  # type: ignore[assignment]
    _wrong_resource: str = Resource(open_settings)  # type: ignore[assignment]
    From("fetch")  # type: ignore[call-overload]
    Resource(3)  # type: ignore[call-overload]


def workflows_of_what_is_declared_know_their_result() -> None:
    assert_type(workflow.of(read), Workflow[..., list[Row]])
    assert_type(workflow.of(read)(url="a"), list[Row])
    assert_type(workflow.of(read, fail_fast=False, name="reading").start("a", b"a"), Run[list[Row]])
    assert_type(workflow.of(measure).start("a"), Run[int])
    assert_type(workflow.of(measure)("a"), int)
    workflow.of("read")  # type: ignore[call-overload]
    workflow.of(read, retries=3)  # type: ignore[call-overload]


# -- live bodies -------------------------------------------------------------------------------------------------------


@workflow
async def live(url: str, tries: int = 1) -> int:
    body = await fetch(url, tries)
    assert_type(body, bytes)
    task = total.submit(parse("a"), bonus=2)
    assert_type(task, asyncio.Task[int])
    assert_type(await task, int)
    assert_type(await parse.submit("a"), list[Row])
    assert_type(fetch.submit(url=url, tries=2), asyncio.Task[bytes])
    assert_type(await fetch.submit(url), bytes)
    assert_type(await points.with_options(retries=2).submit(Row("a", 1)), int)
    both = await asyncio.gather(fetch(url), total.submit([]))
    assert_type(both, tuple[bytes, int])
    async with asyncio.TaskGroup() as group:
        counted = group.create_task(count(body))
    assert_type(counted.result(), int)
    assert_type(await report.submit("a", bonus=2), int)
    assert_type(report.with_options(fail_fast=False).submit("a"), asyncio.Task[int])
    assert_type(await nothing.submit(), None)
    return await count(body)


@workflow
async def live_in_live(url: str) -> list[int]:
    first = await live(url)
    assert_type(first, int)
    begun = live.submit(url, tries=first)
    assert_type(begun, asyncio.Task[int])
    return [first, await begun]


@workflow(fail_fast=False)
async def live_without_result() -> None:
    await store.submit(Row("a", 1))


async def live_workflows_are_awaited_and_started() -> None:
    coroutine: Coroutine[Any, Any, int] = live("a")
    assert_type(await coroutine, int)
    assert_type(await live("a", tries=2), int)
    assert_type(asyncio.run(live_in_live("a")), list[int])
    run = live.start("a")
    assert_type(run, Run[int])
    assert_type(await run, int)
    assert_type(live_in_live.start(url="a").result(), list[int])
    assert_type(live.with_options(run_id="a").start("a", 2), Run[int])
    assert_type(await live.with_options(run_id="a")("a"), int)
    assert_type(live_without_result.start(), Run[None])
    assert_type(live.graph("a"), Graph)


async def wrong_ways_to_live(shop: Shop) -> None:
    total.submit([Row("a", 1)], bonus="2")  # type: ignore[arg-type]
    parse.submit(1)  # type: ignore[arg-type]
    parse.submit()  # type: ignore[call-arg]
    fetch.submit(1)  # type: ignore[call-overload]
    report.submit(1)  # type: ignore[arg-type]
    live.submit(1)  # type: ignore[call-overload]
    live.submit()  # type: ignore[call-overload]
    await live(1)  # type: ignore[arg-type]
    live.start(1)  # type: ignore[call-overload]
    live.start()  # type: ignore[call-overload]
    await parse("a")  # type: ignore[misc]
    await report("a")  # type: ignore[misc]
    points(parse.submit("a"))  # type: ignore[arg-type]
    total([], bonus=live("a"))  # type: ignore[arg-type]
    _task: asyncio.Task[str] = report.submit("a")  # type: ignore[assignment]
    _run: Run[str] = live.start("a")  # type: ignore[assignment]
    _wrong: str = await live("a")  # type: ignore[assignment]
    shop.price.submit(1)  # type: ignore[arg-type]
    shop.visit.submit()  # type: ignore[call-overload]


async def methods_live_too(shop: Shop) -> None:
    assert_type(await shop.price.submit("a", discount=1), float)
    assert_type(await shop.order.submit("a"), Row)
    assert_type(shop.order.submit("a"), asyncio.Task[Row])
    assert_type(await Shop.open.submit("a"), Shop)
    assert_type(await Shop.find.submit("a"), list[Shop])
    assert_type(await Shop.tax.submit(1.0), float)
    assert_type(await shop.sell.submit(["a"]), list[float])
    assert_type(await shop.visit("a"), float)
    assert_type(shop.visit.start("a"), Run[float])
    assert_type(await shop.visit.submit("a"), float)


# -- workflows and runs ------------------------------------------------------------------------------------------------


def workflows_keep_parameters_and_result() -> None:
    assert_type(report("a"), int)
    assert_type(report("a", bonus=2), int)
    assert_type(audit(["a"]), str)
    assert_type(report.with_options(run_id="2026-11-20")("a"), int)
    assert_type(report.graph(), Graph)
    assert_type(report.graph("a"), Graph)
    _reporting: Workflow[[str], int] = workflow(len)
    report(1)  # type: ignore[arg-type]
    report()  # type: ignore[call-arg]
    report("a", extra=1)  # type: ignore[call-arg]
    audit("a")  # type: ignore[arg-type]
    report.start(1)  # type: ignore[arg-type]
    report.start()  # type: ignore[call-arg]
    report.with_options(timeout=5)  # type: ignore[call-arg]
    report.with_options(name="report")  # type: ignore[call-arg]
    report.with_options(run_id=5)  # type: ignore[arg-type]
    assert_type(report.map(["a"]), list[int])
    assert_type(report.map(["a"], unmapped(5)), list[int])
    assert_type(report.map_outcomes(["a"]), list[Outcome[int]])
    report.map([1])  # type: ignore[list-item]
    assert_type(report.ref("a"), int)
    report.ref(1)  # type: ignore[arg-type]


def workflows_of_classes(shop: Shop) -> None:
    assert_type(shop.sell(["a"]), list[float])
    assert_type(shop.sell.start(["a"]), Run[list[float]])
    assert_type(shop.sell.with_options(run_id="a").start(["a"]), Run[list[float]])
    assert_type(Bakery("b").sell(["a"]), list[float])
    assert_type(Shop.start_business("a"), Shop)
    assert_type(shop.start_business.start("a"), Run[Shop])
    assert_type(Shop.quote(1.0), float)
    assert_type(shop.quote.start(1.0), Run[float])
    shop.sell("a")  # type: ignore[arg-type]
    shop.sell()  # type: ignore[call-arg]
    Shop.start_business(1)  # type: ignore[arg-type]
    shop.quote.start("a")  # type: ignore[arg-type]


async def runs_are_of_the_result() -> None:
    run = report.start("a")
    assert_type(run, Run[int])
    assert_type(await run, int)
    assert_type(await report.start("a"), int)
    assert_type(run.result(), int)
    assert_type(run.result(timeout=5), int)
    assert_type(run.wait(5), bool)
    assert_type(run.cancel("late"), bool)
    assert_type(run.status, RunStatus)
    assert_type(run.steps, Sequence[StepRecord])
    assert_type(run.graph, Graph)
    assert_type(run.id, str)
    assert_type(nothing.start().result(), None)
    assert_type(await audit.start(["a"]), str)
    for event in run.events():
        assert_type(event.number, int)
    async for event in run.events():
        assert_type(event.number, int)
    run.result([5])  # type: ignore[arg-type]
    _wrong: Run[str] = run  # type: ignore[assignment]


def engines(observer: Sequence[str]) -> None:
    with Engine(executor="inline", max_workers=4, tracing=False) as engine:
        assert_type(engine, Engine)
        assert_type(engine.run("a"), Run[Any])
    use(engine)
    _left: tuple[str, ...] = engine.shutdown(drain="30s")
    Engine(workers=4)  # type: ignore[call-arg]
    Engine(max_workers="4")  # type: ignore[arg-type]
    Engine(observers=observer)  # type: ignore[arg-type]
    use("thread")  # type: ignore[arg-type]


@step
def told() -> str:
    here = current()
    assert_type(here, StepContext)
    assert_type(here.attempt, int)
    return here.run_id


async def a_live_body_is_none_of_these(numbers: AsyncIterator[int]) -> None:
    two.map(numbers, ["a"])  # type: ignore[arg-type]


async def programs(folder: Path) -> None:
    assert_type(command(["make", "test"]), Completed)
    assert_type(command(["make", folder, 3, 0.5], env={"A": "b", "N": 3, "C": None}, cwd=folder, input=b"x"), Completed)
    assert_type(command(("make",), check=False, timeout="5m", retries=2, name="build").stdout, str)
    assert_type(command(["stock"], parse=Row), Row)
    assert_type(command(["stock"], parse=list[Row])[0], Row)
    _maybe: Row | None = command(["stock"], parse=Row | None)
    assert_type(command(["stock"], parse=parse.__wrapped__), list[Row])
    assert_type(command(["stock"], parse=len), int)
    assert_type(await flowkit.live.command(["make"]), Completed)
    assert_type(await flowkit.live.command(["stock"], parse=Row), Row)
    assert_type(await flowkit.live.command(["stock"], parse=len), int)
    command(["make"], parse=3)  # type: ignore[call-overload]
    command(["make"], tiemout=3)  # type: ignore[call-overload]
    command([b"make"])  # type: ignore[list-item]
    command(3)  # type: ignore[call-overload]
