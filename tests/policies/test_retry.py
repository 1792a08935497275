"""Retries: which errors, how often, and how long in between."""

import asyncio
import math
import pickle
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.errors import Fatal, PolicyError, RetryAfter
from flowkit.policies import Delays, Retry, exponential, fixed, linear, retry_after_of

attempts = st.one_of(st.integers(1, 50), st.integers(1, 100_000))
draws = st.floats(0, 1, exclude_max=True)
jitters = st.one_of(st.sampled_from(["full", "equal", "none"]), st.floats(0, 1))
delays = st.floats(0, 1e9)
caps = st.one_of(st.none(), delays)
backoffs = st.one_of(
    st.builds(fixed, delays),
    st.builds(linear, delays, step=caps, max=caps),
    st.builds(exponential, delays, factor=st.floats(0.1, 100), max=caps),
    st.lists(delays, min_size=1).map(Delays),
)


def first(backoff, n=5):
    return [backoff(attempt) for attempt in range(1, n + 1)]


@pytest.mark.covers("M48")
@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        (fixed("2s"), [2, 2, 2, 2, 2]),
        (linear(1), [1, 2, 3, 4, 5]),
        (linear(1, step=0.5, max=2), [1, 1.5, 2, 2, 2]),
        (exponential(1), [1, 2, 4, 8, 16]),
        (exponential("200ms", factor=3, max="1s"), [0.2, 0.6, 1, 1, 1]),
        (exponential(0), [0, 0, 0, 0, 0]),
        (Delays([1, "2s", timedelta(seconds=3)]), [1, 2, 3, None, None]),
    ],
)
def test_backoffs_count_from_the_first_failed_attempt(backoff, expected):
    assert [d if d is None else pytest.approx(d) for d in expected] == first(backoff)


@given(backoffs, attempts)
def test_backoffs_answer_at_any_attempt(backoff, attempt):
    """Also at the ten-thousandth: large is fine, infinite isn't."""
    delay = backoff(attempt)
    assert delay is None or (0 <= delay < math.inf)


@pytest.mark.parametrize("attempt", [1_024, 10_000, 10**30])
def test_doubling_never_overflows(attempt):
    assert exponential(0.1, max=30)(attempt) == 30
    assert exponential(1e300, factor=1e300)(attempt) < math.inf
    assert exponential(0)(attempt) == 0


@given(backoffs, attempts, jitters, draws)
def test_jitter_never_raises_a_delay(backoff, attempt, jitter, draw):
    delay = Retry(None, backoff=backoff, jitter=jitter).delay(attempt, draw)
    plain = backoff(attempt)
    assert (delay is None) == (plain is None)
    assert delay is None or 0 <= delay <= plain


@given(delays, attempts, jitters, draws)
def test_a_cap_holds_after_jitter_too(cap, attempt, jitter, draw):
    retry = Retry(None, backoff=exponential(1, factor=3, max=cap), jitter=jitter)
    assert retry.delay(attempt, draw) <= cap


@pytest.mark.covers("M48")
@pytest.mark.parametrize(
    ("jitter", "lowest"), [("full", 0), ("equal", 5), ("none", 10), (0.2, 8), (0, 10), (1, 0)], ids=str
)
def test_jitter_spreads_a_delay_down_to_its_floor(jitter, lowest):
    retry = Retry(backoff=fixed(10), jitter=jitter)
    assert retry.delay(1, 0.0) == 10
    assert retry.delay(1, 1 - 1e-12) == pytest.approx(lowest, abs=1e-9)
    assert retry.delay(1, 0.5) == pytest.approx((10 + lowest) / 2)


def test_the_default_waits_before_it_tries_again():
    retry = Retry(jitter="none")
    assert retry.max_attempts == 3
    assert [retry.delay(attempt, 0.0) for attempt in (1, 2, 3, 100)] == pytest.approx([0.1, 0.2, 0.4, 30])
    assert Retry().jitter == "full"


def test_retries_count_after_the_first_attempt():
    assert Retry.from_retries(3) == Retry(4)
    assert Retry.from_retries(0).max_attempts == 1


def test_a_list_of_delays_brings_its_own_number_of_attempts():
    assert Retry(backoff=[1, 5, 30]).max_attempts == 4
    assert Retry(2, backoff=[1, 5, 30]).max_attempts == 2
    assert Retry(None, backoff=[1]).delay(2, 0.0) is None


@pytest.mark.covers("M48")
def test_any_function_is_a_backoff():
    retry = Retry(backoff=lambda attempt: None if attempt > 2 else attempt * 7, jitter="none")
    assert [retry.delay(attempt, 0.0) for attempt in (1, 2, 3)] == [7, 14, None]


@pytest.mark.parametrize("answer", [-1, float("nan"), float("inf"), True, "5s", timedelta(1), 10**400], ids=repr)
def test_a_backoff_that_answers_nonsense_is_named(answer):
    def patience(attempt):
        return answer

    with pytest.raises(PolicyError, match=r"backoff `.*patience`\(3\)=.* isn't a delay; return seconds"):
        Retry(backoff=patience).delay(3, 0.0)


@pytest.mark.covers("M50")
def test_ordinary_errors_are_wanted():
    assert Retry().wants(ValueError())
    assert Retry().wants(ExceptionGroup("both", [ValueError()]))


