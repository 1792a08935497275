"""Digests of what bodies write: equal wherever they mean the same, and made of anything at all."""

import contextlib
import dataclasses
import datetime as dt
import enum
import itertools
import os
import subprocess
import sys
import textwrap
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import always, cond, first, first_n, in_order, otherwise, outcome, step, unmapped, when, workflow
from flowkit.graph import Kind, record
from flowkit.stores.wiring import digest_of_start, wire, wire_item


@attrs.frozen
class Point:
    x: int
    y: int = 0
    seen: list = attrs.field(factory=list, eq=False)


@dataclasses.dataclass(frozen=True)
class Pair:
    left: object
    right: object


class Color(enum.Enum):
    RED = 1
    GREEN = 2


@step
def one(x: object = None) -> int:
    return 1


@step
def two(x: object = None, y: object = None, **more: object) -> int:
    return 2


@step
def three(x: object = None) -> int:
    return 3


def wired(body):
    """The digests of a body, by the keys of its nodes."""
    graph = record(workflow(body).spec, (), {})
    return dict(zip(graph.keys, wire(graph, graph.nodes), strict=True))


def called_with(*args, **kwargs):
    """The digest of one call with these arguments."""

    def body() -> object:
        return two(*args, **kwargs)

    return wired(body)["two"]


# What a call means


def test_a_digest_is_short_text():
    assert len(called_with(1)) == 32
    assert int(called_with(1), 16) >= 0


def test_calls_of_one_step_with_the_same_arguments_are_equal():
    def body() -> object:
        return [two(1, y="a"), two(1, y="a"), two(2, y="a"), one(1)]

    made = wired(body)
    assert made["two"] == made["two#2"] != made["two#3"]
    assert len(set(made.values())) == 3


def test_a_result_is_named_by_its_key_and_not_by_its_place():
    def body() -> object:
        return two(one(), y=1)

    def with_more_before() -> object:
        three()
        return two(one(), y=1)

    def with_another_result() -> object:
        one()
        return two(one(), y=1)

    assert wired(body)["two"] == wired(with_more_before)["two"] != wired(with_another_result)["two"]


def test_a_part_of_a_result_is_another_thing_than_the_result():
    def body() -> object:
        r = one()
        return [two(r), two(r.x), two(r["x"]), two(r[1]), two(r["1"]), two(r.x.y), two(r.x["y"]), two(r[1:2])]

    made = wired(body)
    made.pop("one")
    assert len(set(made.values())) == 8


def test_results_inside_containers_count_by_where_they_are():
    def body() -> object:
        a, b = one(), three()
        return [
            two([a, b]), two([b, a]), two((a, b)), two({"k": a}), two({"l": a}), two({a, b}), two(Point(a, 1)),
            two(Point(1, a)), two([[a], b]), two([[a, b]]),
        ]  # fmt: skip

    made = wired(body)
    assert len(set(made.values())) == len(made)


def test_the_order_of_keywords_sets_and_dicts_means_nothing():
    assert called_with(x=1, y=2) == called_with(y=2, x=1)
    assert called_with({"a": 1, "b": [2]}) == called_with({"b": [2], "a": 1})
    assert called_with({1, 2, 3}) == called_with({3, 2, 1}) == called_with(frozenset([2, 3, 1]))

    def body() -> object:
        a, b = one(), three()
        return [two({a, b}), two({b, a})]

    made = wired(body)
    assert made["two"] == made["two#2"]


def test_what_is_given_by_keyword_is_told_from_what_is_given_by_place():
    assert called_with(1, 2) != called_with(1, y=2) != called_with(x=1, y=2)


def test_the_order_of_the_text_is_no_part_of_it():
    def free() -> object:
        one(1)
        return two(2)

    def kept() -> object:
        with in_order():
            one(1)
            return two(2)

    assert wired(free)["two"] == wired(kept)["two"]


def test_options_of_one_call_are_no_part_of_it():
    def body() -> object:
        return [two(1), two.with_options(timeout=3)(1)]

    made = wired(body)
    assert made["two"] == made["two#2"]


def test_a_join_is_its_word_and_its_members():
    def body(*words):
        def inner() -> object:
            a, b = one(), three()
            return [word(a, b) for word in words]

        return wired(inner)

    made = body(first, first, lambda a, b: first_n([a, b], 1), lambda a, b: first(b, a))
    joins = [digest for key, digest in made.items() if key.startswith("first")]
    assert joins[0] == joins[1]
    assert len(set(joins)) == 3


def test_an_outcome_is_told_from_its_node_and_from_that_of_another():
    def body() -> object:
        return [outcome(one()), outcome(three())]

    assert len(set(wired(body).values())) == 4


