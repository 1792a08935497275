"""Properties and steps: which way round they are written."""

from functools import cached_property

import pytest

from flowkit import step, workflow
from flowkit.errors import MisuseError


def size(self: object) -> int:
    return 1


@pytest.mark.parametrize(("decorate", "word"), [(step, "step"), (workflow, "workflow")])
@pytest.mark.parametrize("options", [False, True], ids=["bare", "with options"])
def test_outside_a_property_it_is_said_what_to_write(decorate, word, options):
    decorate = decorate(name="size") if options else decorate
    message = rf"@{word} takes a function, and `size` is a property here; write @property above @{word}$"
    with pytest.raises(MisuseError, match=message):
        decorate(property(size))


def test_what_is_cached_would_outlive_its_run():
    with pytest.raises(MisuseError, match=r"`size` is a cached_property here; write @property above @step, for what"):
        step(cached_property(size))  # type: ignore[call-overload]


def test_a_step_inside_a_property_is_recorded():
    class Shop:
        @property
        @step
        def count(self) -> int:
            return 2

    @workflow
    def report() -> int:
        return Shop().count

    assert report() == 2
    assert Shop().count == 2
