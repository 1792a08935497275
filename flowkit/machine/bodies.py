"""The bodies of a run while it runs: its own, and those of the workflows that are called in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowkit.graph import Kind, Ref

if TYPE_CHECKING:
    from flowkit.graph import Graph, StepSpec, WorkflowSpec
    from flowkit.machine.seats import Seats
    from flowkit.plan import Family, Lane, Plan
    from flowkit.policies import Policy

__all__ = ["Body", "next_round"]


class Body:
    """One body in one run: what it wrote so far, and where its nodes are.

    Refs in it count by place in the text; `at` says which node of the machine each of those is. The run's own body,
    where it was written in one go, needs no such list: there the two are the same.
    """

    __slots__ = (
        "at",
        "blocked",
        "cleaning",
        "cleanup",
        "compensations",
        "cut",
        "fail_fast",
        "failed",
        "given",
        "goes_round",
        "graph",
        "live",
        "node",
        "open",
        "parked",
        "plans",
        "prefix",
        "result",
        "streams",
        "tail",
        "turn",
        "turns",
        "undoes",
        "undoing",
        "woken",
        "workflow",
    )

    def __init__(self, workflow: WorkflowSpec, node: int, name: str, *, at: list[int] | None, turn: int = 1) -> None:
        self.workflow = workflow
        self.graph: Graph
        """What it wrote; there is none before it has written something."""
        self.node = node
        """The node that called it; -1 for a run whose body was written in one go."""
        self.at = at
        self.prefix = "" if not name else f"{name}/" if turn == 1 else f"{name}@{turn}/"
        """What the keys of its nodes begin with."""
        self.turn = turn
        """Which round this is of a workflow that goes on by returning a call of itself, from 1 on."""
        self.fail_fast = workflow.policy.fail_fast
        self.given: Any = None
        """What it is recorded with, kept for when it is recorded again."""
        self.failed: list[int] = []
        """What failed in it unhandled, in order; its own node where the body itself raised."""
        self.open = True
        """Whether it may still write more."""
        self.plans: dict[int, Plan] = {}
        """Per call in it, by place in the text, what that is known to write."""
        self.result: Any = None
        """What it returned, once it has."""
        self.tail = -1
        """The call of itself that it returns, and that nothing else waits for, by place in the text: the next round."""
        self.goes_round = False
        """Whether the arguments of the next round are there."""
        self.live = False
        """Whether it is an `async def` body, which calls as it goes."""
        self.parked = False
        """Whether it was unwound, for want of a value, and is to be recorded again once that is there."""
        self.blocked = False
        """Whether a thread waits in it."""
        self.turns: dict[int, Seats] = {}
        """Per block in which one step runs at a time, the place for it."""
        self.cleanup: dict[int, None] = {}
        """The nodes of its `always` blocks."""
        self.cleaning = False
        """Whether everything else has ended, and it is their turn."""
        self.compensations: dict[StepSpec, tuple[Policy, Lane]] = {}
        """The steps that undo what is done in it, and how they are run."""
        self.streams: dict[int, Family] = {}
        """Its maps that go through what a generator yields, by place in the text."""
        self.undoes = False
        """Whether anything in it, or in what is called in it, could have to be undone."""
        self.undoing = 0
        """How much is being undone in it: a block of it, or itself."""
        self.cut = False
        """Whether it is to end early, and writes no more."""
        self.woken = False
        """Whether the value that it waits for came before it was parked."""

    def where(self, local: int) -> int:
        """The node that a place in the text is."""
        return local if self.at is None else self.at[local]

    def grow(self, plan: Plan) -> None:
        """Take what it wrote up to now, or to its end."""
        graph = self.graph = plan.graph
        self.compensations.update(plan.compensations)
        self.streams.update(plan.streams)
        if plan.inner:
            self.plans.update(plan.inner)
        if graph.goes_on:
            return
        self.result = graph.result
        if self.prefix:
            self.tail = next_round(plan)


def next_round(plan: Plan) -> int:
    """The call of itself that a body which is called returns, and that nothing else waits for; -1 where there is none."""
    graph, result = plan.graph, plan.graph.result
    if type(result) is not Ref or result._flowkit_path:
        return -1
    local = result._flowkit_node
    step = graph.nodes[local].spec
    same = step is not None and step.flow is not None and step.flow.declared is graph.workflow.declared
    return local if same and local >= plan.first and not _is_awaited(plan, local) else -1


def _is_awaited(plan: Plan, local: int) -> bool:
    """Whether anything waits for a node, but for the end of a block, behind which nothing comes."""
    first = plan.first
    after = plan.dependents[local - first]
    blocks = all(plan.nodes[i - first].kind is Kind.BARRIER and not _is_awaited(plan, i) for i in after)
    return not blocks or local in plan.choosers or local in plan.chains
