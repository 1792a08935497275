from flowkit import step, workflow


@step(depends_on="publish")
def publish(day: str) -> str:
    return f"published {day}"


@workflow
def report(day: str) -> str:
    return publish(day)
