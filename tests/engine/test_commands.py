"""Programs as steps: real ones. Whether one is gone is seen by its end of a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
from collections import UserList
from pathlib import Path
from types import MappingProxyType

import attrs
import pytest

from flowkit import (
    CommandFailed,
    Completed,
    EncodingError,
    Engine,
    MisuseError,
    PolicyError,
    Retry,
    RunCancelled,
    RunStatus,
    StepTimeout,
    command,
    fixed,
    live,
    outcome,
    race,
    repeat,
    step,
    workflow,
)
from flowkit.shapes.programs import run_program

PYTHON = sys.executable
SOON = 0.05
LONG = 30.0

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups")


@attrs.frozen
class Report:
    name: str
    a: list[int]


@step
def same(x: object) -> object:
    return x


class Pipe:
    """A named pipe that programs hold open for writing, and that we read."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.said = ""

    def until(self, said: str) -> None:
        """Wait until the programs have written this."""
        # A pipe that nobody has opened yet looks as if all had closed it.
        poll = select.poll()
        poll.register(self._read, select.POLLIN)
        while said not in self.said:
            assert poll.poll(LONG * 1000), self.said
            with contextlib.suppress(BlockingIOError):
                self.said += os.read(self._read, 1000).decode()

    def is_left(self) -> bool:
        """Whether every program that held it is gone, soon."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))  # so that it counts as closed if none came that far
        while select.select([self._read], [], [], LONG)[0]:
            data = os.read(self._read, 1000).decode()
            if not data:
                return True
            self.said += data
        return False

    def close(self) -> None:
        os.close(self._read)


@pytest.fixture
def held(tmp_path):
    pipe = Pipe(tmp_path / "held")
    yield pipe
    pipe.close()


@pytest.fixture
def never(tmp_path):
    """A pipe into which nobody writes: who reads it waits."""
    path = tmp_path / "never"
    os.mkfifo(path)
    return path


@pytest.fixture
def family(held, never):
    """A program with a child that writes to the same pipes, both of them there for good."""
    return [
        "sh",
        "-c",
        'exec 9>"$1"; sh -c \'echo child >&9; read x <"$1"\' - "$2" & echo parent >&9; read x <"$2"',
        "-",
        held.path,
        never,
    ]


@pytest.fixture(params=["called", "started", "inline"])
def run(request):
    def run(workflow, *args):
        if request.param == "called":
            return workflow(*args)
        if request.param == "started":
            return workflow.start(*args).result(LONG)
        with Engine(executor="inline"):
            return workflow(*args)

    return run


def python(code: str, *args: object) -> list[object]:
    return [PYTHON, "-c", code, *args]


# -- running ------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M41")
def test_a_program_gives_what_it_wrote_and_how_it_ended(run):
    @workflow
    def made() -> Completed:
        return command(["sh", "-c", "echo out; echo err >&2"])

    done = run(made)

    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 0)
    assert done.args == ("sh", "-c", "echo out; echo err >&2")


@pytest.mark.covers("M41")
def test_results_may_be_anywhere(run, tmp_path):
    @workflow
    def made() -> str:
        text = same("it's $(me) *")
        done = command(
            ["sh", "-c", 'printf "%s\n" "$@"; cat; pwd; echo "$SAID"', "-", text, same(3), same(Path("a b"))],
            env={"SAID": same(0.5)},
            cwd=same(tmp_path),
            input=same("typed\n"),
        )
        return done.stdout

    assert run(made) == f"it's $(me) *\n3\na b\ntyped\n{tmp_path.resolve()}\n0.5\n"


def test_the_whole_list_may_be_a_result():
    @workflow
    def made() -> str:
        return command(same(["echo", "hello"])).stdout

    started = made.start()

    assert started.result() == "hello\n"
    assert [one.key for one in started.steps] == ["same", "command"]


def test_results_may_be_in_lists_and_mappings_of_other_kinds():
    @workflow
    def made() -> str:
        args = UserList(["sh", "-c", 'echo "$1 $A"', "-", same("x")])
        return command(args, env=MappingProxyType({"A": same("y")})).stdout

    assert made() == "x y\n"


def test_what_is_given_is_as_it_was_at_the_call():
    @workflow
    def made() -> str:
        args, env = ["sh", "-c", 'echo "$1 $A"', "-", "x"], {"A": "y"}
        done = command(args, env=env)
        args[4] = env["A"] = "changed"
        return done.stdout

    assert made() == "x y\n"


def test_a_program_keeps_its_place(tmp_path):
    @workflow
    def made() -> str:
        command(["mkdir", "a"], cwd=tmp_path)
        command(["touch", "a/b"], cwd=tmp_path)
        return command(["ls", "a"], cwd=tmp_path).stdout

    assert made() == "b\n"


def test_it_is_called_as_its_program_or_as_it_is_named():
    @workflow
    def made() -> None:
        command(["/bin/sh", "-c", "true"])
        command(["sh", "-c", "true"])
        command(["true"], name="check")

    started = made.start()
    started.result()

    assert [one.key for one in started.steps] == ["sh", "sh#2", "check"]


def test_ten_megabytes_on_both_pipes_at_once():
    code = """
