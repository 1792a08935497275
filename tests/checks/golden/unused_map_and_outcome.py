from flowkit import outcome, step, workflow


@step
def score(item: str) -> float:
    return float(item)


@step
async def push(item: str) -> int:
    return len(item)


@step
def plain(item):
    return item


@workflow
def report(items: list[str]) -> None:
    score.map(items)
    score.map_outcomes(
        items,
    )
    outcome(push(items[0]))
    plain(
        items[0],
    )


ARGUMENTS = (["1", "2"],)
