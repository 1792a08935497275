"""Where spans that somebody else makes find themselves: around a run, and inside its steps."""

from __future__ import annotations

import asyncio
import threading

import pytest
from opentelemetry import baggage, context, trace

from flowkit import Engine, step, workflow

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


@step
def inc(x: int) -> int:
    with trace.get_tracer("steps").start_as_current_span(f"inc of {x}"):
        return x + 1


@step
async def ainc(x: int) -> int:
    tracer = trace.get_tracer("steps")
    with tracer.start_as_current_span(f"before {x}"):
        await asyncio.sleep(0)
    with tracer.start_as_current_span(f"after {x}"):
        return x + 1


@workflow
def one(x: int) -> int:
    return inc(x)


@workflow
def both(x: int) -> int:
    return inc(ainc.ref(x))


INSIDE = [
    "run both: succeeded",
    "  step ainc: succeeded",
    "    before 1",
    "    after 1",
    "  step inc: succeeded",
    "    inc of 2",
]


def test_spans_that_a_step_makes_are_under_the_steps_own(spans):
    assert both(1) == 3
    assert spans.tree() == INSIDE


def test_inline_as_well(spans):
    with Engine(executor="inline"):
        assert both(1) == 3
    assert spans.tree() == INSIDE


async def test_and_on_the_callers_event_loop(spans, user):
    with user.start_as_current_span("caller"):
        assert await both.start(1) == 3
    assert spans.tree() == ["caller", *("  " + line for line in INSIDE)]


async def test_async_steps_that_take_turns_on_a_loop_keep_their_spans_apart(spans):
    @workflow
    def turns() -> list[int]:
        return ainc.map([1, 2])

    await turns.start()
    assert spans.tree() == [
        "run turns: succeeded",
        "  map ainc: succeeded",
        "    step ainc[0]: succeeded",
        "      before 1",
        "      after 1",
        "    step ainc[1]: succeeded",
        "      before 2",
        "      after 2",
    ]


def test_steps_on_several_threads_keep_their_spans_apart(spans):
    together = threading.Barrier(2, timeout=LONG)

    @step
    def meet(x: int) -> int:
        tracer = trace.get_tracer("steps")
        together.wait()
        with tracer.start_as_current_span(f"outer {x}"):
            together.wait()
            with tracer.start_as_current_span(f"inner {x}"):
                together.wait()
        return x

    @workflow
    def meeting() -> list[int]:
        return meet.map([1, 2])

    meeting()
    assert spans.tree()[2:] == [
        "    step meet[0]: succeeded",
        "      outer 1",
        "        inner 1",
        "    step meet[1]: succeeded",
        "      outer 2",
        "        inner 2",
    ]


@pytest.mark.covers("M99")
def test_a_run_is_under_the_span_that_it_is_called_in(spans, user):
    with user.start_as_current_span("caller"):
        one(1)
        one.start(2).result()
    assert spans.tree() == [
        "caller",
        "  run one: succeeded",
        "    step inc: succeeded",
        "      inc of 1",
        "  run one: succeeded",
        "    step inc: succeeded",
        "      inc of 2",
    ]


def test_the_caller_keeps_its_own_span(spans, user):
    with user.start_as_current_span("caller") as caller:
        one(1)
        assert trace.get_current_span() is caller
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_workflow_that_a_step_calls_is_under_the_step(spans):
    @step
    def nested(x: int) -> int:
        return one(x)

    @workflow
    def outer(x: int) -> int:
        return nested(x)

    outer(1)
    assert spans.tree() == [
        "run outer: succeeded",
        "  step nested: succeeded",
        "    run one: succeeded",
        "      step inc: succeeded",
        "        inc of 1",
    ]


def test_baggage_of_the_caller_reaches_the_steps(spans):
    seen = []

    @step
    def look() -> int:
        seen.append(baggage.get_baggage("tenant"))
        return 1

    @workflow
    def looking() -> int:
        return look()

    token = context.attach(baggage.set_baggage("tenant", "acme"))
    try:
        looking()
    finally:
        context.detach(token)
    assert seen == ["acme"]


def test_an_engine_that_doesnt_trace_is_as_if_it_werent_there(spans, user):
    with Engine(tracing=False), user.start_as_current_span("caller"):
        one(1)
    assert spans.tree() == ["caller", "  inc of 1"]


@pytest.mark.parametrize("attempt", [1, 2])
def test_spans_of_an_attempt_are_under_that_attempt(spans, user, attempt):
    tries = []

    @step(retries=1)
    def flaky() -> int:
        tries.append(1)
        with user.start_as_current_span("work"):
            if len(tries) < attempt:
                raise OSError
        return 1

    @workflow
    def trying() -> int:
        return flaky.with_options(retries=1)()

    trying()
    assert spans.tree()[-2:] == [f"    attempt flaky, {attempt}: succeeded", "      work"]
