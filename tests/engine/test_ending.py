"""How runs end before their time: cancel, Ctrl-C, exits, shutdown, forks."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from flowkit import (
    CancelReason,
    Engine,
    EngineClosed,
    Retry,
    RunCancelled,
    RunConflict,
    RunNotFound,
    RunStatus,
    current,
    step,
    use,
    workflow,
)
from flowkit.engine import events
from flowkit.errors import RunSuspended, StoreError
from flowkit.stores.memory import MemoryStore

LONG = 20.0


@step
def inc(x: int) -> int:
    return x + 1


@pytest.fixture
def release():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def stuck(release):
    """A workflow whose first step ends only when it is released, and what says that it has begun."""
    begun = threading.Event()

    @step
    def hold() -> int:
        begun.set()
        release.wait(LONG)
        return 1

    @workflow
    def stuck() -> int:
        return inc(hold())

    stuck.begun = begun
    return stuck


def kinds(run) -> list[str]:
    return [event.kind for event in run.events()]


@pytest.mark.covers("M84")
def test_a_cancel_ends_a_run_while_a_step_runs(stuck):
    run = stuck.start()
    assert stuck.begun.wait(LONG)
    assert run.cancel("no longer needed")
    with pytest.raises(RunCancelled, match="cancelled on request: no longer needed") as caught:
        run.result(timeout=1)
    assert caught.value.reason is CancelReason.USER
    assert run.status is RunStatus.CANCELLED
    assert {record.key: record.status for record in run.steps} == {"hold": "cancelled", "inc": "cancelled"}
    assert kinds(run).count("run_cancelled") == 1


def test_a_cancel_after_the_end_changes_nothing():
    @workflow
    def short() -> int:
        return inc(1)

    run = short.start()
    assert run.result() == 2
    assert not run.cancel()
    assert run.status is RunStatus.SUCCEEDED
    assert kinds(run)[-1] == "run_succeeded"


def test_the_first_reason_wins(stuck):
    run = stuck.start()
    assert stuck.begun.wait(LONG)
    assert run.cancel("first")
    assert not run.cancel("second")
    with pytest.raises(RunCancelled, match="first"):
        run.result()


def test_a_cancelled_step_can_see_it():
    seen = threading.Event()
    begun = threading.Event()

    @step
    def attentive() -> int:
        begun.set()
        while not current().cancelled:
            seen.wait(0.001)
        seen.set()
        return 1

    @workflow
    def waiting() -> int:
        return attentive()

    run = waiting.start()
    assert begun.wait(LONG)
    run.cancel()
    assert seen.wait(LONG)


def test_a_cancel_during_a_backoff_starts_no_further_attempt():
    attempts = []
    failed = threading.Event()

    @step(retries=Retry(2, backoff=[LONG]))
    def flaky() -> int:
        attempts.append(1)
        raise OSError

    @workflow
    def waiting() -> int:
        return flaky()

    run = waiting.start()
    for event in run.events():
        if event.kind == "step_retrying":
            failed.set()
            run.cancel()
    assert failed.is_set()
    with pytest.raises(RunCancelled):
        run.result(timeout=1)
    assert len(attempts) == 1


@pytest.mark.covers("M84")
def test_a_hundred_cancels_give_a_hundred_cancelled_events(release):
    @step
    def hold(x: int) -> int:
        release.wait(LONG if x else 0)
        return x

    @workflow
    def short(x: int) -> int:
        return inc(hold(inc(hold(x))))

    for i in range(100):
        run = short.start(i % 2)
        run.cancel()
        run.wait()
        last = [kind for kind in kinds(run) if kind.startswith("run_")][1:]
        assert len(last) == 1
        assert last[0] == f"run_{run.status}"


@pytest.mark.covers("M86")
def test_instant_runs_are_never_missed_by_who_waits():
    @workflow
    def instant() -> int:
        return inc(1)

    for _ in range(1000):
        assert instant.start().result(timeout=LONG) == 2


@pytest.mark.covers("M86")
def test_several_waiters_and_a_late_one_get_the_same_result(stuck, release):
    run = stuck.start()
    results = []
    waiters = [threading.Thread(target=lambda: results.append(run.result())) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    release.set()
    for waiter in waiters:
        waiter.join(LONG)
    assert results == [2, 2, 2]
    assert run.result() == 2


@pytest.mark.covers("M86")
def test_waiting_has_a_timeout_and_the_run_goes_on(stuck, release):
    run = stuck.start()
    with pytest.raises(TimeoutError, match="it goes on"):
        run.result(timeout=0.01)
    assert not run.wait(0.01)
    release.set()
    assert run.result() == 2


def test_system_exit_in_a_step_is_its_failure_and_comes_to_the_caller():
    @step(on_failure="skip", retries=5)
    def leave() -> int:
        raise SystemExit(3)

    @workflow
    def leaving() -> int:
        return leave()

    with pytest.raises(SystemExit) as caught:
        leaving()
    assert caught.value.code == 3
    run = leaving.start()
    with pytest.raises(SystemExit):
        run.result()
    assert run.steps[0].attempts == 1


@pytest.mark.covers("M56")
def test_a_base_exception_on_a_worker_thread_harms_no_worker():
    class Odd(BaseException):
        pass

    @step(timeout=LONG)
    def odd(x: int) -> int:
        raise Odd(x)

    @workflow(fail_fast=False)
    def many() -> list[int]:
        return odd.map(range(50))

    @workflow
    def fine() -> list[int]:
        return inc.map(range(50))

    with pytest.raises(Odd):
        many()
    assert len(fine()) == 50


def run_script(
    body: str, *, interrupt_after: str | None = None, timeout: float = 30
) -> subprocess.CompletedProcess[str]:
    """Run a script; send it Ctrl-C once it has printed a line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if interrupt_after is not None:
        environment.pop("COVERAGE_PROCESS_CONFIG", None)  # or Ctrl-C may hit it while coverage holds its lock
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    first = ""
    if interrupt_after is not None:
        for line in process.stdout:
            first += line
            if interrupt_after in line:
                process.send_signal(signal.SIGINT)
                break
    out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, first + out, err)


