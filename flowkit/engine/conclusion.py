"""From a machine that has finished to what its caller gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.notes import add_note
from flowkit.errors import RunCancelled, Skipped
from flowkit.graph import Ref, Template, project
from flowkit.machine.statuses import RunStatus, Status

if TYPE_CHECKING:
    from flowkit.machine.machine import Machine

__all__ = ["Conclusion", "annotate", "conclude", "skipped"]


_SUCCEEDED: Final = Status.SUCCEEDED
_DONE: Final = RunStatus.SUCCEEDED


class Conclusion:
    """How a run ended: its status, and its value or what its caller is to be raised."""

    __slots__ = ("error", "status", "traceback", "value")

    def __init__(self, status: RunStatus, value: Any = None, error: BaseException | None = None) -> None:
        self.status = status
        self.value = value
        self.error = error
        # Each waiter raises the same object; without this its traceback would grow with every one of them.
        self.traceback = error.__traceback__ if error is not None else None

    def unwrap(self) -> Any:
        """Return the value, or raise."""
        if self.error is not None:
            raise BaseException.with_traceback(self.error, self.traceback)
        return self.value


def conclude(machine: Machine, run_id: str) -> Conclusion:
    """Say how a run ended, once nothing of it is left."""
    if machine.ending is RunStatus.FAILED:
        return Conclusion(RunStatus.FAILED, error=_with_mishaps(machine, _failure(machine, run_id)))
    if machine.stopping is not None:
        cancelled = RunCancelled(machine.stopping, machine.stop_detail)
        return Conclusion(RunStatus.CANCELLED, error=_with_mishaps(machine, cancelled))
    root = machine.root
    result = root.result
    if type(result) is Ref and not result._flowkit_path:
        index = root.where(result._flowkit_node)
        if machine.status[index] is _SUCCEEDED:  # what most workflows return, so it has a short way
            return Conclusion(_DONE, machine.values[index])
    refs = [result] if type(result) is Ref else result.refs if type(result) is Template else ()
    sources = [root.where(ref._flowkit_node) for ref in refs]
    missing = next((i for i in sources if machine.status[i] is not Status.SUCCEEDED), None)
    if missing is not None:
        return Conclusion(RunStatus.SUCCEEDED, error=skipped(machine, missing))

    def resolve(ref: Ref) -> Any:
        return project(machine.values[root.where(ref._flowkit_node)], ref._flowkit_path)

    try:
        value = resolve(result) if type(result) is Ref else result.fill(resolve) if type(result) is Template else result
    except Exception as error:  # noqa: BLE001 - projections and constructors run the user's code
        add_note(error, f"while making the value that `{machine.plan.graph.workflow.label}` returns")
        return Conclusion(RunStatus.FAILED, error=error)
    return Conclusion(RunStatus.SUCCEEDED, value)


def _failure(machine: Machine, run_id: str) -> BaseException:
    if not machine.failures:
        return machine.errors[-1]
    errors: dict[int, BaseException] = {}
    for index in machine.failures:
        error = machine.errors[index]
        errors[id(error)] = error
        annotate(machine, index, run_id)
    # What isn't an Exception (SystemExit and its like) is for whoever runs the process: it goes first, and never in a group.
    first = next((error for error in errors.values() if not isinstance(error, Exception)), None)
    if first is None:
        first = machine.errors[machine.failures[0]]
        if not machine.fail_fast:
            count = "1 step" if len(machine.failures) == 1 else f"{len(machine.failures)} steps"
            return BaseExceptionGroup(f"{count} of `{machine.plan.graph.workflow.label}` failed", list(errors.values()))
    others = [index for index in machine.failures if machine.errors[index] is not first]
    for index in others[:_TOLD]:
        add_note(first, f"`{machine.key(index)}` failed as well, with {_told(machine.errors[index])}")
    if len(others) > _TOLD:
        add_note(first, f"and {len(others) - _TOLD} more failed as well")
    return first


def _with_mishaps(machine: Machine, error: BaseException) -> BaseException:
    """An error that tells what failed while cleaning up, too."""
    for index in machine.mishaps[:_TOLD]:
        what = "failed, so that isn't undone" if index in machine.undoing else "failed while cleaning up"
        add_note(error, f"`{machine.key(index)}` {what}, with {_told(machine.errors[index])}")
    return error


def annotate(machine: Machine, index: int, run_id: str) -> None:
    """Tell on an exception where it happened: the step, the attempt, the run, the line of the body."""
    node = machine.nodes[index]
    if index == machine.root.node:
        what = f"raised by the body of `{machine.key(index)}`"
        add_note(machine.errors[index], f"{what}, run {run_id}", about=what)
        return
    attempt = machine.attempts.get(index, 1)
    what = f"in step `{machine.key(index)}`, attempt {attempt}"
    if node.spec is not None and node.spec.flow is not None:
        body = machine.bodies.get(index)
        for inner in body.failed if body is not None else ():
            if inner != index:
                annotate(machine, inner, run_id)
        what = f"in workflow `{machine.key(index)}`"
    elif index in machine.groups:
        for item in machine.groups[index].items:
            if item in machine.errors:
                annotate(machine, item, run_id)
        what = f"in the map `{machine.key(index)}`"
    where = ""
    if node.site is not None:
        span = node.site.span()
        where = f", called at {span.file}:{span.line}"
    why = f"; {machine.decisions[index]}" if index in machine.decisions else ""
    # About the place alone: what another run, or another attempt, has said of it is replaced.
    add_note(machine.errors[index], f"{what} of run {run_id}{where}{why}", about=f"`{machine.key(index)}`{where}")


def _told(error: BaseException) -> str:
    try:
        text = str(error)
        return f"{type(error).__name__}: {text}" if text else type(error).__name__
    except Exception:  # noqa: BLE001 - its text is the class's own code
        return type(error).__name__


def skipped(machine: Machine, index: int) -> Skipped:
    """Why a value was never made, from itself back to the first cause."""
    chain = []
    seen = set()
    while index not in seen:
        seen.add(index)
        status = machine.status[index]
        chain.append(f"`{machine.key(index)}` {_WORDS.get(status, f'was {status.word}')}")
        if index not in machine.causes:
            break
        index = machine.causes[index]
    error = machine.errors.get(index)
    # What a node that has a cause gives as its reason is that cause.
    first = _told(error) if error is not None else machine.reason(index)
    if first:
        chain.append(first)
    skipped = Skipped(chain)
    skipped.__cause__ = error
    return skipped


_WORDS = {Status.FAILED: "failed", Status.TIMED_OUT: "ran out of time"}
_TOLD = 10
"""Of failures beside the first, how many are named."""
