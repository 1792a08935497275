"""Code that isn't flowkit's own may raise anything, anywhere: only its own step fails, and it says where."""

from __future__ import annotations

import threading

import attrs
import pytest

from flowkit import Engine, Fallback, Outcome, Retry, outcome, step, workflow
from flowkit.stores.memory import MemoryStore


class Trouble(Exception):
    pass


def trouble(*_: object) -> bool:
    raise Trouble("from a callback")


@step
def inc(x: int) -> int:
    return x + 1


@step
def statuses(ends: list[Outcome[int]]) -> list[str]:
    return [end.status for end in ends]


@step
def trip() -> int:
    raise OSError("first")


CALLBACKS = {
    "a condition": inc.with_options(run_if=trouble),
    "a fallback": inc.with_options(run_if=trouble, on_failure=Fallback(call=trouble)),
}


@pytest.mark.covers("M56")
@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_that_raises_fails_its_own_step_and_says_so(name):
    broken = CALLBACKS[name]

    @workflow
    def siblings() -> list[str]:
        return statuses([outcome(broken(1)), outcome(inc(1))])

    assert siblings() == ["failed", "succeeded"]

    @workflow
    def alone() -> int:
        return broken(1)

    with pytest.raises(Trouble) as caught:
        alone()
    assert any(
        f"raised by {word} of `inc`" in note for word in ("run_if", "the fallback") for note in caught.value.__notes__
    )


@pytest.mark.parametrize(
    "policy",
    [Retry(5, backoff=trouble), Retry(5, backoff=lambda attempt: -1), Retry(5, on=trouble), Retry(5, never_on=trouble)],
    ids=["backoff", "negative backoff", "on", "never_on"],
)
def test_a_retry_policy_that_raises_ends_the_retries_with_the_steps_own_error(policy):
    @workflow
    def once() -> int:
        return trip.with_options(retries=policy)()

    with pytest.raises(OSError, match="first") as caught:
        once()
    assert any("the retry policy of `trip` raised" in note for note in caught.value.__notes__)


def test_a_list_that_raises_while_it_is_gone_through_fails_its_map():
    class Broken:
        def __iter__(self):
            yield 1
            raise Trouble("half way")

    @step
    def items() -> Broken:
        return Broken()

    @workflow
    def mapped() -> list[int]:
        return inc.map(items())  # type: ignore[call-overload]

    with pytest.raises(Trouble) as caught:
        mapped()
    assert any("raised by the list of items of `inc`" in note for note in caught.value.__notes__)


def test_a_class_that_raises_while_it_is_rebuilt_fails_the_step_that_takes_it():
    @attrs.frozen
    class Even:
        number: object

        def __attrs_post_init__(self) -> None:
            if isinstance_of_int(self.number) and self.number % 2:  # type: ignore[operator]
                raise Trouble("odd")

    def isinstance_of_int(value: object) -> bool:
        return type(value) is int

    @step
    def take(even: Even) -> object:
        return even.number

    @workflow
    def built() -> object:
        return take(Even(inc(0)))

    with pytest.raises(Trouble, match="odd") as caught:
        built()
    assert "in step `take`" in caught.value.__notes__[0]


def test_an_exception_whose_text_raises_is_still_delivered():
    class Mute(Exception):
        def __str__(self) -> str:
            raise Trouble("no text")

    @step
    def mute() -> int:
        raise Mute

    @workflow
    def silent() -> list[int]:
        return [mute(), mute()]

    with pytest.raises(Mute):
        silent()


@pytest.mark.covers("M55")
def test_everything_that_failed_is_named():
    @step
    def fail(text: str) -> int:
        raise ValueError(text)

    @workflow(fail_fast=False)
    def several() -> list[int]:
        return [fail("a"), inc(1), fail("b")]

    run = several.start()
    with pytest.raises(ExceptionGroup) as caught:
        run.result()
    # In the order in which they failed, which is for the threads to decide.
    assert sorted(error.__notes__[0].partition(",")[0] for error in caught.value.exceptions) == [
        "in step `fail#2`",
        "in step `fail`",
    ]
    last = list(run.events())[-1]
    assert sorted(last.failed) == ["fail", "fail#2"]


