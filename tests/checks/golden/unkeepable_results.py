from collections.abc import Iterator
from typing import Any

import attrs

from flowkit import step, workflow

DURABLE = True


class Session:
    def __init__(self, user: str) -> None:
        self.user = user


@attrs.frozen
class Login:
    session: Session
    user: str


@attrs.frozen
class User:
    name: str


@step
def users() -> Iterator[Session]:
    """What a generator yields isn't kept."""
    yield Session("ann")


@step
def log_in(session: Session) -> Login:
    return Login(session, session.user)


@step
def open_session(user: str) -> Session:
    return Session(user)


@step
def user_of(session: Session) -> User:
    return User(session.user)


@step
def anything(user: User):
    return user


@step
def whatever(user: User) -> Any:
    return user


@workflow
def inner(user: str) -> Session:
    """What a workflow gives that is called in a body follows from its steps."""
    return open_session(user)


@workflow
def report(user: str) -> list[Any]:
    one = user_of(inner(user))
    another = user_of(open_session.with_options(retries=3)(user))
    return [anything(one), whatever(another), log_in.map(users())]
