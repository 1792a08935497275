"""`flowkit run` and `flowkit resume`: runs that are kept, and gone on with."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys

import pytest

from flowkit.engine.kept import NewRun
from flowkit.stores import open_store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and modes of files are those of POSIX")

SHOP = """
    import os
    import time
    from pathlib import Path

    go = Signal[str]("go")

    def note(word):
        with open("ran.txt", "a") as file:
            file.write(word + "\\n")

    @step
    def fetch(n: int) -> int:
        note("fetch")
        return n

    @step
    def parse(n: int) -> int:
        note("parse")
        if Path("bad").exists():
            raise ValueError(f"{n} is bad")
        return n + 1

    @step
    def die(n: int) -> int:
        note("die")
        if Path("deadly").exists():
            Path("deadly").unlink()
            os.kill(os.getpid(), 9)
        return n

    @step
    def hold(n: int) -> int:
        note("hold")
        while not Path("done").exists():
            time.sleep(0.001)
        return n

    @step
    def tell(word: str) -> str:
        return word

    @workflow
    def report(n: int = 1) -> int:
        return parse(fetch(n))

    @workflow
    def deadly(n: int = 1) -> int:
        return die(fetch(n))

    @workflow
    def held(n: int = 1) -> int:
        return hold(fetch(n))

    @workflow
    def asked() -> str:
        decision = gate("ship?", options=["now", "later"], name="ship")
        return tell(decision.choice)

    @workflow
    def told() -> tuple[str, str]:
        return go.wait(), go.wait()
