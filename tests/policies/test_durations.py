"""Durations: every spelling means what it says, and nothing else is one."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.errors import PolicyError
from flowkit.policies import seconds

UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (0, 0.0),
        (30, 30.0),
        (0.25, 0.25),
        (timedelta(hours=1, minutes=30), 5400.0),
        ("30s", 30.0),
        ("250ms", 0.25),
        ("5us", 5e-6),
        ("5µs", 5e-6),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        ("  1 h  30 min ", 5400.0),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("2d", 172_800.0),
        ("3 weeks", 1_814_400.0),
        ("30m1h", 5400.0),
        ("0s", 0.0),
        (10**15, 1e15),
        ("1000000d", 8.64e10),
    ],
)
def test_durations_come_out_in_seconds(written, expected):
    result = seconds(written, "timeout")

    assert type(result) is float
    assert result == pytest.approx(expected)


@pytest.mark.parametrize("written", [-1, -0.001, timedelta(seconds=-1)])
def test_negative_durations_are_refused(written):
    with pytest.raises(PolicyError, match=r"^timeout=.* is negative"):
        seconds(written, "timeout")


@pytest.mark.parametrize("written", [float("nan"), float("inf"), -float("inf"), 10**400, "9" * 400 + "s"])
def test_durations_without_an_end_are_refused(written):
    with pytest.raises(PolicyError, match=r"^timeout=.* isn't a length of time that ends"):
        seconds(written, "timeout")


@pytest.mark.parametrize("written", [True, False, None, [], b"5s", 1j, object()])
def test_other_things_are_not_durations(written):
    with pytest.raises(PolicyError, match=r"^delay=.* isn't a duration; .*\"30s\""):
        seconds(written, "delay")


@pytest.mark.parametrize("written", ["", " ", "soon", "-5s", "5s soon", "1:30", "1 2s", "PT5M", "s", "5s,3ms", "٣s"])
def test_unreadable_text_is_answered_with_readable_text(written):
    with pytest.raises(PolicyError, match=r"^timeout=.* can't be read as a duration; .*\"1h 30m\""):
        seconds(written, "timeout")


@pytest.mark.parametrize(
    ("written", "help_"),
    [
        ("5 secnds", "did you mean `seconds`?"),
        ("5S", "did you mean `s`?"),
        ("2 Hours", "did you mean `hours`?"),
        ("1 fortnight", "Units are `us`, `ms`, `s`"),
        ("1e3s", "has an unknown unit `e`"),
        ("30", 'write "30s" for seconds'),
        ("1h 30", 'write "30s" for seconds'),
        ("1s 2 sec", "has the unit `s` twice"),
    ],
)
def test_a_slip_in_the_unit_gets_the_near_one(written, help_):
    with pytest.raises(PolicyError) as caught:
        seconds(written, "timeout")
    assert help_ in str(caught.value)


def test_long_values_are_cut_in_messages():
    with pytest.raises(PolicyError) as caught:
        seconds("x" * 10_000, "timeout")
    assert len(str(caught.value)) < 300


def test_values_that_cannot_show_themselves_are_named_by_type():
    class Shy:
        def __repr__(self):
            raise RuntimeError

    with pytest.raises(PolicyError, match="timeout=<Shy> isn't a duration"):
        seconds(Shy(), "timeout")


@given(st.lists(st.sampled_from(list(UNITS)), min_size=1, unique=True), st.data())
def test_parts_add_up(units, data):
    """In any order, with or without spaces."""
    parts = [(data.draw(st.integers(0, 10**6)), unit) for unit in units]
    text = data.draw(st.sampled_from(["", " "])).join(f"{number}{unit}" for number, unit in parts)

    assert seconds(text, "timeout") == pytest.approx(sum(number * UNITS[unit] for number, unit in parts))


@given(st.floats(0, 1e12))
def test_what_was_read_reads_the_same_again(number):
    assert seconds(seconds(number, "timeout"), "timeout") == number


@given(st.timedeltas(min_value=timedelta(0)))
def test_timedeltas_are_taken_at_their_word(delta):
    assert seconds(delta, "timeout") == delta.total_seconds()


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with suppress(PolicyError):
        assert seconds(text, "timeout") >= 0
