"""The edge table, cell by cell: what an ended node means for one that depends on it.

In each program `a` ends in some way, and `b` depends on it by one edge, which decides alone what becomes of `b`.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from flowkit import (
    Fallback,
    always,
    cond,
    first,
    first_n,
    in_order,
    otherwise,
    outcome,
    phase,
    race,
    race_n,
    result_of,
    scope,
    select,
    unmapped,
    when,
    workflow,
)
from flowkit.errors import CancelReason
from flowkit.graph import Edge
from flowkit.machine.edges import BLOCK, EDGES, GO, LOST, SKIP
from tests.machine.virtual import ENDINGS, Attempt, Virtual, begun, named, plan_of, play

FAILS = Attempt(ValueError("no"), after=1)
HANGS = Attempt(after=100)
WORKS = Attempt("value", after=1)

GOES, SKIPS, BLOCKS, FAILED, CANCELLED = "succeeded", "skipped", "blocked", "failed", "cancelled"

# How `a` ends: its options, what it does, the status that this gives it, and the column of the table that this is.
SOURCES = {
    "succeeded": ({}, WORKS, "succeeded", 0),
    "was stood in for": ({"on_failure": Fallback("value")}, FAILS, "succeeded", 0),
    "was skipped": ({"run_if": lambda: False}, WORKS, "skipped", 1),
    "failed handled": ({"on_failure": "skip"}, FAILS, "failed", 2),
    "timed out handled": ({"on_failure": "skip", "timeout": 1}, HANGS, "timed_out", 2),
    "lost a race": ({}, HANGS, "cancelled", 2),
    "was cancelled with its scope": ({}, HANGS, "cancelled", 2),
    "failed unhandled": ({}, FAILS, "failed", 3),
    "timed out unhandled": ({"timeout": 1}, HANGS, "timed_out", 3),
    "was blocked": ({}, WORKS, "blocked", 3),
    "was cancelled": ({}, HANGS, "cancelled", 3),
}
FAILURES = ["failed unhandled", "timed out unhandled"]
SCRIPT = {"culprit": FAILS, "fails": FAILS, "winner": Attempt(after=1), "other": Attempt("other", after=3)}
VERBS = {GOES: "goes", SKIPS: "skips", BLOCKS: "blocks", FAILED: "fails", CANCELLED: "is cancelled with it"}


def cells(row, *columns, cancelled=None, sources=tuple(SOURCES), what="a step"):
    """A row of the table, one test per source. `cancelled` is for where the run is stopped, and `b` with it."""
    tests = []
    for source in sources:
        end = cancelled if cancelled is not None and source == "was cancelled" else columns[SOURCES[source][3]]
        tests.append(pytest.param(source, end, id=f"{row} edge from {what} that {source} {VERBS[end]}"))
    return tests


def rows(rows, *columns, **options):
    """The same row of the table, for every way to write it."""
    return [pytest.param(row, *cell.values, id=cell.id) for row in rows for cell in cells(row, *columns, **options)]


def ending(source, **options):
    """Write `a`, and what it takes for it to end like this."""
    own, *_ = SOURCES[source]
    call = named("a", **own, **options)
    if source == "was blocked":
        return call(named("culprit")())
    if source == "lost a race":
        race(a := call(), named("winner")())
        return a
    if source == "was cancelled with its scope":
        trigger = named("winner")()
        with scope() as scoped:
            a = call()
        scoped.cancel(after=trigger)
        return a
    return call()


def played(program, script, source):
    """Run a program to its end, or stop it, if what a source does is being cancelled with the run."""
    run = Virtual(plan_of(program), script)
    if source == "was cancelled":
        run.play(until=0.5)
        assert run.cancel(CancelReason.USER)
    return run.play()


def run_of(program, source, script=None):
    """Run a program in which `a` ends like this; if that takes it, stop the run."""
    script = {"a": SOURCES[source][1], **SCRIPT, **(script or {})}
    return played(program, {**script, **{f"called/{key}": does for key, does in script.items()}}, source)


def run_with(source, follow, *, at_the_end=False, before=None, **options):
    """A run in which `a` ends in some way and `follow` is written behind it, in an `always` if that is to go on."""

    @workflow(fail_fast=False)
    def program():
        known = [before()] if before is not None else []
        a = ending(source, **options)
        if not at_the_end:
            return [follow(a, *known)]
        with always():
            follow(a, *known)
        return None

    run = run_of(program, source)
    assert run.status("a") == SOURCES[source][2]
    return run


def began(run, key):
    """When a step began, be it in an `always` or not."""
    return [moment.at for moment in run.log if moment.what in ("start", "clean up") and moment.key == key]


def ended(run, key):
    """When it was over."""
    (at,) = [moment.at for moment in run.log if moment.key == key and moment.detail in ENDINGS]
    return at


def check(run, expected, key="b", after="a"):
    """What became of `b`, and that it was after the end of `a`."""
    assert run.status(key) == expected
    assert len(began(run, key)) == (expected == GOES)
    assert all(at >= ended(run, after) for at in began(run, key))


@workflow
def taking(x):
    return x


# -- data ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "expected"), cells("data", GOES, SKIPS, SKIPS, BLOCKS))
def test_who_takes_a_value_runs_with_it_is_skipped_without_it_and_blocked_where_it_never_comes(source, expected):
    run = run_with(source, named("b"), at_the_end=source == "was cancelled")

    check(run, expected)


FORMS = {
    "data in a list": ("b", lambda a: named("b")([1, [a]])),
    "data for every item": ("b", lambda a: named("b").map([1, 2], unmapped(a))),
    "data of an item": ("b[1]", lambda a: named("b").map([1, a])),
    "data of a cond's test": ("cond", lambda a: cond(a, lambda: 1, lambda: 2)),
    "data of a call": ("taking", taking),
}


@pytest.mark.parametrize(("way", "source", "expected"), rows(FORMS, GOES, SKIPS, SKIPS, BLOCKS))
def test_a_value_is_needed_however_it_is_taken(way, source, expected):
    key, take = FORMS[way]

    run = run_with(source, take, at_the_end=source == "was cancelled")

    assert run.status(key) == expected


def test_a_failure_that_an_outcome_takes_still_leaves_nothing_to_take():
    run = run_with("failed unhandled", lambda a: [outcome(a), named("b")(a)])

    check(run, SKIPS)
    assert run.outcome == "succeeded"


# -- order -----------------------------------------------------------------------------------------------------------


def behind(a):
    return named("b", depends_on=[a])()


def effect(_):
    return named("b", effect=True)()


@pytest.mark.parametrize(("source", "expected"), cells("depends_on", GOES, GOES, GOES, BLOCKS, cancelled=CANCELLED))
def test_who_only_comes_after_runs_unless_what_is_before_it_can_never_be_done(source, expected):
    run = run_with(source, behind)

    check(run, expected)


@pytest.mark.parametrize(("source", "expected"), cells("effect order", GOES, GOES, GOES, BLOCKS, cancelled=CANCELLED))
def test_an_effect_comes_after_the_effects_before_it(source, expected):
    run = run_with(source, effect, effect=True)

    check(run, expected)


@pytest.mark.parametrize(("source", "expected"), cells("in_order", GOES, GOES, GOES, BLOCKS, cancelled=CANCELLED))
def test_what_is_in_order_comes_after_what_is_before_it(source, expected):
    @workflow(fail_fast=False)
    def program():
        with in_order():
            ending(source)
            return named("b")()

    check(run_of(program, source), expected)


@pytest.mark.parametrize(("source", "expected"), cells("phase", GOES, GOES, GOES, BLOCKS, cancelled=CANCELLED))
def test_a_phase_comes_after_the_one_before_it(source, expected):
    @workflow(fail_fast=False)
    def program():
        with phase("one"):
            ending(source)
        with phase("two"):
            return named("b")()

    check(run_of(program, source), expected)


# -- outcome ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "expected"), cells("outcome", GOES, GOES, GOES, GOES))
def test_who_takes_an_outcome_runs_whatever_it_was(source, expected):
    run = run_with(source, lambda a: named("b")(outcome(a)), at_the_end=source == "was cancelled")

    check(run, expected)
    taken = run.value("outcome")
    assert taken.status == SOURCES[source][2]
    assert taken.ok == (taken.status == "succeeded")


# -- choice ----------------------------------------------------------------------------------------------------------

CHOICES = {
    "depends_on_any": lambda *refs: named("b", depends_on_any=refs)(),
    "first": lambda *refs: named("b")(first(refs)),
    "first_n": lambda *refs: named("b")(first_n(refs, 1)),
    "race": lambda *refs: named("b")(race(refs)),
    "race_n": lambda *refs: named("b")(race_n(refs, 1)),
    "select": lambda *refs: named("b")(select(**{f"n{i}": ref for i, ref in enumerate(refs)})),
}


@pytest.mark.parametrize(("word", "source", "expected"), rows(CHOICES, GOES, GOES, GOES, GOES))
def test_a_choice_goes_with_what_succeeds_and_else_with_the_next_one(word, source, expected):
    run = run_with(source, lambda a: CHOICES[word](a, named("other")()), at_the_end=source == "was cancelled")

    check(run, expected)
    wins = SOURCES[source][3] == 0
    assert began(run, "b")[0] == (1 if wins else ended(run, "other"))


ALONE = [source for source in SOURCES if SOURCES[source][2] in ("skipped", "blocked", "cancelled")]


@pytest.mark.parametrize(("word", "source", "expected"), rows(CHOICES, GOES, SKIPS, SKIPS, BLOCKS, sources=ALONE))
def test_a_choice_of_which_nothing_succeeded_or_failed_is_skipped_or_blocked(word, source, expected):
    run = run_with(source, CHOICES[word], at_the_end=source == "was cancelled")

    check(run, expected)


@pytest.mark.parametrize("source", ["failed handled", "timed out handled", *FAILURES])
@pytest.mark.parametrize("word", CHOICES)
def test_a_choice_of_which_none_succeeded_and_one_failed_fails_with_its_error(word, source):
    run = run_with(source, lambda a: CHOICES[word](a, named("never", run_if=lambda: False)()))

    key = "b" if word == "depends_on_any" else word
    assert run.status(key) == "failed"
    assert list(run.failure(key).exceptions) == [run.failure("a")]
    check(run, FAILED if key == "b" else BLOCKS)


@pytest.mark.parametrize("word", CHOICES)
def test_a_choice_with_a_failure_is_lost_though_another_was_blocked(word):
    run = run_with("was blocked", lambda a: CHOICES[word](a, named("fails")()))

    key = "b" if word == "depends_on_any" else word
    assert run.status(key) == "failed"
    assert list(run.failure(key).exceptions) == [run.failure("fails")]


@pytest.mark.parametrize("word", ["first_n", "race_n"])
@pytest.mark.parametrize("source", [source for source in SOURCES if source != "was cancelled"])
def test_a_choice_of_two_goes_with_the_first_two_that_succeed(word, source):
    take = {"first_n": first_n, "race_n": race_n}[word]

    run = run_with(source, lambda a: named("b")(take([named("other")(), a, named("late")()], 2)))

    assert run.status("b") == "succeeded"
    assert run.value(word) == (["late", "value"] if SOURCES[source][3] == 0 else ["late", "other"])


# -- what is done in a call's place ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "expected"), cells("part", GOES, GOES, GOES, FAILED, cancelled=CANCELLED))
def test_a_call_ends_with_all_that_is_done_in_its_place_and_fails_with_what_failed_there(source, expected):
    """It is never blocked by a part of it: what failed there is its own failure."""

    @workflow(fail_fast=False)
    def called():
        ending(source)
        return named("other")()

    @workflow(fail_fast=False)
    def program():
        return called()

    run = run_of(program, source)

    assert run.status("called") == expected
    assert ended(run, "called") == (0.5 if expected == CANCELLED else 3)


# -- condition -------------------------------------------------------------------------------------------------------


def in_when(a):
    with when(a):
        return named("b")()


def in_otherwise(a):
    with when(a):
        named("other")()
    with otherwise():
        return named("b")()


CONDITIONS = {
    "when": in_when,
    "cond": lambda a: cond(a, named("b"), named("other")),
}
OPPOSITES = {
    "otherwise": in_otherwise,
    "cond's other branch": lambda a: cond(a, named("other"), named("b")),
}


@pytest.mark.parametrize(("word", "source", "expected"), rows(CONDITIONS, GOES, SKIPS, SKIPS, BLOCKS))
def test_what_goes_by_a_true_test_runs_if_it_is_known_and_is_skipped_or_blocked_if_it_isnt(word, source, expected):
    check(run_with(source, CONDITIONS[word], at_the_end=source == "was cancelled"), expected)


@pytest.mark.parametrize(("word", "source", "expected"), rows(OPPOSITES, SKIPS, SKIPS, SKIPS, BLOCKS))
def test_what_goes_by_a_test_that_isnt_as_wanted_never_runs(word, source, expected):
    check(run_with(source, OPPOSITES[word], at_the_end=source == "was cancelled"), expected)


@pytest.mark.parametrize("word", [*CONDITIONS, *OPPOSITES])
def test_what_goes_by_a_false_test_runs_where_that_is_wanted(word):
    @workflow
    def program():
        return [{**CONDITIONS, **OPPOSITES}[word](named("a")())]

    run = run_of(program, "succeeded", {"a": Attempt(0, after=1)})

    check(run, GOES if word in OPPOSITES else SKIPS)
    if word in CONDITIONS:
        assert run.reason("b") == f"the test of its `{word}` said no"


# -- branch ----------------------------------------------------------------------------------------------------------


def true():
    return named("true")()


@pytest.mark.parametrize(("source", "expected"), cells("meant branch", GOES, SKIPS, SKIPS, BLOCKS))
def test_the_branch_that_is_meant_counts_as_data(source, expected):
    def follow(a, test):
        return named("b")(cond(test, lambda: a, lambda: "other"))

    run = run_with(source, follow, before=true, at_the_end=source == "was cancelled")

    check(run, expected)


@pytest.mark.parametrize(("source", "expected"), cells("other branch", GOES, GOES, GOES, GOES))
def test_of_the_branch_that_isnt_meant_only_the_end_is_waited_for(source, expected):
    def follow(a, test):
        return named("b")(cond(test, lambda: "meant", lambda: a))

    run = run_with(source, follow, before=true, at_the_end=source == "was cancelled")

    check(run, expected)
    assert run.value("cond") == "meant"


# -- always ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "expected"), cells("armed", GOES, GOES, GOES, SKIPS, what="the end of an effect"))
def test_an_always_counts_from_where_the_effects_before_it_are_done(source, expected):
    """The place in the text is done where they are, and never comes where those before it never are."""

    @workflow(fail_fast=False)
    def program():
        ending(source, effect=True)
        with always():
            named("b")()

    run = run_of(program, source)

    check(run, expected)
    if expected == SKIPS:
        assert run.reason("b") == "the text never came to its place"


@pytest.mark.parametrize(
    ("source", "expected"), cells("armed", GOES, SKIPS, SKIPS, SKIPS, what="a place under the test of a step")
)
def test_an_always_in_a_when_is_skipped_if_its_test_never_said_yes(source, expected):
    @workflow(fail_fast=False)
    def program():
        with when(ending(source)), always():
            named("b")()

    check(run_of(program, source), expected)


def test_an_always_in_a_when_whose_test_said_no_is_skipped():
    @workflow
    def program():
        with when(named("a")()), always():
            named("b")()

    check(run_of(program, "succeeded", {"a": Attempt(0)}), SKIPS)


def test_an_always_in_a_scope_that_is_cancelled_before_its_place_is_skipped():
    @workflow
    def program():
        trigger = named("winner")()
        with scope() as scoped:
            named("a", effect=True)()
            with always():
                named("b")()
        scoped.cancel(after=trigger)

    run = run_of(program, "was cancelled with its scope")

    check(run, SKIPS)
    assert run.outcome == "succeeded"


AT_THE_END = [source for source in SOURCES if source != "was cancelled"]


@pytest.mark.parametrize(
    ("source", "expected"), cells("order inside an always", GOES, GOES, GOES, GOES, sources=AT_THE_END)
)
def test_inside_an_always_the_next_is_done_whatever_came_of_the_one_before_it(source, expected):
    @workflow(fail_fast=False)
    def program():
        with always():
            ending(source, effect=True)
            named("b", effect=True)()

    run = run_of(program, source)

    assert run.status("a") == SOURCES[source][2]
    check(run, expected)
    assert run.outcome == "succeeded"


@pytest.mark.parametrize(
    ("source", "expected"), cells("depends_on of an always on", GOES, GOES, GOES, GOES, what="a step outside")
)
def test_what_is_in_an_always_comes_after_what_it_names_whatever_came_of_it(source, expected):
    check(run_with(source, behind, at_the_end=True), expected)


@pytest.mark.parametrize(
    ("source", "expected"), cells("data inside an always", GOES, SKIPS, SKIPS, BLOCKS, sources=AT_THE_END)
)
def test_inside_an_always_a_value_is_needed_as_elsewhere(source, expected):
    @workflow(fail_fast=False)
    def program():
        with always():
            named("b")(ending(source))

    run = run_of(program, source)

    check(run, expected)
    assert run.outcome == "succeeded"


# -- from the items of a map to the map --------------------------------------------------------------------------------

# How the item in the middle ends, as above, and a column of its own for failures: what they mean is up to the map.
ITEMS = {
    "succeeded": ({}, WORKS, "succeeded", 0),
    "was stood in for": ({"on_failure": Fallback("value")}, FAILS, "succeeded", 0),
    "was skipped": ({}, WORKS, "skipped", 1),
    "failed and may be skipped": ({"on_failure": "skip"}, FAILS, "failed", 2),
    "timed out and may be skipped": ({"on_failure": "skip", "timeout": 1}, HANGS, "timed_out", 2),
    "lost a race": ({}, HANGS, "cancelled", 3),
    "failed": ({}, FAILS, "failed", 4),
    "timed out": ({"timeout": 1}, HANGS, "timed_out", 4),
    "was blocked": ({}, WORKS, "blocked", 5),
    "was cancelled": ({}, HANGS, "cancelled", 6),
}
REACTIONS = ["fail", "halt", "continue", "skip_dependents"]


def of_items(row, *columns):
    """A row of the table, one test per way in which an item ends. Columns that are None aren't meant."""
    tests = []
    for source, (_, _, _, column) in ITEMS.items():
        end = [*columns, CANCELLED][column]
        if end is not None:
            tests.append(pytest.param(source, end, id=f"{row} edge from an item that {source} {VERBS[end]}"))
    return tests


