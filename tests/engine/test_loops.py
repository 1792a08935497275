"""Rounds that go on until something is so: `repeat`."""

from __future__ import annotations

import pytest

from flowkit import CheckFailed, LoopError, MisuseError, Outcome, PolicyError, outcome, repeat, step, workflow

LONG = 20.0


@step
def inc(x: int) -> int:
    return x + 1


@step
def same(x: int) -> int:
    return x


@step
def boom(x: int) -> int:
    raise ValueError(x)


@pytest.fixture(params=["called", "started"])
def result(request):
    def run(flow, *args):
        return flow(*args) if request.param == "called" else flow.start(*args).result(timeout=LONG)

    return run


@pytest.mark.covers("M24")
def test_it_goes_on_until_it_is_good(result):
    @workflow
    def counted(x: int) -> int:
        return inc(repeat(inc, inc(x), until=lambda n: n >= 5))

    assert result(counted, 0) == 6


def test_the_body_may_call_several_steps(result):
    @workflow
    def counted(x: int) -> int:
        return repeat(lambda n: inc(inc(n)), x, until=lambda n: n > 6)

    assert result(counted, 1) == 7


@pytest.mark.covers("M22")
def test_there_is_always_one_round(result):
    @workflow
    def counted(x: int) -> int:
        return repeat(inc, x, until=lambda n: True)

    assert result(counted, 1) == 2


@pytest.mark.covers("M22")
def test_rounds_have_keys_by_number():
    @workflow
    def counted(x: int) -> int:
        return repeat(inc, x, until=lambda n: n == 3)

    run = counted.start(0)
    run.result(timeout=LONG)
    assert [r.key for r in run.steps if r.key.endswith("inc")] == ["repeat/inc", "repeat@2/inc", "repeat@3/inc"]


@pytest.mark.covers("M24")
def test_a_loop_may_end_with_nothing_left_and_each_round_is_on_record():
    @step
    def rest(found: list[int]) -> list[int]:
        return found[1:]

    @workflow
    def emptied(found: list[int]) -> list[int]:
        return repeat(rest, found, until=lambda left: not left)

    run = emptied.start([1, 2, 3])
    assert run.result(timeout=LONG) == []
    assert [record.value for record in run.steps if record.key.endswith("rest")] == [[2, 3], [3], []]


@pytest.mark.covers("M22")
def test_too_many_rounds_are_a_failure_that_tells_how_far_it_came(result):
    @workflow
    def counted(x: int) -> int:
        return repeat(inc, x, until=lambda n: False, max_rounds=4)

    with pytest.raises(LoopError, match="wasn't done after 4 rounds") as caught:
        result(counted, 0)
    assert caught.value.state == 4


@pytest.mark.covers("M22")
def test_or_give_what_there_is(result):
    @workflow
    def counted(x: int) -> int:
        return repeat(inc, x, until=lambda n: False, max_rounds=4, on_max="return")

    assert result(counted, 0) == 4


@pytest.mark.covers("M23")
def test_a_loop_that_gets_nowhere_is_stuck(result):
    @workflow
    def counted(x: int) -> int:
        return repeat(same, x, until=lambda n: False, max_rounds=100, stuck_after=3)

    with pytest.raises(LoopError, match="3 rounds running have come to the same") as caught:
        result(counted, 7)
    assert caught.value.state == 7


def test_a_failure_in_a_round_is_the_steps_own(result):
    @workflow
    def failing(x: int) -> int:
        return repeat(boom, x, until=lambda n: True)

    @workflow
    def tolerant(x: int) -> Outcome[int]:
        return outcome(repeat(boom, x, until=lambda n: True))

    with pytest.raises(ValueError) as caught:
        result(failing, 3)
    assert str(caught.value) == "3"
    assert result(tolerant, 3).status == "failed"


def test_what_until_raises_fails_the_loop(result):
    @workflow
    def failing(x: int) -> int:
        return repeat(inc, x, until=lambda n: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        result(failing, 3)


def test_loops_nest(result):
    @workflow
    def nested(x: int) -> int:
        return repeat(lambda n: repeat(inc, n, until=lambda m: m % 3 == 0), x, until=lambda n: n >= 9)

    assert result(nested, 1) == 9


@pytest.mark.covers("M22", "M23")
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_rounds": 0}, "max_rounds=0"),
        ({"max_rounds": True}, "max_rounds=True"),
        ({"stuck_after": 1}, "stuck_after=1"),
        ({"on_max": "stop"}, "on_max='stop'"),
        ({"until": None}, "takes a function as until"),
    ],
)
def test_a_loop_that_cant_be_is_refused_where_it_is_written(options, error):
    @workflow
    def counted(x: int) -> int:
        return repeat(inc, x, **{"until": lambda n: True, **options})

    with pytest.raises((PolicyError, MisuseError, CheckFailed), match=error):
        counted(1)
