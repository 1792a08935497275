"""What a graph looks like: as text, as Mermaid, as DOT, and in Jupyter."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import Outcome, concurrent, in_order, otherwise, outcome, phase, step, unmapped, when, workflow
from flowkit.graph import Edge, Graph, Kind, record
from flowkit.graph.picture import Picture

NASTY = 'we"ird <b>&amp; \\N %%{init} `end`; #35;\nünï'


@step
def fetch(url: str) -> list[int]:
    return [len(url)]


@step
def score(item: int, scale: int = 1) -> int:
    return item * scale


@step
def total(items: list[int]) -> int:
    return sum(items)


@step
def save(item: int) -> None:
    """Keep it somewhere."""


@step
def judge(end: Outcome[int]) -> int:
    return 1


@step(depends_on_any=["fetch", "total"])
def late() -> int:
    return 1


def nasty(item: int) -> int:
    return item


nasty.__qualname__ = NASTY  # a given name would be refused
nasty = step(nasty)


@workflow
def report(url: str, scale: int) -> list[int]:
    scores = score.map(score.map(fetch(url), unmapped(scale)))
    count = total(scores)
    with in_order():
        save(1)
        with concurrent():
            save(2)
            save(3)
    return [judge(outcome(count)), late()]


@workflow
def looped(n: int) -> int:
    for i in range(n):
        save(score(i))
    return total([score(i) for i in range(n)])


def chart(graph: Graph) -> list[str]:
    """The lines of a flowchart without tooltips, which name lines of this file."""
    return [line.strip() for line in graph.to_mermaid().splitlines() if not line.strip().startswith("click ")]


def pairs(graph: Graph) -> set[tuple[str, str, Edge]]:
    picture = Picture(graph)
    return {(picture.name(a.source), picture.name(a.target), a.kind) for a in picture.arrows()}


def drawn_pairs(graph: Graph) -> list[tuple[int, int]]:
    """The arrows between nodes; one from or to a region is one from or to all that is in it."""
    regions = graph.regions

    def nodes_of(end):
        if isinstance(end, int):
            return [end]
        found = []
        for node in graph.nodes:
            region = node.region
            while region not in (0, end.index):
                region = regions[region].parent
            found += [node.index] if region else []
        return found

    return [(a, b) for arrow in Picture(graph).arrows() for a in nodes_of(arrow.source) for b in nodes_of(arrow.target)]


def test_text_is_in_the_order_of_the_source_and_names_what_each_call_takes_and_waits_for():
    text = re.sub(r" +\S*test_drawing\.py:\d+", "", report.graph().to_text())
    assert text.splitlines() == [
        "report(url, scale)",
        "  url          an argument",
        "  scale        an argument",
        "  fetch        takes url",
        "  score.map    each of fetch; takes scale",
        "  score#2.map  item by item of score.map",
        "  total        takes score#2.map",
        "  in_order     after total",
        "    save",
        "    concurrent",
        "      save#2   after save",
        "      save#3   after save",
        "  outcome      of total; after concurrent",
        "  judge        takes outcome",
        "  late         after any of fetch, total; after concurrent",
        "  returns judge, late",
    ]


def test_text_says_where_each_call_was_written():
    line = report.spec.target.__code__.co_firstlineno + 2
    [fetched] = [row for row in report.graph().to_text().splitlines() if row.strip().startswith("fetch ")]
    assert fetched.endswith(f"test_drawing.py:{line}")


def test_what_a_long_loop_made_is_shown_by_its_ends():
    text = record(looped.spec, (1_000,), {}).to_text()
    assert "... 1,988 more, up to save#997" in text
    assert "... 994 more, up to score#1997" in text
    assert "takes score#1001, score#1002, score#1003, score#1004 and 996 more" in text
    assert len(text.splitlines()) == 23


def test_a_body_that_looked_at_an_unknown_argument_is_drawn_up_to_there():
    @workflow
    def branches(url: str, deep: bool) -> int:
        rows = fetch(url)
        return total(rows) if deep else late()

    *_, last = branches.graph().to_text().splitlines()
    assert last.startswith("  recorded up to here: `argument deep` is tested for truth")


@pytest.mark.covers("M15")
def test_mermaid_has_a_shape_for_each_kind_of_node_and_a_box_for_each_region():
    lines = chart(report.graph())
    assert lines[0] == "flowchart TD"
    for line in (
        'n0[/"url"/]',
        'n2["fetch"]',
        'n3[["score.map"]]',
        'subgraph r1 ["in_order"]',
        'subgraph r2 ["concurrent"]',
        'n12{{"outcome"}}',
        "n2 --> n3",
        "n3 ==>|each| n4",
        "n5 -->|outcome| n12",
        "n5 -.-> r1",
        "r2 -.-> n12",
        "n2 -.->|any| n14",
        "class n13,n14 returned",
    ):
        assert line in lines
    assert lines.count("end") == 2


def test_tooltips_show_the_line_of_the_source():
    graph = report.graph()
    line = report.spec.target.__code__.co_firstlineno + 2
    written = f"test_drawing.py:{line}  scores = score.map(score.map(fetch(url), unmapped(scale)))"
    [mermaid] = [row for row in graph.to_mermaid().splitlines() if row.strip().startswith("click n2 ")]
    assert mermaid.endswith(f'{written}"')
    [dot] = [row for row in graph.to_dot().splitlines() if row.strip().startswith("n2 [")]
    assert f'{written}"' in dot


@pytest.mark.covers("M15")
def test_dot_has_the_same_nodes_edges_and_regions():
    lines = [re.sub(r', tooltip="[^"]*"', "", line).strip() for line in report.graph().to_dot().splitlines()]
    assert lines[0] == 'digraph "report" {'
    assert lines[-1] == "}"
    for line in (
        'n0 [label="url", shape=parallelogram];',
        'n3 [label="score.map", peripheries=2];',
        "subgraph cluster_r2 {",
        'label="concurrent";',
        'n12 [label="outcome", shape=hexagon];',
        'n13 [label="judge", penwidth=3];',
        "n2 -> n3;",
        'n3 -> n4 [label="each", style=bold];',
        'n5 -> n12 [label="outcome"];',
        "n5 -> n6 [style=dashed, lhead=cluster_r1];",
        "n9 -> n12 [style=dashed, ltail=cluster_r2];",
        'n2 -> n14 [label="any", style=dashed];',
    ):
        assert line in lines


def test_order_that_follows_from_the_data_is_left_out():
    """After an effect everything waits for it; an arrow stands only where nothing else says so."""

    @workflow
    def after_effect(url: str) -> int:
        save(1)
        rows = fetch(url)
        return total(score.map(rows))

    assert pairs(after_effect.graph("x")) == {
        ("save", "fetch", Edge.ORDER),
        ("fetch", "score.map", Edge.DATA),
        ("score.map", "total", Edge.DATA),
    }


def test_names_are_escaped():
    @workflow
    def odd() -> int:
        return nasty(1)

    graph = odd.graph()
    [mermaid] = [line for line in chart(graph) if line.startswith("n0[")]
    label = mermaid.removeprefix('n0["').removesuffix('"]')
    # What is left between the quotes are harmless characters and numbers of others.
    assert re.fullmatch(r"(?:[\w .,:/()\[\]='-]|#\d+;)*", label)
    shown = NASTY.replace("\n", "\u240a")
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label) == shown
    [dot] = [line for line in graph.to_dot().splitlines() if line.strip().startswith("n0 [")]
    quoted = re.search(r'label="((?:[^"\\]|\\.)*)"', dot)
    assert quoted is not None
    assert re.sub(r"\\(.)", r"\1", quoted[1]).replace("&amp;", "&") == shown


def named() -> object:
    return phase("stage")


shapes = st.recursive(
    st.sampled_from(["save", "score", "fetch"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from([in_order, concurrent, named]), st.lists(inner, max_size=4)),
        st.tuples(st.lists(inner, max_size=3), st.lists(inner, max_size=3)),
    ),
    max_leaves=12,
)


def build(shape) -> Graph:
    """A graph of effects, chains of data and calls of their own, in regions inside regions."""

    @workflow
    def nested() -> None:
        write(shape, [1])

    def write(part, last):
        if part == "save":
            save(last[-1])
        elif part == "score":
            last.append(score(last[-1]))
        elif part == "fetch":
            fetch("x")
        elif callable(part[0]):
            region, inner = part
            with region():
                for one in inner:
                    write(one, last)
        else:
            known = list(last)  # what is in a branch stays in it
            for branch, inner in zip((lambda: when(fetch("x")), otherwise), part, strict=True):
                with branch():
                    for one in inner:
                        write(one, last)
                last[:] = known

    return record(nested.spec, (), {})


def reached(edges: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Who comes before whom, in the end."""
    closed = set(edges)
    while True:
        more = {(a, d) for a, b in closed for c, d in closed if b == c} - closed
        if not more:
            return closed
        closed |= more


