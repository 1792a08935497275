from flowkit import Fallback, StepOptions, step, workflow


@step(timeout=10, total_timeout=5)
def first(number: int) -> int:
    return number


@step(timeout=10, heartbeat_timeout="10s")
def second(number: int) -> int:
    return number


@step(interrupt=True)
def third(number: int) -> int:
    return number


@step(interrupt=True, timeout=3)
async def fourth(number: int) -> int:
    return number


@step(on_failure=Fallback("none"))
def fifth(number: int) -> int:
    return number


@step(on_failure=Fallback(None))
def sixth(number: int) -> int | None:
    return number


@step(must_use=True)
def seventh(number: int) -> None:
    print(number)


@step(max_concurrency=4, total_timeout=5, delay=10)
def eighth(number: int) -> int:
    return number


@workflow(defaults=StepOptions(timeout=30))
def report(number: int) -> list[int]:
    seventh(number)
    numbers = [first(number), second(number), fourth(number), fifth(number), eighth(number)]
    sixth(number)
    return [
        *numbers,
        third(number),
        third.with_options(timeout=None)(number),
        eighth.with_options(max_concurrency=2)(number),
    ]


ARGUMENTS = (3,)
