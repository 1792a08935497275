"""Exceptions as data: as they were where that can be, harmless where it can't."""

import asyncio
import concurrent.futures
import copy
import gc
import json
import os
import pickle
import subprocess
import sys
import textwrap
import traceback
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flowkit.errors
from flowkit.diagnostics import Diagnostic, Label, Level, Span
from flowkit.engine.notes import add_note
from flowkit.engine.place import Interrupted
from flowkit.errors import (
    CancelReason,
    CheckFailed,
    CommandFailed,
    Deadlock,
    FlowkitError,
    GateTimeout,
    LoopError,
    RunCancelled,
    RunLost,
    RunSuspended,
    Skipped,
    StepError,
    StepTimeout,
)
from flowkit.stores.failures import RECORDED, Unkept, dump_error, load_error, raised


class Refusal(Exception):
    """Its constructor takes other things than what its arguments are."""

    def __init__(self, code, *, detail):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Response:
    def __repr__(self):
        return "<Response 404>"


class Missing(Exception):
    def __init__(self, response):
        super().__init__("not found")
        self.response = response


@attrs.define
class Slotted(Exception):
    code: int
    words: list[str]
    unset: int = attrs.field(init=False)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError


class Hostile(Exception):
    """Nothing about it is what it seems, and all of it raises."""

    def __init__(self, *args):
        constructed.append(args)
        super().__init__(*args)

    def __setattr__(self, name, value):
        raise RuntimeError

    def __getattribute__(self, name):
        if name in {"__class__", "__str__"}:
            return object.__getattribute__(self, name)
        raise RuntimeError

    def __reduce__(self):
        raise RuntimeError


constructed = []


class Group(ExceptionGroup):
    def derive(self, excs):
        return Group(self.message, excs)


def caught(error):
    """The same, with a traceback."""
    try:
        raise error
    except BaseException as error:
        return error


def back(error, *declared):
    return load_error(dump_error(error), declared)


def parts(error):
    """All that is to be the same of an exception that comes back."""
    if error is None:
        return None
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    state = {name: value for name, value in vars(error).items() if name != "__notes__"}
    args = (error.message,) if members else error.args
    notes = [note for note in getattr(error, "__notes__", ()) if not note.startswith(RECORDED)]
    cause, context = error.__cause__, error.__context__
    return (
        type(error), repr(args), repr(state), str(error), notes, error.__suppress_context__, parts(cause),
        context is cause or parts(context), [parts(member) for member in members],
    )  # fmt: skip


# As they were


OWN = [
    *(getattr(flowkit.errors, name)("a", "b") for name in (
        "EncodingError", "ValidationError", "RunNotFound", "RunConflict", "BlockingCall", "NonDeterminismError", "StoreError",
    )),
    FlowkitError("a"), flowkit.errors.PolicyError("a"), flowkit.errors.MisuseError("a", 1), flowkit.errors.Fatal("a"),
    flowkit.errors.EngineClosed("a"), flowkit.errors.GateRejected("g", "w", "f"), Interrupted(),
    flowkit.errors.IllegalTransition("a", "b", "c"), flowkit.errors.RetryAfter(3), flowkit.errors.RetryAfter("3.5", "m"),
    CommandFailed(["ls", "-l"], -9, "out", "err"), CommandFailed(["ls"], None, problem="can't be run"),
    StepTimeout("s", 1.5), StepTimeout("s", 2, "heartbeat_timeout"), GateTimeout("g", 60),
    RunCancelled(), RunCancelled("timeout", "d"), Skipped(["a", "b"]), Skipped("a"), Deadlock({"a": ["b"], "c": []}),
    RunLost("r", "d"), RunSuspended("r", CancelReason.LEASE_LOST), RunSuspended("r", "lease_lost"), LoopError("p", {"a": [1, (2,)]}),
    StepError("m.E", "message", "trace"), flowkit.errors.WorkflowChanged("r", "w", []),
    CheckFailed([Diagnostic("FK401", Level.WARNING, "t", (Label(Span("f", 1, 2, 3, 4, "x"), "l"),), ("n",), ("h",))]),
]  # fmt: skip

