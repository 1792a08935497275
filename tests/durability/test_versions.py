"""Code that changes under runs that are under way: what goes on, what is refused, and in which words."""

import contextlib

import pytest

from flowkit import Engine, NonDeterminismError, RunConflict, WorkflowChanged
from flowkit.engine.judging import judged_all
from flowkit.errors import EncodingError
from flowkit.stores.memory import MemoryStore
from tests.durability.editing import begun, effects, fresh, judgement, left, module, resumed, writes_of

REPORT = """
@workflow
def wf(n: int) -> int:
    x = inc(n)
    tell(x)
    xs = dbl.map([x, 2, 3])
    y = add(xs)
    note(y)
    return add(y, x)
"""


def refused(store, new):
    """What is said of a run that can't go on: the error, once it is certain that nothing was run."""
    code = module(new)
    with pytest.raises((WorkflowChanged, NonDeterminismError)) as caught:
        resumed(store, code)
    assert code.log == []
    assert str(caught.value) in store.run("r").stuck
    return caught.value


def lines(error):
    """What is told, without what follows from where the code is."""
    return [line.strip() for line in str(error).splitlines()[1:-1]]


def everywhere(old, new, *args):
    """Per write of a run after which it was stopped, what came of going on with other code: `went on`, or the kinds of
    what was refused. What goes on comes to what the new code comes to from its start."""
    found = []
    want, plain = fresh(new, *args)
    for writes in range(1, writes_of(module(old), *args) + 1):
        store, code = begun(old, writes, *args)
        made = module(new)
        try:
            got, _ = resumed(store, made)
        except WorkflowChanged as changed:
            assert made.log == []
            found.append(" ".join(sorted({one.kind for one in changed.differences if one.fits is False})))
        else:
            assert got == want
            done = effects(code)
            assert effects(plain) in (done + effects(made), done[:-1] + effects(made))
            found.append("went on")
    return found


def refused_from_some_point_on(found, *kinds):
    """Whether it went on for as long as what differs wasn't done, and never again from then on."""
    first = next((place for place, one in enumerate(found) if one != "went on"), 0)
    return first > 0 and set(found[first:]) == set(kinds)


# What goes on


def test_the_same_code_goes_on_from_everywhere():
    assert set(everywhere(REPORT, REPORT, 1)) == {"went on"}


def test_code_that_has_only_moved_goes_on_from_everywhere():
    moved = "\n\n# A comment.\n" + REPORT.replace("    x = inc(n)", "    # First.\n    x = inc(\n        n\n    )")
    assert set(everywhere(REPORT, moved, 1)) == {"went on"}


def test_what_is_added_behind_all_that_is_done_goes_on():
    new = REPORT.replace("return add(y, x)", "z = add(y, x)\n    tell(tri(z))\n    return z")
    assert set(everywhere(REPORT, new, 1)) == {"went on"}


def test_what_nobody_has_taken_may_be_removed():
    old = REPORT.replace("return", "z = tri(x)\n    return").replace("add(y, x)", "add(y, x, z)")
    assert refused_from_some_point_on(everywhere(old, REPORT, 1), "changed")  # where that had taken it


def test_other_options_are_for_what_hasnt_ended(caplog):
    new = REPORT.replace("inc(n)", "inc.with_options(retries=3, timeout=60)(n)").replace(
        "add(xs)", "add.with_options(on_failure='skip')(xs)"
    )
    assert set(everywhere(REPORT, new, 1)) == {"went on"}
    assert "has changed" not in caplog.text


def test_a_step_that_has_become_an_effect_goes_on_and_it_is_told(caplog):
    caplog.set_level("INFO", logger="flowkit")
    store, _ = begun(REPORT, 4, 1)
    value, _ = resumed(store, REPORT.replace("inc(n)", "inc.with_options(effect=True)(n)"))
    assert value == 16
    assert "`inc` is an effect now, and keeps its place in the text" in caplog.text


# What doesn't


