from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Generic, NamedTuple, NewType, Protocol, TypedDict, TypeVar

import attrs

from flowkit import Fallback, Outcome, concurrent, discard, in_order, outcome, step, unmapped, workflow

T = TypeVar("T")
UserId = NewType("UserId", int)


class Sized(Protocol):
    def size(self) -> int: ...


class Settings(TypedDict, total=False):
    depth: int


class Pair(NamedTuple):
    left: int
    right: str


@attrs.frozen
class Row:
    name: str
    count: int = 0


@attrs.frozen
class Box(Generic[T]):
    inside: T


class Store:
    @step
    def save(self, row: Row, *, twice: bool = False) -> None:
        print(row, twice)

    @step
    @classmethod
    def opened(cls, name: str) -> "Store":
        return cls()


@step
def user(name: str) -> UserId:
    return UserId(len(name))


@step
def rows(ids: int, limit: float = 1, extra: Settings | None = None) -> list[Row]:
    return [Row("a", ids)]


@step(retries=2, timeout="30s", total_timeout="5m", heartbeat_timeout=10)
async def fetch(url: str) -> bytes:
    return url.encode()


@step
def sized(thing: Sized) -> int:
    return thing.size()


@step
def pair(row: Row) -> Pair:
    return Pair(row.count, row.name)


@step(on_failure=Fallback(0))
def weigh(row: Row, factor: float) -> float:
    return row.count * factor


@step
def add(*numbers: float, **more: float) -> float:
    return sum(numbers)


@step
def spread(rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {"rows": list(rows)}


@step
def read(table: Mapping[str, list[Row]], names: Iterable[str], box: Box[int]) -> Annotated[int, "a number"]:
    return len(table)


@step
def ends(outcomes: list[Outcome[float]], first: Outcome[list[Row]]) -> bool:
    return all(end.ok for end in outcomes)


@step
def untyped(anything, *rest):
    return anything


@step
def warm_up(name: str) -> int:
    return len(name)


@step
def either(flag: bool) -> tuple[int, ...]:
    return (1,)


@step
def chosen(numbers: Sequence[int], of: object = None) -> str:
    return str(numbers)


store = Store()


def helper(name):
    return rows(user(name), extra={"depth": 2})


@workflow
def report(name: str, verbose: bool = False) -> dict[str, Any]:
    found = rows(user(name), limit=3)
    again = helper(name)
    body = fetch.ref(name)
    left, right = pair(found[0])
    weights = weigh.map(found, unmapped(2))
    discard(warm_up(name))
    with in_order():
        store.save(found[0])
        with concurrent():
            for index in range(2):
                store.save(again[index], twice=True)
    opened = Store.opened(name)
    if verbose:
        right = untyped(found).whatever
    log = [untyped(right), untyped(body, left)]
    return {
        "total": add(left, 2, *[user(name)], more=weights[0]),
        "table": read(spread(found), [right, name], Box(left)),
        "ok": ends(weigh.map_outcomes(found, unmapped(1.5)), outcome(again)),
        "sized": sized(untyped(opened)),
        "chosen": chosen(either(True), of=log),
    }


ARGUMENTS = ("ada", True)
