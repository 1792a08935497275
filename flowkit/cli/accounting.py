"""`flowkit explain RUN STEP`: why a step of a run did what it did, or what it waits for."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from rich.text import Text

from flowkit.cli.keeping import find_run, kept_in
from flowkit.cli.targets import find_workflow
from flowkit.cli.terminal import Refused, output, plain, refuse

if TYPE_CHECKING:
    from flowkit.engine.kept import KeptRun

__all__ = ["explain_step"]


def explain_step(given: str, key: str, store: str | None) -> int:
    """Print what is known of a step."""
    with kept_in(store) as engine:
        assert engine.store is not None
        run = find_run(engine.store, given)
        missing = _know(run) if engine.store.nodes(run.run_id, [key]) == [] and not run.is_final else ""
        try:
            told = engine.run(run.run_id).explain(key)
        except LookupError as unknown:
            refuse(str(unknown), missing, f"`flowkit show {run.run_id}` lists its steps")
        output().print(Text(plain(told, keep="\n")))
    return 0


def _know(run: KeptRun) -> str:
    """Have the workflow of a run be known here, so that there is something to say of what hasn't begun; else why not."""
    # Its module may do anything when it is imported, and may not be there.
    try:
        with contextlib.redirect_stdout(sys.stderr):
            find_workflow(run.workflow)
    except Refused as refused:
        return f"what hasn't begun is known only where its workflow is, and {refused.message}"
    return ""
