from collections.abc import Sequence

from flowkit import step, workflow


@step
def name(day: str) -> str:
    return day


@step
def amount(day: str) -> int:
    return len(day)


@step
def table(rows: Sequence[int], *, title: str, widths: dict[str, int]) -> str:
    return f"{title}: {rows} {widths}"


@workflow
def report(day: str) -> str:
    return table(
        [amount(day), name(day)],
        title=amount(day),
        widths={"first": amount(day), "second": name(day)},
    )
