from flowkit import always, cond, gate, outcome, step, when, workflow


@step
def load(number: int) -> int:
    return number


@step
def is_ready(number: int) -> bool:
    return True


@step
def tell(end: object) -> None: ...


@workflow
def inner(number: int) -> int:
    return load(load(number))


@workflow(static=True)
def report(number: int, items: list[int] = [1, 2]) -> list[int]:
    with always():
        tell(number)
    ready = is_ready(load(number))
    with when(ready):
        tell(outcome(ready))
    gate("go on?")
    return [inner(number), cond(ready, lambda: load(1), lambda: load(2)), load.map(load.map(items))[0]]
