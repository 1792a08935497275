from collections.abc import Iterator

from flowkit import step, workflow


@step
def lines(path: str) -> Iterator[str]:
    yield from path.split()


@step
def count(lines: list[str]) -> int:
    return len(lines)


@workflow
def report(path: str) -> int:
    return count(lines(path))
