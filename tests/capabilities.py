"""What flowkit is to be able to do, each with a number, and which tests hold it.

A test that holds a capability says so with `@pytest.mark.covers("M30")`. The marks are read from the source, so that
the table in docs/reference/capabilities.md needs no test run; tests/project/test_capabilities.py compares the two.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent


class Capability(NamedTuple):
    """What it is; and, if it is there in part, what of it is still open."""

    title: str
    missing: str = ""


GROUPS: dict[str, dict[str, Capability]] = {
    "Writing and checking": {
        "M1": Capability("a decorator that makes a function a step, and leaves it a function"),
        "M2": Capability(
            "a decorator that makes a function a workflow, whose graph is always the same", "titles, targets"
        ),
        "M3": Capability("types of results and parameters are compared before anything runs"),
        "M4": Capability("inputs that are missing, unknown or doubled are refused before anything runs"),
        "M5": Capability("a step that comes after several others"),
        "M6": Capability("a step that comes after any one of several others"),
        "M7": Capability("dependencies are written in any form that reads well"),
        "M8": Capability("options for all steps of a workflow, and other ones for a single call"),
        "M9": Capability("what is made and never used is found"),
        "M10": Capability("all mistakes are told at once, each with its place and a way out"),
        "M11": Capability("conditions on what may not be there are found", "inputs that are no truth values"),
        "M12": Capability("many workflows are checked by one command"),
        "M13": Capability("workflows that call one another in a circle, or too deeply, are found", "how deep they go"),
        "M14": Capability("workflows and plug-ins are found by name"),
        "M15": Capability("a graph can be looked at and drawn", "as JSON"),
        "M16": Capability("a run knows the exact graph that it is a run of"),
        "M17": Capability("when a workflow is to be started can be written at it"),
    },
    "Steps and control flow": {
        "M18": Capability("a step knows its call, its attempt and the last error", "dry runs, injected identities"),
        "M19": Capability(
            "calls side by side, with a cap, enough successes, and results in the order they are written"
        ),
        "M20": Capability("the first failure stops what runs beside it"),
        "M21": Capability("a branch is taken or not, and the record says why"),
        "M22": Capability("loops with a cap, at least one round, and a key for each round"),
        "M23": Capability("a loop that gets nowhere is stopped"),
        "M24": Capability("rounds until a test of the state is passed, all of them on record"),
        "M25": Capability("a group of calls that share options"),
        "M26": Capability("cleaning up, however it ended, without changing how it ended"),
        "M27": Capability("a condition that is asked when its step could begin"),
        "M28": Capability("a delay, and a date before which nothing begins"),
        "M29": Capability("waiting takes no worker and ends at once when it is cancelled"),
        "M30": Capability("one run of a workflow for each item of a list"),
        "M31": Capability(
            "items from a step or a generator of one's own", "sources whose filters are checked beforehand"
        ),
        "M32": Capability("items that depend on one another"),
        "M33": Capability("what the failure of an item means for the others"),
        "M34": Capability("items are told and counted by how they ended"),
        "M35": Capability("somebody approves or rejects while nothing is held", "from another process"),
        "M36": Capability("what a reviewer chose and what they wrote reach later steps apart"),
        "M37": Capability("gates that a code review or its checks decide"),
        "M38": Capability("gates that a number has to pass"),
        "M39": Capability("gates that a class of one's own decides, asked again and again"),
        "M40": Capability("a gate that nobody decides in time"),
        "M41": Capability("programs as steps", "variables that no step may set"),
        "M42": Capability("a workflow as a step of another", "going on with an unfinished one in a later process"),
        "M43": Capability("steps called one by one from plain code that handles how they end"),
        "M44": Capability("named phases, one after another, with events and counts", "going on after the last one"),
        "M45": Capability("items go through several steps, each at its own pace"),
        "M46": Capability("what a step says about itself is an event", "on its span"),
    },
    "Failures": {
        "M47": Capability("attempts are counted as documented, and each is told"),
        "M48": Capability("waits between attempts: fixed, linear, doubling or one's own, with a cap and jitter"),
        "M49": Capability("waits that have run out end the retries, and nobody is told of one that never comes"),
        "M50": Capability("which errors are worth another attempt"),
        "M51": Capability("time limits of an attempt and of a step", "of a whole workflow"),
        "M52": Capability("a failure fails the run, is skipped, is stood in for, or is retried for ever"),
        "M53": Capability(
            "a function that is called when a step has succeeded, and one for when it has failed",
            "said at the step itself, not by an observer",
        ),
        "M54": Capability("after a failure nothing new begins, or the rest goes on"),
        "M55": Capability("failures as values, and as exceptions that name all of them"),
        "M56": Capability("whatever code of a user raises harms nothing else"),
        "M57": Capability("what can never go on ends in a failure that says why"),
        "M58": Capability("what a failure keeps from running says so"),
    },
    "Data": {
        "M59": Capability("typed data that the steps of a run share"),
        "M60": Capability("a result is the argument of whoever takes it"),
        "M61": Capability("results so far can be looked up"),
        "M62": Capability("text with places to fill in"),
        "M63": Capability("results are compared with their type while it runs", "JSON Schema"),
        "M64": Capability("data is found in text that has more in it"),
        "M65": Capability("marks that a step gives and conditions ask for"),
        "M66": Capability("named values that a step gives to all later ones"),
        "M67": Capability("a step knows its run, its attempt and its time left", "its round, its working folder"),
        "M68": Capability("objects that a call brings along, found by their class"),
        "M69": Capability("dry runs"),
        "M70": Capability("who a step acts as, and the variables that come with it"),
    },
    "Running and keeping": {
        "M71": Capability("whatever can begin does, in time that grows with the graph alone"),
        "M72": Capability("limits on what runs at once", "one for everything in a run"),
        "M73": Capability("executors of one's own"),
        "M74": Capability("a closed set of statuses, of which ends are final"),
        "M75": Capability("stores of several kinds that behave alike", "PostgreSQL"),
        "M76": Capability("each attempt and each round is kept"),
        "M77": Capability("a run belongs to one process at a time"),
        "M78": Capability("who has lost a run can't write to it"),
        "M79": Capability("a busy process keeps what it holds"),
        "M80": Capability("runs whose process is gone are found and taken up"),
        "M81": Capability("a run goes on where it was"),
        "M82": Capability("what is kept is only used if it is certain what it is"),
        "M83": Capability("starting twice with one id is one run"),
        "M84": Capability("cancelling reaches what runs, once, with its reason"),
        "M85": Capability("cancelling goes down and never up, and the first reason stays"),
        "M86": Capability("waiting for a run, by many, late, and with a time limit"),
        "M87": Capability("the end is kept, then told, then waiters wake, on every way there"),
        "M88": Capability("shutting down drains, then cancels, and says what"),
        "M89": Capability("runs that ended long ago are removed"),
        "M90": Capability("runs are deleted, reset and recovered by hand"),
        "M91": Capability("runs and their steps can be asked for"),
        "M92": Capability("all settings in one place, checked and printable"),
    },
    "Seeing": {
        "M93": Capability("an event for everything that happens to a run", "of what is kept and taken up"),
        "M94": Capability("listeners hear everything in order and hold nobody up", "leaving off"),
        "M95": Capability("a listener that fails or is slow harms nobody"),
        "M96": Capability("nothing is told before it is on record"),
        "M97": Capability("events come to functions and to loops, of one run or of all", "to logging"),
        "M98": Capability("a file for each run, also of a crash"),
        "M99": Capability("OpenTelemetry spans for runs, attempts and items, across threads and loops"),
        "M100": Capability("figures that steps tell are summed up for their run"),
        "M101": Capability("budgets"),
        "M102": Capability("a budget that is used up is told, and how far it is overdrawn is bounded"),
        "M103": Capability("a summary of a run, as text and as JSON"),
        "M104": Capability("one tree of errors, each of which something raises"),
        "M105": Capability("a kit for testing: clocks, stores and executors that do as they are told", "executors"),
        "M106": Capability("everything runs without a service, a network or special hardware"),
    },
}

CAPABILITIES: dict[str, Capability] = {number: one for group in GROUPS.values() for number, one in group.items()}


class Mark(NamedTuple):
    """One test that holds one capability."""

    capability: str
    file: str
    test: str


def marks(tests: Path = TESTS) -> Iterator[Mark]:
    """Every `@pytest.mark.covers(...)` of the tests in this folder, in the order of files and lines."""
    for path in sorted(tests.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        if "mark.covers" not in source:
            continue
        for test in ast.walk(ast.parse(source)):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
                file = f"tests/{path.relative_to(tests).as_posix()}"
                yield from (Mark(capability, file, test.name) for capability in _covered(test))


def _covered(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.covers":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def page(groups: Mapping[str, Mapping[str, Capability]], held: list[Mark]) -> str:
    """The page of the reference that shows what is held by which tests, and what is open."""
    by_capability: dict[str, dict[str, list[str]]] = {}
    for mark in held:
        by_capability.setdefault(mark.capability, {}).setdefault(mark.file, []).append(mark.test)
    every = {number: one for group in groups.values() for number, one in group.items()}
    partly = sum(1 for number in by_capability if every[number].missing)
    lines = [
        "# Capabilities",
        "",
        "What flowkit is to be able to do, and the tests that hold it.",
        f"Of {len(every)} capabilities {len(by_capability)} are there, {partly} of those in part.",
        "",
        "The tables are made from the marks of the tests; after a change write them anew, with",
        "`FLOWKIT_BLESS=1 pytest tests/project/test_capabilities.py`.",
    ]
    for name, group in groups.items():
        lines += ["", f"## {name}", "", "| | what it is | tests | open |", "|---|---|---|---|"]
        lines += [_row(number, one, by_capability.get(number, {})) for number, one in group.items()]
    return "\n".join(lines) + "\n"


def _row(number: str, one: Capability, files: Mapping[str, list[str]]) -> str:
    tests = "; ".join(f"{file}: " + ", ".join(f"`{test}`" for test in found) for file, found in files.items())
    return f"| {number} | {one.title} | {tests} | {one.missing if files else 'open'} |".replace("|  |", "| |")
