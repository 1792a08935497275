"""Whether anybody records, asked when a run begins: where nobody does, a run costs what it costs without telemetry."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider

    from flowkit.engine.events import Event
    from flowkit.engine.ports import RunTrace, Traced
    from flowkit.telemetry.meters import Instruments, RunMeters
    from flowkit.telemetry.spans import RunSpans

__all__ = ["OpenTelemetry"]

log: Final = logging.getLogger("flowkit")

SCOPE: Final = "flowkit"
"""The name under which spans and metrics are made."""


class OpenTelemetry:
    """Makes spans and metrics, where somebody records them.

    A provider that records was made by somebody who imported the API, or is named in the environment: without either
    there is nothing to look for. The environment is read here, once.
    """

    def __init__(self) -> None:
        self._tracer_named = "OTEL_PYTHON_TRACER_PROVIDER" in os.environ
        self._meter_named = "OTEL_PYTHON_METER_PROVIDER" in os.environ
        self._broken = False

    def begin(self, run: Traced) -> RunTrace | None:
        """The trace of a run that begins; None where nobody records."""
        if self._broken:
            return None
        modules = sys.modules
        try:
            tracer = _tracer() if self._tracer_named or "opentelemetry.trace" in modules else None
            instruments = _instruments() if self._meter_named or "opentelemetry.metrics" in modules else None
        except Exception:
            log.exception("OpenTelemetry can't be used, so nothing that this engine runs is traced")
            self._broken = True
            return None
        if tracer is None and instruments is None:
            return None
        try:
            return _trace(run, tracer, instruments)
        except Exception:
            log.exception("OpenTelemetry failed, so a run of %s isn't traced", run.plan.graph.workflow.name)
            return None


# A provider is looked at when it is first met, not in every run. What was made of it is shared by all engines.
_tracers: dict[TracerProvider, Tracer | None] = {}
_meters: dict[MeterProvider, Instruments | None] = {}
_lock = threading.Lock()


def _tracer() -> Tracer | None:
    from opentelemetry import trace

    provider = trace.get_tracer_provider()
    if provider not in _tracers:
        tracer = None if _is_idle(provider) else provider.get_tracer(SCOPE, _version())
        _tracers[provider] = None if tracer is None or _is_idle(tracer) else tracer
    return _tracers[provider]


def _instruments() -> Instruments | None:
    from opentelemetry import metrics

    provider = metrics.get_meter_provider()
    if provider not in _meters:
        with _lock:
            if provider not in _meters:
                meter = None if _is_idle(provider) else provider.get_meter(SCOPE, _version())
                _meters[provider] = None if meter is None or _is_idle(meter) else _instruments_of(meter)
    return _meters[provider]


def _instruments_of(meter: Meter) -> Instruments:
    from flowkit.telemetry.meters import Instruments

    return Instruments(meter)


def _is_idle(thing: Any) -> bool:
    """Whether it is one of the API's own stand-ins, which record nothing."""
    return type(thing).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("flowkit-workflows")
    except metadata.PackageNotFoundError:  # it is run from its source
        return ""


def _trace(run: Traced, tracer: Tracer | None, instruments: Instruments | None) -> RunTrace | None:
    spans: RunSpans | None = None
    meters: RunMeters | None = None
    if tracer is not None:
        from flowkit.telemetry.spans import RunSpans

        spans = RunSpans(tracer, run)
        if not spans.span.is_recording():
            spans = None  # the run was sampled out, and its steps with it; what its steps make sees that by itself
    if instruments is not None:
        from flowkit.telemetry.meters import RunMeters

        meters = RunMeters(instruments, run, spans)
    if spans is None and meters is None:
        return None
    return _Guarded(run.plan.graph.workflow.name, spans, meters)


class _Guarded:
    """Spans and metrics of one run. When a processor or an exporter raises, the run goes on without them."""

    def __init__(self, workflow: str, spans: RunSpans | None, meters: RunMeters | None) -> None:
        self._workflow = workflow
        # Measurements come last while a step begins, and first when it ends: its span is named as an example of them.
        self._opening = [part for part in (spans, meters) if part is not None]
        self._closing = self._opening[::-1]

    def enter(self, index: int, attempt: int) -> None:
        for part in self._opening:
            try:
                part.enter(index, attempt)
            except Exception as error:  # noqa: BLE001 - somebody's own code, which isn't to hurt
                self._give_up(part, error)

    def succeeded(self, index: int) -> None:
        for part in self._closing:
            try:
                part.succeeded(index)
            except Exception as error:  # noqa: BLE001 - see above
                self._give_up(part, error)

    def told(self, index: int, event: Event) -> None:
        for part in self._closing:
            try:
                part.told(index, event)
            except Exception as error:  # noqa: BLE001 - see above
                self._give_up(part, error)

    def finished(self, status: str, error: BaseException | None) -> None:
        for part in self._closing:
            try:
                part.finished(status, error)
            except Exception as problem:  # noqa: BLE001 - see above
                self._give_up(part, problem)

    def _give_up(self, part: RunSpans | RunMeters, error: Exception) -> None:
        with _lock:
            known = part in self._opening
            self._opening = [other for other in self._opening if other is not part]
            self._closing = self._opening[::-1]
        if known:  # and not given up by another thread just now
            log.error("OpenTelemetry failed, so the rest of a run of %s isn't traced", self._workflow, exc_info=error)