BUILTIN = [
    ValueError(), ValueError("a"), ValueError("a", 1, None, 2.5, True), KeyError("k"), KeyError(("a", 1)), IndexError(3),
    FileNotFoundError(2, "no such file", "/a"), OSError(18, "cross-device", "/a", None, "/b"), OSError("text"), OSError(),
    BlockingIOError(11, "later", 5), TimeoutError("t"), UnicodeDecodeError("utf-8", b"ab\xff", 2, 3, "bad"),
    UnicodeEncodeError("ascii", "aé", 1, 2, "bad"), ImportError("m", name="n", path="p"), ModuleNotFoundError("m", name="n"),
    NameError("n", name="x"), AttributeError("a", name="x"), SyntaxError("s", ("f", 1, 2, "x y", 1, 3)),
    StopIteration(3), StopAsyncIteration(), SystemExit(3), SystemExit("bye"), KeyboardInterrupt(), GeneratorExit(),
    MemoryError(), RecursionError("deep"), AssertionError("a"), NotImplementedError(), ZeroDivisionError("z"),
    ExceptionGroup("g", [ValueError(1), KeyError(2)]), BaseExceptionGroup("g", [KeyboardInterrupt(), ValueError(1)]),
    ExceptionGroup("g", (ExceptionGroup("h", [ExceptionGroup("i", [ValueError("x")])]), TypeError())),
    UserWarning("w"), asyncio.CancelledError("c"), ConnectionResetError(104, "reset"),
]  # fmt: skip


@pytest.mark.parametrize("error", [*OWN, *BUILTIN], ids=lambda error: repr(error)[:60])
def test_an_exception_of_flowkit_or_of_python_comes_back_as_itself(error):
    again = back(error)
    assert parts(again) == parts(error)
    assert dump_error(again) == dump_error(error)


def test_every_class_of_flowkit_was_asked():
    classes = {getattr(flowkit.errors, name) for name in flowkit.errors.__all__} - {CancelReason}
    assert classes <= {type(error) for error in OWN}


def test_a_deadlock_is_equal_in_its_attributes():
    again = back(Deadlock({"a": ["b"]}))
    assert again.waiting == {"a": ("b",)}


@pytest.mark.parametrize(
    "arg",
    [
        (1, (2,)), {"a": (1,), "$type": "x"}, {1: 2}, {"a"}, frozenset({1}), b"\0\xff", 2**100, -(2**63) - 1, float("inf"),
        Decimal("1.10"), UUID(int=3), Path("/a"), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), timedelta(1),
        "\ud800", "\0", "\ud83d\ude00", "é😀", [None, [True]], -0.0,
    ],
    ids=repr,
)  # fmt: skip
def test_arguments_of_pythons_own_types_come_back_exactly(arg):
    for error in (ValueError(arg), KeyError(arg), OSError(1, arg)):
        [again] = back(error).args[-1:]
        assert (type(again), repr(again)) == (type(arg), repr(arg))


def test_a_class_that_was_seen_raised_comes_back_as_itself():
    error = Refusal(3, detail="d")
    assert type(back(error)) is StepError
    raised(error)
    again = back(error)
    assert parts(again) == parts(error)
    assert (again.code, again.detail) == (3, "d")


def test_what_a_raised_exception_holds_and_comes_from_was_seen_too():
    class Inner(Exception):
        pass

    class Cause(Exception):
        pass

    group = ExceptionGroup("g", [Inner()])
    group.__cause__ = Cause()
    raised(group)
    assert type(back(Inner())) is Inner
    assert type(back(Cause())) is Cause


def test_a_declared_class_comes_back_as_itself():
    class Local(Exception):
        pass

    assert type(back(Local("a"))) is StepError
    assert type(back(Local("a"), Local)) is Local
    assert type(back(ExceptionGroup("g", [Local("a")]), Local).exceptions[0]) is Local


def test_classes_that_were_seen_arent_kept_alive():
    class Passing(Exception):
        pass

    text = dump_error(Passing())
    raised(Passing())
    del Passing
    gc.collect()
    assert type(load_error(text)) is StepError


