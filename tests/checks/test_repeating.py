"""Workflows that come to themselves again."""

from __future__ import annotations

import pytest

from flowkit import CheckFailed, gate, result_of, step, workflow


@step
def revise(text: str) -> str:
    return text + "!"


@pytest.mark.covers("M13")
def test_workflows_that_call_one_another_whatever_they_were_given_are_found_with_the_whole_circle():
    @workflow
    def write(text: str) -> str:
        return review(revise(text))

    @workflow
    def review(text: str) -> str:
        return publish(text)

    @workflow
    def publish(text: str) -> str:
        return write(text)

    for one in (write, review, publish):
        with pytest.raises(CheckFailed, match="FK403") as caught:
            one("a")
        assert all(f"`{name}`" in str(caught.value) for name in ("write", "review", "publish"))


def test_one_that_may_return_without_the_call_ends_the_circle():
    @workflow
    def write(text: str) -> str:
        return review(text + "!")

    @workflow
    def review(text: str) -> str:
        if len(text) > 3:
            return text
        return write(text)

    assert write("a") == "a!!!"


@pytest.mark.parametrize("waits", ["gate", "result_of"])
def test_one_that_waits_in_every_round_may_be_meant_to_go_on(waits):
    @workflow
    def write(text: str) -> str:
        return review(revise(text))

    if waits == "gate":

        @workflow
        def review(text: str) -> str:
            gate("again?")
            return write(text)

    else:

        @workflow
        def review(text: str) -> str:
            if result_of(revise(text)):
                raise LookupError(text)
            return write(text)

    assert write.graph("a").nodes


def test_a_call_in_a_step_of_another_workflow_is_no_circle():
    @workflow
    def once(text: str) -> str:
        return revise(text)

    @workflow
    def write(text: str) -> str:
        return once(once(text))

    assert write("a") == "a!!"