def test_what_takes_the_outcome_of_one_result_is_told_from_what_takes_that_of_another():
    def of(result):
        def body() -> object:
            a, b = one(), three()
            return two(outcome(a if result == "a" else b))

        return wired(body)["two"]

    assert of("a") == of("a") != of("b")


def test_what_takes_one_of_two_values_is_told_by_both_and_by_the_test():
    def of(*, test="a", then="a", other="b", deep=0):
        def body() -> object:
            results = {"a": one(), "b": three(), "c": one(7)}
            picked = cond(results[test], lambda: results[then], lambda: results[other])
            for _ in range(deep):
                picked = cond(results[test], lambda last=picked: last, lambda last=picked: last)
            return two(picked)

        return wired(body)["two"]

    made = [of(), of(test="c"), of(then="c"), of(other="c"), of(deep=1), of(deep=2), of(other="c", deep=2000)]
    assert of() == of()
    assert len(set(made)) == len(made)
    assert of(deep=2000) == of(deep=2000)


def test_what_may_not_run_is_told_by_what_that_goes_by():
    def under(*, test="a", other=False, around=None):
        def body() -> object:
            results = {"a": one(), "b": three()}
            with contextlib.ExitStack() as blocks:
                if around is not None:
                    blocks.enter_context(when(results[around]))
                if test is None:
                    two(5)
                    return
                with when(results[test]):
                    if not other:
                        two(5)
                if other:
                    with otherwise():
                        two(5)

        return wired(body)["two"]

    made = [under(), under(test="b"), under(test=None), under(other=True), under(around="a"), under(around="b")]
    assert under() == under()
    assert len(set(made)) == len(made)
    assert under(test=None, around="a") == under(test="a")


def test_what_is_done_at_the_end_is_told_from_what_is_done_now():
    def body() -> object:
        with always():
            two(5)
        two(5)

    made = wired(body)
    assert made["two"] != made["two#2"]


def test_the_items_of_a_map_are_no_part_of_its_node():
    def over(items, y=1):
        def body() -> object:
            return two.map(items, unmapped(y))

        return wired(body)["two"]

    assert over([1, 2]) == over([3])
    assert over([1], 1) != over([1], 2)


def test_a_map_is_told_by_where_its_items_come_from():
    def body() -> object:
        a, b = one(), three()
        return [two.map(a), two.map(b), two.map([1]), two.map(one.map([1])), two.map_outcomes(a)]

    made = {key: digest for key, digest in wired(body).items() if key.startswith("two")}
    assert len(set(made.values())) == 5


def test_an_item_is_its_values():
    assert wire_item((1, "a")) == wire_item([1, "a"]) != wire_item((1, "b"))
    assert wire_item(([1, 2],)) != wire_item((1, 2))

    def body() -> object:
        return two.map([one(), 3])

    graph = record(workflow(body).spec, (), {})
    [mapped] = [node for node in graph.nodes if node.kind is Kind.MAP]
    result, plain = mapped.args[0].value
    assert wire_item((result,), graph) != wire_item((plain,), graph) == wire_item((3,))


def test_a_start_is_its_workflow_and_its_arguments():
    assert digest_of_start("m:w", '{"x":1}') == digest_of_start("m:w", '{"x":1}')
    others = {digest_of_start("m:w", '{"x":2}'), digest_of_start("m:v", '{"x":1}'), digest_of_start('m:w {"x"', ":1}")}
    assert len(others | {digest_of_start("m:w", '{"x":1}')}) == 4


# Literals


LITERALS = [
    None, True, False, 0, 1, 2**64, 1.0, -0.0, 0.0, float("nan"), 1j, "", "1", "None", b"1", (), [], {}, [1], (1,), {1}, {1: 1},
    [[1], 2], [[1, 2]], [[], []], [[[]]], ..., range(3), range(4), slice(1), Color.RED, Color.GREEN, Point(1), Point(2),
    Pair(1, 2), Decimal(1), Decimal("1.0"), dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    dt.timedelta(1), Path("1"), int, str, len, one, ValueError(), ValueError(1), "\ud800", "\0", 10**5000, -(10**5000),
]  # fmt: skip


def test_literals_that_differ_have_digests_that_differ():
    digests = [wire_item([value]) for value in LITERALS]
    for (value, digest), (other, another) in itertools.combinations(zip(LITERALS, digests, strict=True), 2):
        assert digest != another, (value, other)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.sampled_from(Color),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | st.builds(Pair, inner, inner)
        | st.sets(st.text() | st.integers())
    ),
    max_leaves=12,
)


def same(one, other):
    """Equal, and of equal types all the way down."""
    return repr(ordered(one)) == repr(ordered(other))


def ordered(value):
    if isinstance(value, list | tuple):
        return type(value)(map(ordered, value))
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    if isinstance(value, set):
        return "set", sorted(map(repr, value))
    return Pair(ordered(value.left), ordered(value.right)) if isinstance(value, Pair) else value


