"""Providers that record in memory, in the place of the global ones for the length of a test."""

from __future__ import annotations

from collections import defaultdict

import pytest
from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as metrics_state
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Recorded:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def __iter__(self):
        return iter(self._exporter.get_finished_spans())

    def __len__(self):
        return len(self._exporter.get_finished_spans())

    def __getitem__(self, name):
        """The one span with this title."""
        [found] = [span for span in self if self.title(span) == name]
        return found

    def title(self, span):
        """`step score[3]`: what it is, and which."""
        key = span.attributes.get("flowkit.step.key")
        title = span.name if key is None else f"{span.name.partition(' ')[0]} {key}"
        number = span.attributes.get("flowkit.attempt")
        return title if number is None else f"{title}, {number}"

    def tree(self):
        """Titles and statuses, children below their parents and indented.

        Siblings are in the order they began; those of one step together and by their keys, as they may begin at once.
        """
        children, began = defaultdict(list), {}
        for span in self:
            parent = span.parent.span_id if span.parent else None
            children[parent].append(span)
            began[parent, span.name] = min(span.start_time, began.get((parent, span.name), span.start_time))

        def place(span):
            return began[span.parent.span_id if span.parent else None, span.name], self.title(span)

        def lines(parent, depth):
            for span in sorted(children[parent], key=place):
                status = span.attributes.get("flowkit.status")
                yield "  " * depth + self.title(span) + (f": {status}" if status else "")
                yield from lines(span.context.span_id, depth + 1)

        return list(lines(None, 0))

    def links(self, name):
        """The titles of what a span links to."""
        titles = {span.context.span_id: self.title(span) for span in self}
        return [titles[link.context.span_id] for link in self[name].links]


class Measured:
    """What has been measured so far."""

    def __init__(self, reader: InMemoryMetricReader) -> None:
        self._reader = reader

    def metrics(self):
        data = self._reader.get_metrics_data()
        found = data.resource_metrics if data is not None else []
        return {metric.name: metric for one in found for scope in one.scope_metrics for metric in scope.metrics}

    def points(self, name):
        """The points of a metric, by the step (or the workflow) and the status that they are about."""
        metric = self.metrics().get(name)
        points = metric.data.data_points if metric is not None else []
        return {self._about(point.attributes): point for point in points}

    def values(self, name):
        return {about: point.value for about, point in self.points(name).items()}

    def counts(self, name):
        return {about: point.count for about, point in self.points(name).items()}

    def _about(self, attributes):
        name = attributes.get("flowkit.step.name") or attributes["flowkit.workflow.name"]
        label = name.rpartition(":")[2].rpartition(".")[2]
        status = attributes.get("flowkit.status")
        return label if status is None else (label, status)


@pytest.fixture
def use_tracer_provider(monkeypatch):
    """Puts a provider in the place of the global one, which the API lets nobody replace once it is set."""

    def use(provider):
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
        assert trace.get_tracer_provider() is provider
        return provider

    return use


@pytest.fixture
def use_meter_provider(monkeypatch):
    def use(provider):
        monkeypatch.setattr(metrics_state, "_METER_PROVIDER", provider)
        assert metrics.get_meter_provider() is provider
        return provider

    return use


@pytest.fixture
def spans(use_tracer_provider):
    """The spans of the test."""
    exporter = InMemorySpanExporter()
    provider = use_tracer_provider(TracerProvider(shutdown_on_exit=False))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Recorded(exporter)
    provider.shutdown()


@pytest.fixture
def measured(use_meter_provider):
    """The metrics of the test."""
    reader = InMemoryMetricReader()
    provider = use_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    yield Measured(reader)
    provider.shutdown()


@pytest.fixture
def user():
    """A tracer as steps have it for spans of their own."""
    return trace.get_tracer("steps")
