"""What can't be kept is found before anything runs, where it is to be kept (FK205)."""

import socket
from collections.abc import Iterator

import pytest

from flowkit import CheckFailed, Engine, result_of, step, workflow
from flowkit.stores import codec
from flowkit.stores.memory import MemoryStore


class Session:
    def __init__(self, user: str) -> None:
        self.user = user


@step
def open_session(user: str) -> Session:
    calls.append(user)
    return Session(user)


@step
def user_of(session: Session) -> str:
    return session.user


@workflow
def logged_in(user: str) -> str:
    return user_of(open_session(user))


calls: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()


def refused(call):
    with pytest.raises(CheckFailed) as caught:
        call()
    return [(one.code, one.title) for one in caught.value.diagnostics]


def test_an_engine_with_a_store_refuses_before_anything_runs_and_keeps_nothing():
    store = MemoryStore()
    with Engine(store=store):
        found = refused(lambda: logged_in.start("ann"))
    assert found == [("FK205", "what `open_session` returns can't be kept")]
    assert calls == []


def test_an_engine_without_a_store_takes_any_type():
    with Engine():
        assert logged_in("ann") == "ann"


def test_what_a_run_is_given_and_returns_is_looked_at_where_it_starts():
    @workflow
    def given(session: Session) -> Session:
        return session

    with Engine(store=MemoryStore()):
        assert refused(lambda: given.start(Session("ann"))) == [
            ("FK205", "what `given` returns can't be kept"),
            ("FK205", "the argument `session` of `given` can't be kept"),
        ]


def test_what_a_called_workflow_is_given_and_returns_is_nobodys_to_keep():
    @step
    def users() -> list[str]:
        return ["ann"]

    @step
    def length(name: str) -> int:
        return len(name)

    @workflow
    def inner(names: list[str], then: Session | None) -> tuple[int, type[int]]:
        return length(names[0]), int

    @workflow
    def outer() -> int:
        return inner(users(), None)[0]

    with Engine(store=MemoryStore()):
        assert outer() == 3


def test_what_a_generator_yields_is_handed_on_and_not_kept():
    @step
    def sessions() -> Iterator[Session]:
        yield from (Session("ann"), Session("bob"))

    @workflow
    def everybody() -> list[str]:
        return user_of.map(sessions())

    with Engine(store=MemoryStore()):
        assert everybody() == ["ann", "bob"]


def test_a_body_that_is_recorded_later_is_looked_at_then():
    @step
    def user() -> str:
        return "ann"

    @workflow
    def later() -> str:
        return user_of(open_session(result_of(user())))

    with Engine(store=MemoryStore()):
        assert refused(later) == [("FK205", "what `open_session` returns can't be kept")]
    assert calls == []


def test_a_live_body_is_told_at_the_call():
    @workflow
    async def live() -> str:
        return await user_of.submit(await open_session.submit("ann"))

    with Engine(store=MemoryStore()):
        assert refused(lambda: live.start().result()) == [("FK205", "what `open_session` returns can't be kept")]
    assert calls == []


def test_a_registered_codec_is_a_way_out():
    class Ticket:
        number = 7

    @step
    def ticket() -> Ticket:
        return Ticket()

    @step
    def number_of(ticket: Ticket) -> int:
        return ticket.number

    @workflow
    def numbered() -> int:
        return number_of(ticket())

    with Engine(store=MemoryStore()):
        assert refused(numbered)
        codec.register(Ticket, encode=lambda ticket: ticket.number, decode=lambda _: Ticket())
        assert numbered() == 7


def test_allowing_it_leaves_it_to_the_step_to_fail():
    @step
    def pair() -> socket.socket:
        one, other = socket.socketpair()
        other.close()
        one.close()
        return one

    @step
    def look(one: socket.socket) -> int:
        return one.fileno()

    @workflow(allow=("FK205",))
    def allowed() -> int:
        return look(pair())

    with Engine(store=MemoryStore()), pytest.raises(Exception, match="no JSON form for `socket`"):
        allowed()
