"""The command line: `flowkit`, and `python -m flowkit`. The one door to cyclopts and rich.

Reading order: commands -> targets -> options -> running -> watching -> progress -> answers -> asking -> hearing ->
checking -> looking; of runs that are kept, kept -> keeping -> resuming -> standing -> listing -> showing -> following
-> outside -> sweeping; and failures, words and terminal, on which they all stand.

Results go to stdout, all else to stderr. Exit codes:

====  =====================================================================================================
0     it did what was asked for
1     the workflow failed: a step or its body raised, the checks found errors, or an answer given for a gate
      didn't fit it and the run was cancelled
2     nothing was run, because of the command itself: an unknown name, a wrong option, bad JSON, a module
      that can't be imported, a library that isn't installed, a store that can't be used, an unknown run
130   it was interrupted with Ctrl-C: the run was cancelled, and has ended
143   it was told to stop, by SIGTERM: its run was left, for whoever goes on with it; by SIGHUP that is 129
====  =====================================================================================================
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say (those of the process unless given), and return the exit code."""
    try:
        from flowkit.cli.commands import execute
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"cyclopts", "rich"}:
            raise
        sys.stderr.write(f"the command line needs `{missing.name}`, which isn't installed:\n{_INSTALL}\n")
        return 2
    return execute(sys.argv[1:] if arguments is None else arguments)


_INSTALL = "pip install 'flowkit-workflows[cli]'"
