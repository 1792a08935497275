from collections.abc import Iterator

from flowkit import step, workflow


@step
def lines(path: str) -> Iterator[str]:
    yield from path.split()


@step
def measure(line: str) -> int:
    return len(line)


@step
def add(one: int, other: int) -> int:
    return one + other


@workflow
def report(path: str) -> list[int]:
    found = lines(path)
    return add.map(measure.map(found), measure.map(found))
