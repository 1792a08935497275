"""Recording bodies while the run goes on: of workflows that are called in it, and of bodies that use `result_of`.

A body that asks for a result writes up to there, and is handed the value when that is known. If it isn't, the body is
ended by an exception of ours, so that waiting holds no thread; when the value is there the body is recorded once more.
What it writes the second time is laid over what it wrote the first time, call by call, and has to be the same.

The one body that waits in its thread is that of a workflow which was called, not started: its caller waits anyway, and
works on the run meanwhile.
"""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from flowkit.engine.conclusion import annotate, skipped
from flowkit.engine.notes import add_note, cut_traceback
from flowkit.errors import NonDeterminismError
from flowkit.graph import Kind, capture, record
from flowkit.graph.refs import LEAVES
from flowkit.machine.requests import Failure
from flowkit.machine.statuses import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextvars import Context

    from flowkit.engine.calling import Calling, Feed
    from flowkit.engine.ports import Services
    from flowkit.graph import Graph, Node, Recorder, WorkflowSpec
    from flowkit.machine.bodies import Body
    from flowkit.machine.machine import Machine
    from flowkit.plan import Plan

__all__ = ["Unwound", "answer", "hand_over", "record_body"]

_HANDED: Final = frozenset({Status.FAILED, Status.TIMED_OUT})


class Unwound(BaseException):
    """Ends a body that can't go on. Not an Exception: a body that catches those must not eat it."""


class Recorded(Protocol):
    """The run that these are bodies of."""

    machine: Machine
    services: Services
    calling: Calling
    context: Context
    lock: threading.Lock
    given: tuple[WorkflowSpec, Sequence[Any], Mapping[str, Any]]
    """What it was started with: the workflow, and its arguments."""

    @property
    def run_id(self) -> str:
        """The id of the run."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""

    def after(self) -> bool:
        """Do what the machine asks for. Under the lock."""

    def lays(self, index: int, plan: Plan, awaited: int = -1) -> None:
        """The body of a call is about to write this, and can't go on without one of its nodes. Not under the lock.

        Raises `Unwound` where the run isn't gone on with for that.
        """


def entered(run: Recorded, index: int) -> tuple[Body, tuple[WorkflowSpec, Sequence[Any], Mapping[str, Any]]]:
    """The body of a call that is about to say what it does: what it said so far, its workflow, and its arguments.

    Raises `Unwound` where nobody wants it any more.
    """
    machine = run.machine
    body, given = machine.bodies.get(index), None
    if body is None or body.goes_round:
        if index != machine.root.node:
            spec, args, kwargs = run.calling.arguments(machine.call_of(index))
            assert spec.flow is not None
            given = spec.flow, args, kwargs or {}
        with run.lock:
            body = machine.enter(index, run.services.clock.now())
    if body is None:
        raise Unwound
    if given is not None:
        body.given = given
    elif body.given is None:
        body.given = run.given
    return body, body.given


def record_body(run: Recorded, index: int) -> tuple[Feed, Any]:
    """Record the body of a call: how to hand in what came of it, and what that is."""
    machine = run.machine
    try:
        body, (flow, args, kwargs) = entered(run, index)
        args, kwargs = capture((args, kwargs), [])  # it may change what it is given, and be recorded again

        def asked(recorder: Recorder, local: int) -> Any:
            return answer(run, index, recorder, local)

        graph = run.context.copy().run(record, flow, args, kwargs, asked)
        plan = run.services.plan(laid_over(machine, body, graph))
        run.lays(index, plan)
        return machine.written, plan
    except Unwound:
        return machine.park, None
    except BaseException as error:  # noqa: BLE001 - a body is somebody's own code
        cut_traceback(error)
        if index != machine.root.node:
            add_note(error, f"raised by the body of `{machine.key(index)}`")
        return machine.fail, Failure(error)


def answer(run: Recorded, index: int, recorder: Recorder, local: int) -> Any:
    """The value of a node for a body that is being recorded. Raises `Unwound` where it isn't known yet."""
    machine = run.machine
    write_on(run, index, recorder, local)
    with run.lock:
        body = machine.bodies[index]
        if run.is_over or body.cut or not machine.is_visible(body.where(local)):
            raise Unwound
    return hand_over(run, body, local)


