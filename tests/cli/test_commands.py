"""The commands that run nothing, and what all of them share."""

from __future__ import annotations

import builtins
import sys

import pytest

from flowkit.cli.commands import _checked_out
from flowkit.diagnostics import CATALOGUE, explain

SHOP = """
    @step
    def load(path: str) -> list[int]:
        return [len(path)]

    @step
    def total(rows: list[int], times: int) -> int:
        return sum(rows) * times

    @workflow
    def report(path: str, times: int = 1) -> int:
        print("recording")
        return total(load(path), times) if times else total([], times)
"""


@pytest.mark.parametrize(
    ("options", "begin"),
    [
        ([], "report(path, times)"),
        (["--format", "text"], "report(path, times)"),
        (["--format", "mermaid"], 'flowchart TD\n    n0[/"path"/]\n    n1["load"]'),
        (["--format", "dot"], 'digraph "report" {'),
    ],
)
def test_graph_draws_with_unknown_arguments(write, flowkit, options, begin):
    write("shop.py", SHOP)
    answer = flowkit("graph", "shop:report", *options)
    assert (answer.code, answer.err) == (0, "recording\n")
    assert answer.out.startswith(begin)


def test_graph_takes_the_arguments_there_are(write, flowkit):
    write("shop.py", SHOP)
    answer = flowkit("graph", "shop:report", "--times", "0")
    assert "  path  an argument" in answer.out
    assert "load" not in answer.out
    answer = flowkit("graph", "shop:report", "--json", "-", "--format", "mermaid", stdin='{"path": "x"}')
    assert answer.out.startswith('flowchart TD\n    n0["load"]')


def test_graph_shows_what_a_workflow_takes(write, flowkit):
    write("shop.py", SHOP)
    answer = flowkit("graph", "shop:report", "--help")
    assert (answer.code, answer.err) == (0, "")
    for word in ("--path", "--times", "--format", "--json"):
        assert word in answer.out


def test_graph_says_how_far_a_body_was_recorded(write, flowkit):
    write("shop.py", SHOP.replace("times: int = 1", "times: int"))
    said = "`argument times` is tested for truth here, and this look at the workflow has no value for it"
    answer = flowkit("graph", "shop:report")
    assert f"  recorded up to here: {said}\n" in answer.out
    answer = flowkit("graph", "shop:report", "--format", "dot")
    assert answer.err == f"recording\nnote: recorded in part: {said}\n"


@pytest.mark.parametrize("raised", ["ValueError('no such region')", "SystemExit(3)"])
def test_graph_tells_what_a_body_raises(write, flowkit, raised):
    write("shop.py", SHOP.replace('print("recording")', f"raise {raised}"))
    answer = flowkit("graph", "shop:report")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: the body of `report` raised while it was recorded\nTraceback")


def test_graph_refuses_what_it_cannot_draw(write, flowkit):
    write("shop.py", SHOP)
    answer = flowkit("graph", "shop:report", "--format", "png")
    assert (answer.code, answer.out) == (2, "")
    for word in ("error: ", '"png"', "--format", '"text"', '"mermaid"', '"dot"'):
        assert word in answer.err


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_explain_prints_the_page_as_it_is_when_piped(flowkit, code):
    assert flowkit("explain", code) == (0, explain(code), "")


def test_explain_takes_names_too(flowkit):
    assert flowkit("explain", "unused-result") == flowkit("explain", "fk101")


def test_explain_names_the_near_codes(flowkit):
    answer = flowkit("explain", "FK102x")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: there is no diagnostic `FK102x`; did you mean ")
    assert "`FK102`" in answer.err


def test_what_is_no_diagnostic_may_be_a_run(flowkit):
    answer = flowkit("explain", "monday")
    assert (answer.code, answer.out) == (2, "")
    assert "  help: of a run, name a step: `flowkit explain monday STEP`\n" in answer.err


def test_version(flowkit):
    answer = flowkit("--version")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("flowkit ")
    assert answer.out != "flowkit unknown\n"


def test_a_checkout_that_is_not_installed_says_what_it_is(tmp_path):
    assert _checked_out(tmp_path) == "unknown"
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'flowkit-workflows'\nversion = '1.2.3'\n")
    assert _checked_out(tmp_path) == "1.2.3+checkout"


@pytest.mark.parametrize(
    "text",
    ["[project]\nname = 'other'\nversion = '1.2.3'\n", "[project]\nname = 'other'\n", "[tool]", "=", "project = 3"],
)
def test_the_version_of_another_project_around_it_is_not_taken(tmp_path, text):
    """A copy of the package inside somebody's own project."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert _checked_out(tmp_path) == "unknown"


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_the_commands_and_the_exit_codes(flowkit, arguments):
    answer = flowkit(*arguments)
    assert (answer.code, answer.err) == (0, "")
    for word in ("run", "check", "graph", "explain", "--version", "Exit codes: 0 done;"):
        assert word in answer.out


@pytest.mark.parametrize("command", ["run", "check", "graph", "explain"])
def test_each_command_has_help(flowkit, command):
    answer = flowkit(command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"Usage: flowkit {command} ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rnu"], '"run"'),
        (["run"], "TARGET"),
        (["run", "--json", "x"], "TARGET"),
        (["run", "--jsn", "x", "shop:report"], "--jsn"),
        (["check"], "TARGETS"),
        (["check", "x", "--format", "xml"], '"xml"'),
        (["explain"], "WHAT"),
        (["explain", "monday", "fetch", "parse"], "parse"),
    ],
)
def test_commands_that_do_not_fit_are_told(flowkit, arguments, told):
    answer = flowkit(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert told in answer.err
    assert answer.err.endswith(
        "  help: `flowkit --help` shows the commands; `flowkit COMMAND --help` shows what one takes\n"
    )


@pytest.mark.parametrize("missing", ["cyclopts", "rich"])
def test_without_the_extra_the_answer_is_the_line_that_installs_it(flowkit, monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith("flowkit.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    imported = builtins.__import__

    def without(name, *others):
        if name.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    answer = flowkit("--version")
    assert (answer.code, answer.out) == (2, "")
    first, second = answer.err.splitlines()
    assert missing in first
    assert second == "pip install 'flowkit-workflows[cli]'"


def test_a_module_of_ours_that_is_missing_is_no_missing_extra(flowkit, monkeypatch):
    monkeypatch.setitem(sys.modules, "flowkit.cli.commands", None)
    with pytest.raises(ModuleNotFoundError):
        flowkit("--version")