@pytest.mark.covers("M57")
def test_a_thousand_chains_of_instantly_skipped_steps_never_look_stuck():
    never = inc.with_options(run_if=lambda x: False)

    @workflow
    def skipping() -> list[str]:
        return statuses([outcome(inc(inc(never(never(1))))), outcome(never(1))])

    for _ in range(1000):
        assert skipping() == ["skipped", "skipped"]


@pytest.mark.parametrize("timeout", [1e-3, 1e9, 1e300])
def test_very_short_and_very_long_times_behave(timeout):
    @step(timeout=timeout, total_timeout=timeout, on_failure="skip")
    def timed() -> int:
        return 1

    @step
    def status(end: Outcome[int]) -> str:
        return end.status

    @workflow
    def short() -> str:
        return status(outcome(timed()))

    assert short() in {"succeeded", "timed_out"}


@pytest.mark.covers("M87")
def test_the_end_is_kept_then_told_then_everybody_is_woken():
    order = []

    class Noting(MemoryStore):
        def commit(self, commits):
            if any(commit.run is not None for commit in commits):
                assert run.status == "running"
                order.append("kept")
            return super().commit(commits)

    def told(event):
        if event.kind.startswith("run_"):
            order.append(event.kind)

    engine = Engine(store=Noting(), observers=[told])
    ready = threading.Event()

    @step
    def paused() -> bool:
        return ready.wait(20)

    @workflow
    def waiting() -> bool:
        return paused()

    run = engine.start(waiting.spec, (), {})
    ready.set()
    run.result()
    engine.flush()
    assert order == ["run_started", "kept", "run_succeeded"]
    engine.shutdown()


@attrs.frozen
class Frozen(Exception):
    code: int


class Hostile(Exception):
    def add_note(self, text: str) -> None:
        raise Trouble(text)

    @property
    def __notes__(self):
        raise Trouble("notes")


@pytest.mark.parametrize("error", [Frozen(3), Hostile("x")], ids=["frozen", "hostile"])
def test_an_exception_that_cant_be_written_on_is_delivered(error):
    @step
    def sync() -> int:
        raise error

    @step
    async def later() -> int:
        raise error

    @workflow
    def one() -> int:
        return sync()

    @workflow
    def two() -> int:
        return later.ref()

    for failing in (one, two):
        with pytest.raises(type(error)):
            failing()


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Retry(2, backoff=[0]), "attempt 2 of 2 was the last"),
        (Retry(9, backoff=[0]), "the backoff ended after attempt 2"),
        (Retry(9, on=ValueError), "its policy doesn't retry a OSError"),
    ],
)
def test_why_a_step_wasnt_tried_again_is_told(policy, why):
    @workflow
    def failing() -> int:
        return trip.with_options(retries=policy)()

    run = failing.start()
    with pytest.raises(OSError, match="first") as caught:
        run.result()
    assert caught.value.__notes__[0].endswith(why)
    [failed] = [event for event in run.events() if event.kind == "step_failed"]
    assert failed.why == why


def test_what_ends_the_process_goes_before_other_failures():
    @step
    def leave(x: int) -> int:
        raise SystemExit(x)

    @workflow(fail_fast=False)
    def leaving() -> list[int]:
        return [trip(), leave.with_options(delay=0.02)(3)]

    with pytest.raises(SystemExit) as caught:
        leaving.start().result()
    assert any("`trip` failed as well, with OSError: first" in note for note in caught.value.__notes__)


def test_a_value_that_cant_be_made_from_the_results_fails_the_run():
    @step
    def table() -> dict[str, int]:
        return {"a": 1}

    @workflow
    def missing() -> int:
        return table()["b"]

    run = missing.start()
    with pytest.raises(KeyError) as caught:
        run.result()
    assert "while making the value that `missing` returns" in caught.value.__notes__
    assert [event.kind for event in run.events()][-1] == "run_failed"
    assert run.status == "failed"
