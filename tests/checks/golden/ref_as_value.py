from flowkit import step, workflow


@step
def count(words: str) -> int:
    return len(words.split())


@step
def shorten(words: str) -> str:
    return words[:80]


@workflow
def report(words: str) -> str:
    shorten(words)
    number = count(words)
    if number > 100:
        return shorten(words)
    return words
