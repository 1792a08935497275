"""What is said of a result that is asked for more than it can give, and where that points."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import linecache
import statistics
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from flowkit import CheckFailed, step, workflow

if TYPE_CHECKING:
    from flowkit.diagnostics import Diagnostic


@step
def load(name: str = "x") -> int:
    return len(name)


@step
def keep(value: object) -> object:
    return value


@step
def pair() -> tuple[int, int]:
    return 1, 2


def found(body: Any) -> Diagnostic:
    """The one finding of a workflow that is refused."""
    with pytest.raises(CheckFailed) as caught:
        body.graph()
    [finding] = caught.value.diagnostics
    return finding  # type: ignore[no-any-return]


def covered(finding: Diagnostic) -> list[str]:
    return [label.span.covered for label in finding.labels]


# -- where it points ----------------------------------------------------------------------------------------------


def positive(_: object, __: object, value: int) -> None:
    if value <= 0:
        raise ValueError(value)


@attrs.frozen
class Checked:
    count: int = attrs.field(validator=attrs.validators.instance_of(int))


@attrs.frozen
class Positive:
    count: int = attrs.field(validator=positive)


@attrs.frozen
class Converted:
    count: int = attrs.field(converter=int)


@attrs.frozen
class Deep:
    counts: list[int] = attrs.field(validator=attrs.validators.deep_iterable(attrs.validators.instance_of(int)))


@dataclasses.dataclass
class Line:
    amount: int

    def __post_init__(self) -> None:
        self.double = self.amount * 2


@pytest.mark.parametrize(
    ("make", "field"), [(Checked, "count"), (Positive, "count"), (Converted, "count"), (Line, "amount")]
)
def test_a_class_that_looks_at_its_fields_is_refused_where_it_is_made(make, field):
    @workflow
    def body() -> object:
        return keep(make(load()))

    finding = found(body)
    assert covered(finding)[0] == "make(load())"
    assert finding.helps == (f"make it in a step of its own: `step({make.__name__})({field}=...)`",)


def test_a_validator_of_ones_own_is_shown_as_well():
    @workflow
    def body() -> object:
        return keep(Positive(load()))

    assert covered(found(body)) == ["Positive(load())", "value <= 0", "load()"]


def test_a_value_inside_what_a_class_is_made_with_is_refused_at_the_body_too():
    @workflow
    def body() -> object:
        return keep(Deep([load()]))

    assert covered(found(body))[0] == "Deep([load()])"


LIBRARIES = {
    "pure Python": (lambda ref: json.dumps([ref], indent=1), "json.dumps([ref], indent=1)"),
    "written in C as well": (lambda ref: json.dumps([ref]), "json.dumps([ref])"),
    "by keyword": (lambda ref: statistics.mean(data=[ref, 1]), "statistics.mean(data=[ref, 1])"),
    "installed": (lambda ref: attrs.asdict(ref), "attrs.asdict(ref)"),  # noqa: PLW0108 - the call is to be seen
    "flowkit": (lambda ref: load.with_options(delay=ref)(), "load.with_options(delay=ref)"),
}


@pytest.mark.parametrize(("use", "line"), LIBRARIES.values(), ids=LIBRARIES)
def test_a_library_that_needs_the_value_is_refused_where_it_was_called(use, line):
    """Here that is a function which the body calls: the nearest one that isn't the library's."""

    @workflow
    def body() -> object:
        ref = load()
        use(ref)
        return ref

    assert covered(found(body))[0] == line


def test_a_body_that_is_installed_is_still_the_one_to_blame(tmp_path):
    """Its own package counts as its author's, wherever it lies."""
    source = (
        "import json\n"
        "from flowkit import step, workflow\n"
        "@step\n"
        "def load() -> int: return 1\n"
        "def written(value): return json.dumps(value)\n"
        "@workflow\n"
        "def report() -> str: return written(load())\n"
    )
    file = str(tmp_path / "site-packages" / "installed.py")
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = sys.modules["installed"] = ModuleType("installed")
    exec(compile(source, file, "exec", dont_inherit=True), vars(module))
    with pytest.raises(CheckFailed) as caught:
        module.report.graph()
    finding = caught.value.diagnostics[0]
    assert finding.span is not None
    assert (finding.span.file, finding.span.line) == (file, 5)


