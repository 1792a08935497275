"""`flowkit cancel`, `approve`, `reject`, `send` and `gc`: what is done to runs from another process."""

from __future__ import annotations

import json
import re
import time

import pytest

from flowkit.engine.kept import Commit, NewRun, RunChange

SHOP = """
    go = Signal[int]("go")

    @step
    def fetch() -> int:
        return 1

    @step
    def undo(n: int) -> None:
        with open("undone.txt", "a") as file:
            file.write("undone")

    @workflow
    def report() -> int:
        return fetch()

    @workflow
    def one() -> Decision:
        return gate("ship?", name="ship", on_reject="return")

    @workflow
    def two() -> list[Decision]:
        with concurrent():
            decisions = [gate(f"{who}?", name=who, options=["a", "b"], on_reject="return") for who in ["ann", "bob"]]
        return decisions

    @workflow
    def told() -> list[int]:
        return [go.wait(), go.wait()]
"""


@pytest.fixture(autouse=True)
def shop(write):
    return write("shop.py", SHOP)


@pytest.fixture
def begin(spawn):
    """A run in another process, which waits for as much as is told."""

    def begin(workflow, waits=1):
        process = spawn("run", f"shop:{workflow}", "--run-id", f"the-{workflow}")
        for _ in range(1 + 2 * waits):
            assert process.stderr.readline()
        return process

    return begin


def ended(process):
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(out)


# -- gates ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "expected", "told"),
    [
        (["approve", "--who", "ann", "--feedback", "-fine"], {"approved": True, "who": "ann", "feedback": "-fine"}, "approved"),
        (["approve", "--gate", "ship"], {"approved": True}, "approved"),
        (["approve", "--gate", "ship?"], {"approved": True}, "approved"),
        (["reject", "--who="], {"approved": False, "who": ""}, "rejected"),
    ],
)  # fmt: skip
def test_a_gate_is_decided_from_another_process(flowkit, begin, command, expected, told):
    process = begin("one")
    word, *options = command
    answer = flowkit(word, "the-o", *options)
    assert answer == (0, "", f"note: the gate `ship` of run `the-one` is {told}\n")
    assert expected.items() <= ended(process).items()


def test_where_several_are_open_one_is_named(flowkit, begin):
    process = begin("two", 2)
    answer = flowkit("approve", "the-two", "--choice", "a")
    assert answer.code == 2
    assert answer.err == "error: run the-two has several gates open: `ann` (ann?), `bob` (bob?); name one\n"
    answer = flowkit("approve", "the-two", "--gate", "anne", "--choice", "a")
    assert answer.err.splitlines()[1] == "  help: did you mean `ann`?"
    answer = flowkit("approve", "the-two", "--gate", "ann", "--choice", "c")
    assert answer.err == "error: choice='c' isn't one of the options of `ann?`: 'a', 'b'\n"
    assert flowkit("approve", "the-two", "--gate", "ann", "--choice", "a").err == (
        "note: the gate `ann` of run `the-two` is approved with 'a'\n"
    )
    assert flowkit("reject", "the-two").err == "note: the gate `bob` of run `the-two` is rejected\n"
    assert [(one["approved"], one["choice"]) for one in ended(process)] == [(True, "a"), (False, "")]


def test_a_gate_that_offers_no_choice_takes_none(flowkit, begin):
    process = begin("one")
    answer = flowkit("approve", "the-one", "--choice", "a")
    assert answer == (2, "", "error: `ship?` offers no choice; leave choice='a' out\n")
    flowkit("approve", "the-one")
    ended(process)


def test_a_gate_is_decided_once(flowkit, begin):
    process = begin("one")
    process.kill()
    process.wait()
    assert flowkit("approve", "the-one").code == 0
    answer = flowkit("reject", "the-one")
    assert answer.code == 2
    assert answer.err.startswith("error: run the-one has no gate open")


