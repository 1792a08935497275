"""The edge table, cell by cell: what an ended node means for one that depends on it."""

from __future__ import annotations

import pytest

from flowkit import Fallback, outcome, workflow
from flowkit.engine.edges import BLOCK, EDGES, GO, SKIP
from flowkit.graph import Edge
from tests.machine.virtual import Attempt, named, play

FAILS = Attempt(ValueError("no"))
HANGS = Attempt(after=100)

# What a source does, and the status that this gives it.
SOURCES = {
    "succeeded": ({}, Attempt(1), "succeeded"),
    "stood in for": ({"on_failure": Fallback(0)}, FAILS, "succeeded"),
    "skipped": ({"run_if": lambda: False}, Attempt(1), "skipped"),
    "failed, handled": ({"on_failure": "skip"}, FAILS, "failed"),
    "timed out, handled": ({"on_failure": "skip", "timeout": 1}, HANGS, "timed_out"),
    "failed": ({}, FAILS, "failed"),
    "timed out": ({"timeout": 1}, HANGS, "timed_out"),
    "blocked": ({"depends_on": "culprit"}, Attempt(1), "blocked"),
}


def run_with(source, follow):
    """A run in which `a` ends in some way and `b` depends on it in some way."""
    options, does, status = SOURCES[source]

    @workflow(fail_fast=False)
    def program():
        if source == "blocked":
            named("culprit")()
        return follow(named("a", **options)())

    run = play(program, {"a": does, "culprit": FAILS})
    assert run.status("a") == status
    return run


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("succeeded", "succeeded"),
        ("stood in for", "succeeded"),
        ("skipped", "skipped"),
        ("failed, handled", "skipped"),
        ("timed out, handled", "skipped"),
        ("failed", "blocked"),
        ("timed out", "blocked"),
        ("blocked", "blocked"),
    ],
)
def test_who_takes_a_value_runs_with_it_is_skipped_without_it_and_blocked_where_it_never_comes(source, expected):
    run = run_with(source, named("b"))

    assert run.status("b") == expected
    assert len(run.starts("b")) == (expected == "succeeded")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("succeeded", "succeeded"),
        ("stood in for", "succeeded"),
        ("skipped", "succeeded"),
        ("failed, handled", "succeeded"),
        ("timed out, handled", "succeeded"),
        ("failed", "blocked"),
        ("timed out", "blocked"),
        ("blocked", "blocked"),
    ],
)
def test_who_only_comes_after_runs_unless_what_is_before_it_can_never_be_done(source, expected):
    run = run_with(source, lambda a: named("b", depends_on=[a])())

    assert run.status("b") == expected


@pytest.mark.parametrize("source", [*SOURCES])
def test_who_takes_an_outcome_runs_whatever_it_was(source):
    run = run_with(source, lambda a: named("b")(outcome(a)))

    assert run.status("b") == "succeeded"
    taken = run.value("outcome")
    assert taken.status == SOURCES[source][2]
    assert taken.ok == (taken.status == "succeeded")
    assert run.outcome == ("failed" if source == "blocked" else "succeeded")


@pytest.mark.parametrize("source", [*SOURCES])
def test_a_choice_goes_on_with_another_where_one_is_lost(source):
    run = run_with(source, lambda a: named("b", depends_on_any=[a, named("c")()])())

    assert run.status("b") == "succeeded"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("succeeded", "succeeded"),
        ("skipped", "skipped"),
        ("failed, handled", "failed"),
        ("timed out, handled", "failed"),
        ("failed", "failed"),
        ("timed out", "failed"),
        ("blocked", "blocked"),
    ],
)
def test_a_choice_without_another_is_skipped_or_fails(source, expected):
    run = run_with(source, lambda a: named("b", depends_on_any=[a])())

    assert run.status("b") == expected
    if expected == "failed":
        assert list(run.failure("b").exceptions) == [run.failure("a")]


@pytest.mark.parametrize(
    "taken",
    [outcome, lambda a: named("b", depends_on_any=[a], on_failure="skip")()],
    ids=["as an outcome", "as a choice"],
)
@pytest.mark.parametrize("source", ["failed", "timed out"])
def test_a_failure_that_somebody_takes_is_handled(source, taken):
    run = run_with(source, taken)

    assert run.outcome == "succeeded"
    assert run.events[-1].kind == "run_succeeded"


def test_a_handled_failure_still_means_nothing_to_take_for_those_who_take_the_value():
    run = run_with("failed", lambda a: [outcome(a), named("b")(a)])

    assert run.status("b") == "skipped"


@pytest.mark.parametrize(("first", "second"), [("x", "y"), ("y", "x")])
def test_block_outweighs_skip_whichever_comes_first(first, second):
    @workflow(fail_fast=False)
    def program():
        x, y = named("x")(), named("y", on_failure="skip")()
        return named("b")(x, y)

    run = play(program, {first: Attempt(KeyError(), after=1), second: Attempt(KeyError(), after=2)})

    assert run.status("b") == "blocked"
    assert run.reason("b") == "`x` failed"


@pytest.mark.parametrize(("first", "second"), [("x", "y"), ("y", "x")])
def test_skip_outweighs_a_lost_choice_whichever_comes_first(first, second):
    """It would have had nothing to run with, so what it had to choose from doesn't matter."""

    @workflow(fail_fast=False)
    def program():
        x, y = named("x")(), named("y", on_failure="skip")()
        return named("b", depends_on_any=[x], on_failure=Fallback(call=lambda *args: args))(y)

    run = play(program, {first: Attempt(KeyError(), after=1), second: Attempt(KeyError(), after=2)})

    assert run.status("b") == "skipped"
    assert run.outcome == "succeeded"


def test_a_step_that_is_waited_for_in_two_ways_counts_as_the_stronger():
    run = run_with("failed, handled", lambda a: named("b", depends_on=[a])(a))

    assert run.status("b") == "skipped"


def test_failing_skipping_and_blocking_reach_whoever_is_further_down():
    @workflow(fail_fast=False)
    def program():
        skipped, blocked = named("skipped", run_if=lambda: False)(), named("fails")()
        for i in range(3):
            skipped, blocked = named(f"s{i}")(skipped), named(f"b{i}")(blocked)
        return [skipped, blocked]

    run = play(program, {"fails": FAILS})

    assert [run.status(f"s{i}") for i in range(3)] == ["skipped"] * 3
    assert [run.status(f"b{i}") for i in range(3)] == ["blocked"] * 3
    assert run.reason("s2") == "`s1` was skipped"
    assert run.reason("b2") == "`b1` is blocked"


def test_a_run_that_fails_fast_says_of_what_is_behind_the_failure_that_it_is_blocked():
    @workflow
    def program():
        return named("c")(named("b")(named("a")())), named("other")()

    run = play(program, {"a": FAILS, "other": HANGS})

    assert run.statuses == {"a": "failed", "b": "blocked", "c": "blocked", "other": "cancelled"}


def test_the_table_is_what_the_semantics_say():
    assert EDGES == {
        Edge.DATA: (GO, SKIP, SKIP, BLOCK),
        Edge.ORDER: (GO, GO, GO, BLOCK),
        Edge.OUTCOME: (GO, GO, GO, GO),
        Edge.PART: (GO, GO, GO, GO),
        Edge.CONDITION: (GO, SKIP, SKIP, BLOCK),
        Edge.BRANCH: (GO, GO, GO, GO),
        Edge.ARMED: (GO, SKIP, SKIP, SKIP),
        Edge.ALWAYS: (GO, GO, GO, GO),
    }
