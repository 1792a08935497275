"""The blocks of a body, in runs: `when`, `cond`, `phase`, `always`, `scope` and `one_at_a_time`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from flowkit import (
    CheckFailed,
    Engine,
    MisuseError,
    Outcome,
    Retry,
    RunCancelled,
    RunStatus,
    Signal,
    Skipped,
    StepTimeout,
    always,
    concurrent,
    cond,
    current,
    discard,
    first,
    gate,
    in_order,
    one_at_a_time,
    otherwise,
    outcome,
    phase,
    poll,
    race,
    repeat,
    result_of,
    scope,
    sleep,
    step,
    when,
    workflow,
)
from flowkit.engine import events

SOON = 0.02
"""Seconds for time limits that are meant to be hit."""

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def inc(x: int) -> int:
    return x + 1


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def boom(x: int) -> int:
    message = f"no {x}"
    raise ValueError(message)


@step(run_if=lambda x: False)
def never(x: int) -> int:
    return x


@step
def numbers(count: int) -> list[int]:
    return list(range(count))


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def is_large(x: int) -> bool:
    return x > 5


@step
def how(end: Outcome[int]) -> str:
    return f"{end.status}: {end.error}" if end.error is not None else f"{end.status}"


async def awaited(workflow, *args):
    return await workflow.start(*args)


WAYS = {
    "called": lambda workflow, *args: workflow(*args),
    "started": lambda workflow, *args: workflow.start(*args).result(timeout=LONG),
    "awaited": lambda workflow, *args: asyncio.run(awaited(workflow, *args)),
}


@pytest.fixture(params=[*WAYS, "inline"])
def result(request):
    """A workflow's result, however it comes about."""

    def run(workflow, *args):
        if request.param == "inline":
            with Engine(executor="inline"):
                return workflow(*args)
        return WAYS[request.param](workflow, *args)

    return run


@pytest.fixture(params=WAYS)
def beside(request):
    """The result of a workflow whose steps are under way side by side."""
    return WAYS[request.param]


@pytest.fixture
def said():
    return []


@pytest.fixture
def say(said):
    @step
    def say(x: object) -> None:
        said.append(x)

    return say


class Slow:
    """Steps that are under way for as long as a test likes, and one that succeeds once they are."""

    def __init__(self, parties=1):
        self._let_go = threading.Event()
        self._under_way = threading.Semaphore(0)
        self._ended = threading.Semaphore(0)
        self.told = []

        @step
        def slow(x: int) -> int:
            self._under_way.release()
            assert self._let_go.wait(LONG)
            self.told.append(current().cancelled)
            self._ended.release()
            return x

        @step
        def quick(x: int) -> int:
            for _ in range(parties):
                assert self._under_way.acquire(timeout=LONG)
            return x

        @step
        async def hang(x: int) -> int:
            self._under_way.release()
            await asyncio.Event().wait()
            return x

        self.slow, self.quick, self.hang = slow, quick, hang

    def await_it(self):
        """Wait until one of them is under way."""
        assert self._under_way.acquire(timeout=LONG)

    def let_go(self, count=0):
        """Let the slow steps end, and wait for so many of them."""
        self._let_go.set()
        for _ in range(count):
            assert self._ended.acquire(timeout=LONG)


@pytest.fixture
def slow():
    slow = Slow()
    yield slow
    slow.let_go()


def now(run):
    return {record.key: record.status for record in run.steps}


def ends(run):
    assert run.wait(timeout=LONG)
    return now(run)


def wait_for(run, kind, key):
    """Wait until this has been told of a step."""
    assert any(isinstance(event, kind) and event.key == key for event in run.events()), key


def reasons(run):
    run.wait(timeout=LONG)
    return {record.key: record.reason for record in run.steps if record.reason}


def told(run, kind):
    run.wait(timeout=LONG)
    return [event for event in run.events() if isinstance(event, kind)]


def codes(workflow, *args):
    """What a check finds."""
    with pytest.raises(CheckFailed) as caught:
        workflow(*args)
    return [one.code for one in caught.value.diagnostics]


# -- when and otherwise ------------------------------------------------------------------------------------------------


