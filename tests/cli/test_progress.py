"""The picture of a run, for any state it may be in."""

from __future__ import annotations

import io
import re
from collections import deque

import pytest
from rich.console import Console

from flowkit import Engine, outcome, step, workflow
from flowkit.cli.progress import Progress
from flowkit.engine.events import (
    ItemsCollected,
    RunStarted,
    StepLog,
    StepProgress,
    StepRetrying,
    StepStarted,
    StepSucceeded,
)


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


@pytest.fixture
def under_way(console):
    """A map of two items that run, and how to tell of it."""
    graph = doubles.graph(2)
    names = {node.spec.label: node.spec.name for node in graph.nodes}
    words = deque()
    progress = Progress(graph, "it", console, "this", words)

    def tell(kind, key, time=0.0, run_id="this", **fields):
        event = kind(key=key, step=names[key.partition("[")[0]], time=time, run_id=run_id, **fields)
        (words.append if kind in (StepLog, StepProgress) else progress.tell)(event)
        return picture(progress, console)[1:]

    tell(ItemsCollected, "double", count=2)
    tell(StepStarted, "double[0]", 1.0, attempt=1)
    tell(StepStarted, "double[1]", 1.0, attempt=1)
    return tell


def test_what_a_running_step_told_last_is_in_its_line(under_way):
    assert under_way(StepLog, "double[0]", 2.0, message="reading")[1] == "double 0/2 2 running double[0]: reading"
    rows = under_way(StepProgress, "double[1]", 3.0, done=1000, total=2500)
    assert rows[1] == "double 0/2 2 running double[1]: 1,000/2,500"
    rows = under_way(StepLog, "double[1]", 4.0, message="first\nsecond\n", fields={"page": 7})
    assert rows[1] == "double 0/2 2 running double[1]: 1,000/2,500 second page=7"
    assert under_way(StepProgress, "double[0]", 5.0, done=0.5)[1] == "double 0/2 2 running double[0]: 0.5 reading"


def test_what_is_told_in_other_runs_is_not_shown(under_way):
    assert under_way(StepLog, "double[0]", 2.0, run_id="other", message="reading")[1] == "double 0/2 2 running"


def test_a_step_that_ended_says_nothing_more(under_way):
    under_way(StepLog, "double[0]", 2.0, message="zero")
    under_way(StepLog, "double[1]", 3.0, message="one")
    rows = under_way(StepSucceeded, "double[1]", 4.0, attempt=1, seconds=1.0)
    assert rows[1] == "double 1/2 1 running double[0]: zero"
    assert under_way(StepLog, "double[1]", 5.0, message="late")[1] == "double 1/2 1 running double[0]: zero"


def test_a_new_attempt_begins_with_nothing_said(under_way):
    under_way(StepLog, "double[0]", 2.0, message="zero")
    rows = under_way(StepRetrying, "double[0]", 3.0, attempt=1, delay=1.0, error=ValueError())
    assert rows[1] == "double 0/2 1 running, 1 waiting to retry"
    assert under_way(StepStarted, "double[0]", 4.0, attempt=2)[1] == "double 0/2 2 running"


def test_a_word_may_come_before_the_news_of_its_attempt(under_way):
    """What a step tells comes directly; that it started is read from the record, a moment later."""
    assert under_way(StepLog, "numbers", 2.0, message="early")[0] == "numbers 0/1"
    assert under_way(StepStarted, "numbers", 1.0, attempt=1)[0] == "numbers 0/1 1 running early"


def test_what_is_said_stays_in_one_line_and_moves_no_cursor(under_way, console):
    rows = under_way(StepLog, "double[0]", 2.0, message="\x1b[2J" + 200 * "x")
    assert len(rows) == 3
    assert "\x1b" not in rows[1]
    assert rows[1].endswith("xxx\u2026")
    assert rows[2] == "total 0/1"


def test_what_cannot_be_shown_is_left_out(under_way):
    class Mute:
        def __str__(self):
            raise ValueError

    assert under_way(StepLog, "double[0]", 2.0, message=Mute())[1] == "double 0/2 2 running"
    assert under_way(StepProgress, "double[1]", 3.0, done="much")[1] == "double 0/2 2 running"
