"""`flowkit show`: one run, whole."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from flowkit.cli.failures import told
from flowkit.cli.keeping import find_run, kept_in
from flowkit.cli.listing import STYLES, as_data, waits_for
from flowkit.cli.standing import error_of, parsed, standing_of
from flowkit.cli.terminal import columns, output, plain, print_json
from flowkit.cli.words import ago, counted, in_future, lasted, moment
from flowkit.stores import data as as_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from flowkit.cli.standing import Standing
    from flowkit.engine.kept import KeptAttempt, KeptNode
    from flowkit.engine.ports import Store

__all__ = ["show_run"]

_LONGEST: Final = 200
"""Characters that are shown of a value, for people."""
_MANY: Final = 20
"""Items of one map that are all shown; of more than that, those that went well aren't, but for a few."""
_FEW: Final = 5


def show_run(store: str | None, given: str, *, attempts: bool, values: bool, as_json: bool) -> int:
    """Print all that is on record of a run."""
    with kept_in(store) as engine:
        assert engine.store is not None
        standing = standing_of(engine.store, find_run(engine.store, given), whole=True)
        tried = _by_key(engine.store.attempts(standing.run.run_id)) if attempts else {}
        if as_json:
            print_json(_as_data(standing, engine.store, tried, attempts=attempts, values=values), sys.stdout)
        else:
            _Page(standing, tried, values=values).print(output())
    return 0


