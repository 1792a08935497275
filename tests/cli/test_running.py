"""`flowkit run`: results, failures, and what the exit code says."""

from __future__ import annotations

import json
import re

import pytest

STEPS = """
    import sys

    @step
    def half(n: int) -> int:
        print("halving", n)
        if n % 2:
            raise ValueError(f"{n} is odd")
        return n // 2

    @step
    def total(numbers: list[int]) -> int:
        return sum(numbers)
"""


@pytest.fixture
def etl(write):
    """A module with steps, and the workflow that a test adds to them."""

    def etl(text):
        return write("etl.py", STEPS + text)

    return etl


def test_the_result_is_json_and_all_that_stdout_says(etl, flowkit):
    """What the module and its steps print goes to stderr."""
    etl("""
    print("imported")

    @workflow
    def report(n: int) -> int:
        print("recording")
        return total(half.map([n, 4]))
    """)
    answer = flowkit("run", "etl:report", "--n", "8")
    assert (answer.code, answer.out) == (0, "6\n")
    assert set(answer.err.splitlines()) == {"imported", "recording", "halving 8", "halving 4"}


@pytest.mark.parametrize(
    ("returned", "shown"),
    [
        ("None", None),
        ("{1: Path('a'), 'b': [date(2026, 3, 1), b'x']}", {"1": "a", "b": ["2026-03-01", "eA=="]}),
        ("Point(1, float('nan'))", {"x": 1, "y": "NaN"}),
        ("'é \\ud800'", "é \\ud800"),
    ],
)
def test_values_of_all_kinds_are_shown(etl, flowkit, returned, shown):
    etl(f"""
    import attrs
    from datetime import date
    from pathlib import Path

    @attrs.frozen
    class Point:
        x: int
        y: float

    @step(effect=True)
    def make() -> object:
        return {returned}

    @workflow
    def report() -> object:
        return make()
    """)
    answer = flowkit("run", "etl:report", "--no-store")
    assert answer.code == 0
    assert json.loads(answer.out) == shown


@pytest.mark.parametrize(("returned", "path"), [("[1, object()]", "$[1]"), ("knot", "$[0]")])
def test_a_value_that_has_no_json_is_told_with_its_path(etl, flowkit, returned, path):
    etl(f"""
    knot = []
    knot.append(knot)

    @step
    def make() -> list:
        return {returned}

    @workflow
    def report() -> list:
        return make()
    """)
    answer = flowkit("run", "etl:report", "--no-store")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"error: `report` succeeded, but its value can't be printed as JSON: `{path}`: ")


def test_a_failing_step_is_told_with_its_own_lines_and_none_of_ours(etl, flowkit, project):
    etl("""
    @workflow
    def report(n: int) -> int:
        return total([half(4), half(n)])
    """)
    answer = flowkit("run", "etl:report", "--n", "3")
    assert (answer.code, answer.out) == (1, "")
    told = answer.err[answer.err.index("error:") :]
    assert re.sub("run [0-9a-f]+", "run ID", told.replace(str(project), "PROJECT")).splitlines() == [
        "error: `report` failed in `half#2`",
        "Traceback (most recent call last):",
        '  File "PROJECT/etl.py", line 10, in half',
        '    raise ValueError(f"{n} is odd")',
        "ValueError: 3 is odd",
        "in step `half#2`, attempt 1 of run ID, called at PROJECT/etl.py:19",
        f"note: `flowkit resume {answer.run_id}` goes on with it",
    ]


def test_causes_and_groups_are_told_without_our_frames_too(etl, flowkit):
    etl("""
    @step
    def wrapped(n: int) -> int:
        try:
            return half(n)
        except ValueError as error:
            raise RuntimeError("no half") from error

    @workflow(fail_fast=False)
    def report() -> int:
        return total(wrapped.map([3, 5]))
    """)
    answer = flowkit("run", "etl:report")
    assert answer.code == 1
    [failed] = re.findall("^error: `report` failed in (.*)$", answer.err, re.MULTILINE)
    assert set(failed.split(", ")) == {"`wrapped[0]`", "`wrapped[1]`"}
    for text in ("ExceptionGroup: 2 steps of `report` failed", "ValueError: 3 is odd", "ValueError: 5 is odd"):
        assert text in answer.err
    assert answer.err.count("RuntimeError: no half") == 2
    files = set(re.findall(r'File "([^"]+)"', answer.err))
    assert [file for file in files if not file.endswith("etl.py")] == []


@pytest.mark.parametrize(("raised", "code"), [("SystemExit(7)", 1), ("KeyboardInterrupt", 130), ("Stop", 1)])
def test_a_step_that_raises_what_ends_programs_fails_like_any_other(etl, flowkit, raised, code):
    etl(f"""
    class Stop(BaseException): ...

    @step
    def leave() -> int:
        raise {raised}

    @workflow
    def report() -> int:
        return leave()
    """)
    answer = flowkit("run", "etl:report")
    assert answer.code == code
    assert answer.err.startswith("error: `report` failed in `leave`\nTraceback")
    assert "in step `leave`, attempt 1 of run" in answer.err


