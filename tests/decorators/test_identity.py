"""Who a step is: the same for the program that defines it and for everybody who imports that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
from flowkit import step, workflow

class Desk:
    @staticmethod
    @step
    def tidy() -> int:
        return 1

@step(name="own")
def named() -> int:
    return 1

@workflow
def shift() -> int:
    return Desk.tidy()

print(Desk.tidy.spec.name, named.spec.name, shift.spec.name)
"""


def said(*command, folder, **options):
    environment = {"PYTHONPATH": f"{ROOT}"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, text=True, capture_output=True, check=True, **options
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("office.py", ["office.py"]),
        ("office.py", ["-m", "office"]),
        ("office.py", ["-c", "import office"]),
        ("house/__init__.py", None),
    ],
)
def test_a_program_calls_its_steps_what_importers_call_them(tmp_path, file, command):
    (tmp_path / "office.py").write_text(PROGRAM)
    module = "office"
    if command is None:  # in a package
        (tmp_path / "house").mkdir()
        (tmp_path / file).write_text("")
        (tmp_path / "house" / "office.py").write_text(PROGRAM)
        module, command = "house.office", ["house/office.py"]
    assert said(*command, folder=tmp_path) == [f"{module}:Desk.tidy", "own", f"{module}:shift"]


@pytest.mark.parametrize("name", ["-", "of.fice.py"])
def test_what_nobody_can_import_is_the_program_s_own(tmp_path, name):
    (tmp_path / name).write_text(PROGRAM)
    text = PROGRAM if name == "-" else None
    assert said(name, folder=tmp_path, input=text) == ["__main__:Desk.tidy", "own", "__main__:shift"]
