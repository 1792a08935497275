from collections.abc import Callable

from flowkit import step, workflow

DURABLE = True


class Session:
    user = "ann"


@step
def greet(user: str) -> str:
    return f"hello {user}"


@workflow
def report(session: Session, *more: Session, then: Callable[[], None] | None = None, **users: str) -> Session:
    for user in users.values():
        greet.with_options(must_use=False)(user)
    return session
