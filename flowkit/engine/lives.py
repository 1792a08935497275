"""Live bodies: `async def` workflows, which run as coroutines and call steps as they go.

To the decorators a live body is a recorder like any other; what it gives back is awaitable. Each call is a node of its
own, written when it is called and named by its place: which call it is in its task, and which task that is, counted in
the order in which tasks are made. So names don't depend on who is faster.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from flowkit.diagnostics import Diagnostic, Label, Level, Site
from flowkit.engine.current import Inside
from flowkit.engine.recordings import Unwound, hand_over
from flowkit.errors import CheckFailed, MisuseError
from flowkit.graph import Kind, Node, capture, live_graph
from flowkit.graph.recording import recording

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from flowkit.engine.calling import Feed
    from flowkit.engine.ports import Services
    from flowkit.graph import StepSpec, WorkflowSpec
    from flowkit.machine.machine import Machine
    from flowkit.plan import Plan

__all__ = ["LiveBody"]


TURNS: Final = 20
"""Turns of the loop without a call and without news after which a body has gone as far as it can.

What is done in one turn may make a task go on in the next; each task between a result and the call that follows from it
takes two or three of them.
"""


class Served(Inside, Protocol):
    """The run that this is a body of."""

    machine: Machine
    services: Services
    context: contextvars.Context
    lock: threading.Lock

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        ...

    def after(self) -> bool:
        """Do what the machine asks for. Under the lock."""
        ...

    def lays(self, index: int, plan: Plan, awaited: int = -1) -> None:
        """The body of a call is about to write this. Not under the lock."""
        ...


class _Place:
    """A task of a live body: its name, and what was counted in it."""

    __slots__ = ("calls", "prefix", "tasks")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.calls: dict[str, int] = {}
        self.tasks = 0

    def name(self, label: str) -> str:
        """The key of the next call of a step in this task."""
        count = self.calls[label] = self.calls.get(label, 0) + 1
        return f"{self.prefix}{label}" if count == 1 else f"{self.prefix}{label}#{count}"

    def child(self) -> _Place:
        """The next task that is made in this one."""
        self.tasks += 1
        return _Place(f"{self.prefix}~{self.tasks}/")


_place: Final[ContextVar[_Place | None]] = ContextVar("flowkit_task", default=None)


def _count_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have the tasks that are made in live bodies know their place. Other tasks on the loop aren't touched."""
    before: Any = loop.get_task_factory()
    if getattr(before, "counts", False):
        return

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        make: Any = before or _make_task
        place = _place.get()
        if place is None:
            return make(loop, coroutine, **options)
        context = options.get("context") or contextvars.copy_context()
        context.run(_place.set, place.child())
        # A task copies the context that it is made in, so a factory needn't know of contexts.
        return context.run(make, loop, coroutine, **options)

    factory.counts = True  # type: ignore[attr-defined]
    loop.set_task_factory(factory)


def _make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coroutine, loop=loop, **options)


