"""What the project promises about itself: where modules live, what is documented, what is shipped."""

import importlib
import inspect
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import flowkit

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "flowkit"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

MODULES = sorted(PACKAGE.rglob("*.py"))
FRAGMENTS = sorted(path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md")
REFERENCE = "\n".join(path.read_text() for path in sorted((ROOT / "docs" / "reference").rglob("*.md")))

# Names that say nothing of what is inside, so that anything may end up there.
EMPTY_WORDS = {"base", "common", "helper", "helpers", "misc", "util", "utils"}


def floors() -> set[str]:
    [contract] = [c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "floors"]
    return {name.strip(" ()") for layer in contract["layers"] for name in layer.split("|")}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=relative)
def test_module_is_on_a_floor_and_says_what_it_is_for(module):
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    assert parts[0] in floors() | {"__init__"}
    words = {word for part in parts for word in part.strip("_").split("_")}
    assert not words & EMPTY_WORDS
    assert re.match(r'r?"""\S', module.read_text()), "a module begins by saying what it is for"


@pytest.mark.parametrize("name", flowkit.__all__)
def test_public_name_is_documented(name):
    """A public name has a docstring of its own and a place in the reference."""
    thing = getattr(flowkit, name)
    own = vars(thing).get("__doc__") if inspect.isclass(thing) else inspect.getdoc(thing)
    assert own, f"flowkit.{name} has no docstring"
    assert re.search(rf"\b{name}\b", REFERENCE), f"flowkit.{name} isn't in docs/reference"


def test_public_names_are_all_there_is():
    """`__all__` lists each name once, and nothing public stays outside it."""
    assert len(flowkit.__all__) == len(set(flowkit.__all__))
    visible = {
        name for name, thing in vars(flowkit).items() if not name.startswith("_") and not inspect.ismodule(thing)
    }
    assert visible <= {*flowkit.__all__, "annotations"}


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=relative)
def test_fragment_is_well_named(fragment):
    kinds = "|".join(kind["directory"] for kind in PYPROJECT["tool"]["towncrier"]["type"])
    assert re.fullmatch(rf"\+[a-z0-9]+(-[a-z0-9]+)*\.({kinds})\.md", fragment.name)
    assert fragment.read_text().strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_wheel_holds_the_package_and_only_that(wheel):
    """All modules, the typing marker and the diagnostics' pages; no tests, no bytecode."""
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = {relative(path) for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert shipped == files
    assert "flowkit/py.typed" in shipped
    assert any(name.startswith("flowkit/diagnostics/pages/") and name.endswith(".md") for name in shipped)


def test_the_command_is_where_the_wheel_says(wheel):
    [entry_points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    [target] = re.findall(r"^flowkit = (.+)$", wheel.read(entry_points).decode(), re.MULTILINE)
    module, _, name = target.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_every_extra_is_in_all():
    extras = dict(PYPROJECT["project"]["optional-dependencies"])
    [everything] = extras.pop("all")
    assert everything == f"flowkit-workflows[{','.join(sorted(extras))}]"
