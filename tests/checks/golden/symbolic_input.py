from flowkit import step, workflow


@step
def fetch(url: str) -> bytes:
    return url.encode()


@step
def parse(body: bytes) -> list[str]:
    return body.decode().split()


@workflow
def report(url: str) -> list[str]:
    body = fetch(url)
    parse(body)
    if url.startswith("https"):
        return parse(body)
    parse(body)
    return []
