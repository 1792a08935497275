"""`flowkit logs`: what happened in a run, one line for each event, and what happens on."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from flowkit.cli.keeping import find_run, kept_in
from flowkit.cli.standing import error_of, parsed
from flowkit.cli.terminal import note, output, plain
from flowkit.cli.words import clock_time, lasted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowkit.engine.kept import KeptEvent
    from flowkit.engine.ports import Store

__all__ = ["follow_run"]

_LOOK: Final = 0.2
"""Seconds between two looks at what is new."""
_PAGE: Final = 1_000
_KIND: Final = 16
"""Columns for the kind of an event; few are longer."""
_STYLES: Final = {"failed": "red", "timed": "red", "succeeded": "green", "retrying": "yellow", "cancelled": "dim"}


def follow_run(store: str | None, given: str, *, follow: bool, as_json: bool) -> int:
    """Print the events of a run; with `follow`, until it has ended."""
    with kept_in(store) as engine:
        assert engine.store is not None
        run = find_run(engine.store, given)
        console = output()
        for event in _events(engine.store, run.run_id, follow=follow):
            if as_json:
                sys.stdout.write(json.dumps(_as_data(event)) + "\n")  # ASCII, whatever is in it
                sys.stdout.flush()
            else:
                console.print(_line(event))
    return 0


def _events(store: Store, run_id: str, *, follow: bool) -> Iterator[KeptEvent]:
    seen, told = 0, False
    while True:
        run = store.run(run_id)  # before its events are: what it ends with is on record along with its end
        while page := store.events(run_id, seen, _PAGE):
            yield from page
            seen = page[-1].number
        if not follow or run is None or run.is_final:
            return
        if not run.is_held and not told:
            note(f"nobody has run `{run_id}` now; waiting", f"`flowkit resume {run_id}` goes on with it")
        told = not run.is_held
        time.sleep(_LOOK)


def _as_data(event: KeptEvent) -> dict[str, Any]:
    told = parsed(event.data)
    if isinstance(told, dict) and "error" in told:
        told["error"] = error_of(None if told["error"] is None else json.dumps(told["error"]))
    return {"number": event.number, "time": event.at, "kind": event.kind, "key": event.key, "data": told}


def _line(event: KeptEvent) -> Text:
    kind = event.kind.replace("_", " ")
    style = next((style for word, style in _STYLES.items() if word in kind.split()), "")
    line = Text.assemble((clock_time(event.at), "dim"), "  ", (plain(f"{kind:{_KIND}}"), style))
    for said in (event.key, _details(_as_data(event)["data"])):
        if said:
            line.append(f"  {plain(said)}")
    line.rstrip()
    return line


def _details(told: Any) -> str:
    """What else there is to an event, in one line."""
    if not isinstance(told, dict):
        return str(told)
    parts = []
    for name, value in told.items():
        if name == "step" or value is None or value in ("", [], {}):
            continue
        if name == "error" and isinstance(value, dict):
            parts.append(f"{value['type']}: {value['message']}".strip(": "))
        elif name in ("seconds", "delay") and isinstance(value, (int, float)):
            parts.append(f"{name}={lasted(value)}")
        else:
            parts.append(f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return "  ".join(parts)
