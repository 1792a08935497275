"""A workflow's own options, and its arguments as JSON."""

from __future__ import annotations

import json

import pytest

HEAD = """
    import datetime as dt
    import enum
    from collections.abc import Callable, Sequence
    from dataclasses import dataclass, field
    from decimal import Decimal
    from pathlib import Path
    from typing import Annotated, Any, Literal, NamedTuple
    from uuid import UUID

    import attrs

    class Colour(enum.Enum):
        RED = "r"
        DARK_BLUE = "b"

    @attrs.frozen
    class User:
        name: str
        tags: list[str] = attrs.field(factory=list)

    @dataclass
    class Order:
        user: User
        amount: float = 1.0

    @step
    def same(value: object) -> object:
        return value
"""


@pytest.fixture
def define(write):
    """A module whose workflow has the given parameters, and returns the given value."""

    def define(parameters, value="same(it)"):
        return write(
            "shop.py",
            HEAD
            + f'''
    @workflow
    def order({parameters}) -> object:
        """Order something.

        Args:
            it: what to order
        """
        return {value}
    ''',
        )

    return define


@pytest.mark.parametrize(
    ("parameter", "options", "value"),
    [
        ("it: int", "--it 3", 3),
        ("it: int", "--it=-3", -3),
        ("it: int", "--it -3", -3),
        ("it: float = 2.5", "", 2.5),
        ("it: str", "--it=--it", "--it"),
        ("it: bool = False", "--it", True),
        ("it: bool = True", "--no-it", False),
        ("it: int | None = None", "", None),
        ("it: int | str", "--it 3x", "3x"),
        ("it: Colour", "--it dark-blue", "b"),
        ("it: Literal['a', 'b']", "--it b", "b"),
        ("it: list[int]", "--it 1 --it 2", [1, 2]),
        ("it: Sequence[str] = ()", "--it a", ["a"]),
        ("it: tuple[int, str]", "--it 1 a", [1, "a"]),
        ("it: dict[str, int]", "--it.a 1 --it.b 2", {"a": 1, "b": 2}),
        ("it: Path", "--it a/b", "a/b"),
        ("it: dt.date", "--it 2026-03-01", "2026-03-01"),
        ("it: dt.datetime", "--it 2026-03-01T10:30:00", "2026-03-01T10:30:00"),
        ("it: dt.timedelta", "--it 1h30m", "1h30m"),
        ("it: Decimal", "--it 1.10", "1.10"),
        ("it: UUID", f"--it {'0' * 32}", "00000000-0000-0000-0000-000000000000"),
        ("it: bytes", "--it ab", "YWI="),
        ("it: Order", "--it.user.name ann --it.user.tags x --it.amount 2", {"amount": 2.0, "user": ("ann", ["x"])}),
        ("it: Order = Order(User('bob'))", "", {"amount": 1.0, "user": ("bob", [])}),
        ("a_name: int, it: int = 1", "--a-name 3", 1),
        ("*it: int", "1 2 3", [1, 2, 3]),
        ("*it: int", "-- -1", [-1]),
        ("**it: int", "--a 1", {"a": 1}),
        ("it, /", "x", "x"),
        ("it=4", "--it 5", 5),
    ],
)
def test_options_come_from_the_signature(define, flowkit, parameter, options, value):
    define(parameter)
    answer = flowkit("run", "--no-store", "shop:order", *options.split())  # an `object` can't be kept
    assert answer.err == ""
    if isinstance(value, dict) and "user" in value:
        name, tags = value["user"]
        value["user"] = {"name": name, "tags": tags}
    assert json.loads(answer.out) == value


def test_help_shows_them(define, flowkit):
    define("it: Order, colour: Colour = Colour.RED, *, times: int = 3")
    answer = flowkit("run", "shop:order", "--help")
    assert (answer.code, answer.err) == (0, "")
    for text in (
        "Usage: flowkit run shop:order ",
        "Order something.",
        "--it.user.name",
        "[required]",
        "--times",
        "[default: 3]",
        "[choices: red, dark-blue]",
        "[default: red]",
        "--json",
        "Exit codes: 0 done; 1 the workflow failed",
    ):
        assert text in answer.out


def test_help_takes_parameters_from_the_docstring(define, flowkit):
    define("it: int")
    assert "what to order" in flowkit("run", "shop:order", "--help").out