def of_reactions(row, **columns):
    return [
        pytest.param(reaction, *test.values, id=test.id)
        for reaction in columns
        for test in of_items(f"{reaction}: {row}", *columns[reaction])
    ]


def mapped(source, *lists, verb="map", **options):
    """Write a map whose item in the middle ends like this."""
    if source == "was skipped":
        answers = iter([True, False, True])
        options["run_if"] = lambda: next(answers)
    item = named("culprit")() if source == "was blocked" and "item_depends_on" not in options else "middle"
    a = getattr(named("a", **ITEMS[source][0], **options), verb)(*lists, ["first", item, "last"])
    if source == "lost a race":
        race(a)
    return a


def run_of_items(source, follow, *lists, **options):
    """A run of such a map and what goes on from it."""

    @workflow(fail_fast=False)
    def program():
        return [follow(mapped(source, *[one() for one in lists], **options))]

    run = played(program, {"a[1]": ITEMS[source][1], **SCRIPT}, source)
    assert run.status("a[1]") == ITEMS[source][2]
    return run


@pytest.mark.parametrize(("source", "expected"), of_items("item to map", GOES, SKIPS, SKIPS, SKIPS, BLOCKS, BLOCKS))
def test_a_list_needs_the_value_of_every_item(source, expected):
    run = run_of_items(source, named("b"))

    check(run, expected, after="a[1]")
    assert run.status("a") == expected
    if expected == GOES:
        assert run.value("a") == ["a[0]", "value", "a[2]"]


