"""Items of maps: what they are called, which comes after which, and what the failure of one means."""

from __future__ import annotations

import threading

import pytest

from flowkit import (
    CheckFailed,
    Engine,
    MisuseError,
    Outcome,
    PolicyError,
    RunCancelled,
    Skipped,
    outcome,
    step,
    unmapped,
    workflow,
)
from flowkit.engine import events

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def even(x: int) -> int:
    if x % 2:
        raise ValueError(x)
    return x


@step
def inc(x: int) -> int:
    return x + 1


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def numbers(count: int) -> list[int]:
    return list(range(count))


NEEDS = {"app": ["lib", "log"], "lib": ["log"], "log": [], "docs": []}


@pytest.fixture
def built():
    return []


@pytest.fixture(params=["called", "started", "inline"])
def result(request):
    def run(flow, *args):
        if request.param == "started":
            return flow.start(*args).result(timeout=LONG)
        if request.param == "inline":
            with Engine(executor="inline"):
                return flow(*args)
        return flow(*args)

    return run


def statuses(run):
    run.wait(timeout=LONG)
    return {record.key: record.status for record in run.steps}


def counts(run):
    run.wait(timeout=LONG)
    return {event.key: event.counts for event in run.events() if isinstance(event, events.ItemsFinished)}


# -- going on without those that failed ---------------------------------------------------------------------------------


def test_the_list_is_without_the_items_that_failed(result):
    @workflow
    def evens(count: int) -> list[int]:
        return even.with_options(on_item_failure="continue").map(numbers(count))

    assert result(evens, 5) == [0, 2, 4]
    assert result(evens, 0) == []


def test_what_goes_on_from_such_a_map_item_by_item_is_without_them_too(result):
    @workflow
    def grown() -> int:
        return total(inc.map(even.with_options(on_item_failure="continue").map([0, 1, 2, 3])))

    assert result(grown) == 4


def test_an_item_of_its_own_that_fails_still_fails_what_goes_on_from_such_a_map(result):
    @step
    def picky(x: int) -> int:
        if x == 2:
            raise KeyError(x)
        return x

    @workflow
    def grown() -> list[int]:
        return picky.map(even.with_options(on_item_failure="continue").map([0, 1, 2, 3]))

    with pytest.raises(KeyError, match="2"):
        result(grown)


def test_with_outcomes_every_item_keeps_its_place(result):
    @workflow
    def tolerated() -> list[Outcome[int]]:
        return even.with_options(on_item_failure="continue").map_outcomes([0, 1, 2])

    assert [how.status for how in result(tolerated)] == ["succeeded", "failed", "succeeded"]


def test_items_that_are_skipped_are_left_out_as_well(result):
    @workflow
    def small() -> list[int]:
        return inc.with_options(on_item_failure="continue", run_if=lambda x: x < 2).map([0, 1, 2, 3])

    assert result(small) == [1, 2]


@pytest.mark.covers("M45")
def test_an_item_that_stops_or_fails_on_its_way_keeps_its_place_and_what_it_had():
    @step(run_if=lambda x: x != 2)
    def passes(x: int) -> int:
        return x

    @workflow
    def piped() -> list[Outcome[int]]:
        return even.map_outcomes(passes.map(inc.map([0, 1, 3])))

    run = piped.start()
    assert [how.status for how in run.result(timeout=LONG)] == ["failed", "skipped", "succeeded"]
    values = {record.key: record.value for record in run.steps}
    assert [values[f"inc[{i}]"] for i in range(3)] == [1, 2, 4]


@pytest.mark.covers("M34")
def test_the_counts_of_a_map_are_told():
    @workflow
    def evens() -> list[int]:
        return inc.map(even.with_options(on_item_failure="continue").map([0, 1, 2]))

    assert counts(evens.start()) == {
        "even": {"succeeded": 2, "failed": 1},
        "inc": {"succeeded": 2, "skipped": 1},
    }


def test_every_item_is_told_of():
    @workflow
    def evens() -> list[int]:
        return inc.map(even.with_options(on_item_failure="continue").map([0, 1]))

    run = evens.start()
    run.wait(timeout=LONG)

    ends = (events.StepSucceeded, events.StepFailed, events.StepSkipped)
    told = {event.key for event in run.events() if isinstance(event, ends)}
    assert told == {"even[0]", "even[1]", "inc[0]", "inc[1]"}


def test_a_failed_item_doesnt_keep_what_comes_later_from_running(result):
    said = []

    @step
    def say(text: str) -> None:
        said.append(text)

    @step
    def store(x: int) -> None:
        if x % 2:
            raise ValueError(x)
        said.append(x)

    @workflow
    def stored() -> None:
        store.with_options(on_item_failure="continue").map([0, 1, 2])
        say("done")

    result(stored)
    assert sorted(said[:2]) == [0, 2]
    assert said[2:] == ["done"]


