from typing import Literal

from flowkit import step, workflow


@step
def wait(seconds: float, unit: Literal["s", "ms"] = "s", note: str | None = None) -> float:
    return seconds


@workflow
def report(seconds: str) -> list[object]:
    return [
        wait(seconds),
        wait(1, "h"),
        wait(True, unit="ms", note=None),
        wait(1.5, note=3),
        *[wait(None) for _ in range(2)],
        wait.map([1, 2.5, "three", "four"]),
    ]


ARGUMENTS = ("5",)
