"""Notes on exceptions: what tells of a run, and stays short however often one object is raised."""

from __future__ import annotations

import copy
import pickle

import pytest

from flowkit import Engine, step, workflow
from flowkit.engine.notes import add_note

SHARED = ValueError("always this one")


@step
def refuse() -> int:
    raise SHARED


@step
def use(x: int) -> int:
    return x


@workflow
def refused() -> int:
    return use(refuse())


@pytest.fixture(autouse=True)
def _without_notes():
    yield
    SHARED.__dict__.pop("__notes__", None)


def notes_after(run_id: str) -> list[str]:
    with pytest.raises(ValueError, match="always"):
        refused.with_options(run_id=run_id)()
    return SHARED.__notes__


def test_an_object_raised_by_run_after_run_tells_of_the_last_one():
    for n in range(100):
        [note] = notes_after(f"run-{n}")
    assert "run-99" in note


def test_notes_of_others_stay():
    SHARED.add_note("mine")

    assert [*notes_after("first")] == ["mine", *notes_after("first")[1:]]
    assert len(notes_after("second")) == 2


def test_a_run_inside_a_step_is_told_beside_the_run_around_it():
    @step
    def inside() -> int:
        return refused.with_options(run_id="inner").start().result()

    @workflow
    def around() -> int:
        return use(inside())

    with pytest.raises(ValueError, match="always"):
        around.with_options(run_id="outer")()
    inner, outer = SHARED.__notes__
    assert inner.startswith("in step `refuse`, attempt 1 of run inner")
    assert outer.startswith("in step `inside`, attempt 1 of run outer")


def test_of_very_many_notes_the_newest_are_kept():
    error = ValueError()
    error.add_note("mine")
    for n in range(1000):
        add_note(error, f"note {n}")

    assert error.__notes__ == ["mine", *(f"note {n}" for n in range(980, 1000))]


def test_a_note_is_plain_text_to_whoever_copies_it():
    error = ValueError()
    add_note(error, "one")

    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert again.__notes__ == ["one"]
        assert type(again.__notes__[0]) is str


def test_of_very_many_failures_the_first_are_named():
    @step
    def trip(n: int) -> int:
        raise OSError(n)

    @step
    def leave() -> int:
        raise SystemExit(3)

    @workflow(fail_fast=False)
    def all_of_them() -> list[int]:
        return [*[trip(n) for n in range(15)], leave()]

    with Engine(executor="inline"), pytest.raises(SystemExit) as caught:
        all_of_them.start().result()
    place, *others, last = caught.value.__notes__
    assert place.startswith("in step `leave`")
    assert len(others) == 10
    assert last == "and 5 more failed as well"
