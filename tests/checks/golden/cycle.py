from flowkit import step, workflow


@step(depends_on="archive")
def publish(day: str) -> str:
    return f"published {day}"


@step(depends_on=publish)
def archive(day: str) -> str:
    return f"archived {day}"


@step
def summarize(first: str, second: str) -> str:
    return f"{first}, {second}"


@workflow
def report(day: str) -> str:
    return summarize(publish(day), archive(day))
