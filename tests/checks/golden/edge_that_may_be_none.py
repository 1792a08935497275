import attrs

from flowkit import step, workflow


@attrs.frozen
class Row:
    size: int
    parent: str | None


@step
def find(name: str) -> Row | None:
    return Row(1, name)


@step
def first(name: str) -> Row:
    return Row(1, name)


@step
def grow(row: Row, by: int = 1) -> int:
    return row.size + by


@workflow
def report(name: str) -> list[int]:
    row = first(name)
    return [grow(find(name)), grow(row, row.parent), grow(row, by=row.size)]