@pytest.mark.parametrize(
    ("source", "expected"), of_items("item to map that halts", GOES, None, None, None, FAILED, None)
)
def test_a_map_that_halts_fails_itself_with_what_failed(source, expected):
    run = run_of_items(source, outcome, on_item_failure="halt", max_concurrency=1)

    assert run.status("a") == expected
    assert run.outcome == ("cancelled" if expected == CANCELLED else "succeeded")
    if expected == FAILED:
        assert list(run.failure("a").exceptions) == [run.failure("a[1]")]
        assert run.status("a[2]") == "cancelled"


@pytest.mark.parametrize(
    ("reaction", "source", "expected"),
    of_reactions("item to map", **{"continue": [GOES] * 6, "skip_dependents": [GOES] * 6}),
)
def test_a_list_that_leaves_out_what_has_no_value_is_there_whatever_came_of_an_item(reaction, source, expected):
    run = run_of_items(source, named("b"), on_item_failure=reaction)

    check(run, expected, after="a[1]")
    if expected == GOES:
        there = [f"a[{i}]" for i in range(3) if run.status(f"a[{i}]") == "succeeded"]
        assert run.value("a") == [run.value(item) for item in there]
        assert ("a[1]" in there) == (ITEMS[source][3] == 0)


@pytest.mark.parametrize(
    ("reaction", "source", "expected"), of_reactions("item to map_outcomes", **{one: [GOES] * 6 for one in REACTIONS})
)
def test_a_list_of_outcomes_is_there_whatever_came_of_an_item(reaction, source, expected):
    run = run_of_items(source, named("b"), verb="map_outcomes", on_item_failure=reaction)

    check(run, expected, after="a[1]")
    if expected == GOES:
        assert [one.status for one in run.value("a")] == [run.status(f"a[{i}]") for i in range(3)]


