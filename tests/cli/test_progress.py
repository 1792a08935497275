"""The picture of a run, for any state it may be in."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from flowkit import Engine, outcome, step, workflow
from flowkit.cli.progress import Progress
from flowkit.engine.events import ItemsCollected, RunStarted, StepRetrying, StepStarted


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def double(n: int) -> int:
    return 2 * n


@step(retries=1)
def odd(n: int) -> int:
    if n % 2 == 0:
        raise ValueError(n)
    return n


@step(run_if=lambda *_: False)
def never(n: int) -> list[int]:
    return [n]


@step
def total(items: list[int]) -> int:
    return sum(items)


@step
def judge(end: object) -> bool:
    return True


@workflow
def doubles(n: int) -> int:
    return total(double.map(numbers(n)))


def picture(progress: Progress, console: Console) -> list[str]:
    """The rows, without the bars."""
    console.print(progress.picture())
    assert isinstance(console.file, io.StringIO)
    rows = console.file.getvalue().splitlines()
    console.file.seek(0)
    console.file.truncate()
    return [re.sub(r" +", " ", row.replace("\u2501", "").replace("\u257a", "")).strip() for row in rows]


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100, height=20, force_terminal=False)


def seen(workflow, *args, console) -> list[str]:
    """The picture once a run has ended."""
    with Engine(executor="inline"):
        run = workflow.start(*args)
        progress = Progress(run.graph, "it", console)
        for event in run.events():
            progress.tell(event)
    first, *rows = picture(progress, console)
    assert re.fullmatch(r"it \d+ steps? in \d+\.\ds", first)
    return rows


def test_items_of_maps_count_as_calls_of_their_step(console):
    assert seen(doubles, 3, console=console) == ["numbers 1/1", "double 3/3", "total 1/1"]


def test_a_map_without_items_is_done(console):
    assert seen(doubles, 0, console=console) == ["numbers 1/1", "double 0/0", "total 1/1"]


def test_what_is_skipped_is_done_and_what_is_blocked_is_given_up(console):
    @workflow
    def partly() -> list[object]:
        return [judge(outcome(double.map(never(1)))), total([odd(0)])]

    rows = seen(partly, console=console)
    assert rows == ["never 1/1", "double 0/0", "judge 1/1", "odd 1/1 1 failed", "total 0/1 1 given up"]


def test_what_is_under_way_is_told(console):
    graph = doubles.graph(3)
    names = {node.spec.label: node.spec.name for node in graph.nodes}
    progress = Progress(graph, "it", console)

    def tell(kind, step, key="", **fields):
        progress.tell(kind(key=key or step, step=names[step], **fields))

    progress.tell(RunStarted(workflow="it"))
    tell(StepStarted, "numbers", attempt=1)
    assert picture(progress, console)[1:] == ["numbers 0/1 1 running", "double 0/0+", "total 0/1"]
    tell(ItemsCollected, "double", count=2_000)
    tell(StepStarted, "double", "double[0]", attempt=1)
    tell(StepStarted, "double", "double[1]", attempt=1)
    tell(StepRetrying, "double", "double[1]", attempt=1, delay=1.0, error=ValueError())
    assert picture(progress, console)[2] == "double 0/2,000 1 running, 1 waiting to retry"
    tell(StepStarted, "double", "double[1]", attempt=2)
    assert picture(progress, console)[2] == "double 0/2,000 2 running"


def test_a_low_terminal_shows_what_runs_first(console):
    console.height = 6

    @workflow
    def many() -> int:
        one = total([double(1), odd(1)])
        return total(numbers(one))

    graph = many.graph()
    progress = Progress(graph, "it", console)
    [running] = [node.spec.name for node in graph.nodes if node.spec.label == "numbers"]
    progress.tell(StepStarted(key="numbers", step=running, attempt=1))
    assert picture(progress, console)[1:] == ["double 0/1", "numbers 0/1 1 running", "and 2 more steps"]
