"""Events as data: the same event comes back, and no record of one keeps anybody from reading."""

import json
import math
import typing

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.diagnostics import Diagnostic, Label, Level, Span
from flowkit.engine import events
from flowkit.engine.events import (
    Event,
    RunEvent,
    RunFailed,
    RunStarted,
    RunWarned,
    StepAbandoned,
    StepBlocked,
    StepEvent,
    StepFailed,
    StepHeartbeat,
    StepLog,
    StepScheduled,
    StepStarted,
)
from flowkit.engine.kept import KeptEvent
from flowkit.errors import CancelReason, StepError, StepTimeout
from flowkit.machine.waiting import Decision
from flowkit.stores.failures import dump_error
from flowkit.stores.happenings import OtherEvent, dump_event, load_event

KINDS = [cls for cls in events._KINDS.values() if cls not in {RunEvent, StepEvent, OtherEvent}]

texts = st.text()
spans = st.builds(Span, texts, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), texts)
labels = st.builds(Label, spans, texts, st.booleans())
BY_HINT = {
    str: texts,
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    float | None: st.none() | st.floats(allow_nan=False),
    tuple[str, ...]: st.lists(texts).map(tuple),
    dict[str, int]: st.dictionaries(texts, st.integers()),
    dict[str, typing.Any]: st.dictionaries(texts, st.integers() | st.lists(texts)),
    typing.Any: st.none() | st.integers() | st.lists(texts),
    Decision | None: st.none() | st.builds(Decision, st.booleans(), texts, texts, texts, st.booleans()),
    Diagnostic: st.builds(
        Diagnostic, texts, st.sampled_from(Level), texts, st.lists(labels).map(tuple), st.lists(texts).map(tuple)
    ),
}
errors = st.builds(ValueError, texts) | st.builds(StepTimeout, texts, st.floats(0, 9))
BY_HINT |= {BaseException: errors, BaseException | None: st.none() | errors}


@st.composite
def happenings(draw):
    cls = draw(st.sampled_from(KINDS))
    hints = typing.get_type_hints(cls)
    return cls(**{field.name: draw(BY_HINT[hints[field.name]]) for field in attrs.fields(cls)})


def shape(event):
    """An event as data that can be compared: exceptions are equal if they are kept alike."""
    fields = attrs.asdict(event, recurse=False).items()
    return type(event), {
        name: dump_error(value) if isinstance(value, BaseException) else value for name, value in fields
    }


def read(kept, steps=None, run_id="r", workflow="w"):
    return load_event(kept, run_id, workflow, steps or {})


@given(happenings())
def test_every_event_comes_back_as_it_was(event):
    kept = dump_event(event)
    assert kept.data.isascii()
    again = read(kept, run_id=event.run_id, workflow=getattr(event, "workflow", ""))
    assert shape(again) == shape(event)
    assert dump_event(again) == kept


def test_what_a_run_has_once_isnt_kept_with_each_event():
    kept = dump_event(RunStarted(run_id="r", number=1, time=2.5, workflow="w", nodes=3))
    assert kept == KeptEvent(1, 2.5, "run_started", "", '{"nodes":3}')


def test_a_step_is_named_by_the_record_or_by_whoever_reads():
    kept = dump_event(StepStarted(run_id="r", number=2, key="a#2", step="m:a", attempt=1))
    assert kept.key == "a#2"
    assert read(kept, {"a#2": "m:other"}).step == "m:a"
    without = attrs.evolve(kept, data='{"attempt":1}')
    assert read(without, {"a#2": "m:other"}).step == "m:other"
    assert read(without).step == ""


def test_a_finding_says_the_same():
    finding = Diagnostic(
        "FK401", Level.WARNING, "title", (Label(Span("f.py", 1, 2, 1, 4, "a b c"), "here"),), ("n",), ("h",)
    )
    again = read(dump_event(RunWarned(workflow="w", finding=finding)))
    assert again.finding == finding
    assert str(again.finding) == str(finding)


def test_errors_come_back_by_the_rule_of_errors():
    class Declared(Exception):
        pass

    kept = dump_event(StepFailed(key="k", step="s", attempt=1, error=Declared("a"), handled=True))
    assert type(read(kept).error) is StepError
    assert type(load_event(kept, "r", "w", {}, [Declared]).error) is Declared


def test_values_without_an_exact_form_are_kept_as_they_are_shown():
    class Handle:
        def __repr__(self):
            return "<handle>"

    said = StepLog(key="k", step="s", message="m", fields={"a": (1, 2), "b": {3}, "c": math.nan})
    assert read(dump_event(said)).fields == {"a": [1, 2], "b": [3], "c": "NaN"}
    assert read(dump_event(StepHeartbeat(key="k", step="s", detail=Handle()))).detail == "<handle>"
    assert read(dump_event(StepScheduled(key="k", step="s", seconds=math.inf))).seconds == math.inf
    assert read(dump_event(StepBlocked(key="k", step="s", reason="\ud800"))).reason == "\\ud800"
    assert read(dump_event(StepAbandoned(key="k", step="s", attempt=1, reason=CancelReason.USER))).reason == "user"


# What can't be read


def test_a_kind_that_isnt_known_is_told_as_it_is():
    kept = KeptEvent(7, 1.5, "step_teleported", "a", '{"step":"m:a","to":"b"}')
    event = read(kept)
    assert event == OtherEvent(
        run_id="r", number=7, time=1.5, name="step_teleported", key="a", step="m:a", data={"to": "b"}
    )
    assert isinstance(event, Event)
    assert events.fields(event)["name"] == "step_teleported"
    assert dump_event(event) == kept


def test_fields_of_a_newer_flowkit_are_left_out():
    kept = KeptEvent(7, 1.5, "step_started", "a", '{"step":"m:a","attempt":2,"worker":"x"}')
    assert read(kept) == StepStarted(run_id="r", number=7, time=1.5, key="a", step="m:a", attempt=2)


@pytest.mark.parametrize(
    "data", ["{}", '{"attempt":"x"}', '{"attempt":null}', "", "{", "[]", "3", '{"attempt":{"$type":"os:system"}}']
)
def test_an_event_that_lacks_what_it_needs_is_still_an_event(data):
    event = read(KeptEvent(7, 1.5, "step_started", "a", data))
    assert (type(event), event.name, event.number) == (OtherEvent, "step_started", 7)


def test_kinds_are_names_and_nothing_else():
    for kind in ("event", "os:system", "__class__", "other_event", "step_event", ""):
        event = read(KeptEvent(1, 0.0, kind, "a", "{}"))
        assert isinstance(event, Event)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(sorted({field.name for cls in KINDS for field in attrs.fields(cls)}))


@given(
    st.sampled_from(sorted(events._KINDS)) | texts,
    st.text() | st.dictionaries(names | texts, json_values).map(json.dumps),
)
def test_any_record_gives_an_event(kind, data):
    event = read(KeptEvent(1, 0.0, kind, "a", data))
    assert isinstance(event, Event)
    assert dump_event(event).number == 1


def test_a_failure_of_the_run_has_its_keys():
    kept = dump_event(RunFailed(workflow="w", error=ValueError("a"), failed=("a", "b")))
    assert read(kept).failed == ("a", "b")
