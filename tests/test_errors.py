"""Every error flowkit raises: one tree, one address, and nothing lost on the way through pickle or copy."""

import copy
import pickle
import traceback

import pytest

import flowkit
from flowkit import errors
from flowkit.errors import (
    BlockingCall,
    CancelReason,
    CheckFailed,
    CommandFailed,
    Deadlock,
    EncodingError,
    EngineClosed,
    Fatal,
    FlowkitError,
    GateRejected,
    GateTimeout,
    IllegalTransition,
    LoopError,
    MisuseError,
    NonDeterminismError,
    PolicyError,
    RetryAfter,
    RunCancelled,
    RunConflict,
    RunLost,
    RunNotFound,
    RunSuspended,
    Skipped,
    StepError,
    StepTimeout,
    StoreError,
    ValidationError,
    WorkflowChanged,
)
from flowkit.graph.diffing import Difference

EXAMPLES = [
    FlowkitError("something"),
    CheckFailed(["error[FK101]: one", "error[FK201]: two"]),
    PolicyError("timeout=0 can't ever hold"),
    MisuseError("a workflow was called in a body"),
    EncodingError("a socket can't be kept", "$.user.tags[3]"),
    ValidationError("argument `x` of `score` doesn't fit", "$.tags[3]"),
    CommandFailed(["make", "test"], 2, "1 failed\n", "make: *** [test] Error 1\n"),
    StepTimeout("fetch", 30, "timeout"),
    StepTimeout("fetch", 300.0, "total_timeout"),
    StepTimeout("fetch", 0.25, "heartbeat_timeout"),
    RunCancelled("parent", "the night run ended"),
    Skipped(["`ship` was skipped", "its condition was false"]),
    Deadlock({"a": ["b"], "b": ["a"]}),
    RunNotFound("2026-11-20", "did you mean `2026-11-21`?"),
    RunConflict("2026-11-20", "its argument `url` was 'a'"),
    RunLost("42", "it was taken over 3 times"),
    RunSuspended("42", CancelReason.LEASE_LOST),
    StoreError("it is full", "sqlite:///runs.db"),
    StepError("shop.Declined", "no credit", "Traceback ..."),
    EngineClosed("start runs before `shutdown`"),
    BlockingCall("report(url)", "await report.start(url)"),
    IllegalTransition("fetch", "succeeded", "running"),
    NonDeterminismError("report", "it calls `load` where it had called `fetch`"),
    WorkflowChanged(
        "2026-11-20", "report", [Difference("changed", "total", "`total` is done", fits=False, again=("total",))]
    ),
    LoopError("the loop wasn't done after 10 rounds", {"score": 3}),
    GateRejected("deploy?", "ann", "not on a Friday"),
    GateTimeout("deploy?", 3600.0),
    Fatal("no such account", 42),
    RetryAfter(1.5, "slow down"),
]

COPIES = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def ids(error):
    return f"{type(error).__name__}-{getattr(error, 'kind', '')}"


def tree(cls):
    return [cls, *(sub for child in cls.__subclasses__() for sub in tree(child))]


def test_every_error_has_an_example_here():
    """The tests below cover the tree only as long as this one holds."""
    own = {cls for cls in tree(FlowkitError) if cls.__name__ in errors.__all__}
    assert own == {type(example) for example in EXAMPLES}


@pytest.mark.parametrize("name", errors.__all__)
def test_the_docstring_draws_every_error(name):
    if issubclass(getattr(errors, name), Exception):
        assert f"{name} " in errors.__doc__ or f"{name}\n" in errors.__doc__


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("error", EXAMPLES, ids=ids)
def test_errors_survive_being_copied(error, way):
    error = copy.copy(error)
    error.add_note("in step `fetch`, attempt 2")

    again = COPIES[way](error)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert vars(again) == vars(error)
    assert again.__notes__ == ["in step `fetch`, attempt 2"]


@pytest.mark.parametrize("name", errors.__all__)
def test_errors_are_known_by_their_public_address(name):
    assert getattr(flowkit, name) is getattr(errors, name)
    assert getattr(errors, name).__module__ == "flowkit"


def test_tracebacks_show_the_public_address():
    [line] = traceback.format_exception_only(PolicyError("timeout=0 can't ever hold"))
    assert line == "flowkit.PolicyError: timeout=0 can't ever hold\n"


def test_errors_of_users_keep_their_own_address():
    class TooSmall(Fatal):
        pass

    assert TooSmall.__module__ == __name__


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (PolicyError("x"), ValueError),
        (EncodingError("x"), ValueError),
        (ValidationError("x"), TypeError),
        (MisuseError("x"), TypeError),
        (StepTimeout("fetch", 1), TimeoutError),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_errors_can_be_caught_as_what_python_has_for_them(error, builtin):
    with pytest.raises(builtin):
        raise error


