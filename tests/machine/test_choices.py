"""`depends_on_any`: with the first of several that succeeds."""

from __future__ import annotations

import pytest

from flowkit import Fallback, outcome, workflow
from tests.machine.virtual import Attempt, named, play


def choosing(count, **options):
    """`b` needs one of several."""

    @workflow
    def program():
        candidates = [named(f"a{i}")() for i in range(count)]
        return named("b", depends_on_any=candidates, **options)()

    return program


def test_it_starts_when_the_first_has_succeeded():
    run = play(choosing(3), {"a0": Attempt(after=9), "a1": Attempt(after=2), "a2": Attempt(after=5)})

    assert run.starts("b") == [2]


@pytest.mark.covers("M6")
@pytest.mark.parametrize("choices", [[], [1], [1, 1], [2, 1, 1]])
def test_two_that_succeed_at_once_start_it_once(choices):
    run = play(choosing(2), {"a0": Attempt(after=1), "a1": Attempt(after=1)}, choices=choices)

    assert run.starts("b") == [1]
    assert run.told("b") == ["step_started", "step_succeeded"]


def test_failures_of_the_others_end_nothing():
    run = play(choosing(2), {"a0": Attempt(KeyError()), "a1": Attempt(after=5)})

    assert run.outcome == "succeeded"
    assert run.starts("b") == [5]


def test_a_failure_after_the_choice_was_made_is_handled_as_well():
    run = play(choosing(2), {"a0": Attempt(KeyError(), after=5)})

    assert run.statuses == {"a0": "failed", "a1": "succeeded", "b": "succeeded"}
    assert run.outcome == "succeeded"


@pytest.mark.covers("M6")
def test_if_none_succeeded_it_fails_with_all_their_errors():
    run = play(choosing(2), {"a0": Attempt(KeyError("x")), "a1": Attempt(OSError("y"), after=1)})

    assert run.outcome == "failed"
    assert run.error.message == "nothing that `b` needs one of succeeded"
    assert [type(error) for error in run.error.exceptions] == [KeyError, OSError]
    assert run.told("b") == ["step_failed"]


def test_that_failure_is_like_any_other():
    def stand_in(error):
        return [type(one) for one in error.exceptions]

    run = play(choosing(1, on_failure=Fallback(call=stand_in), retries=3), {"a0": Attempt(KeyError())})

    assert run.value("b") == [KeyError]
    assert run.outcome == "succeeded"
    assert run.starts("b") == []


def test_two_choices_lost_at_once_end_the_run_once():
    """The first of them cancels the other, which must not be carried out any more."""

    @workflow
    def program():
        a = named("a")()
        return named("b", depends_on_any=[a])(), named("c", depends_on_any=[a])()

    run = play(program, {"a": Attempt(KeyError())})

    assert run.statuses == {"a": "failed", "b": "failed", "c": "cancelled"}
    assert run.told("c") == ["step_cancelled"]


def test_skipped_ones_are_no_failures():
    @workflow
    def program():
        a, b = named("a", run_if=lambda: False)(), named("b")()
        return named("c", depends_on_any=[a, b])()

    run = play(program, {"b": Attempt(KeyError())})

    assert [type(error) for error in run.failure("c").exceptions] == [KeyError]


@pytest.mark.covers("M6")
def test_a_choice_waits_for_its_data_too():
    @workflow
    def program():
        slow = named("slow")()
        return named("b", depends_on_any=[named("a")()])(slow)

    run = play(program, {"slow": Attempt(after=7)})

    assert run.starts("b") == [7]


def test_a_long_row_of_lost_choices_needs_no_deep_stack():
    @workflow
    def program():
        last = named("first")()
        for i in range(3_000):
            last = named(f"b{i}", depends_on_any=[last], on_failure="skip")()
        return outcome(last)

    run = play(program, {"first": Attempt(KeyError())})

    assert run.value("outcome").status == "failed"


@pytest.mark.parametrize("late", [False, True])
def test_the_choice_is_made_from_what_is_on_record(late):
    run = play(choosing(2), {"a0": Attempt(KeyError())}, keeps=True, late=late, choices=[1] * 9)

    assert run.first("record", "a1") < run.first("start", "b")
