"""Gates and signals on the command line: asked in a terminal, answered beforehand, and told where neither is so."""

from __future__ import annotations

import getpass
import json
import re
import signal
import subprocess

import pytest

SHOP = """
    import time
    import flowkit.live
    from pathlib import Path

    import attrs

    engine = Engine()
    use(engine)

    @attrs.frozen
    class Payment:
        cents: int
        by: str = "card"

    paid = Signal[Payment]("paid")
    word = Signal("word")

    @step
    def same(value: str) -> str:
        return value

    @step
    def booked(payment: Payment) -> Payment:
        return payment

    @step
    def chosen(taken: object) -> str:
        return taken.name

    @step
    def came(message: Outcome[object]) -> bool:
        return message.ok

    @step
    def shipped() -> str:
        return "shipped"

    @step
    def wait_for(path: str) -> str:
        while not Path(path).exists():
            time.sleep(0.001)
        return path

    @step
    def decide(path: str, gate: str) -> None:
        engine.run(current().run_id).reject(gate, who="ann")

    @workflow
    def release(commit: str = "8f2a") -> Decision:
        return gate(f"ship {commit}?", on_reject="return")

    @workflow
    def placed(commit: str = "8f2a") -> Decision:
        return gate(f"where to put {commit}?", options=["staging", "production"], name="where", on_reject="return")

    @workflow
    def numbers() -> Decision:
        return gate("how many?", options=["2", "1", "Reject", "reject"], on_reject="return")

    @workflow
    def both() -> list[Decision]:
        with concurrent():
            decisions = [gate("ship?", name=who, on_reject="return") for who in ["ann", "bob"]]
        return decisions

    @workflow
    def hurried(path: str = "shop.py") -> list[Decision]:
        with concurrent():
            late = gate("quick?", name="quick", timeout="10ms", on_timeout="return")
            other = gate(wait_for(path), name="slow", on_reject="return")
        return [late, other]

    @workflow
    def overtaken(path: str) -> list[Decision]:
        with concurrent():
            told = gate("told?", name="told", on_reject="return")
            decide(wait_for(path), "told")
        return [told, gate("after?", name="after", on_reject="return")]

    @workflow
    def either(path: str) -> str:
        return chosen(select(asked=gate("ship?"), came=wait_for(path)))

    @workflow
    def then(path: str) -> tuple[Decision, str]:
        decision = gate("ship?")
        return decision, wait_for(path)

    @workflow
    def orders() -> list[Payment]:
        return [booked(paid.wait()), booked(paid.wait())]

    @workflow
    def said() -> list[object]:
        return [word.wait(), word.wait()]

    @workflow
    def unsaid() -> list[bool]:
        return [came(outcome(word.wait(timeout="10ms"))), came(outcome(word.wait(timeout="10ms")))]

    @workflow
    def strict() -> str:
        decision = gate("where?", options=["here", "there"])
        return shipped.with_options(depends_on=[decision])()

    @workflow
    def looked_at() -> str:
        return same(result_of(gate("ship?")).who)

    @workflow
    async def live() -> tuple[str, Payment]:
        return (await flowkit.live.gate("where?", options=["a", "b"])).choice, await flowkit.live.wait(paid)

    @workflow
    def mine(who: str) -> Decision:
        return gate(f"{who}?")
"""
ME = getpass.getuser()


@pytest.fixture(autouse=True)
def shop(write):
    return write("shop.py", SHOP)


def decision(text):
    """The decision that was printed last."""
    return json.loads(text[text.rindex("{") :])


# -- in a terminal --------------------------------------------------------------------------------------------------------