@pytest.mark.covers("M82")
def test_a_refusal_tells_all_that_differs_with_both_places_and_the_way_out():
    store, old = begun(REPORT, 7, 1)
    new = REPORT.replace("inc(n)", "inc(n + 1)").replace("    note(y)\n", "").replace("[x, 2, 3]", "[x, 2, 5]")
    error = refused(store, new)
    file = module(new).__file__
    assert str(error) == (
        "run `r` can't go on with `wf` as it is written now:\n"
        "- `inc` is done, and is called with something else now\n"
        f"    it was  inc(1)  ({old.__file__}:66)\n"
        f"    it is   inc(2)  ({file}:66)\n"
        "- `dbl[2]` is done, and is called with something else now\n"
        f"    it was  dbl.map([inc, 2, 3])  ({old.__file__}:68)\n"
        f"    it is   dbl.map([inc, 2, 5])  ({file}:68)\n"
        "- `note` is done, and isn't called any more: what it did stays done\n"
        f"    it was  note(add)  ({old.__file__}:70)\n"
        "put back what it was, and resume it; or go on from what fits, in a run of its own: "
        "`wf.fork('r', at=['inc', 'dbl[2]'])`"
    )
    assert error.again == ("inc", "dbl[2]")
    assert store.run("r").status == "running"
    assert resumed(store, REPORT)[0] == 16  # the code that it was begun with


def test_what_is_added_before_what_is_done_is_refused():
    found = everywhere(REPORT, REPORT.replace("    note(y)", "    tell(tri(y))\n    note(y)"), 1)
    assert refused_from_some_point_on(found, "order")


def test_an_effect_that_was_done_cant_be_left_out():
    assert refused_from_some_point_on(everywhere(REPORT, REPORT.replace("    tell(x)\n", ""), 1), "removed")


def test_what_was_taken_cant_be_removed():
    new = REPORT.replace("    xs = dbl.map([x, 2, 3])\n    y = add(xs)", "    y = add(x)")
    assert refused_from_some_point_on(everywhere(REPORT, new, 1), "changed")


def test_effects_that_change_places_are_refused_once_one_of_them_is_done():
    old = REPORT.replace("note(y)", "note(3)")
    new = old.replace("    tell(x)\n", "").replace("    note(3)", "    note(3)\n    tell(x)")
    assert refused_from_some_point_on(everywhere(old, new, 1), "order")


def test_another_step_under_the_same_name_isnt_the_same_step():
    other = "import types\n@step\ndef dbl(x: int) -> int:\n    return x\n"
    store, _ = begun(REPORT, 4, 1)
    renamed = REPORT.replace("@workflow", "dbl = step(name='other:dbl')(dbl.__wrapped__)\n@workflow")
    assert other
    error = refused(store, renamed)
    assert "`dbl[0]` is done, as a call of `shop:dbl`, and is one of `other:dbl` now" in str(error)


def test_a_call_that_has_begun_has_to_be_called_as_it_was():
    """How far its attempt came isn't known, and its idempotency key is that of the call that it was."""
    old = "@workflow\ndef wf(n: int) -> int:\n    return add(gate('ship 1?'), n)\n"
    error = refused(left(old, 1)[0], old.replace("ship 1", "ship 2"))
    assert lines(error)[0] == "- `gate` waits, and is called with something else now"
    assert "`gate` waits" in str(error)


def test_a_run_without_its_parameter_is_refused():
    store, _ = begun(REPORT, 3, 1)
    code = module(REPORT.replace("n: int", "n: int, m: int"))
    with pytest.raises(TypeError, match="takes `m`, which isn't among the arguments on record: n"):
        resumed(store, code)
    assert store.run("r").stuck.startswith("TypeError: `wf` takes `m`")
    assert resumed(store, REPORT.replace("n: int", "n: int, m: int = 3"))[0] == 16


# Names


def test_a_step_with_another_name_is_another_step():
    store, _ = begun(REPORT, 3, 1)
    new = REPORT.replace("inc(n)", "more(n)").replace(
        "@workflow", "@step\ndef more(x: int) -> int:\n    log.append(('more', x))\n    return x + 1\n@workflow"
    )
    error = refused(store, new)
    assert lines(error)[0] == "- `tell` is done, and is called with something else now"
    (renamed,) = [one for one in error.differences if one.kind == "renamed"]
    assert renamed.text == "`inc` is done, and is called `more` now, which is another step"
    assert renamed.helps == ('`@step(name="shop:inc")` on it keeps its record',)
    kept = new.replace("@step\ndef more", "@step(name='shop:inc')\ndef more")
    assert resumed(store, kept)[0] == 16


