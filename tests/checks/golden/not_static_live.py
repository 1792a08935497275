from flowkit import step, workflow


@step
def load(number: int) -> int:
    return number


@workflow(static=True)
async def report(number: int) -> int:
    return await load.submit(number)
