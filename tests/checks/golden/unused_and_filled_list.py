from flowkit import step, workflow


@step
def fetch(url: str) -> bytes:
    return url.encode()


@step
def count(urls: int) -> int:
    return urls


@workflow
def report(urls: list[str]) -> int:
    bodies = []
    for url in urls:
        bodies.append(fetch(url))
    return count(len(urls))


ARGUMENTS = (["a", "b"],)