@pytest.mark.parametrize("raised", ["ValueError('no such region')", "SystemExit(3)"])
def test_a_body_that_raises_is_told_and_nothing_is_run(etl, flowkit, raised):
    etl(f"""
    @workflow
    def report(region: str) -> int:
        total([half(2)])
        raise {raised}
    """)
    answer = flowkit("run", "etl:report", "--region", "nowhere")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: `report` failed before anything ran\nTraceback")
    assert "halving" not in answer.err
    assert "flowkit/" not in answer.err


def test_mistakes_that_the_checks_find_are_shown_and_nothing_is_run(etl, flowkit):
    etl("""
    @workflow
    def report(n: int) -> int:
        half(n)
        return total([half(n)])
    """)
    answer = flowkit("run", "etl:report", "--n", "2")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error[FK101]: the result of `half` is never used\n  --> etl.py:19:5\n")
    assert answer.err.endswith("\n\nerror: 1 error\n")


def test_a_value_that_was_never_made_is_told_with_the_reason(etl, flowkit):
    etl("""
    @step(run_if=lambda: False)
    def maybe() -> int:
        return 1

    @workflow
    def report() -> int:
        return maybe()
    """)
    answer = flowkit("run", "etl:report")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "error: `report` has no value: `maybe` was skipped\n  because its condition was false\n"


def test_a_run_that_was_cancelled_by_its_own_program_failed(etl, flowkit):
    etl("""
    engine = Engine()
    use(engine)

    @step
    def stop() -> int:
        engine.run(current().run_id).cancel("enough")
        return 1

    @workflow
    def report() -> int:
        return stop()
    """)
    answer = flowkit("run", "etl:report")
    assert answer.code == 1
    assert "error: `report` was cancelled on request: enough" in answer.err


def test_the_engine_that_a_module_sets_up_is_the_one_that_runs_it(etl, flowkit):
    etl("""
    import threading

    use(Engine(executor="inline"))

    @step
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    @workflow
    def report() -> bool:
        return where()
    """)
    assert flowkit("run", "etl:report").out == "true\n"


def test_what_cannot_be_closed_at_the_end_is_told_beside_the_result(etl, flowkit):
    etl("""
    import contextlib

    @contextlib.contextmanager
    def opened():
        yield 3
        raise OSError("the door is stuck")

    @step
    def through(door: int = Resource(opened)) -> int:
        return door

    @workflow
    def report() -> int:
        return through()
    """)
    answer = flowkit("run", "etl:report")
    assert (answer.code, answer.out) == (0, "3\n")
    assert answer.err.startswith("error: what steps had open couldn't be closed\nTraceback")
    assert "OSError: the door is stuck" in answer.err


def test_runs_that_are_not_waited_for_get_the_time_they_need(etl, flowkit, project):
    etl("""
    from pathlib import Path

    @step(effect=True)
    def late() -> int:
        Path("late.txt").touch()
        return 1

    @workflow
    def other() -> int:
        return late()

    other_runs = []

    @step(effect=True)
    def begin() -> int:
        import threading
        # Not within this step, whose end would end it: on a thread of its own.
        thread = threading.Thread(target=lambda: other_runs.append(other.start()))
        thread.start()
        thread.join()
        return 1

    @workflow
    def report() -> int:
        return begin()
    """)
    answer = flowkit("run", "etl:report")
    assert (answer.code, answer.out, answer.err) == (0, "1\n", "")
    assert (project / "late.txt").exists()
    assert len(json.loads(flowkit("runs", "--json").out)["runs"]) == 2


def test_async_steps_run_as_well(etl, flowkit):
    etl("""
    import asyncio

    @step
    async def fetch(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @workflow
    def report() -> int:
        return total([fetch.ref(2), fetch.ref(3)])
    """)
    assert flowkit("run", "etl:report").out == "5\n"


def test_a_workflow_of_what_signatures_declare_runs_as_any_other(write, flowkit):
    write(
        "declared.py",
        """
        @step
        def fetch(url: str) -> str:
            return url.upper()

        @step
        def measure(text: str = From(fetch), *, factor: int) -> int:
            "Say how long it is."
            return len(text) * factor

        pipeline = workflow.of(measure)
        """,
    )
    assert flowkit("run", "declared:pipeline", "--url", "abc", "--factor", "2").out == "6\n"
    assert "Say how long it is." in flowkit("run", "declared:pipeline", "--help").out
    assert flowkit("check", "declared").code == 0
    assert "fetch" in flowkit("graph", "declared:pipeline").out
    missing = flowkit("run", "declared:pipeline", "--url", "abc")
    assert (missing.code, "`--factor`" in missing.err) == (2, True)