def test_an_effect_that_has_only_another_name_isnt_done_twice():
    old = "@workflow\ndef wf(n: int) -> int:\n    tell(n)\n    return inc(n)\n"
    store, _ = begun(old, 1, 1)
    error = refused(store, old.replace("tell(n)", "note(n)"))
    assert (
        lines(error)[0] == "- `tell` is done, and is called `note` now, which is another step: what it did stays done"
    )


# Types

ORDERS = """
@attrs.frozen
class Order:
    item: str
    count: int = 1

@step
def order(n: int) -> Order:
    log.append(("order", n))
    return Order("tea", n)

@step
def size(order: Order) -> int:
    return order.count

@workflow
def wf(n: int) -> int:
    return add(size(order(n)), n)
"""


def test_a_field_more_with_a_default_reads_the_same(caplog):
    caplog.set_level("INFO", logger="flowkit")
    store, _ = begun(ORDERS, 1, 3)
    value, code = resumed(store, ORDERS.replace("count: int = 1", "count: int = 1\n    gift: bool = False"))
    assert value == 6
    assert ("order", 3) not in code.log
    assert "what `order` gave is kept as another type than it gives now, and reads the same as that" in caplog.text


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("count: int = 1", "number: int = 1"), "`$.count`"),
        (("count: int = 1", "count: str = ''"), "`$.count`"),
        (("-> Order:", "-> list[Order]:"), "`$`"),
    ],
)
def test_what_cant_be_read_as_the_new_type_is_refused(change, problem):
    store, _ = begun(ORDERS, 1, 3)
    new = ORDERS.replace(*change).replace("order.count", "3").replace("(order: Order)", "(order: Any)")
    error = refused(store, new)
    (found,) = error.differences
    assert found.kind == "type"
    assert found.text.startswith(
        "what `order` gave is kept as another type than it gives now, and can't be read as that"
    )
    assert problem in found.text
    assert error.again == ("order",)


def test_what_would_be_read_as_another_value_is_refused():
    old = "@step\ndef day(n: int) -> Any:\n    return {'a': n}\n@workflow\ndef wf(n: int) -> int:\n    return add(told2(day(n)))\n"
    old = "@step\ndef told2(x: Any) -> int:\n    return 1\n" + old
    store, _ = begun(old, 1, 3)
    error = refused(store, old.replace("-> Any", "-> dict[str, bool]"))
    assert "can't be read as that" in str(error)


# Maps


@pytest.mark.parametrize("items", ["[x, 2]", "[x, 2, 3, 4]", "[x, 2, 5]", "[2, x, 3]", "[x, 2, x]"])
def test_another_list_is_refused_once_its_results_were_taken(items):
    store, _ = begun(REPORT, 6, 1)
    assert {one.kind for one in refused(store, REPORT.replace("[x, 2, 3]", items)).differences} <= {
        "order",
        "changed",
        "removed",
    }


def test_more_items_go_on_while_nobody_has_taken_the_list():
    found = everywhere(REPORT, REPORT.replace("[x, 2, 3]", "[x, 2, 3, 4]"), 1)
    assert refused_from_some_point_on(found, "order")


def test_the_words_for_items_say_how_many():
    store, _ = begun(REPORT, 6, 1)
    error = refused(store, REPORT.replace("[x, 2, 3]", "[x, 2, 3, 4]"))
    assert lines(error)[0] == "- `dbl` has 4 items now, and had 3; `add` is done, and comes after it"


def test_items_with_names_move_with_them():
    old = """
@step(item_key=lambda x: x)
def twice(x: int) -> int:
    log.append(("twice", x))
    return 2 * x
@workflow
def wf(n: int) -> int:
    xs = twice.map([4, 5, 6])
    return add(xs, n)
"""
    store, _ = begun(old, 3, 1)
    value, code = resumed(store, old.replace("[4, 5, 6]", "[6, 7, 4]"))
    assert value == 35
    assert code.log[0] == ("twice", 7)


