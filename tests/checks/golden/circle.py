from flowkit import step, workflow


@step
def revise(text: str) -> str:
    return text + "!"


@workflow
def report(text: str) -> str:
    return review(revise(text))


@workflow
def review(text: str) -> str:
    return report(revise(text))