import sys
for _ in range(100):
    sys.stdout.write("o" * 100_000)
    sys.stderr.write("e" * 100_000)
"""

    @workflow
    def made() -> Completed:
        return command(python(code))

    done = made()

    assert (done.stdout, done.stderr) == ("o" * 10_000_000, "e" * 10_000_000)
    assert (done.stdout_cut, done.stderr_cut) == (0, 0)
    assert len(repr(done)) < 1000


def test_ten_megabytes_go_in_while_they_come_out():
    @workflow
    def made() -> Completed:
        return command(["cat"], input=b"x" * 10_000_000)

    assert made().stdout == "x" * 10_000_000


def test_a_program_needn_t_read_what_it_is_given():
    @workflow
    def made() -> Completed:
        return command(["true"], input=b"x" * 10_000_000)

    assert made().returncode == 0


def test_without_input_there_is_nothing_to_read():
    @workflow
    def made() -> Completed:
        return command(["cat"])

    assert made().stdout == ""


def test_bytes_that_are_no_text_survive():
    @workflow
    def made() -> Completed:
        return command(python(r"import sys; sys.stdout.buffer.write(b'caf\xc3\xa9 \xff\xfe\n')"))

    done = made()

    assert done.stdout == "café \\xff\\xfe\n"
    assert json.loads(json.dumps(done.stdout)) == done.stdout
    done.stdout.encode()


def test_of_too_much_output_the_end_is_kept():
    @workflow
    def made() -> Completed:
        return command(["sh", "-c", "echo 123456789; echo abc >&2"], max_output=5)

    done = made()

    assert (done.stdout, done.stdout_cut) == ("6789\n", 5)
    assert (done.stderr, done.stderr_cut) == ("abc\n", 0)


def test_output_isn_t_cut_within_a_character():
    @workflow
    def made() -> Completed:
        return command(["printf", "a€€"], max_output=5)

    assert (made().stdout, made().stdout_cut) == ("€", 4)


# -- the environment ----------------------------------------------------------------------------------------------------


@pytest.mark.covers("M41")
def test_the_environment_is_merged(monkeypatch):
    monkeypatch.setenv("FROM_HERE", "1")
    monkeypatch.setenv("CHANGED", "1")
    monkeypatch.setenv("REMOVED", "1")

    @workflow
    def made() -> object:
        code = "import os, json; print(json.dumps(dict(os.environ)))"
        return command(python(code), env={"CHANGED": 2, "REMOVED": None, "NEVER": None, "NEW": "3"}, parse=json.loads)

    environment = made()

    assert (environment["FROM_HERE"], environment["CHANGED"], environment["NEW"]) == ("1", "2", "3")
    assert not {"REMOVED", "NEVER"} & set(environment)
    assert environment["PATH"]


# -- parsing ------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M41")
def test_a_type_reads_the_output_as_json(run):
    @workflow
    def made() -> Report:
        return command(["echo", '{"name": "x", "a": [1, 2]}'], parse=Report)

    assert run(made) == Report("x", [1, 2])


def test_so_does_a_type_made_of_types():
    @workflow
    def made() -> object:
        return command(["echo", "[null, 2]"], parse=list[int | None])

    assert made() == [None, 2]


def test_a_function_gets_the_text(run):
    @workflow
    def made() -> str:
        return command(["echo", " hello "], parse=str.strip)

    assert run(made) == "hello"


def test_parts_of_what_was_parsed_are_results():
    @workflow
    def made() -> object:
        return same(command(["echo", '{"name": "x", "a": [1, 2]}'], parse=Report).a[1])

    assert made() == 2


def test_output_that_isn_t_of_the_type_says_where_and_of_which_program(run):
    @workflow
    def made() -> Report:
        return command(["echo", '{"name": "x", "a": [1, 2, 3, "4"]}'], parse=Report)

    with pytest.raises(EncodingError) as caught:
        run(made)

    assert caught.value.path == "$.a[3]"
    assert "`$.a[3]`" in str(caught.value)
    assert "in the output of `echo`" in str(caught.value)


def test_a_function_that_fails_raises_its_own(run):
    @workflow
    def made() -> int:
        return command(["echo", "hello"], parse=int_of)

    with pytest.raises(ValueError, match="hello") as caught:
        run(made)

    assert "raised by parse= on the output of `echo`" in caught.value.__notes__


def int_of(text: str) -> int:
    return int(text)


def test_what_is_parsed_must_be_whole():
    @workflow
    def made() -> object:
        return command(["echo", "[1, 2, 3]"], parse=list[int], max_output=4)

    with pytest.raises(CommandFailed, match="raise max_output"):
        made()


def test_output_is_parsed_whatever_the_exit_code_without_check():
    @workflow
    def made() -> int:
        return command(["sh", "-c", "echo 5; exit 1"], parse=int, check=False)

    assert made() == 5


# -- failing ------------------------------------------------------------------------------------------------------------


def test_an_exit_code_is_a_failure(run):
    @workflow
    def made() -> Completed:
        return command(["sh", "-c", "echo out; echo broken >&2; exit 3"])

    with pytest.raises(CommandFailed) as caught:
        run(made)

    error = caught.value
    assert (error.cmd[0], error.returncode, error.stdout, error.stderr) == ("sh", 3, "out\n", "broken\n")
    assert "exit code 3; with check=False" in str(error)
    assert str(error).endswith("\n  | broken")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_unless_it_needn_t_be_0(run):
    @workflow
    def made() -> int:
        return command(["sh", "-c", "exit 3"], check=False).returncode

    assert run(made) == 3


def test_what_a_failure_says_is_the_end_of_what_was_written():
    @workflow
    def made() -> Completed:
        return command(python("import sys; [print('line', i) for i in range(10**5)]; sys.exit(1)"))

    with pytest.raises(CommandFailed) as caught:
        made()

    assert str(caught.value).endswith("\n  | line 99998\n  | line 99999")
    assert len(str(caught.value)) < 2000


def test_a_signal_is_named():
    @workflow
    def made() -> Completed:
        return command(["sh", "-c", "kill -9 $$"])

    with pytest.raises(CommandFailed, match="was ended by SIGKILL") as caught:
        made()

    assert caught.value.returncode == -9


def test_what_can_t_be_started_is_named(tmp_path, run):
    script, orphan = tmp_path / "script", tmp_path / "orphan"
    script.write_text("echo hello\n")
    orphan.write_text("#!/nobody/is/here\n")
    orphan.chmod(0o755)

    @workflow
    def made(args: list[str], cwd: str | None = None) -> Completed:
        return command(args, cwd=cwd)

    for args, cwd, said in (
        (["no-such-program"], None, "`no-such-program` can't be run: there is no such program on the PATH"),
        (["./no-such-file"], tmp_path, f"there is no such file in `{tmp_path}`"),
        ([script], None, "chmod"),
        (["./orphan"], tmp_path, "its first line"),
        (["ls"], tmp_path / "nowhere", "nowhere`, which is no folder; look at cwd="),
        (["ls"], script, "script`, which is no folder"),
    ):
        with pytest.raises(CommandFailed) as caught:
            run(made, args, cwd)
        assert said in str(caught.value)
        assert caught.value.returncode is None


def test_what_is_no_program_says_how_it_would_be_one(tmp_path):
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)

    @workflow
    def made() -> Completed:
        return command([script])

    with pytest.raises(CommandFailed, match="first line"):
        made()


@pytest.mark.covers("M41")
def test_a_failure_is_tried_again(run, tmp_path):
    place = tmp_path / "place"

    @workflow
    def made() -> str:
        again = Retry(max_attempts=3, backoff=fixed(0))
        script = 'echo x >>"$1"; [ $(wc -l <"$1") -eq 3 ] && echo done'
        return command(["sh", "-c", script, "-", place], retries=again).stdout

    assert run(made) == "done\n"
    assert place.read_text() == "x\nx\nx\n"


def test_a_failure_can_be_looked_at():
    @step
    def code(end: object) -> object:
        return end.error.returncode

    @workflow
    def made() -> object:
        return code(outcome(command(["false"])))

    assert made() == 1


# -- ending early -------------------------------------------------------------------------------------------------------


@pytest.mark.covers("M41")
def test_out_of_time_the_whole_family_is_gone(run, held, family):
    @workflow
    def made() -> Completed:
        return command(family, timeout=1)

    with pytest.raises(StepTimeout, match="`sh` took longer than its timeout of 1s"):
        run(made)

    assert held.is_left()
    assert set(held.said.split()) == {"child", "parent"}


def test_cancelled_the_whole_family_is_gone(held, family):
    @workflow
    def made() -> Completed:
        return command(family)

    started = made.start()
    held.until("child")
    started.cancel()

    with pytest.raises(RunCancelled):
        started.result(LONG)
    assert held.is_left()


def test_who_doesn_t_listen_is_killed(held, family):
    @workflow
    def made() -> Completed:
        return command(["sh", "-c", 'trap "" TERM; "$@"', "-", *family], kill_after=SOON)

    started = made.start()
    held.until("child")
    started.cancel()

    with pytest.raises(RunCancelled):
        started.result(LONG)
    assert held.is_left()


def test_a_program_is_asked_first(held):
    code = """