def test_the_order_of_named_items_counts_once_the_list_was_taken():
    old = """
@step(item_key=lambda x: x)
def twice(x: int) -> int:
    return 2 * x
@step
def first_of(xs: list[int]) -> int:
    return xs[0]
@workflow
def wf(n: int) -> int:
    x = first_of(twice.map([4, 5]))
    return add(x, n)
"""
    store, _ = begun(old, 3, 1)
    error = refused(store, old.replace("[4, 5]", "[5, 4]"))
    assert lines(error)[0] == "- `twice` has 2 items now, and had 2; `first_of` is done, and comes after it"


def test_an_item_that_has_done_something_cant_be_left_out():
    old = "@workflow\ndef wf(n: int) -> int:\n    return add(tell.map([n, 2, 3]))\n"
    store, _ = begun(old, 4, 1)
    error = refused(store, old.replace("[n, 2, 3]", "[n, 2]"))
    assert "- `tell[2]` is done, and isn't called any more: what it did stays done" in lines(error)
    (gone,) = [one for one in refused(store, old.replace("tell.map([n, 2, 3])", "n")).differences if one.key == "tell"]
    assert gone.text == "`tell` is done, and isn't called any more: what it did stays done"


def test_a_fork_that_would_do_the_effect_of_an_item_again_is_blocked():
    old = "@workflow\ndef wf(n: int) -> int:\n    return add(tell.map([n, 2, 3]))\n"
    store, _ = begun(old, 4, 1)
    found = judgement(store, module(old.replace("[n, 2, 3]", "[n, 2, 7]")))
    assert (found.verdict, found.because) == ("blocked", "a fork at `tell[2]` does `tell[2]` again")


def test_an_item_with_a_name_that_has_done_something_cant_be_left_out():
    old = """
@step(effect=True, item_key=lambda x: x)
def post(x: str) -> int:
    return len(x)
@workflow
def wf(n: int) -> int:
    return add(post.map(["a[0]", "b/c["]), n)
"""
    store, _ = begun(old, 2, 1)
    error = refused(store, old.replace('"b/c["', '"b"'))
    assert "- `post['b/c[']` is done, and isn't called any more: what it did stays done" in lines(error)


def test_a_stream_that_yields_something_else_is_refused():
    old = """
@step
def numbers(n: int):
    yield from [n, 5, 6]
@workflow
def wf(n: int) -> int:
    return add(dbl.map(numbers(n)))
"""
    store, _ = begun(old, 2, 1)
    code = module(old.replace("[n, 5, 6]", "[n, 7, 6]"))
    with pytest.raises(WorkflowChanged, match=r"`dbl\[1\]` is done, and is called with other values now"):
        resumed(store, code)


# Branches, outcomes and choices

BRANCHES = """
@workflow
def wf(n: int) -> int:
    a, b = odd(n), odd(inc(n))
    discard(a)
    discard(b)
    x = cond(a, lambda: dbl(n), lambda: tri(n))
    y = add(x, told(outcome(b)))
    return add(y, n)
"""


@pytest.mark.parametrize(
    "change",
    [("cond(a", "cond(b"), ("dbl(n)", "dbl(7)"), ("lambda: tri(n)", "lambda: 5"), ("outcome(b)", "outcome(a)")],
)
def test_what_was_made_of_another_branch_or_outcome_isnt_taken(change):
    assert refused_from_some_point_on(everywhere(BRANCHES, BRANCHES.replace(*change), 1), "changed")


def test_what_ran_under_another_condition_is_refused():
    old = "@workflow\ndef wf(n: int) -> int:\n    a, b = odd(n), odd(1)\n    discard(a)\n    with when(a):\n        tell(n)\n    return add(inc(n), told(outcome(b)))\n"
    store, _ = begun(old, 3, 1)
    error = refused(store, old.replace("when(a)", "when(b)"))
    assert lines(error)[0] == "- `tell` is done, and is called with other values now"


def test_what_was_skipped_under_another_condition_is_decided_anew():
    old = "@workflow\ndef wf(n: int) -> int:\n    a, b = odd(n), odd(inc(n))\n    discard(a)\n    discard(b)\n    with when(a):\n        tell(n)\n    return add(n, told(outcome(b)))\n"
    found = everywhere(old, old.replace("when(a)", "when(b)"), 2)
    assert refused_from_some_point_on(found, "order")  # once something is done that comes after it