def test_one_mistake_in_a_library_that_tries_again_is_told_once():
    @workflow
    def body() -> object:
        ref = load()
        for _ in range(2):
            with contextlib.suppress(Exception):
                json.dumps(ref)
        return ref

    assert found(body).code == "FK401"


# -- unpacking ----------------------------------------------------------------------------------------------------


def too_many() -> object:
    a, b, c = pair()  # type: ignore[misc]
    return [keep(a), keep(b), keep(c)]


def too_few() -> object:
    (a,) = pair()  # type: ignore[misc]
    return [keep(a)]


def rest() -> object:
    a, b, c, *more, last = pair()  # type: ignore[misc]
    return [keep(a), keep(b), keep(c), *more, last]


def in_a_loop() -> object:
    return [keep([a, b, c]) for a, b, c in [pair()]]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("function", "names", "title"),
    [
        (too_many, "a, b, c", "has 2 items and is unpacked into 3 names"),
        (too_few, "(a,)", "has 2 items and is unpacked into 1 name"),
        (rest, "a, b, c, *more, last", "has 2 items and is unpacked into at least 4 names"),
        (in_a_loop, "a, b, c", "has 2 items and is unpacked into 3 names"),
    ],
)
def test_unpacking_into_another_number_of_names_is_refused_at_both_places(function, names, title):
    finding = found(workflow(function))
    assert finding.code == "FK206"
    assert finding.title == f"the result of `pair` {title}"
    assert covered(finding) == [names, "pair()"]


def test_recording_goes_on_after_an_unpacking_that_cant_be():
    """So that everything wrong with a body is told at once."""

    @workflow
    def body() -> object:
        a, b, c = pair()  # type: ignore[misc]
        load("dropped")
        return [keep(a), keep(b), keep(c)]

    with pytest.raises(CheckFailed) as caught:
        body()
    assert [one.code for one in caught.value.diagnostics] == ["FK206", "FK101"]


def test_unpacking_into_many_names_is_counted_right():
    """The count of a hundred thousand names doesn't fit one instruction."""
    names = ", ".join(f"a{i}" for i in range(300))
    space: dict[str, Any] = {"many": step(many)}
    exec(f"def body():\n    {names} = many()\n    return [{names}]\n", space)
    assert workflow(space["body"])() == list(range(300))
    exec(f"def body():\n    {names}, b = many()\n    return [{names}, b]\n", space)
    assert "is unpacked into 301 names" in found(workflow(space["body"])).title


def many() -> Any:
    return tuple(range(300))


many.__annotations__["return"] = tuple[(int,) * 300]  # type: ignore[misc]


def test_unpacking_that_has_a_name_for_the_rest_takes_it():
    @workflow
    def body() -> object:
        a, *more = pair()
        b, c, *none = pair()
        return [a, *more, b, c, *none]

    assert body() == [1, 2, 1, 2]


def test_a_body_that_was_called_before_is_counted_the_same():
    """Instructions that have run often enough are exchanged for faster ones."""

    def split(source: Any) -> list[Any]:
        a, b, c = source
        return [a, b, c]

    for _ in range(100):
        split((1, 2, 3))

    @workflow
    def body() -> object:
        return keep(split(pair()))

    assert "is unpacked into 3 names" in found(body).title


# -- results that outlive their body --------------------------------------------------------------------------------


USES = {"length": len, "text": str, "truth": bool, "loop": list, "type": lambda ref: isinstance(ref, int)}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("alive", [True, False], ids=["the graph is there", "the graph is gone"])
def test_a_result_that_outlives_its_body_says_so(use, alive):
    kept: list[Any] = []

    @workflow
    def body() -> object:
        kept.append(load())
        return kept[0]

    graph = body.graph()
    if not alive:
        del graph
    with pytest.raises(CheckFailed) as caught:
        use(kept[0])
    [finding] = caught.value.diagnostics
    assert finding.code == "FK401"
    assert finding.title.endswith("after its body has ended")
    assert "`some_step`" not in str(caught.value)
    assert "stands for a call in the body of" in finding.labels[0].text
    assert len(finding.labels) == 1 + alive


def test_an_argument_that_outlives_its_body_says_so():
    kept: list[Any] = []

    @workflow
    def body(name: str) -> object:
        kept.append(name)
        return load(name)

    graph = body.graph()
    with pytest.raises(CheckFailed, match="after its body has ended"):
        len(kept[0])
    assert not graph.problems
