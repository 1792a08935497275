from flowkit import step, workflow


@step
def count(day: str) -> int:
    return len(day)


@workflow
def nightly(day: str) -> int:
    return count(day)


@step
def kick_off(day: str) -> None:
    nightly.with_options(run_id=day).start(day)


@step
def kept(day: str) -> int:
    return nightly.start(day).result()


@workflow
def report(day: str, again: bool) -> int:
    if again:
        nightly.start(day)
    kick_off(day)
    return kept(day)


ARGUMENTS = ("monday", False)