def test_ctrl_c_in_a_step_of_the_calling_thread_cancels_the_run():
    done = run_script(
        """
        import time
        from flowkit import step, workflow, Engine

        seen = []

        @step
        def busy() -> int:
            print("begun", flush=True)
            for _ in range(3_000):  # one long sleep doesn't hear of a signal that comes just before it
                time.sleep(0.01)
            return 1

        @workflow
        def work() -> int:
            return busy()

        try:
            with Engine(observers=[lambda event: seen.append(event.kind)]):
                work()
        except KeyboardInterrupt:
            print("interrupted", seen[-1])
        """,
        interrupt_after="begun",
    )
    assert done.stdout.splitlines()[-1] == "interrupted run_cancelled", done.stderr


def test_ctrl_c_while_waiting_for_workers_cancels_the_run():
    done = run_script(
        """
        import os, time
        from flowkit import step, workflow

        @step(timeout=60)
        def busy(x: int) -> int:
            if x == 3:
                # Not printed: a daemon thread that is still in `print` when Python ends makes it break off.
                os.write(1, b"begun" + os.linesep.encode())
            time.sleep(30)
            return 1

        @workflow
        def work() -> list[int]:
            return busy.map(range(4))

        try:
            work()
        except KeyboardInterrupt:
            print("interrupted")
        """,
        interrupt_after="begun",
    )
    assert done.stdout.splitlines() == ["begun", "interrupted"], done.stderr


