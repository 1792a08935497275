"""The page about the command line is true: each of its examples is run, and says what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = {name: text for kind, text in BLOCKS if kind == "python" for name in re.findall(r"\A# (\S+\.py)\n", text)}
EXAMPLES = [
    example.split("\n", 1)
    for kind, text in BLOCKS
    if kind == "console"
    for example in re.split(r"^\$ ", text, flags=re.MULTILINE)
    if example
]


@pytest.fixture
def shell(project, environment):
    """A shell in a folder with the files of the page, which knows the command."""
    for name, text in FILES.items():
        (project / name).write_text(text, encoding="utf-8")

    def shell(line):
        command = f'flowkit() {{ "{sys.executable}" -m flowkit "$@"; }}; {line}'
        done = subprocess.run(
            command,
            shell=True,
            check=False,  # some are there to fail
            cwd=project,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        # Whole paths are those of this test.
        return done.stdout.replace(f"{project}/", "")

    return shell


@pytest.mark.skipif(sys.platform == "win32", reason="the page speaks to a POSIX shell")
@pytest.mark.parametrize(("line", "expected"), EXAMPLES, ids=[line for line, _ in EXAMPLES])
def test_example_says_what_the_page_says(shell, line, expected):
    pattern = ".*".join(map(re.escape, expected.split("...")))
    answer = shell(line)
    assert re.fullmatch(pattern, answer, re.DOTALL), answer


def test_there_are_examples_of_all_commands():
    assert {line.split("flowkit ")[1].split()[0] for line, _ in EXAMPLES} == {"run", "check", "graph", "explain"}
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
