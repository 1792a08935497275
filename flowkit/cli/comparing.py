"""`flowkit diff`: what differs between two versions of a workflow, and what becomes of the runs that are under way."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.text import Text

from flowkit.cli.keeping import is_there, kept_in, shown_place
from flowkit.cli.looking import recorded
from flowkit.cli.targets import find_apart, find_workflow
from flowkit.cli.terminal import note, output, plain, print_json, refuse
from flowkit.cli.words import counted
from flowkit.diagnostics.spans import relative
from flowkit.engine.judging import judged_all
from flowkit.graph.diffing import compare
from flowkit.stores import data as as_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from flowkit.cli.targets import Named
    from flowkit.diagnostics import Diagnostic
    from flowkit.engine.judging import Judgement
    from flowkit.graph.diffing import Difference

__all__ = ["diff_targets"]

_STYLES: Final = {"safe": "green", "fork": "yellow", "blocked": "red"}


def diff_targets(targets: Sequence[str], store: str | None, *, as_json: bool) -> int:
    """Compare, judge, print, and return the exit code: 1 if a run is blocked, or a body raised."""
    if len(targets) > 2:
        refuse("`flowkit diff` compares two versions", "write `flowkit diff OLD NEW`, or `flowkit diff NEW`")
    with contextlib.redirect_stdout(sys.stderr):  # modules and bodies may print
        old = find_apart(targets[0]) if len(targets) == 2 else None
        new = find_workflow(targets[-1])
        compared = _compared(old, new) if old is not None else None
        judgements, place, url = _judged(new, store, needed=old is None)
    differences = compared.differences if compared is not None else None
    if as_json:
        print_json(_as_data(new, compared, judgements, url), sys.stdout)
    else:
        _Page(output()).print(new, differences, judgements, place)
    for where in compared.until if compared is not None else ():
        note(f"compared up to {where}", "runs are looked at whole, with their own arguments" if judgements else "")
    if old is not None and old.spec.name != new.spec.name and not judgements:
        note(f"runs of `{old.spec.name}` aren't runs of `{new.spec.name}`", "a workflow goes on under its own name")
    raised = old is not None and compared is None
    return int(raised or any(one.verdict == "blocked" for one in judgements or ()))


class _Compared(NamedTuple):
    """What differs between two versions."""

    differences: list[Difference]
    until: list[str]
    """How far they could be compared without arguments: places, and what is the matter there."""


def _compared(old: Named, new: Named) -> _Compared | None:
    """What differs; None where a body raised, which has been told then."""
    graphs = [recorded(one, (), {}) for one in (old, new)]
    if graphs[0] is None or graphs[1] is None:
        return None
    until = [_place(graph.stopped) for graph in graphs if graph is not None and graph.stopped is not None]
    return _Compared(compare(graphs[0], graphs[1], as_kept), list(dict.fromkeys(until)))


def _place(stopped: Diagnostic) -> str:
    """Where a body couldn't be gone on with, and why."""
    spans = [label.span for label in stopped.labels[:1]]
    return "".join(f"{relative(one.file)}:{one.line}: " for one in spans) + stopped.title


def _judged(new: Named, store: str | None, *, needed: bool) -> tuple[list[Judgement] | None, str, str | None]:
    """What becomes of each unfinished run, where they are, and the URL of that; None where nobody keeps any."""
    if not needed and not is_there(store):
        return None, "", None
    with kept_in(store) as engine:
        assert engine.store is not None
        planned = partial(engine._planned, starts=True)
        return list(judged_all(engine._services, planned, new.spec)), shown_place(engine.store), engine.store.url


def _as_data(
    new: Named, compared: _Compared | None, judgements: Sequence[Judgement] | None, url: str | None
) -> dict[str, Any]:
    return {
        "workflow": new.spec.name,
        "differences": None if compared is None else [_told(one) for one in compared.differences],
        "until": None if compared is None else compared.until,
        "runs": None
        if judgements is None
        else [
            {
                "id": one.run.run_id,
                "status": "lost" if one.run.is_lost else one.run.status,
                "verdict": one.verdict,
                "at": list(one.at),
                "because": one.because,
                "differences": [_told(difference) for difference in one.differences],
            }
            for one in judgements
        ],
        "store": url,
    }


def _told(one: Difference) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "key": one.key,
        "text": one.text,
        "then": one.then,
        "now": one.now,
        "fits": one.fits,
        "again": list(one.again),
        "helps": list(one.helps),
    }


class _Page:
    """What is told to people."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def print(
        self,
        new: Named,
        differences: Sequence[Difference] | None,
        judgements: Sequence[Judgement] | None,
        place: str,
    ) -> None:
        """Print it."""
        if differences is not None:
            many = counted(len(differences), "difference") if differences else "no differences"
            self._line(f"{new.spec.label}: {many}", "bold")
            for one in differences:
                self._difference(one, "  ")
        if judgements is None:
            return
        if differences is not None:
            self._console.print()
        count = counted(len(judgements), "unfinished run") if judgements else "no unfinished runs"
        self._line(f"{count} of `{new.spec.name}` in {place}", "bold")
        for judgement in judgements:
            self._judgement(judgement)

    def _judgement(self, one: Judgement) -> None:
        words = {"fork": f"fork at {', '.join(one.at)}", "blocked": "blocked"}.get(one.verdict, one.verdict)
        status = "lost" if one.run.is_lost else one.run.status
        self._console.print(
            Text.assemble("  ", plain(one.run.run_id), f" ({status})  ", (plain(words), _STYLES[one.verdict]))
        )
        shown = [difference for difference in one.differences if difference.fits is False or one.verdict == "safe"]
        for difference in shown:
            self._difference(difference, "    ")
        if one.because and (one.at or not shown):
            for line in one.because.splitlines():
                self._line(f"    {line}")

    def _difference(self, one: Difference, indent: str) -> None:
        for line in str(one).splitlines():
            self._line(f"{indent}{line}")

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(plain(text), style))
