"""A run in which nothing can happen any more ends at once, and says what waits for what."""

from __future__ import annotations

import pytest

from flowkit import Deadlock, Retry, fixed, workflow
from tests.machine.virtual import Attempt, named, play


@workflow
def circle():
    named("first", effect=True)()
    a = named("a", depends_on="c")()
    return named("d")(named("c")(named("b")(a)))


@pytest.mark.covers("M57")
@pytest.mark.parametrize("listening", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
def test_it_names_what_waits_for_what(listening, keeps):
    run = play(circle, {"first": Attempt(after=3)}, listening=listening, keeps=keeps)

    assert run.outcome == "failed"
    assert isinstance(run.error, Deadlock)
    assert run.error.waiting == {"a": ("c",), "b": ("a",), "c": ("b",), "d": ("c",)}
    assert run.statuses == {"first": "succeeded", **dict.fromkeys("abcd", "blocked")}
    assert run.now == 3
    assert run.finishes == 1


def test_everybody_is_told():
    run = play(circle)

    assert run.told("a") == ["step_blocked"]
    assert run.events[-1].kind == "run_failed"
    assert run.events[-1].error is run.error


def test_a_circle_and_nothing_else_ends_as_it_begins():
    @workflow
    def program():
        named("a", depends_on="a", effect=True)()

    run = play(program)

    assert run.error.waiting == {"a": ("a",)}


def test_choices_and_maps_are_named_too():
    @workflow
    def program():
        a = named("a", depends_on_any="d")()
        b = named("b").map(named("x").map(a))
        return named("d")(b)

    run = play(program)

    assert run.error.waiting == {"a": ("d",), "x": ("a",), "b": ("x",), "d": ("b",)}


def test_one_that_is_found_behind_a_failure_is_a_failure_too():
    @workflow(fail_fast=False)
    def program():
        named("z", effect=True)()
        named("a", depends_on="a", effect=True)()

    run = play(program, {"z": Attempt(OSError())})

    assert run.statuses == {"z": "failed", "a": "blocked"}


def test_time_that_has_to_pass_is_none():
    @workflow
    def program():
        return named("a", delay=60, retries=Retry(2, backoff=fixed(60), jitter="none"))()

    run = play(program, {"a": [Attempt(OSError()), Attempt()]})

    assert run.starts() == [60, 120]


def test_an_end_that_isnt_on_record_is_none():
    @workflow
    def program():
        return named("b")(named("a")())

    assert play(program, keeps=True, late=True).outcome == "succeeded"


def test_a_place_that_an_abandoned_attempt_still_holds_is_none():
    @workflow
    def program():
        return named("a", max_concurrency=1, timeout=10).map_outcomes([1, 2])

    run = play(program, {"a[0]": Attempt(after=100)})

    assert run.starts("a[1]") == [100]
    assert run.outcome == "succeeded"


def test_a_big_one_is_found_as_fast_as_a_small_one():
    @workflow
    def program():
        last = named("a", depends_on="z")()
        for _ in range(20_000):
            last = b(last)
        return named("z")(last)

    b = named("b")

    run = play(program)

    assert len(run.error.waiting) == 20_002