def test_no_constructor_is_called_and_nothing_is_asked_of_the_object():
    error = Hostile("a", 1)
    text = dump_error(error)
    constructed.clear()
    again = load_error(text, [Hostile])
    assert type(again) is Hostile
    assert BaseException.__str__(again) == "('a', 1)"
    assert constructed == []


def test_slots_come_back_and_stay_empty_where_they_were():
    again = back(Slotted(3, ["a"]), Slotted)
    assert (again.code, again.words) == (3, ["a"])
    assert not hasattr(again, "unset")


def test_a_group_of_ones_own_comes_back_with_its_members():
    group = Group("g", [ValueError(1), Group("h", [KeyError(2)])])
    again = back(group, Group)
    assert parts(again) == parts(group)
    assert type(again.exceptions[1]) is Group


def test_a_group_whose_class_isnt_known_tells_of_its_members():
    class Unknown(ExceptionGroup):
        pass

    again = back(Unknown("g", [ValueError("a"), KeyError("b")]))
    assert type(again) is StepError
    assert again.__notes__ == ["it held ValueError: a", "it held KeyError: 'b'"]


def test_a_member_whose_class_isnt_known_is_a_step_error_in_its_group():
    class Unknown(Exception):
        pass

    [again] = back(ExceptionGroup("g", [Unknown("a")])).exceptions
    assert (type(again), again.message) == (StepError, "a")


def test_a_class_that_isnt_known_is_a_step_error_with_the_same_text_and_notes():
    error = caught(Refusal(3, detail="d"))
    error.add_note("n")
    text = dump_error(error).replace("Refusal", "Elsewhere")
    again = load_error(text)
    assert (type(again), again.type, again.message) == (StepError, f"{__name__}.Elsewhere", "3: d")
    assert again.__notes__[0] == "n"
    assert again.trace in again.__notes__[1]
    assert dump_error(load_error(dump_error(again))) == dump_error(again)


# What can't be kept


def test_what_has_no_exact_form_is_there_as_its_text():
    again = back(Missing(Response()), Missing)
    assert type(again) is Missing
    assert (str(again), again.response) == ("not found", "<Response 404>")
    assert type(again.response) is Unkept
    assert dump_error(again) == dump_error(Missing(Response()))


@pytest.mark.parametrize("cls", [ValueError, KeyError, OSError, SystemExit])
def test_arguments_that_cant_be_kept_leave_the_text_as_it_was(cls):
    for args in ([Response()], [Response(), 1], [[Response()]], [3, Response()]):
        error = cls(*args)
        assert type(back(error)) is type(error)
        assert str(back(error)) == str(error)


def test_a_zone_that_has_to_be_looked_up_isnt_kept():
    """The zones of some systems are a package, which would be imported."""
    [again] = back(ValueError(datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Paris")))).args
    assert type(again) is Unkept


def test_a_class_that_cant_say_its_text_still_comes_back():
    text = dump_error(Mute("a"))
    assert "can't say what it is" in json.loads(text)["text"]
    again = load_error(text, [Mute])
    assert (type(again), again.args) == (Mute, ("a",))
    assert "can't say what it is" in str(load_error(text))


def test_what_would_say_something_else_is_a_step_error():
    class Told(Exception):
        def __str__(self):
            return f"status {self.response.status}"

    error = Told()
    error.response = Response()
    error.response.status = 404
    again = back(error, Told)
    assert (type(again), again.message) == (StepError, "status 404")


def test_a_loops_state_that_cant_be_kept_is_there_as_its_text():
    again = back(LoopError("p", Response()))
    assert (type(again), again.state) == (LoopError, "<Response 404>")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x" * 100_000_000),
        ValueError("x", "y" * 100_000_000),
        ValueError(["x" * 1000] * 100_000),
        Refusal(3, detail="😀" * 10_000_000),
        CommandFailed(["a"], 1, "x" * 50_000_000, "y" * 50_000_000),
    ],
    ids=["text", "argument", "list", "attribute", "command"],
)
def test_what_is_too_long_is_cut_and_says_so(error):
    text = dump_error(error)
    assert len(text) < 1_000_000
    again = load_error(text, [Refusal])
    assert type(again) is type(error)
    assert "characters cut" in text
    assert again.args == load_error(dump_error(again), [Refusal]).args


