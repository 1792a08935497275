"""The options that type checkers know are those that there are."""

from __future__ import annotations

import attrs
import pytest

from flowkit.policies import StepOptions, WorkflowOptions
from flowkit.policies.keywords import StepCallKeywords, StepKeywords, WorkflowKeywords, WorkflowRunKeywords


def names(keywords):
    return set(keywords.__optional_keys__ | keywords.__required_keys__)


@pytest.mark.parametrize(
    ("keywords", "options"),
    [(StepKeywords, StepOptions), (WorkflowKeywords, WorkflowOptions)],
    ids=["step", "workflow"],
)
def test_the_keywords_of_a_decorator_are_its_options(keywords, options):
    assert names(keywords) == {field.name for field in attrs.fields(options)}
    assert not keywords.__required_keys__


@pytest.mark.parametrize(
    ("call", "decorator"),
    [(StepCallKeywords, StepKeywords), (WorkflowRunKeywords, WorkflowKeywords)],
    ids=["step", "workflow"],
)
def test_with_options_takes_what_the_decorator_takes_but_for_the_name(call, decorator):
    assert names(decorator) - names(call) == {"name"}
    assert names(call) < names(decorator)