@pytest.mark.covers("M21")
def test_what_is_in_a_when_is_done_if_its_test_says_yes_and_the_otherwise_if_it_says_no(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(is_large(x)):
            say("large")
            say(inc(x))
        with otherwise():
            say("small")

    result(deciding, 9)
    assert said == ["large", 10]
    said.clear()
    result(deciding, 1)
    assert said == ["small"]


def test_a_when_may_stand_alone(result, said, say):
    @workflow
    def deciding(x: int) -> int:
        with when(is_large(x)):
            say("large")
        return inc(x)

    assert result(deciding, 1) == 2
    assert said == []
    assert result(deciding, 9) == 10
    assert said == ["large"]


def test_a_test_is_true_or_not_as_for_an_if(result, said, say):
    @workflow
    def deciding(count: int) -> None:
        with when(numbers(count)):
            say("some")
        with otherwise():
            say("none")

    result(deciding, 0)
    result(deciding, 3)
    assert said == ["none", "some"]


def test_a_part_of_a_result_may_be_the_test(result, said, say):
    @workflow
    def deciding(count: int) -> None:
        found = numbers(count)
        with when(found[0]):
            say("first")
        with when(found[1]):
            say("second")

    result(deciding, 2)
    assert said == ["second"]


@pytest.mark.covers("M21")
@pytest.mark.parametrize(("test", "text"), [(True, "yes"), (False, "no"), ([], "no"), ("x", "yes"), (None, "no")])
def test_what_is_tested_may_be_known_when_the_text_is_read(result, said, say, test, text):
    @workflow
    def deciding() -> None:
        with when(test):
            say("yes")
        with otherwise():
            say("no")

    result(deciding)
    assert said == [text]


def test_whens_nest(result, said, say):
    @workflow
    def deciding(a: bool, b: bool) -> None:
        with when(a):
            with when(b):
                say("a and b")
            with otherwise():
                say("a alone")
            say("a")
        with otherwise():
            with when(b):
                say("b alone")
            with otherwise():
                say("neither")
        say("end")

    for a in (True, False):
        for b in (True, False):
            result(deciding, a, b)
    assert said == ["a and b", "a", "end", "a alone", "a", "end", "b alone", "end", "neither", "end"]


def test_a_test_may_be_made_of_what_another_when_decided_about(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(is_large(x)):
            larger = is_large(add(x, -5))
            with when(larger):
                say("very large")
            with otherwise():
                say("large")

    for x in (1, 9, 20):
        result(deciding, x)
    assert said == ["large", "very large"]


def test_a_test_that_fails_ends_the_run(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(boom(x)):
            say("yes")
        with otherwise():
            say("no")

    with pytest.raises(ValueError, match="no 1"):
        result(deciding, 1)
    assert said == []


def test_what_goes_by_a_test_that_failed_is_blocked():
    @workflow(fail_fast=False)
    def deciding(x: int) -> list[object]:
        with when(boom(x)):
            one = inc(x)
        with otherwise():
            two = inc(x)
        return [how(outcome(one)), how(outcome(two)), inc(x)]

    run = deciding.start(1)
    with pytest.raises(ExceptionGroup):
        run.result(timeout=LONG)
    assert ends(run) == {
        "boom": "failed",
        "inc": "blocked",
        "inc#2": "blocked",
        "how": "succeeded",
        "how#2": "succeeded",
        "inc#3": "succeeded",
    }


def test_a_test_that_was_skipped_skips_both_blocks_and_what_is_behind_them_goes_on(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(never(x)):
            say("yes")
        with otherwise():
            say("no")
        say("behind")

    result(deciding, 1)
    assert said == ["behind"]


def test_a_test_whose_failure_is_handled_skips_both_blocks(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(boom.with_options(on_failure="skip")(x)):
            say("yes")
        with otherwise():
            say("no")
        say("behind")

    result(deciding, 1)
    assert said == ["behind"]


def test_a_failure_may_be_the_test(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(outcome(boom(x)).ok):
            say("fine")
        with otherwise():
            say("broken")

    result(deciding, 1)
    assert said == ["broken"]


def test_a_value_that_has_no_truth_fails_the_run():
    class Odd:
        def __bool__(self) -> bool:
            message = "neither"
            raise ArithmeticError(message)

    @step
    def odd() -> Odd:
        return Odd()

    @workflow
    def deciding(x: int) -> int:
        with when(odd()):
            discard(inc(x))
        return inc(x)

    with pytest.raises(ArithmeticError, match="neither"):
        deciding.start(1).result(timeout=LONG)


@pytest.mark.covers("M21")
def test_the_record_says_why_something_was_not_done(say):
    @workflow
    def deciding(x: int) -> object:
        with when(is_large(x)):
            say("large")
        with otherwise():
            say("small")
        return cond(is_large(x), lambda: inc(x), lambda: add(x, x))

    no, yes = deciding.start(1), deciding.start(9)
    assert reasons(no) == {"say": "the test of its `when` said no", "inc": "the test of its `cond` said no"}
    assert reasons(yes) == {"say#2": "the test of its `when` said yes", "add": "the test of its `cond` said yes"}
    assert [(event.key, event.reason) for event in told(no, events.StepSkipped)] == list(reasons(no).items())


def test_the_record_names_the_test_that_decided_and_not_the_one_around_it(say):
    @workflow
    def deciding(x: int) -> None:
        with when(is_large(x)):
            with when(x > 100):
                say("huge")
            with otherwise():
                say("large")

    assert reasons(deciding.start(9)) == {"say": "the test of its `when` said no"}
    assert set(reasons(deciding.start(1))) == {"say", "say#2"}


def test_what_needs_a_value_in_the_block_that_is_not_there_is_skipped_with_it():
    @workflow
    def deciding(x: int) -> str:
        with when(is_large(x)):
            a = inc(x)
            b = inc(a)
        return how(outcome(b))

    run = deciding.start(1)
    assert run.result(timeout=LONG) == "skipped"
    assert ends(run) == {"is_large": "succeeded", "inc": "skipped", "inc#2": "skipped", "how": "succeeded"}
    assert deciding.start(9).result(timeout=LONG) == "succeeded"


def test_a_step_in_a_when_does_not_begin_before_the_test_is_known(slow):
    @workflow
    def deciding() -> list[object]:
        with when(slow.slow(0)):
            one = inc(1)
        with when(slow.quick(1)):
            two = inc(2)
        return [outcome(one), outcome(two)]

    run = deciding.start()
    wait_for(run, events.StepSucceeded, "inc#2")
    assert now(run)["inc"] == "pending"
    slow.let_go()
    assert ends(run)["inc"] == "skipped"


def test_maps_and_workflows_in_a_when(result):
    @workflow
    def sub(x: int) -> int:
        return inc(inc(x))

    @workflow
    def deciding(x: int) -> list[int]:
        with when(is_large(x)):
            known = sub.map([x, x])
            unknown = inc.map(numbers(x))
            both = add(total(known), total(unknown))
        with otherwise():
            small = sub(x)
        return [first(both, small)]

    assert result(deciding, 1) == [3]
    assert result(deciding, 6) == [37]


def test_a_map_in_a_when_that_said_no_has_no_items():
    @workflow
    def deciding(x: int) -> None:
        with when(is_large(x)):
            discard(inc.map(numbers(x)))
            discard(inc.map([1, 2]))

    assert {key.split("[")[0]: status for key, status in ends(deciding.start(1)).items()} == {
        "is_large": "succeeded",
        "numbers": "skipped",
        "inc": "skipped",
        "inc#2": "skipped",
    }


def test_effects_in_a_when_keep_the_place_of_the_block(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        say("before")
        with when(x > 5):
            say("in 1")
            say("in 2")
        say("between")
        with when(x < 5):
            say("in 3")
        with otherwise():
            say("in 4")
        say("behind")

    result(deciding, 9)
    assert said == ["before", "in 1", "in 2", "between", "in 4", "behind"]


def test_a_step_in_a_when_waits_for_no_place(result, said, say):
    """Without an effect in it the block stands in nobody's way: what is behind it may come first."""
    begun = threading.Event()

    @step
    def late(x: int) -> int:
        assert begun.is_set()
        return x

    @step
    def early(x: int) -> int:
        begun.set()
        return x

    @workflow
    def deciding(x: int) -> list[int]:
        with when(early(x)):
            discard(late(x))
        return [early(x)]

    assert result(deciding, 1) == [1]


@pytest.mark.parametrize("between", ["a step", "an empty block", "a block", "another otherwise"])
def test_an_otherwise_that_is_not_right_behind_its_when_is_refused(between):
    @workflow
    def deciding(x: int) -> None:
        with when(is_large(x)):
            discard(inc(x))
        if between == "a step":
            discard(inc(x))
        elif between == "an empty block":
            with in_order():
                pass
        elif between == "a block":
            with concurrent():
                discard(inc(x))
        else:
            with otherwise():
                discard(inc(x))
        with otherwise():
            discard(inc(x))

    with pytest.raises(MisuseError, match=r"`otherwise\(\)` comes right behind the block of a `when"):
        deciding(1)


def test_an_otherwise_without_a_when_is_refused():
    @workflow
    def alone(x: int) -> None:
        with otherwise():
            discard(inc(x))

    @workflow
    def inside(x: int) -> None:
        with when(is_large(x)), otherwise():
            discard(inc(x))

    for refused in (alone, inside):
        with pytest.raises(MisuseError, match="comes right behind"):
            refused(1)


def test_an_otherwise_belongs_to_the_when_beside_it_and_not_to_one_inside(result, said, say):
    @workflow
    def deciding(x: int) -> None:
        with when(x > 5):
            discard(inc(x))
            with when(x > 10):
                say("huge")
        with otherwise():
            say("small")

    for x in (1, 7, 11):
        result(deciding, x)
    assert said == ["small", "huge"]


ESCAPES = {
    "by a step": inc,
    "returned": lambda escaped: escaped,
    "in a list": lambda escaped: total([escaped, 1]),
    "in a map": lambda escaped: total(inc.map([escaped])),
}


@pytest.mark.covers("M11")
@pytest.mark.parametrize("taken", ESCAPES)
@pytest.mark.parametrize("word", ["when", "otherwise", "always"])
def test_a_result_of_a_block_that_may_not_run_is_not_for_outside(taken, word):
    @workflow
    def escaping(x: int) -> int:
        if word == "always":
            with always():
                inside = inc(x)
        elif word == "when":
            with when(x > 5):
                inside = inc(x)
        else:
            with when(x > 5):
                discard(inc(x))
            with otherwise():
                inside = inc(x)
        return ESCAPES[taken](inside)

    assert codes(escaping, 1) == ["FK307"]


def test_a_result_of_a_when_is_not_for_its_otherwise():
    @workflow
    def escaping(x: int) -> None:
        with when(is_large(x)):
            inside = inc(x)
        with otherwise():
            discard(inc(inside))

    assert codes(escaping, 1) == ["FK307"]


@pytest.mark.parametrize("block", [in_order, concurrent, one_at_a_time, scope])
def test_results_of_other_blocks_are_for_everyone(result, block):
    @workflow
    def open_to_all(x: int) -> int:
        with block():
            inside = inc(x)
        return inc(inside)

    assert result(open_to_all, 1) == 3


@pytest.mark.parametrize("word", ["when", "otherwise", "cond", "always"])
def test_a_result_cannot_be_asked_for_where_it_may_not_come(word):
    @workflow
    def asking(x: int) -> int:
        if word == "cond":
            return cond(True, lambda: result_of(inc(x)), lambda: 1)
        if word == "always":
            with always():
                return result_of(inc(x))
        with when(False):
            if word == "when":
                return result_of(inc(x))
        with otherwise():
            return result_of(inc(x))

    with pytest.raises(MisuseError, match=rf"can't be asked in the block of `{word}`: .*; ask before it"):
        asking(1)


def test_a_result_may_be_asked_for_before_and_behind_a_when(result, said, say):
    @workflow
    def asking(x: int) -> int:
        test = result_of(is_large(x))
        with when(test):
            say("large")
        with otherwise():
            say("small")
        if result_of(inc(x)) > 5:
            say("asked")
        return inc(x)

    assert result(asking, 9) == 10
    assert said == ["large", "asked"]


def test_a_body_that_fails_in_a_when_fails_with_its_own_error():
    @workflow
    def failing(x: int) -> int:
        with when(is_large(x)):
            raise KeyError(x)
        return inc(x)

    with pytest.raises(KeyError):
        failing(1)


def test_depends_on_any_may_name_steps_of_both_branches():
    @step(depends_on_any=["inc", "add"])
    def after_any(x: int) -> int:
        return x

    @workflow
    def deciding(x: int) -> list[object]:
        with when(x > 5):
            one = inc(x)
        with otherwise():
            two = add(x, x)
        return [after_any(x), outcome(one), outcome(two)]

    assert deciding(1)[0] == 1


@pytest.mark.parametrize(
    "test",
    [lambda x: is_large, lambda x: lambda: False, lambda x: [is_large(x)]],
    ids=["a bare result", "a function", "a list"],
)
@pytest.mark.parametrize("word", ["when", "cond"])
def test_a_test_that_is_no_result_though_it_was_meant_to_be_is_refused(say, word, test):
    @workflow
    def deciding(x: int) -> int:
        if word == "cond":
            return cond(test(x), lambda: 1, lambda: 2)
        with when(test(x)):
            say("large")
        return inc(x)

    with pytest.raises(
        MisuseError, match=r"`is_large` isn't called|`<lambda>` isn't called|a list is true unless it is empty"
    ):
        deciding(1)


# -- cond --------------------------------------------------------------------------------------------------------------


def test_a_cond_gives_the_value_of_the_branch_that_is_meant():
    @workflow
    def choosing(x: int) -> int:
        return inc(cond(is_large(x), lambda: inc(x), lambda: add(x, 100)))

    large, small = choosing.start(9), choosing.start(1)
    assert (large.result(timeout=LONG), small.result(timeout=LONG)) == (11, 102)
    assert ends(large) == {"is_large": "succeeded", "inc": "succeeded", "add": "skipped", "inc#2": "succeeded"}
    assert ends(small) == {"is_large": "succeeded", "inc": "skipped", "add": "succeeded", "inc#2": "succeeded"}


def test_a_cond_is_the_same_however_a_workflow_is_run(result):
    @workflow
    def choosing(x: int) -> int:
        return inc(cond(is_large(x), lambda: inc(x), lambda: add(x, 100)))

    assert result(choosing, 9) == 11
    assert result(choosing, 1) == 102


def test_a_branch_may_give_what_is_there_already(result):
    shared = {"a": 1}

    @workflow
    def choosing(x: int) -> list[object]:
        large = is_large(x)
        return [
            cond(large, lambda: inc(x), lambda: None),
            cond(large, lambda: "large", lambda: shared),
            cond(large, lambda: [inc(x), x], lambda: x),
            cond(large, lambda: x, lambda: {"x": inc(x)}),
        ]

    assert result(choosing, 9) == [10, "large", [10, 9], 9]
    assert result(choosing, 1) == [None, {"a": 1}, 1, {"x": 2}]


def test_a_branch_may_give_what_was_made_before(result):
    @workflow
    def choosing(x: int) -> int:
        before = inc(x)
        return cond(is_large(before), lambda: before, lambda: numbers(3)[2])

    assert result(choosing, 9) == 10
    assert result(choosing, 1) == 2


def test_the_test_of_a_cond_may_be_known(result):
    @workflow
    def choosing(x: int) -> int:
        return cond(x > 5, lambda: inc(x), lambda: add(x, 100))

    assert result(choosing, 9) == 10
    assert result(choosing, 1) == 101


def test_conds_nest(result):
    @workflow
    def choosing(a: bool, b: bool) -> str:
        return cond(
            a,
            lambda: cond(b, lambda: "both", lambda: "a"),
            lambda: cond(b, lambda: "b", lambda: "neither"),
        )

    found = [result(choosing, a, b) for a in (True, False) for b in (True, False)]
    assert found == ["both", "a", "b", "neither"]


def test_steps_may_be_the_branches_and_are_shown_at_the_line_of_the_cond():
    @step
    def one() -> int:
        return 1

    @step
    def two() -> int:
        return 2

    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), one, two)

    assert (choosing(9), choosing(1)) == (1, 2)
    graph = choosing.graph(1)
    spans = {graph.keys[node.index]: node.site.span() for node in graph.nodes}
    line = choosing.spec.target.__code__.co_firstlineno + 2
    assert {(spans[key].file, spans[key].line) for key in ("one", "two", "cond")} == {(__file__, line)}


def test_what_a_function_calls_for_a_branch_is_shown_where_it_calls_it():
    def branch(x):
        return inc(x)

    @workflow
    def choosing(x: int) -> int:
        return cond(
            is_large(x),
            lambda: branch(x),
            lambda: add(x, 1),
        )

    graph = choosing.graph(1)
    spans = {graph.keys[node.index]: node.site.span() for node in graph.nodes}
    body = choosing.spec.target.__code__.co_firstlineno
    assert {spans[key].file for key in ("inc", "add")} == {__file__}
    assert spans["inc"].line == branch.__code__.co_firstlineno + 1
    assert spans["add"].line == body + 5


def test_a_branch_that_is_called_wrongly_is_found_at_the_line_of_the_cond():
    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), inc, lambda: 1)

    with pytest.raises(CheckFailed, match="cond") as caught:
        choosing(1)
    (found,) = caught.value.diagnostics
    assert (found.code, found.labels[0].span.file) == ("FK202", __file__)


@pytest.mark.parametrize("branches", [(1, 2), (lambda: 1, 2), (1, lambda: 2)])
def test_a_cond_takes_functions(branches):
    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), *branches)

    with pytest.raises(MisuseError, match="cond"):
        choosing(1)


def test_a_branch_that_fails_ends_the_run_and_the_other_one_does_not(result):
    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), lambda: boom(x), lambda: inc(x))

    assert result(choosing, 1) == 2
    with pytest.raises(ValueError, match="no 9"):
        result(choosing, 9)