# -- stopping at the first ----------------------------------------------------------------------------------------------


@pytest.mark.covers("M33")
def test_a_map_that_halts_begins_no_more_items():
    @workflow
    def evens() -> list[int]:
        return even.with_options(on_item_failure="halt", max_concurrency=1).map([0, 1, 2, 3])

    run = evens.start()

    assert statuses(run) == {
        "even": "failed",
        "even[0]": "succeeded",
        "even[1]": "failed",
        "even[2]": "cancelled",
        "even[3]": "cancelled",
    }
    reasons = {record.key: record.reason for record in run.steps}
    assert reasons["even[3]"] == "`even[1]` failed before it began"
    assert counts(run) == {"even": {"succeeded": 1, "failed": 1, "cancelled": 2}}


def test_a_map_that_halts_lets_those_under_way_end_and_fails_with_all_that_failed(result):
    both = threading.Barrier(2)

    @step
    def meet(x: int) -> int:
        if x < 2:
            both.wait(LONG)
            raise ValueError(x)
        return x

    @workflow
    def met() -> list[int]:
        return meet.with_options(on_item_failure="halt", max_concurrency=2).map(range(6))

    run = met.start()
    with pytest.raises(ExceptionGroup, match="2 of 6 items of `meet` failed") as caught:
        run.result(timeout=LONG)

    assert sorted(error.args[0] for error in caught.value.exceptions) == [0, 1]
    assert [note for note in caught.value.__notes__ if note.startswith("in the map `meet` of run")]
    assert all("in step `meet[" in "".join(error.__notes__) for error in caught.value.exceptions)


def test_a_map_that_halts_can_be_taken_as_an_outcome(result):
    @workflow
    def tolerated() -> Outcome[list[int]]:
        return outcome(even.with_options(on_item_failure="halt").map([1, 2]))

    how = result(tolerated)

    assert how.status == "failed"
    assert isinstance(how.error, ExceptionGroup)


def test_with_outcomes_a_map_that_halts_says_what_never_began(result):
    @workflow
    def tolerated() -> list[Outcome[int]]:
        return even.with_options(on_item_failure="halt", max_concurrency=1).map_outcomes([0, 1, 2])

    assert [how.status for how in result(tolerated)] == ["succeeded", "failed", "cancelled"]


def test_items_that_wait_for_another_try_have_begun():
    tried = []

    @step(retries=1)
    def unsteady(x: int) -> int:
        tried.append(x)
        if x == 1 or tried.count(x) == 1:
            raise ValueError(x)
        return x

    @workflow
    def steady() -> list[Outcome[int]]:
        return unsteady.with_options(on_item_failure="halt").map_outcomes([0, 1])

    assert statuses(steady.start()) == {"unsteady": "succeeded", "unsteady[0]": "succeeded", "unsteady[1]": "failed"}


def test_a_map_that_halts_has_a_list_of_all_its_items_or_none(result):
    @workflow
    def small() -> list[int]:
        return inc.with_options(on_item_failure="halt", run_if=lambda x: x < 2).map([0, 3])

    with pytest.raises(Skipped, match=r"`inc\[1\]` was skipped"):
        result(small)


def test_a_failure_that_may_be_skipped_halts_nothing():
    @workflow
    def evens() -> list[int]:
        return even.with_options(on_item_failure="halt", on_failure="skip", max_concurrency=1).map([0, 1, 2])

    assert statuses(evens.start()) == {
        "even": "skipped",
        "even[0]": "succeeded",
        "even[1]": "failed",
        "even[2]": "succeeded",
    }


def test_a_map_whose_items_all_succeed_has_nothing_to_halt_for(result):
    @workflow
    def evens() -> list[int]:
        return even.with_options(on_item_failure="halt").map([0, 2])

    assert result(evens) == [0, 2]


@pytest.mark.covers("M30")
def test_workflows_are_mapped_by_the_same_options():
    @workflow
    def checked(x: int) -> int:
        return even(inc(x))

    @workflow(item_key=lambda x: f"n{x}", on_item_failure="continue")
    def kept(x: int) -> int:
        return even(inc(x))

    @workflow
    def all_checked() -> list[Outcome[int]]:
        return checked.with_options(on_item_failure="halt", max_concurrency=1).map_outcomes([1, 0, 3])

    @workflow
    def all_kept() -> list[int]:
        return kept.map([1, 0, 3])

    assert [how.status for how in all_checked()] == ["succeeded", "failed", "cancelled"]
    run = all_kept.start()
    assert run.result(timeout=LONG) == [2, 4]
    assert {*statuses(run)} >= {"kept[n1]/inc", "kept[n0]/even", "kept[n3]"}


