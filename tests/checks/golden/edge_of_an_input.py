from flowkit import step, workflow


@step
def parse(body: bytes) -> list[str]:
    return body.decode().split()


@workflow
def report(text: str) -> list[str]:
    return parse(text)
