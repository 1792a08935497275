"""What always holds of a machine, checked while it runs where `FLOWKIT_INVARIANTS` says so; the tests always do.

Every change of a status is held against the table of what may follow what, on the short path of plain nodes too, and
at its end a machine has nothing left that it owes anybody. Without the switch none of this costs anything.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flowkit.errors import FlowkitError, IllegalTransition
from flowkit.machine.statuses import FOLLOWS, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowkit.machine.machine import Machine

__all__ = ["BrokenInvariant", "Statuses", "are_watched", "verify_end"]


class BrokenInvariant(FlowkitError):  # noqa: N818 - named as the others are
    """The engine isn't in a state in which it can be: a mistake in flowkit."""


def are_watched() -> bool:
    """Whether the environment asks for it: `FLOWKIT_INVARIANTS` set to anything but nothing or 0."""
    return os.environ.get("FLOWKIT_INVARIANTS", "0") not in ("", "0")


class Statuses(list[Status]):
    """Statuses, where only what may follow a status follows it. Raises `IllegalTransition`."""

    def __setitem__(self, index: Any, status: Any) -> None:
        if isinstance(index, slice):  # where nodes come and go
            super().__setitem__(index, status)
            return
        before = self[index]
        if status is not before and status not in FOLLOWS[before]:
            raise IllegalTransition(f"node {index}", before.word, status.word)
        super().__setitem__(index, status)


def verify_end(machine: Machine) -> None:
    """Raise `BrokenInvariant` where a machine that has ended still owes something."""
    owed = list(_owed(machine))
    if owed:
        message = f"a run of `{machine.plan.graph.workflow.label}` ended with {'; '.join(owed)}"
        raise BrokenInvariant(message)


def _owed(machine: Machine) -> Iterable[str]:
    unended = [machine.key(i) for i, status in enumerate(machine.status) if status < Status.SUCCEEDED]
    if unended or machine.left:
        yield f"{machine.left} nodes counted as left, and these not ended: {', '.join(unended) or 'none'}"
    if machine.busy:
        yield f"{machine.busy} answers outstanding"
    if any(machine.status[i] < Status.SUCCEEDED for queue in machine.ready.values() for i in queue):
        yield "nodes that wait for a worker"
    early = [
        machine.key(i)
        for i, status in enumerate(machine.status)
        if status is Status.SUCCEEDED and machine.waits[i] and machine.owners[i] is None
    ]
    if early:
        yield f"nodes that ran before what they wait for: {', '.join(early)}"