def test_workflows_that_depend_on_one_another_are_built_in_their_order(built):
    @step
    def note(name: str) -> None:
        built.append(name)

    @workflow(item_key=lambda name: name, item_depends_on=lambda name: NEEDS[name])
    def build(name: str) -> None:
        note(name)

    @workflow
    def all_built() -> None:
        build.map(list(NEEDS))

    all_built()
    assert [name for name in built if name != "docs"] == ["log", "lib", "app"]


# -- what items are called ----------------------------------------------------------------------------------------------


def test_items_are_called_by_their_keys():
    @workflow
    def scored() -> list[int]:
        return inc.map(inc.with_options(item_key=lambda x: f"n{x}").map([1, 2]))

    assert {*statuses(scored.start())} == {"inc", "inc[n1]", "inc[n2]", "inc#2", "inc#2[n1]", "inc#2[n2]"}


def test_a_key_is_asked_for_with_what_the_step_is_given():
    @step
    def add(a: int, b: int, scale: int) -> int:
        return (a + b) * scale

    @workflow
    def added() -> list[int]:
        keyed = add.with_options(item_key=lambda a, b, scale: f"{a}+{b}*{scale}")
        return keyed.map([1, 2], numbers(2), unmapped(10))

    run = added.start()

    assert {*statuses(run)} >= {"add[1+0*10]", "add[2+1*10]"}
    assert run.result() == [10, 30]


def test_a_key_that_could_be_read_in_two_ways_is_quoted():
    @step(item_key=lambda text: text)
    def length(text: str) -> int:
        return len(text)

    @workflow
    def measured() -> list[int]:
        return length.map(["a/b", "c]", "plain-1.txt", ""])

    assert {*statuses(measured.start())} == {
        "length",
        "length['a/b']",
        "length['c]']",
        "length[plain-1.txt]",
        "length['']",
    }


BAD_KEYS = {
    "two of the same": (lambda x: "same", ValueError, "`item_key` of `inc` gives same for two items, 0 and 1"),
    "no key": (lambda x: [x], TypeError, r"`item_key` of `inc` gives \[1\] for item 0; keys are strings or whole"),
    "what is true": (lambda x: True, TypeError, "`item_key` of `inc` gives True for item 0"),
    "an error": (lambda x: 1 / 0, ZeroDivisionError, "division by zero"),
}