def test_a_condition_that_is_gone_doesnt_hold_for_what_it_has_skipped():
    old = "@workflow\ndef wf(n: int) -> int:\n    x = inc.with_options(run_if=lambda _: False)(n)\n    return add(told(outcome(x)), n)\n"
    store, _ = begun(old, 1, 1)
    error = refused(store, old.replace(".with_options(run_if=lambda _: False)", ""))
    assert lines(error)[0] == "- `inc` was skipped by its `run_if`, and has none now"


def test_a_choice_among_others_is_made_anew_or_refused():
    old = "@workflow\ndef wf(n: int) -> int:\n    x = first(inc(n), flop(n))\n    y = dbl(x)\n    return add(y, n)\n"
    new = old.replace("flop(n))", "flop(n), tri(n))")
    store, _ = begun(old, writes_of(module(old), 1), 1)
    error = refused(store, new)
    assert {one.kind for one in error.differences} == {"order"}
    assert "`first` is decided anew; `dbl` is done, and comes after it" in str(error)


# Workflows that are called

CALLS = """
@workflow
def part(n: int) -> int:
    x = inc(n)
    return dbl(x)

@workflow
def wf(n: int) -> int:
    a = part(n)
    b = part(inc(a))
    cs = part.map([n, 5])
    y = add(a, b, cs)
    return add(y, n)
"""


@pytest.mark.parametrize("change", [("dbl(x)", "tri(x)"), ("dbl(x)", "x"), ("return dbl(x)", "return tri(dbl(x))")])
def test_what_a_called_workflow_gives_counts_once_that_was_taken(change):
    found = everywhere(CALLS, CALLS.replace(*change), 1)
    assert found[0] == "went on"
    assert found[-1] == "order"


def test_words_for_a_call_that_gives_something_else():
    writes = writes_of(module(CALLS), 1)
    store, _ = begun(CALLS, writes, 1)
    error = refused(store, CALLS.replace("return dbl(x)", "y = dbl(x)\n    discard(y)\n    return x"))
    assert "`part` returns something else now; `inc` and `add` are done, and come after it" in str(error)


def test_what_is_added_to_a_called_workflow_is_done_while_nothing_has_gone_on_from_it():
    new = CALLS.replace("return dbl(x)", "return tri(dbl(x))")
    assert everywhere(CALLS, new, 1)[:3] == ["went on"] * 3


def test_a_body_that_is_recorded_later_is_looked_at_before_anything_runs():
    old = """
@workflow
def part(n: int) -> int:
    tell(n)
    return inc(n)

@workflow
def wf(n: int) -> int:
    x = part(inc(n))
    return add(x, tri(n))
"""
    store, _ = begun(old, 4, 1)
    error = refused(store, old.replace("tell(n)", "tell(n + 1)"))
    assert lines(error)[0] == "- `part/tell` is done, and is called with something else now"


def test_rounds_are_looked_at_one_by_one():
    old = """
@workflow
def rounds(n: int, left: int) -> int:
    x = inc(n)
    if not left:
        return x
    return rounds(result_of(dbl(x)), left - 1)

@workflow
def wf(n: int) -> int:
    return add(rounds(n, 2), n)
"""
    assert set(everywhere(old, old, 1)) == {"went on"}
    kinds = everywhere(old, old.replace("dbl(x)", "dbl(x) if left > 1 else tri(x)"), 1)
    assert kinds[0] == "went on"
    assert set(kinds) <= {"went on", "changed", "order", "changed order"}


def test_a_body_that_asks_for_results_is_looked_at_from_one_to_the_next():
    old = """
@workflow
def wf(n: int) -> int:
    x = result_of(inc(n))
    tell(x)
    y = result_of(dbl(x + 1))
    note(y)
    return add(x, y)
"""
    assert set(everywhere(old, old, 1)) == {"went on"}
    assert everywhere(old, old.replace("x + 1", "x + 2"), 1)[-1] == "changed"
    assert everywhere(old, old.replace("    tell(x)", "    say(x)\n    tell(x)"), 1)[-1] == "order"
    assert everywhere(old, old.replace("result_of(inc(n))", "result_of(inc(tri(n)))"), 1)[-1] == "changed"


# Live bodies

LIVE = """
@workflow
async def wf(n: int) -> int:
    x = await inc.submit(n)
    y = await dbl.submit(x)
    return await add.submit(x, y)
"""


