"""Calls and what they pass on: the corners that the pictures in `golden/` don't show."""

import functools
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

import attrs
import pytest

from flowkit import Outcome, outcome, step, workflow
from flowkit.checks import check, find
from flowkit.checks import forms as forms_module
from flowkit.checks.calls import binding, show_signature
from flowkit.diagnostics import Level
from flowkit.graph import record


@step
def number(value: int = 1) -> int:
    return value


@step
def text(value: int = 1) -> str:
    return str(value)


@step
def anything(*values: object, **named: object) -> Any:
    return values


class Pair(NamedTuple):
    left: int
    right: str


@attrs.frozen
class Row:
    size: int


@step
def pairs(value: tuple[int, str], more: Sequence[int] | dict[str, int] | None = None) -> Pair:
    return Pair(*value)


@step
def table(rows: dict[str, int], sizes: set[int] | None = None) -> Row:
    return Row(1)


@step
def ends(end: Outcome[int]) -> bool:
    return end.ok


def findings(body):
    # A lambda's own source can't be read, and a hint says so.
    return [one for one in find(record(workflow(body).spec, (), {})) if one.level is not Level.HINT]


def titles(body):
    return [f"{one.code} {one.title}" for one in findings(body)]


SOUND = {
    "a pair": lambda: pairs((number(), text())),
    "a pair with values": lambda: pairs((number(), "a"), [number(), 2]),
    "one of several containers": lambda: pairs((1, text()), {"a": number()}),
    "a named pair": lambda: pairs(Pair(number(), text())),
    "a pair of a pair": lambda: pairs(pairs((1, "a"))),
    "a dict": lambda: table({"a": number()}, {number(), 2}),
    "an end": lambda: ends(outcome(number())),
    "an end of a part": lambda: anything(outcome(number()).value.bit_length),
    "a slice": lambda: anything(anything([1])[1:], pairs((1, "a"))[0:1]),
    "an instance with a result": lambda: anything(Row(number()), row=Row(number())),
    "a tuple deep inside": lambda: anything([(text(), {"a": [text()]})]),
    "a builtin": lambda: step(len)(anything()),
    "a builtin without a signature": lambda: step(dict)(anything(), a=number()),
    "a partial": lambda: step(functools.partial(max, 3), name="most")(number()),
    "a class": lambda: anything(step(Row)(size=number()).size),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound(name):
    assert titles(SOUND[name]) == []
    assert titles(SOUND[name]) == []


MISFITTING = {
    "a pair the wrong way round": (
        lambda: pairs((text(), number())),
        [
            "FK201 `pairs` is given `str` where it takes `int`",
            "FK201 `pairs` is given `int` where it takes `str`",
        ],
    ),
    "a list for a pair": (
        lambda: pairs([number(), text()]),
        ["FK201 `pairs` is given `list` where it takes `tuple[int, str]`"],
    ),
    "a wrong container among several": (
        lambda: pairs((1, "a"), {"a": text()}),
        ["FK201 `pairs` is given `str` where it takes `int`"],
    ),
    "a set for a dict": (lambda: table({number()}), ["FK201 `table` is given `set` where it takes `dict[str, int]`"]),
    "a wrong item of a set": (
        lambda: table({}, {text()}),
        ["FK201 `table` is given `str` where it takes `int`"],
    ),
    "no end": (lambda: ends(number()), ["FK201 `ends` is given `int` where it takes `Outcome[int]`"]),
    "a wrong end": (
        lambda: ends(outcome(text())),
        ["FK201 `ends` is given `Outcome[str]` where it takes `Outcome[int]`"],
    ),
    "a class": (lambda: step(Row)(size=text()), ["FK201 `Row` is given `str` where it takes `int`"]),
    "a class as what is given": (
        lambda: number(step(Row)(size=1)),
        ["FK201 `number` is given `Row` where it takes `int`"],
    ),
    "nothing where something is needed": (
        lambda: [table()],
        ["FK202 `table` needs `rows`, which this call leaves out"],
    ),
    "no argument at all": (
        lambda: step(lambda: 3, name="three")(1),
        ["FK202 `three` takes no arguments by position and is given 1"],
    ),
    "a long value": (lambda: number("x" * 100), ["FK202 `number` is given a `str` where it takes `int`"]),
}


@pytest.mark.covers("M3")
@pytest.mark.parametrize("name", MISFITTING)
def test_misfitting(name):
    body, expected = MISFITTING[name]
    assert titles(body) == expected
    assert titles(body) == expected


def test_a_way_out_is_shown_where_there_is_one():
    @step
    def maybe() -> int | None:
        return None

    def body():
        return [ends(number()), number(maybe()), number(outcome(number())), anything(number.map([1]), more=number([1]))]

    helps = [one.helps[0] for one in findings(body)]
    assert helps == [
        "take the end as a value: `outcome(number(...))`",
        "it may be `None`: let `value` take `int | None`, or return something else than `None`",
        "let `number` take the `Outcome[int]`, or pass the result itself, which ends the run when it fails",
    ]


def test_what_a_sync_step_gives_as_a_coroutine_is_its_result():
    @step
    def later(value: int) -> Coroutine[Any, Any, int]:
        raise NotImplementedError

    assert titles(lambda: number(later(1))) == []
    assert titles(lambda: text(text(later(1)))) == ["FK201 `text` is given `str` where it takes `int`"]


def test_annotations_that_cannot_be_resolved_leave_the_others_to_be_checked():
    @step
    def partly(value: int, other: "Nowhere" = None) -> int:  # noqa: F821 - on purpose
        return value

    assert titles(lambda: partly(text(), 1)) == ["FK201 `partly` is given `str` where it takes `int`"]


def test_none_fits_a_parameter_whose_default_it_is():
    @step
    def implicit(value: int = None) -> int:  # noqa: RUF013 - as it has long been written
        return value

    @step
    def nothing() -> int | None:
        return None

    assert titles(lambda: [implicit(None), implicit(nothing())]) == []


def test_the_signature_is_told_where_the_source_does_not_show_it():
    @step
    def tall(
        first: int,
        second: "list[str] | None" = None,
        *rest: float,
        named,
        **more: Any,
    ) -> dict[str, int]:
        return {}

    [found] = findings(lambda: tall(1))
    assert found.title == "`tall` needs `named`, which this call leaves out"
    assert found.notes == (
        "the signature is `tall(first: int, second: list[str] | None = None, *rest: float, named, **more: Any) -> dict[str, int]`",
    )


def test_a_step_whose_signature_nobody_knows_fits_any_call():
    made = step(dict)
    assert binding(made.spec, 3, ("a",)).fits
    assert show_signature(made.spec) == "dict(...)"


def test_arguments_that_were_unpacked_are_blamed_on_the_call():
    rows, named = ["a", 2], {"valeu": 1}

    def body():
        return [number(*rows[:1]), number(**named), number(*rows)]

    assert [(one.code, one.span.covered) for one in findings(body)] == [
        ("FK202", "number(*rows[:1])"),
        ("FK202", "number(**named)"),
        ("FK202", "number(*rows)"),
        ("FK202", "number(*rows)"),
    ]


def test_a_thousand_equal_mistakes_in_a_map_are_one():
    items = [1, *["a"] * 1000, None, *[2.5] * 1000]
    assert titles(lambda: number.map(items)) == [
        "FK202 `number` is given `'a'` where it takes `int`",
        "FK202 `number` is given `None` where it takes `int`",
        "FK202 `number` is given `2.5` where it takes `int`",
    ]


def test_items_of_a_map_may_be_results():
    assert titles(lambda: number.map([number(), 2])) == []
    assert titles(lambda: number.map([text(), number()])) == ["FK201 `number` is given `str` where it takes `int`"]


def test_memory_is_bounded(monkeypatch):
    """A body that makes its steps anew each time is checked each time, and fills nothing."""
    monkeypatch.setattr(forms_module, "_MOST", 10)

    @workflow
    def report(flag: bool = False) -> object:
        unused = [step(Row)(size=1) for _ in range(30)]
        return [step(Row)(size=i) for i in range(30)] if not flag else unused

    for _ in range(3):
        checked = check(record(report.spec, (), {}))
        assert [one.level for one in checked.warnings] == [Level.WARNING] * len(checked.warnings)
    memory = forms_module.memory_of(report.spec)
    assert len(memory.forms) <= 10
    assert len(memory.fates) <= 10
    for width in range(300):
        binding(anything.spec, width, ())
    assert len(anything.spec.remembered["checks.bindings"]) <= 128