# -- from item to item -------------------------------------------------------------------------------------------------

BEHIND = {"first": None, "middle": "0", "last": "1"}
"""Who comes after whom."""

ITEM_TO_ITEM = {
    "fail": (GOES, GOES, GOES, CANCELLED, BLOCKS, BLOCKS),
    "halt": (GOES, GOES, GOES, CANCELLED, CANCELLED, None),
    "continue": (GOES, GOES, GOES, CANCELLED, GOES, None),
    "skip_dependents": (GOES, SKIPS, SKIPS, CANCELLED, SKIPS, None),
}
"""Only an item before it can block one here, and only if failures of items aren't handled anyway."""


def run_in_order(source, **options):
    """A run of a map whose items come one after the other."""

    @workflow(fail_fast=False)
    def program():
        return named("b")(mapped(source, item_depends_on=BEHIND.get, **options))

    script = {"a[1]": ITEMS[source][1], "a[0]": FAILS if source == "was blocked" else Attempt()}
    run = played(program, script, source)
    assert run.status("a[1]") == ITEMS[source][2]
    return run


@pytest.mark.parametrize(("reaction", "source", "expected"), of_reactions("item to item", **ITEM_TO_ITEM))
def test_an_item_comes_after_another_or_has_no_business_without_it(reaction, source, expected):
    """Who loses a race with another item loses it with all that are behind it."""
    check(run_in_order(source, on_item_failure=reaction), expected, key="a[2]", after="a[1]")


