"""Calling what nodes ask for: steps, conditions, fallbacks, lists, policies. The one place where others' code runs.

Nothing here holds the lock of a run, and nothing here changes one: whoever calls hands in what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from flowkit.engine.collecting import collect
from flowkit.engine.completing import completed, completed_async
from flowkit.engine.current import attempt_here
from flowkit.engine.notes import add_note, cut_traceback
from flowkit.errors import MisuseError
from flowkit.graph import Kind, Ref, Selected, SourceKind, Template, project
from flowkit.machine.requests import Failure, Work
from flowkit.machine.waiting import Waiting
from flowkit.policies import Fallback, retry_after_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Context

    from flowkit.engine.current import Inside
    from flowkit.engine.place import Place
    from flowkit.engine.ports import RunTrace
    from flowkit.graph import StepSpec
    from flowkit.machine.bodies import Body
    from flowkit.machine.flows import Pulled
    from flowkit.machine.machine import Machine

__all__ = ["Calling", "Feed"]

Feed = Callable[[int, Any, int, float], None]
"""An input of the machine: for a node, a fact, from an attempt, at a time."""


class Calling:
    """What one run calls."""

    __slots__ = ("_context", "_machine", "_random", "keep", "stand_in", "trace")

    def __init__(self, machine: Machine, context: Context, random: Callable[[], float]) -> None:
        self._machine = machine
        self._context = context
        self._random = random
        self.trace: RunTrace | None = None
        self.keep: Callable[[int, StepSpec, Any], Any] | None = None
        """Turns a result into what is kept of it, where the run is; gives what others get. Raises `EncodingError`."""
        self.stand_in: Callable[[StepSpec, Callable[..., Any]], Callable[..., Any]] | None = None
        """What is called instead of a step's function."""

    # -- steps --------------------------------------------------------------------------------------------------------

    def run(self, inside: Inside, index: int, attempt: int, place: Place) -> tuple[Feed, Any]:
        """Run a step in this thread: how to hand in what came of it, and what that is. Ctrl-C comes through."""
        try:
            spec, args, kwargs = self.arguments(index)
            if spec.declares:
                kwargs = self._context.copy().run(self._complete, inside, index, attempt, spec, args, kwargs)
            if self._machine.is_interruptible(index):
                value = self._interruptibly(inside, place, index, attempt, spec, args, kwargs)
            else:
                value = self._context.copy().run(
                    self._invoke, inside, index, attempt, self._target(index, spec), args, kwargs
                )
            self.refuse(value, spec)
            if type(value) is Waiting and spec.suspends:
                return self._machine.suspend, value
            if self.keep is not None:
                value = self.keep(index, spec, value)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and place.is_callers:
                raise
            return self._machine.fail, self.failure(index, attempt, error)
        return self._machine.succeed, value

    async def run_async(self, inside: Inside, index: int, attempt: int) -> Any:
        """Run an async step, in a task of its own."""
        spec, args, kwargs = self.arguments(index)
        attempt_here.set((inside, index, attempt))
        if self.trace is not None:
            self.trace.enter(index, attempt)
        if spec.declares:
            kwargs = await completed_async(inside.services.resources, spec, args, kwargs)
        value = await self._target(index, spec)(*args, **(kwargs or {}))
        self.refuse(value, spec)
        if self.keep is not None:
            value = self.keep(index, spec, value)
        return value

    def _target(self, index: int, spec: StepSpec) -> Callable[..., Any]:
        """What is called for a step: its function, held to its annotations where that is asked for."""
        policy, function = self._machine.policies[index], spec.target
        if policy is not None and policy.validate and not spec.suspends:
            from flowkit.checks.conforming import held

            function = held(spec)
        return function if self.stand_in is None else self.stand_in(spec, function)

    def failure(self, index: int, attempt: int, error: BaseException) -> Failure:
        """What an attempt ended with, and what its policy says of it. While the exception is being handled."""
        cut_traceback(error)
        return self.judge(index, attempt, error)

    @staticmethod
    def refuse(value: Any, spec: StepSpec) -> None:
        """Raise for what a step can't return."""
        kind = type(value)
        if kind is Ref:
            message = f"`{spec.label}` returned the stand-in for another step's result; return a value"
            raise MisuseError(message)
        if kind is CoroutineType:
            value.close()
            message = f"`{spec.label}` returned a coroutine; declare it `async def`, so that it is awaited"
            raise MisuseError(message)

    def _complete(
        self, inside: Inside, index: int, attempt: int, spec: StepSpec, args: Sequence[Any], kwargs: Any
    ) -> dict[str, Any]:
        """What a call needs open, besides its arguments. Before it can be interrupted: others may wait for the same."""
        attempt_here.set((inside, index, attempt))
        if self.trace is not None:
            self.trace.enter(index, attempt)
        return completed(inside.services.resources, spec, args, kwargs)

    def _invoke(
        self, inside: Inside, index: int, attempt: int, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """Call a step, in a context of its own."""
        attempt_here.set((inside, index, attempt))
        if self.trace is not None:
            self.trace.enter(index, attempt)
        return function(*args, **kwargs) if kwargs else function(*args)

    def _interruptibly(
        self, inside: Inside, place: Place, index: int, attempt: int, spec: StepSpec, args: Any, kwargs: Any
    ) -> Any:
        context = self._context.copy()
        if self.trace is not None:
            context.run(self.trace.enter, index, attempt)  # not under an interrupt; entering twice is entering once
        place.arm()
        try:
            return context.run(self._invoke, inside, index, attempt, self._target(index, spec), args, kwargs)
        finally:
            place.disarm()

    # -- what a node is called with -----------------------------------------------------------------------------------

    def arguments(self, index: int) -> tuple[StepSpec, Sequence[Any], dict[str, Any] | None]:
        """The step of a node, and its arguments with every Ref replaced."""
        machine = self._machine
        node = machine.nodes[index]
        spec = node.spec
        assert spec is not None
        undone = machine.undoing.get(index)
        if undone is not None:
            _, args, kwargs = self.arguments(undone)
            return spec, [machine.undone(undone), *args], kwargs
        group = machine.owners[index]
        if group is not None:
            return spec, self._item(index), None
        if not node.data:
            return spec, node.args, node.kwargs
        home = machine.homes[index]
        if home.at is None:
            values = machine.values
            resolve: Callable[[Any], Any] = self.resolve
            args = []
            for arg in node.args:
                if type(arg) is Ref and not arg._flowkit_path:
                    args.append(values[arg._flowkit_node])
                else:
                    args.append(resolve(arg))
        else:
            resolve = self.resolver(home)
            args = [resolve(arg) for arg in node.args]
        if node.kwargs is None:
            return spec, args, None
        return spec, args, {name: resolve(arg) for name, arg in node.kwargs.items()}

    def _item(self, index: int) -> list[Any]:
        """The arguments of one item of a map."""
        machine = self._machine
        group = machine.owners[index]
        assert group is not None
        item, resolve = index - group.base, self.resolver(group.home)
        args = []
        for kind, held in group.columns:
            if kind is SourceKind.EACH:
                value = held[item]
                args.append(resolve(value) if type(value) is Ref or type(value) is Template else value)
            elif kind is SourceKind.SAME:
                args.append(held)
            else:
                source = held.base + item
                args.append(machine.outcome(source) if machine.nodes[source].tolerant else machine.values[source])
        return args

    def resolver(self, home: Body) -> Callable[[Any], Any]:
        """What replaces every Ref in a value that was recorded in this body."""
        values, at = self._machine.values, home.at
        if at is None:
            return self.resolve

        def resolve(value: Any) -> Any:
            if type(value) is Ref:
                found = values[at[value._flowkit_node]]
                return project(found, value._flowkit_path) if value._flowkit_path else found
            return value.fill(resolve) if type(value) is Template else value

        return resolve

    def resolve(self, value: Any) -> Any:
        """A value of the run's own body, with every Ref replaced."""
        if type(value) is Ref:
            found = self._machine.values[value._flowkit_node]
            return project(found, value._flowkit_path) if value._flowkit_path else found
        return value.fill(self.resolve) if type(value) is Template else value

    # -- work other than the body -------------------------------------------------------------------------------------

    def do(self, asked: Work, index: int) -> tuple[Feed, Any]:
        """Run the code that a condition, a fallback or a map's list means: how to hand in what came of it, and what."""
        machine = self._machine
        try:
            if asked is Work.COLLECT and index in machine.pulls:
                from flowkit.engine.pulling import pull  # few go through generators

                flow, room = machine.flow(index)
                pulled = self._context.copy().run(pull, flow, room)
                return self._taken_in(index, pulled)
            if asked is Work.COLLECT:
                home = machine.homes[index]
                policy, resolve = machine.policies[index], self.resolver(home)
                assert policy is not None
                collecting = self._context.copy().run  # the map's own functions are steps' code
                node = machine.nodes[index]
                items = collecting(
                    collect,
                    node,
                    policy,
                    resolve,
                    lambda local: machine.groups[home.where(local)],
                    streamed=node.index in home.streams,
                )
                return lambda node, items, _, now: machine.expand(node, items, now), items
            if asked is Work.VALUE:
                return machine.succeed, self._value(index)
            _, args, kwargs = self.arguments(index)
            policy = machine.policies[index]
            assert policy is not None
            context = self._context.copy()
            if asked is Work.CONDITION:
                assert policy.run_if is not None
                condition = bool(context.run(policy.run_if, *args, **(kwargs or {})))
                return lambda node, condition, _, now: machine.answer(node, condition, now), condition
            assert isinstance(policy.on_failure, Fallback)
            assert policy.on_failure.call is not None
            if self.trace is not None:
                context.run(self.trace.enter, index, 0)
            value = context.run(policy.on_failure.call, machine.errors[index], *args, **(kwargs or {}))
            if self.keep is not None:
                spec = machine.nodes[index].spec
                assert spec is not None
                value = self.keep(index, spec, value)
            return machine.succeed, value
        except BaseException as error:  # noqa: BLE001 - somebody's own code
            cut_traceback(error)
            what = "what is returned" if asked is Work.VALUE and index in machine.bodies else _WHAT[asked]
            add_note(error, f"raised by {what} of `{machine.key(index)}`")
            return machine.fail, Failure(error)

    async def pull_async(self, index: int) -> tuple[Feed, Any]:
        """Pull from an async generator: how to hand in what came, and what that is."""
        from flowkit.engine.pulling import pull_async

        flow, room = self._machine.flow(index)
        return self._taken_in(index, await pull_async(flow, room))

    def _taken_in(self, index: int, pulled: Pulled) -> tuple[Feed, Any]:
        machine = self._machine
        if pulled.error is not None:
            cut_traceback(pulled.error)
            add_note(pulled.error, f"raised by the list of items of `{machine.key(index)}`")
        return lambda node, pulled, _, now: machine.pulled(node, pulled, now), pulled

    def _value(self, index: int) -> Any:
        """The value of a node that calls no step, or of a call whose body has returned."""
        machine = self._machine
        body = machine.bodies.get(index)
        if body is not None:
            return self.resolver(body)(body.result)
        node, resolve = machine.nodes[index], self.resolver(machine.homes[index])
        if node.kind is Kind.TEST:
            return bool(resolve(node.args[0]))
        if node.kind is Kind.PICK:
            return resolve(machine.picked(index))
        join, refs = node.args[0], node.args[1:]
        won = machine.won[index]
        if join.of_items:
            tolerant = machine.nodes[won[0]].tolerant
            values = [machine.outcome(i) if tolerant else machine.values[i] for i in won]
        else:
            places = [machine.where(index, ref._flowkit_node) for ref in refs]
            values = [resolve(refs[places.index(i)]) for i in won]
            if join.names:
                return Selected(join.names[places.index(won[0])], values[0])
        return values if join.word.endswith("_n") else values[0]

    def judge(self, index: int, attempt: int, error: BaseException) -> Failure:
        """Ask a step's policy about an error. Its predicates and backoffs may be somebody's own, and may raise."""
        policy = self._machine.policies[index]
        if policy is None or policy.retry is None:
            return Failure(error)
        try:
            wanted = policy.retry.wants(error)
            asked = retry_after_of(error) if wanted else None
            delay = asked
            if wanted and asked is None:
                delay = policy.retry.delay(attempt, self._random())
        except Exception as problem:  # noqa: BLE001 - then there is no retry, and the reason is told
            add_note(error, f"the retry policy of `{self._machine.key(index)}` raised {problem!r}")
            return Failure(error, why=f"the retry policy raised {problem!r}")
        if not wanted:
            return Failure(error, why=f"its policy doesn't retry a {type(error).__name__}")
        why = f"{type(error).__name__}" + (", which says when" if asked is not None else "")
        return Failure(error, retryable=True, delay=delay, why=why)


_WHAT: Final = {
    Work.CONDITION: "run_if",
    Work.FALLBACK: "the fallback",
    Work.COLLECT: "the list of items",
    Work.VALUE: "the value",
}