def test_a_live_body_that_is_the_same_goes_on():
    for writes in range(4):
        store, _ = begun(LIVE, writes, 1)
        assert resumed(store, LIVE)[0] == 6


@pytest.mark.parametrize(
    ("change", "instead"),
    [(("dbl.submit(x)", "dbl.submit(x + 1)"), "dbl(3)"), (("dbl.submit(x)", "tri.submit(x)"), "tri(2)")],
)
def test_a_live_call_that_differs_shows_both(change, instead):
    store, old = begun(LIVE, 2, 1)
    new = LIVE.replace(*change)
    error = refused(store, new)
    assert type(error) is NonDeterminismError
    assert error.difference == (
        f"where it had called dbl(2)  ({old.__file__}:67), it calls {instead}  ({module(new).__file__}:67) now"
    )
    assert error.again == ("dbl",)


def test_a_live_body_that_goes_on_without_a_call_is_refused():
    store, old = begun(LIVE, 2, 1)
    error = refused(store, LIVE.replace("await dbl.submit(x)", "x"))
    assert (
        error.difference
        == f"where it had called dbl(2)  ({old.__file__}:67), it calls add(2, 2)  (...) now".replace(
            "...", f"{module(LIVE.replace('await dbl.submit(x)', 'x')).__file__}:68"
        )
    )


def test_calls_behind_all_that_is_on_record_may_be_others():
    store, _ = begun(LIVE, 2, 1)
    value, code = resumed(store, LIVE.replace("add.submit(x, y)", "tri.submit(y)"))
    assert (value, code.log) == (12, [("tri", 4)])


def test_a_live_body_that_is_called_has_to_return_what_it_returned():
    old = """
@workflow
async def part(n: int) -> int:
    return await inc.submit(n) + 1

@workflow
def wf(n: int) -> int:
    x = part(n)
    y = dbl(x)
    return add(y, n)
"""
    writes = writes_of(module(old), 1)
    store, _ = begun(old, writes, 1)
    error = refused(store, old.replace("+ 1", "+ 2"))
    assert "it calls part(1)" in str(error) or "`part` returns something else now" in str(error)


# Runs that have failed, and forks

FAILS = """
@workflow
def wf(n: int) -> int:
    x = inc(n)
    y = dbl(x)
    return add(flop(y), x)
"""


def test_a_run_that_has_failed_goes_on_with_code_that_was_mended():
    store, _code = begun(FAILS, 100, 1)
    assert store.run("r").status == "failed"
    mended = FAILS.replace("flop(y)", "tri(y)")
    value, new = resumed(store, mended)
    assert value == 14
    assert [name for name, _ in new.log] == ["tri", "add"]


def test_a_run_that_has_failed_stays_so_where_the_code_doesnt_fit():
    store, _ = begun(FAILS, 100, 1)
    before = store.run("r")
    code = module(FAILS.replace("inc(n)", "inc(5)"))
    with pytest.raises(WorkflowChanged, match="`inc` is done"):
        resumed(store, code)
    assert store.run("r") == before
    assert code.log == []


def test_a_fork_does_again_what_differs_and_what_comes_after_it():
    store, _ = begun(REPORT, 6, 1)
    new = REPORT.replace("[x, 2, 3]", "[x, 2, 9]")
    error = refused(store, new)
    with Engine(store=store, executor="inline", recover=False):
        code = module(new)
        run = code.wf.fork("r", at=error.again)
        assert run.result() == fresh(new, 1)[0]
    assert code.log[0] == ("dbl", 9)
    assert ("inc", 1) not in code.log


def test_a_fork_that_doesnt_fit_is_refused_before_there_is_one():
    store, _ = begun(REPORT, 6, 1)
    code = module(REPORT.replace("[x, 2, 3]", "[x, 2, 9]").replace("inc(n)", "inc(8)"))
    with Engine(store=store, executor="inline", recover=False), pytest.raises(WorkflowChanged, match="`inc` is done"):
        code.wf.fork("r", at="dbl[2]", new_id="other")
    assert store.run("other") is None


SAGA = """
made = []

@step
def unreserve(done: Any, n: int) -> None:
    log.append(("unreserve", n))

@step(compensate=unreserve)
def reserve(n: int) -> int:
    made.append(n)
    log.append(("reserve", n))
    return 10 * len(made)

@step
def quote(ticket: int) -> int:
    log.append(("quote", ticket))
    return ticket + 1

@step
def pay(n: int) -> int:
    log.append(("pay", n))
    if len(made) < 2:
        raise ValueError("no")
    return n

@workflow
def wf(n: int) -> int:
    return pay(quote(reserve(n)))
"""


