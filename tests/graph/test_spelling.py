"""Calls in one line: what is told of them when the code that made them is gone."""

import attrs
import pytest

from flowkit import cond, first, outcome, select, step, unmapped, workflow
from flowkit.graph import Kind, record, record_symbolically
from flowkit.graph.spelling import place_of, spelled


@step
def load(*args: object, **kwargs: object) -> dict[str, list[int]]:
    return {}


@step
def total(*args: object, **kwargs: object) -> int:
    return 0


@attrs.frozen
class Point:
    x: object
    y: object = 0


class Loud:
    def __repr__(self):
        raise RuntimeError

    __str__ = __len__ = __getattr__ = __repr__


def spelling(body):
    graph = record(workflow(body).spec, (), {})
    return [spelled(graph, node) for node in graph.nodes if node.spec is not None or node.kind is Kind.JOIN][-1]


def called(*args, **kwargs):
    def body() -> object:
        return total(*args, **kwargs)

    return spelling(body)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((), "total()"),
        ((1, 2.5, True, None, "a", b"b"), "total(1, 2.5, True, None, 'a', b'b')"),
        (([1, [2]], (3,), {"k": 4}, {5}), "total([1, [2]], (3,), {'k': 4}, {5})"),
        ((list(range(1000)), {n: n for n in range(5)}), "total(<list of 1,000>, <dict of 5>)"),
        (("x" * 1000,), "total('xxxxxxxxxxxxxxxxxxxxxxxx'...)"),
        ((10**5000,), "total(a large number)"),
        ((Point(1), int, len, Loud()), "total(<Point>, int, len, <Loud>)"),
        (([[[[1]]]],), "total([[[<list of 1>]]])"),
    ],
)
def test_values_are_shown_as_far_as_they_are_short(args, text):
    assert called(*args) == text


def test_arguments_given_by_name_are_shown_so():
    assert called(1, mode="fast") == "total(1, mode='fast')"


def test_a_call_with_many_arguments_is_cut():
    text = called(*range(100, 200))
    assert len(text) == 100
    assert text.endswith("...)")


def test_results_go_by_their_keys_and_parts_as_they_are_taken():
    def body() -> object:
        load()
        rows = load(1)
        return total(rows, rows["a"][0], [rows, 1], Point(rows))

    assert spelling(body) == "total(load#2, load#2['a'][0], [load#2, 1], Point(x=load#2, y=0))"


def test_maps_and_joins_are_spelled_as_they_are_written():
    def mapped() -> object:
        return total.map([1, 2], load(), unmapped(3))

    def tolerant() -> object:
        return total.map_outcomes(load())

    def joined() -> object:
        return first(load(), total())

    def selected() -> object:
        return select(a=load(), b=total())

    assert spelling(mapped) == "total.map([1, 2], load, unmapped(3))"
    assert spelling(tolerant) == "total.map_outcomes(load)"
    assert spelling(joined) == "first(load, total)"
    assert spelling(selected) == "select(load, total)"


def test_what_follows_from_others_is_named_by_them():
    def body() -> object:
        return total(outcome(load()), cond(load(1), lambda: load(2), lambda: 3))

    assert spelling(body) == "total(outcome(load), cond)"


def test_unknown_arguments_go_by_their_names():
    @workflow
    def report(day: str) -> int:
        return total(day)

    graph = record_symbolically(report.spec, (), {})
    assert spelled(graph, graph.nodes[-1]) == "total(day)"


def test_a_place_is_a_file_and_a_line():
    def body() -> object:
        return total(load())

    graph = record(workflow(body).spec, (), {})
    first_line = body.__code__.co_firstlineno
    file = place_of(graph.nodes[0]).rpartition(":")[0]
    assert file.endswith("test_spelling.py")
    assert [place_of(node) for node in graph.nodes] == [f"{file}:{first_line + 1}"] * 2
