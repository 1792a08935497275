"""Waiting: for times, for signals, for people."""

from __future__ import annotations

import threading

import attrs
import pytest

from flowkit import (
    Decision,
    Engine,
    GateRejected,
    GateTimeout,
    IllegalTransition,
    LoopError,
    MisuseError,
    Outcome,
    PolicyError,
    RunCancelled,
    RunStatus,
    Selected,
    Signal,
    StepOptions,
    StepTimeout,
    ValidationError,
    concurrent,
    gate,
    live,
    outcome,
    poll,
    repeat,
    result_of,
    select,
    sleep,
    step,
    workflow,
)
from flowkit.engine import events

SOON = 0.02
LONG = 20.0

paid = Signal[int]("paid")


@step
def inc(x: int) -> int:
    return x + 1


@pytest.fixture
def seen():
    return []


@pytest.fixture
def say(seen):
    @step
    def say(text: object) -> None:
        seen.append(text)

    return say


def waiting(run):
    """The run, once somebody has to do something for it to go on."""
    for event in run.events():
        if isinstance(event, events.GateOpened | events.SignalSet):
            return run
    raise AssertionError(run)


# -- time ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["called", "started", "inline"])
def test_a_sleep_keeps_its_place(seen, say, way):
    @workflow
    def resting() -> int:
        say("a")
        sleep(SOON)
        say("b")
        return inc(1)

    if way == "started":
        assert resting.start().result(timeout=LONG) == 2
    elif way == "inline":
        with Engine(executor="inline"):
            assert resting() == 2
    else:
        assert resting() == 2
    assert seen == ["a", "b"]


def test_how_long_may_be_a_result():
    @step
    def pause() -> float:
        return SOON

    @workflow
    def resting() -> None:
        sleep(pause())

    run = resting.start()
    run.result(timeout=LONG)
    (told,) = [event for event in run.events() if isinstance(event, events.TimerSet)]
    assert told.seconds == SOON


@pytest.mark.parametrize("duration", [-1, "soon", None, True])
def test_a_time_that_isnt_one_is_refused_where_it_is_written(duration):
    @workflow
    def resting() -> None:
        sleep(duration)

    with pytest.raises(PolicyError, match="sleep="):
        resting()


def test_a_result_that_isnt_a_time_fails_the_sleep():
    @step
    def pause() -> str:
        return "soon"

    @workflow
    def resting() -> None:
        sleep(pause())

    with pytest.raises(PolicyError, match="sleep='soon'"):
        resting()


def test_defaults_for_steps_arent_for_what_waits():
    @workflow(defaults=StepOptions(timeout=0.001, delay="1h"))
    def resting() -> None:
        sleep(SOON)

    assert resting.start().result(timeout=LONG) is None


# -- signals ------------------------------------------------------------------------------------------------------------


@workflow
def payment() -> int:
    return inc(paid.wait())


def test_a_signal_reaches_who_waits_for_it():
    run = waiting(payment.start())
    assert run.status is RunStatus.WAITING
    assert paid.send(run, 41)
    assert run.result(timeout=LONG) == 42


def test_a_signal_that_comes_before_anybody_waits_is_kept(say):
    began, go = threading.Event(), threading.Event()

    @step(effect=True)
    def prepare() -> None:
        began.set()
        go.wait(LONG)

    @workflow
    def slow() -> int:
        prepare()
        return paid.wait()

    run = slow.start()
    assert began.wait(LONG)
    assert paid.send(run, 7, dedup="event-1")
    assert not paid.send(run, 7, dedup="event-1")
    go.set()
    assert run.result(timeout=LONG) == 7


def test_an_engine_finds_the_run_to_send_to():
    with Engine() as engine:
        run = waiting(payment.start())
        assert paid.send(engine.run(run.id), 1)
        assert run.result(timeout=LONG) == 2


def test_a_signal_to_a_run_that_is_over_is_refused():
    run = waiting(payment.start())
    paid.send(run, 1)
    run.result(timeout=LONG)
    with pytest.raises(IllegalTransition, match=r"run .* is succeeded and can't become signalled"):
        paid.send(run, 2)


def test_who_waits_for_a_signal_too_long_times_out_which_can_be_taken():
    @workflow
    def impatient() -> Outcome[int]:
        return outcome(paid.wait(timeout=SOON))

    result = impatient.start().result(timeout=LONG)
    assert result.status == "timed_out"
    assert isinstance(result.error, StepTimeout)