def test_a_branch_that_raises_while_it_is_read_fails_the_body():
    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), lambda: inc(x), lambda: {}["nope"])

    with pytest.raises(KeyError, match="nope"):
        choosing(1)


def test_the_end_of_a_cond_can_be_taken(result):
    @workflow
    def choosing(x: int) -> str:
        return how(outcome(cond(is_large(x), lambda: boom(x), lambda: never(x))))

    assert result(choosing, 1) == "skipped"


def test_a_cond_over_an_outcome(result):
    @workflow
    def choosing(x: int) -> object:
        end = outcome(boom(x))
        return cond(end.ok, lambda: 0, lambda: how(end))

    assert result(choosing, 1) == "failed: no 1"


def test_a_cond_whose_test_fails_fails_the_run(result):
    @workflow
    def choosing(x: int) -> int:
        return cond(boom(x), lambda: inc(x), lambda: 5)

    with pytest.raises(ValueError, match="no 1"):
        result(choosing, 1)


def test_a_cond_whose_test_is_skipped_is_skipped(result):
    @workflow
    def choosing(x: int) -> int:
        return cond(never(x), lambda: inc(x), lambda: 5)

    with pytest.raises(Skipped, match="its condition was false"):
        result(choosing, 1)


def test_a_cond_whose_branch_is_skipped_is_skipped(result):
    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), lambda: never(x), lambda: 5)

    assert result(choosing, 1) == 5
    with pytest.raises(Skipped, match="`never` was skipped"):
        result(choosing, 9)


def test_a_cond_stands_in_a_when_and_a_when_in_a_branch(result, said, say):
    def branch(x):
        with when(x > 10):
            say("huge")
        return inc(x)

    @workflow
    def choosing(x: int) -> None:
        with when(x > 0):
            say(cond(is_large(x), lambda: branch(x), lambda: 5))

    for x in (0, 1, 9, 11):
        result(choosing, x)
    assert said == [5, 10, "huge", 12]


def test_effects_in_branches_keep_the_place_of_the_cond(result, said, say):
    def loud(text):
        say(text)
        return text

    @workflow
    def choosing(x: int) -> str:
        say("before")
        chosen = cond(is_large(x), lambda: loud("large"), lambda: loud("small"))
        say("behind")
        return chosen

    assert result(choosing, 9) == "large"
    assert result(choosing, 1) == "small"
    assert said == ["before", "large", "behind", "before", "small", "behind"]


def test_a_workflow_and_a_map_may_be_branches(result):
    @workflow
    def sub(x: int) -> int:
        return cond(is_large(x), lambda: inc(x), lambda: 0)

    @workflow
    def choosing(x: int) -> int:
        return cond(is_large(x), lambda: sub(x), lambda: total(sub.map([x, 9])))

    assert result(choosing, 9) == 10
    assert result(choosing, 1) == 10


# -- phase -------------------------------------------------------------------------------------------------------------


def phases(run):
    found = told(run, events.PhaseStarted | events.PhaseFinished)
    return [(event.kind, event.phase, getattr(event, "counts", None)) for event in found]


@pytest.mark.covers("M44")
def test_events_tell_of_phases_and_how_their_steps_ended():
    @workflow
    def staged(x: int) -> int:
        with phase("extract"):
            found = inc(x)
            discard(never(x))
            discard(boom.with_options(on_failure="skip")(x))
        with phase("load"):
            return inc(found)

    run = staged.start(1)
    assert run.result(timeout=LONG) == 3
    assert phases(run) == [
        ("phase_started", "extract", None),
        ("phase_finished", "extract", {"succeeded": 1, "skipped": 1, "failed": 1}),
        ("phase_started", "load", None),
        ("phase_finished", "load", {"succeeded": 1}),
    ]


def test_a_phase_starts_before_its_steps_and_is_finished_after_them(say):
    @workflow
    def staged(x: int) -> None:
        say("before")
        with phase("one"):
            say(inc(x))
        say("behind")

    run = staged.start(1)
    wanted = ("phase_started", "phase_finished", "step_started", "step_succeeded")
    run.wait(timeout=LONG)
    assert [(event.kind, event.key) for event in run.events() if event.kind in wanted] == [
        ("step_started", "say"),
        ("step_succeeded", "say"),
        ("phase_started", "phase one"),
        ("step_started", "inc"),
        ("step_succeeded", "inc"),
        ("step_started", "say#2"),
        ("step_succeeded", "say#2"),
        ("phase_finished", "phase one"),
        ("step_started", "say#3"),
        ("step_succeeded", "say#3"),
    ]


def test_of_a_map_in_a_phase_the_items_are_counted_and_not_the_map():
    @workflow
    def staged(count: int) -> list[int]:
        with phase("one"):
            return inc.map([1, 2, 3])

    assert phases(staged.start(1))[-1] == ("phase_finished", "one", {"succeeded": 3})


@pytest.mark.covers("M44")
def test_a_phase_waits_for_all_before_it_and_all_behind_it_wait_for_it(beside):
    """Whether results are kept or not: nothing in here is an effect, and nothing takes what another gives."""
    order = []

    @step
    def note(text: str) -> str:
        order.append(text)
        return text

    @workflow
    def staged() -> list[str]:
        before = [note("before"), note("before")]
        with phase("one"):
            inside = [note("in"), note("in")]
        return [*before, *inside, note("behind")]

    beside(staged)
    assert order == ["before", "before", "in", "in", "behind"]


def test_a_step_behind_a_phase_is_not_begun_before_its_last_step_has_ended(slow):
    @workflow
    def staged() -> int:
        with phase("one"):
            both = [slow.slow(1), slow.quick(2)]
        return add(inc(1), total(both))

    run = staged.start()
    wait_for(run, events.StepSucceeded, "quick")
    assert now(run)["inc"] == "pending"
    slow.let_go()
    assert run.result(timeout=LONG) == 5


def test_phases_are_the_same_however_a_workflow_is_run(result, said, say):
    @workflow
    def staged(x: int) -> int:
        with phase("one"):
            say("one")
        with phase("two"):
            say("two")
            return inc(x)

    assert result(staged, 1) == 2
    assert said == ["one", "two"]


def test_a_phase_may_be_empty_and_phases_nest():
    @workflow
    def staged(x: int) -> int:
        with phase("empty"):
            pass
        with phase("outer"):
            with phase("inner"):
                found = inc(x)
            return inc(found)

    run = staged.start(1)
    assert run.result(timeout=LONG) == 3
    assert phases(run) == [
        ("phase_started", "empty", None),
        ("phase_finished", "empty", {}),
        ("phase_started", "outer", None),
        ("phase_started", "inner", None),
        ("phase_finished", "inner", {"succeeded": 1}),
        ("phase_finished", "outer", {"succeeded": 2}),
    ]


def test_phases_in_a_workflow_that_is_called_are_its_own(say, said):
    @workflow
    def sub(x: int) -> int:
        with phase("inner"):
            found = inc(x)
        return inc(found)

    @workflow
    def staged(x: int) -> list[int]:
        with phase("outer"):
            one = sub(x)
        return [one, sub(inc(x))]

    run = staged.start(1)
    assert run.result(timeout=LONG) == [3, 4]
    assert [(kind, name) for kind, name, _ in phases(run)] == [
        ("phase_started", "outer"),
        ("phase_started", "inner"),
        ("phase_finished", "inner"),
        ("phase_finished", "outer"),
        ("phase_started", "inner"),
        ("phase_finished", "inner"),
    ]
    keys = [event.key for event in told(run, events.PhaseStarted)]
    assert keys[0] == "phase outer"
    assert len(set(keys)) == 3


def test_a_phase_in_which_something_fails_is_the_last_one(said, say):
    @workflow
    def staged(x: int) -> None:
        with phase("one"):
            discard(boom(x))
        with phase("two"):
            say("two")

    run = staged.start(1)
    with pytest.raises(ValueError, match="no 1"):
        run.result(timeout=LONG)
    assert said == []
    assert ("phase_started", "two", None) not in phases(run)


