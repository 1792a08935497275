from flowkit import poll, repeat, result_of, step, workflow


@step
def load(number: int) -> int:
    return number


@step
def is_ready(number: int) -> bool:
    return True


@workflow
def careful(number: int) -> int:
    if result_of(is_ready(number)):
        return load(number)
    return number


@workflow
def plain(number: int) -> int:
    return load(load(number))


@workflow
async def live(number: int) -> int:
    return await load.submit(number)


def ask(number: int) -> int:
    return result_of(load(number))


@workflow(static=True)
def report(number: int, deep: bool = False) -> list[object]:
    first = load(number)
    if deep:
        first = result_of(first)
    again = repeat(load, number, until=lambda state: state > 3)
    done = poll(is_ready, number, until=bool)
    return [
        first,
        plain(first),
        plain(number),
        careful(number),
        plain.map([1, 2]),
        live.ref(number),
        again,
        load(int(done)) if deep else load(number),
        ask(number),
        load(number),
    ]


ARGUMENTS = (3,)
