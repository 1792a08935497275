"""The world outside of a simulated run: what steps have done to it, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import attrs

from flowkit.decorators import Step

if TYPE_CHECKING:
    from flowkit.engine.run import Run
    from flowkit.graph import StepSpec
    from flowkit.testing.processes import Process

__all__ = ["Answer", "Effect", "Effects", "approve", "reject", "send"]


class Effect:
    """One execution of a step's own code: what is done to the world outside, as far as the run can tell."""

    __slots__ = (
        "args",
        "asked_key",
        "at",
        "attempt",
        "by_owner",
        "ended",
        "error",
        "index",
        "inside",
        "key",
        "kwargs",
        "place",
        "process",
        "spec",
        "turn",
        "value",
    )

    def __init__(
        self,
        process: Process,
        inside: Any,
        index: int,
        spec: StepSpec,
        key: str,
        attempt: int,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.process = process
        self.inside = inside
        self.index = index
        self.spec = spec
        self.key = key
        """The node, as in `run.steps`; of a run that a step started, behind the key of that."""
        self.attempt = attempt
        self.args = args
        self.kwargs = kwargs
        self.place = 0
        """Its place in what happened."""
        self.at = 0.0
        """Seconds since the run was started."""
        self.turn = process.around.turns.get(inside.run_id, 0)
        """How often the run had been taken up again after it had failed."""
        self.by_owner = process.is_owner(inside.run_id)
        """Whether whoever did it had the run, and hadn't lost it to another process."""
        self.asked_key = False
        """Whether the step asked for `current().idempotency_key`."""
        self.ended = ""
        """`returned`, `raised`, or empty: it was cut off."""
        self.value: Any = None
        self.error: BaseException | None = None

    @property
    def step(self) -> str:
        """The step, as it is called in the source."""
        return self.spec.label

    @property
    def idempotency_key(self) -> str:
        """What whoever deduplicates knows it by: the same for every attempt, in every process."""
        return f"{self.inside.run_id}:{self.inside.key(self.index)}"

    def returned(self, value: Any) -> None:
        """It came to its end."""
        self.ended, self.value = "returned", value

    def raised(self, error: BaseException) -> None:
        """It failed."""
        self.ended, self.error = "raised", error

    def __repr__(self) -> str:
        given = [repr(arg) for arg in self.args] + [f"{name}={arg!r}" for name, arg in self.kwargs.items()]
        return f"<{self.key}, attempt {self.attempt}: {self.step}({', '.join(given)})>"


class Effects(Sequence[Effect]):
    """What was done to the world outside, in its order."""

    def __init__(self, all_of_them: Sequence[Effect] = ()) -> None:
        self._all = all_of_them

    def of(self, step: str | Step[..., Any]) -> Effects:
        """Those of one step, or of one node by its key."""
        spec = step.spec.declared if isinstance(step, Step) else None
        return Effects(
            [one for one in self._all if (one.key == step if spec is None else one.spec.declared is spec)]
            or [one for one in self._all if one.step == step]
        )

    @property
    def once(self) -> Effects:
        """Those that count where somebody deduplicates by idempotency key: the first of each that wasn't cut off."""
        seen: dict[str, Effect] = {}
        for one in self._all:
            if one.ended == "returned":
                seen.setdefault(one.idempotency_key, one)
        return Effects(list(seen.values()))

    @property
    def keys(self) -> list[str]:
        """The nodes they are of, in their order."""
        return [one.key for one in self._all]

    @overload
    def __getitem__(self, place: int) -> Effect: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Effect]: ...
    def __getitem__(self, place: int | slice) -> Effect | Sequence[Effect]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Effect]:
        return iter(self._all)

    def __repr__(self) -> str:
        return f"<effects: {', '.join(self.keys) or 'none'}>"


# -- answers ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Answer:
    """What the world outside does when a run waits for it: once for each node that does."""

    act: Callable[[Run[Any], str, str], bool]
    """Called with the run, the kind of what it waits for, and the key of the node; says whether it was meant."""
    said: str

    def __repr__(self) -> str:
        return self.said


def approve(gate: str | None = None, *, choice: str | None = None, who: str = "", feedback: str = "") -> Answer:
    """Say yes at every gate, or at those with this key or this question, when the run waits there."""

    def act(run: Run[Any], kind: str, key: str) -> bool:
        asked = _asked(run, key) if kind == "gate" else None
        if asked is None or gate not in (None, key, asked):
            return False
        run.approve(key, choice=choice, who=who, feedback=feedback)
        return True

    said = [repr(gate)] if gate is not None else []
    said += [f"{name}={value!r}" for name, value in (("choice", choice), ("who", who), ("feedback", feedback)) if value]
    return Answer(act, f"approve({', '.join(said)})")


def reject(gate: str | None = None, *, who: str = "", feedback: str = "") -> Answer:
    """Say no at every gate, or at those with this key or this question, when the run waits there."""

    def act(run: Run[Any], kind: str, key: str) -> bool:
        asked = _asked(run, key) if kind == "gate" else None
        if asked is None or gate not in (None, key, asked):
            return False
        run.reject(key, who=who, feedback=feedback)
        return True

    said = [repr(gate)] if gate is not None else []
    said += [f"{name}={value!r}" for name, value in (("who", who), ("feedback", feedback)) if value]
    return Answer(act, f"reject({', '.join(said)})")


def send(signal: str, value: Any = None) -> Answer:
    """Send a signal when the run waits for it: to each node that does, once."""

    def act(run: Run[Any], kind: str, key: str) -> bool:
        if kind != signal:
            return False
        run.send(signal, value, dedup=f"simulated {key}")
        return True

    return Answer(act, f"send({signal!r}, {value!r})")


def _asked(run: Run[Any], key: str) -> str | None:
    return next((gate.prompt for gate in run.gates if gate.key == key), None)
