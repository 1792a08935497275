"""`flowkit runs`, `show` and `logs`: what is on record, for people and for programs."""

from __future__ import annotations

import json
import re
import signal

import pytest

from flowkit.engine.kept import Commit, KeptAttempt, KeptEvent, KeptNode, NewRun, RunChange
from flowkit.stores.paging import cursor

SHOP = """
    from pathlib import Path

    go = Signal[str]("go")

    @step(retries=Retry(2, backoff=[0]))
    def shaky(n: int) -> int:
        raise ValueError(f"{n} is\\nbad")

    @step
    def fetch(n: int, tags: list[str]) -> int:
        return n + len(tags)

    @workflow
    def report(n: int = 1, *, tags: list[str] = ["a"]) -> int:
        return fetch(n, tags)

    @workflow
    def failing(n: int = 1) -> int:
        return shaky(fetch(n, []))

    @workflow
    def asked() -> list[str]:
        with concurrent():
            decision = gate("ship?", options=["now", "later"], name="ship", timeout="2h")
            came = go.wait()
            sleep("1d")
        return [decision.choice, came]
"""
HOSTILE = "\x1b[2J[red]a\nb\u202ec\x07"
"""What clears a screen, means something to rich, adds a line, and turns text around."""


@pytest.fixture(autouse=True)
def shop(write):
    return write("shop.py", SHOP)


@pytest.fixture
def data(flowkit):
    """What `--json` says."""

    def data(*command):
        answer = flowkit(*command, "--json")
        assert (answer.code, answer.err) == (0, "")
        return json.loads(answer.out)

    return data


@pytest.fixture
def asked(spawn, kept, until):
    """A run in another process that waits for somebody."""
    process = spawn("run", "shop:asked", "--run-id", "asked")
    told = ""
    while "signal `go`" not in told or "gate `ship`" not in told:
        line = process.stderr.readline()
        assert line, told
        told += line
    store = kept()
    until(lambda: store.run("asked").status == "waiting")
    return process


@pytest.fixture
def hostile(flowkit, kept):
    """A run whose every text was written by somebody who means harm."""
    flowkit("run", "shop:report", "--run-id", "good")
    store = kept()
    new = NewRun(f"id{HOSTILE}", f"shop:{HOSTILE}", json.dumps({HOSTILE: HOSTILE}), "d", 1e300)
    lease = store.create(new, "nobody").lease
    error = json.dumps({"module": "builtins", "name": HOSTILE, "text": HOSTILE, "trace": HOSTILE, "notes": [HOSTILE]})
    facts = json.dumps({"gate": {"prompt": HOSTILE, "options": [HOSTILE]}})
    nodes = [
        KeptNode(
            HOSTILE, HOSTILE, "step", "failed", value=json.dumps(HOSTILE), error=error, reason=HOSTILE, why=HOSTILE
        ),
        KeptNode(f"gate{HOSTILE}", "flowkit:gate", "step", "waiting", facts=facts, due=-1e308),
        KeptNode("odd", "s", "step", HOSTILE, value="no json", error="nor this", started=9e300, ended=1.0),
        KeptNode("deep", "s", "step", "succeeded", value="[" * 50_000 + "]" * 50_000),
    ]
    attempts = [KeptAttempt(HOSTILE, 1, 1.0, 2.0, HOSTILE, error, HOSTILE, 1e308)]
    events = [
        KeptEvent(1, 1e300, HOSTILE, HOSTILE, json.dumps({"a": HOSTILE, "error": json.loads(error)})),
        KeptEvent(2, -1e300, "step_failed", HOSTILE, "no json"),
        KeptEvent(3, 0.0, "step_failed", HOSTILE, '{"error": 3, "seconds": "x"}'),
    ]
    store.commit([Commit(lease, nodes, attempts, events, run=RunChange("running", 1e300, stuck=HOSTILE))])
    store.renew("nobody", 3600.0)
    decision = {"approved": [HOSTILE], "choice": HOSTILE, "who": HOSTILE, "feedback": HOSTILE}
    store.post(new.run_id, "decision", f"gate{HOSTILE}", json.dumps(decision), 1e300)
    store.post(new.run_id, "signal", HOSTILE, "no json", -1e300)
    store.post(new.run_id, "cancel", "", json.dumps({"reason": 3, "detail": HOSTILE}), 1e300)
    store.post(new.run_id, "cancel", "", "[]", 1e300)
    return new.run_id


