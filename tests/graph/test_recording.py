"""What a body writes down."""

from __future__ import annotations

import pytest

from flowkit import in_order, outcome, step, workflow
from flowkit.graph import Kind


@step
def fetch(url: str) -> bytes:
    return url.encode()


@step
def parse(body: bytes, strict: bool = False) -> list[str]:
    return [body.decode()]


@step(name="shop:count")
def count(rows: list[str]) -> int:
    return len(rows)


def test_a_graph_is_the_calls_and_their_edges():
    @workflow
    def report(url: str) -> int:
        return count(parse(fetch(url), strict=True))

    graph = report.graph("x")
    assert graph.keys == ["fetch", "parse", "count"]
    assert [list(node.data) for node in graph.nodes] == [[], [0], [1]]
    assert graph.nodes[1].kwargs == {"strict": True}


def test_keys_are_structural():
    @workflow
    def report() -> list[object]:
        first = [fetch("a"), fetch("b")]
        return [*first, count(parse(fetch("c")))]

    assert report.graph().keys == ["fetch", "fetch#2", "fetch#3", "parse", "count"]


def test_every_call_knows_its_place_exactly():
    @workflow
    def report(url: str) -> int:
        return count(parse(fetch("é" + url)))

    spans = [node.site.span() for node in report.graph("x").nodes if node.site is not None]
    assert [span.covered for span in spans] == [
        'fetch("é" + url)',
        'parse(fetch("é" + url))',
        'count(parse(fetch("é" + url)))',
    ]


@pytest.mark.covers("M2")
def test_two_builds_are_alike():
    @workflow
    def report(url: str) -> int:
        with in_order():
            return count(parse.with_options(retries=2)(fetch(url)))

    first, second = report.graph("x"), report.graph("x")
    assert first.keys == second.keys
    assert [(node.kind, list(node.data), node.order) for node in first.nodes] == [
        (node.kind, list(node.data), node.order) for node in second.nodes
    ]


def test_a_map_is_one_node_and_outcomes_are_nodes_of_their_own():
    @step
    def look(end: object) -> str:
        return str(end)

    @workflow
    def report() -> str:
        return look(outcome(fetch.map(["a", "b"])))

    assert [node.kind for node in report.graph().nodes] == [Kind.MAP, Kind.OUTCOME, Kind.CALL]


def test_a_variant_of_a_step_is_still_that_step():
    variant = fetch.with_options(timeout=5).with_options(retries=1)
    assert variant.spec.declared is fetch.spec
    assert variant.spec.name == fetch.spec.name
    assert variant.spec.policy.timeout == 5
    assert variant.spec.policy.retry is not None


@pytest.mark.covers("M7")
def test_dependencies_come_in_any_form():
    @step
    def migrate() -> int:
        return 1

    forms = [
        migrate,
        [migrate],
        (migrate,),
        {migrate},
        iter([migrate]),
        "migrate",
        ["migrate"],
        f"{__name__}:test_dependencies_come_in_any_form.<locals>.migrate",
    ]
    for form in forms:
        after = fetch.with_options(depends_on=form)

        @workflow
        def report(after=after) -> bytes:
            migrate()
            return after("x")

        assert report.graph().nodes[1].order == [0], form


def test_a_recording_that_raises_raises_what_the_body_raised():
    import pytest

    @workflow
    def broken() -> bytes:
        raise LookupError("in the body")

    with pytest.raises(LookupError, match="in the body"):
        broken()
    assert fetch("x") == b"x"  # and recording is over


def test_one_result_is_a_dependency_too():
    @workflow
    def report() -> bytes:
        first = fetch("a")
        return fetch.with_options(depends_on=first)("b")

    assert report.graph().nodes[1].order == [0]


@pytest.mark.covers("M1")
def test_what_a_step_was_declared_with_is_in_the_graph():
    @step(retries=2, timeout="1m", on_failure="skip")
    def load(url: str) -> bytes:
        return url.encode()

    @workflow
    def report(url: str) -> list[str]:
        return parse(load(url))

    policy = report.graph("x").nodes[0].spec.policy
    assert (policy.retry.max_attempts, policy.timeout, policy.on_failure) == (3, 60, "skip")
