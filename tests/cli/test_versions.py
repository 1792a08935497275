"""`flowkit diff`, `explain RUN STEP` and `fork`: what becomes of runs when their code changes, and why steps did what they did."""

from __future__ import annotations

import importlib
import json
import shutil
import sys

import pytest

from flowkit import Engine

SHOP = """
    from pathlib import Path

    go = Signal[int]("go")

    @step
    def fetch(n: int) -> int:
        return n + 1

    @step(effect=True)
    def charge(n: int) -> int:
        with Path("charged").open("a") as file:
            file.write("x")
        return n

    @step
    def add(*numbers: int) -> int:
        return sum(numbers)

    @step
    def fail(n: int) -> int:
        raise ValueError(f"{n} \\x1b[2J")

    @workflow
    def order(n: int = 1) -> int:
        return add(charge(fetch(n)), go.wait())

    @workflow
    def failing(n: int = 1) -> int:
        return add(fail(fetch(n)), 1)

    @workflow
    def plain(n: int = 1) -> int:
        return add(fetch(n), 1)
"""


@pytest.fixture(autouse=True)
def shop(write, project):
    """The module, as it is after an edit."""

    def shop(*edits):
        text = SHOP
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        shutil.rmtree(project / "__pycache__", ignore_errors=True)
        sys.modules.pop("shop", None)
        write("shop.py", text)
        importlib.invalidate_caches()

    shop()
    return shop


@pytest.fixture
def left(project, kept, shop):
    """A run that waits for a message, and that its process has let go of."""
    sys.path.insert(0, str(project))
    (project / ".flowkit").mkdir()
    with Engine(store="sqlite:///.flowkit/runs.db", recover=False) as engine:
        run = importlib.import_module("shop").order.with_options(run_id="waiting-one").start()
        for event in run.events():
            if event.kind == "signal_set":
                break
        engine.shutdown()
    return kept().run("waiting-one")


# -- diff -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "code", "told"),
    [
        (("return n + 1", "return n + 2"), 0, "  waiting-one (waiting)  safe\n"),
        (("add(charge(fetch(n)), go.wait())", "add(add(charge(fetch(n)), go.wait()), 7)"), 0, "  safe\n"),
        (("charge(fetch(n))", "charge(fetch(n + 1))"), 1, "blocked\n    `fetch` is done, and is called with something"),
        (("order(n: int = 1)", "order(m: int)"), 1, "blocked\n    TypeError: `order` takes `m`"),
        (("return add(charge", "return add(1 / 0, charge"), 1, "blocked\n    ZeroDivisionError: division by zero\n"),
    ],
)
def test_what_becomes_of_a_run_is_told_and_nothing_is_done(flowkit, kept, left, shop, edit, code, told):
    shop(edit)
    answer = flowkit("diff", "shop:order")
    assert answer.code == code
    assert answer.out.startswith("1 unfinished run of `shop:order` in `.flowkit/runs.db`\n  waiting-one (waiting)  ")
    assert told in answer.out
    assert kept().run("waiting-one") == left


def test_the_answers_are_data_as_well(flowkit, left, shop, project):
    shop(("charge(fetch(n))", "charge(fetch(n + 1))"))
    data = json.loads(flowkit("diff", "shop:order", "--json").out)
    assert data["workflow"] == "shop:order"
    assert data["store"] == f"sqlite:///{project}/.flowkit/runs.db"
    [run] = data["runs"]
    assert (run["id"], run["status"], run["verdict"], run["at"]) == ("waiting-one", "waiting", "blocked", ["fetch"])
    assert run["because"] == "a fork at `fetch` does `charge` again"
    assert [one["key"] for one in run["differences"]] == ["fetch"]


def test_two_versions_are_compared_without_a_store(flowkit, project):
    (project / "before").mkdir()
    shutil.copy("shop.py", "before/shop.py")
    text = (project / "shop.py").read_text().replace("return add(fetch(n), 1)", "return add(fetch(n), 2)")
    (project / "shop.py").write_text(text)
    answer = flowkit("diff", "before/shop.py:plain", "shop.py:plain")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(
        "plain: 1 difference\n  `add` is called with something else\n    it was  add(fetch, 1)"
    )
    assert not (project / ".flowkit").exists()


def test_how_far_two_versions_can_be_compared_is_told(flowkit, project, shop):
    shop(("plain(n: int = 1)", "plain(n: int)"), ("return add(fetch(n), 1)", "return add(fetch(n), 1) if n > 1 else 0"))
    (project / "before").mkdir()
    shutil.copy("shop.py", "before/shop.py")
    answer = flowkit("diff", "before/shop.py:plain", "shop.py:plain")
    assert (answer.code, answer.out) == (0, "plain: no differences\n")
    assert answer.err.count("note: compared up to before/shop.py:") == 1
    assert answer.err.count("note: compared up to shop.py:") == 1
    assert "`argument n` is compared here, and this look at the workflow has no value for it" in answer.err