# -- runs -------------------------------------------------------------------------------------------------------------------


def test_runs_are_listed_the_newest_first(flowkit):
    first = flowkit("run", "shop:report").run_id
    second = flowkit("run", "shop:failing").run_id
    answer = flowkit("runs")
    assert (answer.code, answer.err) == (0, "")
    head, *rows = [line.split() for line in answer.out.splitlines()]
    assert head == ["run", "workflow", "status", "began", "took", "waits", "for"]
    assert [row[:3] for row in rows] == [
        [second, "shop:failing", "failed"],
        [first, "shop:report", "succeeded"],
    ]


def test_a_list_has_all_there_is_to_it_as_json(flowkit, data):
    run_id = flowkit("run", "shop:report").run_id
    listed = data("runs")
    [run] = listed["runs"]
    assert {name: run[name] for name in run if name not in {"created", "changed", "ended"}} == {
        "id": run_id,
        "workflow": "shop:report",
        "status": "succeeded",
        "held": False,
        "stuck": "",
        "recoveries": 0,
        "resumes": 0,
        "parent": "",
        "origin": "",
        "waits_for": [],
        "unheard": [],
    }
    assert run["created"] <= run["ended"] == run["changed"]
    assert (listed["after"], listed["counts"]) == (None, {"succeeded": 1})
    assert listed["store"].endswith("/.flowkit/runs.db")


@pytest.mark.covers("M91")
def test_runs_are_chosen_by_status_and_workflow_and_come_in_pages(flowkit, data):
    for place in range(5):
        flowkit("run", "shop:report", "--run-id", f"good{place}")
    flowkit("run", "shop:failing", "--run-id", "bad")

    def ids(*options):
        return [run["id"] for run in data("runs", *options)["runs"]]

    assert ids("--status", "failed") == ["bad"]
    assert ids("--status", "failed", "--status", "succeeded", "--limit", "2") == ["bad", "good4"]
    assert ids("--workflow", "shop:report", "--limit", "1") == ["good4"]
    assert ids("--workflow", "shop") == []
    page = data("runs", "--limit", "4")
    assert (len(page["runs"]), page["counts"]) == (4, {"succeeded": 5, "failed": 1})
    assert ids("--limit", "4", "--after", page["after"]) == ["good1", "good0"]
    shown = flowkit("runs", "--limit", "4")
    assert shown.err == f"note: there are more\n  help: `flowkit runs --after {page['after']}` lists the next ones\n"


def test_the_place_of_a_page_is_never_taken_for_an_option():
    """As text that begins with a dash would be."""
    assert {cursor(float(number), "run")[0] for number in range(300)} == {"p"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--status", "suceeded"], "did you mean `succeeded`?"),
        (["--limit", "0"], "`--limit 0` leaves no room for a run"),
        (["--after", "run1"], "isn't from a page"),
    ],
)
def test_a_list_that_means_nothing_is_refused(flowkit, options, told):
    flowkit("run", "shop:report")
    answer = flowkit("runs", *options)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


@pytest.mark.covers("M91")
def test_what_a_run_waits_for_is_said(flowkit, data, asked):
    [run] = data("runs")["runs"]
    assert (run["status"], run["held"]) == ("waiting", True)
    gate, came, slept = sorted(run["waits_for"], key=lambda wait: wait["kind"])
    assert (gate["key"], gate["prompt"], gate["options"]) == ("ship", "ship?", ["now", "later"])
    assert 7_000 < gate["due"] - run["created"] < 7_300
    assert came == {"kind": "signal", "key": "go", "signal": "go", "due": None}
    assert (slept["kind"], slept["key"]) == ("time", "sleep")
    assert re.search(r"waiting .* gate `ship`, in [12]h [05][09]m; .*signal `go`", flowkit("runs").out)
    shown = flowkit("show", "asked")
    assert re.search(r"^waits for +gate `ship`", shown.out, re.MULTILINE)
    assert [run["id"] for run in data("runs", "--status", "waiting")["runs"]] == ["asked"]
    assert data("runs", "--status", "running")["runs"] == []


