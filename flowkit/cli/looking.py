"""A workflow's graph without a run, with what isn't known left open."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from flowkit.cli.failures import told
from flowkit.cli.terminal import errors, problem
from flowkit.graph import record_symbolically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowkit.cli.targets import Named
    from flowkit.graph import Graph

__all__ = ["recorded"]


def recorded(workflow: Named, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph | None:
    """Record a workflow's body. None if it raised, which has been told then."""
    owner = getattr(workflow, "__self__", None)
    bound = args if owner is None else (owner, *args)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return record_symbolically(workflow.spec, bound, kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the body is somebody's own
        problem(f"the body of `{workflow.spec.label}` raised while it was recorded")
        errors().print(told(error))
        return None
