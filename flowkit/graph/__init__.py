"""What was written, as data: recording a body, and the graph it gives.

Reading order: declared -> model -> refusals -> refs -> placing -> recording -> dependencies. What is drawn:
insides -> ordering -> captions -> picture -> listing, drawing.
"""

from flowkit.graph.declared import Declared, FromStep, Needs, declared_in
from flowkit.graph.model import (
    Edge,
    Graph,
    Join,
    Keys,
    Kind,
    Loop,
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
from flowkit.graph.recording import (
    Recorder,
    context_of_steps,
    current_recorder,
    live_graph,
    record,
    record_symbolically,
)
from flowkit.graph.refs import Ref, Template, capture, project, references
from flowkit.graph.selected import Selected

__all__ = [
    "Declared",
    "Edge",
    "FromStep",
    "Graph",
    "Join",
    "Keys",
    "Kind",
    "Loop",
    "Needs",
    "Node",
    "Order",
    "Outcome",
    "Projection",
    "Recorder",
    "Ref",
    "Region",
    "Selected",
    "Source",
    "SourceKind",
    "StepSpec",
    "Template",
    "WorkflowSpec",
    "capture",
    "context_of_steps",
    "current_recorder",
    "declared_in",
    "project",
    "live_graph",
    "record",
    "record_symbolically",
    "references",
]