def test_what_came_of_something_that_was_undone_is_done_again_with_it():
    code = module(SAGA.replace("len(made) < 2", "not mended"))
    code.mended = []
    store, _ = begun(code, 100, 1)
    assert store.run("r").status == "failed"
    assert [name for name, _ in code.log] == ["reserve", "quote", "pay", "unreserve"]
    code.log.clear()
    code.mended.append(True)
    value, _ = resumed(store, code)
    assert code.log == [("reserve", 1), ("quote", 20), ("pay", 21)]
    assert value == 21


# Who takes a run up


def recovering(store):
    return Engine(store=store, executor="inline", recover=True)


def test_a_run_that_is_stuck_is_left_alone_until_somebody_can_go_on_with_it(caplog):
    store, _ = begun(REPORT, 6, 1)
    wrong = module(REPORT.replace("inc(n)", "inc(9)"))
    with recovering(store) as engine:
        engine._keep._recover()
        stuck = store.run("r")
        assert stuck.stuck.startswith("run `r` can't go on with `wf` as it is written now:\n- `inc` is done")
        assert (stuck.owner, stuck.status) == ("", "running")
        assert [run.run_id for run in store.adrift(stuck=True)] == ["r"]
        for _ in range(3):
            engine._keep._recover()
        assert store.run("r") == stuck, "it was taken again"
    with recovering(store) as engine:  # another process with the same code doesn't take it either
        engine._keep._recover()
        assert store.run("r") == stuck
    assert wrong.log == []
    assert caplog.text.count("can't go on with `wf`") == 1

    right = module(REPORT)
    with recovering(store) as engine:
        engine._keep._recover()
        assert store.run("r").status == "succeeded"
    assert ("inc", 1) not in right.log


def test_what_shows_only_later_doesnt_make_processes_take_a_run_from_one_another():
    old = CALLS.replace("    y = add(a, b, cs)\n    return add(y, n)", "    return add(b, n, cs)")
    store, _ = begun(old, 9, 1)
    code = module(old.replace("x = inc(n)", "x = inc(n + 1)"))
    with recovering(store) as engine:
        engine._keep._recover()
        stuck = store.run("r")
        assert stuck.stuck
        engine._keep._recover()
        assert store.run("r") == stuck
    with recovering(store) as engine:
        engine._keep._recover()
        assert store.run("r") == stuck
    assert code.log == []


def test_somebody_who_resumes_it_takes_it_in_any_case():
    store, _ = begun(REPORT, 6, 1)
    new = REPORT.replace("inc(n)", "inc(9)")
    refused(store, new)
    before = store.run("r").generation
    refused(store, new)
    assert store.run("r").generation == before + 1
    assert resumed(store, REPORT)[0] == 16
    assert not store.run("r").stuck


def test_a_run_of_another_workflow_isnt_resumed():
    store, _ = begun(REPORT, 3, 1)
    with pytest.raises(RunConflict, match="not of `shop:other`"), Engine(store=store, executor="inline", recover=False):
        module(REPORT.replace("def wf", "def other")).other.resume("r")


# Beforehand


def test_what_will_become_of_a_run_is_told_without_touching_it():
    store, _ = begun(REPORT, 5, 1)
    assert judgement(store, module(REPORT)).verdict == "safe"
    fork = judgement(store, module(REPORT.replace("[x, 2, 3]", "[x, 2, 4]")))
    assert (fork.verdict, fork.at) == ("fork", ("dbl[2]",))
    blocked = judgement(store, module(REPORT.replace("inc(n)", "inc(4)")))
    assert (blocked.verdict, blocked.because) == ("blocked", "a fork at `inc` does `tell` again")
    gone = judgement(store, module(REPORT.replace("    tell(x)\n", "")))
    assert gone.because == "`tell` is done, and isn't called any more: what it did stays done"
    broken = judgement(store, module(REPORT.replace("n: int", "n: int, m: int")))
    assert broken.because.startswith("TypeError: `wf` takes `m`")
    unsound = judgement(store, module(REPORT.replace("return add(y, x)", "add(y)\n    return add(y, x)")))
    assert "FK101" in unsound.because


