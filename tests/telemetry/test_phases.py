"""The spans of phases: what is in a phase is under it."""

from __future__ import annotations

import threading

import pytest

from flowkit import Engine, always, phase, result_of, step, when, workflow


@step
def inc(x: int) -> int:
    return x + 1


@step
def tell(x: int) -> None:
    """Say it."""


@step
def fail(x: int) -> int:
    raise ValueError(x)


@step
def undo() -> None:
    """Put it back."""


@workflow
def two(x: int) -> int:
    with phase("read"):
        y = inc(x)
        tell(inc(x))
    with phase("write"):
        tell.map([1, 2])
    return inc(y)


@workflow
def inner(x: int) -> int:
    with phase("within"):
        return inc(x)


@pytest.mark.parametrize("executor", ["inline", "thread"])
def test_the_steps_of_a_phase_are_under_its_span(spans, executor):
    with Engine(executor=executor):
        assert two(1) == 3
    assert spans.tree() == [
        "run two: succeeded",
        "  phase phase read",
        "    step inc: succeeded",
        "    step inc#2: succeeded",
        "    step tell: succeeded",
        "  phase phase write",
        "    map tell#2: succeeded",
        "      step tell#2[0]: succeeded",
        "      step tell#2[1]: succeeded",
        "  step inc#3: succeeded",
    ]


def test_a_phase_says_what_it_is_called_where_it_stands_and_how_its_steps_ended(spans):
    two(1)
    [first] = [span for span in spans if span.name == "phase read"]
    line = two.spec.target.__code__.co_firstlineno + 2
    assert {name: value for name, value in first.attributes.items() if name != "flowkit.run.id"} == {
        "flowkit.phase.name": "read",
        "flowkit.step.key": "phase read",
        "flowkit.steps.succeeded": 3,
        "code.file.path": __file__,
        "code.line.number": line,
    }


def test_a_phase_lasts_as_long_as_what_is_in_it(spans):
    two(1)
    first, second = (next(span for span in spans if span.name == name) for name in ("phase read", "phase write"))
    assert first.end_time <= second.start_time
    for span in spans:
        if span.parent and span.parent.span_id == first.context.span_id:
            assert first.start_time <= span.start_time
            assert span.end_time <= first.end_time


def test_phases_of_called_workflows_and_in_phases_are_under_what_they_are_in(spans):
    @workflow
    def outer(x: int) -> int:
        with phase("all"):
            y = inner(x)
            with phase("more"):
                tell(y)
        return inner(y)

    outer(1)
    assert spans.tree() == [
        "run outer: succeeded",
        "  phase phase all",
        "    workflow inner: succeeded",
        "      phase inner/phase within",
        "        step inner/inc: succeeded",
        "    phase phase more",
        "      step tell: succeeded",
        "  workflow inner#2: succeeded",
        "    phase inner#2/phase within",
        "      step inner#2/inc: succeeded",
    ]


def test_each_round_has_phases_of_its_own(spans):
    @workflow
    def rounds(x: int) -> int:
        if x > 2:
            return x
        with phase("round"):
            y = inc(x)
        return rounds(y)

    @workflow
    def outer(x: int) -> int:
        return rounds(x)

    assert outer(1) == 3
    assert [line.strip() for line in spans.tree() if "phase" in line] == [
        "phase rounds/phase round",
        "phase rounds@2/phase round",
    ]


def test_a_body_that_asks_for_a_result_in_a_phase_has_one_span_of_it(spans):
    @workflow
    def asks(x: int) -> int:
        with phase("ask"):
            y = inc(x)
            return inc(y) if result_of(y) else y

    assert asks.start(1).result(timeout=20) == 3
    assert spans.tree() == [
        "run asks: succeeded",
        "  phase phase ask",
        "    step inc: succeeded",
        "    step inc#2: succeeded",
    ]


def test_what_cleans_up_after_a_phase_is_not_under_it(spans):
    @workflow
    def cleaned(x: int) -> int:
        with phase("work"):
            with always():
                undo()
            y = inc(x)
        return inc(y)

    cleaned(1)
    assert spans.tree() == [
        "run cleaned: succeeded",
        "  phase phase work",
        "    step inc: succeeded",
        "  step inc#2: succeeded",
        "  step undo: succeeded",
    ]


def test_a_phase_in_which_a_step_fails_ends_with_it_and_one_behind_it_never_begins(spans):
    @workflow
    def broken(x: int) -> None:
        with phase("one"):
            y = fail(x)
        with phase("two"):
            tell(y)

    with pytest.raises(ValueError, match="1"):
        broken(1)
    assert [line for line in spans.tree() if "phase" in line] == ["  phase phase one"]
    [span] = [span for span in spans if span.name == "phase one"]
    assert span.attributes["flowkit.steps.failed"] == 1


def test_a_phase_in_a_branch_that_is_not_taken_says_that_its_steps_were_skipped(spans):
    @step
    def no() -> bool:
        return False

    @workflow
    def branching() -> None:
        with when(no()), phase("never"):
            tell(1)

    branching()
    assert spans.tree() == ["run branching: succeeded", "  step no: succeeded", "  phase phase never"]
    [span] = [span for span in spans if span.name == "phase never"]
    assert span.attributes["flowkit.steps.skipped"] == 1


def test_every_span_is_ended_when_a_run_is_cancelled_in_a_phase(spans):
    begun, go_on = threading.Event(), threading.Event()

    @step
    def hang() -> int:
        begun.set()
        go_on.wait(20)
        return 1

    @workflow
    def hanging() -> int:
        with phase("hang"):
            return hang()

    run = hanging.start()
    assert begun.wait(20)
    run.cancel()
    run.wait(timeout=20)
    go_on.set()
    assert [line for line in spans.tree() if "phase" in line] == ["  phase phase hang"]