def test_a_deferred_choice_takes_what_comes_first_and_stops_the_rest():
    @workflow
    def choice() -> Selected[int | None]:
        return select(paid=paid.wait(), late=sleep("1d"))

    run = waiting(choice.start())
    paid.send(run, 5)
    assert run.result(timeout=LONG) == Selected("paid", 5)
    assert {record.key: record.status for record in run.steps} == {"paid": "succeeded", "sleep": "cancelled"}


@attrs.frozen
class Payment:
    amount: int
    notes: list[str]


@pytest.mark.parametrize(
    ("signal", "message", "path"),
    [
        (paid, "41", "$"),
        (paid, None, "$"),
        (Signal[list[int]]("paid"), [1, 2, "3"], "$[2]"),
        (Signal[Payment]("paid"), Payment(1, ["fine", 2]), "$.notes[1]"),
        (Signal[int | None]("paid"), 0.5, "$"),
    ],
)
def test_a_message_that_is_not_what_its_signal_was_declared_with_is_refused(signal, message, path):
    run = waiting(payment.start())
    with pytest.raises(ValidationError, match=r"a message for the signal `paid` doesn't fit: `\$") as refused:
        signal.send(run, message)
    assert refused.value.path == path
    assert run.status is RunStatus.WAITING
    assert paid.send(run, 41)
    assert run.result(timeout=LONG) == 42


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (Signal("paid"), 41),
        (Signal[object]("paid"), 41),
        (Signal[float]("paid"), 41),
        (Signal[int | None]("paid"), 41),
        (Signal["NotThere"]("paid"), 41),
    ],
)
def test_a_message_that_fits_or_of_whose_type_nothing_is_known_is_sent(signal, message):
    run = waiting(payment.start())
    assert signal.send(run, message)
    assert run.result(timeout=LONG) == 42


def test_a_refused_message_uses_up_no_mark():
    run = waiting(payment.start())
    with pytest.raises(ValidationError):
        paid.send(run, "41", dedup="event")  # type: ignore[arg-type]
    assert paid.send(run, 41, dedup="event")
    assert run.result(timeout=LONG) == 42


def test_a_signal_knows_its_type():
    assert repr(paid) == "Signal[int]('paid')"
    assert repr(Signal("any")) == "Signal[Any]('any')"

    @step
    def shout(text: str) -> str:
        return text.upper()

    @workflow
    def wrong() -> str:
        return shout(paid.wait())

    with pytest.raises(Exception, match="FK201"):
        wrong.graph()


@pytest.mark.parametrize("name", ["", " ", 3])
def test_a_signal_has_a_name(name):
    with pytest.raises(MisuseError, match="called by a name"):
        Signal(name)


def test_a_run_that_waits_can_be_cancelled():
    run = waiting(payment.start())
    assert run.cancel("never mind")
    with pytest.raises(RunCancelled, match="never mind"):
        run.result(timeout=LONG)


# -- gates --------------------------------------------------------------------------------------------------------------


@workflow
def deploy() -> Decision:
    return gate("deploy?", options=["blue", "green"], name="deploy")


@pytest.mark.covers("M35")
def test_somebody_approves_and_says_what_and_why():
    run = waiting(deploy.start())
    assert [(one.key, one.prompt, one.options) for one in run.gates] == [("deploy", "deploy?", ("blue", "green"))]
    run.approve("deploy", choice="blue", who="ann", feedback="looks fine")
    decision = run.result(timeout=LONG)
    assert decision == Decision(approved=True, choice="blue", who="ann", feedback="looks fine")
    assert run.gates == []


def test_a_gate_is_found_by_its_key_though_another_asks_the_same():
    @workflow
    def twice() -> list[Decision]:
        with concurrent():
            return [gate("b", name="a"), gate("c?", name="b")]

    run = twice.start()
    opened = (event for event in run.events() if isinstance(event, events.GateOpened))
    next(opened), next(opened)
    run.approve("b", who="ann")
    run.approve("a", who="bob")

    assert [decision.who for decision in run.result(timeout=LONG)] == ["bob", "ann"]


@pytest.mark.parametrize("choice", [None, "red"])
def test_an_approval_chooses_what_is_offered(choice):
    run = waiting(deploy.start())
    with pytest.raises(PolicyError, match="'blue', 'green'"):
        run.approve(choice=choice)
    assert run.status is RunStatus.WAITING
    run.approve("deploy?", choice="green")
    assert run.result(timeout=LONG).choice == "green"


