"""Runs that failed are taken up again, and forked: what is done again is what failed or was named, and what follows."""

import pytest

from flowkit import Engine, WorkflowChanged
from flowkit.stores.memory import MemoryStore
from tests.durability.editing import begun, module

STEPS = """
mended = []

@step
def flaky(x: Any) -> int:
    log.append(("flaky", x))
    if not mended:
        raise ValueError(x)
    return 1

@step(on_failure="skip")
def lame(x: int) -> int:
    raise ValueError(x)

@workflow
def part(n: int) -> int:
    return inc(n)

@workflow
def rounds(n: int, left: int) -> int:
    x = inc(n)
    if not left:
        return x
    return rounds(result_of(dbl(x)), left - 1)

@workflow
async def lively(n: int) -> int:
    return await dbl.submit(n)
"""
BEFORE = {
    "a step that was skipped by a condition": "with when(odd(n)):\n        tell(n)\n    b = note(n)",
    "the other branch": "with when(odd(n)):\n        tell(n)\n    with otherwise():\n        say(n)\n    b = note(n)",
    "a choice of two": "b = cond(odd(n), lambda: tri(n), lambda: dbl(n))",
    "a failure that somebody took": "b = told(outcome(dbl(lame(n))))",
    "a step that its own condition has skipped": ("b = told(outcome(dbl.with_options(run_if=lambda x: x > 5)(n)))"),
    "the first that succeeds": "b = first(flop(n), inc(n))",
    "a race": "b = race(inc(n), inc(n))",
    "a map": "b = dbl.map([n, 3])",
    "a map of workflows": "b = part.map([n, 3])",
    "a call of a workflow": "b = part(n)",
    "rounds": "b = rounds(n, 2)",
    "a live body": "b = lively(n)",
}


def failed(before):
    """A run that failed in its last but one step, and that wouldn't any more."""
    body = f"@workflow\ndef wf(n: int) -> int:\n    {before}\n    c = add(b)\n    z = flaky(c)\n    return add(z, n)\n"
    store, code = begun(STEPS + body, 1000, 2, executor="thread")
    assert store.run("r").status == "failed"
    code.log.clear()
    code.mended.append(True)
    return store, code


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_nothing_that_has_succeeded_is_done_again(before):
    store, code = failed(before)
    stopped = {node.key for node in store.nodes("r") if node.status == "cancelled"}  # what was still running then
    with Engine(store=store, recover=False):
        assert code.wf.fork("r").result(30) == 3
        assert [name for name, _ in code.log if name not in stopped] == ["flaky", "add"]
        code.log.clear()
        assert code.wf.resume("r").result(30) == 3
        assert [name for name, _ in code.log if name not in stopped] == ["flaky", "add"]
        code.log.clear()
        assert code.wf.fork("r").result(30) == 3
        assert code.log == []
        assert code.wf.fork("r", at="flaky").result(30) == 3
        assert [name for name, _ in code.log] == ["flaky", "add"]


def test_what_came_to_nothing_for_a_failure_is_done_again_with_it():
    source = (
        "@workflow\ndef wf(n: int) -> int:\n    b = inc(flaky(n))\n    t = told(outcome(b))\n    return add(t, b)\n"
    )
    store, code = begun(STEPS + source, 1000, 2)
    assert store.run("r").status == "failed"
    code.mended.append(True)
    code.log.clear()
    with Engine(store=store, executor="inline", recover=False):
        assert code.wf.resume("r").result() == len("succeeded") + 2
    assert code.log == [("flaky", 2), ("inc", 1), ("told", "succeeded"), ("add", (9, 2))]


# -- results that are given -------------------------------------------------------------------------------------------------

WHOLE = (
    STEPS
    + """
@workflow
def wf(n: int) -> int:
    xs = {xs}
    y = lively(add(xs))
    return add(y, n)
"""
)


@pytest.mark.parametrize("xs", ["inc(n)", "inc.map([n, 2])", "part(n)", "part.map([n, 2])"])
@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"replace": {"add": 5}}, 11),
        ({"replace": {"lively/dbl": 5}}, 6),
        ({"replace": {"add#2": 5}}, 5),
        ({"replace": {"add": 7, "add#2": 9}}, 9),
        ({"replace": {"add": 7, "lively/dbl": 9}}, 10),
        ({"at": "add", "replace": {"lively/dbl": 5}}, 6),
        ({"at": "lively", "replace": {"lively/dbl": 5}}, 6),
    ],
)
def test_a_result_that_is_given_counts_and_what_comes_after_it_is_done_again(xs, options, value):
    store, code = begun(WHOLE.replace("{xs}", xs), 1000, 1, executor="thread")
    code.log.clear()
    with Engine(store=store, recover=False):
        assert code.wf.fork("r", **options).result(30) == value
    assert "inc" not in [name for name, _ in code.log]