@given(shapes)
def test_regions_are_boxes_inside_boxes_however_they_were_nested(shape):
    """Every box that is opened is closed, in all drawings, and every call is drawn once."""
    graph = build(shape)
    lines = chart(graph)
    assert sum(line.startswith("subgraph ") for line in lines) == lines.count("end")
    drawn = [int(found[1]) for found in (re.match(r"n(\d+)[\[({]", line) for line in lines) if found]
    assert len(drawn) == len(set(drawn))
    assert {node.index for node in graph.nodes if node.kind is Kind.CALL} <= set(drawn)
    dot = graph.to_dot()
    assert dot.count("{") == dot.count("}")
    assert [int(i) for i in re.findall(r"^ *n(\d+) \[label", dot, re.MULTILINE)] == drawn


@given(shapes)
def test_a_drawing_orders_calls_as_the_graph_does(shape):
    """Leaving out arrows and barriers neither loses nor invents that one call comes before another."""
    graph = build(shape)
    calls = {node.index for node in graph.nodes if node.kind is Kind.CALL}
    tested = [(i, node.index) for node in graph.nodes for i in decided_by(graph, node)]
    written = reached([*tested, *((i, node.index) for node in graph.nodes for i in (*node.data, *(node.order or ())))])
    drawn = reached(drawn_pairs(graph))
    assert {(a, b) for a, b in drawn if {a, b} <= calls} == {
        (a, b) for a, b in written if {a, b} <= calls and not are_alternatives(graph, a, b)
    }