class LiveBody:
    """One live body: what its calls go through while it runs."""

    def __init__(self, run: Served, index: int, workflow: WorkflowSpec, loop: asyncio.AbstractEventLoop) -> None:
        self.workflow = workflow
        self.nodes: list[Node] = []
        self.names: list[str] = []
        self._run = run
        self._index = index
        self._loop = loop
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._submitted: set[asyncio.Task[Any]] = set()
        self._quiet = 0
        """For how many turns of the loop it has called nothing and heard of nothing, where its run is kept."""
        self._is_counting = False
        self._news: deque[int] = deque()
        """What has ended and it hasn't heard of."""

    # -- the body as a whole ------------------------------------------------------------------------------------------

    async def play(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Feed, Any]:
        """Run the body: how to hand in what came of it, and what that is."""
        machine = self._run.machine
        recording.set(self)  # type: ignore[arg-type]
        _place.set(_Place(""))
        _count_tasks(self._loop)
        self._stir()
        value = await self.workflow.target(*args, **kwargs)
        _refuse_value(value, self.workflow)
        return machine.returned, value

    def close(self) -> None:
        """The body is over: nothing that it began and didn't wait for goes on."""
        for task in self._submitted:
            task.cancel()
        for future in self._waiting.values():
            future.cancel()
        self._waiting = {}

    def wake(self, called: int) -> None:
        """A node that the body called has ended. From any thread, under the lock of the run."""
        if asyncio._get_running_loop() is self._loop:
            self._tell(called)  # the loop needn't be called from outside, which takes it a turn
        else:
            self._loop.call_soon_threadsafe(self._tell, called)

    def _tell(self, called: int) -> None:
        if self._is_counting:
            self._news.append(called)
            return
        self._hand_out(called)
        self._stir()

    def _hand_out(self, called: int) -> None:
        future = self._waiting.pop(called, None)
        if future is not None and not future.done():
            future.set_result(None)

    def _stir(self) -> None:
        """It may go on now. Of a run that is kept, it hears of the next end when it has gone as far as it can.

        So it sees the same when it is replayed, where ends come back one by one, as when they came by themselves, and
        several perhaps at once: `asyncio.wait` for the first of several finds the same first one.
        """
        if self._run.machine.past is not None:
            self._quiet = 0
            if not self._is_counting:
                self._is_counting = True
                self._loop.call_soon(self._count)

    def _count(self) -> None:
        self._quiet += 1
        if self._quiet < TURNS:
            self._loop.call_soon(self._count)
            return
        if self._news:
            self._hand_out(self._news.popleft())
            self._quiet = 0
            self._loop.call_soon(self._count)
            return
        self._is_counting = False
        run = self._run
        if run.machine.brings_back:
            with run.lock:
                if not run.is_over:
                    run.machine.drained(self._index, run.services.clock.now())
                    run.after()

    # -- what the body calls ------------------------------------------------------------------------------------------

    def call(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Any:
        """A call in the body. One that has to be waited for in a thread is refused: it would block the loop (FK406)."""
        if not spec.is_async:
            self._place_of(spec)
            _refuse_plain(spec, frame)
        return self._begin(spec, args, kwargs, frame)

    flow = call

    def ask(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Any:
        """A call of something that waits without holding a thread, so that it needs no task of its own."""
        return self._begin(spec, args, kwargs, frame)

    def submit(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> asyncio.Task[Any]:
        """A call that begins at once and is waited for later, or side by side with others."""
        coroutine = self._begin(spec, args, kwargs, frame)
        token = _place.set(None)  # our own task is none of the body's
        try:
            task = self._loop.create_task(coroutine, name=spec.label)
        finally:
            _place.reset(token)
        self._submitted.add(task)
        task.add_done_callback(self._submitted.discard)
        return task

    def map(self, *_: Any, **__: Any) -> NoReturn:
        message = "`.map` belongs into a `def` body; here write `await asyncio.gather(*[step(x) for x in items])`"
        raise MisuseError(message)

    def _begin(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Any:
        name = self._place_of(spec).name(spec.label)
        args, kwargs = capture((args, kwargs), [])
        coroutine: Any = self._await(spec, args, kwargs, name, frame.f_code, frame.f_lasti)
        coroutine.__qualname__ = spec.label  # what Python says of one that nobody awaits
        return coroutine

    def _place_of(self, spec: StepSpec) -> _Place:
        place = _place.get()
        if place is None or asyncio._get_running_loop() is not self._loop:
            message = (
                f"`{spec.label}` is called outside of the tasks of the live body it belongs to; call it in the body"
            )
            raise MisuseError(message)
        return place

    async def _await(self, spec: StepSpec, args: Any, kwargs: Any, name: str, code: Any, lasti: int) -> Any:
        run, machine = self._run, self._run.machine
        node = Node(len(self.nodes), Kind.CALL, spec, args, kwargs or None, (), None, 0, code, lasti)
        future = self._loop.create_future()
        self.nodes.append(node)
        self.names.append(name)
        graph = live_graph(self.workflow, self.nodes, self.names)
        graph.first = node.index
        try:
            plan = run.services.plan(graph)
        except BaseException:
            del self.nodes[-1], self.names[-1]  # it doesn't fit: the body may go on without it
            raise
        try:
            run.lays(self._index, plan)
        except Unwound:
            raise asyncio.CancelledError from None
        with run.lock:
            called = None if run.is_over else machine.call(self._index, plan, run.services.clock.now())
            if called is not None:
                self._waiting[called] = future
            run.after()
        self._stir()
        if called is None:
            raise asyncio.CancelledError
        try:
            await future
        except asyncio.CancelledError:
            with run.lock:
                if not run.is_over:
                    machine.drop(called, "nobody waits for it any more", run.services.clock.now())
                    run.after()
            raise
        body = machine.bodies[self._index]
        return hand_over(run, body, node.index)  # type: ignore[arg-type]


def _refuse_value(value: Any, workflow: WorkflowSpec) -> None:
    """Raise for what a body can't return: what is still to be awaited."""
    if asyncio.iscoroutine(value) or asyncio.isfuture(value):
        if asyncio.iscoroutine(value):
            value.close()
        message = f"`{workflow.label}` returned what a call gave without awaiting it; write `return await ...`"
        raise MisuseError(message)


def _refuse_plain(spec: StepSpec, frame: Any) -> NoReturn:
    what = "workflow" if spec.flow is not None else "step"
    raise CheckFailed(
        [
            Diagnostic(
                code="FK406",
                level=Level.ERROR,
                title=f"the {what} `{spec.label}` is called plainly in an `async def` body",
                labels=(Label(Site(frame.f_code, frame.f_lasti).span(), "this would block the event loop"),),
                helps=(f"write `await {spec.label}.submit(...)`",),
            )
        ]
    )
