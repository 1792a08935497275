"""What the checks promise as a whole: all findings at once, in order, each once, and nothing looked at twice."""

import attrs
import pytest

from flowkit import StepOptions, discard, step, workflow
from flowkit.checks import CheckedGraph, check, checking, find, inspect_source
from flowkit.diagnostics import Diagnostic, Level
from flowkit.errors import CheckFailed, MisuseError
from flowkit.graph import record, record_symbolically


def graph_of(made, *arguments):
    return record(made.spec, arguments, {})


def codes(findings):
    return [one.code for one in findings]


@step
def one(number: int) -> int:
    return number


@step
def text(number: int) -> str:
    return str(number)


@step
def several(*numbers: int) -> int:
    return sum(numbers)


def test_a_sound_graph_is_handed_on_as_checked():
    @workflow
    def report(number: int) -> int:
        return one(one(number))

    graph = graph_of(report, 3)
    checked = check(graph)
    assert checked == CheckedGraph(graph, ())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        checked.warnings = ()


@pytest.mark.covers("M10")
def test_errors_and_warnings_come_together_in_the_order_of_the_source():
    @workflow(strict=True)
    def report(number: int, flag: bool) -> str:
        unused = one(number)
        if flag:
            unused = one(2)
        one(text(number))
        return one(number, unused)

    with pytest.raises(CheckFailed) as failed:
        check(graph_of(report, 3, True))
    assert codes(failed.value.diagnostics) == ["FK101", "FK101", "FK201", "FK203", "FK202"]
    assert [str(one.level) for one in failed.value.diagnostics] == ["warning", "error", "error", "error", "error"]


def test_warnings_alone_let_a_graph_pass():
    @workflow
    def report(number: int, flag: bool) -> int:
        rest = one(number)
        return one(rest) if flag else number

    assert codes(check(graph_of(report, 3, False)).warnings) == ["FK101"]
    assert check(graph_of(report, 3, True)).warnings == ()


def test_one_forgotten_call_is_one_finding():
    @workflow
    def report(number: int) -> int:
        for _ in range(3):
            one(one(number))
        return number

    [found] = find(graph_of(report, 3))
    assert found.span.covered == "one(one(number))"


def test_an_allowed_code_is_silent():
    @workflow(allow=("FK101", "FK203"))
    def report(number: int) -> str:
        one(number)
        return one(number)

    graph = graph_of(report, 3)
    assert check(graph).warnings == ()
    assert find(graph) == []
    assert inspect_source(report.spec) == []


def test_what_recording_refused_cannot_be_allowed():
    """The graph lacks the part that was refused, so it can't be run in spite of it."""

    @workflow(allow=("FK401",))
    def report(number: int) -> int:
        return one(number) + 1

    with pytest.raises(CheckFailed) as failed:
        check(graph_of(report, 3))
    assert codes(failed.value.diagnostics) == ["FK401"]


def test_annotations_are_asked_for_only_where_it_is_strict():
    @step
    def bare(number):
        return number

    def body(number: int) -> int:
        return one(bare(bare(number)))

    lax, strict = workflow(body), workflow(strict=True)(body)
    assert find(graph_of(lax, 3)) == []
    assert codes(find(graph_of(lax, 3), strict=True)) == ["FK204"]
    assert codes(check(graph_of(strict, 3)).warnings) == ["FK204"]


def test_must_use_can_be_declared_and_defaulted():
    @step(must_use=False)
    def quiet(number: int) -> int:
        return number

    @step(must_use=True)
    def loud(number: int) -> int:
        return number

    def body(number: int) -> int:
        quiet(number)
        loud(number)
        one(number)
        one.with_options(must_use=False)(number)
        discard(one(number))
        return number

    assert [found.span.covered for found in find(graph_of(workflow(body), 3))] == ["loud(number)", "one(number)"]
    relaxed = workflow(defaults=StepOptions(must_use=False))(body)
    with pytest.raises(CheckFailed) as failed:
        check(graph_of(relaxed, 3))
    assert [found.span.covered for found in failed.value.diagnostics] == ["loud(number)"]


def test_a_class_made_a_step_on_the_spot_is_checked_like_any_step():
    @attrs.frozen
    class Order:
        number: int

    @workflow
    def report(number: int) -> Order:
        first = step(Order)(number=one(number))
        return step(Order)(number=first.number)

    @workflow
    def wrong(number: int) -> Order:
        return step(Order)(number=text(number))

    assert find(graph_of(report, 3)) == []
    assert codes(find(graph_of(wrong, 3))) == ["FK201"]


