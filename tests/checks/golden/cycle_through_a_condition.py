from flowkit import cond, step, workflow


@step(depends_on="fetch")
def is_new(day: str) -> bool:
    return bool(day)


@step
def fetch(day: str) -> str:
    return day


@workflow
def report(day: str) -> str:
    return cond(is_new(day), lambda: fetch(day), lambda: "nothing")