def test_results_of_items_and_within_calls_are_given():
    source = "@workflow\ndef wf(n: int) -> int:\n    return add(part(add(dbl.map([n, 2]))), n)\n"
    store, code = begun(STEPS + source, 1000, 1)
    with Engine(store=store, executor="inline", recover=False):
        assert code.wf.fork("r", replace={"dbl[0]": 7}).result() == 13
        assert code.wf.fork("r", replace={"part/inc": 50}).result() == 51


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("part", r"the result of `part` can't be replaced: it is made of `part\[0\]`"),
        ("part[0]", r"the result of `part\[0\]` can't be replaced: it is made of `part\[0\]/inc`"),
        ("lively", "the result of `lively` can't be replaced: it is made of `lively/dbl`"),
        ("livly", "no step `livly` is on record; did you mean `lively`?"),
        ("", "no step `` is on record; there is `part`, "),
    ],
)
def test_what_has_no_result_of_its_own_isnt_given_one(key, told):
    store, code = begun(WHOLE.replace("{xs}", "part.map([n, 2])"), 1000, 1, executor="thread")
    with Engine(store=store, recover=False):
        with pytest.raises(LookupError, match=told):
            code.wf.fork("r", replace={key: 3})
        assert len(store.runs().runs) == 1


def test_forks_do_maps_over_generators_again():
    """What a generator yields comes back only when it is gone through once more, and a fork doesn't wait for that."""
    source = "@step\ndef nums(n: int):\n    yield n\n    yield 2\n@workflow\ndef wf(n: int) -> int:\n    return add(dbl.map(nums(n)))\n"
    store, code = begun(source, 1000, 1)
    code.log.clear()
    with Engine(store=store, executor="inline", recover=False):
        assert code.wf.fork("r").result() == 6
    assert [name for name, _ in code.log] == ["dbl", "dbl", "add", "add"]


def test_a_fork_is_gone_on_with_like_any_run():
    source = "@workflow\ndef wf(n: int) -> int:\n    return flaky(add(part.map([n, 2])))\n"
    store, code = begun(STEPS + source, 1000, 2)
    code.log.clear()
    with Engine(store=store, executor="inline", recover=False):
        code.wf.fork("r", replace={"part[0]/inc": 10}, new_id="f").wait()
        assert store.run("f").status == "failed"
        code.mended.append(True)
        assert code.wf.resume("f").result() == 1
    assert [one for one in code.log if one[0] == "flaky"] == [("flaky", 13), ("flaky", 13)]
    names = [name for name, _ in code.log]
    assert names == ["add", "add", "flaky", "flaky"]  # it calls itself for a list


def test_a_fork_whose_code_changes_doesnt_do_again_what_it_has_done():
    """Only at its beginning does a fork do again what doesn't fit; from then on that is refused, as in any run."""
    source = "@workflow\ndef wf(n: int) -> int:\n    x = inc(n)\n    tell(x)\n    note(x)\n    return add(flop(x), x)\n"
    store, code = begun(source, 1000, 1)
    with Engine(store=store, executor="inline", recover=False):
        code.wf.fork("r", new_id="f").wait()
    new = module(source.replace("    tell(x)\n", "    say(x)\n    tell(x)\n").replace("flop(x)", "dbl(x)"))
    with Engine(store=store, executor="inline", recover=False):
        for run_id in ("r", "f"):
            with pytest.raises(WorkflowChanged, match="`say` isn't done; `tell` is done, and comes after it"):
                new.wf.resume(run_id)
    assert new.log == []


def test_a_fork_behind_a_map_that_was_left_is_gone_on_with():
    """What follows from others, as a map does from its items, stays on record of the fork."""
    code = module("""
@step
def numbers(n: int) -> list[int]:
    return list(range(n))

@step
def total(xs: list[int]) -> int:
    return sum(xs)

@step
def picked(asked: Any, x: int) -> int:
    return x

@workflow
def wf(n: int) -> int:
    x = total(dbl.map(numbers(n)))
    with in_order():
        discard(numbers(x))
        return picked(gate("go on?"), x)
""")
    store = MemoryStore()

    def come_to_the_gate(run):
        next(event for event in run.events() if event.kind == "gate_opened")

    with Engine(store=store, recover=False) as engine:
        run = code.wf.with_options(run_id="r").start(3)
        come_to_the_gate(run)
        run.approve()
        assert run.result(30) == 6
        come_to_the_gate(code.wf.fork("r", at="total", new_id="again"))
        engine.shutdown()
    assert {node.key: node.status for node in store.nodes("again")}["dbl"] == "succeeded"
    with Engine(store=store, recover=False):
        run = code.wf.resume("again")
        run.approve()
        assert run.result(30) == 6