@pytest.mark.covers("M50")
@pytest.mark.parametrize(
    "error", [Fatal("no"), KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError(), GeneratorExit()], ids=repr
)
def test_some_errors_are_never_wanted(error):
    """Whatever the policy says."""
    assert not Retry().wants(error)
    assert not Retry(on=lambda _: True).wants(error)


@pytest.mark.parametrize("on", [OSError, (OSError,), [OSError], {OSError}, lambda e: isinstance(e, OSError)])
def test_on_takes_classes_or_a_predicate(on):
    retry = Retry(on=on)
    assert retry.wants(FileNotFoundError())
    assert not retry.wants(ValueError())


@pytest.mark.parametrize("never_on", [OSError, (OSError, KeyboardInterrupt), lambda e: isinstance(e, OSError)])
def test_never_on_wins(never_on):
    retry = Retry(on=(OSError, ValueError), never_on=never_on)
    assert retry.wants(ValueError())
    assert not retry.wants(FileNotFoundError())


def test_retry_after_asks_for_itself():
    """A step that raises it has said that it wants another attempt; only `never_on` can refuse."""
    assert Retry(on=OSError).wants(RetryAfter(5))
    assert not Retry(on=OSError, never_on=RetryAfter).wants(RetryAfter(5))


def test_what_a_predicate_raises_comes_out():
    def broken(error):
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        Retry(on=broken).wants(ValueError())


async def true_to_be(error):
    return True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_attempts": 0}, "max_attempts=0 can't be counted to; write 1 or more, or None"),
        ({"max_attempts": -2}, "max_attempts=-2"),
        ({"max_attempts": True}, "max_attempts=True"),
        ({"max_attempts": 2.0}, "max_attempts=2.0"),
        ({"backoff": 5}, "backoff=5 isn't a backoff; write exponential"),
        ({"backoff": []}, r"backoff=\[\] has no delays"),
        ({"backoff": [1, -1]}, r"backoff\[1\]=-1 is negative"),
        ({"backoff": [1, "2 parsecs"]}, r"backoff\[1\]='2 parsecs' has an unknown unit"),
        ({"jitter": "ful"}, "jitter='ful' is unknown; did you mean `full`?"),
        ({"jitter": 1.5}, "jitter=1.5 is neither"),
        ({"jitter": -0.1}, "jitter=-0.1"),
        ({"jitter": float("nan")}, "jitter=nan"),
        ({"jitter": True}, "jitter=True"),
        ({"on": "OSError"}, "on='OSError' is neither exception classes nor a predicate"),
        ({"on": int}, "on=<class 'int'> isn't an exception class"),
        ({"on": (OSError, "x")}, "on='x' isn't an exception class"),
        ({"on": None}, "on=None"),
        ({"on": KeyboardInterrupt}, "on=KeyboardInterrupt would never match"),
        ({"on": (OSError, BaseException)}, "on=BaseException would never match"),
        ({"on": true_to_be}, "on=.* is async"),
        ({"never_on": true_to_be}, "never_on=.* is async"),
        ({"never_on": 5}, "never_on=5"),
    ],
)
def test_a_retry_that_cannot_be_meant_is_refused_where_it_is_written(options, message):
    with pytest.raises(PolicyError, match=message):
        Retry(**options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fixed(-1), "delay=-1 is negative"),
        (lambda: fixed("soon"), "delay='soon' can't be read"),
        (lambda: linear(1, step=-1), "step=-1"),
        (lambda: linear(None), "initial=None"),
        (lambda: exponential(1, max=-5), "max=-5"),
        (lambda: exponential(1, factor=0), "factor=0 can't multiply a delay"),
        (lambda: exponential(1, factor=float("inf")), "factor=inf"),
        (lambda: exponential(1, factor="2"), "factor='2'"),
        (lambda: Retry.from_retries(-1), r"retries=-1 is negative; .*max_attempts=None"),
        (lambda: Retry.from_retries(True), "retries=True isn't a number of retries"),
        (lambda: Retry.from_retries(2.5), "retries=2.5"),
    ],
)
def test_a_backoff_that_cannot_be_meant_is_refused_where_it_is_written(make, message):
    with pytest.raises(PolicyError, match=message):
        make()


def raised(retry_after):
    error = ConnectionError("busy")
    error.retry_after = retry_after
    return error


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        (5, 5.0),
        (0, 0.0),
        (timedelta(minutes=1), 60.0),
        ("1m 30s", 90.0),
        ("120", 120.0),
        (None, None),
        (-1, None),
        (True, None),
        (float("nan"), None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        (object(), None),
    ],
)
def test_any_error_can_say_when_to_try_again(retry_after, expected):
    """What can't be read counts as not said: it is other people's attribute."""
    assert retry_after_of(raised(retry_after)) == expected


def test_errors_that_say_nothing_ask_for_no_delay():
    class Moody(Exception):
        @property
        def retry_after(self):
            raise RuntimeError

    assert retry_after_of(RetryAfter(1.5)) == 1.5
    assert retry_after_of(ValueError()) is None
    assert retry_after_of(Moody()) is None


def test_policies_are_values():
    """Equal, hashable, picklable, and written back as they were written."""
    retry = Retry(5, backoff=exponential(0.2, factor=2, max=30), jitter=0.5, on=OSError, never_on=(FileNotFoundError,))

    assert pickle.loads(pickle.dumps(retry)) == retry
    assert hash(retry) == hash(
        Retry(5, backoff=exponential(0.2, max=30), jitter=0.5, on=OSError, never_on=FileNotFoundError)
    )
    assert eval(repr(retry.backoff)) == retry.backoff
