"""Answers given with the command: decisions for gates that are yet to open, and messages for signals."""

from __future__ import annotations

import getpass
import hashlib
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any, Final

import attrs

from flowkit.cli.terminal import note, refuse
from flowkit.diagnostics import did_you_mean
from flowkit.engine.events import GateOpened, SignalReceived, SignalSet
from flowkit.errors import EncodingError, IllegalTransition, PolicyError
from flowkit.machine.waiting import Decision
from flowkit.shapes import Signal
from flowkit.stores.codec import loads, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowkit.cli.targets import Named
    from flowkit.engine.events import Event, StepEvent
    from flowkit.engine.run import Run

__all__ = ["Answers", "Misfit", "answers_for", "hand_in", "login", "signal_of"]

_OURS: Final = "flowkit:"
"""What the names of steps that wait begin with; a signal's own name follows."""


class Misfit(Exception):  # noqa: N818 - an answer to the user, not a fault
    """An answer is for a gate that can't take it, which shows only once that is open."""


@attrs.define
class Answers:
    """What was given, as far as it isn't used up: each answer decides one gate, and each message is taken once."""

    approvals: list[str]
    rejections: list[str]
    messages: list[tuple[str, Any]]
    who: str
    are_once: bool = False
    """Whether the same message by the same command counts once, however often that is given for the same run."""
    _gates: list[str] = attrs.field(factory=list, init=False)
    """What the gates that opened are called: their keys, and what they ask."""
    _decided: set[str] = attrs.field(factory=set, init=False)
    """The gates that were decided here; one opens again where the run is gone on with before that was taken up."""
    _awaited: list[str] = attrs.field(factory=list, init=False)
    """The signals that were waited for."""
    _kept: list[str] = attrs.field(factory=list, init=False)
    """The names of messages that nobody has taken yet."""

    @property
    def are_given(self) -> bool:
        """Whether there is anything to hand in."""
        return bool(self.approvals or self.rejections or self.messages)

    def send(self, run: Run[Any]) -> None:
        """Send all messages, in their order; early ones are kept for whoever waits later."""
        self._kept = [name for name, _ in self.messages]
        for place, (name, value) in enumerate(self.messages):
            try:
                if not run.send(name, value, dedup=_mark(place, value) if self.are_once else None):
                    self._kept.remove(name)  # it was sent before, by whoever had the run then
            except IllegalTransition:  # it is over already, and waited for nothing
                return

    def tell(self, event: Event) -> None:
        """Take note of what is waited for, and of what was taken."""
        if isinstance(event, GateOpened):
            self._gates += [event.key, event.prompt]
        elif isinstance(event, (SignalSet, SignalReceived)):
            name = signal_of(event)
            self._awaited.append(name)
            if isinstance(event, SignalReceived) and name in self._kept:
                self._kept.remove(name)

    def covers(self, waits: SignalSet) -> bool:
        """Whether a message was sent that this can take; it is on its way."""
        return signal_of(waits) in self._kept

    def decide(self, run: Run[Any], gate: GateOpened) -> bool:
        """Decide a gate, if there is an answer for it. Raises `Misfit` for one that it can't take."""
        approval = _first(self.approvals, gate)
        rejection = _first(self.rejections, gate)
        if approval is None and rejection is None:
            return gate.key in self._decided
        if approval is not None and rejection is not None:
            message = f"the gate `{gate.key}` is both approved and rejected: `{approval[0]}` and `{rejection[0]}`"
            raise Misfit(message)
        if approval is not None:
            self.approvals.remove(approval[0])
            text, decision = approval[0], Decision(approved=True, choice=approval[1], who=self.who)
        else:
            assert rejection is not None  # one of them is there
            self.rejections.remove(rejection[0])
            text, decision = rejection[0], Decision(approved=False, feedback=rejection[1], who=self.who)
        try:
            if not hand_in(run, gate, decision):
                note(f"`{gate.key}` was decided before `{text}` could be handed in")
            self._decided.add(gate.key)
        except PolicyError as error:
            message = f"`--approve {shlex.quote(text)}` doesn't fit the gate `{gate.key}`: {error}"
            raise Misfit(message) from error
        return True

    def say_unused(self) -> None:
        """Say which answers were for nothing, with what may have been meant."""
        for option, texts in (("--approve", self.approvals), ("--reject", self.rejections)):
            for text in texts:
                near = did_you_mean(text.partition("=")[0], dict.fromkeys(self._gates))
                note(f"`{option} {shlex.quote(text)}` decided nothing: no such gate opened", near)
        for name in dict.fromkeys(self._kept):
            note(f"`--send {shlex.quote(name)}`: nobody took it", did_you_mean(name, dict.fromkeys(self._awaited)))


def _mark(place: int, value: Any) -> str:
    """What makes a message the same as one that the same command has sent before: its place, and what it says."""
    digest = hashlib.sha256(json.dumps(to_json(value), sort_keys=True).encode()).hexdigest()
    return f"command:{place}:{digest[:32]}"


def signal_of(event: StepEvent) -> str:
    """The name of the signal that an event is about."""
    return event.step.removeprefix(_OURS)


def hand_in(run: Run[Any], gate: GateOpened, decision: Decision) -> bool:
    """Decide a gate; False where it isn't open any more. Raises `PolicyError` for a choice that it doesn't offer."""
    try:
        if decision.approved:
            run.approve(gate.key, choice=decision.choice or None, who=decision.who, feedback=decision.feedback)
        else:
            run.reject(gate.key, who=decision.who, feedback=decision.feedback)
    except (LookupError, IllegalTransition):
        return False
    return True


def _first(texts: Sequence[str], gate: GateOpened) -> tuple[str, str] | None:
    """The first of the answers that is for this gate, and what it says behind the gate's name.

    What a gate asks may have equals signs in it, so which of them is ours shows only beside the gate.
    """
    for text in texts:
        for name in (gate.key, gate.prompt):
            if text == name:
                return text, ""
            if text.startswith(f"{name}="):
                return text, text[len(name) + 1 :]
    return None


# -- reading them -----------------------------------------------------------------------------------------------------


def answers_for(
    workflow: Named,
    *,
    approve: Sequence[str] | None,
    reject: Sequence[str] | None,
    send: Sequence[str] | None,
    who: str | None,
    are_once: bool = False,
) -> Answers:
    """What the options say. Raises `Refused` for a message that can't be read."""
    messages = [_message(workflow, text) for text in send or ()]
    return Answers(list(approve or ()), list(reject or ()), messages, login() if who is None else who, are_once)


def login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in some containers
        return ""


def _message(workflow: Named, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        refuse(f"`--send {shlex.quote(text)}` doesn't say what to send", f"write `--send {name or 'NAME'}=JSON`")
    try:
        return name, loads(value, _type_of(name, workflow.spec.target.__module__))
    except EncodingError as error:
        hint = "" if _is_json(value) else f"text is quoted twice: `--send {shlex.quote(f'{name}={json.dumps(value)}')}`"
        refuse(f"`--send {shlex.quote(text)}` doesn't fit the signal `{name}`: {error}", hint)


def _type_of(name: str, home: str) -> Any:
    """What messages of this name are, as the signals in the workflow's module say, or else those in all others."""
    for modules in ([sys.modules.get(home)], list(sys.modules.values())):
        said = [signal.of for module in modules for signal in _signals(module) if signal.name == name]
        if said and all(one == said[0] for one in said):
            return said[0]
    return Any


def _signals(module: object) -> Iterator[Signal[Any]]:
    for value in list(getattr(module, "__dict__", {}).values()):
        if type(value) is Signal:  # nothing is asked of what pretends to be another class
            yield value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
