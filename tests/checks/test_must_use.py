"""Unused results: which calls are told of, as a law over many bodies, and the ways a result can be used."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.checks import find
from flowkit.graph import record

HEAD = """
from flowkit import concurrent, discard, in_order, outcome, step, workflow

@step
def load(*rows: object) -> list[int]:
    return [len(rows)]

@step
def pair(*rows: object) -> tuple[int, int]:
    return 1, 2

@step
def tell(*rows: object) -> None:
    print(rows)

def keep(*rows):
    return rows

@workflow
def report(flag=True, items=("a", "b")):
"""


def unused(written, body):
    """What is said of the calls in a body: the code that is blamed, and how much."""
    module = written(HEAD + textwrap.indent(body, "    "))
    return [
        (one.span.covered, str(one.level)) for one in find(record(module.report.spec, (), {})) if one.code == "FK101"
    ]


@st.composite
def bodies(draw):
    """A straight body: for each line, the earlier lines whose results it takes."""
    size = draw(st.integers(1, 8))
    return [draw(st.sets(st.integers(0, line - 1), max_size=3)) if line else set() for line in range(size)]


def lines(body):
    return [f"r{i} = load({', '.join(f'r{j}' for j in sorted(taken))})" for i, taken in enumerate(body)]


@pytest.mark.covers("M9")
@given(bodies())
def test_in_a_straight_body_what_nobody_takes_is_an_error(written, body):
    taken = set().union(*body)
    expected = [line.partition(" = ")[2] for i, line in enumerate(lines(body)) if i not in taken]
    assert unused(written, "\n".join(lines(body))) == [(call, "error") for call in expected]


@given(bodies())
def test_a_call_that_reads_everything_leaves_nothing_to_report(written, body):
    reader = f"return load({', '.join(f'r{i}' for i in range(len(body)))})"
    assert unused(written, "\n".join([*lines(body), reader])) == []


DROPPED = {
    "alone": "load()",
    "after a condition": "if flag:\n    load()",
    "one of two values": "load() if flag else None",
    "by `and`": "flag and load()",
    "in a list": "[load(), 1]",
    "in a comprehension": "[load() for _ in items]",
    "a part of it": "load().append",
    "an item of it": "load()[0]",
    "in a loop": "for item in items:\n    load()",
    "in a try": "try:\n    load()\nfinally:\n    pass",
    "in a name nobody reads": "if flag:\n    rows = load()",
    "in a name that is only set": "rows = load() if flag else None\nrows = None",
    "in two names": "left, right = rows = pair()\nif flag:\n    pass",
    "in an expression's name": "(rows := load())\nif flag:\n    pass",
    "in a list that is only filled": "rows = []\nfor item in items:\n    rows.append(load())",
    "in a dict that is only filled": "rows = {}\nfor item in items:\n    rows[item] = load()",
    "in an annotated name": "rows: list[int] = load()\nif flag:\n    pass",
    "in a list that grows": "rows = []\nif flag:\n    rows += [load()]",
}


@pytest.mark.parametrize("name", DROPPED)
def test_a_dropped_result_is_an_error_whatever_path_leads_there(written, name):
    [(call, level)] = unused(written, DROPPED[name])
    assert call in ("load()", "pair()")
    assert level == "error"


STRAIGHT = {
    "read by a line that does nothing": "rows = load()\nrest = rows\nreturn 3",
    "kept in another object": "report.rows = load()",
    "in a list nobody takes": "rows = [load()]\nmore = [rows]",
}


@pytest.mark.parametrize("name", STRAIGHT)
def test_where_nothing_branches_an_unused_result_is_an_error(written, name):
    assert unused(written, STRAIGHT[name]) == [("load()", "error")]


OPEN = {
    "used if": "rows = load()\nif not flag:\n    return rows",
    "used in a loop": "rows = load()\nfor item in items[2:]:\n    tell(rows)",
    "set anew": "rows = load()\nif flag:\n    rows = 3\nreturn rows",
    "chosen by index": "return [3, load()][not flag]",
    "chosen by key": "return {True: 3, False: load()}[flag]",
    "given to a function": "rows = keep(load())",
    "read in a lambda": "rows = load()\ntake = lambda: tell(rows)\nif flag:\n    return 3",
    "read by name": "rows = load()\nif flag:\n    return sorted(locals())",
    "filled and read": "rows = []\nrows.append(load())\nif not flag:\n    return rows",
    "used by an early return": "rows = load()\nwhile not flag:\n    return rows",
    "by case": "rows = load()\nmatch flag:\n    case False:\n        return rows",
}


@pytest.mark.parametrize("name", OPEN)
def test_what_another_path_may_use_is_a_warning(written, name):
    assert unused(written, OPEN[name]) == [("load()", "warning")]


USED = {
    "returned": "return load()",
    "returned inside": "return {'rows': [load(), (pair(),)]}",
    "passed on": "tell(load())",
    "passed on by name": "rows = load()\ntell(rows)",
    "passed on in a list": "tell([load(), load()])",
    "mapped over": "tell(load.map(load()))",
    "unpacked": "left, right = pair()\ntell(left)",
    "discarded": "discard(load())",
    "discarded later": "rows = load()\ndiscard(rows)",
    "an effect": "tell(3)",
    "kept in its place": "with in_order():\n    load()",
    "waited for": "rows = load()\ntell.with_options(depends_on=[rows])(3)",
    "taken as an outcome": "tell(outcome(load()))",
    "a part of it": "tell(load()[0])",
}


@pytest.mark.parametrize("name", USED)
def test_a_used_result_is_not_told_of(written, name):
    assert unused(written, USED[name]) == []


def test_side_by_side_isn_t_a_place(written):
    assert unused(written, "with concurrent():\n    load()") == [("load()", "error")]


def test_an_outcome_is_a_result_too(written):
    assert unused(written, "outcome(load())") == [("outcome(load())", "error")]


def test_an_unused_call_of_a_used_call_is_one_finding(written):
    assert unused(written, "load(load(load()))") == [("load(load(load()))", "error")]