@pytest.mark.parametrize(
    ("reaction", "source", "expected"),
    of_reactions(
        "item to item with map_outcomes", **{**ITEM_TO_ITEM, "fail": (GOES, GOES, GOES, CANCELLED, GOES, None)}
    ),
)
def test_with_outcomes_every_failure_of_an_item_is_handled(reaction, source, expected):
    run = run_in_order(source, verb="map_outcomes", on_item_failure=reaction)

    check(run, expected, key="a[2]", after="a[1]")
    assert run.outcome == ("cancelled" if source == "was cancelled" else "succeeded")


# -- chains ----------------------------------------------------------------------------------------------------------


def test_a_chain_goes_on_as_soon_as_the_items_are_known():
    @workflow
    def program():
        return named("b").map(named("a").map(named("listing")()))

    run = Virtual(plan_of(program), {"listing": Attempt([1, 2], after=1), "a[1]": Attempt(after=9)}).play()

    assert [began(run, f"b[{i}]") for i in range(2)] == [[1], [10]]


# How a map ends that never had items: what the step does that its list is of, and its status.
NEVER = {
    "was skipped": ({"run_if": lambda: False}, WORKS, "skipped", SKIPS),
    "had no list, handled": ({}, Attempt(5, after=1), "failed", SKIPS),
    "lost a race": ({}, HANGS, "cancelled", SKIPS),
    "was cancelled with its scope": ({}, HANGS, "cancelled", SKIPS),
    "had no list": ({}, Attempt(5, after=1), "failed", BLOCKS),
    "was blocked": ({}, FAILS, "blocked", BLOCKS),
    "was cancelled": ({}, HANGS, "cancelled", BLOCKS),
}