@pytest.mark.covers("M36")
def test_what_was_chosen_and_what_was_written_reach_later_steps_apart(seen, say):
    @workflow
    def reviewed() -> None:
        first, second = gate("first?", options=["a", "b"]), gate("second?", options=["a", "b"])
        say(first.choice)
        say(first.feedback)
        say(second.choice)
        say(second.feedback)

    run = waiting(reviewed.start())
    run.approve("first?", choice="a", feedback="fine")
    while not run.gates:
        assert not run.wait(SOON)
    run.approve("second?", choice="b")
    run.result(timeout=LONG)
    assert seen == ["a", "fine", "b", ""]


@pytest.mark.covers("M35")
def test_a_rejection_fails_the_run():
    run = waiting(deploy.start())
    run.reject(who="bob", feedback="not on a Friday")
    with pytest.raises(GateRejected, match="rejected by bob: not on a Friday"):
        run.result(timeout=LONG)


def test_a_rejection_may_be_a_value():
    @workflow
    def asking() -> Decision:
        return gate("go on?", on_reject="return")

    run = waiting(asking.start())
    run.reject(feedback="no")
    assert run.result(timeout=LONG) == Decision(approved=False, feedback="no")


@pytest.mark.covers("M40")
def test_a_gate_that_nobody_decides_in_time_fails():
    @workflow
    def asking() -> Decision:
        return gate("go on?", timeout=SOON)

    run = asking.start()
    with pytest.raises(GateTimeout, match=r"nobody decided `go on\?` within 0\.02s"):
        run.result(timeout=LONG)
    with pytest.raises(LookupError, match="no gate open; it is failed"):
        run.approve()


@pytest.mark.covers("M40")
def test_or_says_that_it_timed_out():
    @workflow
    def asking() -> Decision:
        return gate("go on?", timeout=SOON, on_timeout="return")

    assert asking.start().result(timeout=LONG) == Decision(approved=False, timed_out=True)


def test_of_several_gates_one_is_named():
    @workflow
    def both() -> list[Decision]:
        return [gate("a?"), gate("b?")]

    run = waiting(both.start())
    with pytest.raises(LookupError, match=r"no gate `b\?` open; open are `gate` \(a\?\)"):
        run.approve("b?")
    run.approve("a?")
    assert [event.key for event in gates_opened(run, 2)] == ["gate", "gate#2"]
    run.approve("gate#2")
    assert [one.approved for one in run.result(timeout=LONG)] == [True, True]


def gates_opened(run, count):
    """The first gates that a run opens."""
    found = []
    for event in run.events():
        if isinstance(event, events.GateOpened):
            found.append(event)
            if len(found) == count:
                return found
    raise AssertionError(found)


def test_what_is_asked_may_be_a_result():
    @step
    def question() -> str:
        return "is 3 enough?"

    @workflow
    def asking() -> Decision:
        return gate(question())

    run = waiting(asking.start())
    assert run.gates[0].prompt == "is 3 enough?"
    run.approve()
    assert run.result(timeout=LONG).approved


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"prompt": ""}, "a gate asks something"),
        ({"options": ["a", "a"]}, "texts that differ"),
        ({"options": [1]}, "texts that differ"),
        ({"on_timeout": "continue"}, "on_timeout='continue'"),
        ({"on_reject": "skip"}, "on_reject='skip'"),
        ({"timeout": -1}, "timeout=-1"),
        ({"name": ""}, "called by a name"),
    ],
)
def test_a_gate_that_cant_be_is_refused_where_it_is_written(options, error):
    @workflow
    def asking() -> Decision:
        return gate(**{"prompt": "go on?", **options})

    with pytest.raises((MisuseError, PolicyError), match=error):
        asking()


@pytest.mark.covers("M29")
def test_thousands_of_runs_that_wait_hold_no_threads():
    with Engine():
        runs = [payment.start() for _ in range(2_000)]
        for run in runs:
            waiting(run)
        threads = threading.active_count()
        for run in runs:
            paid.send(run, 1)
        assert {run.result(timeout=LONG) for run in runs} == {2}
    assert threads < 100


@pytest.mark.parametrize("word", [lambda: sleep(1), lambda: gate("go on?"), paid.wait], ids=["sleep", "gate", "wait"])
def test_outside_of_a_body_nobody_waits(word):
    with pytest.raises(MisuseError, match="for the body of a workflow"):
        word()


