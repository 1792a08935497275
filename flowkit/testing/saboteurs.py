"""Engines that break one law each, to see that somebody notices.

A saboteur stands between a simulated engine and what that is given: its store, or how it lays out what a body wrote.
Engines that aren't simulated know nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from flowkit.engine.kept import Claim, Commit, KeptNode, Lease
from flowkit.errors import PolicyError
from flowkit.testing.laws import (
    AttemptsBounded,
    CompletedNeverReruns,
    Fenced,
    InputsMatch,
    LawBroken,
    NoLostResult,
    OneEffectPerKey,
    OrderKept,
    RecordedOnce,
)

if TYPE_CHECKING:
    from flowkit.plan import Plan

__all__ = ["SABOTEURS", "Saboteur", "at_work", "sabotage"]


class Saboteur:
    """A store that breaks a law. What it doesn't break, the store that it stands before does."""

    law: ClassVar[type[LawBroken]]

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @staticmethod
    def plan(plan: Plan) -> Plan:
        """How what a body wrote is laid out."""
        return plan


class LosesResults(Saboteur):
    """When a run is taken over, what was recorded last is gone."""

    law = NoLostResult

    def claim(self, *args: Any, **kwargs: Any) -> Any:
        """Take a run."""
        claim = self._store.claim(*args, **kwargs)
        if isinstance(claim, Claim):
            ended = _newest(self._store.nodes(claim.lease.run_id))
            if ended is not None:
                self._store.commit([Commit(claim.lease, void=[ended.key])])
        return claim


class RecordsTwice(Saboteur):
    """How a step ended is told once more at the end."""

    law = RecordedOnce

    def commit(self, commits: Sequence[Commit]) -> Any:
        """Write all of this."""
        return self._store.commit([self._twice(commit) for commit in commits])

    def _twice(self, commit: Commit) -> Commit:
        if commit.run is None or not commit.events:
            return commit
        ended = [event for event in self._store.events(commit.lease.run_id) if event.kind == "step_succeeded"]
        again = [attrs.evolve(event, number=commit.events[-1].number + n) for n, event in enumerate(ended, 1)]
        return attrs.evolve(commit, events=[*commit.events, *again])


class WritesUnfenced(Saboteur):
    """Whoever once had a run may write to it."""

    law = Fenced

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._leases: dict[str, Lease] = {}

    def create(self, *args: Any, **kwargs: Any) -> Any:
        """Keep a new run."""
        return self._noted(self._store.create(*args, **kwargs))

    def claim(self, *args: Any, **kwargs: Any) -> Any:
        """Take a run."""
        return self._noted(self._store.claim(*args, **kwargs))

    def _noted(self, answer: Any) -> Any:
        if isinstance(answer, Claim):
            self._leases[answer.lease.run_id] = answer.lease
        return answer

    def commit(self, commits: Sequence[Commit]) -> Any:
        """Write all of this."""
        return self._store.commit([attrs.evolve(one, lease=self._leases[one.lease.run_id]) for one in commits])


class RerunsCompleted(Saboteur):
    """Who takes a run over doesn't see what was recorded last."""

    law = CompletedNeverReruns

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """What is on record of nodes."""
        nodes = list(self._store.nodes(run_id, keys))
        ended = _newest(nodes)
        if ended is not None:
            nodes[nodes.index(ended)] = attrs.evolve(ended, status="running", sequence=0, value=None, ended=None)
        return nodes


class ForgetsAttempts(Saboteur):
    """Who takes a run over counts attempts from the beginning."""

    law = AttemptsBounded

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """What is on record of nodes."""
        return [
            node if node.sequence else attrs.evolve(node, status="pending", attempts=0, due=None)
            for node in self._store.nodes(run_id, keys)
        ]


class ChangesArguments(Saboteur):
    """Who takes a run over is given other arguments."""

    law = OneEffectPerKey

    def claim(self, *args: Any, **kwargs: Any) -> Any:
        """Take a run."""
        claim = self._store.claim(*args, **kwargs)
        if not isinstance(claim, Claim):
            return claim
        given = {name: _other(value) for name, value in json.loads(claim.run.arguments).items()}
        return attrs.evolve(claim, run=attrs.evolve(claim.run, arguments=json.dumps(given)))


class MixesUpResults(Saboteur):
    """Who takes a run over reads one step's result as another's."""

    law = InputsMatch

    def nodes(self, run_id: str, keys: Sequence[str] | None = None) -> Sequence[KeptNode]:
        """What is on record of nodes."""
        read: list[KeptNode] = []
        last: dict[str, str] = {}
        for node in self._store.nodes(run_id, keys):
            other = last.get(node.step)
            if node.value is not None:
                last[node.step] = node.value
            read.append(node if node.value is None or other is None else attrs.evolve(node, value=other))
        return read


class BreaksOrder(Saboteur):
    """What only has to come before something else is no reason to wait."""

    law = OrderKept

    @staticmethod
    def plan(plan: Plan) -> Plan:
        """How what a body wrote is laid out."""
        waits, ready = list(plan.waits), set(plan.ready)
        dependents = [list(targets) for targets in plan.dependents]
        for index, node in enumerate(plan.nodes):
            for before in node.order or ():
                place = before - plan.first
                if place >= 0 and index in dependents[place] and before not in node.data:
                    dependents[place].remove(index)
                    waits[index] -= 1
                    if not waits[index]:
                        ready.add(index)
        return attrs.evolve(plan, waits=waits, dependents=dependents, ready=sorted(ready, reverse=True))


def _newest(nodes: Sequence[KeptNode]) -> KeptNode | None:
    """The node whose end was recorded last."""
    return max((node for node in nodes if node.sequence), key=lambda node: node.sequence, default=None)


def _other(value: Any) -> Any:
    """Another value of the same kind."""
    if type(value) is int:
        return value + 1
    return f"{value}!" if type(value) is str else value


SABOTEURS: Final[dict[str, type[Saboteur]]] = {
    "lose_results": LosesResults,
    "record_twice": RecordsTwice,
    "no_fence": WritesUnfenced,
    "rerun_completed": RerunsCompleted,
    "forget_attempts": ForgetsAttempts,
    "change_arguments": ChangesArguments,
    "mix_up_results": MixesUpResults,
    "no_order": BreaksOrder,
}
"""By name, each with the law that it breaks: `SABOTEURS["no_fence"].law`."""

_at_work: Final[ContextVar[tuple[type[Saboteur], ...]]] = ContextVar("flowkit_saboteurs", default=())

at_work: Final[Callable[[], tuple[type[Saboteur], ...]]] = _at_work.get
"""The saboteurs of the block that is being executed."""


@contextmanager
def sabotage(name: str) -> Generator[type[LawBroken]]:
    """Have every run that is simulated in this block break one law; gives the exception that is to notice it.

    A test that stays green in it doesn't test that: `with sabotage("no_fence") as broken, pytest.raises(broken): ...`.
    """
    saboteur = SABOTEURS.get(name)
    if saboteur is None:
        from flowkit.diagnostics import did_you_mean

        hint = did_you_mean(str(name), list(SABOTEURS)) or f"there are {', '.join(SABOTEURS)}"
        raise PolicyError(f"there is no saboteur {name!r}; {hint}")
    token = _at_work.set((*_at_work.get(), saboteur))
    try:
        yield saboteur.law
    finally:
        _at_work.reset(token)
