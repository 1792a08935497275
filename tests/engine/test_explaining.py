"""`run.explain`: why each step did what it did, told by who has the run, and by who only has its record."""

import re
import threading

import pytest

from flowkit import (
    Decision,
    Engine,
    Fallback,
    Limit,
    Retry,
    Signal,
    WorkflowChanged,
    always,
    concurrent,
    discard,
    first,
    gate,
    outcome,
    race,
    sleep,
    step,
    when,
    workflow,
)
from flowkit.stores.memory import MemoryStore

TIMES = re.compile(r"\b[\d.]+(e-\d+)?(ms|s)\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*|\(\S+\.py:\d+\)|\((now|in [^)]*)\)")
tries: list[int] = []
go = Signal[int]("go")


@step
def inc(x: int) -> int:
    return x + 1


@step
def odd(x: int) -> bool:
    return x % 2 == 1


@step
def boom(x: int) -> int:
    raise ValueError(f"{x} is too much")


@step(retries=Retry(2, backoff=[0]))
def shaky(x: int) -> int:
    tries.append(x)
    if len(tries) % 2:
        raise ConnectionError("not yet")
    return x


@step(on_failure=Fallback(value=7))
def cautious(x: int) -> int:
    raise ValueError("no")


@step(on_failure="skip")
def lame(x: int) -> int:
    raise ValueError("lame")


@step
def undo(_done: object, x: int) -> None: ...


@step(compensate=undo)
def reserve(x: int) -> int:
    return x


@step(timeout=0.01)
async def slow(x: int) -> int:
    import asyncio

    await asyncio.sleep(100)
    return x


@step
def tidy() -> None: ...


@step
def look(decision: Decision) -> int:
    return len(decision.who)


@workflow
def part(x: int) -> int:
    return inc(x)


def plain(text):
    """A text without its times and places."""
    return re.sub(r" +\.\.\.", " ...", TIMES.sub("...", text)).split("\n")


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def tell(store):
    """What is told of a step of a finished run; the same by who had it and by who looks at its record."""

    def tell(flow, *args):
        with Engine(store=store, recover=False):
            run = flow.start(*args)
            run.wait(30)

        def told(key):
            with Engine(store=store, recover=False) as other:
                kept = plain(other.run(run.id).explain(key))
            assert plain(run.explain(key)) == kept
            return kept

        return told

    return tell


# -- what has ended ---------------------------------------------------------------------------------------------------------


def test_steps_that_ran(tell):
    @workflow
    def flow(x: int) -> int:
        discard(part.map([shaky(x), cautious(x)]))
        return inc(first(boom(x), inc(x)))

    told = tell(flow, 2)
    assert told("shaky") == [
        "`shaky` has succeeded, on attempt 2",
        "  called as shaky(2) ...",
        "  attempt 1 failed after ... with ConnectionError: not yet; tried again ... later",
        "  attempt 2 succeeded after ...",
    ]
    assert told("cautious") == [
        "`cautious` has succeeded with the value of its fallback, which stood in for its failure",
        "  called as cautious(2) ...",
        "  attempt 1 failed after ... with ValueError: no",
    ]
    assert told("part") == [
        "`part` has succeeded",
        "  of its parts 2 succeeded",
        "  called as part.map([shaky, cautious]) ...",
    ]
    assert told("part[0]")[:2] == ["`part[0]` has succeeded", "  called as part.map([shaky, cautious]) ..."]
    assert told("part[0]/inc") == [
        "`part[0]/inc` has succeeded",
        "  called as inc(2) ...",
        "  attempt 1 succeeded after ...",
    ]
    assert told("first")[0] == "`first` has succeeded with what came first: `inc`"
    assert told("boom")[:2] == ["`boom` has failed", "  somebody took that failure, so it ended nothing"]


def test_steps_that_were_skipped_and_why(tell):
    @workflow
    def flow(x: int) -> int:
        with when(odd(x)):
            discard(boom(x))
        a = inc.with_options(run_if=lambda v: v > 100)(x)
        c = inc(inc(lame(x)))
        discard(outcome(a))
        discard(outcome(c))
        return part(x)

    told = tell(flow, 2)
    assert told("boom")[0] == "`boom` was skipped: the test of its `when` said no"
    assert told("inc")[0] == "`inc` was skipped: its condition was false"
    assert told("inc#2")[:2] == ["`inc#2` was skipped: `lame` failed", "  because ValueError: lame"]
    assert told("inc#3")[:3] == [
        "`inc#3` was skipped: `inc#2` was skipped",
        "  because `lame` failed",
        "  because ValueError: lame",
    ]


