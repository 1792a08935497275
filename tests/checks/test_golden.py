"""What is found in small workflows, and how it is told: each case is a program in `golden/`, beside what it gives.

After a change that is meant, write the texts anew with `FLOWKIT_BLESS=1 pytest tests/checks`, and read them.
"""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from flowkit.checks import check, find
from flowkit.diagnostics import Level, render
from flowkit.errors import CheckFailed
from flowkit.graph import record_symbolically
from flowkit.stores.keepable import why_not

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.py"))


def load(name):
    """Import a case as a module of its own, anew for each test."""
    spec = importlib.util.spec_from_file_location(f"golden_{name}", GOLDEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations are looked up there
    spec.loader.exec_module(module)
    return module


def graph_of(module):
    return record_symbolically(module.report.spec, getattr(module, "ARGUMENTS", ()), {})


def kept(module):
    """What says of annotations whether their values can be kept, for a case about that."""
    return why_not if getattr(module, "DURABLE", False) else None


@pytest.mark.covers("M3")
@pytest.mark.parametrize("name", CASES)
def test_findings_are_told_as_in_the_picture(name, monkeypatch):
    monkeypatch.chdir(GOLDEN)
    module = load(name)
    text = render(find(graph_of(module), why_not=kept(module))) + "\n"
    picture = GOLDEN / f"{name}.txt"
    if os.environ.get("FLOWKIT_BLESS"):
        picture.write_text(text, encoding="utf-8")
    assert text == picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_a_graph_with_errors_is_refused_with_all_of_them(name):
    """What `check` raises are the errors and warnings that `find` tells, but for those about paths not taken."""
    module = load(name)
    graph = graph_of(module)
    told = [one for one in find(graph, why_not=kept(module)) if one.level is not Level.HINT]
    try:
        passed = check(graph, kept(module), starts=True)
    except CheckFailed as failed:
        refused = list(failed.diagnostics)
        assert any(one.level is Level.ERROR for one in refused)
    else:
        refused = list(passed.warnings)
        assert passed.graph is graph
        assert all(one.level is Level.WARNING for one in refused)
    assert [one for one in told if one in refused] == refused


@pytest.mark.parametrize("name", CASES)
def test_a_second_look_finds_the_same(name):
    """What is remembered of a first graph changes nothing for the next one."""
    module = load(name)
    first, second = (render(find(graph_of(module), why_not=kept(module))) for _ in range(2))
    assert first == second


def test_every_picture_has_its_case():
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == CASES
