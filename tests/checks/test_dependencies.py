"""Circles of waiting, against what a graph library would say, and in graphs too deep for recursion."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flowkit import always, concurrent, otherwise, step, when, workflow
from flowkit.checks import check, find
from flowkit.checks.dependencies import cycles
from flowkit.graph import record


def graph_of(every, anyone):
    """One call of each step, each depending on others by name."""
    steps = []
    for number, (named, one_of) in enumerate(zip(every, anyone, strict=True)):

        def body(value: int) -> int:
            return value

        body.__name__ = body.__qualname__ = f"s{number}"
        options = {"depends_on": [f"s{i}" for i in named], "depends_on_any": [f"s{i}" for i in one_of]}
        steps.append(step(**{key: value for key, value in options.items() if value})(body))

    @workflow
    def report(value: int) -> list[int]:
        return [one(value) for one in steps]

    return record(report.spec, (3,), {})


def reaches(edges):
    """Who waits for whom, directly or not."""
    closed = {(a, b) for a, named in enumerate(edges) for b in named}
    while more := {(a, d) for a, b in closed for c, d in closed if b == c} - closed:
        closed |= more
    return closed


def choices(size):
    return st.lists(st.sets(st.integers(0, size - 1), max_size=3), min_size=size, max_size=size)


@given(st.integers(1, 7).flatmap(choices))
def test_each_knot_of_waiting_gives_one_finding(edges):
    """Two calls belong to one knot if they wait for each other; each knot is shown as one circle."""
    closed = reaches(edges)
    knots = {frozenset(b for a2, b in closed if a2 == a and (b, a) in closed) for a, b in closed if (a, a) in closed}
    found = list(cycles(graph_of(edges, [()] * len(edges))))
    assert len(found) == len(knots)
    for one in found:
        chain = [int(name[1:]) for name in one.notes[0].partition(",")[0].split(" -> ")]
        assert chain[0] == chain[-1]
        assert len(set(chain[1:])) == len(chain[1:])
        assert all(after in edges[before] for before, after in pairwise(chain))


@given(st.integers(1, 6).flatmap(lambda size: st.tuples(choices(size), choices(size))))
def test_a_circle_is_found_exactly_when_some_call_could_never_start(both):
    every, anyone = both
    done, before = set(), None
    while before != len(done):
        before = len(done)
        done |= {i for i in range(len(every)) if every[i] <= done and (not anyone[i] or anyone[i] & done)}
    assert bool(list(cycles(graph_of(every, anyone)))) == (len(done) < len(every))


def test_a_circle_through_a_hundred_thousand_calls_is_found_and_told_briefly():
    @step
    def first(value: int) -> int:
        return value

    @step
    def then(value: int) -> int:
        return value

    @workflow
    def report(value: int) -> int:
        value = first.with_options(depends_on="then")(value)
        for _ in range(100_000):
            value = then(value)
        return value

    [found] = find(record(report.spec, (3,), {}))
    assert found.title == "2 calls wait for one another in a circle, so none could ever start"


def test_a_long_circle_is_told_briefly():
    @step
    def first(value: int) -> int:
        return value

    @step
    def then(value: int) -> int:
        return value

    @step
    def last(value: int) -> int:
        return value

    @workflow
    def report(value: int) -> int:
        value = first.with_options(depends_on="last")(value)
        for _ in range(100_000):
            value = then(value)
        return last(value)

    [found] = find(record(report.spec, (3,), {}))
    assert found.title == "100002 calls wait for one another in a circle, so none could ever start"
    assert len(found.labels) == 8
    assert len(found.notes[0]) < 200


def test_order_alone_is_no_circle():
    @step
    def tell(*values: int) -> None:
        pass

    @step(depends_on=tell)
    def after(value: int) -> int:
        return value

    @workflow
    def report(value: int) -> int:
        tell(value)
        tell(value)
        return after(value)

    assert check(record(report.spec, (3,), {})).warnings == ()


def test_a_dependency_against_the_text_is_no_circle_where_nothing_keeps_its_place():
    @step
    def show(value: int) -> None:
        """Change the world."""

    @step(depends_on=show)
    def tidy() -> None:
        """Change the world."""

    @workflow
    def report(value: int) -> None:
        with concurrent():
            tidy()
            show(value)

    assert list(cycles(record(report.spec, (1,), {}))) == []
    report(1)


def test_a_dependency_between_the_branches_of_a_test_is_no_circle_where_the_text_agrees():
    @step
    def is_large(value: int) -> bool:
        return value > 3

    @step
    def show(value: int) -> None:
        """Change the world."""

    @step(depends_on=show)
    def tell(value: int) -> None:
        """Change the world."""

    @workflow
    def report(value: int) -> None:
        with when(is_large(value)):
            show(value)
        with otherwise():
            tell(value)

    assert list(cycles(record(report.spec, (1,), {}))) == []
    report(1)


def test_cleaning_up_may_depend_on_the_work_but_not_the_work_on_the_cleaning_up():
    @step
    def work() -> None:
        """Change the world."""

    @step(depends_on=work)
    def close() -> None:
        """Change the world."""

    @workflow
    def sound() -> None:
        with always():
            close()
        work()

    assert list(cycles(record(sound.spec, (), {}))) == []
    sound()
