"""Resources: what steps have open, once per engine, closed with it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading

import pytest

from flowkit import (
    Engine,
    From,
    MisuseError,
    Outcome,
    PolicyError,
    Resource,
    ValidationError,
    current,
    outcome,
    step,
    workflow,
)

LONG = 20.0
"""Seconds that nothing here takes, unless it hangs."""


class Db:
    """Something that is opened and closed, and says so."""

    def __init__(self, log: list[str], name: str = "db") -> None:
        self.log, self.name = log, name
        log.append(f"open {name}")

    def close(self) -> None:
        self.log.append(f"close {self.name}")


@pytest.fixture
def log():
    return []


@pytest.fixture
def open_db(log):
    def open_db() -> Db:
        return Db(log)

    return open_db


# -- once, and closed -------------------------------------------------------------------------------------------------


def test_a_resource_is_opened_once_and_closed_with_the_engine(open_db, log):
    @step
    def load(row: int, db: Db = Resource(open_db)) -> str:
        return f"{row} {db.name}"

    @workflow
    def report() -> list[str]:
        return [load(1), *[load(i) for i in (2, 3)]]

    with Engine():
        assert log == []
        assert report() == ["1 db", "2 db", "3 db"]
        assert report.start().result() == ["1 db", "2 db", "3 db"]
        assert log == ["open db"]
    assert log == ["open db", "close db"]


def test_it_is_opened_when_it_is_first_needed_and_no_sooner(open_db, log):
    @step
    def before() -> int:
        return len(log)

    @step
    def load(row: int, db: Db = Resource(open_db)) -> int:
        return row

    @workflow
    def report() -> int:
        return load(before())

    with Engine():
        assert report() == 0


def test_it_is_no_argument_of_the_call(open_db):
    @step
    def load(row: int, db: Db = Resource(open_db)) -> int:
        return row

    @workflow
    def report() -> int:
        return load(1)

    [node] = report.graph().nodes
    assert node.args == (1,)
    assert node.kwargs is None


def test_what_is_given_wins(open_db, log):
    @step
    def load(row: int, db: Db = Resource(open_db)) -> str:
        return db.name

    fake = Db([], "fake")

    @workflow
    def report() -> list[str]:
        return [load(1, fake), load(2, db=fake)]

    with Engine():
        assert report() == ["fake", "fake"]
    assert load(1, fake) == "fake"
    assert log == []


def test_users_that_come_while_it_is_opened_wait(log):
    """Thirty-two threads, one opening."""
    opening, rest = threading.Event(), threading.Event()

    def open_db():
        opening.set()
        assert rest.wait(LONG)
        return Db(log)

    @step
    def load(row: int, db: Db = Resource(open_db)) -> int:
        return id(db)

    @workflow
    def report() -> list[int]:
        return load.map(list(range(32)))

    with Engine():
        run = report.start()
        assert opening.wait(LONG)
        rest.set()
        assert len(set(run.result(LONG))) == 1
    assert log == ["open db", "close db"]


def test_each_engine_has_its_own(open_db, log):
    @step
    def load(db: Db = Resource(open_db)) -> int:
        return id(db)

    @workflow
    def report() -> int:
        return load()

    with Engine():
        first = report()
        with Engine():
            assert report() != first
        assert report() == first
    assert log == ["open db", "open db", "close db", "close db"]


def test_closing_goes_backwards(log):
    def open_one():
        return Db(log, "one")

    @contextlib.contextmanager
    def open_two():
        log.append("open two")
        yield 2
        log.append("close two")

    def open_three():
        log.append("open three")
        yield 3
        log.append("close three")

    @step
    def load(one: Db = Resource(open_one), two: int = Resource(open_two), three: int = Resource(open_three)) -> int:
        return two + three

    @workflow
    def report() -> int:
        return load()

    with Engine():
        assert report() == 5
    assert log == ["open one", "open two", "open three", "close three", "close two", "close one"]


def test_a_resource_may_need_another(open_db, log):
    def open_table(db: Db = Resource(open_db)):
        return Db(db.log, f"table of {db.name}")

    @step
    def load(table: Db = Resource(open_table), db: Db = Resource(open_db)) -> str:
        return f"{table.name}, {db.name}"

    @workflow
    def report() -> str:
        return load()

    with Engine():
        assert report() == "table of db, db"
    assert log == ["open db", "open table of db", "close table of db", "close db"]


def test_an_engine_may_open_something_else_instead(open_db, log):
    @step
    def load(db: Db = Resource(open_db)) -> str:
        return db.name

    @workflow
    def report() -> str:
        return load()

    with Engine(resources={open_db: lambda: Db(log, "fake")}):
        assert report() == "fake"
    assert log == ["open fake", "close fake"]
    with pytest.raises(PolicyError, match="can't be called; pass the function itself"):
        Engine(resources={open_db: Db(log)})
    with pytest.raises(PolicyError, match="is no dict"):
        Engine(resources=[open_db])


# -- what is closed, and how ------------------------------------------------------------------------------------------


def test_what_is_a_context_manager_is_entered_and_left(log):
    class Client:
        def __enter__(self):
            log.append("enter")
            return "entered"

        def __exit__(self, *error):
            log.append(f"leave {error[0]}")

    @step
    def load(client: str = Resource(Client)) -> str:
        return client

    @workflow
    def report() -> str:
        return load()

    with Engine():
        assert report() == "entered"
    assert log == ["enter", "leave None"]


def test_a_connection_is_left_and_then_closed(log):
    """As those to databases want it: leaving ends a transaction."""

    class Connection(Db):
        def __enter__(self):
            return self

        def __exit__(self, *error):
            log.append("commit")

    @step
    def load(db: Connection = Resource(lambda: Connection(log))) -> int:
        return 1

    @workflow
    def report() -> int:
        return load()

    with Engine():
        report()
    assert log == ["open db", "commit", "close db"]


def test_what_a_manager_gives_is_not_closed_by_anybody_else(log):
    @contextlib.contextmanager
    def borrow():
        yield Db(log)
        log.append("given back")

    @step
    def load(db: Db = Resource(borrow)) -> int:
        return 1

    @workflow
    def report() -> int:
        return load()

    with Engine():
        report()
    assert log == ["open db", "given back"]


def test_what_cannot_be_closed_is_let_go():
    @step
    def load(settings: dict = Resource(dict)) -> int:
        return id(settings)

    @workflow
    def report() -> list[int]:
        return [load(), load()]

    with Engine():
        assert len(set(report())) == 1


# -- outside a run ----------------------------------------------------------------------------------------------------


def test_a_step_that_is_called_as_a_function_has_it_opened_for_that_call(open_db, log):
    @step
    def load(row: int, db: Db = Resource(open_db)) -> int:
        log.append("load")
        return row

    assert load(1) == 1
    assert load(row=2) == 2
    assert log == ["open db", "load", "close db"] * 2


def test_it_is_closed_when_that_call_fails(open_db, log):
    @step
    def load(db: Db = Resource(open_db)) -> int:
        raise ValueError

    with pytest.raises(ValueError):
        load()
    assert log == ["open db", "close db"]


def test_a_step_that_a_step_calls_has_what_the_engine_has(open_db, log):
    @step
    def inner(db: Db = Resource(open_db)) -> Db:
        return db

    @step
    def outer(db: Db = Resource(open_db)) -> bool:
        return inner() is db

    @workflow
    def report() -> bool:
        return outer()

    with Engine():
        assert report()
    assert log == ["open db", "close db"]


async def test_an_async_step_that_is_awaited_as_a_function_has_it_too(open_db, log):
    @contextlib.asynccontextmanager
    async def open_client(db: Db = Resource(open_db)):
        log.append("open client")
        yield "client"
        await asyncio.sleep(0)
        log.append("close client")

    @step
    async def load(client: str = Resource(open_client)) -> str:
        return client

    assert await load() == "client"
    assert log == ["open db", "open client", "close client", "close db"]


# -- methods, classes, maps, other words ------------------------------------------------------------------------------


def test_methods_have_resources(open_db, log):
    class Loader:
        @step
        def load(self, row: int, db: Db = Resource(open_db)) -> str:
            return f"{row} {db.name}"

        @step
        @classmethod
        def make(cls, db: Db = Resource(open_db)) -> str:
            return f"{cls.__name__} {db.name}"

        @workflow
        def report(self) -> list[str]:
            return [self.load(1), *[self.load.with_options(interrupt=True, timeout=LONG)(2)], self.make()]

    with Engine():
        assert Loader().report() == ["1 db", "2 db", "Loader db"]
    assert Loader().load(1) == "1 db"
    assert Loader.make() == "Loader db"


def test_classes_have_resources(open_db):
    class Loader:
        def __init__(self, row: int, db: Db = Resource(open_db)) -> None:
            self.row, self.db = row, db

    load = step(Loader)

    @workflow
    def report() -> Loader:
        return load(1)

    with Engine():
        assert report().db.name == "db"


def test_maps_conditions_and_compensations(open_db, log):
    def undo(done: Outcome[int], row: int, db: Db = Resource(open_db)) -> None:
        log.append(f"undo {row} with {db.name}")

    @step(compensate=undo, run_if=lambda row: row > 1)
    def load(row: int, db: Db = Resource(open_db)) -> int:
        return row

    @step
    def fail(rows: list[int]) -> None:
        raise ValueError

    @workflow
    def report() -> None:
        fail([load(2)])

    with Engine(), pytest.raises(ValueError):
        report()
    assert log == ["open db", "undo 2 with db", "close db"]


def test_live_bodies_call_such_steps_as_any(open_db):
    @step
    def load(row: int, db: Db = Resource(open_db)) -> str:
        return f"{row} {db.name}"

    @step
    async def read(row: int, db: Db = Resource(open_db)) -> str:
        return f"{row} {db.name}"

    @workflow
    async def report() -> list[str]:
        return [await load.submit(1), await read(2)]

    with Engine():
        assert report.start().result(LONG) == ["1 db", "2 db"]


def test_what_is_open_is_held_to_its_annotation_as_arguments_are(open_db):
    @step(validate=True)
    def load(row: int, db: Db = Resource(open_db)) -> str:
        return db.name

    @step(validate=True)
    def wrong(row: int, db: dict = Resource(open_db)) -> str:
        return ""

    @workflow
    def report() -> str:
        return load(1)

    @workflow
    def mistaken() -> str:
        return wrong(1)

    with Engine():
        assert report() == "db"
        with pytest.raises(ValidationError, match="argument `db` of `wrong`"):
            mistaken()


def test_an_opener_knows_the_step_that_it_opens_for():
    @step
    def load(key: str = Resource(lambda: current().step)) -> str:
        return key

    @workflow
    def report() -> str:
        return load()

    with Engine():
        assert report() == "load"


def test_declared_dependencies_and_resources_go_together(open_db):
    @step
    def fetch(url: str, db: Db = Resource(open_db)) -> str:
        return f"{url} from {db.name}"

    @step
    def load(text: str = From(fetch), db: Db = Resource(open_db)) -> str:
        return f"{text} to {db.name}"

    with Engine():
        assert workflow.of(load)("a") == "a from db to db"


def test_an_inline_engine_opens_in_the_calling_thread():
    @step
    def load(opener: int = Resource(threading.get_ident)) -> int:
        return opener

    @step
    async def read(opener: int = Resource(threading.get_ident)) -> int:
        return opener

    @workflow
    def report() -> list[int]:
        return [load(), read()]

    with Engine(executor="inline"):
        assert set(report()) == {threading.get_ident()}


# -- failures ---------------------------------------------------------------------------------------------------------


def test_a_failure_while_opening_is_that_of_the_step_and_the_next_attempt_tries_again(log):
    tries = []

    def open_db():
        tries.append(current().attempt)
        if len(tries) < 3:
            raise ConnectionError(f"try {len(tries)}")
        return Db(log)

    @step(retries=2)
    def load(db: Db = Resource(open_db)) -> str:
        return db.name

    @step
    def once(db: Db = Resource(open_db)) -> str:
        return db.name

    @workflow
    def hasty() -> str:
        return once()

    @workflow
    def report() -> str:
        return load.with_options(retries=1)()

    with Engine():
        with pytest.raises(ConnectionError, match="try 1") as failed:
            hasty()
        assert "in step `once`" in failed.value.__notes__[0]
        assert report() == "db"
    assert tries == [1, 1, 2]


def test_what_opens_when_another_fails_is_closed_all_the_same(open_db, log):
    def broken(db: Db = Resource(open_db)):
        raise OSError

    @step
    def load(it: int = Resource(broken)) -> int:
        return it

    @workflow
    def report() -> bool:
        return describe(outcome(load()))

    @step
    def describe(end: Outcome[int]) -> bool:
        return end.ok

    with Engine():
        assert report() is False
    assert log == ["open db", "close db"]


def test_a_step_may_run_out_of_time_while_it_waits_for_a_resource(log):
    opening, rest = threading.Event(), threading.Event()

    def slow():
        opening.set()
        assert rest.wait(LONG)
        return Db(log)

    @step(timeout=0.05)
    def load(db: Db = Resource(slow)) -> str:
        return db.name

    @step
    def patient(db: Db = Resource(slow)) -> str:
        return db.name

    @workflow
    def report() -> str:
        return load()

    @workflow
    def waiting() -> str:
        return patient()

    with Engine():
        with pytest.raises(TimeoutError):
            report()
        run = waiting.start()
        rest.set()
        assert run.result(LONG) == "db"
    assert log == ["open db", "close db"]


def test_closing_errors_are_raised_once_all_is_closed(log):
    class Bad(Db):
        def close(self):
            super().close()
            raise OSError(self.name)

    def open_one():
        return Bad(log, "one")

    def open_two():
        return Db(log, "two")

    def open_three():
        return Bad(log, "three")

    @step
    def single(one: Db = Resource(open_one), two: Db = Resource(open_two)) -> int:
        return 1

    @step
    def several(one: Db = Resource(open_one), two: Db = Resource(open_two), three: Db = Resource(open_three)) -> int:
        return 1

    @workflow
    def first() -> int:
        return single()

    @workflow
    def second() -> int:
        return several()

    with pytest.raises(OSError, match="one") as failed, Engine():
        first()
    assert failed.value.__notes__ == ["raised by closing `open_one`"]
    assert log[2:] == ["close two", "close one"]
    with pytest.raises(BaseExceptionGroup) as group, Engine():
        second()
    assert [str(one) for one in group.value.exceptions] == ["three", "one"]


def test_what_a_block_is_left_by_matters_more_than_what_closing_raises(caplog):
    def broken():
        yield 1
        raise OSError("not closed")

    @step
    def load(it: int = Resource(broken)) -> int:
        return it

    @workflow
    def report() -> int:
        return load()

    with pytest.raises(ValueError, match="mine"), Engine():
        report()
        raise ValueError("mine")
    assert "closing resources failed" in caplog.text
    assert "not closed" in caplog.text


def test_a_closed_engine_opens_nothing(log):
    """A step that was left behind asks too late: nobody would close what it gets."""
    begun, rest = threading.Event(), threading.Event()
    seen = []

    def slow():
        begun.set()
        assert rest.wait(LONG)
        return Db(log)

    @step(timeout=0.01)
    def load(db: Db = Resource(slow)) -> None:
        seen.append(db)

    @workflow
    def report() -> None:
        load()

    engine = Engine()
    with engine, pytest.raises(TimeoutError):
        report()
    assert begun.wait(LONG)
    held = next(iter(engine._resources._held.values()))
    rest.set()
    with held.lock:  # once it is opened, or not
        pass
    assert log == ["open db", "close db"]
    assert seen == []
    assert engine._resources.is_empty


def test_an_opener_that_needs_itself_says_so():
    def open_db():
        return load()

    @step
    def load(db: int = Resource(open_db)) -> int:
        return db

    @workflow
    def report() -> int:
        return load()

    with Engine(), pytest.raises(MisuseError, match="`open_db` needs itself"):
        report()


async def test_an_opener_on_a_loop_that_needs_itself_says_so():
    async def open_client():
        return await load()

    @step
    async def load(it: int = Resource(open_client)) -> int:
        return it

    @workflow
    def report() -> int:
        return load()

    async with Engine():
        with pytest.raises(MisuseError, match="`open_client` needs itself"):
            await report.start()


# -- async ------------------------------------------------------------------------------------------------------------


def client(log, name="client"):
    @contextlib.asynccontextmanager
    async def open_client():
        log.append(f"open {name}")
        task = asyncio.current_task()
        try:
            yield asyncio.get_running_loop()
        finally:
            await asyncio.sleep(0)
            assert asyncio.current_task() is task
            log.append(f"close {name}")

    return open_client


def test_async_resources_live_on_the_engines_loop(log):
    opener = client(log)

    @step
    async def load(loop: asyncio.AbstractEventLoop = Resource(opener)) -> int:
        return id(loop) if loop is asyncio.get_running_loop() else 0

    @workflow
    def report() -> list[int]:
        return [load(), load()]

    with Engine():
        assert len(set(report()) | set(report())) == 1
        assert log == ["open client"]
    assert log == ["open client", "close client"]


async def test_async_resources_live_on_the_loop_of_the_run(log):
    @step
    async def load(loop: object = Resource(client(log))) -> bool:
        return loop is asyncio.get_running_loop()

    @workflow
    def report() -> bool:
        return load()

    async with Engine():
        assert await report.start()
        assert await report.start()
        assert log == ["open client"]
    assert log == ["open client", "close client"]


def test_they_are_closed_with_their_loop(log):
    """A loop that `asyncio.run` takes down takes what was opened on it along, in good order; another loop has its own."""
    first, second = client(log, "first"), client(log, "second")

    async def open_both(one: object = Resource(first)):
        log.append("open both")
        yield 2
        log.append("close both")

    @step
    async def load(both: int = Resource(open_both), two: object = Resource(second)) -> int:
        return both

    @workflow
    def report() -> int:
        return load()

    async def main():
        return await report.start()

    with Engine():
        for _ in range(2):
            assert asyncio.run(main()) == 2
            assert log == ["open first", "open both", "open second", "close second", "close both", "close first"]
            log.clear()


def test_they_are_closed_with_the_loop_of_an_inline_run(log):
    @step
    async def load(loop: object = Resource(client(log))) -> int:
        return 1

    @workflow
    def report() -> list[int]:
        return [load(), load()]

    with Engine(executor="inline"):
        assert report() == [1, 1]
    assert log == ["open client", "close client"]


async def test_what_is_awaited_is_taken_as_it_is_and_closed(log):
    class Pool:
        async def __aenter__(self):
            raise AssertionError

        async def __aexit__(self, *error):
            raise AssertionError

        async def close(self):
            log.append("close pool")

    async def connect():
        return Pool()

    @step
    async def load(pool: Pool = Resource(connect)) -> int:
        return 1

    @workflow
    def report() -> int:
        return load()

    async with Engine():
        await report.start()
    assert log == ["close pool"]


async def test_an_async_class_is_entered_and_left(log):
    class Client:
        async def __aenter__(self):
            log.append("enter")
            return self

        async def __aexit__(self, *error):
            log.append("leave")

    @step
    async def load(one: Client = Resource(Client), other: AsyncOnly = Resource(_annotated)) -> int:
        return len([one, other])

    @workflow
    def report() -> int:
        return load()

    async with Engine():
        await report.start()
    assert log == ["enter", "leave"]


async def test_a_failure_while_opening_on_a_loop_is_tried_again(log):
    tries = []

    @contextlib.asynccontextmanager
    async def open_client():
        tries.append(1)
        await asyncio.sleep(0)
        if len(tries) < 3:
            raise ConnectionError
        yield "client"

    @step(retries=2)
    async def load(it: str = Resource(open_client)) -> str:
        return it

    @workflow
    def report() -> list[str]:
        return [load(), load.with_options(retries=3)()]

    async with Engine():
        assert await report.start() == ["client", "client"]
    assert len(tries) == 3


async def test_a_step_that_is_cancelled_while_it_waits_leaves_the_opening_to_others(log):
    begun, rest = asyncio.Event(), asyncio.Event()

    @contextlib.asynccontextmanager
    async def open_client():
        begun.set()
        await rest.wait()
        log.append("open")
        yield "client"

    @step
    async def load(it: str = Resource(open_client)) -> str:
        return it

    @workflow
    def report() -> str:
        return load()

    async with Engine():
        first = report.start()
        await begun.wait()
        second = report.start()
        first.cancel()
        rest.set()
        assert await second == "client"
    assert log == ["open"]


async def test_errors_while_closing_on_a_loop_are_raised(log):
    @contextlib.asynccontextmanager
    async def open_client():
        yield 1
        raise OSError("not closed")

    @step
    async def load(it: int = Resource(open_client)) -> int:
        return it

    @workflow
    def report() -> int:
        return load()

    with pytest.raises(OSError, match="not closed"):
        async with Engine():
            await report.start()


def test_errors_while_a_loop_goes_down_are_logged(caplog):
    @contextlib.asynccontextmanager
    async def open_client():
        yield 1
        raise OSError("not closed")

    @step
    async def load(it: int = Resource(open_client)) -> int:
        return it

    @workflow
    def report() -> int:
        return load()

    async def main():
        return await report.start()

    with Engine():
        asyncio.run(main())
    assert "closing `open_client` failed" in caplog.text
    assert "not closed" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_is_gone_is_told_of(caplog, log):
    @step
    async def load(it: object = Resource(client(log))) -> int:
        return 1

    @workflow
    def report() -> int:
        return load()

    async def main():
        return await report.start()

    loop = asyncio.new_event_loop()
    with Engine():
        assert loop.run_until_complete(main()) == 1
        loop.close()
    assert "`open_client` can't be closed: the event loop that it was opened on runs no more" in caplog.text
    gc.collect()  # Python has something to say of it, too


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_plain_step_cannot_wait_for_what_is_async(log):
    for opener in (client(log), _coroutine, _generator, AsyncOnly, _annotated):
        with pytest.raises(PolicyError, match=r"can't wait for .* make it `async def`"):

            @step
            def load(it: object = Resource(opener)) -> int:
                return 1

        with pytest.raises(PolicyError, match="can't wait for"):
            Resource(_needing(opener))


async def _coroutine():
    return 1


async def _generator():
    yield 1


class AsyncOnly:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *error): ...


def _annotated() -> AsyncOnly:
    return AsyncOnly()


def _needing(opener):
    def plain(it: object = Resource(opener)) -> int:
        return 1

    return plain


def test_what_turns_out_to_be_async_says_what_to_write():
    def hidden():
        return AsyncOnly()

    @step
    def load(it: object = Resource(hidden)) -> int:
        return 1

    with pytest.raises(MisuseError, match="`hidden` gives a `AsyncOnly`, which is async; declare it `async def`"):
        load()
    with pytest.raises(MisuseError, match="gives a coroutine"):

        @step
        def other(it: object = Resource(lambda: _coroutine())) -> int:  # noqa: PLW0108
            return 1

        other()


def test_an_engine_whose_stand_in_is_async_says_so(open_db):
    @step
    def load(it: object = Resource(open_db)) -> int:
        return 1

    @workflow
    def report() -> int:
        return load()

    with Engine(resources={open_db: _coroutine}), pytest.raises(MisuseError, match="`_coroutine` is async"):
        report()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (3, "can't be called"),
        (lambda url: url, "needs `url`, which nobody gives it"),
        (step(dict), "is a step, whose result comes from a run"),
        ([].append, "needs `object`|has no hash"),
    ],
)
def test_what_cannot_be_opened_is_refused(given, why):
    with pytest.raises(PolicyError, match=why):
        Resource(given)


def test_an_opener_takes_nothing_from_steps():
    fetch = step(dict)

    def open_db(url: dict = From(fetch)):
        return url

    with pytest.raises(PolicyError, match="a resource is opened outside of any run"):
        Resource(open_db)


# -- the end of the process -------------------------------------------------------------------------------------------

AT_EXIT = """
from flowkit import *
def open_db():
    yield 1
    print("closed")
@step
def load(db: int = Resource(open_db)) -> int:
    return db
@workflow
def report() -> int:
    return load()
{engine}
print(report())
"""


@pytest.mark.parametrize("engine", ["", "use(Engine())", "engine = Engine(); engine.__enter__()"])
def test_what_is_open_at_exit_is_closed(engine):
    done = subprocess.run(
        [sys.executable, "-c", AT_EXIT.format(engine=engine)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "closed"]
    assert done.stderr == ""


def test_closing_errors_at_exit_are_logged():
    script = AT_EXIT.format(engine="import logging; logging.basicConfig()").replace(
        'print("closed")', 'raise OSError("not closed")'
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "closing resources at exit failed" in done.stderr
    assert "not closed" in done.stderr
