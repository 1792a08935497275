"""`flowkit gc`: runs that have ended, and are old enough to be forgotten."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from flowkit.cli.keeping import kept_in
from flowkit.cli.terminal import note, plain, print_json, refuse
from flowkit.cli.words import counted
from flowkit.engine.retention import sweep
from flowkit.errors import PolicyError
from flowkit.policies import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["sweep_runs"]


def sweep_runs(store: str | None, older_than: str, *, status: Sequence[str], dry_run: bool, as_json: bool) -> int:
    """Remove them, or say which they are."""
    try:
        length = float(older_than) if older_than.isdecimal() else seconds(older_than, "--older-than")
    except PolicyError as error:
        refuse(str(error))
    with kept_in(store) as engine:
        assert engine.store is not None
        removed = sweep(engine.store, time.time() - length, status=status, dry_run=dry_run)
    if as_json:
        print_json({"removed": removed, "dry_run": dry_run}, sys.stdout)
        return 0
    for run_id in removed:
        sys.stdout.write(f"{plain(run_id)}\n")
    sys.stdout.flush()
    note(f"{counted(len(removed), 'run')} {'would be' if dry_run else 'are' if len(removed) != 1 else 'is'} removed")
    return 0
