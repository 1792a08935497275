"""Gates that open while somebody is there: in a terminal they are asked one after another, elsewhere they are told."""

from __future__ import annotations

import shlex
from collections import deque
from typing import TYPE_CHECKING, Any

from rich.text import Text

from flowkit.cli.answers import hand_in, signal_of
from flowkit.cli.hearing import forget_typed
from flowkit.cli.terminal import errors, note
from flowkit.engine.events import GateResolved, SignalSet, StepCancelled
from flowkit.machine.waiting import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowkit.engine.events import Event, GateOpened
    from flowkit.engine.run import Run

__all__ = ["Desk", "say_open"]


class _Question:
    """One gate, on its way to a decision."""

    def __init__(self, gate: GateOpened) -> None:
        self.gate = gate
        self.decision: Decision | None = None
        """What was decided, while the feedback is still asked for."""
        self.no = "reject"
        while self.no in gate.options:
            self.no += "!"
        # A number that is the name of an option, too, would mean either.
        self._numbered = not any(option.strip().isdecimal() for option in gate.options)

    def show(self) -> Text:
        """What is asked, and of what to choose."""
        gate = self.gate
        limit = "" if gate.seconds is None else f", open for {gate.seconds:g}s"
        lines = [Text.assemble(("? ", "bold cyan"), (_plain(gate.prompt), "bold"), (f"  (`{gate.key}`{limit})", "dim"))]
        for number, option in enumerate(gate.options, 1):
            mark = f"{number:>3}" if self._numbered else "  -"
            lines.append(Text(f"{mark}  {_plain(option)}"))
        return Text("\n").join(lines)

    def wanted(self) -> str:
        """What is to be typed next."""
        if self.decision is not None:
            return "  feedback, or Enter: "
        if not self.gate.options:
            return "  yes or no: "
        return f"  {'a number or a name' if self._numbered else 'a name'}, or {self.no}: "

    def read(self, typed: str, who: str) -> Decision | None:
        """The decision that was typed; None where it says nothing that is offered."""
        said, options = typed.strip(), self.gate.options
        if not options:
            word = said.casefold()
            if word in {"y", "yes", "n", "no"}:
                return Decision(approved=word[0] == "y", who=who)
            return None
        near = [option for option in options if option.strip().casefold() == said.casefold()]
        if said in options or len(near) == 1:
            return Decision(approved=True, choice=said if said in options else near[0], who=who)
        if said.casefold() == self.no:
            return Decision(approved=False, who=who)
        if self._numbered and said.isdecimal() and 1 <= int(said) <= len(options):
            return Decision(approved=True, choice=options[int(said) - 1], who=who)
        return None


class Desk:
    """Where gates are decided that no given answer covers. Used from one thread.

    `pause` and `resume` are called around what is asked, for whatever else is shown in the terminal.
    """

    def __init__(
        self,
        run: Run[Any],
        who: str,
        *,
        asks: bool,
        pause: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
    ) -> None:
        self._run = run
        self._who = who
        self._asks = asks
        self._pause = pause
        self._resume = resume
        self._current: _Question | None = None
        self._waiting: deque[GateOpened] = deque()
        self._said: set[str] = set()

    @property
    def is_asking(self) -> bool:
        """Whether what is typed is for a gate."""
        return self._current is not None

    def open(self, gate: GateOpened) -> None:
        """Ask, now or when what was asked before it is decided; or say that nobody can be asked."""
        if self._run.status.is_final:
            return  # it is told late
        if not self._asks:
            say_open(gate)
            return
        asked = [] if self._current is None else [self._current.gate]
        if any(one.key == gate.key for one in (*asked, *self._waiting)):
            return  # it opened again, since somebody else goes on with the run
        self._waiting.append(gate)
        if self._current is None:
            self._pause()
            self._ask_next()

    def tell(self, event: Event) -> None:
        """Say which signals are waited for, once each, and take back what need not be asked any more."""
        if isinstance(event, SignalSet) and signal_of(event) not in self._said and not self._run.status.is_final:
            self._said.add(signal_of(event))
            say_open(event)
        if not isinstance(event, (GateResolved, StepCancelled)):
            return
        self._waiting = deque(gate for gate in self._waiting if gate.key != event.key)
        if self._current is not None and self._current.gate.key == event.key:
            self._break_off()
            note(f"the gate `{event.key}` isn't open any more: {_why(event)}")
            self._ask_next()

    def hear(self, typed: str) -> None:
        """Take what somebody has typed."""
        question = self._current
        if question is None:
            return  # it was for a question that was taken back
        if question.decision is None:
            question.decision = question.read(typed, self._who)
            if question.decision is None and typed.strip():
                errors().print(Text(f"  {typed.strip()!r} isn't one of the answers", style="yellow"))
            self._say(question.wanted())
            return
        decision = question.decision
        self._current = None
        told = Decision(decision.approved, decision.choice, decision.who, typed.strip())
        if not hand_in(self._run, question.gate, told):
            note(f"that came too late: the gate `{question.gate.key}` isn't open any more")
        self._ask_next()

    def hang_up(self) -> None:
        """Nothing more can be typed: what is open stays open, and what opens is told."""
        self._asks = False
        if self._current is None:
            return
        left = [self._current.gate, *self._waiting]
        self._waiting.clear()
        self.close()
        for gate in left:
            say_open(gate)
        self._resume()

    def close(self) -> None:
        """Leave the line of a question that nobody is going to answer."""
        if self._current is not None:
            self._break_off()

    def _ask_next(self) -> None:
        if not self._waiting:
            self._resume()
            return
        forget_typed()
        self._current = question = _Question(self._waiting.popleft())
        errors().print(question.show())
        self._say(question.wanted())

    def _break_off(self) -> None:
        self._current = None
        forget_typed()
        self._say("\n")

    @staticmethod
    def _say(text: str) -> None:
        errors().print(Text(text), end="")


def _why(event: Event) -> str:
    if not isinstance(event, GateResolved):
        return "it was cancelled"
    if event.decision is None or event.decision.timed_out:
        return "its time is over"
    return f"{event.decision.who or 'somebody else'} has decided"


def say_open(waits: GateOpened | SignalSet, help: str = "") -> None:
    """Say what waits for a decision or a message, where nobody can be asked; `help` is what else can be done."""
    limit = "" if waits.seconds is None else f", for {waits.seconds:g}s"
    if isinstance(waits, SignalSet):
        name = signal_of(waits)
        option = shlex.quote(f"{name}=JSON")
        note(
            f"`{waits.key}` waits for the signal `{name}`{limit}",
            help or f"to send it with the command: `--send {option}`",
        )
        return
    options = f" ({', '.join(map(_plain, waits.options))})" if waits.options else ""
    answer = shlex.quote(f"{waits.key}={waits.options[0]}" if waits.options else waits.key)
    note(
        f"the gate `{waits.key}` waits for a decision{limit}: {_plain(waits.prompt)}{options}",
        help or f"run it in a terminal, or decide with the command: `--approve {answer}`",
    )


def _plain(text: str) -> str:
    """Without what would move a terminal's cursor, and in one line."""
    return "".join(one if one.isprintable() else " " for one in text)
