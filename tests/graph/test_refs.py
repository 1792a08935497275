"""What a result can do while it isn't there yet."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import operator
from typing import NamedTuple

import attrs
import pytest

from flowkit import CheckFailed, step, workflow
from flowkit.graph import Kind


@step
def load(name: str = "x") -> object:
    return name


@step
def keep(value: object) -> object:
    return value


def refused(use) -> str:
    """The title of the FK401 that a use of a result gets."""

    @workflow
    def body() -> object:
        use(load())
        return load()

    with pytest.raises(CheckFailed) as caught:
        body.graph()
    [finding] = [finding for finding in caught.value.diagnostics if finding.code == "FK401"]
    return finding.title


def match(ref: object) -> None:
    match ref:
        case str():
            pass


USES = {
    "truth": bool,
    "not": operator.not_,
    "len": len,
    "iter": list,
    "unpack": lambda ref: operator.setitem([0], slice(None), ref),
    "eq": lambda ref: ref == 1,
    "ne": lambda ref: ref != 1,
    "lt": lambda ref: ref < 1,
    "reflected": lambda ref: ref < 1,
    "str": str,
    "format": lambda ref: f"{ref}",
    "add": lambda ref: ref + 1,
    "radd": lambda ref: 1 + ref,
    "iadd": lambda ref: operator.iadd(ref, 1),
    "neg": operator.neg,
    "int": int,
    "index": lambda ref: [1][ref],
    "contains": lambda ref: 1 in ref,
    "call": lambda ref: ref(),
    "method": lambda ref: ref.upper(),
    "setitem": lambda ref: operator.setitem(ref, 1, 2),
    "setattr": lambda ref: setattr(ref, "id", 3),
    "delattr": lambda ref: delattr(ref, "id"),
    "with": lambda ref: ref.__enter__(),
    "isinstance": lambda ref: isinstance(ref, str),
    "match": match,
    "hash key": lambda ref: {"a": 1}[ref],
    "text by conversion": lambda ref: f"{ref!s}",
    "sorted": lambda ref: sorted([ref, ref]),
    "path": open,
}


@pytest.mark.parametrize(
    "use", [use for name, use in USES.items() if name != "hash key"], ids=[n for n in USES if n != "hash key"]
)
def test_a_use_that_needs_the_value_is_refused(use):
    assert "before it exists" in refused(use)


def test_the_refusal_points_at_the_operation():
    @workflow
    def body() -> object:
        rows = load()
        if rows:
            return keep(rows)
        return rows

    with pytest.raises(CheckFailed) as caught:
        body()
    [finding] = caught.value.diagnostics
    assert finding.span is not None
    assert finding.span.text.splitlines()[0].strip() == "if rows:"


def test_a_body_that_swallows_the_refusal_is_refused_all_the_same():
    @workflow
    def body() -> object:
        rows = load()
        with contextlib.suppress(Exception):
            len(rows)  # type: ignore[arg-type]
        return rows

    with pytest.raises(CheckFailed, match="asked for its length"):
        body()


def test_a_result_can_be_shown_hashed_and_copied():
    shown = []

    @workflow
    def body() -> object:
        ref = load()
        shown.append(repr(ref))
        assert len({ref, copy.copy(ref), copy.deepcopy(ref)}) == 1
        assert not hasattr(ref, "__array__")
        assert not hasattr(ref, "_repr_html_")
        return ref

    body.graph()
    assert shown == ["<Ref to `load`>"]


@attrs.frozen
class Order:
    id: object
    lines: list[object] = attrs.field(factory=list)


@attrs.define
class Strict:
    count: int = attrs.field(validator=attrs.validators.instance_of(int))


@attrs.define
class Late:
    id: object
    seen: object = attrs.field(init=False, default=None)


@dataclasses.dataclass
class Line:
    item: object
    amount: int = 1


@dataclasses.dataclass
class Initial:
    item: object
    extra: dataclasses.InitVar[int] = 0


class Pair(NamedTuple):
    left: object
    right: object


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda ref: [ref, 1], ["x", 1]),
        (lambda ref: (ref, [ref]), ("x", ["x"])),
        (lambda ref: {"a": {"b": ref}}, {"a": {"b": "x"}}),
        (lambda ref: {ref: 1}, {"x": 1}),
        (lambda ref: {ref, "y"}, {"x", "y"}),
        (lambda ref: frozenset({ref}), frozenset({"x"})),
        (lambda ref: Order(ref, [ref, 2]), Order("x", ["x", 2])),
        (lambda ref: Line(ref, 3), Line("x", 3)),
        (lambda ref: Pair(ref, Order(1, [ref])), Pair("x", Order(1, ["x"]))),
    ],
    ids=["list", "tuple", "dict", "key", "set", "frozenset", "attrs", "dataclass", "namedtuple"],
)
def test_containers_may_hold_results(build, expected):
    @workflow
    def body() -> object:
        return keep(build(load()))

    assert body() == expected


def test_a_validator_that_looks_at_a_result_is_refused_where_it_looks():
    @workflow
    def body() -> object:
        return keep(Strict(load()))  # type: ignore[arg-type]

    with pytest.raises(CheckFailed, match="FK401"):
        body()


@pytest.mark.parametrize("make", [Initial, lambda ref: late(ref)], ids=["InitVar", "init=False"])  # noqa: PLW0108
def test_a_class_that_cant_be_rebuilt_cant_hold_a_result(make):
    @workflow
    def body() -> object:
        return keep(make(load()))

    with pytest.raises(CheckFailed, match=r"make it in a step of its own: `step\((Initial|Late)\)\(\.\.\.\)`"):
        body()


def late(ref: object) -> Late:
    made = Late(1)
    made.seen = ref
    return made


def test_a_structure_that_contains_itself_cant_hold_a_result():
    @workflow
    def body() -> object:
        loop: list[object] = [load()]
        loop.append(loop)
        return keep(loop)

    with pytest.raises(CheckFailed, match="contains itself"):
        body()


def test_a_structure_nested_too_deeply_is_refused():
    @workflow
    def body() -> object:
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]
        return keep(deep)

    with pytest.raises(CheckFailed, match="nested too deeply"):
        body()


def test_a_result_of_another_build_is_refused():
    kept = []

    @workflow
    def first() -> object:
        kept.append(load())
        return kept[0]

    @workflow
    def second() -> object:
        return keep(kept[0])

    graph = first.graph()
    with pytest.raises(CheckFailed) as caught:
        second()
    [finding] = caught.value.diagnostics
    assert finding.code == "FK305"
    assert len(finding.labels) == 2
    del graph
    with pytest.raises(CheckFailed, match="FK305"):
        second()


def test_a_result_that_leaves_its_body_stays_refused():
    kept = []

    @workflow
    def body() -> object:
        kept.append(load())
        return kept[0]

    body()
    with pytest.raises(CheckFailed, match="FK401"):
        len(kept[0])


def test_unpacking_goes_by_the_annotation():
    @step
    def three() -> tuple[int, str, bytes]:
        return 1, "a", b"c"

    @step
    def pair() -> Pair:
        return Pair(1, 2)

    @workflow
    def body() -> object:
        number, text, data = three()
        left, right = pair()
        return [keep(number), keep(text), keep(data), left, right]

    assert body() == [1, "a", b"c", 1, 2]


def test_a_graph_can_be_built_without_arguments():
    @workflow
    def body(name: str, *more: str, times: int = 2) -> list[object]:
        return [load(name) for _ in range(times)]

    graph = body.graph()
    assert [node.kind for node in graph.nodes] == [Kind.INPUT, Kind.CALL, Kind.CALL]
    assert graph.stopped is None


def test_building_stops_where_an_unknown_argument_is_looked_at():
    @workflow
    def body(names: list[str]) -> list[object]:
        first = load("first")
        return [first, *[load(name) for name in names]]

    graph = body.graph()
    assert graph.stopped is not None
    assert "`argument names` is looped over or unpacked here" in graph.stopped.title
    assert len(body.graph(["a", "b"]).nodes) == 3
