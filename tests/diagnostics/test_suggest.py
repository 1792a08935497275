"""Near names: helpful where there is one, silent where there isn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit.diagnostics import did_you_mean, near


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("load_order", "load_orders"),
        ("ordres", "orders"),
        ("curency", "currency"),
        ("Timeout", "timeout"),
        ("orders_load", "load_orders"),
        ("max-attempts", "max_attempts"),
        ("timout", "timeout"),
        ("FK110", "FK101"),
        ("load", "Orders.load"),
        ("load_all_orders", "load_orders"),
    ],
)
def test_slips_are_recognised(name, meant):
    assert near(name, ["zebra", meant, "something_else", "x"]) == (meant,)


@pytest.mark.parametrize("name", ["fetch", "a", "", "publish"])
def test_what_looks_like_nothing_gets_no_suggestion(name):
    assert near(name, ["load_orders", "normalize", "b"]) == ()
    assert did_you_mean(name, ["load_orders", "normalize", "b"]) == ""


def test_the_best_comes_first_and_four_are_enough():
    names = ["load_ordersss", "reload_orders", "loadorders", "load_orders", "load_order"]
    assert near("load_orderz", names) == ("load_order", "load_orders", "loadorders", "load_ordersss")


def test_the_order_of_candidates_does_not_matter():
    names = ["order", "older", "odder", "odre"]
    assert near("odrer", names) == near("odrer", reversed(names))


def test_the_question_names_what_may_be_meant():
    assert did_you_mean("load_order", ["load_orders"]) == "did you mean `load_orders`?"
    assert did_you_mean("lod", ["load", "log"]) == "did you mean `load` or `log`?"
    assert did_you_mean("lod", ["load", "log", "lode"]) == "did you mean `load`, `lode` or `log`?"


@given(st.text(), st.lists(st.text()))
def test_suggestions_are_candidates_each_once_and_never_the_name_itself(name, candidates):
    found = near(name, candidates)
    assert set(found) <= set(candidates) - {name}
    assert len(found) == len(set(found)) <= 4


@given(st.text("abcde_", min_size=4), st.data())
def test_one_slip_is_always_recognised(name, data):
    index = data.draw(st.integers(0, len(name) - 2))
    before, after = name[:index], name[index:]
    for slip in (before + after[1:], before + "x" + after, before + "x" + after[1:], before + after[1::-1] + after[2:]):
        assert near(slip, [name]) == ((name,) if slip != name else ())


@given(st.text(), st.text())
def test_being_near_is_mutual(one, other):
    assert bool(near(one, [other])) == bool(near(other, [one]))
