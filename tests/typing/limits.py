"""What a type checker can't follow, and what to write instead. Never executed, like api.py.

An ignore here is needed by mypy alone (`type: ignore`) or by pyright alone (`pyright: ignore`). When a release of one
of them learns to follow, it says so, and the limit goes.
"""

# pyright: strict

from __future__ import annotations

from typing import Any, Self, TypeVar, assert_type

from flowkit import step, workflow

T = TypeVar("T")


# mypy doesn't look at what the decorator of a class returns: a class decorated in place has no `.map` there. pyright
# does, and no longer takes the name for a type. Bind the step to a name of its own.
@step
class Point:
    def __init__(self, x: int) -> None:
        self.x = x


class Plain:
    def __init__(self, x: int) -> None:
        self.x = x


make = step(Plain)


def classes(given: Plain) -> None:
    Point.map([1])  # type: ignore[attr-defined]
    assert_type(make.map([given.x]), list[Plain])


def decorated(_point: Point) -> None:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownParameterType]
    """Take an instance of it."""


# mypy loses the parameter of a generic function for everything but a call. Annotate the step with real types, or call
# it in a loop.
@step
def twice(thing: T) -> list[T]:
    return [thing, thing]


def generic_functions() -> None:
    assert_type(twice(1), list[int])
    assert_type([twice(number) for number in (1, 2)], list[list[int]])
    twice.map([1])  # type: ignore[arg-type]


# mypy loses the instance of a method that returns Self, alone. Name the class.
class Builder:
    @step
    def extended(self) -> Self:
        return self

    @step
    def named(self) -> Builder:
        return self

    @step
    def several(self) -> list[Self]:
        return [self]


def methods_that_return_self(builder: Builder) -> None:
    builder.extended()  # type: ignore[call-arg]
    assert_type(builder.named(), Builder)
    assert_type(builder.several(), list[Builder])


# A staticmethod whose first parameter takes anything looks like a method, to both. Narrow it, or use a function.
class Scores:
    @step
    @staticmethod
    def of(thing: object) -> int:
        return hash(thing)

    @step
    @staticmethod
    def of_text(thing: str) -> int:
        return len(thing)


def staticmethods(scores: Scores) -> None:
    scores.of("a")  # type: ignore[call-arg]
    assert_type(scores.of_text("a"), int)
    assert_type(Scores.of_text("a"), int)


# A step is an attribute to pyright, not a method: one that overrides another is of another type.
class Base:
    @step
    def price(self, item: str) -> int:
        return len(item)

    @workflow
    def sell(self, item: str) -> int:
        return self.price(item)


class Derived(Base):
    @step
    def price(self, item: str) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return super().price(item) + 1

    @workflow
    def sell(self, item: str) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.price(item) + 1


# A string is an iterable of strings to both; `.map` refuses it when it is called.
@step
def length(text: str) -> int:
    return len(text)


def strings() -> None:
    length.map("abc")


# Any argument of a workflow may be left out of `graph`, so that none of them is looked at.
@workflow
def report(text: str) -> int:
    return length(text)


def graphs(anything: Any) -> None:
    report.graph(1, anything)