def test_what_was_decided_before_a_run_was_taken_up_again_decides_nothing_now(flowkit, data, kept):
    """The gate opens again then, and asks again."""
    flowkit("run", "shop:report")
    store = kept()
    lease = store.create(NewRun("again", "shop:asked", "{}", "d", 0.0), "a").lease
    facts = json.dumps({"gate": {"prompt": "ship?", "options": []}})
    store.commit([Commit(lease, [KeptNode("ship", "flowkit:gate", "step", "waiting", facts=facts)])])
    store.post("again", "decision", "ship", json.dumps({"approved": True}), 1.0)
    assert [one["key"] for one in data("show", "again")["unheard"]] == ["ship"]
    assert data("show", "again")["waits_for"] == []
    store.commit([Commit(lease, run=RunChange("failed", 2.0), release=True)])
    store.claim("again", "b", again=True)
    shown = data("show", "again")
    assert (shown["unheard"], [wait["key"] for wait in shown["waits_for"]]) == ([], ["ship"])


def test_reading_takes_nothing_and_changes_nothing(flowkit, data, asked, kept):
    """The process that has the run isn't disturbed, and nobody else gets it."""
    store = kept()
    before = store.run("asked"), store.nodes("asked"), store.events("asked")
    for command in (["runs"], ["show", "asked"], ["show", "asked", "--attempts", "--values"], ["logs", "asked"]):
        assert flowkit(*command).code == 0
    assert (store.run("asked"), store.nodes("asked"), store.events("asked")) == before
    asked.send_signal(signal.SIGINT)
    assert asked.wait(60) == 130


@pytest.mark.parametrize("command", [["runs"], ["show", "x"], ["logs", "x"], ["resume", "x"], ["cancel", "x"]])
@pytest.mark.parametrize("store", ["default", "named", "empty"])
def test_a_store_is_never_made_by_looking_for_one(flowkit, project, command, store):
    (project / "empty.db").touch()
    named = [] if store == "default" else ["--store", f"sqlite:///{store}.db"]
    answer = flowkit(*command, *named)
    assert (answer.code, answer.out) == (2, "")
    assert "there is no store here" in answer.err
    assert sorted(path.name for path in project.iterdir()) == ["empty.db", "shop.py"]
    assert (project / "empty.db").stat().st_size == 0


def test_a_store_further_up_is_pointed_at(flowkit, project, monkeypatch):
    flowkit("run", "shop:report")
    (project / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(project / "deep" / "down")
    answer = flowkit("runs")
    assert answer.code == 2
    assert answer.err.splitlines()[-1] == f"  help: there is one in `{project}`"


# -- naming one -------------------------------------------------------------------------------------------------------------


def test_a_run_is_named_by_as_much_of_its_id_as_is_its_own(flowkit, data):
    for run_id in ("2026-11-20", "2026-11-21", "2026"):
        flowkit("run", "shop:report", "--run-id", run_id)
    assert data("show", "2026-11-20")["id"] == "2026-11-20"
    assert data("show", "2026")["id"] == "2026"
    answer = flowkit("show", "2026-11")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "error: `2026-11` is how the ids of 2 runs begin",
        "  help: `2026-11-21`, a run of `shop:report`",
        "  help: `2026-11-20`, a run of `shop:report`",
    ]
    assert flowkit("show", "202").err.splitlines()[0] == "error: there is no run `202` in `.flowkit/runs.db`"


def test_runs_that_a_run_has_started_don_t_get_in_its_way(write, flowkit, data):
    write(
        "outer.py",
        """
        @step
        def one() -> int:
            return 1

        @workflow
        def inner() -> int:
            return one()

        @step(effect=True)
        def within() -> int:
            return inner()

        @workflow
        def outer() -> int:
            return within()
        """,
    )
    run_id = flowkit("run", "outer:outer").run_id
    assert data("show", run_id[:5])["id"] == run_id
    [child] = [run for run in data("runs")["runs"] if run["parent"] == run_id]
    assert data("show", f"{run_id}/")["id"] == child["id"]


def test_a_slip_is_told_with_what_may_be_meant(flowkit):
    flowkit("run", "shop:report", "--run-id", "nightly-report")
    for given in ("nihgtly-report", "nightly-reprot", "nihgtly"):
        answer = flowkit("show", given)
        assert answer.err.splitlines() == [
            f"error: there is no run `{given}` in `.flowkit/runs.db`",
            "  help: did you mean `nightly-report`?",
            "  help: `flowkit runs` lists them",
        ]