# -- live bodies --------------------------------------------------------------------------------------------------------


async def test_a_live_body_waits_for_times_signals_and_people():
    @workflow
    async def talking() -> tuple[int, str | None]:
        await live.sleep(SOON)
        got = await live.wait(paid)
        decision = await live.gate("go on?", options=["left", "right"])
        return got, decision.choice

    run = talking.start()
    async for event in run.events():
        if isinstance(event, events.SignalSet):
            paid.send(run, 3)
        if isinstance(event, events.GateOpened):
            run.approve(choice="left")
    assert await run == (3, "left")


async def test_a_live_body_catches_a_no():
    @workflow
    async def talking() -> str:
        try:
            await live.gate("go on?")
        except GateRejected as no:
            return no.feedback
        return "yes"

    run = talking.start()
    async for event in run.events():
        if isinstance(event, events.GateOpened):
            run.reject(feedback="why?")
    assert await run == "why?"


async def test_a_live_body_polls_and_maps():
    counted = iter(range(10))

    @step
    def status() -> int:
        return next(counted)

    @workflow
    async def working() -> tuple[int, list[int]]:
        done = await live.poll(status, until=lambda n: n >= 3, every=0)
        return done, await live.map(inc, [1, 2, 3], max_concurrency=2)

    assert await working.start() == (3, [2, 3, 4])


async def test_words_for_recorded_bodies_name_those_for_live_ones():
    @workflow
    async def wrong() -> None:
        sleep(1)

    with pytest.raises(MisuseError, match=r"await live\.sleep"):
        await wrong.start()


def test_words_for_live_bodies_name_those_for_recorded_ones():
    @workflow
    def wrong() -> None:
        live.sleep(1)

    with pytest.raises(MisuseError, match=r"in a `def` body write `sleep\(\.\.\.\)`"):
        wrong()


# -- polling ------------------------------------------------------------------------------------------------------------


def test_a_step_is_asked_until_its_answer_is_good(say, seen):
    answers = iter(["queued", "running", "done", "never"])

    @step
    def status(job: int) -> str:
        return next(answers)

    @workflow
    def job() -> str:
        say("a")
        end = poll(status, 7, until=lambda answer: answer == "done", every=SOON)
        say("b")
        return end

    run = job.start()
    assert run.result(timeout=LONG) == "done"
    assert seen == ["a", "b"]
    assert [r.key for r in run.steps if r.key.endswith("status")] == ["poll/status", "poll@2/status", "poll@3/status"]


def test_a_poll_that_takes_too_long_times_out():
    @workflow
    def job() -> int:
        return poll(inc, 1, until=lambda _: False, every=SOON / 4, timeout=SOON)

    with pytest.raises(StepTimeout, match="`poll` took longer"):
        job.start().result(timeout=LONG)


def test_a_poll_whose_backoff_ends_gives_up():
    @workflow
    def job() -> int:
        return poll(inc, 1, until=lambda _: False, every=[0, 0])

    with pytest.raises(LoopError, match="after 3 calls"):
        job.start().result(timeout=LONG)


def test_a_poll_asks_a_step():
    @workflow
    def job() -> int:
        return poll(lambda: 3, until=bool)

    with pytest.raises(MisuseError, match="`poll` calls a step"):
        job()


def test_a_live_map_raises_the_first_failure_as_it_is():
    @step
    async def boom(x: int) -> int:
        raise ValueError(x)

    @workflow
    async def failing() -> list[int]:
        return await live.map(boom, [1, 2])

    with pytest.raises(ValueError, match="1"):
        failing.start().result(timeout=LONG)


# -- bodies that are recorded again -------------------------------------------------------------------------------------


def test_a_body_that_asks_for_results_may_wait_as_well():
    """It is recorded again after each of them, and what waits is still the same."""

    @workflow
    def asking() -> int:
        decision = gate("go on?")
        first = result_of(paid.wait(timeout=LONG))
        grown = repeat(inc, inc(first), until=lambda n: n >= 5)
        seen = poll(inc, 1, until=lambda n: n == 2, every=SOON)
        return inc(result_of(grown)) if result_of(decision).approved and result_of(seen) == 2 else inc(0)

    run = waiting(asking.start())
    run.approve()
    paid.send(run, 1)

    assert run.result(timeout=LONG) == 6
