"""What was written, as data: recording a body, and the graph it gives.

Reading order: model -> refs -> recording -> dependencies -> picture -> drawing.
"""

from flowkit.graph.model import (
    Edge,
    Graph,
    Kind,
    Node,
    Order,
    Projection,
    Region,
    Source,
    SourceKind,
    StepSpec,
    WorkflowSpec,
)
from flowkit.graph.outcome import Outcome
from flowkit.graph.recording import Recorder, current_recorder, record, record_symbolically
from flowkit.graph.refs import Ref, Template, project, references

__all__ = [
    "Edge",
    "Graph",
    "Kind",
    "Node",
    "Order",
    "Outcome",
    "Projection",
    "Recorder",
    "Ref",
    "Region",
    "Source",
    "SourceKind",
    "StepSpec",
    "Template",
    "WorkflowSpec",
    "current_recorder",
    "project",
    "record",
    "record_symbolically",
    "references",
]