def test_a_body_that_raises_is_told(flowkit, project, shop):
    (project / "before").mkdir()
    shutil.copy("shop.py", "before/shop.py")
    shop(("return add(fetch(n), 1)", "return add(fetch(n), 1 // 0)"))
    answer = flowkit("diff", "before/shop.py:plain", "shop.py:plain")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: the body of `plain` raised while it was recorded\n")


# -- explain ----------------------------------------------------------------------------------------------------------------


def test_steps_are_explained_by_who_only_has_the_record(flowkit, left, project):
    waits = "`go` waits for the signal `go`\n"
    assert flowkit("explain", "wait", "go").out.startswith(waits)
    elsewhere = flowkit("explain", "waiting-one", "go", "--store", f"sqlite:///{project}/.flowkit/runs.db")
    assert elsewhere.out.startswith(waits)
    assert elsewhere.out.endswith("\n  nobody has the run just now; `flowkit resume` goes on with it\n")
    assert flowkit("explain", "waiting-one", "add").out.startswith(
        "`add` hasn't begun: it waits for `go` (waiting)\n  called as add(charge, go)  (shop.py:"
    )


def test_what_is_explained_moves_no_cursor(flowkit):
    flowkit("run", "shop:failing", "--run-id", "failed")
    answer = flowkit("explain", "failed", "add")
    assert answer.out.startswith("`add` can't run any more: `fail` failed\n  because ValueError: 2 \\x1b[2J\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing", "go"], "there is no run `nothing`"),
        (["w", "go"], "an id may be cut to 4 characters or more"),
        (["waiting-one", "fetsch"], "has no step `fetsch`; did you mean `fetch`?"),
        (["waiting-one", ""], "has no step ``; it has `fetch`, `charge`, `go` and `add`"),
        (["waiting-one", "\x1b[2J"], "has no step `\\x1b[2J`"),
    ],
)
def test_what_cant_be_explained_is_told(flowkit, left, arguments, told):
    answer = flowkit("explain", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


def test_where_the_workflow_isnt_that_is_told(spawn, left, write):
    write("shop.py", "1 / 0")
    process = spawn("explain", "waiting-one", "add")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "help: what hasn't begun is known only where its workflow is, and `shop` can't be imported\n" in told
    assert spawn("explain", "waiting-one", "fetch").wait(60) == 0


# -- fork -------------------------------------------------------------------------------------------------------------------


def test_a_fork_does_again_what_is_named(flowkit, project):
    flowkit("run", "shop:plain", "--run-id", "first")
    assert flowkit("fork", "firs", "--replace", "fetch=40", "--run-id", "second").out == "41\n"
    assert flowkit("fork", "first", "--at", "fetch").out == "3\n"
    assert "fork of   first\n" in flowkit("show", "second").out


def test_a_fork_goes_on_where_its_origin_waits(flowkit, left, project):
    answer = flowkit("fork", "waiting-one", "--send", "go=5")
    assert (answer.code, answer.out) == (0, "7\n")
    assert (project / "charged").read_text() == "x"


def test_a_fork_that_does_an_effect_again_says_so(flowkit, left, project):
    answer = flowkit("fork", "waiting-one", "--at", "charge", "--send", "go=5")
    assert (answer.code, answer.out) == (0, "7\n")
    assert answer.err.splitlines()[0] == "note: the fork does `charge` again, an effect that was done"
    assert (project / "charged").read_text() == "xx"
    assert "again" not in flowkit("fork", "waiting-one", "--at", "fetch", "--send", "go=5").err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--at", "fetsch"], "error: run `first`: no step `fetsch` is on record; did you mean `fetch`?\n"),
        (["--replace", "fetch"], "error: `--replace fetch` gives no result\n  help: write `--replace fetch=JSON`\n"),
        (
            ["--replace", "fetsch=1"],
            "error: run `first` has no step `fetsch` on record\n  help: did you mean `fetch`?\n",
        ),
        (["--replace", 'fetch="x"'], 'doesn\'t fit what `fetch` gives: `$`: expected a whole number, found text "x"\n'),
        (["--replace", f"fetch={'[' * 100_000}"], "[[[...'` doesn't fit what `fetch` gives: "),
        (["--run-id", "first"], "error: run `first` exists already"),
        (["--run-id", ""], "error: run_id='' isn't a name"),
    ],
)
def test_what_cant_be_forked_is_told_and_nothing_begins(flowkit, data_of, options, told):
    flowkit("run", "shop:plain", "--run-id", "first")
    answer = flowkit("fork", "first", *options)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert len(answer.err) < 1_000
    assert [run["id"] for run in data_of("runs")["runs"]] == ["first"]


@pytest.fixture
def data_of(flowkit):
    def data_of(*command):
        return json.loads(flowkit(*command, "--json").out)

    return data_of