def without_items(source, follow):
    """A run with a map that ends like this, and what goes on from its items."""
    options, does, status, _ = NEVER[source]

    @workflow(fail_fast=False)
    def program():
        call = named("listing", **options)
        if source == "was cancelled with its scope":
            trigger = named("winner")()
            with scope() as scoped:
                a = named("a").map(call())
            scoped.cancel(after=trigger)
        else:
            a = named("a").map(call())
        taken = [outcome(a)] if source == "had no list, handled" else []
        if source == "lost a race":
            race(a, named("winner")())
        if source != "was cancelled":
            return [*taken, follow(a)]
        with always():
            follow(a)
        return None

    run = played(program, {**SCRIPT, "listing": does}, source)
    assert run.status("a") == status
    return run


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(source, expected, id=f"chain edge from a map that {source} {VERBS[expected]}")
        for source, (*_, expected) in NEVER.items()
    ],
)
def test_a_chain_from_a_map_that_never_had_items_counts_as_data(source, expected):
    run = without_items(source, lambda a: named("b").map(a))

    assert run.status("b") == expected


@pytest.mark.parametrize(
    ("reaction", "source", "expected"),
    of_reactions(
        "item to the next map's item",
        **{
            "fail": (GOES, SKIPS, SKIPS, SKIPS, BLOCKS, BLOCKS),
            "halt": (GOES, SKIPS, SKIPS, SKIPS, SKIPS, BLOCKS),
            "continue": (GOES, SKIPS, SKIPS, SKIPS, SKIPS, BLOCKS),
            "skip_dependents": (GOES, SKIPS, SKIPS, SKIPS, SKIPS, BLOCKS),
        },
    ),
)
def test_an_item_that_goes_on_from_another_needs_its_value(reaction, source, expected):
    run = run_of_items(source, lambda a: named("b").map(a), on_item_failure=reaction)

    check(run, expected, key="b[1]", after="a[1]")


@pytest.mark.parametrize(
    ("reaction", "source", "expected"),
    of_reactions("item to the next map's item with map_outcomes", **{one: [GOES] * 6 for one in REACTIONS}),
)
def test_an_item_that_goes_on_from_an_outcome_runs_whatever_it_was(reaction, source, expected):
    run = run_of_items(source, lambda a: named("b").map(a), verb="map_outcomes", on_item_failure=reaction)

    check(run, expected, key="b[1]", after="a[1]")


@pytest.mark.parametrize(
    ("source", "expected"),
    of_items("item to map over a list that leaves out", GOES, GOES, GOES, GOES, BLOCKS, BLOCKS),
)
def test_what_goes_on_from_a_list_that_leaves_out_leaves_out_too_but_is_blocked_by_failures_of_its_own(
    source, expected
):
    run = run_of_items(source, named("b"), lambda: named("before", on_item_failure="continue").map([1, 2, 3]))

    check(run, expected, after="a[1]")


# -- choices among the items of a map ----------------------------------------------------------------------------------

AMONG = {
    "first": first,
    "race": race,
    "first_n": lambda items: first_n(items, 1),
    "race_n": lambda items: race_n(items, 1),
}


@pytest.mark.parametrize("word", AMONG)
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        test
        for test in of_items("choice", *[GOES] * 6)
        if test.values[0] not in ("lost a race", "was stood in for")  # which here would be all of them
    ],
)
def test_a_choice_among_items_goes_on_with_the_next_one(word, source, expected):
    @workflow(fail_fast=False)
    def program():
        return named("b")(AMONG[word](mapped(source, max_concurrency=1)))

    script = {
        "a[0]": Attempt(KeyError()),
        "a[1]": ITEMS[source][1],
        "a[2]": Attempt(after=0.5),
        "culprit": Attempt(OSError()),
    }
    run = played(program, script, source)

    check(run, expected, after="a[1]" if source == "succeeded" else "a[2]")
    assert run.status("a[1]") == ITEMS[source][2]
    if expected == GOES:
        assert run.machine.won[run.index(word)] == [run.index("a[1]" if source == "succeeded" else "a[2]")]