def test_a_result_may_be_asked_for_in_a_phase(say, said):
    @workflow
    def staged(x: int) -> int:
        with phase("one"):
            asked = result_of(inc(x))
            say(asked)
        with phase("two"):
            return inc(asked)

    run = staged.start(1)
    assert run.result(timeout=LONG) == 3
    assert said == [2]
    assert phases(run) == [
        ("phase_started", "one", None),
        ("phase_finished", "one", {"succeeded": 2}),
        ("phase_started", "two", None),
        ("phase_finished", "two", {"succeeded": 1}),
    ]


def test_phases_in_a_concurrent_block_dont_wait_for_one_another(beside):
    meet = threading.Barrier(2, timeout=LONG)

    @step
    def together() -> None:
        meet.wait()

    @workflow
    def staged() -> None:
        with concurrent():
            with phase("one"):
                together()
            with phase("two"):
                together()

    assert beside(staged) is None


@pytest.mark.parametrize("name", ["", "  ", None, 3, ["x"]])
def test_a_phase_has_a_name(name):
    @workflow
    def staged(x: int) -> int:
        with phase(name):
            return inc(x)

    with pytest.raises(MisuseError, match="a phase is called by a name"):
        staged(1)


def test_a_phase_counts_no_pending_steps(say):
    @workflow
    def staged(x: int) -> int:
        with phase("one"):
            with always():
                say("cleaned up")
            return inc(x)

    assert phases(staged.start(1))[-1] == ("phase_finished", "one", {"succeeded": 1})


