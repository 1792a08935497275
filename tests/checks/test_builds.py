"""Two recordings of one body with the same arguments are the same graph, or the difference is told."""

import itertools

import pytest

from flowkit import in_order, outcome, step, workflow
from flowkit.checks import builds_differ
from flowkit.graph import record


@step
def load(*parts: object, **more: object) -> int:
    return len(parts)


@step
def keep(*parts: object) -> int:
    return len(parts)


def twice(body):
    """What is said of a body that is told which time it is."""
    times = itertools.count(1)

    @workflow
    def report() -> object:
        return body(next(times))

    spec = report.spec
    return builds_differ(record(spec, (), {}), record(spec, (), {}))


SAME = {
    "values": lambda _: load(1, [2, {"a": (3, float("nan"))}], {4, 5}, object(), key=None),
    "results": lambda _: load(keep(1), [keep(2)], outcome(keep(3)), more=keep.map([1, 2])),
    "nothing": lambda _: None,
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_twice_is_fine(name):
    assert twice(SAME[name]) == []


def reordered(time):
    first, second = load(1), load(2)
    return keep(first, second) if time == 1 else keep(second)


def placed(time):
    load(1)
    if time == 1:
        return keep(2)
    with in_order():
        return keep(2)


DIFFERENT = {
    "another step": (
        lambda time: load(1) if time == 1 else keep(1),
        "where the first build calls `load`, the second calls `keep`",
    ),
    "a call more": (
        lambda time: [load(1), *([keep(1)] if time == 2 else [])],
        "only the second build has the call of `keep`",
    ),
    "a call less": (
        lambda time: [load(1), *([keep(1)] if time == 1 else [])],
        "only the first build has the call of `keep`",
    ),
    "another value": (lambda time: load(0, time), "the call of `load` is given something else the second time"),
    "a value inside": (lambda time: load([{"a": time}]), "the call of `load` is given something else the second time"),
    "a value by name": (lambda time: load(key=time), "the call of `load` is given something else the second time"),
    "another item": (lambda time: keep.map([1, time]), "the call of `keep` is given something else the second time"),
    "other results": (reordered, "the call of `keep` waits for other results the second time"),
    "another order": (placed, "the call of `keep` waits for other results the second time"),
    "another return": (lambda time: [load(1), time], "it returns something else the second time"),
    "a map": (
        lambda time: load(1) if time == 1 else load.map([1]),
        "where the first build calls `load`, the second calls `load`",
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_first_difference_is_told(name):
    body, text = DIFFERENT[name]
    [found] = twice(body)
    assert found.code == "FK402"
    assert found.title == f"`twice.<locals>.report` builds another graph the second time: {text}".replace(
        "twice.<locals>.", ""
    )
    assert found.labels