def _by_key(attempts: Sequence[KeptAttempt]) -> dict[str, list[KeptAttempt]]:
    found: dict[str, list[KeptAttempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.key, []).append(attempt)
    return found


# -- as data ------------------------------------------------------------------------------------------------------------


def _as_data(
    standing: Standing, store: Store, tried: dict[str, list[KeptAttempt]], *, attempts: bool, values: bool
) -> dict[str, Any]:
    run = standing.run
    steps = []
    for node in standing.nodes:
        step = _step_as_data(node)
        if attempts:
            step["attempts_made"] = [_attempt_as_data(attempt) for attempt in tried.get(node.key, ())]
        if values:
            step["value"] = parsed(node.value)
        steps.append(step)
    return {
        **as_data(standing),
        "arguments": parsed(run.arguments),
        "steps": steps,
        "result": parsed(run.result),
        "error": error_of(run.error),
        "store": store.url,
    }


def _step_as_data(node: KeptNode) -> dict[str, Any]:
    return {
        "key": node.key,
        "step": node.step,
        "kind": node.kind,
        "status": node.status,
        "attempts": node.attempts,
        "started": node.started,
        "ended": node.ended,
        "due": node.due,
        "reason": node.reason,
        "why": node.why,
        "error": error_of(node.error),
    }


def _attempt_as_data(attempt: KeptAttempt) -> dict[str, Any]:
    return {
        "attempt": attempt.attempt,
        "status": attempt.status,
        "started": attempt.started,
        "ended": attempt.ended,
        "why": attempt.why,
        "delay": attempt.delay,
        "error": error_of(attempt.error),
    }


# -- for people ---------------------------------------------------------------------------------------------------------


class _Page:
    """One run, as it is shown to people."""

    def __init__(self, standing: Standing, tried: dict[str, list[KeptAttempt]], *, values: bool) -> None:
        self._standing = standing
        self._run = standing.run
        self._tried = tried
        self._values = values
        self._now = time.time()

    def print(self, console: Console) -> None:
        """Print it."""
        columns(self._head(), console)
        if self._standing.nodes:
            console.print()
            columns(self._steps(), console)
        run = self._run
        if run.stuck and not run.is_final:
            console.print()
            console.print(Text(plain(run.stuck, keep="\n")))
        if run.error is not None:
            console.print()
            console.print(Text(told(as_kept.load_error(run.error))))
        if run.result is not None:
            console.print()
            console.print(Text(plain(json.dumps(parsed(run.result), indent=2, ensure_ascii=False), keep="\n")))

    def _head(self) -> list[list[Text]]:
        run, now, status = self._run, self._now, self._standing.status
        rows = [
            ("run", run.run_id),
            ("workflow", run.workflow),
            ("status", status + (f" ({ago(run.changed, now)})" if run.is_final else "")),
            ("began", f"{moment(run.created)}, {ago(run.created, now)}"),
            ("took" if run.is_final else "takes", lasted(self._standing.lasted(now))),
            ("waits for", waits_for(self._standing, now)),
            ("unheard", "; ".join(f"{one.words}, {ago(one.at, now)}" for one in self._standing.unheard)),
            ("parent", run.parent),
            ("fork of", run.origin),
            ("taken up", self._taken_up()),
        ]
        arguments = parsed(run.arguments)
        if isinstance(arguments, dict):
            rows += [(f"  {name}", _short(value)) for name, value in arguments.items()]
        style = STYLES.get(status, "")
        return [
            [Text(plain(word), "bold"), Text(plain(said), style if word == "status" else "")]
            for word, said in rows
            if said
        ]

    def _taken_up(self) -> str:
        run = self._run
        times = [(run.recoveries, "after its process had died"), (run.resumes, "after it had failed")]
        return ", ".join(f"{counted(count, 'time')} {why}" for count, why in times if count)

    def _steps(self) -> list[list[Text]]:
        rows = [[Text(word, "bold") for word in ("step", "status", "tries", "took", "")]]
        for node in _in_order(self._standing.nodes):
            if isinstance(node, str):
                rows.append([Text(plain(node), "dim"), Text(""), Text(""), Text(""), Text("")])
                continue
            rows.append(self._step(node))
            rows += [self._attempt(attempt) for attempt in self._tried.get(node.key, ())]
        return rows

    def _step(self, node: KeptNode) -> list[Text]:
        tries = str(node.attempts) if node.attempts else ""
        said = [one for one in (_failure(node), node.why, node.reason) if one]
        if self._values and node.value is not None:
            said.append(_short(parsed(node.value)))
        if node.due is not None and node.ended is None:
            said.append(f"due {in_future(node.due, self._now)}")
        return [
            Text(plain(node.key)),
            Text(plain(node.status), STYLES.get(node.status, "")),
            Text(tries),
            Text(_took(node.started, node.ended, self._now)),
            Text(plain("; ".join(said))),
        ]

    def _attempt(self, attempt: KeptAttempt) -> list[Text]:
        said = [one for one in (_in_line(error_of(attempt.error)), attempt.why) if one]
        if attempt.delay is not None:
            said.append(f"again after {lasted(attempt.delay)}")
        return [
            Text(f"  attempt {attempt.attempt}", "dim"),
            Text(plain(attempt.status), STYLES.get(attempt.status, "")),
            Text(""),
            Text(_took(attempt.started, attempt.ended, self._now)),
            Text(plain("; ".join(said))),
        ]


def _in_order(nodes: Sequence[KeptNode]) -> list[KeptNode | str]:
    """Nodes in the order in which they were kept, items behind their map; of many that went well, the first ones.

    A text stands for those that are left out.
    """
    items: dict[str, list[KeptNode]] = {}
    maps = {node.key for node in nodes if node.kind == "map"}
    rest: list[KeptNode] = []
    for node in nodes:
        base = node.key.rpartition("[")[0] if node.kind == "item" else ""
        if base in maps:
            items.setdefault(base, []).append(node)
        else:
            rest.append(node)
    found: list[KeptNode | str] = []
    for node in rest:
        found.append(node)
        of_it = items.get(node.key, [])
        well = [item for item in of_it if item.status == "succeeded"]
        hidden = set() if len(of_it) <= _MANY else {item.key for item in well[_FEW:]}
        found += [item for item in of_it if item.key not in hidden]
        if hidden:
            found.append(f"  and {len(hidden):,} more that succeeded")
    return found


def _failure(node: KeptNode) -> str:
    """What it failed with. Of what has succeeded that is an earlier attempt's, unless its fallback stood in for it."""
    error = _in_line(error_of(node.error))
    if not error or node.status != "succeeded":
        return error
    facts = parsed(node.facts)
    return f"fallback for {error}" if isinstance(facts, dict) and facts.get("stood_in") else ""


def _took(started: float | None, ended: float | None, now: float) -> str:
    if started is None:
        return ""
    return lasted(ended - started) if ended is not None else f"{lasted(now - started)}..."


def _in_line(error: dict[str, Any] | None) -> str:
    """An error in one line."""
    if error is None:
        return ""
    first = next(iter(error["message"].strip().splitlines()), "")
    return _cut(f"{error['type']}: {first}" if first else error["type"])


def _short(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
