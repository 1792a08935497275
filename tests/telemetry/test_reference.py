"""The page that lists spans, attributes and metrics lists all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowkit import step, workflow
from flowkit.telemetry import attributes

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "telemetry.md").read_text()

NAMES = [value for name, value in vars(attributes).items() if name.isupper() and isinstance(value, str)]


@pytest.mark.parametrize("name", NAMES)
def test_every_attribute_is_in_the_table(name):
    shown = f"{name}<status>" if name.endswith(".") else name
    assert f"| `{shown}` |" in PAGE


def test_every_metric_is_in_the_table(measured):
    @step
    def inc(x: int) -> int:
        return x + 1

    @workflow
    def once() -> int:
        return inc(1)

    once()
    for name, metric in measured.metrics().items():
        assert f"| `{name}` |" in PAGE
        assert f"`{metric.unit}`" in PAGE


@pytest.mark.parametrize("status", ["skipped", "blocked", "cancelled"])
def test_every_note_is_in_the_table(status):
    assert f"| `flowkit.step.{status}` |" in PAGE
