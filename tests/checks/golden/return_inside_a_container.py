from flowkit import step, workflow


@step
def count(words: str) -> int:
    return len(words.split())


@step
def shorten(words: str) -> str:
    return words[:10]


@workflow
def report(words: str, full: bool) -> dict[str, int]:
    if full:
        short = shorten(words)
        return {"count": count(words), "short": short}
    return {"count": count(words)}


ARGUMENTS = ("to be or not", True)
