from flowkit import step, workflow


@step
def fetch(url: str) -> bytes:
    return url.encode()


@step
def warm_up(url: str) -> bool:
    return bool(url)


def prepared(url):
    ready = warm_up(url)
    return fetch(url)


def both(url):
    return fetch(url), warm_up(url)


@workflow
def report(url: str) -> bytes:
    body, ready = both(url)
    return prepared(url) if url else body


ARGUMENTS = ("https://example.org",)
