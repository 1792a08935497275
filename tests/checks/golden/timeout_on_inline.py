from flowkit import StepOptions, step, workflow


@step(executor="inline", timeout=5)
def fetch(url: str) -> bytes:
    return url.encode()


@step(timeout="1m", interrupt=True)
def parse(body: bytes) -> str:
    return body.decode()


@step(executor="inline", timeout=5)
async def push(text: str) -> str:
    return text


@step
def log(text: str) -> str:
    return text


@workflow(defaults=StepOptions(executor="inline"))
def report(url: str) -> str:
    return log(push(parse.with_options(executor="thread")(fetch(url))) if url else parse(fetch(url)))


ARGUMENTS = ("",)
