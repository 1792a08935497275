"""A folder of one's own to work in, and the command, in this process or in another one."""

from __future__ import annotations

import importlib
import io
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from flowkit import runner
from flowkit.cli import main
from flowkit.stores import open_store

ROOT = Path(__file__).parents[2]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


KEPT = re.compile(r"^note: run `(\S+)` of `\S+` is kept in `\.flowkit/runs\.db`\n", re.MULTILINE)


class Said(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class Answer(Said):
    """What a command said, without the line that every new run has: where it is kept, and as what."""

    run_id = ""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty working directory. What is imported from it, and the engine it sets up, is forgotten afterwards."""
    monkeypatch.delenv("FLOWKIT_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "100")
    known, engines = set(sys.modules), list(runner._process)
    yield tmp_path
    for engine in runner._process:
        if engine not in engines:
            engine.shutdown()
    runner._process[:] = engines
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def write(project):
    """Write a file of the project; `step`, `workflow` and everything else of flowkit are imported already."""

    def write(name, text, head="from __future__ import annotations\nfrom flowkit import *\n"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + dedent(text), encoding="utf-8")
        importlib.invalidate_caches()
        return path

    return write


@pytest.fixture
def flowkit(project, capsys, monkeypatch):
    """The command, in this process."""

    def flowkit(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        kept = KEPT.search(err)
        answer = Answer(code, out, KEPT.sub("", err))
        answer.run_id = kept[1] if kept else ""
        return answer

    return flowkit


@pytest.fixture
def kept(project):
    """The store that runs of the project are kept in, once there is one."""
    opened = []

    def kept(url="sqlite:///.flowkit/runs.db", **options):
        opened.append(open_store(url, make=False, **options))
        return opened[-1]

    yield kept
    for store in opened:
        store.close()


@pytest.fixture
def until():
    """Wait for something that another process does."""

    def until(condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    return until


@pytest.fixture
def bury(kept):
    """Have everybody know that the process of a run is gone: they do on Linux, and elsewhere when its lease is over."""

    def bury(run_id):
        if sys.platform != "linux":
            store = kept()
            store.renew(store.run(run_id).owner, 0.0)

    return bury


@pytest.fixture
def environment(project):
    """What another process needs, to find flowkit and nothing of the folder it is started in."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "COLUMNS": "100"}


@pytest.fixture
def spawn(project, environment):
    """The command, in a process of its own."""
    started = []

    def spawn(*arguments, **options):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [sys.executable, "-m", "flowkit", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=project, env=environment, text=True, **streams)
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


class Terminal:
    """A terminal in which a command runs."""

    def __init__(self, spawn, *arguments, **streams):
        pty = pytest.importorskip("pty", reason="there are no terminals of one's own here")
        self._ours, theirs = pty.openpty()
        self.process = spawn(*arguments, **{"stdin": theirs, "stdout": theirs, "stderr": theirs, **streams})
        os.close(theirs)
        self.raw = ""

    def read(self, *, until=None):
        """All that is shown until the end, or until there is a line that matches a pattern."""
        deadline = time.monotonic() + 60
        while until is None or not re.search(until, self.text):
            ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"nothing more after {self.text!r}"
            try:
                chunk = os.read(self._ours, 65_536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            self.raw += chunk.decode()
        return self.text

    def type(self, text):
        """What somebody types; Enter is a newline."""
        os.write(self._ours, text.encode())

    @property
    def text(self):
        return ESCAPES.sub("", self.raw).replace("\r", "")

    def close(self):
        os.close(self._ours)


@pytest.fixture
def terminal(spawn, environment):
    """The command, in a terminal of its own; `streams` are those of it that go elsewhere."""
    opened = []
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        environment.pop(name, None)

    def terminal(*arguments, streams=None, **variables):
        environment.update(TERM="xterm-256color", LINES="20", **variables)
        opened.append(Terminal(spawn, *arguments, **(streams or {})))
        return opened[-1]

    yield terminal
    for one in opened:
        one.close()
