from flowkit import step, workflow


@step
def convert(amount: float, currency: str = "EUR") -> float:
    return amount * {"EUR": 1.0, "USD": 1.1}[currency]


@step
def add(first: float, second: float, /) -> float:
    return first + second


@workflow
def report(amount: float) -> list[float]:
    return [
        convert(amount, curency="USD"),
        convert(),
        convert(amount, "USD", "exact", "now"),
        convert(amount, amount=1.0),
        add(amount, second=2.0),
    ]


ARGUMENTS = (2.5,)