def test_much_of_everything_is_bounded():
    error = ExceptionGroup("g", [ValueError("x" * 10_000) for _ in range(10_000)])
    for number in range(1000):
        error.add_note(f"{number} " + "x" * 10_000)
    vars(error).update({f"a{number}": "x" * 10_000 for number in range(1000)})
    text = dump_error(error)
    assert len(text) < 3_000_000
    again = load_error(text)
    assert type(again) is ExceptionGroup
    assert len(again.__notes__) == 20
    assert "more notes" in again.__notes__[-1]


def test_deep_chains_and_groups_end_somewhere_and_say_so():
    chain = ValueError(0)
    group = ExceptionGroup("g", [ValueError(0)])
    for number in range(1, 2000):
        chain, chain.__context__ = ValueError(number), chain
        group = ExceptionGroup("g", [group])
    again = back(chain)
    length, one = 0, again
    while one.__context__ is not None:
        length, one = length + 1, one.__context__
    assert length == 20
    assert one.__notes__ == ["(what this comes from isn't kept)"]
    assert type(back(group)) is ExceptionGroup
    assert "aren't kept" in dump_error(group)


def test_what_branches_at_each_level_stays_small():
    error = ValueError(0)
    for number in range(100):
        above = ExceptionGroup(str(number), [error, error])
        above.__cause__ = above.__context__ = error
        error = above
    assert len(dump_error(error)) < 100_000


def test_a_chain_that_closes_on_itself_ends():
    one, other = ValueError(1), ValueError(2)
    one.__context__, other.__context__ = other, one
    assert parts(back(one))[1] == "(1,)"
    assert back(one).__context__.__context__ is None


# Causes, notes, tracebacks


def test_causes_contexts_and_what_is_hidden_come_back():
    def chained(how):
        try:
            try:
                raise KeyError(1)
            except KeyError as error:
                if how == "from":
                    raise ValueError(2) from error
                raise ValueError(2) from None if how == "none" else TypeError(3)
        except ValueError as error:
            return error

    for how in ("from", "none", "other"):
        assert parts(back(chained(how))) == parts(chained(how))
    again = back(chained("from"))
    assert again.__context__ is again.__cause__


def test_the_traceback_is_printed_where_tracebacks_are():
    printed = "".join(traceback.format_exception(back(caught(ValueError("a")))))
    assert printed.startswith(f"ValueError: a\n{RECORDED}")
    assert 'test_failures.py", line' in printed
    assert "raise error" in printed


def test_it_holds_no_local_variables():
    secret = "s3cr3t" * 2
    text = dump_error(caught(ValueError(len(secret))))
    assert secret not in text


def test_an_exception_that_is_kept_again_has_the_first_traceback_once():
    first = caught(ValueError("a"))
    text = dump_error(first)
    again = caught(load_error(text))
    assert dump_error(again) == text
    copied = pickle.loads(pickle.dumps(again))
    assert dump_error(copied) == text
    assert [note.startswith(RECORDED) for note in load_error(dump_error(copied)).__notes__] == [True]


def test_notes_of_the_engine_come_back_as_text_and_arent_added_twice():
    error = caught(ValueError("a"))
    add_note(error, "n", about="b")
    again = back(error)
    add_note(again, "n", about="b")
    assert again.__notes__[0] == "n"
    assert len(again.__notes__) == 2


def test_a_long_traceback_has_its_innermost_frames():
    def down(depth):
        if depth == 0:
            raise ValueError("bottom")  # here
        down(depth - 1)

    try:
        down(500)
    except ValueError as error:
        trace = json.loads(dump_error(error))["trace"]
    assert len(trace) < 9000
    assert trace.rstrip("^ \n").endswith("# here")


def test_notes_that_arent_notes_are_left_out():
    error = ValueError("a")
    error.__notes__ = [1, "n", Response()]
    assert back(error).__notes__ == ["n"]
    error.__notes__ = Response()
    assert not hasattr(back(error), "__notes__")


# Properties


texts = st.text(st.characters(), max_size=20)
arguments = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.binary(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=5,
)
classes = st.sampled_from(
    [ValueError, KeyError, RuntimeError, OSError, FlowkitError, flowkit.errors.Fatal, Slotted, Exception]
)
names = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