@pytest.mark.parametrize(("item_key", "kind", "message"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_what_is_no_key_fails_the_map(result, item_key, kind, message):
    @workflow
    def keyed() -> list[int]:
        return inc.with_options(item_key=item_key).map([1, 2])

    with pytest.raises(kind, match=message):
        result(keyed)


def test_an_error_of_a_key_says_which_item_it_was_asked_about():
    @workflow
    def keyed() -> list[int]:
        return inc.with_options(item_key=lambda x: 1 // x).map([1, 0])

    with pytest.raises(ZeroDivisionError) as caught:
        keyed()
    assert "`item_key` of `inc` was asked about item 1" in caught.value.__notes__


# -- which comes after which --------------------------------------------------------------------------------------------


def needs(name):
    return NEEDS[name]


@pytest.fixture
def build(built):
    @step(item_key=lambda name: name, item_depends_on=needs)
    def build(name: str) -> str:
        if name == "log!":
            raise ValueError(name)
        built.append(name)
        return name.upper()

    return build


@pytest.mark.covers("M32")
def test_an_item_comes_after_those_it_depends_on(result, build, built):
    @workflow
    def all_built() -> list[str]:
        return build.map(list(NEEDS))

    assert result(all_built) == ["APP", "LIB", "LOG", "DOCS"]
    assert [name for name in built if name != "docs"] == ["log", "lib", "app"]


@pytest.fixture
def failing_log(built):
    @step(item_key=lambda name: name, item_depends_on=needs)
    def build(name: str) -> str:
        if name == "log":
            raise ValueError(name)
        built.append(name)
        return name.upper()

    return build


@pytest.mark.covers("M32", "M33")
def test_dependents_of_a_failed_item_are_skipped_however_far_away(failing_log):
    @workflow
    def all_built() -> list[str]:
        return failing_log.with_options(on_item_failure="skip_dependents").map(list(NEEDS))

    run = all_built.start()

    assert statuses(run) == {
        "build": "succeeded",
        "build[app]": "skipped",
        "build[lib]": "skipped",
        "build[log]": "failed",
        "build[docs]": "succeeded",
    }
    assert run.result() == ["DOCS"]
    reasons = {record.key: record.reason for record in run.steps}
    assert reasons["build[lib]"] == "`build[log]` failed"
    skipped = {event.key for event in run.events() if isinstance(event, events.StepSkipped)}
    assert skipped == {"build[app]", "build[lib]"}


@pytest.mark.covers("M32", "M33")
def test_to_continue_is_to_let_dependents_of_a_failed_item_run(result, failing_log, built):
    @workflow
    def all_built() -> list[str]:
        return failing_log.with_options(on_item_failure="continue").map(list(NEEDS))

    assert result(all_built) == ["APP", "LIB", "DOCS"]
    assert built.index("lib") < built.index("app")


def test_items_may_be_named_by_their_places(result):
    order = []

    @step(item_depends_on=lambda x: x + 1 if x < 3 else None)
    def note(x: int) -> int:
        order.append(x)
        return x

    @workflow
    def noted() -> list[int]:
        return note.map([0, 1, 2, 3])

    assert result(noted) == [0, 1, 2, 3]
    assert order == [3, 2, 1, 0]


BAD_NEEDS = {
    "a circle": ({"a": ["b"], "b": ["c"], "c": ["a"]}, ValueError, "items of `build` wait for one another: .* after "),
    "itself": ({"a": ["a"]}, ValueError, "items of `build` wait for one another: a after a"),
    "nobody": ({"a": ["z"]}, ValueError, "item a of `build` is to come after z, which is none of its 1 items"),
    "no list": ({"a": 1.5}, TypeError, r"`item_depends_on` of `build` gives 1\.5 for item a; write a list of keys"),
    "no key": ({"a": [None]}, TypeError, "`item_depends_on` of `build` gives None for item 0"),
}


@pytest.mark.covers("M32")
@pytest.mark.parametrize(("wanted", "kind", "message"), BAD_NEEDS.values(), ids=BAD_NEEDS)
def test_items_that_can_never_begin_are_found_before_any_does(result, built, wanted, kind, message):
    @step(item_key=lambda name: name, item_depends_on=wanted.get)
    def build(name: str) -> None:
        built.append(name)

    @workflow
    def all_built() -> None:
        build.map(list(wanted))

    with pytest.raises(kind, match=message):
        result(all_built)
    assert built == []


def test_a_run_that_is_cancelled_cancels_the_items_that_wait_for_others():
    begun, let_go = threading.Event(), threading.Event()

    @step(item_depends_on=lambda x: 0 if x else None)
    def hold(x: int) -> int:
        begun.set()
        let_go.wait(LONG)
        return x

    @workflow
    def held() -> list[int]:
        return hold.map([0, 1])

    run = held.start()
    assert begun.wait(LONG)
    run.cancel()
    let_go.set()

    with pytest.raises(RunCancelled):
        run.result(timeout=LONG)
    assert statuses(run)["hold[1]"] == "cancelled"


# -- what is refused ----------------------------------------------------------------------------------------------------


def test_items_that_come_one_by_one_cant_be_asked_what_they_depend_on(build):
    @workflow
    def chained() -> list[str]:
        return build.map(build.map(["log"]))

    with pytest.raises(MisuseError, match="`item_depends_on` of `build` can't be asked: its items come one by one"):
        chained()


@pytest.mark.parametrize("option", ["item_key", "item_depends_on"])
def test_results_that_arent_there_yet_cant_be_asked(option):
    @workflow
    def early() -> list[int]:
        return inc.with_options(**{option: lambda x: x}).map([inc(1), 2])

    with pytest.raises(MisuseError, match=f"`{option}` of `inc` can't be asked about results that aren't there yet"):
        early()


@pytest.mark.parametrize(
    "options",
    [{"on_item_failure": "halt"}, {"item_key": str}, {"item_depends_on": str}, {"max_concurrency": 2}],
    ids=lambda options: next(iter(options)),
)
def test_options_of_items_are_for_maps(options):
    (option,) = options

    @workflow
    def single() -> int:
        return inc.with_options(**options)(1)

    with pytest.raises(CheckFailed, match=f"`{option}` of `inc` is set for a call that isn't a map"):
        single()


def test_without_dependents_there_are_none_to_skip():
    @workflow
    def evens() -> list[int]:
        return even.with_options(on_item_failure="skip_dependents").map([1])

    with pytest.raises(CheckFailed, match="no item of `even` depends on another, so there are none to skip"):
        evens()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_item_failure": "contineu"}, "did you mean `continue`"),
        ({"on_item_failure": None}, "is none of 'fail', 'halt', 'continue', 'skip_dependents'"),
        ({"item_key": "id"}, "can't be asked; write a function"),
        ({"item_depends_on": 3}, "can't be asked; write a function"),
    ],
)
def test_options_of_items_are_checked_where_they_are_written(options, message):
    with pytest.raises(PolicyError, match=message):
        inc.with_options(**options)


def test_an_async_function_cant_name_items():
    async def named(x: int) -> str:
        return str(x)

    with pytest.raises(PolicyError, match="is async, so its answer would be a coroutine"):
        inc.with_options(item_key=named)
