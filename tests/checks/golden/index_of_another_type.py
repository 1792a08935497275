from collections.abc import Mapping, Sequence

from flowkit import step, workflow


@step
def rows(name: str) -> list[dict[str, int]]:
    return [{name: 1}]


@step
def pair(name: str) -> tuple[int, int]:
    return 1, 2


@step
def sizes(name: str) -> tuple[int, ...]:
    return 1, 2


@step
def names(name: str) -> Sequence[str]:
    return [name]


@step
def by_number(name: str) -> dict[int, str]:
    return {1: name}


@step
def by_name(name: str) -> Mapping[str, int]:
    return {name: 1}


@step
def use(*parts: object) -> str:
    return str(parts)


@workflow
def report(name: str) -> list[str]:
    return [
        use(rows(name)["name"], rows(name)[0]["name"], rows(name)[0:1]),
        use(pair(name)["first"], pair(name)[0], sizes(name)["first"], sizes(name)[2]),
        use(names(name)["first"], names(name)[0]["first"], names(name)[0]),
        use(by_number(name)["one"], by_number(name)[1], by_number(name)[True]),
        use(by_name(name)[1], by_name(name)["one"]),
        use(use.map([name])["name"], use.map([name])[0]),
    ]
