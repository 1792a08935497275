"""Async steps: each attempt is a task on an event loop, which is one more worker of the run.

The loop is that on which the run was started, or the engine's own; of an inline engine, one that runs only while an
async step does.
"""

# Bodies of protocols are docstrings alone, which pyright takes for functions that return None.
# pyright: reportReturnType=false

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

from flowkit.engine.current import Inside
from flowkit.engine.notes import cut_traceback
from flowkit.engine.recordings import entered
from flowkit.errors import CancelReason
from flowkit.machine.requests import Died, Failure
from flowkit.plan import Lane

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from contextvars import Context

    from flowkit.engine.calling import Calling, Feed
    from flowkit.engine.lives import LiveBody
    from flowkit.engine.ports import Services
    from flowkit.machine.machine import Machine
    from flowkit.plan import Plan

__all__ = ["Coroutines"]

LANES: Final = (Lane.LOOP,)
CLOSED: Final = "its event loop was closed"


class Served(Inside, Protocol):
    """The run that these are the async steps of."""

    machine: Machine
    services: Services
    calling: Calling
    context: Context
    lock: threading.Lock
    given: Any
    """What it was started with: the workflow, and its arguments."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""

    def after(self) -> bool:
        """Do what the machine asks for. Under the lock."""

    def comes_to(self, index: int, attempt: int, /) -> bool:
        """What a node asks for is about to be done; says whether it still is to be."""

    def has_done(self, index: int, attempt: int, /) -> None:
        """It was done, and nobody else knows."""

    def lays(self, index: int, plan: Plan, awaited: int = -1) -> None:
        """The body of a call is about to write this. Not under the lock."""

    def let_go(self, index: int, attempt: int) -> None:
        """An attempt ended that the run hasn't waited for. Under the lock."""

    def crash(self, error: BaseException) -> None:
        """End it with an error of the engine. Under the lock."""

    def tick(self) -> None:
        """Something is due."""

    def cancel(self, reason: CancelReason, detail: str = "") -> bool:
        """End it early."""

    def when_done(self, wake: Callable[[], None]) -> None:
        """Call back once it has ended."""