def test_live_bodies_and_bodies_that_come_later_are_gone_through():
    store, _ = begun(LIVE, 2, 1)
    assert judgement(store, module(LIVE)).verdict == "safe"
    other = judgement(store, module(LIVE.replace("dbl.submit(x)", "dbl.submit(9)")))
    assert (other.verdict, other.at) == ("fork", ("dbl",))
    store, _ = begun(CALLS, 9, 1)
    new = module(CALLS.replace("x = inc(n)", "x = inc(n + 1)"))
    found = judgement(store, new)
    assert found.verdict == "fork"
    with Engine(store=store, executor="inline", recover=False):
        assert new.wf.fork("r", at=found.at).result() == fresh(new, 1)[0]


def test_every_unfinished_run_is_judged_and_no_other():
    code = module(REPORT)
    store = MemoryStore()
    with Engine(store=store, executor="inline", recover=False) as engine:
        code.wf.with_options(run_id="done").start(1).result()
        for run_id in ("one", "two"):
            store.create(_new(store, code, run_id), "nobody")
        found = list(judged_all(engine._services, engine._keep._planned, code.wf.spec))
    assert sorted((one.run.run_id, one.verdict) for one in found) == [("one", "safe"), ("two", "safe")]


def _new(store, code, run_id):
    from flowkit.engine.kept import NewRun

    done = store.run("done")
    return NewRun(run_id, code.wf.spec.name, done.arguments, done.digest, 1.0)


def test_a_record_that_cant_be_read_is_no_reason_to_begin_anew():
    """A value that was damaged, or that a newer version wrote: nothing runs, and the run says why it is stuck."""
    import attrs

    store, _ = begun(ORDERS, 1, 3)
    kept = store._runs["r"].nodes["order"]
    store._runs["r"].nodes["order"] = attrs.evolve(kept, value='{"item": 3}')
    code = module(ORDERS)
    with pytest.raises((EncodingError, WorkflowChanged, Exception)) as caught:
        resumed(store, code)
    assert code.log == []
    assert "$.item" in str(caught.value)
    assert "$.item" in store.run("r").stuck


# Whether these tests would see it


EDITS = [
    ("inc(n)", "inc(n + 1)"),
    ("x = inc(n)", "x = inc(n + 1)\n    discard(x)\n    x = inc(x)"),
    ("[x, 2, 3]", "[x, 2, 5]"),
    ("[x, 2, 3]", "[2, x]"),
    ("add(y, x)", "add(y, tri(x))"),
    ("note(y)", "note(x)"),
]


@pytest.mark.parametrize("edit", EDITS)
def test_a_redeployment_at_any_point_comes_to_what_the_code_comes_to_or_is_refused(edit):
    """And with the code from before it goes on to what that comes to, whatever was refused meanwhile."""
    new = REPORT.replace(*edit)
    assert new != REPORT
    want, want_old = fresh(new, 1)[0], fresh(REPORT, 1)[0]
    for writes in range(1, writes_of(module(REPORT), 1) + 1):
        store, _ = begun(REPORT, writes, 1)
        code = module(new)
        try:
            assert resumed(store, code)[0] == want
        except WorkflowChanged:
            assert code.log == []
            assert resumed(store, REPORT)[0] == want_old


def test_without_a_comparison_with_the_record_a_mix_of_both_is_seen(monkeypatch):
    """The control: calls are all the same to it, and so something comes out that neither of both comes to."""
    monkeypatch.setattr("flowkit.stores.data.wire", lambda _graph, nodes, _step=None: ["same"] * len(nodes))
    monkeypatch.setattr("flowkit.stores.data.wire_item", lambda _values, _graph=None: "same")
    mixed = []
    for edit in EDITS:
        new = REPORT.replace(*edit)
        known = {fresh(code, 1)[0] for code in (REPORT, new)}
        for writes in range(1, writes_of(module(REPORT), 1) + 1):
            store, _ = begun(REPORT, writes, 1)
            with contextlib.suppress(WorkflowChanged):
                value, _ = resumed(store, new)
                if value not in known:
                    mixed.append((edit, writes, value))
    assert mixed