@pytest.mark.covers("M4")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("", ["error: `order` needs `--it` and `--big-one`\n  help: give options, or a JSON object with `--json`\n"]),
        ("--it 1", ["error: `order` needs `--big-one`\n"]),
        ("1 2", ["error: nothing takes `1 2`\n  help: arguments are given by name: `--it`\n"]),
        # These are said in the words of the library that reads them.
        ("--it x --big-one 1", ["--it", '"x"']),
        ("--bigone 1", ["--bigone", "--big-one"]),
        ("--it 1 --it 2", ["--it"]),
        ("--it", ["--it"]),
    ],
)
def test_options_that_do_not_fit_are_told_with_the_way_out(define, flowkit, options, told):
    define("it: int, big_one: int, other: int = 3")
    answer = flowkit("run", "shop:order", *options.split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    for text in told:
        assert text in answer.err
    assert answer.err.endswith("  help: `flowkit run shop:order --help` shows what it takes\n")


def test_an_annotation_that_is_not_there_is_told(define, write, flowkit):
    define("it: Nowhere")
    answer = flowkit("run", "shop:order", "--it", "3")
    assert answer.code == 2
    assert answer.err.startswith("error: the annotation of `it` in `order`, `Nowhere`, can't be resolved\n")


# -- JSON -----------------------------------------------------------------------------------------------------------------


def test_arguments_come_from_a_json_object(define, flowkit):
    define("it: Order, colour: Colour = Colour.RED", "same([it, colour])")
    given = {"it": {"user": {"name": "ann", "tags": ["x"]}, "amount": 2}, "colour": "DARK_BLUE"}
    answer = flowkit("run", "--no-store", "shop:order", "--json", "-", stdin=json.dumps(given))
    assert json.loads(answer.out) == [{"user": {"name": "ann", "tags": ["x"]}, "amount": 2.0}, "b"]


@pytest.mark.parametrize("command", [["--json=input.json", "shop:order"], ["shop:order", "--json", "input.json"]])
def test_the_object_may_be_in_a_file_and_the_option_on_both_sides_of_the_workflow(define, flowkit, project, command):
    define("it: int")
    (project / "input.json").write_text('{"it": 3}')
    assert flowkit("run", *command).out == "3\n"


def test_options_go_before_what_the_object_says(define, flowkit):
    define("it: int, times: int, more: int = 1", "same([it, times, more])")
    answer = flowkit("run", "shop:order", "--json", "-", "--times", "5", stdin='{"it": 3, "times": 4}')
    assert json.loads(answer.out) == [3, 5, 1]


def test_starred_parameters_are_a_list_and_an_object(define, flowkit):
    define("*it: int, **more: User", "same([list(it), more])")
    given = {"it": [1, 2], "more": {"a": {"name": "ann"}}}
    answer = flowkit("run", "--no-store", "shop:order", "--json", "-", stdin=json.dumps(given))
    assert json.loads(answer.out) == [[1, 2], {"a": {"name": "ann", "tags": []}}]


def test_a_parameter_that_has_no_json_may_be_left_out(define, flowkit):
    define("it: int, then: Callable[[int], int] | None = None")
    assert flowkit("run", "--no-store", "shop:order", "--json", "-", stdin='{"it": 3}').out == "3\n"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "`$`: this isn't JSON"),
        ("[3]", "`$`: expected an object"),
        ('{"it": {"user": {"name": "a", "tags": ["b", 3]}}}', "`$.it.user.tags[1]`: expected text, found the number 3"),
        ('{"it": {"user": {"nme": "a"}}}', "`$.it.user.nme`: "),
        ('{"itt": 3}', "`$.itt`: "),
        ('{"it": 1, "it": 2}', '`$.it`: the key "it" is there twice in one object'),
        ("[" * 100_000, "`$`: "),
    ],
)
def test_json_that_does_not_fit_is_told_with_its_path(define, flowkit, given, message):
    define("it: Order")
    answer = flowkit("run", "shop:order", "--json", "-", stdin=given)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"error: the input from stdin doesn't fit `order`: {message}")


def test_json_files_that_cannot_be_read_are_told(define, flowkit, project):
    define("it: int")
    (project / "latin.json").write_bytes(b'{"it": "\xe9"}')
    assert flowkit("run", "shop:order", "--json", "nope.json").err == (
        "error: `nope.json` can't be read: No such file or directory\n"
    )
    assert flowkit("run", "shop:order", "--json", "latin.json").err.startswith("error: `latin.json` can't be read: ")
    assert flowkit("run", "shop:order", "--json").code == 2


@pytest.mark.parametrize("given", ['{"it": 1}', ' {"it": 1}', "{it: 1}", '{"it": "%s"}' % (300 * "x"), '{"it": "\0"}'])
def test_the_object_itself_in_the_place_of_a_file_is_told_what_to_write(define, flowkit, given):
    define("it: int")
    answer = flowkit("run", "shop:order", "--json", given)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert " can't be read: " in answer.err
    said = " ".join(answer.err.split())
    assert said.endswith(
        "help: `--json` takes a file; to give the object itself, pipe it: `echo '{...}' | flowkit ... --json -`"
    )


def test_a_workflow_that_has_an_option_of_the_same_name_keeps_it(define, flowkit):
    """Ours stands before the workflow then."""
    define("json: int, format: str = 'a'", "same([json, format])")
    answer = flowkit("run", "shop:order", "--json", "3", "--format", "b")
    assert json.loads(answer.out) == [3, "b"]
    answer = flowkit("run", "--json", "-", "shop:order", "--format", "c", stdin='{"json": 4}')
    assert json.loads(answer.out) == [4, "c"]
    assert flowkit("graph", "--format", "dot", "shop:order", "--format", "c").out.startswith("digraph")
