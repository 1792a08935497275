from flowkit import step, workflow


@step
def count(words: str) -> int:
    return len(words.split())


@workflow
def report(words: str) -> str:
    return count(words)
