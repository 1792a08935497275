"""What a person sees: progress while it runs, colour, and Ctrl-C; and that none of it gets into pipes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

pytest.importorskip("pty", reason="there are no terminals of one's own here")

SHOP = """
    import asyncio
    import sys
    import threading

    @step
    def fetch(n: int) -> list[int]:
        print("fetching")
        return list(range(n))

    @step(retries=1)
    def half(n: int) -> int:
        if n == 1:
            raise ValueError("one is odd")
        return n // 2

    @step(on_failure=Fallback(7))
    def odd(n: int) -> int:
        return half(1)

    @step
    def total(numbers: list[int], one: int) -> int:
        return sum(numbers) + one

    @workflow
    def report(n: int) -> int:
        return total(odd.map(fetch(n)), odd(2))

    @workflow
    def failing() -> int:
        return total(half.map([0, 1]), 1)
"""
WAITING = """
    import asyncio
    import sys

    def say(word):
        print(word, file=sys.stderr, flush=True)

    @step
    async def endless(patient: bool) -> int:
        say("started")
        while True:
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                say("told to stop")
                if not patient:
                    raise
            finally:
                say("cleaned up")

    @step
    def in_a_thread() -> int:
        import time
        say("started")
        while not current().cancelled:
            time.sleep(0.001)
        return 1

    @workflow
    def waiting(patient: bool = False) -> list[int]:
        return [endless.ref(patient), in_a_thread()]
"""


def await_lines(process, word, count):
    """Read what a process says until it has said a word so many times."""
    lines = []
    while sum(word in line for line in lines) < count:
        line = process.stderr.readline()
        assert line, f"it ended after {lines}"
        lines.append(line)
    return lines


def test_progress_is_shown_while_it_runs_and_gone_when_it_ends(write, terminal):
    write("shop.py", SHOP)
    shown = terminal("run", "shop:report", "--n", "4")
    text = shown.read()
    assert shown.process.wait() == 0
    # A line for each step, with how many calls of it are done.
    for row in (r"fetch +\S* +1/1", r"odd +\S* +5/5", r"total +\S* +1/1"):
        assert re.search(row, text)
    # What steps print stands above it, in a line of its own.
    assert "fetching\n" in text
    # The picture is taken away; the summary and the result are left.
    assert "\x1b[2K" in shown.raw
    *_, summary, result = text.rstrip("\n").splitlines()
    assert re.search(r"report  7 steps in \d+\.\ds$", summary)
    assert json.loads(result) == 35


def test_failures_and_findings_have_colour_in_a_terminal(write, terminal):
    write("shop.py", SHOP)
    shown = terminal("run", "shop:failing")
    text = shown.read()
    assert shown.process.wait() == 1
    assert re.search(r"half +\S* +2/2 +1 failed", text)
    assert re.search(r"total +\S* +0/1 +1 given up", text)
    assert "\x1b[1;31merror\x1b[0m: `failing` failed in `half[1]`" in shown.raw


def test_no_color_is_heeded(write, terminal):
    write("shop.py", SHOP + "\n    @workflow\n    def unused() -> int:\n        fetch(1)\n        return half(2)\n")
    coloured = terminal("check", "shop:unused")
    assert "error[FK101]" in coloured.read()
    assert "\x1b[1;31merror[FK101]\x1b[0m" in coloured.raw
    plain = terminal("check", "shop:unused", NO_COLOR="1")
    assert plain.read() == coloured.text
    assert "\x1b" not in plain.raw


def test_explain_is_laid_out_in_a_terminal(terminal):
    shown = terminal("explain", "FK101")
    text = shown.read()
    assert shown.process.wait() == 0
    assert "FK101: unused result" in text
    assert "```" not in text


def test_nothing_but_the_result_comes_out_of_a_pipe(write, spawn):
    write("shop.py", SHOP)
    out, err = spawn("run", "shop:report", "--n", "4", "--run-id", "today").communicate(timeout=60)
    # A thread prints the one, this program the other: either may be the first.
    note = "note: run `today` of `report` is kept in `.flowkit/runs.db`"
    assert (out, sorted(err.splitlines())) == ("35\n", ["fetching", note])
    out, err = spawn("run", "shop:report", "--n", "4", "--no-store").communicate(timeout=60)
    assert (out, err) == ("35\n", "fetching\n")


def test_lines_that_steps_print_go_out_whole(write, spawn, environment):
    """Also where Python buffers nothing, as in most containers."""
    environment["PYTHONUNBUFFERED"] = "1"
    write(
        "talk.py",
        """
        @step
        def say(n: int) -> None:
            for _ in range(100):
                print("one", n, "line")

        @workflow
        def report() -> None:
            say.map(range(8))
        """,
    )
    _, err = spawn("run", "talk:report", "--run-id", "today").communicate(timeout=60)
    note = "note: run `today` of `report` is kept in `.flowkit/runs.db`"
    assert sorted(err.splitlines()) == [note, *(f"one {n} line" for n in range(8) for _ in range(100))]


@pytest.mark.usefixtures("unmeasured")
def test_ctrl_c_cancels_the_run_and_waits_for_it(write, spawn):
    write("shop.py", WAITING)
    process = spawn("run", "shop:waiting")
    await_lines(process, "started", 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    # Where it is kept is told as soon as it is, beside what its steps say.
    assert [line for line in err.splitlines() if " is kept in " not in line] == [
        "note: cancelling; Ctrl-C again leaves at once",
        "told to stop",
        "cleaned up",
        "error: `waiting` was interrupted; 0 of 2 steps had ended",
    ]


@pytest.mark.usefixtures("unmeasured")
def test_a_second_ctrl_c_does_not_wait(write, spawn):
    write("shop.py", WAITING)
    process = spawn("run", "shop:waiting", "--patient")
    await_lines(process, "started", 2)
    process.send_signal(signal.SIGINT)
    await_lines(process, "cleaned up", 1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")


@pytest.mark.usefixtures("unmeasured")
def test_ctrl_c_in_a_terminal_takes_the_progress_away_first(write, terminal):
    write("shop.py", WAITING)
    shown = terminal("run", "shop:waiting")
    shown.read(until=r"endless +\S+ +0/1  1 running\nin_a_thread +\S+ +0/1  1 running")
    shown.process.send_signal(signal.SIGINT)
    text = shown.read()
    assert shown.process.wait() == 130
    assert text.rstrip().endswith("error: `waiting` was interrupted; 0 of 2 steps had ended")


TALKING = """
    import time
    from pathlib import Path

    @step
    def read(path: str) -> int:
        current().progress(3, 8)
        current().log("page three", of=path)
        while not Path(path).exists():
            time.sleep(0.001)
        return 3

    @workflow
    def talking(path: str) -> int:
        return read(path)