"""


@pytest.fixture(autouse=True)
def shop(write):
    return write("shop.py", SHOP)


@pytest.fixture
def ran(project):
    """What steps have run, in order."""

    def ran():
        return (project / "ran.txt").read_text().split() if (project / "ran.txt").exists() else []

    return ran


def ids(flowkit, *options):
    return [run["id"] for run in json.loads(flowkit("runs", "--json", *options).out)["runs"]]


# -- where ------------------------------------------------------------------------------------------------------------------


def test_runs_are_kept_in_a_folder_of_their_own(flowkit, project):
    """It is for nobody else, and no part of the sources."""
    answer = flowkit("run", "shop:report")
    assert (answer.code, answer.out, answer.err) == (0, "2\n", "")
    assert ids(flowkit) == [answer.run_id]
    folder = project / ".flowkit"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "runs.db").stat().st_mode) == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"


def test_an_option_goes_before_the_environment_and_that_before_the_folder(flowkit, project, monkeypatch):
    monkeypatch.setenv("FLOWKIT_STORE", "sqlite:///env.db")
    assert flowkit("run", "shop:report", "--run-id", "one").err == "note: run `one` of `report` is kept in `env.db`\n"
    answer = flowkit("run", "shop:report", "--run-id", "two", "--store", "sqlite:///own.db")
    assert answer.err == "note: run `two` of `report` is kept in `own.db`\n"
    assert flowkit("run", "shop:report", "--no-store") == (0, "2\n", "")
    assert (ids(flowkit), ids(flowkit, "--store", "sqlite:///own.db")) == (["one"], ["two"])
    assert not (project / ".flowkit").exists()


def test_a_store_outside_of_the_working_directory_is_told_whole(flowkit, tmp_path_factory):
    path = tmp_path_factory.mktemp("elsewhere") / "runs.db"
    answer = flowkit("run", "shop:report", "--store", f"sqlite:///{path}", "--run-id", "one")
    assert answer.err == f"note: run `one` of `report` is kept in `sqlite:///{path}`\n"


def test_a_store_and_no_store_contradict_each_other(flowkit, ran):
    answer = flowkit("run", "shop:report", "--store", "sqlite:///own.db", "--no-store")
    assert answer == (
        2,
        "",
        "error: `--store` and `--no-store` say the opposite of each other\n  help: leave one of them out\n",
    )
    assert ran() == []


def test_a_workflow_may_have_options_of_these_names(write, flowkit, project):
    write(
        "own.py",
        """
        @step
        def join(store: str, run_id: str, no_store: bool) -> str:
            return f"{store} {run_id} {no_store}"

        @workflow
        def report(store: str, run_id: str, no_store: bool = False) -> str:
            return join(store, run_id, no_store)
        """,
    )
    own = ["--store", "a", "--run-id", "b", "--no-store"]
    answer = flowkit("run", "--store", "sqlite:///own.db", "--run-id", "one", "own:report", *own)
    assert (answer.code, answer.out) == (0, '"a b True"\n')
    assert ids(flowkit, "--store", "sqlite:///own.db") == ["one"]


@pytest.mark.parametrize("command", ["run", "read"])
@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("sqlite:///folder", "this is a folder; name a file in it"),
        ("sqlite:////dev/null", "this is no plain file"),
        ("sqlite:///notes.txt", "this isn't a SQLite database"),
        ("sqlite:///other.db", "this is a database of another application"),
        ("sqlite:///shared.db", "others may write this file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://host/runs.db", 'did you mean "sqlite:///host/runs.db"?'),
        ("runs.db", "isn't a URL"),
        ("", "isn't a URL"),
        ("postgresql://ann:s3cret@host/db", "there is no store called `postgresql`"),
        ("postgresql://host/db?password=s3cret&x=1", "there is no store called `postgresql`"),
        ("sqlite:///runs.db?synchronous=off", "write synchronous= once, with full or normal"),
    ],
)
def test_a_store_that_can_t_be_used_is_told_and_left_alone(flowkit, project, ran, command, store, told):
    (project / "folder").mkdir()
    (project / "notes.txt").write_text("x" * 200)
    with sqlite3.connect(project / "other.db") as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    open_store("sqlite:///shared.db").close()
    (project / "shared.db").chmod(0o666)
    before = {path: path.stat().st_mtime_ns for path in project.iterdir()}
    answer = flowkit(*(["run", "shop:report"] if command == "run" else ["runs"]), "--store", store)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert "s3cret" not in answer.err
    assert ran() == []
    assert {path: path.stat().st_mtime_ns for path in project.iterdir() if path.name != "__pycache__"} == before


@pytest.mark.parametrize("kind", ["a file", "a link to nothing", "a name that is too long"])
def test_where_the_folder_can_t_be_made_nothing_is_run(flowkit, project, ran, kind, monkeypatch):
    if kind == "a file":
        (project / ".flowkit").touch()
    elif kind == "a link to nothing":
        (project / ".flowkit").symlink_to("nowhere")
    else:
        monkeypatch.setattr("flowkit.cli.keeping.FOLDER", "a" * 300)
    answer = flowkit("run", "shop:report")
    assert answer.code == 2
    assert answer.err.startswith("error: runs can't be kept: ")
    assert "`--store URL` keeps them elsewhere" in answer.err
    assert ran() == []


def test_the_engine_that_a_module_sets_up_keeps_its_runs_as_well(write, flowkit):
    write(
        "own.py",
        SHOP
        + """
    use(Engine(executor="inline"))
    """,
    )
    answer = flowkit("run", "own:report")
    assert (answer.code, answer.out) == (0, "2\n")
    assert ids(flowkit) == [answer.run_id]


def test_the_store_of_a_module_s_own_engine_is_nearer_than_the_folder(write, flowkit, project, monkeypatch):
    write("own.py", SHOP + '\n    use(Engine(store="sqlite:///mine.db", recover=False))\n')
    assert flowkit("run", "own:report", "--run-id", "a").err == "note: run `a` of `report` is kept in `mine.db`\n"
    assert flowkit("run", "own:report", "--run-id", "b", "--store", "sqlite:///./mine.db").code == 0
    for option in (["--store", "sqlite:///other.db"], ["--no-store"]):
        answer = flowkit("run", "own:report", *option)
        assert answer.code == 2
        assert f"sets up an engine that keeps its runs in sqlite:///{project}/mine.db" in answer.err
        assert f"so `{option[0]}` can't be heeded" in answer.err
    assert ids(flowkit, "--store", "sqlite:///mine.db") == ["b", "a"]
    assert not (project / "other.db").exists()


# -- ids --------------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M83")
def test_the_same_id_is_the_same_run(flowkit, ran):
    assert flowkit("run", "shop:report", "--run-id", "today").out == "2\n"
    answer = flowkit("run", "shop:report", "--run-id", "today")
    assert (answer.code, answer.out) == (0, "2\n")
    assert answer.err.startswith("note: run `today` of `report` has succeeded ")
    assert ran() == ["fetch", "parse"]


@pytest.mark.parametrize("command", [["shop:report", "--n", "2"], ["shop:held"]])
def test_an_id_of_another_run_is_refused(flowkit, ran, command):
    flowkit("run", "shop:report", "--run-id", "today")
    answer = flowkit("run", *command, "--run-id", "today")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: run `today` exists already: ")
    assert ran() == ["fetch", "parse"]


@pytest.mark.parametrize("run_id", ["", "  "])
def test_an_id_says_something(flowkit, run_id, ran):
    answer = flowkit("run", "shop:report", "--run-id", run_id)
    assert answer.code == 2
    assert "run_id" in answer.err
    assert ran() == []


@pytest.mark.parametrize(
    "run_id",
    [
        "../../etc/passwd",
        "'; DROP TABLE runs;--",
        "%",
        "a\nb",
        "\x1b[2J",
        "\u202egnp.exe",
        "🏃 " * 100,
        "[bold]x[/bold]",
    ],
)
def test_ids_are_texts_and_nothing_else(flowkit, project, run_id):
    """They are shown escaped, and lead nowhere else."""
    answer = flowkit("run", "shop:report", "--run-id", run_id)
    assert (answer.code, answer.out) == (0, "2\n")
    for command in (["show", run_id], ["logs", run_id], ["runs"], ["gc", "--older-than", "0s", "--dry-run"]):
        shown = flowkit(*command)
        assert shown.code == 0
        for text in (answer.err, shown.out, shown.err):
            assert all(one.isprintable() or one == "\n" for one in text)
    assert json.loads(flowkit("show", run_id, "--json").out)["id"] == run_id
    assert sorted(path.name for path in project.iterdir() if path.name != "__pycache__") == [
        ".flowkit",
        "ran.txt",
        "shop.py",
    ]


def test_a_failed_run_is_told_again_and_not_run_again(flowkit, project, ran):
    (project / "bad").touch()
    first = flowkit("run", "shop:report", "--run-id", "today")
    assert first.code == 1
    assert first.err.endswith("note: `flowkit resume today` goes on with it\n")
    (project / "bad").unlink()
    again = flowkit("run", "shop:report", "--run-id", "today")
    assert (again.code, again.out) == (1, "")
    assert "error: `report` failed in `parse`" in again.err
    assert "ValueError: 1 is bad" in again.err
    assert ran() == ["fetch", "parse"]


def test_what_can_t_be_kept_is_told_with_the_way_out(write, flowkit):
    write(
        "odd.py",
        """
        @step
        def make() -> object:
            return object

        @workflow
        def report() -> object:
            return make()

        @workflow
        def taking(it: object) -> object:
            return make()

        class Desk:
            @workflow
            def order(self) -> int:
                return 1

        desk = Desk()
        """,
    )
    answer = flowkit("run", "odd:report")
    assert answer.code == 1
    assert "what `make` gave can't be kept" in answer.err
    assert answer.err.endswith("note: `--no-store` runs it and keeps nothing\n")
    answer = flowkit("run", "odd:desk.order")
    assert answer.code == 1
    assert "the argument `self` of `Desk.order` can't be kept" in answer.err
    assert answer.err.endswith("note: `--no-store` runs it and keeps nothing\n")
    assert flowkit("run", "odd:desk.order", "--no-store").out == "1\n"


# -- processes that end before their runs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["run", "shop:deadly", "--run-id", "today"], ["resume", "today"]])
@pytest.mark.covers("M80", "M81")
def test_a_run_whose_process_was_killed_goes_on_in_another(spawn, flowkit, project, bury, ran, command):
    """No step that has succeeded is run again."""
    (project / "deadly").touch()
    assert spawn("run", "shop:deadly", "--run-id", "today").wait(60) == -signal.SIGKILL
    bury("today")
    answer = flowkit(*command)
    assert (answer.code, answer.out) == (0, "1\n")
    assert answer.err.startswith("note: run `today` of `deadly` goes on from what is on record of it in ")
    assert ran() == ["fetch", "die", "die"]


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_process_that_is_told_to_stop_lets_go_of_its_run_at_once(spawn, flowkit, project, ran, until, number, code):
    process = spawn("run", "shop:held", "--run-id", "today")
    until(lambda: "hold" in ran())
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert err.splitlines()[1:] == [
        "error: `held` was told to stop, and hasn't ended",
        "  help: `flowkit resume today` goes on with it",
    ]
    [run] = json.loads(flowkit("runs", "--json").out)["runs"]
    assert (run["status"], run["held"]) == ("running", False)
    assert "somebody to resume it" in flowkit("runs").out
    (project / "done").touch()
    assert flowkit("resume", "today").out == "1\n"
    assert ran() == ["fetch", "hold", "hold"]


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.covers("M77", "M86")
def test_a_run_that_another_process_has_is_waited_for(spawn, project, ran, until):
    first = spawn("run", "shop:held", "--run-id", "today")
    until(lambda: "hold" in ran())
    second, third = (spawn("run", "shop:held", "--run-id", "today") for _ in range(2))
    for process in (second, third):
        assert "is another process's" in process.stderr.readline()
        assert process.stderr.readline() == "  help: Ctrl-C leaves it alone\n"
    third.send_signal(signal.SIGINT)
    _, err = third.communicate(timeout=60)
    assert third.returncode == 130
    assert err.splitlines() == [
        "error: `held` goes on in the process that has it",
        "  help: `flowkit cancel today` ends it",
    ]
    (project / "done").touch()
    assert [process.communicate(timeout=60)[0] for process in (first, second)] == ["1\n", "1\n"]
    assert ran() == ["fetch", "hold"]


@pytest.mark.usefixtures("unmeasured")
def test_who_waits_for_a_run_goes_on_with_it_when_its_process_has_died(spawn, project, bury, ran, until):
    first = spawn("run", "shop:held", "--run-id", "today")
    until(lambda: "hold" in ran())
    second = spawn("run", "shop:held", "--run-id", "today")
    assert "is another process's" in second.stderr.readline()
    first.kill()
    first.wait()
    bury("today")
    (project / "done").touch()
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (0, "1\n")
    assert "note: nobody has run `today` any more; it goes on here\n" in err
    assert ran() == ["fetch", "hold", "hold"]


@pytest.mark.covers("M80")
def test_lost_runs_are_told_of(spawn, flowkit, project, bury):
    (project / "deadly").touch()
    spawn("run", "shop:deadly", "--run-id", "today").wait(60)
    bury("today")
    told = [
        "note: 1 run here is lost: its process has died",
        "  help: `flowkit runs --status lost` lists them, `flowkit resume RUN` goes on with one",
    ]
    assert flowkit("run", "shop:report").err.splitlines() == told
    answer = flowkit("runs")
    assert answer.err.splitlines() == told
    assert ids(flowkit, "--status", "lost") == ["today"]


def test_a_run_that_takes_its_processes_down_is_given_up(spawn, flowkit, project, kept, ran):
    """It is failed then, and goes on again when somebody wants that."""
    (project / "deadly").touch()
    spawn("run", "shop:deadly", "--run-id", "today").wait(60)
    store = kept()
    for name in ["one", "two", *map(str, range(9))]:  # processes that take it over and die at once
        store.renew(store.run("today").owner, 0.0)
        store.claim("today", name)
    store.renew(store.run("today").owner, 0.0)
    answer = flowkit("run", "shop:deadly", "--run-id", "today")
    assert (answer.code, answer.out) == (1, "")
    assert "run `today` is given up: it was taken over 11 times without getting any further" in answer.err
    assert flowkit("resume", "today").out == "1\n"
    assert ran() == ["fetch", "die", "die"]


def test_a_body_that_differs_from_the_record_is_told(write, flowkit, project, ran):
    (project / "bad").touch()
    flowkit("run", "shop:report", "--run-id", "today")
    write(
        "other.py",
        SHOP.replace("parse(fetch(n))", "parse(fetch(n, n))").replace("def fetch(n: int)", "def fetch(n: int, m: int)"),
    )
    (project / "shop.py").write_text((project / "other.py").read_text())
    sys.modules.pop("shop")
    answer = flowkit("resume", "today")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: run `today` can't go on with `report` as it is written now:\n- ")
    assert answer.err.splitlines()[-2:] == [
        "  help: put back what it was, and `flowkit resume today` goes on with it",
        "  help: `flowkit fork today --at fetch` goes on from what fits, in a run of its own",
    ]
    assert "Traceback" not in answer.err
    assert ran() == ["fetch", "parse"]


# -- gates and signals of runs that go on -----------------------------------------------------------------------------------


def test_a_gate_opens_again_where_the_run_goes_on(spawn, flowkit, bury):
    process = spawn("run", "shop:asked", "--run-id", "today")
    assert "gate `ship`" in [process.stderr.readline() for _ in range(2)][1]
    process.kill()
    process.wait()
    bury("today")
    answer = flowkit("resume", "today", "--approve", "ship=now", "--who", "ann")
    assert (answer.code, answer.out) == (0, '"now"\n')
    assert answer.err.splitlines()[1:] == []


@pytest.mark.usefixtures("unmeasured")
def test_a_gate_is_asked_in_the_terminal_where_the_run_goes_on(spawn, terminal, bury):
    process = spawn("run", "shop:asked", "--run-id", "today")
    assert "gate `ship`" in [process.stderr.readline() for _ in range(2)][1]
    process.kill()
    process.wait()
    bury("today")
    shown = terminal("resume", "today")
    shown.read(until=r"\? ship\?  \(`ship`\)\n  1  now\n  2  later\n  a number or a name, or reject: $")
    assert shown.text.count("? ship?") == 1
    shown.type("2\n")
    shown.read(until="feedback, or Enter: $")
    shown.type("\n")
    text = shown.read()
    assert shown.process.wait() == 0
    assert text.rstrip().endswith('"later"')


@pytest.mark.usefixtures("unmeasured")
def test_a_gate_that_is_decided_elsewhere_is_taken_back_in_the_terminal(terminal, flowkit):
    shown = terminal("run", "shop:asked", "--run-id", "today")
    shown.read(until="a number or a name, or reject: $")
    assert flowkit("approve", "today", "--choice", "now", "--who", "ann").code == 0
    text = shown.read()
    assert shown.process.wait() == 0
    assert "reject: \nnote: the gate `ship` isn't open any more: ann has decided\n" in text


def test_what_the_same_command_sends_counts_once(spawn, flowkit, bury):
    """Another message of its place, and one that another command sends, counts."""
    command = ["run", "shop:told", "--run-id", "today", "--send", 'go="a"']
    process = spawn(*command)
    told = [process.stderr.readline() for _ in range(2)]
    assert "waits for the signal `go`" in told[1]
    process.kill()
    process.wait()
    bury("today")
    answer = flowkit(*command, "--send", 'go="b"')
    assert (answer.code, json.loads(answer.out)) == (0, ["a", "b"])


# -- resume -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [[], ["shop:report"], ["shop.py:report"]])
@pytest.mark.covers("M81", "M90")
def test_a_failed_run_goes_on_where_it_failed(flowkit, project, ran, target):
    (project / "bad").touch()
    run_id = flowkit("run", "shop:report").run_id
    (project / "bad").unlink()
    answer = flowkit("resume", run_id[:6], *target)
    assert (answer.code, answer.out) == (0, "2\n")
    assert ran() == ["fetch", "parse", "parse"]
    again = flowkit("resume", run_id)
    assert (again.code, again.out) == (0, "2\n")
    assert f"note: run `{run_id}` of `report` has succeeded " in again.err
    assert ran() == ["fetch", "parse", "parse"]


def test_a_run_of_another_workflow_is_refused(flowkit, project):
    (project / "bad").touch()
    flowkit("run", "shop:report", "--run-id", "today")
    answer = flowkit("resume", "today", "shop:held")
    assert (answer.code, answer.err) == (2, "error: run `today` is one of `shop:report`, not of `shop:held`\n")


def test_a_workflow_that_isn_t_found_by_its_name_is_asked_for(write, flowkit, project, monkeypatch):
    write("deep/down.py", SHOP)
    (project / "bad").touch()
    flowkit("run", "deep/down.py:report", "--run-id", "down")
    sys.modules.pop("down")
    monkeypatch.setattr(sys, "path", [one for one in sys.path if not one.endswith("deep")])
    answer = flowkit("resume", "down")
    assert answer.code == 2
    assert answer.err.splitlines()[0] == "error: there is no module `down`"
    assert answer.err.splitlines()[-1] == ("  help: say where it is: `flowkit resume down path/to/file.py:workflow`")
    (project / "bad").unlink()
    assert flowkit("resume", "down", "deep/down.py:report").out == "2\n"


def test_a_name_of_its_own_is_no_place(write, flowkit, project):
    write(
        "named.py",
        """
        from pathlib import Path

        @step
        def one() -> int:
            if Path("bad").exists():
                raise ValueError
            return 1

        @workflow(name="nightly")
        def it() -> int:
            return one()
        """,
    )
    (project / "bad").touch()
    flowkit("run", "named:it", "--run-id", "today")
    (project / "bad").unlink()
    answer = flowkit("resume", "today")
    assert answer.code == 2
    assert "`nightly` is a name that it was given, not a place" in answer.err
    assert flowkit("resume", "today", "named:it").out == "1\n"


def test_a_run_that_a_program_began_goes_on_from_the_command_line(write, flowkit, project, environment, ran):
    program = """
    if __name__ == "__main__":
        with Engine(store="sqlite:///runs.db"):
            report.with_options(run_id="today").start(1).wait()
    """
    path = write("program.py", SHOP + program)
    (project / "bad").touch()
    subprocess.run([sys.executable, str(path)], cwd=project, env=environment, check=True)
    (project / "bad").unlink()
    answer = flowkit("resume", "today", "--store", "sqlite:///runs.db")
    assert (answer.code, answer.out) == (0, "2\n")
    assert ran() == ["fetch", "parse", "parse"]


def test_a_cancelled_run_stays_so(flowkit, spawn, ran, until):
    process = spawn("run", "shop:held", "--run-id", "today")
    until(lambda: "hold" in ran())
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    answer = flowkit("resume", "today")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: run `today` was cancelled, which is its end\n")


def test_only_workflows_are_resumed(flowkit, kept, project):
    """A name in a record leads to nothing else, whatever it names."""
    flowkit("run", "shop:report", "--run-id", "today")
    store = kept()
    for place, name in enumerate(["os:system", "shop:fetch", "shop:note", "x.y.z:__import__", "shop:report.__call__"]):
        store.create(NewRun(f"evil{place}", name, "{}", "d", 1.0), "nobody")
        store.retire("nobody")
        answer = flowkit("resume", f"evil{place}")
        assert (answer.code, answer.out) == (2, ""), name
        assert "Traceback" not in answer.err