@st.composite
def exceptions(draw, depth=2):
    if depth and draw(st.booleans()):
        error = BaseExceptionGroup(draw(texts), draw(st.lists(exceptions(depth=depth - 1), min_size=1, max_size=3)))
    else:
        cls = draw(classes | st.none())
        if cls is None:
            error = draw(st.sampled_from(OWN))
            error = copy.copy(error)
        elif cls is Slotted:
            error = Slotted(draw(st.integers()), draw(st.lists(texts, max_size=2)))
        else:
            error = cls(*draw(st.lists(arguments, max_size=2)))
    vars(error).update(draw(st.dictionaries(names, arguments, max_size=2)))
    for note in draw(st.lists(texts, max_size=2)):
        error.add_note(note)
    if depth:
        error.__context__ = draw(st.none() | exceptions(depth=depth - 1))
        error.__cause__ = draw(st.none() | st.just(error.__context__) | exceptions(depth=depth - 1))
        error.__suppress_context__ = draw(st.booleans())
    return caught(error) if draw(st.booleans()) else error


@given(exceptions())
def test_all_exceptions_that_may_come_back_do(error):
    text = dump_error(error)
    assert text.isascii()
    again = load_error(text, [Slotted])
    assert parts(again) == parts(error)
    assert dump_error(again) == text