# -- show -------------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M91")
def test_a_run_is_shown_whole(flowkit):
    run_id = flowkit("run", "shop:report", "--n", "4").run_id
    text = flowkit("show", run_id).out
    for pattern in (
        rf"^run +{run_id}$",
        r"^workflow +shop:report$",
        r"^status +succeeded \(.* ago\)$",
        r"^  n +4$",
        r'^  tags +\["a"\]$',
        r"^fetch +succeeded +1 +\S+$",
        r"^5$",
    ):
        assert re.search(pattern, text, re.MULTILINE), pattern
    assert re.search(r"^fetch +succeeded +1 +\S+ +5$", flowkit("show", run_id, "--values").out, re.MULTILINE)


def test_of_many_items_those_are_shown_that_matter(write, flowkit, data):
    write(
        "many.py",
        """
        @step
        def half(n: int) -> int:
            if n == 17:
                raise ValueError(f"{n} is odd")
            return n // 2

        @workflow(fail_fast=False)
        def report(n: int) -> list[int]:
            return half.map(range(n))
        """,
    )
    few, many = (flowkit("run", "many:report", "--n", n).run_id for n in (20, 30))
    lines = flowkit("show", few).out.splitlines()
    assert len([line for line in lines if line.startswith("half[")]) == 20
    lines = flowkit("show", many).out.splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("half "))
    shown = [line.split()[0] for line in lines[place + 1 :] if line.startswith("half[")]
    assert len(shown) == 6
    assert "half[17]" in shown
    assert lines[place + 7] == "  and 24 more that succeeded"
    assert len(data("show", many)["steps"]) == 31


@pytest.mark.covers("M76", "M91")
def test_failures_are_shown_with_their_attempts(flowkit, data):
    run_id = flowkit("run", "shop:failing").run_id
    text = flowkit("show", run_id, "--attempts").out
    assert re.search(r"^shaky +failed +2 .*ValueError: 1 is; ", text, re.MULTILINE)
    assert re.search(r"^  attempt 1 +failed .*ValueError: 1 is", text, re.MULTILINE)
    assert "\nValueError: 1 is\nbad\nin step `shaky`, attempt 2 of run" in text
    assert "Recorded traceback (most recent call last):" in text
    shown = data("show", run_id, "--attempts", "--values")
    assert (shown["status"], shown["result"], shown["arguments"]) == ("failed", None, {"n": 1})
    assert (shown["error"]["type"], shown["error"]["message"]) == ("ValueError", "1 is\nbad")
    assert "in shaky" in shown["error"]["trace"]
    fetch, shaky = shown["steps"]
    assert (fetch["status"], fetch["value"], fetch["attempts"]) == ("succeeded", 1, 1)
    assert (shaky["status"], shaky["value"], shaky["attempts"]) == ("failed", None, 2)
    assert [one["status"] for one in shaky["attempts_made"]] == ["failed", "failed"]
    assert shaky["attempts_made"][0]["error"]["message"] == "1 is\nbad"
    plain = data("show", run_id)["steps"][0]
    assert "value" not in plain
    assert "attempts_made" not in plain


def test_of_what_went_well_in_the_end_no_failure_is_shown_but_one_that_a_fallback_stood_in_for(write, flowkit):
    write(
        "mended.py",
        """
        from pathlib import Path

        @step(retries=Retry(2, backoff=[0]))
        def second_time() -> int:
            if not Path("tried").exists():
                Path("tried").touch()
                raise ValueError("not yet")
            return 1

        @step(on_failure=Fallback(value=2))
        def never() -> int:
            raise KeyError("none")

        @step
        def add(a: int, b: int) -> int:
            return a + b

        @workflow
        def report() -> int:
            return add(second_time(), never())
        """,
    )
    run_id = flowkit("run", "mended:report").run_id
    shown = flowkit("show", run_id).out
    assert re.search(r"^second_time +succeeded +2 +\S+$", shown, re.MULTILINE)
    assert re.search(r"^never +succeeded +1 +\S+ +fallback for KeyError: 'none'$", shown, re.MULTILINE)
    assert "ValueError: not yet" in flowkit("show", run_id, "--attempts").out