def test_what_is_decided_while_nobody_runs_it_counts_when_somebody_does(flowkit, begin, bury):
    process = begin("one")
    process.kill()
    process.wait()
    bury("the-one")
    answer = flowkit("approve", "the-one", "--who", "ann")
    assert answer.err.splitlines() == [
        "note: the gate `ship` of run `the-one` is approved",
        "note: nobody has run `the-one` now, so this is heard once it is taken up",
        "  help: `flowkit resume the-one`",
    ]
    answer = flowkit("resume", "the-one")
    assert (answer.code, json.loads(answer.out)["who"]) == (0, "ann")
    assert "waits for a decision" not in answer.err
    assert flowkit("explain", "the-one", "ship").out.splitlines()[1] == "  it is approved by ann"


def test_what_a_run_hasnt_heard_yet_is_shown(flowkit, begin, bury):
    process = begin("two", 2)
    process.kill()
    process.wait()
    bury("the-two")
    flowkit("approve", "the-two", "--gate", "ann", "--choice", "a", "--who", "eve", "--feedback", "well")
    flowkit("send", "the-two", "go", "1")
    flowkit("cancel", "the-two", "--reason", "too late")
    said = ["gate `ann` is approved with 'a' by eve", "signal `go` is sent", "it is asked to end: too late"]
    shown = re.search(r"^unheard +(.*)$", flowkit("show", "the-two").out, re.MULTILINE)
    assert re.sub(r", \S+ ago", "", shown[1]) == "; ".join(said)
    assert f"{said[0]}; {said[2]}; gate `bob`" in flowkit("runs").out
    [run] = json.loads(flowkit("runs", "--json").out)["runs"]
    assert [{name: one[name] for name in one if name != "at"} for one in run["unheard"]] == [
        {
            "kind": "decision",
            "key": "ann",
            "approved": True,
            "choice": "a",
            "who": "eve",
            "feedback": "well",
            "timed_out": False,
        },
        {"kind": "signal", "signal": "go"},
        {"kind": "cancel", "reason": "user", "detail": "too late"},
    ]
    assert [wait["key"] for wait in run["waits_for"]] == ["bob"]
    told = flowkit("explain", "the-two", "ann").out
    assert "  it is approved with 'a' by eve: well; the run hasn't heard of that yet\n" in told


# -- signals ----------------------------------------------------------------------------------------------------------------


def test_signals_are_sent_from_another_process(flowkit, begin):
    process = begin("told")
    assert flowkit("send", "the-told", "go", "1", "--dedup", "first").err == "note: `go` is sent to run `the-told`\n"
    again = flowkit("send", "the-told", "go", "9", "--dedup", "first")
    assert again == (0, "", "note: `go` was sent to run `the-told` with this mark before; nothing has changed\n")
    assert flowkit("send", "the-told", "go", "-", stdin=" -2 ").code == 0
    assert ended(process) == [1, -2]


def test_a_signal_that_nobody_waits_for_is_kept_and_told(flowkit, begin):
    begin("told")
    answer = flowkit("send", "the-told", "goo", "-1")
    assert answer == (
        0,
        "",
        "note: `goo` is kept for run `the-told`, which doesn't wait for it now\n  help: did you mean `go`?\n",
    )


@pytest.mark.parametrize(
    "message", ["yes", "{", "[1,]", "NaN", '{"a": 1, "a": 2}', "1e999", '"\\ud800"', "[" * 100_000]
)
def test_a_message_is_json(flowkit, begin, message, kept):
    begin("told")
    answer = flowkit("send", "the-told", "go", "-", stdin=message)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(("error: the message isn't JSON: ", "error: the message can't be sent: "))
    assert not kept().messages("the-told")


def test_a_message_that_isn_t_what_the_signal_is_fails_who_takes_it(flowkit, begin):
    process = begin("told")
    assert flowkit("send", "the-told", "go", '"one"').code == 0
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "what was sent to `go` isn't what that waits for" in err


# -- cancelling -------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M84")
def test_a_run_is_cancelled_from_another_process(flowkit, begin):
    process = begin("one")
    assert flowkit("cancel", "the-one", "--reason", "-enough") == (0, "", "note: run `the-one` is asked to end\n")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "error: `one` was cancelled on request: -enough\n" in err