def branches_of(graph: Graph, index: int) -> dict[int, bool]:
    """By what it is decided whether a node runs, and what that has to be."""
    region = graph.regions[graph.nodes[index].region]
    found = {}
    while region.parent is not None:
        if region.test >= 0:
            found[region.test] = region.wanted
        region = graph.regions[region.parent]
    return found


def decided_by(graph: Graph, node) -> list[int]:
    return list(branches_of(graph, node.index)) if node.kind is not Kind.BARRIER else []


def are_alternatives(graph: Graph, a: int, b: int) -> bool:
    """Whether never both run: the one stands in a `when`, and the other in its `otherwise`."""
    one, other = branches_of(graph, a), branches_of(graph, b)
    return any(other.get(test, wanted) is not wanted for test, wanted in one.items())


@pytest.mark.parametrize("draw", [Graph.to_text, Graph.to_mermaid, Graph.to_dot])
def test_graphs_of_a_hundred_thousand_nodes_are_drawn(draw):
    assert draw(record(looped.spec, (33_333,), {}))


def test_jupyter_shows_a_flowchart():
    graph = report.graph()
    shown = graph._repr_mimebundle_()
    assert shown["text/vnd.mermaid"] == graph.to_mermaid()
    assert shown["text/markdown"] == f"```mermaid\n{graph.to_mermaid()}\n```"
    assert shown["text/plain"] == graph.to_text()


def test_jupyter_shows_text_where_a_flowchart_would_be_too_big():
    assert list(record(looped.spec, (100,), {})._repr_mimebundle_()) == ["text/plain"]


def test_a_graph_tells_its_size_instead_of_its_nodes():
    assert re.fullmatch(r"<graph of \S*:report: 15 nodes>", repr(report.graph()))


def test_a_live_body_says_that_nothing_of_it_is_known_before_it_runs():
    @step
    async def ask(x: int) -> int:
        return x

    @workflow
    async def live(x: int) -> int:
        return await ask(x)

    text = live.graph().to_text()
    assert "an `async def` body: what it calls shows when it runs" in text
    assert live.start(1).result(timeout=20) == 1


def test_a_run_of_a_live_body_shows_what_it_has_called():
    @step
    async def ask(x: int) -> int:
        return x

    @workflow
    async def live(x: int) -> int:
        return await ask(await ask(x))

    run = live.start(1)
    run.wait()
    assert list(run.graph.keys) == ["ask", "ask#2"]