"""


def test_what_steps_say_is_shown_while_they_run(write, terminal, project):
    write("shop.py", TALKING)
    shown = terminal("run", "shop:talking", "--path", "go")
    shown.read(until=r"read +\S+ +0/1  1 running  3/8 page three of=go")
    (project / "go").touch()
    text = shown.read()
    assert shown.process.wait() == 0
    assert text.rstrip().endswith("\n3")


def test_what_steps_say_does_not_come_out_of_a_pipe(write, spawn, project):
    write("shop.py", TALKING)
    (project / "go").touch()
    assert spawn("run", "--no-store", "shop:talking", "--path", "go").communicate(timeout=60) == ("3\n", "")


@pytest.mark.usefixtures("unmeasured")
def test_ctrl_c_while_a_module_is_imported(write, spawn):
    write("shop.py", "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(3_600)")
    process = spawn("run", "shop:report")
    await_lines(process, "importing", 1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "error: interrupted\n")


def test_a_reader_that_has_enough_is_no_error(write, spawn):
    write(
        "shop.py",
        "@step\ndef one(n: int) -> int:\n    return n\n\n@workflow\ndef many(n: int) -> list[int]:\n    return [one(i) for i in range(n)]\n",
    )
    process = spawn("graph", "shop:many", "--n", "20000", "--format", "dot")
    assert process.stdout.readline() == 'digraph "many" {\n'
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1


def test_names_that_the_terminal_cannot_write_are_escaped(write, spawn, environment):
    environment |= {"PYTHONIOENCODING": "ascii"}
    write(
        "shop.py",
        "@step(name='héllo')\ndef one() -> str:\n    return 'é'\n\n@workflow\ndef say() -> str:\n    return one()\n",
    )
    assert spawn("run", "shop:say", "--no-store").communicate(timeout=60) == ('"\\u00e9"\n', "")
    out, err = spawn("graph", "shop:say").communicate(timeout=60)
    assert "h\\xe9llo" in out
    assert err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk to write to here")  # noqa: PTH110
@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_a_result_that_cant_be_written_is_one_error_and_no_traceback(tmp_path, where):
    (tmp_path / "shop.py").write_text(
        "from flowkit import step, workflow\n\n@step\ndef num(x: int) -> int:\n    return x\n\n"
        "@workflow\ndef wf(x: int) -> int:\n    return num(x)\n"
    )
    root = os.pathsep.join([os.getcwd(), *sys.path])  # noqa: PTH109
    command = f"'{sys.executable}' -m flowkit run shop.py:wf --x 1 --no-store {where}"
    done = subprocess.run(
        command,
        check=False,
        shell=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: `wf` succeeded, but its value couldn't be written: ")
    assert "Traceback" not in done.stderr