def test_a_gate_is_asked_in_a_terminal_and_feedback_with_it(terminal):
    shown = terminal("run", "shop:release")
    shown.read(until=r"\? ship 8f2a\?  \(`gate`\)\n  yes or no: $")
    shown.type("Yes\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("looks fine \n")
    text = shown.read()
    assert shown.process.wait() == 0
    assert decision(text) == {
        "approved": True,
        "choice": "",
        "who": ME,
        "feedback": "looks fine",
        "timed_out": False,
    }


@pytest.mark.parametrize(
    ("typed", "approved", "choice"),
    [("2", True, "production"), ("staging", True, "staging"), ("Staging", True, "staging"), ("reject", False, "")],
)
def test_an_option_is_chosen_by_its_number_or_its_name(terminal, typed, approved, choice):
    shown = terminal("run", "shop:placed", "--who", "bob")
    shown.read(until=r"  1  staging\n  2  production\n  a number or a name, or reject: $")
    shown.type(f"{typed}\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    told = decision(shown.read())
    assert shown.process.wait() == 0
    assert (told["approved"], told["choice"], told["who"], told["feedback"]) == (approved, choice, "bob", "")


def test_options_that_are_numbers_are_chosen_by_name_alone(terminal):
    """And the word that rejects is none of them."""
    shown = terminal("run", "shop:numbers")
    shown.read(until=r"  -  2\n  -  1\n  -  Reject\n  -  reject\n  a name, or reject!: $")
    shown.type("1\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    assert decision(shown.read())["choice"] == "1"


def test_what_is_no_answer_is_asked_again(terminal):
    shown = terminal("run", "shop:placed")
    shown.read(until="or reject: $")
    shown.type("the moon\n")
    shown.read(until="'the moon' isn't one of the answers\n  a number or a name, or reject: $")
    shown.type("\n")
    shown.read(until="reject: \n  a number or a name, or reject: $")
    shown.type("3\n")
    shown.read(until="'3' isn't one of the answers\n.*reject: $")
    shown.type("1\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    assert decision(shown.read())["choice"] == "staging"


def test_gates_that_open_at_once_are_asked_one_after_another(terminal):
    shown = terminal("run", "shop:both")
    shown.read(until=r"\(`(ann|bob)`\)\n  yes or no: $")
    first, second = ("ann", "bob") if "`ann`" in shown.text else ("bob", "ann")  # threads open them
    assert f"`{second}`" not in shown.text
    shown.type("y\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    shown.read(until=rf"\(`{second}`\)\n  yes or no: $")
    shown.type("n\n")
    shown.read(until=f"`{second}`.*\n.*\n  feedback, or Enter: $")
    shown.type("\n")
    text = shown.read()
    assert shown.process.wait() == 0
    assert [one["approved"] for one in json.loads(text[text.rindex("\n[") :])] == [first == "ann", first == "bob"]


def test_the_progress_makes_room_for_a_question_and_comes_back(terminal, project):
    shown = terminal("run", "shop:then", "--path", "go")
    shown.read(until="yes or no: $")
    asked = len(shown.text)
    shown.type("y\n")
    shown.read(until="feedback, or Enter: $")
    assert "running" not in shown.text[asked:]
    shown.type("\n")
    shown.read(until=r"feedback, or Enter: \n(.*\n)*.*wait_for +\S+ +0/1  1 running")
    # What was asked and answered stays: the new picture only takes its own lines away.
    [moves] = re.findall(r"feedback, or Enter: \r\n((?:\x1b\[[0-9;?]*[A-Za-z])*)", shown.raw)
    assert "\x1b[1A" not in moves
    (project / "go").touch()
    shown.read()
    assert shown.process.wait() == 0


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("answered", [False, True])
def test_ctrl_c_at_a_question_cancels_the_run(terminal, answered):
    shown = terminal("run", "shop:release")
    shown.read(until="yes or no: $")
    if answered:
        shown.type("y\n")
        shown.read(until="feedback, or Enter: $")
    shown.process.send_signal(signal.SIGINT)
    *_, asked, cancelling, end = shown.read().splitlines()
    assert shown.process.wait() == 130
    assert asked == ("  feedback, or Enter: " if answered else "  yes or no: ")
    assert cancelling == "note: cancelling; Ctrl-C again leaves at once"
    assert end == "error: `release` was interrupted; 0 of 1 steps had ended"


def test_a_gate_whose_time_is_over_is_taken_back_and_the_next_is_asked(terminal, project):
    shown = terminal("run", "shop:hurried", "--path", "go")
    shown.read(until=r"`quick`, open for 0.01s\)\n  yes or no: ")
    (project / "go").touch()
    shown.read(until=r"`slow`\)\n  yes or no: $")
    assert "yes or no: \nnote: the gate `quick` isn't open any more: its time is over\n" in shown.text
    shown.type("y\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    text = shown.read()
    assert shown.process.wait() == 0
    assert [one["timed_out"] for one in json.loads(text[text.rindex("\n[") :])] == [True, False]


def test_a_gate_that_somebody_else_decides_is_taken_back(terminal, project):
    """What was typed for it by then isn't taken for the next one."""
    shown = terminal("run", "shop:overtaken", "--path", "go")
    shown.read(until=r"`told`\)\n  yes or no: $")
    shown.type("y")
    shown.read(until="yes or no: y")
    (project / "go").touch()
    shown.read(until=r"\? after\?  \(`after`\)\n  yes or no: $")
    assert "yes or no: y\nnote: the gate `told` isn't open any more: ann has decided\n" in shown.text
    shown.type("no\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("later\n")
    text = shown.read()
    assert shown.process.wait() == 0
    told, after = json.loads(text[text.rindex("\n[") :])
    assert (told["who"], after["approved"], after["feedback"]) == ("ann", False, "later")


def test_a_gate_that_is_called_off_is_taken_back(terminal, project):
    shown = terminal("run", "shop:either", "--path", "go")
    shown.read(until="yes or no: $")
    shown.type("y\n")
    shown.read(until="feedback, or Enter: $")
    (project / "go").touch()
    text = shown.read()
    assert shown.process.wait() == 0
    assert "feedback, or Enter: \nnote: the gate `gate` isn't open any more: it was cancelled\n" in text


@pytest.mark.usefixtures("unmeasured")
def test_ctrl_d_leaves_gates_open(terminal):
    shown = terminal("run", "shop:both")
    shown.read(until=r"\(`(ann|bob)`\)\n  yes or no: $")
    first, second = ("ann", "bob") if "(`ann`)" in shown.text else ("bob", "ann")  # threads open them
    shown.type("\x04")
    shown.read(until=f"--approve {second}`\n")
    assert f"yes or no: \nnote: the gate `{first}` waits for a decision: ship?\n" in shown.text
    shown.process.send_signal(signal.SIGINT)
    shown.read()
    assert shown.process.wait() == 130


def test_the_result_may_go_elsewhere_while_somebody_is_asked(terminal):
    shown = terminal("run", "shop:release", streams={"stdout": subprocess.PIPE})
    shown.read(until="yes or no: $")
    shown.type("n\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    assert json.loads(shown.process.stdout.read())["approved"] is False
    assert shown.process.wait() == 0


def test_what_is_answered_beforehand_is_not_asked(terminal):
    shown = terminal("run", "shop:both", "--reject", "ann=no")
    shown.read(until="yes or no: $")
    shown.type("y\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    text = shown.read()
    assert "`ann`" not in text
    assert [one["approved"] for one in json.loads(text[text.rindex("\n[") :])] == [False, True]


# -- answers given beforehand ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workflow", "options", "expected"),
    [
        ("release", ["--approve", "gate"], {"approved": True, "who": ME}),
        ("release", ["--approve", "ship 8f2a?", "--who", "ann"], {"approved": True, "who": "ann"}),
        ("release", ["--commit", "a=b", "--approve", "ship a=b?"], {"approved": True}),
        ("release", ["--reject=gate"], {"approved": False, "feedback": ""}),
        ("release", ["--reject", "gate=a = b", "--who="], {"approved": False, "feedback": "a = b", "who": ""}),
        ("placed", ["--approve", "where=staging"], {"approved": True, "choice": "staging"}),
        ("placed", ["--commit", "a=b", "--approve", "where to put a=b?=staging"], {"choice": "staging"}),
    ],
)
def test_a_gate_is_decided_by_its_key_or_what_it_asks(flowkit, workflow, options, expected):
    answer = flowkit("run", f"shop:{workflow}", *options)
    assert (answer.code, answer.err) == (0, "")
    assert expected.items() <= json.loads(answer.out).items()


def test_gates_in_bodies_that_go_on_from_results_are_decided_as_well(flowkit):
    answer = flowkit("run", "shop:looked_at", "--approve", "gate", "--who", "ann")
    assert (answer.code, answer.out, answer.err) == (0, '"ann"\n', "")
    answer = flowkit("run", "shop:live", "--approve", "where?=b", "--send", 'paid={"cents": 2}')
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == ["b", {"cents": 2, "by": "card"}]


def test_each_answer_decides_one_gate(flowkit):
    answer = flowkit("run", "shop:both", "--approve", "ship?", "--approve", "ship?")
    assert (answer.code, answer.err) == (0, "")
    assert [one["approved"] for one in json.loads(answer.out)] == [True, True]


def test_answers_may_stand_on_both_sides_of_the_workflow(flowkit):
    answer = flowkit("run", "--approve", "ann", "--who", "me", "shop:both", "--approve", "bob")
    assert [(one["approved"], one["who"]) for one in json.loads(answer.out)] == [(True, "me")] * 2


def test_a_workflow_keeps_options_of_ours_that_it_has_itself(flowkit):
    answer = flowkit("run", "--who", "ann", "shop:mine", "--who", "bob", "--approve", "bob?")
    assert (answer.code, json.loads(answer.out)["who"]) == (0, "ann")


def test_signals_are_sent_in_their_order_and_are_what_the_signal_is(flowkit):
    answer = flowkit("run", "shop:orders", "--send", 'paid={"cents": 3}', "--send", 'paid={"cents":4,"by":"a=b"}')
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == [{"cents": 3, "by": "card"}, {"cents": 4, "by": "a=b"}]


def test_a_signal_without_a_type_takes_any_json(flowkit):
    answer = flowkit("run", "shop:said", "--send", "word=[1, null]", "--send", 'word="yes"')
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(answer.out) == [[1, None], "yes"]


@pytest.mark.parametrize(
    ("given", "error", "help"),
    [
        ("paid", "`--send paid` doesn't say what to send", "write `--send paid=JSON`"),
        ("=1", "`--send =1` doesn't say what to send", "write `--send NAME=JSON`"),
        ('paid={"cents": "x"}', "doesn't fit the signal `paid`: `$.cents`: expected", None),
        ("word=yes", "`--send word=yes` doesn't fit the signal `word`: ", "`--send 'word=\"yes\"'`"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_runs(flowkit, given, error, help):
    answer = flowkit("run", "shop:orders", "--send", given)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: `--send ")
    assert error in answer.err
    assert (help or "") in answer.err
    assert ("help" in answer.err) == (help is not None)


def test_answers_for_nothing_are_told_at_the_end(flowkit):
    options = ["--approve", "gate", "--approve", "wehre=here", "--reject", "gates=no", "--send", "word=1"]
    answer = flowkit("run", "shop:release", *options)
    assert (answer.code, json.loads(answer.out)["approved"]) == (0, True)
    assert answer.err.splitlines() == [
        "note: `--approve wehre=here` decided nothing: no such gate opened",
        "note: `--reject gates=no` decided nothing: no such gate opened",
        "  help: did you mean `gate`?",
        "note: `--send word`: nobody took it",
    ]


def test_a_message_too_many_is_told_at_the_end(flowkit):
    texts = [f"--send=word={n}" for n in range(3)]
    answer = flowkit("run", "shop:said", *texts)
    assert (answer.code, answer.err) == (0, "note: `--send word`: nobody took it\n")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            ["--approve", "gate=moon"],
            "`--approve gate=moon` doesn't fit the gate `gate`: choice='moon' isn't one of the options of `where?`: 'here', 'there'",
        ),
        (
            ["--approve", "gate"],
            "`--approve gate` doesn't fit the gate `gate`: `where?` asks for a choice: 'here', 'there'",
        ),
        (
            ["--approve", "gate=here", "--reject", "where?"],
            "the gate `gate` is both approved and rejected: `gate=here` and `where?`",
        ),
    ],
)
def test_an_answer_that_does_not_fit_its_gate_cancels_the_run(flowkit, options, error):
    answer = flowkit("run", "shop:strict", *options)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"error: {error}\n  help: `strict` is cancelled\n"


# -- nobody there ---------------------------------------------------------------------------------------------------------


def test_a_gate_that_nobody_can_be_asked_about_is_told_once(flowkit):
    answer = flowkit("run", "shop:hurried", "--approve", "slow")
    assert answer.code == 0
    assert answer.err.splitlines() == [
        "note: the gate `quick` waits for a decision, for 0.01s: quick?",
        "  help: run it in a terminal, or decide with the command: `--approve quick`",
    ]
    assert [one["timed_out"] for one in json.loads(answer.out)] == [True, False]


@pytest.mark.usefixtures("unmeasured")
def test_a_run_that_waits_for_somebody_goes_on_waiting(spawn):
    process = spawn("run", "shop:placed")
    told = [process.stderr.readline() for _ in range(3)]
    assert told[1:] == [
        "note: the gate `where` waits for a decision: where to put 8f2a? (staging, production)\n",
        "  help: run it in a terminal, or decide with the command: `--approve where=staging`\n",
    ]
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130


def test_a_signal_that_was_not_given_is_told_once(flowkit):
    answer = flowkit("run", "shop:unsaid")
    assert answer.code == 0
    assert answer.err.splitlines() == [
        "note: `word` waits for the signal `word`, for 0.01s",
        "  help: to send it with the command: `--send word=JSON`",
    ]


INLINE = """
    use(Engine(executor="inline"))

    @workflow
    def release() -> Decision:
        return gate("ship?", timeout="10ms", on_timeout="return")
"""


def test_an_engine_that_runs_in_the_calling_thread_takes_no_answers(write, flowkit):
    """Nobody could hand them in meanwhile; so that isn't left to be found out."""
    write("inline.py", INLINE)
    answer = flowkit("run", "inline:release", "--approve", "gate")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: `release` can't be answered: its engine is inline, ")
    answer = flowkit("run", "inline:release")
    assert (answer.code, json.loads(answer.out)["timed_out"]) == (0, True)
    waits, helps = answer.err.splitlines()
    assert waits == "note: the gate `gate` waits for a decision, for 0.01s: ship?"
    assert helps.startswith("  help: only its timeout ends that, or Ctrl-C: its engine is inline, ")