def test_failures_and_what_came_to_nothing_for_them(tell):
    @workflow
    def flow(x: int) -> int:
        with always():
            tidy()
        with concurrent():
            failing = boom(reserve(x))
            gate("go on?")
        return inc(failing)

    told = tell(flow, 2)
    assert told("boom") == [
        "`boom` has failed",
        "  nobody took that failure",
        "  called as boom(reserve) ...",
        "  attempt 1 failed after ... with ValueError: 2 is too much",
    ]
    assert told("inc")[:2] == ["`inc` can't run any more: `boom` failed", "  because ValueError: 2 is too much"]
    assert told("gate")[:2] == [
        "`gate` was cancelled: the run was stopped (fail_fast: `boom` failed)",
        "  because ValueError: 2 is too much",
    ]
    assert told("reserve")[:2] == ["`reserve` has succeeded", "  what it did is undone by `reserve:undo`"]
    assert told("reserve:undo")[:2] == ["`reserve:undo` has succeeded", "  it undoes `reserve`"]


def test_what_ran_out_of_time(tell):
    @workflow
    def flow(x: int) -> int:
        return inc(slow(x))

    told = tell(flow, 2)
    assert told("slow")[0] == "`slow` ran out of time"
    assert re.fullmatch(r"  attempt 1 ran out of time after \S+ with StepTimeout: .*", told("slow")[-1])
    assert told("inc")[0] == "`inc` can't run any more: `slow` timed out"


def test_what_lost_a_race(tell):
    @workflow
    def flow(x: int) -> int:
        return race(inc(x), go.wait(timeout="1h"))

    told = tell(flow, 2)
    assert told("race")[0] == "`race` has succeeded with what came first: `inc`"
    assert told("go")[0] == "`go` was cancelled: `race` was decided without it"


def test_what_was_cancelled_by_somebody(store):
    @workflow
    def flow(x: int) -> int:
        return inc(go.wait())

    with Engine(store=store, recover=False):
        run = flow.start(1)
        run.cancel("too late")
        run.wait(30)
        for key in ("go", "inc"):
            assert plain(run.explain(key))[0] == f"`{key}` was cancelled: the run was stopped (user: too late)"


# -- what is under way ------------------------------------------------------------------------------------------------------


def until(run, *kinds):
    """Wait until all of these have been told."""
    missing = {*kinds}
    for event in run.events():
        missing.discard(event.kind)
        if not missing:
            return


def test_what_waits_and_for_what_and_until_when(store):
    @step(retries=Retry(3, backoff=["1h"]))
    def later(x: int) -> int:
        raise ConnectionError("down")

    @workflow
    def flow(x: int) -> int:
        with concurrent():
            a = later(x)
            b = go.wait(timeout="2h")
            gate("ship?", options=["now", "later"], timeout="3h")
            sleep("4h")
            d = inc.with_options(delay="5h")(x)
        with when(odd(a)):
            discard(inc(b))
        return first(b, d)

    with Engine(store=store, recover=False):
        run = flow.start(1)
        until(run, "step_retrying", "gate_opened", "signal_set", "timer_set")
        with Engine(store=store, recover=False) as other:
            kept = other.run(run.id)
            for seen in (run, kept):
                *first_lines, last = plain(seen.explain("later"))
                assert first_lines == ["`later` waits for its next attempt until ... ...", "  called as later(1) ..."]
                assert last.startswith("  attempt 1 failed after ... with ConnectionError: down; tried again ")
                assert plain(seen.explain("go"))[0] == "`go` waits for the signal `go` until ... ..."
                assert (
                    plain(seen.explain("gate"))[0]
                    == "`gate` waits for somebody to decide: 'ship?', choosing `now` and `later`; until ... ..."
                )
                assert plain(seen.explain("sleep"))[0] == "`sleep` waits until ... ..."
                assert plain(seen.explain("inc"))[0] == "`inc` waits until ... ... to begin"
                assert plain(seen.explain("odd"))[0].startswith(
                    "`odd` hasn't begun: it waits for `later` (retrying), `go` (waiting), "
                )
            run.cancel()
            run.wait(30)


