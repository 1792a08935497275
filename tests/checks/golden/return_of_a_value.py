from flowkit import step, workflow


@step
def count(words: str) -> int:
    return len(words.split())


@workflow
def report(words: str) -> int:
    if not words:
        return "nothing"
    return count(words)


ARGUMENTS = ("",)