def test_steps_of_a_class_are_checked_whatever_they_are_bound_to():
    class Shop:
        @step
        def price(self, item: int) -> int:
            return item

        @step
        @classmethod
        def named(cls, name: str) -> "Shop":  # which nobody can resolve here
            return cls()

        @step
        @staticmethod
        def double(price: int) -> int:
            return 2 * price

    @workflow
    def report(item: int) -> list[int]:
        shop = Shop()
        shop.price.map([1, 2])
        return [Shop.double(shop.price(item)), Shop.double(text(item)), shop.named(item)]

    assert codes(find(graph_of(report, 3))) == ["FK101", "FK201", "FK202"]


def test_what_was_found_sound_is_not_looked_at_again(monkeypatch):
    @workflow
    def report(number: int) -> int:
        return several(one(number), one.with_options(timeout=5)(number), *[one(i) for i in range(3)], one(number))

    assert find(graph_of(report, 3)) == []
    monkeypatch.setattr("flowkit.checks.looking._of_call", pytest.fail)
    monkeypatch.setattr(checking, "read", pytest.fail)
    for number in (3, 4):
        check(graph_of(report, number))
        check(graph_of(report.with_options(run_id="again"), number))


def test_what_was_found_wrong_is_found_again():
    @workflow
    def report(number: int, wrong: bool) -> int:
        return several(one(number), text(number)) if wrong else several(one(number), one(number))

    for wrong in (False, True, False, True):
        assert codes(find(graph_of(report, 3, wrong))) == (["FK201"] if wrong else [])


def test_a_value_that_fits_says_nothing_of_the_next_one():
    from typing import Literal

    @step
    def mode(name: Literal["fast", "slow"], times: list[int] | None = None) -> int:
        return len(name)

    @workflow
    def report(name: str) -> list[int]:
        return [mode(name), mode(name="fast", times=[1])]

    for name, found in (("fast", []), ("quick", ["FK202"]), ("slow", []), ("quick", ["FK202"])):
        assert codes(find(graph_of(report, name))) == found


def test_other_defaults_are_checked_anew():
    @step(timeout=5)
    def limited(number: int) -> int:
        return number

    @workflow
    def report(number: int) -> int:
        return limited(number)

    assert find(graph_of(report, 3)) == []
    inline = report.with_options(defaults=StepOptions(executor="inline"))
    assert codes(find(graph_of(inline, 3))) == ["FK501"]
    assert find(graph_of(report, 3)) == []


def test_a_step_that_drops_a_run_is_blamed_once_and_each_time():
    @workflow
    def nightly(number: int) -> int:
        return one(number)

    @step
    def kick_off(number: int) -> int:
        nightly.start(number)
        return number

    @workflow
    def report(number: int) -> int:
        return several(kick_off(number), kick_off.with_options(timeout=5)(number), kick_off(one(number)))

    for _ in range(2):
        assert codes(find(graph_of(report, 3))) == ["FK103"]


def test_a_body_that_cannot_be_recorded_is_read():
    @workflow
    def nightly(number: int) -> int:
        return one(number)

    @workflow
    def report(number: int) -> int:
        nightly.start(number)
        one(number)
        return one(number)

    with pytest.raises(MisuseError):
        graph_of(report, 3)
    assert codes(inspect_source(report.spec)) == ["FK103", "FK101"]


SOURCE = """
from flowkit import step, workflow

@step
def load(path: str) -> str:
    return path

@workflow
def report(path: str) -> str:
    unused = load(path)
    if load(path) is None:
        pass
    return load(path)
"""


def test_without_source_a_note_says_so_and_nothing_else_changes(written):
    report = written(SOURCE, readable=False).report
    graph = record_symbolically(report.spec, (), {})
    [hint] = inspect_source(report.spec)
    assert hint.level is Level.HINT
    assert hint.title == "the source of `report` can't be read, so what only the source shows wasn't checked"
    with pytest.raises(CheckFailed) as failed:
        check(graph)
    assert codes(failed.value.diagnostics) == ["FK101", "FK101"]
    assert codes(find(graph)) == ["", "FK101", "FK101"]


def test_a_workflow_without_mistakes_and_without_source_passes_in_silence(written):
    source = SOURCE.replace("    unused = load(path)\n", "").replace("    if load(path) is None:\n        pass\n", "")
    report = written(source, readable=False).report
    assert check(record_symbolically(report.spec, (), {})).warnings == ()


def test_an_input_that_was_looked_at_is_told_as_a_hint():
    @workflow
    def report(number: int) -> int:
        return one(number) if number > 3 else one(2)

    graph = record_symbolically(report.spec, (), {})
    assert check(graph).warnings == ()
    [hint] = find(graph)
    assert (hint.code, hint.level) == ("", Level.HINT)


def test_findings_are_data():
    @workflow
    def report(number: int) -> int:
        one(number)
        return number

    assert all(type(found) is Diagnostic for found in find(graph_of(report, 3)))
