"""The workflows that this process knows, by name: those that can be gone on with when only their name is on record.

Nothing is imported to find one: what isn't known here is for a process that knows it.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowkit.graph import StepSpec, WorkflowSpec

__all__ = ["declare", "declare_step", "declared", "declared_step"]

_steps: Final[weakref.WeakValueDictionary[str, StepSpec]] = weakref.WeakValueDictionary()
_known: Final[weakref.WeakValueDictionary[str, WorkflowSpec]] = weakref.WeakValueDictionary()


def declare(workflow: WorkflowSpec) -> None:
    """A workflow was declared. The newest of a name counts, as with any name in Python."""
    _known[workflow.name] = workflow


def declared(name: str) -> WorkflowSpec | None:
    """The workflow of this name; None where none is known here."""
    return _known.get(name)


def declare_step(step: StepSpec) -> None:
    """A step was declared."""
    _steps[step.name] = step


def declared_step(name: str) -> StepSpec | None:
    """The step of this name; None where none is known here."""
    return _steps.get(name)
