"""Where a run is, from what is on record of it: for lists, for a single run, and for those who answer it.

Nothing of anybody's is made of what is read: values stay the JSON they are kept as.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.engine.kept import decision_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowkit.engine.kept import KeptNode, KeptRun, Message
    from flowkit.engine.ports import Store

__all__ = ["Standing", "Unheard", "Wait", "error_of", "parsed", "standing_of"]

_AT_WORK: Final = frozenset({"step", "item"})
"""What of a run does something; all else runs for as long as there is something in it."""


@attrs.frozen
class Wait:
    """Something that a run waits for."""

    kind: str
    """`gate`, `signal`, `retry`, or `time`."""
    key: str
    name: str = ""
    """Of a gate what is asked, of a signal its name."""
    options: tuple[str, ...] = ()
    due: float | None = None

    @property
    def words(self) -> str:
        """In words, without the time."""
        if self.kind == "gate":
            return f"gate `{self.key}`"
        if self.kind == "signal":
            return f"signal `{self.name}`"
        return f"retry of `{self.key}`" if self.kind == "retry" else f"time of `{self.key}`"


@attrs.frozen
class Unheard:
    """Something that was said to a run, and that it hasn't taken yet."""

    kind: str
    """`decision`, `signal` or `cancel`."""
    name: str
    """Of a decision the key of its gate, of a signal its name."""
    at: float
    said: dict[str, Any]
    """Of a decision, `approved`, `choice`, `who` and `feedback`; of a cancel, its `reason` and `detail`."""

    @property
    def words(self) -> str:
        """In words, without the time."""
        if self.kind == "signal":
            return f"signal `{self.name}` is sent"
        if self.kind == "cancel":
            return "it is asked to end" + (f": {self.said['detail']}" if self.said.get("detail") else "")
        text = f"gate `{self.name}` is {'approved' if self.said.get('approved') else 'rejected'}"
        text += f" with {self.said['choice']!r}" if self.said.get("choice") else ""
        return text + (f" by {self.said['who']}" if self.said.get("who") else "")


@attrs.frozen
class Standing:
    """A run, and what it is at."""

    run: KeptRun
    nodes: Sequence[KeptNode]
    """None of a run that has ended, unless they were asked for."""
    waits: tuple[Wait, ...] = ()
    at_work: tuple[str, ...] = ()
    """The keys of steps that are being run."""
    unheard: tuple[Unheard, ...] = ()
    """What was said to it that it hasn't taken yet, in the order in which it came."""

    @property
    def status(self) -> str:
        """One of `running`, `waiting`, `lost`, `succeeded`, `failed` and `cancelled`."""
        return "lost" if self.run.is_lost else self.run.status

    @property
    def is_left(self) -> bool:
        """Whether it hasn't ended and nobody has it, without having died."""
        return not (self.run.is_final or self.run.is_held or self.run.is_lost)

    def lasted(self, now: float) -> float:
        """For how long it has been going, or went."""
        return (now if self.run.ended is None else self.run.ended) - self.run.created


def standing_of(store: Store, run: KeptRun, *, whole: bool = False) -> Standing:
    """Where a run is. With `whole`, its nodes are asked for though it has ended."""
    if run.is_final and not whole:
        return Standing(run, ())
    nodes = store.nodes(run.run_id)
    if run.is_final:
        return Standing(run, nodes)
    gates = {decision_name(node.key, run.resumes): node.key for node in nodes}
    unheard = [
        _unheard(message, gates)
        for message in store.messages(run.run_id)
        # One about a gate as it was before the run was taken up again is heard by nobody.
        if message.kind != "decision" or message.name in gates
    ]
    decided = {one.name for one in unheard if one.kind == "decision"}
    waits = [_wait(node) for node in nodes if node.status in ("waiting", "retrying") and node.key not in decided]
    at_work = tuple(node.key for node in nodes if node.status == "running" and node.kind in _AT_WORK)
    return Standing(run, nodes, tuple(waits), at_work, tuple(unheard))


def _unheard(message: Message, gates: Mapping[str, str]) -> Unheard:
    said = parsed(message.payload) if message.kind != "signal" else {}
    name = gates[message.name] if message.kind == "decision" else message.name
    return Unheard(message.kind, name, message.at, said if isinstance(said, dict) else {})


def _wait(node: KeptNode) -> Wait:
    facts = parsed(node.facts)
    gate, signal = (facts.get("gate"), facts.get("signal")) if isinstance(facts, dict) else (None, None)
    if isinstance(gate, dict):
        options = gate.get("options") or ()
        return Wait("gate", node.key, str(gate.get("prompt", "")), tuple(map(str, options)), node.due)
    if isinstance(signal, str):
        return Wait("signal", node.key, signal, due=node.due)
    return Wait("retry" if node.status == "retrying" else "time", node.key, due=node.due)


def parsed(text: str | None) -> Any:
    """What is kept as JSON; the text itself where it is none."""
    if text is None:
        return None
    try:
        return json.loads(text, object_hook=_as_number)
    except (ValueError, RecursionError):
        return text


def _as_number(data: dict[str, Any]) -> Any:
    """An integer that is kept in the codec's own way, as the number that it is."""
    if data.keys() == {"$int"}:
        with contextlib.suppress(TypeError, ValueError):
            return int(data["$int"], 16)
    return data


def error_of(text: str | None) -> dict[str, Any] | None:
    """An error that is kept, as plain data: `type`, `message`, and `trace` where there is one."""
    if text is None:
        return None
    data = parsed(text)
    if not isinstance(data, dict):
        return {"type": "", "message": str(data), "trace": ""}
    module, name = data.get("module", ""), data.get("name", "")
    kind = str(name) if module in ("builtins", "") else f"{module}.{name}"
    return {"type": kind, "message": str(data.get("text", "")), "trace": str(data.get("trace", ""))}