def test_numbers_are_shown_as_numbers_however_they_are_kept(write, flowkit, data):
    write("wide.py", "@step\ndef wide() -> float:\n    return 3\n@workflow\ndef report() -> float:\n    return wide()")
    run_id = flowkit("run", "wide:report").run_id
    assert re.search(r"^wide +succeeded +1 +\S+ +3$", flowkit("show", run_id, "--values").out, re.MULTILINE)
    shown = data("show", run_id, "--values")
    assert (shown["result"], shown["steps"][0]["value"]) == (3, 3)


# -- logs -------------------------------------------------------------------------------------------------------------------


def test_what_happened_is_one_line_for_each_event(flowkit):
    run_id = flowkit("run", "shop:failing").run_id
    lines = flowkit("logs", run_id).out.splitlines()
    assert [re.split(" {2,}", line)[1:3] for line in lines[1:-1]] == [
        ["step started", "fetch"],
        ["step succeeded", "fetch"],
        ["step started", "shaky"],
        ["step retrying", "shaky"],
        ["step started", "shaky"],
        ["step failed", "shaky"],
    ]
    assert "run started" in lines[0]
    assert "ValueError: 1 is\\nbad" in lines[-1]


def test_events_are_json_lines(flowkit):
    run_id = flowkit("run", "shop:failing").run_id
    events = [json.loads(line) for line in flowkit("logs", run_id, "--json").out.splitlines()]
    assert [event["number"] for event in events] == list(range(1, 9))
    assert set(events[0]) == {"number", "time", "kind", "key", "data"}
    retrying = events[4]
    assert (retrying["kind"], retrying["key"]) == ("step_retrying", "shaky")
    assert retrying["data"]["error"]["type"] == "ValueError"
    assert retrying["data"]["attempt"] == 1


def test_what_happens_on_is_followed_to_the_end(flowkit, spawn, asked):
    follower = spawn("logs", "asked", "--follow", "--json")
    kinds = [json.loads(follower.stdout.readline())["kind"]]
    flowkit("send", "asked", "go", '"now"')
    while kinds[-1] != "signal_received":
        kinds.append(json.loads(follower.stdout.readline())["kind"])
    asked.send_signal(signal.SIGINT)
    assert asked.wait(60) == 130
    out, err = follower.communicate(timeout=60)
    kinds += [json.loads(line)["kind"] for line in out.splitlines()]
    assert (follower.returncode, err) == (0, "")
    assert (kinds[0], kinds[-1]) == ("run_started", "run_cancelled")


def test_following_a_run_that_nobody_has_says_so(spawn, asked, bury):
    asked.kill()
    asked.wait()
    bury("asked")
    follower = spawn("logs", "asked", "--follow")
    assert follower.stderr.readline() == "note: nobody has run `asked` now; waiting\n"
    follower.send_signal(signal.SIGINT)
    assert follower.wait(60) == 130


def texts_of(data):
    """All texts in a JSON document, one after the other."""
    if isinstance(data, dict):
        return " ".join(f"{name} {texts_of(value)}" for name, value in data.items())
    return " ".join(map(texts_of, data)) if isinstance(data, list) else str(data)


# -- what means harm --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["runs"], ["show"], ["show", "--attempts", "--values"], ["logs"], ["resume"], ["approve"], ["cancel"]]
)
def test_texts_from_a_store_are_shown_and_do_nothing(flowkit, hostile, command):
    name, *options = command
    answer = flowkit(name, *([] if name == "runs" else [hostile]), *options)
    assert answer.code in (0, 2)
    shown = answer.out + answer.err
    assert all(one.isprintable() or one == "\n" for one in shown), repr(shown)
    assert "\\x1b[2J[red]a\\n" in shown
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("command", [["runs"], ["show"], ["show", "--attempts", "--values"], ["logs"]])
def test_texts_from_a_store_are_the_same_as_json(flowkit, hostile, command):
    name, *options = command
    answer = flowkit(name, *([] if name == "runs" else [hostile]), *options, "--json")
    assert (answer.code, answer.err) == (0, "")
    for document in answer.out.splitlines() if name == "logs" else [answer.out]:
        assert all(one.isprintable() or one == "\n" for one in document)
        assert HOSTILE in texts_of(json.loads(document))