@pytest.mark.parametrize("source", NEVER)
@pytest.mark.parametrize("word", AMONG)
def test_a_choice_among_items_that_never_were_is_skipped_blocked_or_lost(word, source):
    run = without_items(source, AMONG[word])

    key = "race#2" if (word, source) == ("race", "lost a race") else word
    failed = source in ("had no list", "had no list, handled")
    assert run.status(key) == (FAILED if failed else NEVER[source][3])
    if failed:
        assert list(run.failure(key).exceptions) == [run.failure("a")]


@pytest.mark.parametrize("word", AMONG)
def test_a_choice_among_no_items_fails(word):
    @workflow
    def program():
        return AMONG[word](named("a").map([]))

    run = Virtual(plan_of(program)).play()

    assert run.status(word) == "failed"
    assert isinstance(run.error, LookupError)


# -- several edges -----------------------------------------------------------------------------------------------------

# By strength: what an edge says, the node that it comes from, and what becomes of `b` by it.
VERDICTS = {"block": ("x", BLOCKS), "skip": ("y", SKIPS), "a lost choice": ("z", FAILED), "go": ("g", GOES)}


def settled(verdicts):
    """A run in which edges with these verdicts are settled in this order."""

    @workflow(fail_fast=False)
    def program():
        data = [named("x")()] if "block" in verdicts else []
        data += [named("y", on_failure="skip")()] if "skip" in verdicts else []
        data += [named("g")()] if "go" in verdicts else []
        options = {"depends_on_any": [named("z")()]} if "a lost choice" in verdicts else {}
        return named("b", **options)(*data)

    times = {VERDICTS[verdict][0]: 1.0 + place for place, verdict in enumerate(verdicts)}
    script = {key: Attempt(None if key == "g" else KeyError(key), after=at) for key, at in times.items()}
    run = Virtual(plan_of(program), script).play()
    assert [moment.key for moment in run.log if moment.what == "end"][: len(times)] == [*times]
    return run


@pytest.mark.parametrize(
    "verdicts",
    [order for count in (2, 3, 4) for order in permutations(VERDICTS, count)],
    ids=", then ".join,
)
def test_block_outweighs_skip_and_that_a_lost_choice_and_that_go_in_whatever_order_they_come(verdicts):
    run = settled(verdicts)

    source, expected = next(VERDICTS[verdict] for verdict in VERDICTS if verdict in verdicts)
    assert run.status("b") == expected
    if expected in (BLOCKS, SKIPS):
        assert run.reason("b") == f"`{source}` failed"
    elif expected == FAILED:
        assert list(run.failure("b").exceptions) == [run.failure("z")]


def test_a_choice_that_is_made_doesnt_outweigh_anything():
    @workflow(fail_fast=False)
    def program():
        return named("b", depends_on_any=[named("g")()])(named("x")())

    run = Virtual(plan_of(program), {"x": FAILS}).play()

    assert run.status("b") == "blocked"


def test_a_step_that_is_waited_for_in_two_ways_counts_as_the_stronger():
    run = run_with("failed handled", lambda a: named("b", depends_on=[a])(a))

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


# -- what handles a failure --------------------------------------------------------------------------------------------


@workflow
def calling():
    return named("a")()


def chosen(word):
    return lambda a: CHOICES[word](a(), named("other")())


def items(**options):
    return named("a", **options).map([0, 1, 2])


HANDLED = {
    'on_failure="skip" says so': lambda a: a(on_failure="skip"),
    "an outcome takes it": lambda a: outcome(a()),
    "an outcome beside a value takes it": lambda a: [named("b")(ref := a()), outcome(ref)],
    "an always takes its outcome": lambda a: taken_at_the_end(a()),
    **{f"a choice takes it: {word}": chosen(word) for word in CHOICES},
}
OF_ITEMS = {
    'on_failure="skip" says so': lambda: items(on_failure="skip"),
    "they are taken as outcomes": lambda: named("a").map_outcomes([0, 1, 2]),
    "the outcome of the map is taken": lambda: outcome(items()),
    "a choice takes the map": lambda: CHOICES["depends_on_any"](items(), named("other")()),
    "a join takes the map": lambda: first(items(), named("other")()),
    "the map goes on without": lambda: items(on_item_failure="continue"),
    "the map skips what depends on them": lambda: items(on_item_failure="skip_dependents"),
    "the map halts and its outcome is taken": lambda: outcome(items(on_item_failure="halt")),
    **{f"a choice goes through them: {word}": lambda word=word: AMONG[word](items()) for word in AMONG},
}
UNHANDLED = {
    "nobody takes it": named("a"),
    "its value is taken": lambda: named("b")(named("a")()),
    "something comes after it": lambda: behind(named("a")()),
    "the outcome of what is behind it is taken": lambda: outcome(named("b")(named("a")())),
    "what is behind it may be skipped": lambda: named("b", on_failure="skip")(named("a")()),
    "a choice takes what is behind it": lambda: first(named("b")(named("a")()), named("other")()),
    "it is what a block goes by": lambda: in_when(named("a")()),
    "it is what a cond goes by": lambda: cond(named("a")(), lambda: 1, lambda: 2),
    "it is a branch of a cond": lambda: cond(True, named("a"), lambda: 2),
    "it is to fall back on what fails too": named("a", on_failure=Fallback(call=lambda error: 1 / 0)),
}