def test_runs_that_were_started_are_drained_at_exit():
    done = run_script(
        """
        import time
        from flowkit import step, workflow

        @step
        def slow(x: int) -> int:
            time.sleep(0.2)
            print("done", flush=True)
            return x

        @workflow
        def work() -> int:
            return slow(slow(1))

        run = work.start()
        print("leaving", flush=True)
        """
    )
    assert done.stdout.split() == ["leaving", "done", "done"], done.stderr
    assert done.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_gets_an_engine_of_its_own():
    done = run_script(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        from flowkit import step, workflow

        @step(timeout=20)
        def inc(x: int) -> int:
            return x + 1

        @workflow
        def work() -> list[int]:
            return inc.map(range(10))

        work()
        child = os.fork()
        if child == 0:
            ok = work() == list(range(1, 11))
            os._exit(0 if ok else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert done.stdout.strip() == "0", done.stderr


def test_an_engine_is_the_one_of_its_block_and_closed_after_it():
    names = []

    @step(timeout=LONG)
    def name() -> int:
        names.append(threading.current_thread().name)
        return 1

    @workflow
    def named() -> int:
        return name()

    with Engine(max_workers=1) as engine:
        assert named() == 1
        run = named.start()
    assert run.result() == 1
    assert set(names) == {"flowkit-1"}
    with pytest.raises(EngineClosed):
        engine.call(named.spec, (), {})


def test_an_engine_can_be_the_one_of_the_process():
    from flowkit.runner import default_engine

    before = default_engine()
    engine = Engine()
    try:
        use(engine)
        assert default_engine() is engine
    finally:
        use(before)
        engine.shutdown()


@pytest.mark.covers("M88")
def test_shutdown_says_which_runs_it_cancelled(stuck):
    with Engine() as engine:
        run = stuck.start()
        assert stuck.begun.wait(LONG)
        assert engine.shutdown() == (run.id,)
    with pytest.raises(RunCancelled) as caught:
        run.result()
    assert caught.value.reason is CancelReason.SHUTDOWN


@pytest.mark.covers("M88")
def test_shutdown_waits_for_runs_that_end_in_time(stuck, release):
    with Engine() as engine:
        run = stuck.start()
        assert stuck.begun.wait(LONG)
        threading.Timer(0.02, release.set).start()
        assert not engine.shutdown(drain="20s")
    assert run.result() == 2


@pytest.mark.covers("M83")
def test_the_same_run_id_is_the_same_run(stuck, release):
    named = stuck.with_options(run_id="2026-11-20")
    with Engine() as engine:
        first = named.start()
        again = named.start()
        assert first.id == again.id == "2026-11-20"
        release.set()
        assert first.result() == again.result() == named() == 2
        assert engine.run("2026-11-20").result() == 2


def test_the_same_run_id_with_other_arguments_is_a_conflict():
    @workflow
    def one(x: int, y: int = 2) -> int:
        return inc(x)

    @workflow
    def other(x: int) -> int:
        return inc(x)

    with Engine():
        run = one.with_options(run_id="a").start(1)
        assert one.with_options(run_id="a").start(x=1, y=2).id == run.id
        with pytest.raises(RunConflict, match="other arguments"):
            one.with_options(run_id="a").start(2)
        with pytest.raises(RunConflict, match="it is a run of"):
            other.with_options(run_id="a").start(1)


def test_an_unknown_run_is_named_with_its_near_name():
    @workflow
    def one() -> int:
        return inc(1)

    with Engine() as engine:
        run = one.with_options(run_id="monday").start()
        with pytest.raises(RunNotFound, match="did you mean `monday`"):
            engine.run("mondey")
        run.result()


@pytest.mark.covers("M53")
def test_an_observer_is_told_once_of_each_end_and_changes_nothing():
    told = []

    def look(event):
        if isinstance(event, events.StepSucceeded | events.StepFailed):
            told.append((event.key, event.kind))

    @step
    def good() -> int:
        return 1

    @step
    def bad(x: int) -> int:
        raise LookupError(x)

    @workflow
    def work() -> int:
        return bad(good())

    with Engine(observers=[look]), pytest.raises(LookupError):
        work()
    assert told == [("good", "step_succeeded"), ("bad", "step_failed")]


@pytest.mark.covers("M56", "M94", "M95", "M97")
def test_an_observer_that_raises_hurts_nobody(caplog):
    told = []

    def broken(event: events.Event) -> None:
        raise RuntimeError("observer")

    @workflow
    def short() -> int:
        return inc(inc(1))

    with Engine(observers=[broken, told.append, told.append]) as engine:
        assert short() == 3
        engine.flush()
    assert [event.kind for event in told] == [
        "run_started",
        "step_started",
        "step_succeeded",
        "step_started",
        "step_succeeded",
        "run_succeeded",
    ]
    assert [event.number for event in told] == list(range(1, 7))
    assert "the run goes on" in caplog.text


@pytest.mark.covers("M94", "M95")
def test_a_slow_observer_delays_nothing(release):
    @workflow
    def short() -> int:
        return inc(1)

    engine = Engine(observers=[lambda event: release.wait(LONG)])
    assert engine.call(short.spec, (), {}) == 2
    release.set()
    engine.shutdown()


def test_a_forgotten_run_that_hasnt_ended_is_warned_about(stuck):
    import gc

    def forget() -> None:
        stuck.start()
        gc.collect()

    with pytest.warns(ResourceWarning, match="nobody waits for it"):
        forget()


@pytest.mark.covers("M18", "M46", "M67")
def test_a_step_can_report_on_itself():
    told = []

    @step
    def chatty() -> str:
        me = current()
        me.progress(1, 2)
        me.log("half way", item=3)
        me.heartbeat("alive")
        return f"{me.step} {me.attempt} {me.run_id == me.idempotency_key.split(':')[0]} {me.time_left} {me.cancelled}"

    @workflow
    def talking() -> str:
        return chatty()

    with Engine(observers=[told.append]) as engine:
        assert talking() == "chatty 1 True None False"
        engine.flush()
    said = {event.kind: event for event in told if not event.number}
    assert said["step_progress"].total == 2
    assert said["step_log"].fields == {"item": 3}
    assert said["step_heartbeat"].detail == "alive"


def test_outside_a_run_current_is_a_stand_in():
    me = current()
    me.progress(1)
    me.log("nobody hears this")
    me.heartbeat()
    assert (me.run_id, me.step, me.attempt, me.cancelled, me.time_left, me.last_error) == ("", "", 1, False, None, None)
    assert me.idempotency_key != current().idempotency_key


@pytest.mark.covers("M87")
async def test_a_store_that_fails_wakes_whoever_waits(monkeypatch):
    """The waiter gets the store's own error, and nobody hangs: at the first write, and at the last."""

    @workflow
    def short() -> int:
        return inc(1)

    class Broken(MemoryStore):
        def __init__(self, works):
            super().__init__()
            self.works = works

        def commit(self, commits):
            self.works -= 1
            if self.works < 0:
                raise StoreError("the disk is full", "memory")
            return super().commit(commits)

    for works in (0, 1):
        engine = Engine(store=Broken(works))
        run = engine.start(short.spec, (), {})
        with pytest.raises(RunSuspended, match="the disk is full") as caught:
            await asyncio.wait_for(run._wait_async(), LONG)
        assert isinstance(caught.value.__cause__, StoreError)
        engine.shutdown()


@pytest.mark.covers("M83")
def test_a_run_id_is_one_run_however_many_start_it_at_once():
    begun = threading.Barrier(4)
    count = []

    @step
    def note(x: int) -> int:
        count.append(x)
        return x

    @workflow
    def together(x: int) -> int:
        begun.wait(LONG)
        return note(x)

    runs = []  # a run in memory is known for as long as somebody holds it
    with Engine() as engine:

        def start() -> None:
            runs.append(engine.start(together.with_options(run_id="one").spec, (1,), {}))

        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
        assert [(run.id, run.result(LONG)) for run in runs] == [("one", 1)] * 4
    assert count == [1]


def test_a_run_that_begins_while_its_engine_shuts_down_is_refused():
    engine = Engine()

    @workflow
    def late() -> int:
        engine.shutdown()
        return inc(1)

    for start in (engine.start, engine.call):
        with pytest.raises(EngineClosed):
            start(late.spec, (), {})
        engine = Engine()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_an_engine_of_the_parent_refuses_to_run_in_a_fork():
    done = run_script(
        """
        import os, warnings
        warnings.simplefilter("ignore")
        from flowkit import Engine, EngineClosed, step, workflow

        @step
        def inc(x: int) -> int:
            return x + 1

        @workflow
        def work() -> int:
            return inc(1)

        engine = Engine()
        engine.call(work.spec, (), {})
        child = os.fork()
        if child == 0:
            try:
                engine.start(work.spec, (), {})
            except EngineClosed:
                os._exit(0)
            os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert done.stdout.strip() == "0", done.stderr
