from flowkit import step, workflow


@step
def num() -> int:
    return 1


@step
def total(first: int, numbers: list[int]) -> int:
    return first + sum(numbers)


@step
def prices(by_name: dict[str, int]) -> int:
    return sum(by_name.values())


@step
def area(sides: tuple[int, object]) -> int:
    return sides[0]


@workflow
def report() -> list[int]:
    return [
        total(1, [1, 2]),
        total(1, [1, num]),
        total(1, [num(), 1]),
        total(1, [num(), num]),
        total(1, numbers=[1]),
        total(1, numbers=[num]),
        prices({"tea": 1}),
        prices({"tea": num}),
        area((1, num)),
        area((num, 1)),
        area((num(), 1)),
        area((num, num())),
    ]
