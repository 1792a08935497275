import dataclasses
from typing import NamedTuple, TypedDict

import attrs

from flowkit import step, workflow


@attrs.frozen
class Invoice:
    number: str
    total: float

    @property
    def tax(self) -> float:
        return self.total * 0.2


@dataclasses.dataclass
class Address:
    street: str
    city: str


class Point(NamedTuple):
    x: int
    y: int


class Person(TypedDict):
    name: str
    age: int


class Plain:
    kind: str = "plain"

    def __init__(self) -> None:
        self.size = 1


@step
def invoice(number: str) -> Invoice:
    return Invoice(number, 12.5)


@step
def address(number: str) -> Address:
    return Address(number, number)


@step
def point(number: str) -> Point:
    return Point(1, 2)


@step
def person(number: str) -> Person:
    return {"name": number, "age": 1}


@step
def pair(number: str) -> tuple[int, str]:
    return 1, number


@step
def plain(number: str) -> Plain:
    return Plain()


@step
def anything(number):
    return number


@step
def use(*parts: object) -> str:
    return str(parts)


@workflow
def report(number: str) -> list[str]:
    return [
        use(invoice(number).totl, invoice(number).total, invoice(number).tax, invoice(number)["total"]),
        use(address(number).zip, address(number).city),
        use(point(number).z, point(number).x, point(number)[2], point(number)[-1]),
        use(person(number)["nam"], person(number).name, person(number)["age"]),
        use(pair(number)[2], pair(number)[0], pair(number).first),
        use(plain(number).size, plain(number).kind, plain(number).sise),
        use(anything(number).whatever, anything(number)._private, invoice(number)._hidden),
        use(invoice(number).number.lenght),
    ]