def write_on(run: Recorded, index: int, recorder: Recorder, local: int, *, blocked: bool = False) -> None:
    """Have the run take what a body has written so far, before it asks for one of its results."""
    machine = run.machine
    body = machine.bodies[index]
    known = len(body.at or ())
    plan = None
    recorder.name_dependencies()
    compare(machine, body, recorder.planned, recorder.nodes[recorder.planned : known])
    recorder.planned = min(known, len(recorder.nodes))
    if len(recorder.nodes) > known:
        recorder.planned = known
        plan = run.services.plan(recorder.segment())
        run.lays(index, plan, local)
    with run.lock:
        if run.is_over or machine.status[index] >= Status.SUCCEEDED:
            raise Unwound
        if plan is not None and not machine.write(index, plan, run.services.clock.now()):
            raise Unwound
        if not machine.is_visible(body.where(local)):
            machine.expect(index, local, blocked=blocked)
        run.after()


def hand_over(run: Recorded, body: Body, local: int) -> Any:
    """Give a body the value of a node that has ended, or raise what that failed with."""
    machine = run.machine
    index = body.where(local)
    status = machine.status[index]
    if status is Status.SUCCEEDED:
        return machine.values[index]
    if status in _HANDED:
        annotate(machine, index, run.run_id)
        raise machine.errors[index]
    raise skipped(machine, index)


def laid_over(machine: Machine, body: Body, graph: Graph) -> Graph:
    """The graph of a body that has returned, once it is known to begin with what that wrote before."""
    known = len(body.at or ())
    if len(graph.nodes) < known:
        refuse(body, body.graph.nodes[len(graph.nodes)], None)
    compare(machine, body, graph.first, graph.nodes[graph.first : known])
    graph.first = known
    return graph


def compare(machine: Machine, body: Body, first: int, again: Sequence[Node]) -> None:
    """Hold what a body writes again, from one place in the text on, against what it wrote before."""
    for local, node in enumerate(again, first):
        before = machine.nodes[body.where(local)]
        if wiring(before) != wiring(node) or not _agree(before, node):
            refuse(body, before, node)


def wiring(node: Node) -> Any:
    """What makes a node the same one when a body is recorded again: with its plain arguments, see `_agree`."""
    called = node.spec and node.spec.identity
    return node.kind, called, tuple(node.data), tuple(node.order or ()), node.choice, node.region


def _agree(before: Node, now: Node) -> bool:
    """Whether the numbers, strings and the like that a step is given are the same. Other values aren't looked into."""
    if before.kind is Kind.MAP:
        return True
    names = (before.kwargs or {}).keys()
    if len(before.args) != len(now.args) or names != (now.kwargs or {}).keys():
        return False
    pairs = [*zip(before.args, now.args, strict=True)]
    if names:
        assert before.kwargs is not None
        assert now.kwargs is not None
        pairs += [(before.kwargs[name], now.kwargs[name]) for name in names]
    return all(
        type(one) is type(other) and (type(one) not in LEAVES or one == other or one != one)  # noqa: PLR0124 - nan
        for one, other in pairs
    )


def refuse(body: Body, before: Node, now: Node | None) -> NoReturn:
    """Raise for a body that wrote something else the second time."""
    key = body.prefix + body.graph.keys[before.index]
    there = "nothing" if now is None else f"a call of `{now.spec.label}`" if now.spec is not None else "something else"
    if now is not None and wiring(before) == wiring(now):
        there += " with other arguments"
    raise NonDeterminismError(
        body.graph.workflow.label,
        f"where it had called `{key}`{_at(before)} it now has {there}{_at(now) if now is not None else ''}",
    )


def _at(node: Node) -> str:
    if node.site is None:
        return ""
    span = node.site.span()
    return f" ({span.file}:{span.line})"
