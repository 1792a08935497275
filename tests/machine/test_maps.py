"""Steps called for each item: order, places, chains without a barrier, and what failures of items mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import outcome, unmapped, workflow
from tests.machine.virtual import Attempt, Virtual, named, plan_of, play

orders = st.lists(st.integers(0, 9), max_size=60)
NO = Attempt(OSError("no"))


def mapping(items, verb="map", **options):
    """A map, and a step that takes its list."""

    @workflow
    def program():
        return named("all")(getattr(named("a", **options), verb)(items))

    return program


# -- items -----------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M19")
@given(st.lists(st.floats(0, 100), max_size=8), orders)
def test_results_are_in_the_order_of_the_items_whoever_is_first(durations, choices):
    script = {f"a[{i}]": Attempt(f"result {i}", after=after) for i, after in enumerate(durations)}

    run = play(mapping(durations), script, choices=choices)

    assert run.value("a") == [f"result {i}" for i in range(len(durations))]
    assert run.starts("all")[0] >= max(durations, default=0)


@pytest.mark.parametrize("verb", ["map", "map_outcomes"])
@pytest.mark.parametrize(
    "options", [{}, {"max_concurrency": 1}, {"run_if": lambda: False}], ids=["plain", "limit", "condition"]
)
def test_no_items_are_an_empty_list(verb, options):
    run = play(mapping([], verb, **options))

    assert run.value("a") == []
    assert run.outcome == "succeeded"


def test_no_items_are_an_empty_list_for_those_who_go_on_from_them():
    @workflow
    def program():
        return named("c").map(named("b").map_outcomes(named("a").map([])))

    run = play(program)

    assert run.statuses == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    assert run.value("c") == []


@pytest.mark.covers("M31")
@pytest.mark.parametrize(
    "items", [(1, 2, 3), {1, 2, 3}, range(3), iter([1, 2, 3])], ids=["tuple", "set", "range", "iterator"]
)
def test_items_may_come_from_a_result(items):
    @workflow
    def program():
        return named("a").map(named("listing")())

    run = play(program, {"listing": Attempt(items)})

    assert run.value("a") == ["a[0]", "a[1]", "a[2]"]
    (told,) = [event for event in run.events if event.kind == "items_collected"]
    assert (told.key, told.count) == ("a", 3)


@pytest.mark.parametrize("items", ["text", b"bytes", {"a": 1}, 5, None])
def test_what_is_no_list_fails_the_map(items):
    @workflow
    def program():
        return named("a", on_failure="skip", retries=3).map(named("listing")())

    run = play(program, {"listing": Attempt(items)})

    assert isinstance(run.error, TypeError)
    assert "goes through a list of items" in str(run.error)
    assert run.statuses == {"listing": "succeeded", "a": "failed"}


@pytest.mark.covers("M31")
def test_a_list_that_raises_while_it_is_gone_through_fails_the_map():
    def broken():
        yield 1
        raise LookupError("the rest is gone")

    @workflow
    def program():
        return named("b")(outcome(named("a").map(named("listing")())))

    run = play(program, {"listing": Attempt(broken())})

    assert run.status("a") == "failed"
    assert isinstance(run.value("outcome").error, LookupError)
    assert run.outcome == "succeeded"


def test_lists_of_different_lengths_fail_the_map_whoever_they_come_from():
    @workflow
    def program():
        return named("b").map(named("a").map([1, 2]), named("listing")(), unmapped(0))

    run = play(program, {"listing": Attempt([1, 2, 3])})

    assert str(run.error) == "`b.map` was given lists of different lengths: 2 in argument 1, 3 in argument 2"


def test_items_that_hold_results_wait_for_their_own_only():
    @workflow
    def program():
        slow, fast = named("slow")(), named("fast")()
        return named("a").map([slow, [fast], 3])

    run = play(program, {"slow": Attempt(after=10), "fast": Attempt(after=2)})

    assert [run.starts(f"a[{i}]") for i in range(3)] == [[10], [2], [0]]


def test_every_item_may_hold_the_same_result():
    @workflow
    def program():
        first = named("first")()
        return named("a").map([first] * 30)

    assert len(play(program).value("a")) == 30


# -- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M19", "M72")
@given(st.integers(1, 5), st.lists(st.floats(0, 10), max_size=10), orders)
def test_no_more_run_at_once_than_there_are_places(places, durations, choices):
    script = {f"a[{i}]": Attempt(after=after) for i, after in enumerate(durations)}

    run = play(mapping(durations, max_concurrency=places), script, choices=choices)

    running = most = 0
    for moment in run.log:
        if moment.key.startswith("a[") and moment.what in ("start", "end"):
            running += 1 if moment.what == "start" else -1
            most = max(most, running)
    assert most <= places
    assert len(run.starts()) == len(durations) + 1


def test_places_are_used():
    run = play(mapping(range(6), max_concurrency=2), {f"a[{i}]": Attempt(after=10) for i in range(6)})

    assert run.starts() == [0, 0, 10, 10, 20, 20, 30]


def test_each_map_has_places_of_its_own():
    @workflow
    def program():
        one = named("a", max_concurrency=1)
        return one.map([1, 2]), one.map([1, 2])

    run = play(program, {key: Attempt(after=10) for key in ("a[0]", "a[1]", "a#2[0]", "a#2[1]")})

    assert run.starts() == [0, 0, 10, 10]


def test_an_abandoned_attempt_holds_its_place_until_it_has_really_ended():
    run = play(
        mapping(range(3), "map_outcomes", max_concurrency=2, timeout=10),
        {"a[0]": Attempt(after=50), "a[1]": Attempt(after=9)},
    )

    assert run.starts("a[2]") == [9]
    run = play(mapping(range(3), "map_outcomes", max_concurrency=1, timeout=10), {"a[0]": Attempt(after=50)})
    assert run.starts() == [0, 50, 50, 50]


def test_an_item_that_waits_for_its_condition_or_its_time_holds_no_place():
    @workflow
    def program():
        return named("a", max_concurrency=1, delay=10, run_if=lambda: True).map([1, 2, 3])

    assert play(program).starts() == [10, 10, 10]


# -- chains ----------------------------------------------------------------------------------------------------------


def chain(*verbs, items=3, options=None, fail_fast=True):
    """Maps over maps: a, b, c, and so on."""

    @workflow(fail_fast=fail_fast)
    def program():
        values = range(items)
        for name, verb in zip("abcdef", verbs, strict=False):
            values = getattr(named(name, **(options or {}).get(name, {})), verb)(values)
        return values

    return program


@pytest.mark.covers("M45")
def test_an_item_goes_on_without_waiting_for_the_others():
    run = play(chain("map", "map", "map"), {"a[2]": Attempt(after=9), "b[1]": Attempt(after=4)})

    assert [run.starts(f"c[{i}]") for i in range(3)] == [[0], [4], [9]]


@given(orders, st.booleans())
def test_items_of_a_chain_pair_up_by_their_place_in_the_list(choices, keeps):
    run = play(chain("map", "map"), choices=choices, keeps=keeps, late=True)

    for i in range(3):
        assert run.first("end", f"a[{i}]") < run.first("start", f"b[{i}]")


def test_two_maps_and_a_list_go_on_side_by_side():
    @workflow
    def program():
        a, b = named("a").map([1, 2]), named("b").map([1, 2])
        return named("c").map(a, [3, 4], b, unmapped(a))

    run = play(program, {"a[1]": Attempt(after=5), "b[0]": Attempt(after=7)})

    # The last argument is the whole list.
    assert [run.starts(f"c[{i}]") for i in range(2)] == [[7], [5]]


def test_a_chain_is_only_known_once_the_items_it_goes_on_from_are():
    @workflow
    def program():
        return named("b").map(named("a").map(named("listing")()))

    run = play(program, {"listing": Attempt([1, 2], after=5), "a[0]": Attempt(after=1)})

    assert run.starts("b[1]") == [5]
    assert run.starts("b[0]") == [6]


def test_a_chain_over_a_map_that_never_had_items_is_blocked():
    @workflow(fail_fast=False)
    def program():
        return named("c").map(named("b").map(named("a").map(named("listing")())))

    run = play(program, {"listing": NO})

    assert run.statuses == {"listing": "failed", "a": "blocked", "b": "blocked", "c": "blocked"}


def test_a_chain_over_a_map_without_a_list_is_skipped():
    @workflow
    def program():
        return named("b").map(named("a").map(named("listing", run_if=lambda: False)()))

    assert play(program).statuses == {"listing": "skipped", "a": "skipped", "b": "skipped"}


def test_what_comes_after_a_map_waits_for_all_of_its_items():
    @workflow
    def program():
        a = named("a").map([1, 2])
        return named("b", depends_on=[a]).map(a)

    run = play(program, {"a[1]": Attempt(after=5)})

    assert [run.starts(f"b[{i}]") for i in range(2)] == [[5], [5]]


def test_a_map_that_comes_after_what_its_items_hold_only_comes_after_it():
    """What the result means is up to the items that take it."""

    @workflow
    def program():
        x = named("x", on_failure="skip")()
        return named("a", depends_on=[x]).map([x, 1])

    run = play(program, {"x": Attempt(OSError(), after=5)})

    assert run.starts("a[1]") == [5]
    assert run.status("a[0]") == "skipped"


# -- items that fail -------------------------------------------------------------------------------------------------


@pytest.mark.covers("M20")
def test_an_item_that_fails_ends_the_run():
    run = play(mapping(range(3)), {"a[0]": Attempt(after=5), "a[1]": NO})

    assert run.outcome == "failed"
    assert run.statuses == {
        "a": "blocked",
        "all": "blocked",
        "a[0]": "cancelled",
        "a[1]": "failed",
        "a[2]": "cancelled",
    }


@pytest.mark.covers("M19")
def test_the_others_go_on_where_failing_isnt_fast():
    run = play(chain("map", "map", fail_fast=False), {"a[1]": NO})

    assert [run.status(f"b[{i}]") for i in range(3)] == ["succeeded", "blocked", "succeeded"]
    assert (run.status("a"), run.status("b")) == ("blocked", "blocked")
    assert [type(error) for error in run.error.exceptions] == [OSError]


@pytest.mark.covers("M34")
def test_outcomes_are_aligned_with_the_items():
    run = play(mapping(range(3), "map_outcomes", timeout=10), {"a[0]": NO, "a[2]": Attempt(after=99)})

    assert [one.status for one in run.value("a")] == ["failed", "succeeded", "timed_out"]
    assert run.outcome == "succeeded"
    assert run.status("all") == "succeeded"


def test_whoever_goes_on_from_outcomes_gets_every_one_of_them():
    run = play(chain("map_outcomes", "map"), {"a[1]": NO})

    assert [run.status(f"b[{i}]") for i in range(3)] == ["succeeded"] * 3
    assert run.value("b") == ["b[0]", "b[1]", "b[2]"]


def test_taking_outcomes_of_the_second_map_doesnt_handle_failures_of_the_first():
    run = play(chain("map", "map_outcomes", fail_fast=False), {"a[1]": NO})

    assert run.outcome == "failed"
    assert [one.status for one in run.value("b")] == ["succeeded", "blocked", "succeeded"]


def test_items_whose_failure_is_to_be_skipped_leave_no_list():
    run = play(mapping(range(3), on_failure="skip"), {"a[1]": NO})

    assert run.outcome == "succeeded"
    assert (run.status("a"), run.status("all")) == ("skipped", "skipped")
    assert run.reason("a") == "`a[1]` failed"


def test_whoever_takes_the_outcome_of_a_map_takes_the_failures_of_its_items():
    @workflow
    def program():
        return named("b")(outcome(named("a").map(range(3))))

    run = play(program, {"a[1]": NO, "a[2]": Attempt(after=5)})

    assert run.outcome == "succeeded"
    assert run.status("a[2]") == "succeeded"
    taken = run.value("outcome")
    assert (taken.status, taken.error) == ("failed", run.failure("a[1]"))


def test_a_choice_goes_on_with_another_where_an_item_fails():
    @workflow
    def program():
        a = named("a").map(range(3))
        return named("b", depends_on_any=[a, named("c")()])(), named("d", depends_on_any=[a], on_failure="skip")()

    run = play(program, {"a[1]": NO})

    assert run.outcome == "succeeded"
    assert run.status("b") == "succeeded"
    assert list(run.failure("d").exceptions) == [run.failure("a[1]")]


def test_an_item_whose_data_never_comes_blocks_the_list():
    @workflow(fail_fast=False)
    def program():
        return named("a").map([named("x")(), named("y", on_failure="skip")(), 1])

    run = play(program, {"x": NO, "y": NO})

    assert [run.status(f"a[{i}]") for i in range(3)] == ["blocked", "skipped", "succeeded"]
    assert run.status("a") == "blocked"


@pytest.mark.parametrize("keeps", [True, False])
def test_an_item_sees_nothing_that_isnt_on_record(keeps):
    run = Virtual(plan_of(chain("map", "map")), keeps=keeps, late=True, choices=[1] * 30).play()

    if keeps:
        assert all(run.first("record", f"a[{i}]") < run.first("start", f"b[{i}]") for i in range(3))
        assert run.first("record", "b[2]") < run.first("record", "b")