def test_what_is_at_work_and_what_waits_for_a_place(store):
    began, gone_on = threading.Event(), threading.Event()
    one = Limit("line", 1)

    @step(limit=one)
    def hold(x: int) -> int:
        began.set()
        gone_on.wait(30)
        return x

    @workflow
    def flow(x: int) -> list[int]:
        return hold.map([x, 2])

    with Engine(store=store, recover=False):
        run = flow.start(1)
        began.wait(30)
        told = sorted(plain(run.explain(key))[0] for key in ("hold[0]", "hold[1]"))
        gone_on.set()
        run.wait(30)
    first_, second = sorted(told, key=lambda line: "limit" in line)
    assert re.fullmatch(r"`hold\[\d\]` is (under way|running, for \.\.\. now)", first_)
    assert re.fullmatch(r"`hold\[\d\]` is ready, and waits for a place under the limit `line`", second)


# -- from one process to the next -------------------------------------------------------------------------------------------


def test_what_came_from_the_record_wasnt_run_anew(store):
    @workflow
    def flow(x: int) -> int:
        return shaky_once(inc(x))

    failing = [True]

    @step
    def shaky_once(x: int) -> int:
        if failing:
            raise ValueError("broken")
        return x

    with Engine(store=store, recover=False):
        flow.with_options(run_id="r").start(1).wait(30)
    failing.clear()
    with Engine(store=store, recover=False) as engine:
        run = flow.resume("r")
        run.wait(30)
        reused = "  it ended before the run was taken up again: its end came from the record, and it wasn't run anew"
        for seen in (run, engine.run("r")):
            assert plain(seen.explain("inc"))[:2] == ["`inc` has succeeded", reused]
            assert reused not in plain(seen.explain("shaky_once"))


@pytest.mark.parametrize("state", ["left", "lost", "stuck"])
def test_of_a_run_that_nobody_has_that_is_said(store, state):
    @workflow(name="explained")
    def flow(x: int) -> int:
        return inc(look(gate("ship?")))

    with Engine(store=store, recover=False) as engine:
        until(flow.with_options(run_id="r").start(1), "gate_opened")
        if state == "lost":
            store.renew(store.run("r").owner, 0.0)
        else:
            engine.shutdown()
        with Engine(store=store, recover=False) as other:
            if state == "stuck":

                @workflow(name="explained")
                def flow(x: int) -> int:
                    return inc(look(gate("really?")))

                with pytest.raises(WorkflowChanged):
                    flow.resume("r")
            told = plain(other.run("r").explain("gate"))
            before = plain(other.run("r").explain("inc"))
    said = {
        "left": "  nobody has the run just now; `flowkit resume` goes on with it",
        "lost": "  the run is lost: its process has died, and nobody has taken it up",
        "stuck": "  nobody can go on with the run: run `r` can't go on with `explained` as it is written now",
    }
    assert told[-1] == before[-1] == said[state]
    assert before[0] == "`inc` hasn't begun: it waits for `gate` (waiting), `look` (hasn't begun)"


def test_who_decided_at_a_gate_is_told(store):
    @workflow
    def flow(x: int) -> int:
        return inc(look(gate("ship?", options=["now", "later"])))

    with Engine(store=store, recover=False) as engine:
        run = flow.with_options(run_id="r").start(1)
        until(run, "gate_opened")
        run.approve("gate", choice="now", who="ann", feedback="go on")
        run.wait(30)
        for seen in (run, engine.run("r")):
            assert plain(seen.explain("gate"))[:2] == [
                "`gate` has succeeded",
                "  it is approved with 'now' by ann: go on",
            ]


def test_what_was_under_way_when_a_run_was_left_isnt_said_to_go_on(store):
    hold = threading.Event()

    @step
    def held(x: int) -> int:
        hold.wait(30)
        return x

    @workflow
    def flow(x: int) -> int:
        return held(x)

    with Engine(store=store, recover=False):
        run = flow.with_options(run_id="r").start(1)
        until(run, "step_started")
        store.renew(store.run("r").owner, 0.0)
        with Engine(store=store, recover=False) as other:
            told = plain(other.run("r").explain("held"))
        hold.set()
        run.wait(30)
    assert told[0] == "`held` was running, when the run was left"
    assert told[2:] == [
        "  attempt 1 didn't come to its end",
        "  the run is lost: its process has died, and nobody has taken it up",
    ]


# -- what isn't there -------------------------------------------------------------------------------------------------------


def test_a_step_that_isnt_there_is_told_with_what_may_be_meant(tell, store):
    @workflow
    def flow(x: int) -> int:
        return inc(shaky(cautious(x)))

    told = tell(flow, 1)
    with pytest.raises(LookupError, match=r"has no step `cautios`; did you mean `cautious`\?"):
        told("cautios")
    with pytest.raises(LookupError, match="has no step `nothing`; it has `cautious`, `shaky` and `inc`"):
        told("nothing")