# -- always ------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M26")
def test_an_always_is_done_at_the_end(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        say("before")
        with always():
            say("at the end")
        say("work")
        return inc(x)

    assert result(cleaning, 1) == 2
    assert said == ["before", "work", "at the end"]


@pytest.mark.covers("M26")
def test_an_always_is_done_after_a_failure(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            say("cleaned up")
        say("work")
        return boom(x)

    with pytest.raises(ValueError, match="no 1"):
        result(cleaning, 1)
    assert said == ["work", "cleaned up"]


def test_an_always_is_done_once_the_independent_branches_have_ended(result, said, say):
    @workflow(fail_fast=False)
    def cleaning(x: int) -> list[int]:
        with always():
            say("cleaned up")
        say("work")
        return [boom(x), inc(inc(x))]

    with pytest.raises(ExceptionGroup):
        result(cleaning, 1)
    assert said == ["work", "cleaned up"]


def test_an_always_is_done_after_what_is_nobodys_to_handle(said, say):
    @step
    def leave(x: int) -> int:
        raise SystemExit(x)

    @workflow
    def cleaning(x: int) -> int:
        with always():
            say("cleaned up")
        return leave(x)

    with pytest.raises(SystemExit):
        cleaning.start(3).result(timeout=LONG)
    assert said == ["cleaned up"]


def called_with(slow):
    @workflow
    def sub() -> int:
        return inc(slow.hang.ref(1))

    return sub()


STUCK = {
    "a coroutine": lambda slow: slow.hang.ref(1),
    "a thread": lambda slow: slow.slow(1),
    "what waits for another": lambda slow: inc(slow.hang.ref(1)),
    "items of a map": lambda slow: total(slow.hang.map([1, 2])),
    "a workflow": called_with,
}


@pytest.mark.covers("M26", "M84")
@pytest.mark.parametrize("work", STUCK)
def test_an_always_is_done_after_a_cancel(slow, said, say, work):
    @workflow
    def cleaning() -> int:
        with always():
            say("cleaned up")
        return STUCK[work](slow)

    run = cleaning.start()
    slow.await_it()
    assert run.cancel("enough")
    with pytest.raises(RunCancelled, match="enough"):
        run.result(timeout=LONG)
    assert said == ["cleaned up"]
    assert run.status is RunStatus.CANCELLED


async def test_an_always_is_done_if_the_task_that_awaits_the_run_is_cancelled(slow, said, say):
    @workflow
    def cleaning() -> int:
        with always():
            say("cleaned up")
        return slow.hang.ref(1)

    run = cleaning.start()
    task = asyncio.ensure_future(awaiting(run))
    async for event in run.events():
        if isinstance(event, events.StepStarted):
            task.cancel()
            break
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(RunCancelled):
        await run
    assert said == ["cleaned up"]


async def awaiting(run):
    return await run


def test_an_always_is_done_after_a_cancel_while_a_retry_is_waited_for(said, say):
    @step(retries=Retry(max_attempts=2, backoff=[3600.0]))
    def stubborn(x: int) -> int:
        raise OSError(x)

    @workflow
    def cleaning() -> int:
        with always():
            say("cleaned up")
        return stubborn(1)

    run = cleaning.start()
    wait_for(run, events.StepRetrying, "stubborn")
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(timeout=LONG)
    assert said == ["cleaned up"]


def test_an_always_is_done_after_a_cancel_while_the_body_asks_for_a_result(slow, said, say):
    @workflow
    def cleaning() -> int:
        with always():
            say("cleaned up")
        return inc(result_of(slow.hang.ref(1)))

    run = cleaning.start()
    slow.await_it()
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(timeout=LONG)
    assert said == ["cleaned up"]


def test_an_always_begins_once_a_coroutine_that_was_cancelled_has_tidied_up(slow, said, say):
    @step
    async def tidy() -> int:
        try:
            return await slow.hang(1)
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            said.append("tidied")

    @workflow
    def cleaning() -> int:
        with always():
            say("cleaned up")
        return tidy.ref()

    run = cleaning.start()
    slow.await_it()
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(timeout=LONG)
    assert said == ["tidied", "cleaned up"]


@pytest.mark.parametrize("work", [inc, boom], ids=["success", "failure"])
def test_a_cancel_during_the_cleanup_changes_nothing(slow, said, say, work):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            say(slow.slow(1))
            say("cleaned up")
        return work(x)

    run = cleaning.start(1)
    slow.await_it()
    assert not run.cancel("too late")
    slow.let_go()
    if work is inc:
        assert run.result(timeout=LONG) == 2
    else:
        with pytest.raises(ValueError, match="no 1"):
            run.result(timeout=LONG)
    assert said == [1, "cleaned up"]
    assert slow.told == [False]


def test_a_second_cancel_doesnt_stop_the_cleanup_after_the_first(slow, said, say):
    begun, go_on = threading.Event(), threading.Event()

    @step
    def clean_up() -> None:
        begun.set()
        assert go_on.wait(LONG)
        said.append(current().cancelled)

    @workflow
    def cleaning() -> int:
        with always():
            clean_up()
            say("cleaned up")
        return slow.hang.ref(1)

    run = cleaning.start()
    slow.await_it()
    assert run.cancel("first")
    assert begun.wait(LONG)
    assert not run.cancel("second")
    go_on.set()
    with pytest.raises(RunCancelled, match="first"):
        run.result(timeout=LONG)
    assert said == [False, "cleaned up"]


@pytest.mark.covers("M26")
def test_an_always_is_done_after_time_ran_out(beside, slow, said, say):
    @workflow
    def cleaning() -> int:
        with always():
            say("cleaned up")
        return slow.hang.with_options(total_timeout=SOON).ref(1)

    with pytest.raises(StepTimeout):
        beside(cleaning)
    assert said == ["cleaned up"]


def test_a_step_of_an_always_has_its_own_timeout(slow, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            discard(slow.hang.with_options(timeout=SOON).ref(1))
            say("cleaned up")
        return inc(x)

    run = cleaning.start(1)
    assert run.result(timeout=LONG) == 2
    assert ends(run)["hang"] == "timed_out"
    assert said == ["cleaned up"]


def test_an_always_is_not_done_if_the_text_never_came_to_its_place(said, say):
    @workflow
    def cleaning(x: int) -> int:
        say(boom(x))
        with always():
            say("cleaned up")
        return inc(x)

    run = cleaning.start(1)
    with pytest.raises(ValueError, match="no 1"):
        run.result(timeout=LONG)
    assert said == []
    assert ends(run)["say#2"] == "skipped"
    assert reasons(run)["say#2"] == "the text never came to its place"


def test_an_always_behind_a_result_that_was_asked_for_counts_from_there(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            say("first")
        found = result_of(boom(x) if x > 5 else inc(x))
        with always():
            say("second")
        return boom(found)

    with pytest.raises(ValueError, match="no 9"):
        result(cleaning, 9)
    assert said == ["first"]
    said.clear()
    with pytest.raises(ValueError, match="no 2"):
        result(cleaning, 1)
    assert sorted(said) == ["first", "second"]


def test_an_always_in_a_when_is_done_if_its_test_said_yes(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with when(x > 5):
            with always():
                say("cleaned up")
            say("work")
        return inc(x)

    assert result(cleaning, 1) == 2
    assert said == []
    assert result(cleaning, 9) == 10
    assert said == ["work", "cleaned up"]


def test_a_body_that_fails_after_it_asked_for_a_result_is_cleaned_up_after(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            say("cleaned up")
        if result_of(inc(x)):
            raise KeyError(x)
        return x

    with pytest.raises(KeyError):
        result(cleaning, 1)
    assert said == ["cleaned up"]


def test_a_body_that_fails_before_anything_ran_leaves_nothing_to_clean_up(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            say("cleaned up")
        discard(inc(x))
        raise KeyError(x)

    with pytest.raises(KeyError):
        result(cleaning, 1)
    assert said == []


@pytest.mark.covers("M26")
@pytest.mark.parametrize("fail_fast", [True, False])
def test_a_failure_of_an_always_changes_nothing_about_the_end(result, said, say, fail_fast):
    @workflow(fail_fast=fail_fast)
    def cleaning(x: int) -> int:
        with always():
            say("begun")
            discard(boom(x))
            say("cleaned up")
        return inc(x)

    assert result(cleaning, 1) == 2
    assert said == ["begun", "cleaned up"]


@pytest.mark.covers("M26")
def test_a_failure_of_an_always_leaves_the_failure_of_the_run_as_it_is(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            discard(boom(100))
            say("cleaned up")
        return boom(x)

    with pytest.raises(ValueError, match="no 1") as caught:
        result(cleaning, 1)
    assert str(caught.value) == "no 1"
    assert said == ["cleaned up"]


def test_a_failure_of_an_always_is_in_the_record_and_in_its_event():
    @workflow
    def cleaning(x: int) -> int:
        with always():
            discard(boom(100))
        return inc(x)

    run = cleaning.start(1)
    assert run.result(timeout=LONG) == 2
    assert run.status is RunStatus.SUCCEEDED
    record = next(record for record in run.steps if record.key == "boom")
    assert (record.status, str(record.error)) == ("failed", "no 100")
    assert [(event.key, str(event.error)) for event in told(run, events.StepFailed)] == [("boom", "no 100")]


def test_what_an_always_takes_that_never_came_doesnt_hold_up_what_is_behind_it():
    @workflow
    def cleaning(x: int) -> int:
        found = boom(x)
        with always():
            discard(inc(1))
            discard(inc(found))
            discard(inc(3))
        return inc(found)

    run = cleaning.start(1)
    with pytest.raises(ValueError, match="no 1"):
        run.result(timeout=LONG)
    assert ends(run) == {
        "boom": "failed",
        "inc": "succeeded",
        "inc#2": "blocked",
        "inc#3": "succeeded",
        "inc#4": "blocked",
    }


def test_an_always_may_take_what_the_body_made(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        made = inc(x)
        with always():
            say(made)
        return boom(made)

    with pytest.raises(ValueError, match="no 2"):
        result(cleaning, 1)
    assert said == [2]


def test_an_outcome_that_an_always_takes_handles_the_failure(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        found = boom(x)
        with always():
            say(how(outcome(found)))
        return inc(found)

    with pytest.raises(Skipped, match="`boom` failed") as caught:
        result(cleaning, 1)
    assert isinstance(caught.value.__cause__, ValueError)
    assert said == ["failed: no 1"]


@pytest.mark.covers("M26")
@pytest.mark.parametrize(("work", "text"), [(inc, "succeeded"), (never, "skipped")])
def test_an_always_sees_how_the_work_ended(result, said, say, work, text):
    @workflow
    def cleaning(x: int) -> int:
        found = work(x)
        with always():
            say(how(outcome(found)))
        return inc(x)

    assert result(cleaning, 1) == 2
    assert said == [text]


def test_an_always_sees_that_the_work_was_cancelled(slow, said, say):
    @workflow
    def cleaning() -> int:
        found = slow.hang.ref(1)
        with always():
            say(how(outcome(found)))
        return found

    run = cleaning.start()
    slow.await_it()
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(timeout=LONG)
    assert said == ["cancelled"]


def test_several_always_dont_wait_for_one_another(beside):
    meet = threading.Barrier(2, timeout=LONG)

    @step
    def together() -> None:
        meet.wait()

    @workflow
    def cleaning(x: int) -> int:
        with always():
            together()
        with always():
            together()
        return inc(x)

    assert beside(cleaning, 1) == 2


def test_of_several_always_each_is_done_whatever_becomes_of_the_others(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            discard(boom(100))
            say("first")
        with always():
            say("second")
        return boom(x)

    with pytest.raises(ValueError, match="no 1") as caught:
        result(cleaning, 1)
    assert str(caught.value) == "no 1"
    assert sorted(said) == ["first", "second"]


def test_other_blocks_stand_in_an_always(result, said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            with when(x > 5):
                say("large")
            with otherwise():
                say("small")
            with phase("sweep"):
                say(total(inc.map([1, 2])))
            say(cond(x > 5, lambda: "yes", lambda: "no"))
        return inc(x)

    assert result(cleaning, 1) == 2
    assert said == ["small", 5, "no"]


@workflow
def asking(x: int) -> int:
    return inc(result_of(inc(x)))


@workflow
async def submitting(x: int) -> int:
    return await inc.submit(await inc.submit(x))


def failing_once():
    tries = []

    @step(retries=Retry(max_attempts=2, backoff=[0.0]))
    def stubborn() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return 1

    return stubborn()


CLEANING = {
    "sleep": lambda: sleep(SOON),
    "repeat": lambda: repeat(inc, 1, until=lambda x: x > 3),
    "poll": lambda: poll(inc, 1, until=lambda x: True, every=1),
    "first": lambda: first(boom(1), inc(1)),
    "map": lambda: total(inc.map(numbers(3))),
    "tolerant map": lambda: boom.map_outcomes(numbers(2)),
    "workflow that asks": lambda: asking(1),
    "live body": lambda: submitting.ref(1),
    "retries": failing_once,
}


@pytest.mark.parametrize("what", CLEANING)
@pytest.mark.parametrize("end", ["success", "failure", "cancel"])
def test_whatever_cleaning_up_takes_is_done_to_its_end(slow, said, say, what, end):
    @workflow
    def cleaning() -> int:
        with always():
            discard(CLEANING[what]())
            say("cleaned up")
        return {"success": inc, "failure": boom, "cancel": slow.hang.ref}[end](1)

    run = cleaning.start()
    if end == "cancel":
        slow.await_it()
        run.cancel()
    assert run.wait(timeout=LONG)
    assert said == ["cleaned up"]
    assert run.status == {"success": "succeeded", "failure": "failed", "cancel": "cancelled"}[end]
    assert {record.status for record in run.steps if record.key.startswith("say")} == {"succeeded"}


def test_somebody_may_have_to_decide_about_the_cleanup(said, say):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            with when(gate("throw it away?", on_reject="return").approved):
                say("thrown away")
            with otherwise():
                say("kept")
        return boom(x)

    run = cleaning.start(1)
    wait_for(run, events.GateOpened, "gate")
    assert said == []
    run.reject()
    with pytest.raises(ValueError, match="no 1"):
        run.result(timeout=LONG)
    assert said == ["kept"]


def test_an_always_of_a_workflow_that_is_called_is_done_before_its_value_is_there(result, said, say):
    @workflow
    def sub(x: int) -> int:
        with always():
            say("sub cleaned up")
        return inc(x)

    @workflow
    def cleaning(x: int) -> int:
        with always():
            say("cleaned up")
        found = sub(x)
        say(found)
        return found

    assert result(cleaning, 1) == 2
    assert said == ["sub cleaned up", 2, "cleaned up"]


def test_an_always_of_a_workflow_that_is_called_is_done_after_its_failure(result, said, say):
    @workflow
    def sub(x: int) -> int:
        with always():
            say("sub cleaned up")
        return boom(x)

    @workflow
    def cleaning(x: int) -> str:
        with always():
            say("cleaned up")
        end = how(outcome(sub(x)))
        say(end)
        return end

    assert result(cleaning, 1) == "failed: no 1"
    assert said == ["sub cleaned up", "failed: no 1", "cleaned up"]


@pytest.mark.parametrize("end", ["cancel", "failure beside it", "failure in it", "lost race"])
def test_a_body_is_cleaned_up_after_once_those_it_called_have_cleaned_up(slow, said, say, end):
    begun, go_on = threading.Event(), threading.Event()

    @step
    def clean_up() -> None:
        begun.set()
        assert go_on.wait(LONG)
        said.append("sub cleaned up")

    @workflow
    def sub(x: int) -> int:
        with always():
            clean_up()
        return boom(x) if end == "failure in it" else slow.hang.ref(x)

    @workflow
    def cleaning() -> list[int]:
        with always():
            say("cleaned up")
        if end == "lost race":
            return [race(sub(1), slow.quick(2))]
        return [sub(1), boom(slow.quick(2)) if end == "failure beside it" else inc(1)]

    run = cleaning.start()
    if end == "cancel":
        slow.await_it()
        run.cancel()
    assert begun.wait(LONG)
    assert said == []
    go_on.set()
    assert run.wait(timeout=LONG)
    assert said == ["sub cleaned up", "cleaned up"]


def test_a_workflow_that_is_called_in_an_always_is_done_as_a_whole(result, said, say):
    @workflow
    def sweep(x: int) -> int:
        with always():
            say("broom put away")
        say("swept")
        return boom(x)

    @workflow
    def cleaning(x: int) -> int:
        with always():
            discard(sweep(x))
            say("cleaned up")
        return inc(x)

    assert result(cleaning, 1) == 2
    assert said == ["swept", "broom put away", "cleaned up"]


def test_each_workflow_of_a_map_cleans_up_after_itself(result, said, say):
    @workflow
    def sub(x: int) -> int:
        with always():
            say(x)
        return inc(x)

    @workflow
    def cleaning(count: int) -> list[int]:
        return sub.map(numbers(count))

    assert result(cleaning, 3) == [1, 2, 3]
    assert sorted(said) == [0, 1, 2]


@pytest.mark.parametrize("work", [inc, boom], ids=["success", "failure"])
@pytest.mark.parametrize("word", ["race", "scope"])
def test_what_is_stopped_in_an_always_is_stopped(slow, said, say, word, work):
    @workflow
    def cleaning(x: int) -> int:
        with always():
            if word == "race":
                say(race(slow.hang.ref(1), slow.quick(2)))
            else:
                with scope() as part:
                    running = slow.hang.ref(1)
                part.cancel(after=slow.quick(2))
                say(how(outcome(running)))
        return work(x)

    run = cleaning.start(1)
    assert run.wait(timeout=LONG)
    assert said == [2 if word == "race" else "cancelled"]


@pytest.mark.parametrize("end", ["cancel", "failure beside it"])
def test_a_body_is_cleaned_up_after_once_the_items_of_a_map_have_cleaned_up(slow, said, say, end):
    outer = threading.Event()

    @step
    def clean_up() -> None:
        outer.wait(SOON)  # it isn't set, unless that runs too early
        said.append("sub cleaned up")

    @step
    def clean_up_outer() -> None:
        said.append("cleaned up")
        outer.set()

    @workflow
    def sub(x: int) -> int:
        with always():
            clean_up()
        return slow.hang.ref(x)

    @workflow
    def cleaning() -> list[object]:
        with always():
            clean_up_outer()
        return [sub.map([1]), boom(slow.quick(2)) if end == "failure beside it" else inc(1)]

    run = cleaning.start()
    if end == "cancel":
        slow.await_it()
        run.cancel()
    assert run.wait(timeout=LONG)
    assert said == ["sub cleaned up", "cleaned up"]


def test_an_always_in_a_scope_is_done_though_the_scope_is_stopped(slow, said, say):
    @workflow
    def scoped() -> object:
        with scope() as part:
            with always():
                say("cleaned up")
            running = slow.hang.ref(1)
        part.cancel(after=slow.quick(2))
        return outcome(running)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert said == ["cleaned up"]


# -- scope -------------------------------------------------------------------------------------------------------------


def test_a_scope_that_nobody_cancels_is_like_any_text(result, said, say):
    @workflow
    def scoped(x: int) -> int:
        say("before")
        with scope("work"):
            found = inc(x)
            say(found)
        say("behind")
        return found

    assert result(scoped, 1) == 2
    assert said == ["before", 2, "behind"]


def test_a_cancel_of_a_scope_stops_what_runs_and_what_hasnt_begun(slow):
    @workflow
    def scoped() -> list[object]:
        with scope() as work:
            running = slow.slow(1)
            pending = inc(running)
            ended = inc(1)
        work.cancel(after=slow.quick(ended))
        return [outcome(running), outcome(pending), ended]

    run = scoped.start()
    running, pending, ended = run.result(timeout=LONG)
    assert (running.status, pending.status, ended) == ("cancelled", "cancelled", 2)
    assert running.reason == "its scope was cancelled"
    assert ends(run) == {"slow": "cancelled", "inc": "cancelled", "inc#2": "succeeded", "quick": "succeeded"}
    assert reasons(run) == dict.fromkeys(["slow", "inc"], "its scope was cancelled")
    assert run.status is RunStatus.SUCCEEDED


def test_a_thread_in_a_scope_is_told_and_left_behind_and_the_user_isnt_blamed(slow):
    @workflow
    def scoped() -> object:
        with scope() as work:
            running = slow.slow(1)
        work.cancel(after=slow.quick(2))
        return outcome(running)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    slow.let_go(1)
    assert slow.told == [True]
    assert [(event.key, event.reason) for event in told(run, events.StepAbandoned)] == [("slow", "parent")]


def test_a_thread_in_a_workflow_in_a_scope_is_left_behind_for_the_same_reason(slow):
    @workflow
    def sub(x: int) -> int:
        return slow.slow(x)

    @workflow
    def scoped() -> object:
        with scope() as work:
            running = sub(1)
        work.cancel(after=slow.quick(2))
        return outcome(running)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert [event.reason for event in told(run, events.StepAbandoned)] == ["parent"]


def test_a_coroutine_in_a_scope_is_cancelled(beside, slow):
    stopped = []

    @step
    async def watch(x: int) -> int:
        try:
            return await slow.hang(x)
        finally:
            stopped.append(x)

    @workflow
    def scoped() -> str:
        with scope() as work:
            running = watch.ref(1)
        work.cancel(after=slow.quick(2))
        return how(outcome(running))

    assert beside(scoped) == "cancelled"
    assert stopped == [1]


def test_a_thread_in_a_scope_is_left_behind_by_a_call_too(beside, slow):
    @workflow
    def scoped() -> str:
        with scope() as work:
            running = slow.slow(1)
        work.cancel(after=slow.quick(2))
        return how(outcome(running))

    assert beside(scoped) == "cancelled"


def test_items_of_a_map_in_a_scope_are_stopped_with_it():
    slow = Slow(parties=2)

    @workflow
    def scoped() -> object:
        with scope() as work:
            items = slow.slow.map([1, 2])
        work.cancel(after=slow.quick(2))
        return outcome(total(items))

    run = scoped.start()
    end = run.result(timeout=LONG)
    slow.let_go(2)
    assert (end.status, end.reason) == ("skipped", "`slow` was cancelled")
    assert {ends(run)[key] for key in ("slow", "slow[0]", "slow[1]")} == {"cancelled"}


def test_a_workflow_in_a_scope_is_stopped_and_cleans_up(beside, slow, said, say):
    @workflow
    def sub(x: int) -> int:
        with always():
            say("cleaned up")
        return inc(slow.hang.ref(x))

    @workflow
    def scoped() -> str:
        with scope() as work:
            running = sub(1)
        work.cancel(after=slow.quick(2))
        return how(outcome(running))

    assert beside(scoped) == "cancelled"
    assert said == ["cleaned up"]


def test_what_waits_for_its_retry_in_a_scope_is_stopped():
    failed = threading.Event()

    @step(retries=Retry(max_attempts=2, backoff=[3600.0]))
    def stubborn(x: int) -> int:
        failed.set()
        raise OSError(x)

    @step
    def quick(x: int) -> int:
        assert failed.wait(LONG)
        return x

    @workflow
    def scoped() -> object:
        with scope() as work:
            running = stubborn(1)
        work.cancel(after=quick(2))
        return outcome(running)

    assert scoped.start().result(timeout=LONG).status == "cancelled"


def test_what_needs_what_was_stopped_is_skipped_and_what_only_comes_after_it_goes_on(beside, slow, said, say):
    @workflow
    def scoped() -> str:
        with scope() as work:
            running = slow.hang.ref(1)
        work.cancel(after=slow.quick(2))
        needs = inc(running)
        say(needs)
        say("behind")
        return how(outcome(needs))

    assert beside(scoped) == "skipped"
    assert said == ["behind"]


def test_what_was_stopped_and_is_returned_has_no_value(beside, slow):
    @workflow
    def scoped() -> int:
        with scope() as work:
            running = slow.hang.ref(1)
        work.cancel(after=slow.quick(2))
        return running

    with pytest.raises(Skipped, match="its scope was cancelled"):
        beside(scoped)


def test_what_only_a_scope_needed_is_stopped_with_it(slow):
    @workflow
    def scoped() -> object:
        upstream = slow.slow(1)
        with scope() as work:
            found = inc(upstream)
        work.cancel(after=slow.quick(2))
        return outcome(found)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert ends(run) == {"slow": "cancelled", "inc": "cancelled", "quick": "succeeded"}


THROUGH = {
    "a first": lambda slow: first(slow.slow(1), slow.slow(2)),
    "a race": lambda slow: race(slow.slow(1), slow.slow(2)),
    "an outcome": lambda slow: outcome(slow.slow(1)),
    "a cond": lambda slow: cond(slow.slow(1), lambda: 1, lambda: 2),
    "a list": lambda slow: [slow.slow(1), slow.slow(2)],
    "a map": lambda slow: slow.slow.map([1, 2]),
    "a chain": lambda slow: inc.map(slow.slow.map([1, 2])),
}


@pytest.mark.parametrize("through", THROUGH)
def test_what_only_a_scope_needed_is_stopped_whatever_it_came_through(slow, through):
    @step
    def any_kind(x: object) -> int:
        return 1

    @workflow
    def scoped() -> object:
        upstream = THROUGH[through](slow)
        with scope() as work:
            found = any_kind(upstream)
        work.cancel(after=slow.quick(2))
        return outcome(found)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert {status for key, status in ends(run).items() if key.startswith("slow")} == {"cancelled"}


NEEDING = {
    "as a value": lambda upstream, quick: inc(upstream),
    "returned": lambda upstream, quick: upstream,
    "as an outcome": lambda upstream, quick: how(outcome(upstream)),
    "by name": lambda upstream, quick: add.with_options(depends_on=[upstream])(quick, 1),
    "as one of several": lambda upstream, quick: first(boom(1), upstream),
    "as a test": lambda upstream, quick: cond(upstream, lambda: 1, lambda: 0),
    "in a list for a map": lambda upstream, quick: add.map([upstream], ones(quick)),
}


@step
def ones(x: int) -> list[int]:
    return [1]


@pytest.mark.parametrize("needed", NEEDING)
def test_what_somebody_else_needs_of_it_goes_on(slow, needed):
    @workflow
    def scoped() -> list[object]:
        upstream = slow.slow(1)
        with scope() as work:
            inside = add(upstream, slow.hang.ref(1))
        quick = slow.quick(2)
        work.cancel(after=quick)
        return [outcome(inside), NEEDING[needed](upstream, quick)]

    run = scoped.start()
    wait_for(run, events.StepCancelled, "hang")
    slow.let_go()
    inside, other = run.result(timeout=LONG)
    assert inside.status == "cancelled"
    expected = {"as a value": 2, "as an outcome": "succeeded", "by name": 3, "in a list for a map": [2]}
    assert other == expected.get(needed, 1)
    assert ends(run)["slow"] == "succeeded"


def test_what_a_body_that_goes_on_may_yet_need_is_kept(slow):
    @workflow
    def scoped() -> list[object]:
        upstream = slow.slow(1)
        with scope() as work:
            inside = add(upstream, slow.hang.ref(1))
        quick = slow.quick(2)
        work.cancel(after=quick)
        asked = result_of(quick)
        return [outcome(inside), add(asked, upstream)]

    run = scoped.start()
    wait_for(run, events.StepCancelled, "hang")
    slow.let_go()
    inside, other = run.result(timeout=LONG)
    assert (inside.status, other) == ("cancelled", 3)


def test_an_effect_before_a_scope_is_never_stopped_with_it(slow, said):
    @step(effect=True)
    def pay(x: int) -> int:
        said.append(x)
        return x

    @workflow
    def scoped() -> object:
        paid = pay(1)
        with scope() as work:
            running = slow.slow(paid)
        work.cancel(after=slow.quick(2))
        return outcome(running)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert ends(run) == {"pay": "succeeded", "slow": "cancelled", "quick": "succeeded"}


def test_a_scope_with_effects_is_stopped_from_beside_it(beside, slow, said, say):
    """It keeps its place, so both stand in a `concurrent` block."""

    @workflow
    def scoped() -> None:
        say("before")
        with concurrent():
            with scope() as work:
                running = slow.hang.ref(1)
                say(running)
            work.cancel(after=slow.quick(2))
        say("behind")

    beside(scoped)
    assert said == ["before", "behind"]


def test_a_scope_with_an_effect_is_stopped_by_what_is_written_before_it(result, said, say):
    @workflow
    def scoped(x: int) -> None:
        decided = inc(x)
        with scope() as work:
            say("in it")
        work.cancel(after=decided)
        say("behind")

    result(scoped, 1)
    assert said == ["behind"]


def test_a_when_may_decide_about_a_scope(beside, slow):
    @workflow
    def scoped() -> str:
        with scope() as work:
            running = slow.hang.ref(1)
        with when(is_large(slow.quick(9))):
            work.cancel()
        return how(outcome(running))

    assert beside(scoped) == "cancelled"


def test_a_when_that_says_no_stops_no_scope(result):
    @workflow
    def scoped(x: int) -> int:
        large = is_large(x)
        with scope() as work:
            found = inc(x)
        with when(large):
            work.cancel()
        return found

    assert result(scoped, 1) == 2


def test_an_otherwise_may_decide_about_a_scope(beside, slow):
    @workflow
    def scoped() -> str:
        with scope() as work:
            running = slow.hang.ref(1)
        with when(is_large(slow.quick(1))):
            discard(inc(1))
        with otherwise():
            work.cancel()
        return how(outcome(running))

    assert beside(scoped) == "cancelled"


def test_a_cancel_after_something_in_a_when_that_said_no_stops_nothing(result):
    @workflow
    def scoped(x: int) -> int:
        with scope() as work:
            found = inc(x)
        with when(is_large(x)):
            work.cancel(after=inc(x))
        return found

    assert result(scoped, 1) == 2


def test_a_scope_whose_trigger_fails_or_is_skipped_is_not_stopped(result):
    @workflow
    def scoped(x: int) -> list[int]:
        with scope() as one:
            first_found = inc(x)
        one.cancel(after=boom.with_options(on_failure="skip")(x))
        with scope() as two:
            second_found = inc(x)
        two.cancel(after=never(x))
        return [first_found, second_found]

    assert result(scoped, 1) == [2, 2]


def test_an_outcome_stops_a_scope_whatever_came_of_it(beside, slow):
    @workflow
    def scoped() -> str:
        with scope() as work:
            running = slow.hang.ref(1)
        work.cancel(after=outcome(boom(slow.quick(1))))
        return how(outcome(running))

    assert beside(scoped) == "cancelled"


def test_a_scope_that_has_ended_is_not_changed_by_its_cancel(result):
    @workflow
    def scoped(x: int) -> int:
        with scope() as work:
            found = inc(x)
        work.cancel(after=inc(found))
        return found

    assert result(scoped, 1) == 2


def test_a_scope_may_be_stopped_from_within_by_what_is_in_it(slow):
    @workflow
    def scoped() -> object:
        with scope() as work:
            running = slow.slow(1)
            work.cancel(after=slow.quick(2))
        return outcome(running)

    assert scoped.start().result(timeout=LONG).status == "cancelled"


def test_scopes_nest_and_the_inner_one_is_stopped_with_the_outer_one(slow):
    @workflow
    def scoped() -> list[object]:
        with scope() as outer:
            with scope() as inner:
                one = slow.slow(1)
            two = slow.hang.ref(1)
        inner.cancel(after=slow.quick(1))
        outer.cancel(after=outcome(one))
        return [outcome(one), outcome(two)]

    run = scoped.start()
    assert [end.status for end in run.result(timeout=LONG)] == ["cancelled", "cancelled"]


def test_an_inner_scope_that_is_stopped_leaves_the_outer_one_alone(slow):
    @workflow
    def scoped() -> list[object]:
        with scope("outer"):
            with scope("inner") as inner:
                one = slow.slow(1)
            two = inc(1)
        inner.cancel(after=slow.quick(1))
        return [outcome(one), two, how(outcome(one))]

    end, two, text = scoped.start().result(timeout=LONG)
    assert (end.status, two, text) == ("cancelled", 2, "cancelled")


def test_two_scopes_are_stopped_each_by_its_own():
    one, two = Slow(), Slow()

    @workflow
    def scoped() -> list[object]:
        with scope() as left:
            a = one.slow(1)
        with scope() as right:
            b = two.slow(2)
        left.cancel(after=one.quick(1))
        right.cancel(after=never(1))
        return [outcome(a), b]

    run = scoped.start()
    wait_for(run, events.StepCancelled, "slow")
    one.let_go()
    two.let_go()
    a, b = run.result(timeout=LONG)
    assert (a.status, b) == ("cancelled", 2)


def test_a_failure_in_a_scope_that_is_stopped_is_nobodys(slow):
    @step
    async def bad_loser(x: int) -> int:
        try:
            return await slow.hang(x)
        except asyncio.CancelledError:
            raise ValueError(x) from None

    @workflow
    def scoped() -> object:
        with scope() as work:
            running = bad_loser.ref(1)
        work.cancel(after=slow.quick(2))
        return outcome(running)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert run.status is RunStatus.SUCCEEDED


def test_a_scope_may_be_stopped_by_what_is_written_after_a_result_was_asked_for(beside, slow):
    @workflow
    def scoped() -> str:
        with scope() as work:
            running = slow.hang.ref(1)
        if result_of(slow.quick(2)) == 2:
            work.cancel(after=inc(1))
        return how(outcome(running))

    assert beside(scoped) == "cancelled"


def living(slow):
    @workflow
    async def live_body(x: int) -> int:
        return await slow.hang.submit(await inc.submit(x))

    return live_body.ref(1)


WAITING = {
    "a gate": lambda slow: gate("sure?"),
    "a sleep": lambda slow: sleep("1h"),
    "a signal": lambda slow: Signal[int]("paid").wait(),
    "a poll": lambda slow: poll(inc, 1, until=lambda x: False, every="1h"),
    "a repeat": lambda slow: repeat(lambda x: slow.hang.ref(x), 1, until=lambda x: False),  # noqa: PLW0108
    "a live body": living,
}


@pytest.mark.parametrize("waiting", WAITING)
def test_what_waits_in_a_scope_is_stopped(slow, waiting):
    @workflow
    def scoped() -> object:
        with concurrent():
            with scope() as work:
                running = WAITING[waiting](slow)
            work.cancel(after=slow.quick(1) if waiting in ("a repeat", "a live body") else inc(1))
        return outcome(running)

    run = scoped.start()
    assert run.result(timeout=LONG).status == "cancelled"
    assert run.status is RunStatus.SUCCEEDED


def test_a_result_may_be_asked_for_in_a_scope(beside, slow):
    @workflow
    def scoped() -> list[object]:
        with scope() as work:
            one = slow.hang.ref(1)
            two = inc(slow.hang.ref(result_of(slow.quick(2))))
        work.cancel(after=slow.quick(3))
        return [how(outcome(one)), how(outcome(two))]

    assert beside(scoped) == ["cancelled", "cancelled"]


def misused(body):
    """A workflow that does something with a scope that it is no use for."""

    @workflow
    def odd(x: int) -> int:
        body(x)
        return inc(x)

    return odd


def never_opened(x):
    scope().cancel(after=inc(x))


def opened_twice(x):
    work = scope()
    with work:
        discard(inc(x))
    with work:
        discard(inc(x))


def opened_in_itself(x):
    with scope() as work, work:
        discard(inc(x))


def at_once(x):
    with scope() as work:
        discard(inc(x))
    work.cancel()


def in_an_always(x):
    with scope() as work:
        discard(inc(x))
    with always():
        work.cancel()


def after(what):
    def cancelling(x):
        with scope() as work:
            discard(inc(x))
        work.cancel(after=what(x))

    return cancelling


MISUSE = {
    "never opened": (never_opened, "once it was opened"),
    "opened twice": (opened_twice, "a scope is one block"),
    "opened in itself": (opened_in_itself, "a scope is one block"),
    "at once": (at_once, r"say when: `cancel\(after=...\)`"),
    "in an always": (in_an_always, r"say when: `cancel\(after=...\)`"),
    "after a list": (after(lambda x: [inc(x)]), r"takes the result of a step as `after`, not \["),
    "after a step": (after(lambda x: inc), "takes the result of a step as `after`, not <step"),
    "after a value": (after(lambda x: x), "takes the result of a step as `after`, not 1"),
}


@pytest.mark.parametrize(("body", "message"), MISUSE.values(), ids=MISUSE)
def test_what_a_scope_is_no_use_for_is_refused(body, message):
    with pytest.raises(MisuseError, match=message):
        misused(body)(1)


def test_a_scope_of_another_body_is_refused():
    kept = []

    @workflow
    def one(x: int) -> int:
        with scope() as work:
            found = inc(x)
        kept.append(work)
        return found

    @workflow
    def other(x: int) -> int:
        kept[0].cancel(after=inc(x))
        return inc(x)

    assert one(1) == 2
    with pytest.raises(MisuseError, match="in the body that it is a block of"):
        other(1)
    with pytest.raises(MisuseError, match="is for the body of a workflow"):
        kept[0].cancel()


def test_a_scope_of_the_workflow_that_calls_is_refused():
    @workflow
    def sub(x: int, work: object) -> int:
        work.cancel(after=inc(x))
        return inc(x)

    @workflow
    def scoped(x: int) -> int:
        with scope() as work:
            found = inc(x)
        return add(found, sub(x, work))

    with pytest.raises(MisuseError, match="in the body that it is a block of"):
        scoped(1)


def test_what_a_scope_is_cancelled_after_may_not_be_of_another_build():
    kept = []

    @workflow
    def one(x: int) -> int:
        kept.append(inc(x))
        return kept[0]

    @workflow
    def scoped(x: int) -> int:
        with scope() as work:
            found = inc(x)
        work.cancel(after=kept[0])
        return found

    one(1)
    assert codes(scoped, 1) == ["FK305"]


@pytest.mark.parametrize("word", ["race", "scope"])
def test_what_only_an_item_of_a_known_map_needed_is_stopped(slow, word):
    @workflow
    def scoped() -> object:
        upstream = slow.slow(1)
        if word == "race":
            return race(total(inc.map([upstream])), slow.quick(slow.quick_after(2)))
        with scope() as part:
            found = total(inc.map([upstream]))
        part.cancel(after=slow.quick(slow.quick_after(2)))
        return outcome(found)

    collected = threading.Event()

    @step
    def quick_after(x: int) -> int:
        assert collected.wait(LONG)
        return x

    slow.quick_after = quick_after
    run = scoped.start()
    for event in run.events():
        if isinstance(event, events.ItemsCollected):
            collected.set()
            break
    assert run.wait(timeout=LONG)
    assert ends(run)["slow"] == "cancelled"


# -- one at a time -----------------------------------------------------------------------------------------------------


class Turns:
    """Steps that notice how many of them are under way at once."""

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0
        self.most = 0
        self.done = []
        self.elsewhere = threading.Event()

        @step
        def turn(x: int) -> int:
            """The first one waits for a step outside of the block, which is begun after all that could begin."""
            with self:
                assert self.elsewhere.wait(LONG)
                self.done.append(x)
            return x

        @step
        async def turn_async(x: int) -> int:
            with self:
                for _ in range(10):
                    await asyncio.sleep(0)
                self.done.append(x)
            return x

        @step
        def free(x: int) -> int:
            self.elsewhere.set()
            return x

        self.turn, self.turn_async, self.free = turn, turn_async, free

    def __enter__(self):
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)

    def __exit__(self, *exc):
        with self._lock:
            self._inside -= 1


@pytest.fixture
def turns():
    return Turns()


def test_what_takes_turns_is_never_done_two_at_once(beside, turns):
    @workflow
    def taking_turns() -> list[int]:
        with one_at_a_time():
            inside = [turns.turn(x) for x in range(4)]
        return [*inside, turns.free(4)]

    assert beside(taking_turns) == [0, 1, 2, 3, 4]
    assert turns.most == 1
    assert sorted(turns.done) == [0, 1, 2, 3]


def test_without_turns_the_same_steps_are_done_at_once():
    """So that the test above shows something."""
    meet = threading.Barrier(2, timeout=LONG)
    turns = Turns()

    @step
    def turn(x: int) -> int:
        with turns:
            meet.wait()
        return x

    @workflow
    def at_once() -> list[int]:
        with concurrent():
            return [turn(0), turn(1)]

    assert at_once.start().result(timeout=LONG) == [0, 1]
    assert turns.most == 2


def test_coroutines_take_turns_as_well(beside, turns):
    @workflow
    def taking_turns() -> list[int]:
        with one_at_a_time():
            return [turns.turn_async.ref(x) for x in range(4)]

    assert beside(taking_turns) == [0, 1, 2, 3]
    assert turns.most == 1


def test_turns_are_taken_inline_too(result, turns):
    @workflow
    def taking_turns() -> list[int]:
        free = turns.free(4)
        with one_at_a_time():
            return [turns.turn_async.ref(0), turns.turn(free), turns.turn_async.ref(2)]

    assert result(taking_turns) == [0, 4, 2]
    assert turns.most == 1


def test_whoever_is_ready_first_takes_the_first_turn(beside, said):
    ready = threading.Event()

    @step
    def late(x: int) -> int:
        assert ready.wait(LONG)
        return x

    @step
    def turn(x: int) -> int:
        said.append(x)
        ready.set()
        return x

    @workflow
    def taking_turns() -> list[int]:
        not_yet = late(1)
        with one_at_a_time():
            return [turn(not_yet), turn(2)]

    assert beside(taking_turns) == [1, 2]
    assert said == [2, 1]


def test_effects_in_turns_keep_the_place_of_the_block(result, said, say):
    @workflow
    def taking_turns() -> None:
        say("before")
        with one_at_a_time():
            say(1)
            say(2)
        say("behind")

    result(taking_turns)
    assert said[0] == "before"
    assert sorted(said[1:3]) == [1, 2]
    assert said[3] == "behind"


@pytest.mark.parametrize("kind", ["turn", "turn_async"])
def test_items_of_a_map_take_turns_each(beside, turns, kind):
    @workflow
    def taking_turns(count: int) -> list[int]:
        known = numbers(count)
        with one_at_a_time():
            inside = getattr(turns, kind).map(known)
        return [total(inside), turns.free(total(known))]

    assert beside(taking_turns, 4) == [6, 6]
    assert turns.most == 1


def test_a_workflow_takes_its_turn_as_a_whole(beside, turns):
    order = []

    @step
    async def part(x: int, name: str) -> int:
        order.append((x, name))
        await asyncio.sleep(0)
        return x

    @workflow
    def sub(x: int) -> int:
        one = part.ref(x, "begin")
        return part.ref(one, "end")

    @workflow
    def taking_turns(count: int) -> list[int]:
        with one_at_a_time():
            known = [sub(10), sub(11)]
            unknown = sub.map(numbers(count))
        return [*known, total(unknown)]

    assert beside(taking_turns, 3) == [10, 11, 3]
    wholes = [order[i : i + 2] for i in range(0, len(order), 2)]
    assert len(wholes) == 5
    for begin, end in wholes:
        assert (begin[1], end[1]) == ("begin", "end")
        assert begin[0] == end[0]


def test_each_workflow_has_turns_of_its_own(beside):
    """Two steps of one call never meet; those of two calls do."""
    meet = threading.Barrier(2, timeout=LONG)
    inside = {0: Turns(), 1: Turns()}

    @step
    def turn(x: int, part: int) -> int:
        with inside[x]:
            meet.wait()
        return x + part

    @workflow
    def sub(x: int) -> list[int]:
        with one_at_a_time():
            return [turn(x, 10), turn(x, 20)]

    @workflow
    def taking_turns(count: int) -> list[list[int]]:
        return sub.map(numbers(count))

    assert beside(taking_turns, 2) == [[10, 20], [11, 21]]
    assert [inside[x].most for x in (0, 1)] == [1, 1]


def test_two_blocks_dont_take_turns_with_each_other(beside):
    meet = threading.Barrier(2, timeout=LONG)

    @step
    def turn(x: int) -> int:
        meet.wait()
        return x

    @workflow
    def taking_turns() -> list[int]:
        with one_at_a_time():
            one = turn(1)
        with one_at_a_time():
            two = turn(2)
        return [one, two]

    assert beside(taking_turns) == [1, 2]


def test_a_result_may_be_asked_for_between_turns(beside, turns):
    @workflow
    def taking_turns() -> list[int]:
        free = turns.free(4)
        with one_at_a_time():
            one = turns.turn(free)
            asked = result_of(turns.turn(1))
            return [turns.turn_async.ref(asked), turns.turn_async.ref(one)]

    assert beside(taking_turns) == [1, 4]
    assert turns.most == 1


@pytest.mark.parametrize("end", ["failed", "skipped", "cancelled"])
def test_a_turn_is_given_back_however_it_ends(slow, end):
    @workflow
    def taking_turns() -> list[object]:
        with one_at_a_time():
            if end == "cancelled":
                with scope() as work:
                    one = slow.hang.ref(1)
            else:
                one = boom(1) if end == "failed" else never(1)
            two = inc(1)
        if end == "cancelled":
            work.cancel(after=slow.quick(1))
        return [outcome(one), two]

    one, two = taking_turns.start().result(timeout=LONG)
    assert (one.status, two) == (end, 2)


def test_who_waits_for_a_retry_lets_others_have_their_turn(turns):
    @step(retries=Retry(max_attempts=2, backoff=[3600.0]))
    def stubborn(x: int) -> int:
        assert turns.elsewhere.wait(LONG)
        raise OSError(x)

    @workflow
    def taking_turns() -> int:
        free = turns.free(4)
        with one_at_a_time():
            return race(stubborn(1), add(turns.turn(2), free))

    run = taking_turns.start()
    assert run.result(timeout=LONG) == 6
    assert ends(run)["stubborn"] == "cancelled"


# -- where they don't belong -------------------------------------------------------------------------------------------


INSTEAD = {
    "when": (lambda: when(True), "`if`"),
    "otherwise": (otherwise, "`else`"),
    "phase": (lambda: phase("one"), "`await`s"),
    "always": (always, "`finally`"),
    "scope": (scope, "`asyncio.timeout`"),
    "one_at_a_time": (one_at_a_time, "`asyncio.Lock`"),
    "in_order": (in_order, "`await`s"),
    "concurrent": (concurrent, "`await`s"),
}


@pytest.mark.parametrize(("word", "block", "instead"), [(word, *given) for word, given in INSTEAD.items()])
def test_in_a_live_body_python_has_its_own_blocks(word, block, instead):
    @workflow
    async def living(x: int) -> int:
        with block():
            return await inc.submit(x)

    with pytest.raises(MisuseError, match=f"`{word}` belongs into a `def` body; .*{instead}"):
        living.start(1).result(timeout=LONG)


@pytest.mark.parametrize(("word", "block", "instead"), [(word, *given) for word, given in INSTEAD.items()])
def test_outside_of_a_body_there_are_no_blocks(word, block, instead):
    @step
    def inside(x: int) -> int:
        with block():
            return x

    @workflow
    def calling() -> int:
        return inside(1)

    with pytest.raises(MisuseError, match=f"`{word}` is for the body of a workflow"), block():
        raise AssertionError(word)
    with pytest.raises(MisuseError, match=f"`{word}` is for the body of a workflow"):
        calling()


def test_what_failed_in_an_always_block_of_a_workflow_that_is_over_is_still_told_in_the_end():
    """What a called workflow wrote is forgotten once that has ended well; not so what has to be told."""

    @step
    def refuse() -> None:
        raise OSError("locked")

    @workflow
    def tidy(x: int) -> int:
        with always():
            refuse()
        return inc(x)

    @step
    def fail(x: int) -> int:
        raise ValueError(x)

    @workflow
    def work(x: int) -> int:
        return fail(tidy(inc(x)))

    with pytest.raises(ValueError, match="3") as caught:
        work(1)
    assert any("`tidy/refuse` failed while cleaning up" in note for note in caught.value.__notes__)