@given(st.text(st.characters() | st.sampled_from("\ud800\udfff\0")), st.booleans())
def test_any_text_is_ascii_json_and_comes_back(text, is_note):
    error = ValueError() if is_note else ValueError(text)
    if is_note:
        error.add_note(text)
    written = dump_error(error)
    assert written.isascii()
    again = load_error(written)
    assert (again.args, list(getattr(again, "__notes__", ()))) == (error.args, [text] if is_note else [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(
    ["module", "name", "text", "args", "attributes", "notes", "trace", "cause", "context", "members", "hidden"]
)
types = st.sampled_from(
    ["builtins", "flowkit", "ValueError", "OSError", "UnicodeDecodeError", "ExceptionGroup", "StepError"]
)


@given(
    st.text() | st.dictionaries(keys, json_values | types | st.dictionaries(keys, json_values | types)).map(json.dumps)
)
def test_any_record_gives_an_exception(text):
    assert isinstance(load_error(text), BaseException)


# Records that somebody else wrote


CANARIES = [
    {"module": "os", "name": "system", "args": ["touch {canary}"]},
    {"module": "builtins", "name": "eval", "args": ["open('{canary}', 'w')"]},
    {"module": "builtins", "name": "__import__", "args": ["antigravity"]},
    {"module": "builtins", "name": "ValueError.__init__", "args": []},
    {"module": "builtins", "name": "__dict__", "args": []},
    {"module": "subprocess", "name": "Popen", "args": [["touch", "{canary}"]]},
    {"module": "antigravity", "name": "Error", "args": []},
    {"module": "this", "name": "s", "args": []},
    {"module": "program", "name": "Canary", "args": ["a"]},
    {"module": "program", "name": "NotAnError", "args": ["a"]},
    {"module": "program", "name": "instance.prop", "args": ["a"]},
    {"module": "program", "name": "Raised.__class__", "args": ["a"]},
    {"module": "flowkit", "name": "Engine", "args": []},
    {"module": "flowkit.errors", "name": "__name__", "args": []},
    {"module": "flowkit.cli.terminal", "name": "Refused", "args": ["a"]},
    {"module": "asyncio.exceptions", "name": "CancelledError", "args": []},
    {"__class__": "os:system", "args": ["touch {canary}"]},
    {"__reduce__": ["os.system", ["touch {canary}"]], "module": "builtins", "name": "x", "text": "t"},
    {"py/object": "os.system", "py/reduce": [{"py/type": "os.system"}, {"py/tuple": ["touch {canary}"]}]},
    {"exc_module": "os", "exc_type": "system", "exc_message": "touch {canary}"},
    {"lc": 1, "type": "constructor", "id": ["os", "system"]},
    {"$type": "os:system", "$value": "touch {canary}"},
    {"module": "builtins", "name": "UnicodeDecodeError", "args": ["a", {"$type": "bytes", "$value": ""}, -(10**15), 1 - 10**15, "x"]},
    {"module": "builtins", "name": "ValueError", "args": [{"$type": "os:system", "$value": "touch {canary}"}]},
    {"module": "builtins", "name": "ValueError", "args": [{"$type": "datetime", "$value": "2026-01-01T00:00:00[no/where]"}]},
    {"module": "builtins", "name": "ValueError", "args": [{"$type": "datetime", "$value": "2026-01-01[no/where][fold=1]"}]},
]  # fmt: skip
KEPT = [
    {"module": "builtins", "name": "ValueError", "args": ["a"], "attributes": {"__class__": "os", "__dict__": {}, "__reduce__": 1}},
    {"module": "builtins", "name": "ValueError", "args": ["a"], "attributes": {"__traceback__": 1, "args": 1, "__notes__": 3}},
]  # fmt: skip

WATCHED = """
    import json, sys
    from flowkit.stores.failures import load_error, raised
    from flowkit.errors import StepError

    class Canary(Exception):
        def __init__(self, *args): open(sys.argv[1], "w")
        __str__ = __repr__ = __setattr__ = __init__

    class NotAnError:
        def __init__(self, *args): open(sys.argv[1], "w")

    class Raised(Exception):
        @property
        def prop(self): open(sys.argv[1], "w")

    sys.modules["program"] = sys.modules["__main__"]
    instance = Raised()
    raised(instance)
    records = [text.replace("{canary}", sys.argv[1]) for text in json.load(open(sys.argv[2]))]
    seen = []
    forbidden = ("import", "exec", "compile", "subprocess.Popen", "os.system", "os.exec", "os.spawn", "os.fork", "pickle.find_class")

    def watch(event, args):
        if event in forbidden or event.startswith("socket.") or (event == "open" and args[1] not in ("r", "rb")):
            seen.append((event, str(args)[:100]))

    sys.addaudithook(watch)
    found = [load_error(text) for text in records]
    happened = list(seen)
    print(json.dumps([happened, [type(error) is StepError for error in found]]))
"""


def test_reading_a_record_runs_and_imports_nothing(tmp_path):
    """Also where asyncio isn't imported, of which a cancellation is."""
    program, canary, records = (tmp_path / name for name in ("program.py", "canary", "records.json"))
    program.write_text(textwrap.dedent(WATCHED))
    ours = [dump_error(caught(error)) for error in [*OWN, *BUILTIN] if type(error) is not asyncio.CancelledError]
    records.write_text(json.dumps([*map(json.dumps, [*CANARIES, *KEPT]), *ours]))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = [sys.executable, program, canary, records]
    printed = subprocess.run(run, env=env, check=True, capture_output=True, text=True).stdout
    happened, unknown = json.loads(printed)
    assert happened == []
    assert unknown[: len(CANARIES)] == [True] * len(CANARIES)
    assert not any(unknown[len(CANARIES) : len(CANARIES) + len(KEPT)])
    assert not canary.exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "3", '"x"', "{}", '{"module": 1, "name": 2}', "[" * 100_000, "9" * 5001, '{"a": NaN}', "x" * 50_000_000],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_a_record_that_cant_be_read_says_so(text):
    error = load_error(text)
    assert type(error) is StepError
    assert "can't be read" in str(error)


def test_a_record_that_is_deep_is_read_as_far_as_it_goes():
    data = {"module": "builtins", "name": "ValueError", "text": ""}
    for _ in range(150):
        data = {
            "module": "builtins",
            "name": "ExceptionGroup",
            "text": "g",
            "args": ["g"],
            "members": [data],
            "cause": data,
        }
        if len(json.dumps(data)) > 1_000_000:
            break
    assert isinstance(load_error(json.dumps(data)), BaseException)


def test_a_process_pools_traceback_is_kept_as_text():
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        try:
            pool.submit(int, "x").result()
        except ValueError as error:
            again = back(error)
    assert type(again.__cause__) is StepError
    assert "Traceback" in str(again.__cause__)