import os, signal, sys
held = os.open(sys.argv[1], os.O_WRONLY)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.write(held, b"here\\n")
signal.sigwait([signal.SIGTERM])
os.write(held, b"bye\\n")
"""

    @workflow
    def made() -> Completed:
        return command(python(code, held.path))

    started = made.start()
    held.until("here")
    started.cancel()

    with pytest.raises(RunCancelled):
        started.result(LONG)
    assert held.is_left()
    assert held.said == "here\nbye\n"


def test_who_holds_the_pipes_of_a_program_that_has_ended_is_ended(run, held, never):
    @workflow
    def made() -> str:
        left = 'exec 9>"$1"; sh -c \'echo child >&9; read x <"$1"\' - "$2" & echo done'
        return command(["sh", "-c", left, "-", held.path, never], kill_after=0.5).stdout

    assert run(made) == "done\n"
    assert held.is_left()
    assert held.said == "child\n"


def test_who_has_other_pipes_is_left_alone(held, never):
    @workflow
    def made() -> str:
        left = 'sh -c \'read x <"$1"; echo "$x"\' - "$2" >"$1" 2>/dev/null & echo done'
        return command(["sh", "-c", left, "-", held.path, never]).stdout

    assert made() == "done\n"
    never.write_text("still here\n")
    held.until("still here")


def test_nobody_waits_for_who_has_left_the_group(held, never):
    code = """
