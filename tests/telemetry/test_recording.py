"""When there is something to record, and that nothing is spent or broken otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from flowkit import step, workflow
from flowkit.telemetry import OpenTelemetry

RUN = """
import sys
from flowkit import step, workflow

@step
def look() -> bool:
    return sys.modules.get("opentelemetry.trace") is not None and (
        sys.modules["opentelemetry.trace"].get_current_span().is_recording()
    )

@workflow
def looking() -> bool:
    return look()

print(looking(), any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
"""


def fresh(script, **environment):
    """What a script prints in an interpreter of its own, and what it logs."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", script], env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr


@step
def sampled() -> bool:
    with trace.get_tracer("steps").start_as_current_span("inner") as span:
        return span.is_recording()


@step
def third(x: int) -> int:
    if x == 3:
        raise ValueError(x)
    return x


@workflow
def looking() -> bool:
    return sampled()


@workflow
def ending(n: int) -> list[int]:
    return third.map(range(n))


def test_nobody_imports_opentelemetry_where_nobody_needs_it():
    assert fresh(RUN) == ("False False", "")


def test_a_provider_that_the_environment_names_is_found():
    """As with `opentelemetry-instrument`, but nobody has imported anything yet."""
    printed, _ = fresh(RUN, OTEL_PYTHON_TRACER_PROVIDER="sdk_tracer_provider")
    assert printed == "True True"


def test_a_provider_that_cant_be_loaded_is_logged_once_and_nothing_is_traced():
    twice = RUN + "looking()\n"
    printed, logged = fresh(twice, OTEL_PYTHON_TRACER_PROVIDER="no_such_provider")
    assert printed == "False True"
    assert logged.count("nothing that this engine runs is traced") == 1


def test_an_sdk_that_the_environment_switches_off_is_none(monkeypatch, use_tracer_provider, use_meter_provider):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    use_tracer_provider(TracerProvider(shutdown_on_exit=False))
    use_meter_provider(MeterProvider(shutdown_on_exit=False))
    assert OpenTelemetry().begin(run=None) is None


@pytest.mark.covers("M99")
def test_without_a_provider_there_is_nothing_to_trace():
    """The API is imported here, and its stand-ins record nothing."""
    assert OpenTelemetry().begin(run=None) is None


@pytest.mark.parametrize("provider", [trace.NoOpTracerProvider(), trace.ProxyTracerProvider()])
def test_a_provider_of_the_api_itself_records_nothing(use_tracer_provider, provider):
    use_tracer_provider(provider)
    assert OpenTelemetry().begin(run=None) is None


def test_a_meter_provider_of_the_api_itself_records_nothing(use_meter_provider):
    use_meter_provider(metrics.NoOpMeterProvider())
    assert OpenTelemetry().begin(run=None) is None


def test_a_run_that_is_sampled_out_makes_no_spans_and_drops_those_of_its_steps(spans, monkeypatch):
    trace.get_tracer_provider().sampler = ParentBased(ALWAYS_OFF)
    traced = []
    begin = OpenTelemetry.begin
    monkeypatch.setattr(OpenTelemetry, "begin", lambda self, driver: traced.append(begin(self, driver)) or traced[-1])
    assert looking() is False
    assert traced == [None]  # no step costs anything
    assert len(spans) == 0


def test_a_run_under_a_caller_that_is_sampled_out_is_sampled_out(spans, user):
    context = trace.SpanContext(trace_id=1, span_id=1, is_remote=True, trace_flags=trace.TraceFlags(0))
    with trace.use_span(trace.NonRecordingSpan(context)):
        assert looking() is False
    assert len(spans) == 0


def test_what_is_sampled_out_is_measured_all_the_same(spans, measured):
    trace.get_tracer_provider().sampler = ParentBased(ALWAYS_OFF)
    looking()
    assert measured.values("flowkit.step.attempts") == {"sampled": 1}


class Broken(SpanProcessor):
    """Fails where it is told to."""

    def __init__(self, where):
        self.where = where

    def on_start(self, span, parent_context=None):
        if span.name.startswith(self.where):
            raise RuntimeError("broken")

    def on_end(self, span):
        if f"end of {span.name}".startswith(self.where):
            raise RuntimeError("broken")


@pytest.mark.parametrize("where", ["run", "map", "step", "end of run", "end of map", "end of step"])
def test_a_processor_that_raises_hurts_nothing_but_the_trace(spans, caplog, where):
    trace.get_tracer_provider().add_span_processor(Broken(where))
    assert ending(3) == [0, 1, 2]
    assert caplog.text.count("OpenTelemetry failed") == 1
    assert ending.start(3).result() == [0, 1, 2]


def test_a_processor_that_raises_doesnt_keep_a_run_from_being_measured(spans, measured):
    trace.get_tracer_provider().add_span_processor(Broken("step"))
    ending(3)
    assert measured.values("flowkit.step.attempts") == {"third": 3}


def test_a_processor_that_raises_doesnt_hide_a_failure(spans, caplog):
    trace.get_tracer_provider().add_span_processor(Broken("end of step"))
    with pytest.raises(ValueError, match="3"):
        ending(4)
