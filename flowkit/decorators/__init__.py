"""`@step` and `@workflow`: from functions to things that can be recorded.

A decorated object is inert. It can be called, recorded and described; it doesn't know how anything runs. Outside a
workflow's body a step is the function it was. Calling a workflow goes through one port, `engine.runners.current_runner`.

Reading order: wrapping -> addresses -> decorated -> mapping -> accessors -> declaring -> steps -> gathering ->
workflows.
"""

from flowkit.decorators.declaring import From, Resource
from flowkit.decorators.mapping import Unmapped, unmapped
from flowkit.decorators.steps import Step, step
from flowkit.decorators.workflows import Workflow, workflow

__all__ = ["From", "Resource", "Step", "Unmapped", "Workflow", "step", "unmapped", "workflow"]