@given(values, values)
def test_literals_have_one_digest_if_and_only_if_they_are_the_same(one, other):
    assert (wire_item([one]) == wire_item([other])) == same(one, other)


def test_what_a_class_isnt_compared_by_isnt_in_its_digest():
    assert wire_item([Point(1, 2, [3])]) == wire_item([Point(1, 2, [4])])


def test_a_value_with_no_form_is_its_type_alone():
    class Handle:
        pass

    assert wire_item([Handle()]) == wire_item([Handle()]) != wire_item([object()])
    assert wire_item([ValueError(object())]) == wire_item([ValueError(object())])


class Mute:
    def __repr__(self):
        raise RuntimeError

    __str__ = __hash__ = __eq__ = __len__ = __iter__ = __getattr__ = __repr__


class Liar(Sequence):
    def __len__(self):
        return 10**9

    def __getitem__(self, index):
        return 1


class Raising(Mapping):
    def __len__(self):
        return 3

    def __iter__(self):
        yield 1
        raise RuntimeError

    def __getitem__(self, key):
        return key


class Masked:
    @property
    def __class__(self):
        raise RuntimeError


@attrs.define
class Broken:
    x: int

    @property
    def y(self):
        raise RuntimeError


def test_no_value_makes_it_fail():
    endless: list = []
    endless.append(endless)
    twice: list = []
    twice += [twice, twice]
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    without = Broken.__new__(Broken)
    odd = [
        Mute(),
        [Mute()],
        {1: Mute()},
        Liar(),
        Raising(),
        Masked(),
        endless,
        twice,
        deep,
        without,
        OrderedDict(a=Mute()),
    ]
    made = [wire_item([value]) for value in odd]
    assert made == [wire_item([value]) for value in odd]


def test_large_values_are_looked_at_as_far_as_their_limits_go():
    huge = "x" * 50_000_000
    assert wire_item([huge]) != wire_item([huge + "x"])
    assert wire_item([[0] * 10**7]) == wire_item([[1] * 10**7]) != wire_item([[0] * (10**7 + 1)])
    assert wire_item([set(range(10**6))]) != wire_item([set(range(10**6 + 1))])


@dataclasses.dataclass(frozen=True)
class Crowded:
    items: tuple

    def __hash__(self):
        return 0


def test_a_set_of_much_has_the_same_digest_in_any_order():
    """Items with one hash come in the order in which they were put in; there is too much of them to look at it all."""
    items = [Crowded((number, *range(300))) for number in range(500)]
    backwards = items[::-1]
    assert list(set(items)) != list(set(backwards))
    assert wire_item([set(items)]) == wire_item([set(backwards)])


PROGRAM = """
    import datetime, enum, decimal, pathlib, uuid
    import attrs
    from flowkit import step, workflow, first
    from flowkit.graph import record
    from flowkit.stores.wiring import digest_of_start, wire, wire_item

    class Color(enum.Enum):
        RED = "red"

    @attrs.frozen
    class Point:
        x: object

    @step
    def a(*args: object, **kwargs: object) -> int: return 1

    @workflow
    def w() -> object:
        r = a(1, "ü", k={"x", "y", "z", ("t", frozenset("uvw"))}, j={"b": 1, "a": {1.5, None}})
        s = a(r.part["k"], [r, {"d": (r, Point(r))}], Color.RED, object(), lambda: 0, datetime.datetime(2026, 1, 1))
        t = a(Point({"p", "q"}), decimal.Decimal("1.0"), pathlib.PurePosixPath("/x"), uuid.UUID(int=3), {r, s}, 1e300, a)
        return [first(r, s, t), a.map([1, {"e", "f"}]), a.map(t)]

    graph = record(w.spec, (), {})
    print(*wire(graph, graph.nodes), wire_item([{"a", "b", "c"}, 1.1, Point(Color.RED)]), digest_of_start("w", "{}"))
"""


@pytest.mark.parametrize("seed", ["0", "1", "12345"])
def test_digests_are_the_same_in_every_process(seed, tmp_path):
    """Hash seeds and addresses differ between these; what is recorded below holds for every Python and platform."""
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    made = subprocess.run([sys.executable, program], env=env, check=True, capture_output=True, text=True).stdout.split()
    assert made == RECORDED


RECORDED = [
    "31c242fd5c8196cb7268ed7d7e904475",
    "5040174bf5914515819b652998ab95f9",
    "507502da4fb3c6833d08ea02657ed742",
    "4f9d87d4ee42b312091ce9a9c48dbae8",
    "383f30384c2c9d53677a5511e4c2ffe5",
    "05f1b439a345f5b980b092da3e1ab984",
    "8990317b2db43090fe81bf96b74dd787",
    "160403d0074b37bac137f6cd99c09ff8",
]
