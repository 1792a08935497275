"""The page about the command line is true: each of its examples is run, and says what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def blocks_of(page):
    """The blocks of a page: what they are of, and their text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands_of(text):
    """The commands of a block, each with what it says."""
    return [example.split("\n", 1) for example in re.split(r"^\$ ", text, flags=re.MULTILINE) if example]


BLOCKS = blocks_of("reference/command-line.md")
FILES = {name: text for kind, text in BLOCKS if kind == "python" for name in re.findall(r"\A# (\S+\.py)\n", text)}
EXAMPLES = [commands_of(text) for kind, text in BLOCKS if kind == "console"]
"""Per block its commands, each with what it says: they are given one after the other in one shell."""
MARK = "-- that was it --\n"


@pytest.fixture
def shell(project, environment, tmp_path_factory):
    """A shell that knows the command."""
    program = tmp_path_factory.mktemp("bin") / "flowkit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m flowkit "$@"\n')
    program.chmod(0o755)

    def shell(lines):
        done = subprocess.run(
            "\n".join(f"{line}\nprintf '%s' '{MARK}'" for line in lines),
            shell=True,
            check=False,  # some are there to fail
            cwd=project,
            env={**environment, "PATH": f"{program.parent}{os.pathsep}{environment['PATH']}"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        # Whole paths are those of this test.
        *answers, rest = done.stdout.replace(f"{project}/", "").split(MARK)
        assert rest == ""
        return answers

    return shell


def hold(examples, answers):
    """What is said is what the page says; dots stand for anything."""
    for (_, expected), answer in zip(examples, answers, strict=True):
        pattern = ".*".join(map(re.escape, expected.split("...")))
        assert re.fullmatch(pattern, answer, re.DOTALL), answer


@pytest.mark.skipif(sys.platform == "win32", reason="the page speaks to a POSIX shell")
@pytest.mark.parametrize("examples", EXAMPLES, ids=[block[-1][0] for block in EXAMPLES])
def test_examples_say_what_the_page_says(shell, project, examples):
    for name, text in FILES.items():
        (project / name).write_text(text, encoding="utf-8")
    hold(examples, shell([line for line, _ in examples]))


@pytest.mark.skipif(sys.platform == "win32", reason="the page speaks to a POSIX shell")
def test_the_page_about_changing_code_is_true_from_top_to_bottom(shell, project):
    """A block that is called `# orders.py` is that file, and one `from the workflow on` is what it ends with from there."""
    file = project / "orders.py"
    for kind, text in blocks_of("how-to/change-code.md"):
        if kind == "console":
            examples = commands_of(text)
            hold(examples, shell([line for line, _ in examples]))
        elif text.startswith("# orders.py\n"):
            file.write_text(first := text, encoding="utf-8")
        elif text.startswith("# orders.py, from the workflow on\n"):
            file.write_text(first[: first.index("@workflow")] + text.partition("\n")[2], encoding="utf-8")


def test_there_are_examples_of_all_commands():
    commands = set(re.findall(r"^flowkit (\w+)", BLOCKS[0][1], re.MULTILINE))
    lines = " ; ".join(line for block in EXAMPLES for line, _ in block)
    assert set(re.findall(r"flowkit (\w+)", lines)) == commands - {"reject"}
    assert set(FILES) == {"shop.py", "orders.py", "release.py"}


def test_the_page_names_what_exists(flowkit):
    """Every command and option of the synopsis is in the help, and the other way round."""
    synopsis = BLOCKS[0][1]
    commands = set(re.findall(r"^flowkit (\w+)", synopsis, re.MULTILINE))
    listed = set(re.findall(r"^│ (\w+) ", flowkit("--help").out, re.MULTILINE))
    assert listed == commands
    for command in commands:
        [line] = [line for line in synopsis.splitlines() if line.startswith(f"flowkit {command} ")]
        shown = set(re.findall(r"--[a-z]+", flowkit(command, "--help").out)) - {"--help"}
        assert set(re.findall(r"--[a-z]+", line)) == shown