class Coroutines:
    """The async steps of one run."""

    def __init__(self, run: Served) -> None:
        self._run = run
        self.loop: asyncio.AbstractEventLoop | None = None
        self._guard: asyncio.Task[None] | None = None
        """What notices that the loop of the run's caller is closed."""
        self._tasks: dict[tuple[int, int], asyncio.Task[Any]] = {}
        self._called = False
        """Whether the loop was called and hasn't come yet."""
        self._thread = 0
        self.lives: dict[int, LiveBody] = {}
        """The live bodies that run, by their call."""
        self._own = False
        """Whether the loop is nobody else's, to be closed with the run."""
        self._begun: set[tuple[int, int]] = set()
        """Whose tasks have really begun: one that is cancelled before that would never say so."""
        self._closing: set[asyncio.Task[Any]] = set()
        """Generators that are being closed."""
        self._alarm: asyncio.TimerHandle | None = None
        """When the loop in this thread looks at the time."""

    # -- from outside the loop ----------------------------------------------------------------------------------------

    def call(self) -> None:
        """Have the loop come for the steps that are ready. Under the lock."""
        if self._called:
            return
        if self._is_lost:
            self._give_up()
            return
        self._called = True
        try:
            if self.loop is None:
                self.loop = self._run.services.loops.get()
            if threading.get_ident() == self._thread:
                self.loop.call_soon(self._serve)
            else:
                self.loop.call_soon_threadsafe(self._serve)
        except RuntimeError:  # it was closed, or can't be started at exit
            self._give_up()

    @property
    def _is_lost(self) -> bool:
        """Whether the loop of the run's caller is being taken down: what is begun on it now may never end."""
        return self._guard is not None and self._guard.cancelling() > 0

    def _give_up(self) -> None:
        """Nothing async can run any more: the run ends, and what would clean up fails. Under the lock."""
        run, now = self._run, self._run.services.clock.now()
        machine = run.machine
        self._called = True  # or it would be called from in here
        machine.cancel(CancelReason.SHUTDOWN, now, CLOSED)
        for unbegun, attempt in set(self._tasks) - self._begun:
            if attempt:
                machine.fail(unbegun, Failure(RuntimeError(CLOSED)), attempt, now)
        run.after()
        while not run.is_over and (index := machine.take(LANES, now)) is not None:
            attempt = 0 if index in machine.other_work else machine.attempts.get(index, 1)
            machine.fail(index, Failure(RuntimeError(CLOSED)), attempt, now)
            run.after()
        self._called = False

    def stop(self, index: int, attempt: int) -> bool:
        """Cancel an attempt; says whether there is one to cancel."""
        task = self._tasks.get((index, attempt))
        if task is None or self.loop is None or self.loop.is_closed():
            return False
        if (index, attempt) in self._begun:
            self.loop.call_soon_threadsafe(task.cancel)
        return True

    def run_here(self, index: int, attempt: int) -> tuple[Feed, Any]:
        """Run an async step to its end in this thread. Time is kept meanwhile: nobody else would."""
        loop = self._loop_here()
        task = self._run.context.copy().run(loop.create_task, self._attempt(index, attempt))
        self._tasks[index, attempt] = task
        self.keep_time()
        try:
            answer: tuple[Feed, Any] = loop.run_until_complete(task)
            return answer
        finally:
            self._done(index, attempt)
            if self._run.is_over:  # which was found out while the loop ran, and couldn't be closed
                self.close()

    def pull_here(self, index: int) -> tuple[Feed, Any]:
        """Pull from an async generator in this thread."""
        answer: tuple[Feed, Any] = self._loop_here().run_until_complete(self._run.calling.pull_async(index))
        return answer

    def close_flow(self, iterators: Sequence[Any]) -> None:
        """Close async generators that are gone through no further. Under the lock."""
        loop = self.loop
        if loop is not None and loop.is_running():  # one of this run's own closes them with itself
            for one in iterators:
                if hasattr(one, "aclose"):
                    loop.call_soon_threadsafe(self._aclose, one)

    def _aclose(self, generator: Any) -> None:
        assert self.loop is not None
        task = self.loop.create_task(generator.aclose())
        self._closing.add(task)  # a loop holds its tasks weakly
        task.add_done_callback(self._closing.discard)

    def play_here(self, index: int) -> None:
        """Run a live body, and all that is async meanwhile, in this thread until nothing of that is left."""
        loop = self._loop_here()
        self._make_task(index, 0)
        self.keep_time()
        try:
            loop.run_until_complete(self._until_idle())
        finally:
            if self._run.is_over:
                self.close()

    def keep_time(self) -> None:
        """Have the loop in this thread look at the time when something is due. Under the lock, or before it runs."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = self._run.machine.deadline
        if due is not None and self._tasks and self.loop is not None:
            self._alarm = self.loop.call_later(max(0.0, due - self._run.services.clock.now()), self._look)

    def _look(self) -> None:
        self._alarm = None
        self._run.tick()
        if self._alarm is None:
            self.keep_time()

    async def _until_idle(self) -> None:
        import asyncio

        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def _loop_here(self) -> asyncio.AbstractEventLoop:
        if self.loop is None:
            self.loop, self._own = self._run.services.loops.new(), True
        return self.loop

    def _done(self, index: int, attempt: int) -> None:
        self._tasks.pop((index, attempt), None)
        self._begun.discard((index, attempt))

    @property
    def is_playing_here(self) -> bool:
        """Whether a live body runs on a loop that is this run's own, so that everything else has to run there too."""
        return self._own and bool(self.lives)

    def begin(self, index: int) -> None:
        """Begin a live body, soon."""
        if self.loop is None:
            self.loop = self._run.services.loops.get()
        self.loop.call_soon_threadsafe(self._make_task, index, 0)

    def wake(self, index: int) -> bool:
        """Tell a live body that what it called has ended; says whether it was one that did. Under the lock."""
        live = self.lives.get(self._run.machine.homes[index].node)
        if live is not None:
            live.wake(index)
        return live is not None

    def close(self) -> None:
        """Let go of the loop, if it is this run's own, with what somebody left behind on it."""
        loop = self.loop
        if not self._own or loop is None or loop.is_running() or loop.is_closed():
            return
        import asyncio

        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    # -- on the loop --------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Make a task of every async step that is ready."""
        run = self._run
        self._thread = threading.get_ident()
        while True:
            with run.lock:
                self._called = False
                if self._is_lost and not run.is_over:
                    self._give_up()
                index = None if run.is_over else run.machine.take(LANES, run.services.clock.now())
                if index is None:
                    return
                attempt = 0 if index in run.machine.other_work else run.machine.attempts.get(index, 1)
                run.after()
            # Not under the lock: an eager task runs at once, and may come back with its result from in here.
            self._make_task(index, attempt)

    def _make_task(self, index: int, attempt: int) -> None:
        run, loop = self._run, self.loop
        assert loop is not None
        task = run.context.copy().run(loop.create_task, self._answer(index, attempt))
        if not task.done():
            self._tasks[index, attempt] = task

    async def _answer(self, index: int, attempt: int) -> None:
        """One attempt of an async step, or a live body, as a task; it may not leave the run without an answer."""
        run = self._run
        try:
            run.comes_to(index, attempt)
            if index in run.machine.pulls:
                feed, fact = await run.calling.pull_async(index)
            else:
                feed, fact = await (self._attempt(index, attempt) if attempt else self._body(index))
            run.has_done(index, attempt)
            with run.lock:
                if run.is_over:
                    run.let_go(index, attempt)
                    stream = run.machine.pulls.get(index)
                    if stream is not None and stream.flow is not None:
                        self.close_flow(stream.flow.iterators)
                else:
                    feed(index, fact, attempt, run.services.clock.now())
                    run.after()
        except (Died, GeneratorExit):  # nobody goes on with it: its loop is gone
            raise
        except BaseException as error:  # noqa: BLE001 - an engine that breaks has to wake whoever waits for it
            with run.lock:
                run.crash(error)
        finally:
            self._done(index, attempt)

    async def _attempt(self, index: int, attempt: int) -> tuple[Feed, Any]:
        run = self._run
        try:
            self._check_in(index, attempt)
            value = await run.calling.run_async(run, index, attempt)
        except BaseException as caught:  # noqa: BLE001 - whatever a step raises is its own failure
            error = self._seen(caught, index, unwanted=run.is_unwanted(index, attempt))
            return run.machine.fail, run.calling.failure(index, attempt, error)
        return run.machine.succeed, value

    async def _body(self, index: int) -> tuple[Feed, Any]:
        """A live body, from its beginning to its end."""
        from flowkit.engine.lives import LiveBody  # asyncio is imported by now

        run, machine = self._run, self._run.machine
        live: LiveBody | None = None
        try:
            self._check_in(index, 0)
            _, (workflow, args, kwargs) = entered(run, index)
            with run.lock:
                run.machine.plays(index)
            assert self.loop is not None
            live = LiveBody(run, index, workflow, self.loop)
            with run.lock:
                self.lives[index] = live
                run.after()
            if run.calling.trace is not None and index != machine.root.node:
                run.calling.trace.enter(index, 1)
            return await live.play(args, kwargs)
        except BaseException as caught:  # noqa: BLE001 - a body is somebody's own code
            unwanted = run.is_over or machine.is_stopped(index) or machine.status[index].is_final
            error = self._seen(caught, index, unwanted=unwanted)
            cut_traceback(error)
            return machine.fail, Failure(error)
        finally:
            with run.lock:
                self.lives.pop(index, None)
            if live is not None:
                live.close()

    def _check_in(self, index: int, attempt: int) -> None:
        """From here on it can be cancelled from outside. Raises `CancelledError` if it was to be stopped before."""
        self._begun.add((index, attempt))
        if self._is_lost or self._run.is_unwanted(index, attempt):
            import asyncio

            raise asyncio.CancelledError

    def _seen(self, error: BaseException, index: int, *, unwanted: bool) -> BaseException:
        """What a coroutine raised, as its failure: that it was cancelled is one only where nobody asked for it."""
        if type(error).__name__ != "CancelledError" or unwanted:
            return error
        if self._guard is not None and self._guard.cancelling():
            # The loop is being taken down around us: nothing more can run on it.
            self._run.cancel(CancelReason.SHUTDOWN, CLOSED)
            return error
        key = self._run.machine.key(index)
        seen = RuntimeError(f"`{key}` was cancelled from within: something that it awaits was")
        seen.__cause__ = error
        return seen

    def stand_guard(self, name: str) -> None:
        """Live on the loop that the run's async steps need: when that is closed, the run ends with it."""
        assert self.loop is not None
        self._guard = self.loop.create_task(self._watch(), name=name)

    async def _watch(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        def wake() -> None:
            loop.call_soon_threadsafe(end)

        self._run.when_done(wake)
        try:
            await ended
        except asyncio.CancelledError:
            with self._run.lock:
                if not self._run.is_over:
                    self._give_up()
            raise