@pytest.mark.covers("M85")
def test_a_run_is_asked_once(flowkit, begin, bury):
    """One that nobody has ends when it is taken up."""
    process = begin("one")
    process.kill()
    process.wait()
    bury("the-one")
    assert flowkit("cancel", "the-one").err.splitlines()[0] == "note: run `the-one` is asked to end"
    assert flowkit("cancel", "the-one").err.splitlines()[0] == "note: run `the-one` was asked to end before"
    answer = flowkit("resume", "the-one")
    assert (answer.code, answer.out) == (1, "")
    assert "error: `one` was cancelled on request" in answer.err


@pytest.mark.parametrize("command", [["cancel"], ["approve"], ["reject"], ["send", "go", "1"]])
def test_what_has_ended_is_refused(flowkit, command):
    flowkit("run", "shop:report", "--run-id", "today")
    word, *more = command
    assert flowkit(word, "today", *more) == (2, "", "error: run `today` has ended: it has succeeded\n")


@pytest.mark.parametrize("command", [["cancel"], ["approve"], ["reject"], ["send", "go", "1"], ["show"], ["logs"]])
def test_what_isn_t_there_is_refused(flowkit, command):
    flowkit("run", "shop:report", "--run-id", "today")
    word, *more = command
    answer = flowkit(word, "to-day", *more)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[:2] == [
        "error: there is no run `to-day` in `.flowkit/runs.db`",
        "  help: did you mean `today`?",
    ]


# -- gc ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(flowkit, kept):
    """A store with runs of all ages; a run's id says how it ended, and how many days ago."""
    flowkit("run", "shop:report", "--run-id", "succeeded-now")
    store, now = kept(), time.time()
    for name, days, parent in (
        ("succeeded-40", 40, ""),
        ("failed-40", 40, ""),
        ("cancelled-20", 20, ""),
        ("succeeded-next-year", -365, ""),
        ("failed-40-of", 40, "failed-40"),
        ("succeeded-50-of", 50, "cancelled-20"),
        ("succeeded-60", 60, ""),
    ):
        lease = store.create(NewRun(name, "w", "{}", "d", now - 100 * 86_400, parent), "owner").lease
        store.commit([Commit(lease, run=RunChange(name.partition("-")[0], now - days * 86_400), release=True)])
    store.create(NewRun("still-running", "w", "{}", "d", now - 100 * 86_400, "succeeded-60"), "owner")
    return store


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["30d"], {"succeeded-40", "failed-40", "failed-40-of", "succeeded-next-year"}),
        (["30d", "--status", "failed"], {"failed-40", "failed-40-of"}),
        (["10d"], {"succeeded-40", "failed-40", "failed-40-of", "succeeded-next-year", "cancelled-20", "succeeded-50-of"}),
        (["500d"], {"succeeded-next-year"}),
        (["1728000"], {"succeeded-40", "failed-40", "failed-40-of", "succeeded-next-year", "cancelled-20", "succeeded-50-of"}),
    ],
)  # fmt: skip
@pytest.mark.covers("M89", "M90")
def test_old_runs_are_removed_with_those_they_started(flowkit, old, options, expected):
    """Not while anything of theirs is under way, and not before the run that started them."""

    def ids():
        return {run["id"] for run in json.loads(flowkit("runs", "--json").out)["runs"]}

    before = ids()
    dry = flowkit("gc", "--older-than", *options, "--dry-run")
    assert (dry.code, set(dry.out.split())) == (0, expected)
    assert dry.err == f"note: {len(expected)} run{'s' if len(expected) > 1 else ''} would be removed\n"
    assert ids() == before
    done = flowkit("gc", "--older-than", *options, "--json")
    assert (done.code, done.err) == (0, "")
    assert set(json.loads(done.out)["removed"]) == expected
    assert ids() == before - expected
    assert flowkit("gc", "--older-than", *options).err == "note: 0 runs are removed\n"


@pytest.mark.parametrize("length", ["x", "-3d", "3y", "nan", "", "1e9d"])
def test_an_age_is_a_length_of_time(flowkit, old, length):
    answer = flowkit("gc", f"--older-than={length}", "--dry-run")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: --older-than=")


def test_an_age_has_to_be_said(flowkit, old):
    answer = flowkit("gc")
    assert answer.code == 2
    assert "--older-than" in answer.err