def test_diagnostics_start_on_a_line_of_their_own():
    error = CheckFailed(iter(["error[FK101]: one\n --> a.py:1:1", "error[FK201]: two"]))

    assert error.diagnostics == ("error[FK101]: one\n --> a.py:1:1", "error[FK201]: two")
    assert error.args == (error.diagnostics,)
    assert str(error) == "\nerror[FK101]: one\n --> a.py:1:1\n\nerror[FK201]: two"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeout", "`fetch` took longer than its timeout of 0.5s"),
        ("total_timeout", "`fetch` took longer, attempts and waits together, than its total_timeout of 0.5s"),
        ("heartbeat_timeout", "`fetch` gave no sign of life within its heartbeat_timeout of 0.5s"),
    ],
)
def test_a_timeout_names_the_step_and_the_option(kind, text):
    error = StepTimeout("fetch", 0.5, kind)

    assert str(error) == text
    assert (error.step, error.after, error.kind) == ("fetch", 0.5, kind)
    assert error.errno is None


@pytest.mark.parametrize("reason", list(CancelReason))
def test_each_reason_for_a_cancel_reads_differently(reason):
    error = RunCancelled(reason.value, "by hand")

    assert error.reason is reason
    assert str(error).endswith(": by hand")
    assert len({str(RunCancelled(other)) for other in CancelReason}) == len(CancelReason)


def test_reasons_for_a_cancel_are_the_six():
    assert sorted(CancelReason) == ["fail_fast", "lease_lost", "parent", "shutdown", "timeout", "user"]
    with pytest.raises(ValueError, match="boredom"):
        RunCancelled("boredom")


def test_a_skip_shows_its_chain_of_reasons():
    error = Skipped(["`ship` was skipped", "`pack` was skipped", "its condition was false"])

    assert str(error) == "`ship` was skipped\n  because `pack` was skipped\n  because its condition was false"
    assert Skipped("its condition was false").reasons == ("its condition was false",)
    assert str(Skipped(())) == "skipped"


def test_a_deadlock_says_what_waits_for_what():
    error = Deadlock({"a": "b", "b": ["a", "c"], "c": ()})

    assert error.waiting == {"a": ("b",), "b": ("a", "c"), "c": ()}
    assert str(error).splitlines()[1:] == [
        "  `a` waits for `b`",
        "  `b` waits for `a`, `c`",
        "  `c` waits for nothing that could still happen",
    ]


def test_a_large_deadlock_is_told_in_a_few_lines():
    """All of it stays in `waiting`."""
    names = [f"n{i}" for i in range(1000)]
    error = Deadlock(dict.fromkeys(names, names))

    lines = str(error).splitlines()
    assert len(lines) == 12
    assert lines[1].endswith("`n9` and 990 more")
    assert lines[-1] == "  and 990 more nodes wait"
    assert len(error.waiting) == 1000


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EncodingError("a socket can't be kept", "$.tags[3]"), "`$.tags[3]`: a socket can't be kept"),
        (RunNotFound("42"), "there is no run `42`"),
        (RunNotFound("42", "did you mean `43`?"), "there is no run `42`; did you mean `43`?"),
        (RunConflict("42", "its url is another"), "run `42` exists already: its url is another"),
        (RunLost("42", "it was taken over once"), "run `42` is given up: it was taken over once"),
        (
            RunSuspended("42", CancelReason.SHUTDOWN),
            "run `42` is suspended: its engine was shut down; it hasn't ended, and goes on where it is resumed",
        ),
        (
            RunSuspended("42", "StoreError: the disk is full"),
            "run `42` is suspended: StoreError: the disk is full; it hasn't ended, and goes on where it is resumed",
        ),
        (StoreError("it is full"), "it is full"),
        (StoreError("it is full", "sqlite:///runs.db"), "sqlite:///runs.db: it is full"),
        (StepError("shop.Declined"), "shop.Declined"),
        (StepError("shop.Declined", "no credit"), "shop.Declined: no credit"),
        (EngineClosed(), "the engine is closed and takes no more runs"),
        (EngineClosed("make a new one"), "the engine is closed and takes no more runs; make a new one"),
        (BlockingCall("f()", "await f.start()"), "`f()` would block the running event loop; write `await f.start()`"),
        (IllegalTransition("f", "succeeded", "running"), "`f` is succeeded and can't become running"),
        (RunCancelled(), "cancelled on request"),
        (RetryAfter(2), "retry after 2s"),
        (RetryAfter(2, "slow down"), "slow down"),
    ],
)
def test_errors_read_as_sentences(error, text):
    assert str(error).startswith(text)


@pytest.mark.parametrize(("written", "read"), [(0, 0.0), (1.5, 1.5), ("120", 120.0)])
def test_retry_after_takes_seconds(written, read):
    """Text too, since that is how the HTTP header comes."""
    assert RetryAfter(written).retry_after == read


@pytest.mark.parametrize("written", [-1, float("nan"), float("inf"), "soon", None, 10**400])
def test_retry_after_refuses_what_is_no_delay(written):
    with pytest.raises(PolicyError, match="finite number of seconds"):
        RetryAfter(written)