def taken_at_the_end(a):
    with always():
        named("b")(outcome(a))


@pytest.mark.parametrize("how", HANDLED)
@pytest.mark.parametrize("timeout", [None, 1], ids=["failure", "timeout"])
def test_a_failure_is_handled_if(how, timeout):
    @workflow
    def program():
        named("slow")()
        HANDLED[how](lambda **options: named("a", timeout=timeout, **options)())

    run = play(program, {"a": FAILS if timeout is None else HANGS, "other": Attempt(after=3), "slow": Attempt(after=5)})

    assert run.status("a") == ("failed" if timeout is None else "timed_out")
    assert run.outcome == run.status("slow") == "succeeded"


@pytest.mark.parametrize("how", OF_ITEMS)
def test_a_failure_of_an_item_is_handled_if(how):
    @workflow
    def program():
        named("slow")()
        OF_ITEMS[how]()

    works = {"a[0]": Attempt(after=2), "a[2]": Attempt(after=4), "other": Attempt(after=3), "slow": Attempt(after=5)}
    run = play(program, {"a[1]": FAILS, **works})

    assert (run.status("a[0]"), run.status("a[1]")) == ("succeeded", "failed")
    assert run.outcome == run.status("slow") == "succeeded"


@pytest.mark.parametrize("how", UNHANDLED)
def test_a_failure_ends_the_run_though(how):
    @workflow
    def program():
        named("slow")()
        UNHANDLED[how]()

    run = play(program, {"a": FAILS, "other": Attempt(after=3), "slow": Attempt(after=5)})

    assert run.status("a") == "failed"
    assert run.status("slow") == "cancelled"
    assert run.outcome == "failed"
    assert run.error is run.failure("a")


def test_a_failure_in_a_call_is_handled_if_that_of_the_call_is():
    @workflow
    def program():
        named("slow")()
        return outcome(calling())

    run = play(program, {"calling/a": FAILS, "slow": Attempt(after=5)})

    assert run.statuses == {
        "slow": "succeeded",
        "calling": "failed",
        "calling/a": "failed",
        "outcome": "succeeded",
    }
    assert run.outcome == "succeeded"


@pytest.mark.parametrize("catches", [True, False], ids=["catches it", "lets it out"])
def test_a_failure_that_a_body_waits_for_is_handled_if_it(catches):
    a, b = named("a"), named("b")

    @workflow
    def program():
        failing = a()
        try:
            return result_of(failing)
        except ValueError:
            if not catches:
                raise
            return b()

    plan, awaited = begun(program)
    run = Virtual(plan, {"a": FAILS}, awaited=awaited).play()

    assert run.outcome == ("succeeded" if catches else "failed")
    assert run.status("a") == "failed"


def test_a_failure_is_unhandled_if_who_would_take_it_isnt_written_yet():
    a, slow = named("a"), named("slow")

    @workflow
    def program():
        failing = a()
        result_of(slow())
        return outcome(failing)

    plan, awaited = begun(program)
    run = Virtual(plan, {"a": FAILS, "slow": Attempt(after=5)}, awaited=awaited).play()

    assert run.statuses == {"a": "failed", "slow": "cancelled"}
    assert run.error is run.failure("a")


@pytest.mark.parametrize("how", ["the outcome of the map is taken", "a choice takes the map"])
def test_a_map_whose_failures_are_taken_fails_with_the_first_of_its_items(how):
    """By their places, not by time."""

    @workflow
    def program():
        OF_ITEMS[how]()

    run = play(program, {"a[2]": Attempt(KeyError(2), after=1), "a[1]": Attempt(KeyError(1), after=2)})

    assert run.status("a") == "failed"
    assert run.failure("a") is run.failure("a[1]")


def test_a_step_that_is_stood_in_for_has_succeeded_and_keeps_its_error():
    run = run_with("was stood in for", named("b"))

    assert run.outcome == "succeeded"
    assert isinstance(run.failure("a"), ValueError)


def test_what_fails_at_the_end_is_unhandled_and_still_nobodys_business():
    @workflow
    def program():
        with always():
            named("b")(named("a")())

    run = play(program, {"a": FAILS})

    assert run.statuses.items() >= {"a": "failed", "b": "blocked"}.items()
    assert run.outcome == "succeeded"


# -- the table itself --------------------------------------------------------------------------------------------------


def test_verdicts_outweigh_one_another_as_their_numbers():
    assert BLOCK > SKIP > LOST > GO


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
