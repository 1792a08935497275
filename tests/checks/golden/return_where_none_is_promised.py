from flowkit import step, workflow


@step
def count(words):
    return len(words.split())


@workflow
def report(words: str) -> None:
    return count(words)
