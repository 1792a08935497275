"""Which spans a run makes, what they say, and how they hang together."""

from __future__ import annotations

import functools
import gc
import inspect
import threading
import weakref
from collections.abc import Iterator

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from flowkit import Engine, Outcome, Retry, Skipped, in_order, outcome, step, unmapped, workflow
from flowkit.engine.driver import Driver
from flowkit.telemetry.spans import NOTED

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def inc(x: int) -> int:
    return x + 1


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def total(xs: list[int]) -> int:
    return sum(xs)


@step
def odd(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


def never(*_args):
    return False


@workflow
def straight(x: int) -> int:
    return add(inc(x), inc(x))


@workflow
def mapped(n: int) -> int:
    return total(inc.map(range(n)))


# -- what there is ------------------------------------------------------------------------------------------------------


def call(flow, *args):
    return flow(*args)


def start(flow, *args):
    return flow.start(*args).result()


def observed(flow, *args):
    with Engine(observers=[lambda _event: None]):
        return flow(*args)


def inline(flow, *args):
    with Engine(executor="inline"):
        return flow(*args)


@pytest.mark.covers("M99")
@pytest.mark.parametrize("way", [call, start, observed, inline])
def test_a_run_is_a_span_and_each_of_its_steps_is_one_under_it(spans, way):
    assert way(straight, 1) == 4
    assert spans.tree() == [
        "run straight: succeeded",
        "  step inc: succeeded",
        "  step inc#2: succeeded",
        "  step add: succeeded",
    ]


@pytest.mark.parametrize("way", [call, start, observed, inline])
def test_the_items_of_a_map_are_under_a_span_of_the_map(spans, way):
    assert way(mapped, 3) == 6
    assert spans.tree() == [
        "run mapped: succeeded",
        "  map inc: succeeded",
        "    step inc[0]: succeeded",
        "    step inc[1]: succeeded",
        "    step inc[2]: succeeded",
        "  step total: succeeded",
    ]
    assert spans["map inc"].attributes["flowkit.map.items"] == 3


def test_a_map_over_nothing_has_a_span_too(spans):
    mapped(0)
    assert spans.tree() == ["run mapped: succeeded", "  map inc: succeeded", "  step total: succeeded"]


@workflow
def twice(x: int) -> int:
    return inc(inc(x))


@step
async def ainc(x: int) -> int:
    return x + 1


@workflow
async def live(x: int) -> int:
    return await twice.submit(await ainc(x))


@workflow
def nested(x: int) -> int:
    return live(twice(x))


@pytest.mark.parametrize("way", [call, start, observed, inline])
def test_a_workflow_in_a_body_is_a_span_with_its_steps_under_it(spans, way):
    assert way(nested, 0) == 5
    assert spans.tree() == [
        "run nested: succeeded",
        "  workflow twice: succeeded",
        "    step twice/inc: succeeded",
        "    step twice/inc#2: succeeded",
        "  workflow live: succeeded",
        "    step live/ainc: succeeded",
        "    workflow live/twice: succeeded",
        "      step live/twice/inc: succeeded",
        "      step live/twice/inc#2: succeeded",
    ]
    assert spans.links("workflow live") == ["workflow twice"]


def test_workflows_that_are_called_for_each_item_are_under_a_span_of_the_map(spans):
    @workflow
    def both() -> list[int]:
        return twice.map([1, 2])

    assert both() == [3, 4]
    assert spans.tree() == [
        "run both: succeeded",
        "  map twice: succeeded",
        *[
            line
            for i in (0, 1)
            for line in (
                f"    workflow twice[{i}]: succeeded",
                f"      step twice[{i}]/inc: succeeded",
                f"      step twice[{i}]/inc#2: succeeded",
            )
        ],
    ]


def test_what_a_live_body_does_itself_is_under_its_span(spans):
    @workflow
    async def inner() -> None:
        with trace.get_tracer("mine").start_as_current_span("my own"):
            await ainc(1)

    @workflow
    async def outer() -> None:
        await inner()

    outer.start().result(timeout=LONG)
    assert spans.tree() == [
        "run outer: succeeded",
        "  workflow inner: succeeded",
        "    my own",
        "    step inner/ainc: succeeded",
    ]


@pytest.mark.covers("M22")
def test_the_rounds_of_a_workflow_are_under_one_span(spans):
    @workflow
    def count(n: int, rounds: int) -> int:
        return count(inc(n), rounds - 1) if rounds else n

    @workflow
    def outer() -> int:
        return count(0, 3)

    assert outer() == 3
    assert spans.tree() == [
        "run outer: succeeded",
        "  workflow count: succeeded",
        *[f"    step count{at}/inc: succeeded" for at in ("", "@2", "@3")],
    ]


def test_every_span_says_of_which_run_and_which_step_it_is(spans):
    run = straight.start(1)
    run.result()
    assert {span.attributes["flowkit.run.id"] for span in spans} == {run.id}
    assert spans["run straight"].attributes["flowkit.workflow.name"] == f"{__name__}:straight"
    second = spans["step inc#2"]
    assert second.name == "step inc"
    assert second.attributes["flowkit.step.name"] == f"{__name__}:inc"
    assert {span.instrumentation_scope.name for span in spans} == {"flowkit"}


def test_spans_point_into_the_source(spans):
    """A run to its workflow, a step to the line that calls it; an item has its map for that."""

    @workflow
    def placed(x: int) -> int:
        y = inc(
            x,
        )
        return total(inc.map([1, y]))

    placed(1)
    first = inspect.getsourcelines(placed)[1]
    where = {spans.title(span): span.attributes.get("code.line.number") for span in spans}
    assert where == {
        "run placed": first,
        "step inc": first + 2,
        "map inc#2": first + 5,
        "step inc#2[0]": None,
        "step inc#2[1]": None,
        "step total": first + 5,
    }
    assert spans["run placed"].attributes["code.function.name"] == f"{__name__}.{placed.__qualname__}"
    assert {span.attributes.get("code.file.path") for span in spans} == {__file__, None}


def test_a_workflow_that_is_no_function_points_nowhere(spans):
    def plus(x: int, y: int) -> int:
        return add(x, y)

    assert workflow(functools.partial(plus, 1))(2) == 3
    [run] = [span for span in spans if span.parent is None]
    assert "code.file.path" not in run.attributes


def test_the_run_counts_how_its_steps_ended(spans):
    @workflow(fail_fast=False)
    def several() -> list[int]:
        return [inc.with_options(run_if=never)(1), inc(odd(2)), inc(1), inc(2)]

    with pytest.raises(ExceptionGroup):
        several()
    counts = {name: value for name, value in spans["run several"].attributes.items() if ".steps." in name}
    assert counts == {
        "flowkit.steps.succeeded": 2,
        "flowkit.steps.failed": 1,
        "flowkit.steps.skipped": 1,
        "flowkit.steps.blocked": 1,
    }


def test_the_length_of_a_run_covers_its_steps(spans):
    straight(1)
    run, *steps = sorted(spans, key=lambda span: span.start_time)
    assert run.name == "run straight"
    assert all(run.start_time <= one.start_time <= one.end_time <= run.end_time for one in steps)


# -- links --------------------------------------------------------------------------------------------------------------


def test_a_step_links_to_what_it_takes_its_values_from(spans):
    @workflow
    def diamond(x: int) -> int:
        a = inc(x)
        return add(add(a, a), b=inc(a))

    diamond(1)
    assert spans.links("step inc") == []
    assert spans.links("step inc#2") == ["step inc"]
    assert spans.links("step add") == ["step inc"]
    assert spans.links("step add#2") == ["step add", "step inc#2"]


def test_values_inside_lists_and_parts_of_values_are_linked_as_well(spans):
    @attrs.frozen
    class Pair:
        left: int
        right: int

    @step
    def pair(x: int) -> Pair:
        return Pair(x, x)

    @workflow
    def parts(x: int) -> int:
        return total([inc(x), pair(x).left])

    parts(1)
    assert spans.links("step total") == ["step inc", "step pair"]


def test_order_without_data_is_no_link(spans):
    @step
    def note(x: int) -> None:
        pass

    @workflow
    def ordered() -> None:
        with in_order():
            note(1)
            note(2)

    ordered()
    assert spans.links("step note#2") == []


def test_whoever_takes_a_list_links_to_the_map_and_not_to_its_items(spans):
    mapped(3)
    assert spans.links("step total") == ["map inc"]


def test_a_map_links_to_where_its_list_is_from(spans):
    @step
    def numbers(n: int) -> list[int]:
        return list(range(n))

    @workflow
    def listed(n: int) -> list[int]:
        return add.map(numbers(n), unmapped(inc(1)))

    listed(2)
    assert sorted(spans.links("map add")) == ["step inc", "step numbers"]
    assert spans.links("step add[0]") == []


def test_items_link_to_the_items_that_they_go_on_from(spans):
    @workflow
    def chained(x: int) -> list[int]:
        return inc.map(inc.map([inc(x), 5]))

    chained(1)
    assert spans.links("step inc#3[0]") == ["step inc#2[0]"]
    assert spans.links("step inc#3[1]") == ["step inc#2[1]"]
    assert spans.links("step inc#2[0]") == ["step inc"]
    assert spans.links("step inc#2[1]") == []


def test_an_outcome_links_to_the_step_whose_it_is(spans):
    @step
    def look(x: Outcome[int]) -> str:
        return x.status

    @workflow
    def looking(x: int) -> str:
        return look(outcome(odd(x)))

    assert looking(2) == "failed"
    assert spans.links("step look") == ["step odd"]


# -- failures -----------------------------------------------------------------------------------------------------------


def test_a_failure_is_on_the_step_and_on_the_run(spans):
    with pytest.raises(ValueError, match="2 is even"):
        inc_of_odd(2)
    for name in ("step odd", "run inc_of_odd"):
        span = spans[name]
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "ValueError: 2 is even"
        assert span.attributes["error.type"] == "ValueError"
        assert span.attributes["flowkit.status"] == "failed"
        [recorded] = [event for event in span.events if event.name == "exception"]
        assert recorded.attributes["exception.type"] == "ValueError"
    assert spans["step odd"].attributes["flowkit.handled"] is False


@workflow
def inc_of_odd(x: int) -> int:
    return inc(odd(x))


def test_the_recorded_stack_is_the_users_alone(spans):
    with pytest.raises(ValueError):
        inc_of_odd(2)
    [recorded] = spans["step odd"].events
    stack = recorded.attributes["exception.stacktrace"]
    assert "in odd" in stack
    assert "driver.py" not in stack


def test_the_runs_record_says_which_step_it_was(spans):
    with pytest.raises(ValueError):
        inc_of_odd(2)
    [recorded] = [event for event in spans["run inc_of_odd"].events if event.name == "exception"]
    assert "in step `odd`, attempt 1 of run" in recorded.attributes["exception.stacktrace"]


def test_a_failure_that_is_handled_leaves_the_run_in_order(spans):
    @workflow
    def tolerant() -> list[int]:
        return keep.map(odd.map_outcomes([1, 2]))

    @step
    def keep(x: Outcome[int]) -> int:
        return x.value_or(0)

    assert tolerant() == [1, 0]
    assert "    step odd[1]: failed" in spans.tree()
    assert spans["step odd[1]"].attributes["flowkit.handled"] is True
    assert spans["step odd[1]"].status.status_code is StatusCode.ERROR
    assert spans["map odd"].attributes["flowkit.status"] == "succeeded"
    assert spans["run tolerant"].status.status_code is StatusCode.UNSET


def test_all_failures_of_a_run_that_goes_on_are_on_it(spans):
    @workflow(fail_fast=False)
    def stubborn() -> list[int]:
        return odd.map([1, 2, 4])

    with pytest.raises(ExceptionGroup):
        stubborn()
    assert spans.tree() == [
        "run stubborn: failed",
        "  map odd: blocked",
        "    step odd[0]: succeeded",
        "    step odd[1]: failed",
        "    step odd[2]: failed",
    ]
    assert spans["run stubborn"].attributes["error.type"] == "ExceptionGroup"
    assert spans["map odd"].attributes["flowkit.reason"] == "`odd[1]` failed"


def test_a_failure_before_the_first_attempt_is_a_span_without_length(spans):
    def broken(_x):
        raise LookupError("no condition")

    @workflow
    def conditional() -> int:
        return inc.with_options(run_if=broken)(1)

    with pytest.raises(LookupError):
        conditional()
    assert spans.tree() == ["run conditional: failed", "  step inc: failed"]
    assert spans["step inc"].attributes["error.type"] == "LookupError"


def test_a_map_over_something_else_than_a_list_is_a_failed_step(spans):
    @step
    def number() -> list[int]:
        return 3

    @workflow
    def wrong() -> list[int]:
        return inc.map(number())

    with pytest.raises(TypeError):
        wrong()
    assert spans.tree() == ["run wrong: failed", "  step number: succeeded", "  step inc: failed"]


def test_an_exception_that_cant_be_shown_is_a_failure_like_any(spans):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    @step
    def mute() -> int:
        raise Mute

    @workflow
    def muted() -> int:
        return mute()

    with pytest.raises(Mute):
        muted()
    assert spans.tree() == ["run muted: failed", "  step mute: failed"]
    assert spans["step mute"].attributes["error.type"].endswith("Mute")


def test_an_engine_that_breaks_leaves_no_span_open(spans, monkeypatch, caplog):
    engine = Engine()
    monkeypatch.setattr(Driver, "_record", lambda *_: 1 / 0)
    with engine, pytest.raises(ZeroDivisionError):
        start(mapped, 1)
    assert spans.tree() == ["run mapped: failed", "  map inc", "    step inc[0]"]
    assert spans["map inc"].attributes["flowkit.abandoned"] is True
    assert spans["step inc[0]"].attributes["flowkit.abandoned"] is True
    assert "the engine failed" in caplog.text


# -- steps that don't run -----------------------------------------------------------------------------------------------


def test_a_step_that_never_ran_has_no_span_but_a_note_on_the_run(spans):
    @workflow
    def skipping() -> int:
        return inc(inc.with_options(run_if=never)(1))

    with pytest.raises(Skipped):
        skipping()
    assert spans.tree() == ["run skipping: succeeded"]
    run = spans["run skipping"]
    assert [(event.name, dict(event.attributes)) for event in run.events] == [
        ("flowkit.step.skipped", {"flowkit.step.key": "inc", "flowkit.reason": "its condition was false"}),
        ("flowkit.step.skipped", {"flowkit.step.key": "inc#2", "flowkit.reason": "`inc` was skipped"}),
    ]
    assert run.attributes["flowkit.reason"].startswith("`inc#2` was skipped")
    assert run.status.status_code is StatusCode.UNSET


def test_what_is_noted_is_bounded_and_what_is_counted_is_not(spans):
    @workflow
    def empty() -> list[int]:
        return inc.with_options(run_if=never).map(range(NOTED + 50))

    with pytest.raises(Skipped):
        empty()
    run = spans["run empty"]
    assert len(run.events) == NOTED
    assert run.attributes["flowkit.steps.skipped"] == NOTED + 50
    assert spans["map inc"].attributes["flowkit.status"] == "skipped"


# -- side by side -------------------------------------------------------------------------------------------------------


def test_items_that_run_at_the_same_time_are_siblings_whatever_thread_they_are_on(spans):
    together = threading.Barrier(3, timeout=LONG)

    @step
    def meet(x: int) -> int:
        together.wait()
        return threading.get_ident()

    @workflow
    def meeting() -> list[int]:
        return meet.map(range(3))

    assert len(set(meeting())) == 3
    assert spans.tree() == [
        "run meeting: succeeded",
        "  map meet: succeeded",
        "    step meet[0]: succeeded",
        "    step meet[1]: succeeded",
        "    step meet[2]: succeeded",
    ]


def test_many_items_on_many_threads_lose_no_span(spans):
    with Engine(max_workers=8):
        assert mapped(500) == sum(range(1, 501))
    assert len(spans) == 503
    assert {span.attributes["flowkit.status"] for span in spans} == {"succeeded"}
    above = spans["map inc"].context.span_id
    assert sum(span.parent is not None and span.parent.span_id == above for span in spans) == 500


def test_a_run_that_nobody_holds_any_more_is_gone_at_once(spans):
    """Its spans hold no way back to it: nothing is left for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        run = mapped.start(3)
        run.result()
        driver = weakref.ref(run._driver)
        del run
        tick = threading.Event()
        for _ in range(1000):  # the worker that ended it may be just about to let go of it
            if driver() is None:
                break
            tick.wait(0.001)
        assert driver() is None
    finally:
        gc.enable()


def test_retries_are_seen_on_the_items_of_a_map(spans):
    seen = set()

    @step(retries=Retry(2, backoff=[0]))
    def second_time(x: int) -> int:
        if x not in seen:
            seen.add(x)
            raise OSError(x)
        return x

    @workflow
    def twice() -> list[int]:
        return second_time.map([1, 2])

    twice()
    assert spans.tree() == [
        "run twice: succeeded",
        "  map second_time: succeeded",
        "    step second_time[0]: succeeded",
        "      attempt second_time[0], 1: failed",
        "      attempt second_time[0], 2: succeeded",
        "    step second_time[1]: succeeded",
        "      attempt second_time[1], 1: failed",
        "      attempt second_time[1], 2: succeeded",
    ]


def test_the_span_of_a_map_over_a_stream_is_open_until_all_items_have_ended(spans):
    @step
    def count(n: int) -> Iterator[int]:
        yield from range(n)

    @step(max_concurrency=1)
    def same(x: int) -> int:
        return x

    @workflow
    def counting(n: int) -> list[int]:
        return same.map(count(n))

    assert counting(5) == list(range(5))
    span = spans["map same"]
    assert span.attributes["flowkit.map.items"] == 5
    items = [one for one in spans if one.name == "step same"]
    assert len(items) == 5
    assert all(one.parent.span_id == span.context.span_id for one in items)
    assert all(one.end_time <= span.end_time for one in items)


def test_a_compensation_has_a_span_of_its_own_and_links_to_what_it_undoes(spans):
    def undo(done: Outcome[int], x: int) -> None:
        pass

    @step(compensate=undo)
    def book(x: int) -> int:
        return x

    @workflow
    def booking() -> int:
        return odd(book(2))

    with pytest.raises(ValueError, match="2"):
        booking()
    assert sorted(spans.tree()) == [
        "  step book: succeeded",
        "  step book:undo: succeeded",
        "  step odd: failed",
        "run booking: failed",
    ]
    (link,) = spans["step book:undo"].links
    assert link.context.span_id == spans["step book"].context.span_id
