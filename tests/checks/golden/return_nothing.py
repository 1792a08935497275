from flowkit import step, workflow


@step
def count(words: str) -> int:
    return len(words.split())


@step
def say(number: int) -> None:
    print(number)


@workflow
def report(words: str) -> int:
    say(count(words))