import subprocess, sys
child = 'exec 9>"$1"; read x <"$2"'
subprocess.Popen(["sh", "-c", child, "-", *sys.argv[1:]], start_new_session=True)
print("done")
"""

    @workflow
    def made() -> str:
        return command(python(code, held.path, never), kill_after=SOON).stdout

    assert made() == "done\n"
    never.write_text("go\n")
    assert held.is_left()


def test_the_program_that_loses_is_ended(held, family, tmp_path):
    begun = tmp_path / "begun"
    os.mkfifo(begun)

    @workflow
    def made() -> Completed:
        return race(
            command(["sh", "-c", 'read x <"$1"; echo fast', "-", begun]),
            command(["sh", "-c", 'echo >"$1"; shift; exec "$@"', "-", begun, *family]),
        )

    assert made.start().result(LONG).stdout == "fast\n"
    assert held.is_left()


@pytest.mark.parametrize("turns", range(8))
async def test_cancelled_while_it_starts_nothing_is_left(held, family, turns):
    argv = [str(one) for one in family]
    task = asyncio.create_task(run_program(argv, env=dict(os.environ), cwd=None, input=b"", limit=0, grace=LONG))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert held.is_left()


@pytest.mark.parametrize("turns", range(8))
async def test_cancelled_twice_while_it_starts_nothing_is_left(held, family, turns):
    argv = ["sh", "-c", 'trap "" TERM; "$@"', "-", *map(str, family)]
    task = asyncio.create_task(run_program(argv, env=dict(os.environ), cwd=None, input=b"", limit=0, grace=LONG))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert held.is_left()


async def test_cancelled_again_it_is_killed_at_once(held, family):
    argv = ["sh", "-c", 'trap "" TERM; "$@"', "-", *map(str, family)]
    task = asyncio.create_task(run_program(argv, env=dict(os.environ), cwd=None, input=None, limit=0, grace=LONG))
    await asyncio.to_thread(held.until, "child")
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert held.is_left()


async def test_on_a_loop_of_ones_own(held, family):
    @workflow
    def made() -> Completed:
        return command(family)

    task = asyncio.ensure_future(_awaited(made.start()))
    await asyncio.to_thread(held.until, "child")
    task.cancel()

    with pytest.raises((asyncio.CancelledError, RunCancelled)):
        await task
    assert await asyncio.to_thread(held.is_left)


async def _awaited(run):
    return await run


def test_an_engine_that_shuts_down_leaves_no_program(held, family):
    @workflow
    def made() -> Completed:
        return command(["sh", "-c", 'trap "" TERM; "$@"', "-", *family], kill_after=LONG)

    engine = Engine()
    with engine:
        started = made.start()
        held.until("child")
        engine.shutdown()

    assert started.status is RunStatus.CANCELLED
    assert held.is_left()


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("executor", ["thread", "inline"])
def test_ctrl_c_leaves_no_program(tmp_path, held, never, executor):
    script = tmp_path / "script.py"
    script.write_text("""
