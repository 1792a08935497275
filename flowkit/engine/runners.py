"""The one port through which workflows reach whoever runs them."""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flowkit.engine.run import Run
    from flowkit.graph import WorkflowSpec

__all__ = ["Runner", "current_runner", "install_default", "runner_here"]


class Runner(Protocol):
    """Whoever runs workflows: an engine."""

    def call(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Run to the end, and return the value or raise."""

    def start(self, workflow: WorkflowSpec, args: Sequence[Any], kwargs: dict[str, Any]) -> Run[Any]:
        """Run in the background."""

    def resume(self, workflow: WorkflowSpec, run_id: str) -> Run[Any]:
        """Go on with a run that is on record."""

    def fork(
        self,
        workflow: WorkflowSpec,
        run_id: str,
        at: str | Iterable[str] = (),
        replace: Mapping[str, Any] | None = None,
        new_id: str | None = None,
    ) -> Run[Any]:
        """Begin a run from the record of another."""


runner_here: Final[ContextVar[Runner | None]] = ContextVar("flowkit_runner", default=None)
"""The runner of the block that is being executed, if it has one of its own."""

_default: list[Callable[[], Runner]] = []


def install_default(factory: Callable[[], Runner]) -> None:
    """Say who answers where no block has a runner of its own."""
    _default[:] = [factory]


def current_runner() -> Runner:
    """The runner for a call made here."""
    return runner_here.get() or _default[0]()
