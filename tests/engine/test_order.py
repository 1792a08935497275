"""Effects happen as the text reads."""

from __future__ import annotations

import pytest

from flowkit import concurrent, discard, in_order, step, workflow


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def say(seen):
    @step
    def say(text: object) -> None:
        seen.append(str(text))

    return say


@pytest.fixture
def think(seen):
    @step
    def think(text: str) -> str:
        seen.append(text)
        return text

    return think


def order_edges(graph) -> list[tuple[str, str]]:
    return [(graph.keys[before], graph.keys[node.index]) for node in graph.nodes for before in node.order or ()]


def test_effects_run_one_after_another(seen, say):
    @workflow
    def three() -> None:
        say("a")
        say("b")
        say("c")

    three()
    assert seen == ["a", "b", "c"]


def test_an_effect_waits_for_what_is_written_before_it_and_is_waited_for(say, think):
    @workflow
    def mixed() -> list[str]:
        first = think("x")
        say("a")
        return [first, think("y")]

    assert order_edges(mixed.graph()) == [("think", "say"), ("say", "think#2")]


def test_an_effect_doesnt_wait_twice_for_what_it_takes(say, think):
    @workflow
    def taking() -> None:
        say(think("x"))

    assert order_edges(taking.graph()) == []


def test_calls_whose_result_is_kept_dont_wait_for_one_another(think):
    @workflow
    def free() -> list[str]:
        return [think("x"), think("y")]

    assert order_edges(free.graph()) == []


def test_concurrent_lifts_the_order_inside_and_keeps_the_place_of_the_whole(say):
    @workflow
    def block() -> None:
        say("before")
        with concurrent():
            say("one")
            say("two")
        say("after")

    graph = block.graph()
    assert order_edges(graph) == [
        ("say", "say#2"),
        ("say", "say#3"),
        ("say#2", "(order)"),
        ("say#3", "(order)"),
        ("(order)", "say#4"),
    ]


def test_a_block_without_effects_has_no_place(think, say):
    @workflow
    def block() -> list[str]:
        say("before")
        with concurrent():
            one = think("one")
        return [one, think("two")]

    assert order_edges(block.graph()) == [("say", "think"), ("say", "think#2")]


def test_in_order_makes_everything_inside_keep_its_place(think):
    @workflow
    def strict() -> list[str]:
        with in_order():
            one = think("one")
            two = think("two")
        return [one, two, think("three")]

    assert ("think", "think#2") in order_edges(strict.graph())


def test_many_effects_need_only_as_many_edges(say):
    @workflow
    def many() -> None:
        with concurrent():
            for i in range(100):
                say(i)
        with concurrent():
            for i in range(100):
                say(i)

    graph = many.graph()
    assert sum(len(node.order or ()) for node in graph.nodes) < 4 * len(graph.nodes)


def test_what_is_written_early_in_a_block_waits_for_what_is_before_it_once_the_block_has_an_effect(seen, say, think):
    @workflow
    def block() -> str:
        say("first")
        kept = think("kept")
        with concurrent():
            early = think("early")
            say("late")
        return discard_all(kept, early)

    @step
    def discard_all(*texts: str) -> str:
        return "".join(texts)

    block()
    assert seen.index("kept") < seen.index("early")


def test_discard_right_at_the_call_keeps_the_place(think):
    @workflow
    def dropping() -> str:
        first = think("x")
        discard(think("y"))
        return think(first)

    assert order_edges(dropping.graph()) == [("think", "think#2"), ("think#2", "think#3")]


def test_discard_later_only_marks_the_result_as_used(think):
    @workflow
    def dropping() -> str:
        first = think("x")
        discard(first)
        return think("y")

    assert order_edges(dropping.graph()) == []


def test_an_effect_at_the_end_of_a_chain_of_maps_flows_item_by_item(seen):
    @step
    def extract(x: int) -> int:
        return x

    @step
    def load(x: int) -> None:
        seen.append(x)

    @workflow
    def flow() -> None:
        load.map(extract.map([1, 2, 3]))

    graph = flow.graph()
    assert order_edges(graph) == []
    flow()
    assert sorted(seen) == [1, 2, 3]


@pytest.mark.covers("M5")
def test_depends_on_orders_without_data(seen, think):
    @step
    def migrate() -> int:
        seen.append("migrate")
        return 1

    @step(depends_on=[migrate])
    def query() -> str:
        seen.append("query")
        return "rows"

    @workflow
    def ordered() -> str:
        rows = query()
        migrate()
        return rows

    assert ordered() == "rows"
    assert seen == ["migrate", "query"]


def test_depends_on_any_needs_one(seen):
    @step(on_failure="skip")
    def mirror(name: str) -> str:
        if name == "down":
            raise OSError(name)
        return name

    @step
    def download() -> str:
        return "done"

    @workflow
    def either() -> str:
        one, two = mirror("down"), mirror("up")
        return download.with_options(depends_on_any=[one, two])()

    assert either() == "done"


def test_depends_on_any_fails_with_all_errors_when_none_succeeds():
    @step
    def mirror(name: str) -> str:
        raise OSError(name)

    @step
    def download() -> str:
        return "done"

    @workflow
    def neither() -> str:
        one, two = mirror("a"), mirror("b")
        return download.with_options(depends_on_any=[one, two])()

    with pytest.raises(ExceptionGroup) as caught:
        neither()
    assert sorted(str(error) for error in caught.value.exceptions) == ["a", "b"]


def test_in_order_after_several_calls_still_runs_one_after_another(seen, think):
    @workflow
    def strict() -> list[str]:
        before = [think("a"), think("b")]
        with in_order():
            inside = [think("one"), think("two"), think("three")]
        return [*before, *inside]

    strict()
    assert seen[2:] == ["one", "two", "three"]
    edges = order_edges(strict.graph())
    assert ("think#3", "think#4") in edges
    assert ("think#4", "think#5") in edges
