"""Not blocking an event loop by mistake."""

from __future__ import annotations

import sys
from typing import Any

from flowkit.errors import BlockingCall

__all__ = ["loop_for_steps", "refuse_to_block", "running_loop"]


def running_loop() -> Any:
    """The event loop that runs this very code, if one does. Without asyncio imported there can be none."""
    asyncio = sys.modules.get("asyncio")
    return asyncio._get_running_loop() if asyncio is not None else None


def loop_for_steps() -> Any:
    """The event loop that async steps of a run started here are to run on; None for the engine's own.

    A notebook's cells may block the loop they run on, so steps can't count on it.
    """
    return None if _in_notebook() else running_loop()


def refuse_to_block(call: str, instead: str) -> None:
    """Raise `BlockingCall` on an event loop.

    Not in a notebook: its cells run on the kernel's loop, which whatever a cell does blocks anyway.
    """
    if running_loop() is not None and not _in_notebook():
        raise BlockingCall(call, instead)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return False
    shell = ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")