import sys
from flowkit import Completed, Engine, command, workflow

@workflow
def made(args: list[str]) -> Completed:
    return command(args, input="go")

with Engine(executor=sys.argv[1]):
    made(sys.argv[2:])
""")
    # It gets what it reads once it has been started, as far as the engine is concerned.
    blocks = ["sh", "-c", 'exec 9>"$1"; read go; echo here >&9; read x <"$2"', "-", held.path, never]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([PYTHON, script, executor, *blocks], env=environment, stderr=subprocess.DEVNULL) as process:
        held.until("here")
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG) != 0
    assert held.is_left()


# -- in other places ----------------------------------------------------------------------------------------------------


def test_a_live_body_awaits_programs():
    @workflow
    async def made() -> object:
        one, two = await asyncio.gather(live.command(["echo", "1"]), live.command(["echo", "2"], parse=int))
        return one.stdout, two

    assert made.start().result(LONG) == ("1\n", 2)


def test_a_live_body_may_give_up_a_program(held, family):
    @workflow
    async def made() -> str:
        task = asyncio.ensure_future(live.command(family))
        await asyncio.to_thread(held.until, "child")
        task.cancel()
        return "given up"

    assert made.start().result(LONG) == "given up"
    assert held.is_left()


def test_programs_of_a_map_run_side_by_side(tmp_path):
    """Each waits for the other."""
    there, back = tmp_path / "there", tmp_path / "back"
    os.mkfifo(there)
    os.mkfifo(back)

    @workflow
    def one(script: str) -> str:
        return command(["sh", "-c", script], cwd=tmp_path).stdout

    @workflow
    def made() -> list[str]:
        return one.map(["read x <there; echo a; echo >back", "echo >there; read x <back; echo b"])

    assert made.start().result(LONG) == ["a\n", "b\n"]


def test_a_program_in_a_loop():
    def more(text: str) -> str:
        return command(["sh", "-c", 'printf "%s" "$1"x', "-", text]).stdout

    @workflow
    def made() -> str:
        return repeat(more, "", until=lambda text: len(text) == 3)

    assert made() == "xxx"


def test_side_by_side_in_many_threads_no_pipe_is_anothers(tmp_path):
    """A pipe that leaks into another program would stay open as long as that one."""

    @workflow
    def made(n: int) -> str:
        return command(["sh", "-c", "cat; echo $1", "-", n], input="in\n").stdout

    with Engine():
        said: list[str] = []
        threads = [threading.Thread(target=lambda n=n: said.append(made(n))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
    assert sorted(said) == [f"in\n{n}\n" for n in range(8)]


# -- what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("make test", '["sh", "-c", \'make test\']'),
        (b"make", "no shell"),
        ([], "as a list"),
        (5, "as a list"),
        ({"make"}, "as a list"),
        ([["make"]], "the program of a `command`"),
        (["make", None], "argument 1 of a `command`"),
        (["make", True], "argument 1"),
        (["make", b"x"], "argument 1"),
        (["make", "a\0b"], "NUL"),
    ],
)
def test_arguments_that_are_none_are_refused(args, said):
    @workflow
    def made() -> Completed:
        return command(args)

    @workflow
    def later() -> Completed:
        return command(same(args))

    for one in (made, later):
        with pytest.raises(MisuseError) as caught:
            one()
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"env": ["LANG"]}, "as a dict"),
        ({"env": {"A=B": "x"}}, "isn't the name of a variable"),
        ({"env": {"": "x"}}, "isn't the name of a variable"),
        ({"env": {1: "x"}}, "isn't the name of a variable"),
        ({"env": {"A": True}}, "`A` in env"),
        ({"env": {"A": "\0"}}, "NUL"),
        ({"cwd": 5.5j}, "cwd of a `command`"),
        ({"input": 5}, "text or bytes as input"),
        ({"parse": "json"}, "a type or a plain function as parse"),
        ({"parse": str}, "parse=str.strip"),
        ({"parse": asyncio.sleep}, "a plain function"),
        ({"tiemout": 5}, "did you mean `timeout`?"),
        ({"effect": True}, "unknown option `effect`"),
        ({"check": 1}, "check=1"),
        ({"max_output": -1}, "max_output=-1"),
        ({"max_output": True}, "max_output=True"),
        ({"kill_after": "soon"}, "kill_after='soon'"),
        ({"timeout": 0}, "timeout=0"),
        ({"retries": -1}, "retries=-1"),
        ({"name": "two words"}, "name='two words'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, said):
    @workflow
    def made() -> object:
        return command(["true"], **options)

    with pytest.raises((MisuseError, PolicyError)) as caught:
        made()
    assert said in str(caught.value)


def test_a_command_is_for_bodies():
    with pytest.raises(MisuseError, match="for the body of a workflow"):
        command(["true"])


def test_in_a_live_body_it_is_another_word():
    @workflow
    async def made() -> object:
        return command(["true"])

    with pytest.raises(MisuseError, match=r"await live\.command"):
        made.start().result(LONG)
