"""Every shape is drawn as what it is: branches, loops, maps, joins, waits, and workflows that are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowkit import (
    Signal,
    always,
    command,
    concurrent,
    cond,
    discard,
    first,
    first_n,
    gate,
    one_at_a_time,
    otherwise,
    phase,
    poll,
    race,
    repeat,
    result_of,
    scope,
    select,
    sleep,
    step,
    when,
    workflow,
)
from flowkit.graph import Graph, record

PAID = Signal[int]("paid")


@step
def fetch(url: str) -> list[int]:
    return [len(url)]


@step
def score(item: int) -> int:
    return item


@step
def grade(item: int) -> int:
    return item


@step
def total(items: list[int]) -> int:
    return sum(items)


@step
def is_big(number: int) -> bool:
    return number > 3


@step
def save(item: int) -> None:
    """Keep it somewhere."""


def enough(number: int) -> bool:
    return number > 3


@workflow
def branches(url: str) -> None:
    save(0)
    number = total(fetch(url))
    with when(is_big(number)):
        save(number)
        with concurrent():
            save(1)
            save(2)
    with otherwise():
        save(3)
    save(4)


@workflow
def picked(url: str) -> int:
    number = total(fetch(url))
    return cond(is_big(number), lambda: grade(number), lambda: 0)


@workflow
def phases(url: str) -> None:
    with always():
        save(0)
    with phase('"first"'):
        a, b = fetch(url), fetch(url)
    with phase("second"):
        save.map(a)
        save.map(b)
    with one_at_a_time():
        save(1)
        save(2)


@workflow
def maps(url: str) -> list[int]:
    discard(grade.map([1, 2, 3]))
    return grade.map(score.map(fetch(url)))


@workflow
def joined(url: str) -> int:
    numbers = first_n(score.map(fetch(url)), 2)
    return first(race(total(numbers), score(3)), score(4))


@workflow
def waiting() -> int:
    gate("go on?")
    which = select(paid=PAID.wait(), late=sleep("1d"))
    with scope("slow") as slow:
        save(1)
        save(2)
    slow.cancel(after=which)
    return total([score(1)])


@workflow
def child(number: int) -> int:
    scored = score(number)
    save(scored)
    return grade(scored)


@workflow
def calls(url: str) -> int:
    known = child(1)
    numbers = child.map(fetch(url))
    return total([known, child(known), total(numbers)])


@workflow
def looks(number: int) -> int:
    return grade(number) if number else score(0)


@workflow
def calls_one_that_looks(url: str) -> int:
    return looks(total(fetch(url)))


@workflow
def rounds(number: int, turn: int = 0) -> int:
    return number if turn > 3 else rounds(score(number), turn + 1)


@workflow
def loops(url: str) -> int:
    number = repeat(score, total(fetch(url)), until=lambda n: n > 3)
    number = repeat(lambda n: grade(score(n)), number, until=enough, max_rounds=3)
    number = poll(score, number, until=lambda n: n > 3, every="10s", timeout="2h")
    return rounds(number)


@workflow
def ping(number: int, turn: int = 0) -> int:
    return pong(score(number), turn + 1)


@workflow
def pong(number: int, turn: int) -> int:
    return number if turn > 3 else ping(score(number), turn)


@workflow
async def live(number: int) -> int:
    return await score.submit(number)


@workflow
def calls_live(number: int) -> int:
    return live(number)


@workflow
def asks(url: str) -> list[int]:
    return [score(one) for one in result_of(fetch(url))]


@workflow
def programs() -> str:
    return command(["echo", "&<>"], parse=str.strip)


GALLERY = [
    branches,
    picked,
    phases,
    maps,
    joined,
    waiting,
    child,
    calls,
    calls_one_that_looks,
    rounds,
    loops,
    ping,
    live,
    calls_live,
    asks,
    programs,
]


def text_of(workflow) -> list[str]:
    """The listing without the places in the source."""
    return [re.sub(r" +\S*test_pictures\.py:\d+$", "", line) for line in workflow.graph().to_text().splitlines()]


def chart_of(workflow) -> list[str]:
    """The lines of a flowchart, without tooltips."""
    lines = [line.strip() for line in workflow.graph().to_mermaid().splitlines()]
    return [line for line in lines if not line.startswith("click ")]


# -- branches ---------------------------------------------------------------------------------------------------------


def test_branches_are_boxes_with_their_test_and_one_arrow_to_each():
    lines = chart_of(branches)
    for line in (
        'n5{"is_big#63;"}',
        'subgraph r1 ["when is_big"]',
        'subgraph r3 ["otherwise: not is_big"]',
        "n5 -.->|yes| r1",
        "n5 -.->|no| r3",
    ):
        assert line in lines


def test_what_comes_after_both_branches_comes_after_each_and_neither_after_the_other():
    assert text_of(branches) == [
        "branches(url)",
        "  url         an argument",
        "  save",
        "  fetch       takes url; after save",
        "  total       takes fetch",
        "  is_big      takes total",
        "  when is_big",
        "    save#2    takes total",
        "    concurrent",
        "      save#3  after save#2",
        "      save#4  after save#2",
        "  otherwise: not is_big",
        "    save#5",
        "  save#6      after save#5, concurrent",
        "  returns no result of a step",
    ]


def test_a_value_that_is_picked_says_by_what_it_is():
    assert "  cond     if is_big: grade, else a value" in text_of(picked)
    lines = chart_of(picked)
    assert 'subgraph r1 ["cond: is_big"]' in lines
    assert "n5 -->|yes| n6" in lines


# -- blocks -----------------------------------------------------------------------------------------------------------


def test_a_phase_is_a_box_after_the_box_of_the_one_before_it():
    lines = chart_of(phases)
    for line in (
        'subgraph r1 ["always, at the end"]',
        'subgraph r2 ["phase #39;#34;first#34;#39;"]',
        "r2 -.-> r3",
        'subgraph r4 ["one_at_a_time"]',
    ):
        assert line.replace("#39;", "'") in lines
    assert "  phase 'second'  after phase '\"first\"'" in text_of(phases)


def test_a_scope_is_a_box_that_something_stops():
    lines = chart_of(waiting)
    assert "subgraph r1 [\"scope 'slow'\"]" in lines
    [stops] = [line for line in lines if line.endswith("{{\"cancel 'slow'\"}}")]
    assert f"{stops.partition('{')[0]} -.->|cancels| r1" in lines


# -- maps, joins and waits --------------------------------------------------------------------------------------------


def test_a_map_says_how_many_items_it_has_and_a_chain_goes_item_by_item():
    lines = chart_of(maps)
    assert 'n1[["grade.map #215; 3"]]' in lines
    assert "n2 --> n3" in lines
    assert "n3 ==>|each| n4" in lines


def test_joins_say_how_many_they_take_and_what_a_select_calls_them():
    lines = chart_of(joined)
    assert 'n3{{"first_n: 2"}}' in lines
    assert "n2 -.->|any| n3" in lines
    lines = chart_of(waiting)
    assert 'n1(["paid"])' in lines
    assert "n1 -.->|paid| n3" in lines
    assert "n2 -.->|late| n3" in lines
    assert any(row.startswith("  select         of paid=paid, late=sleep") for row in text_of(waiting))


# -- workflows that are called ----------------------------------------------------------------------------------------


def test_what_a_called_workflow_holds_is_in_a_box_of_its_own():
    lines = chart_of(calls)
    for line in ('subgraph n1 ["child"]', 'n1_0["score"]', "n1_0 --> n1_1", "n1 --> n4"):
        assert line in lines


def test_what_is_expanded_later_is_shown_with_stand_ins_for_its_inputs():
    assert text_of(calls)[8:] == [
        "  child#2.map  each of fetch; expanded when its inputs exist",
        "    number     an argument",
        "    score      takes number",
        "    save       takes score",
        "    grade      takes score; after save",
        "    returns grade",
        "  child#3      takes child; expanded when its inputs exist",
        "    number     an argument",
        "    score      takes number",
        "    save       takes score",
        "    grade      takes score; after save",
        "    returns grade",
        "  total        takes child#2.map",
        "  total#2      takes child, child#3, total",
        "  returns total#2",
    ]
    lines = chart_of(calls)
    assert 'subgraph n3 ["child#35;2.map, for each item, expanded when its inputs exist"]' in lines
    assert "class n3,n4 later" in lines


def test_a_body_that_would_look_at_a_result_is_shown_up_to_there():
    text = "\n".join(text_of(calls_one_that_looks))
    assert "\n    recorded up to here: `argument number` is tested for truth here" in text
    [note] = [line for line in chart_of(calls_one_that_looks) if line.startswith("s") and "recorded" in line]
    assert note.startswith('s3_["recorded up to here: ')


def test_a_body_that_raises_while_it_is_looked_at_is_shown_as_a_call():
    @workflow
    def moody(number: int) -> int:
        msg = "not today"
        raise RuntimeError(msg)

    @workflow
    def outer(url: str) -> int:
        return moody(total(fetch(url)))

    assert 'n3["test_a_body_that_raises_while_it_is_looked_at_is_shown_as_a_call.moody"]' not in chart_of(outer)
    assert 'n3["moody"]' in chart_of(outer)


def test_many_calls_at_one_place_are_opened_up_once():
    @workflow
    def many() -> int:
        begin = score(1)
        return total([child(begin) for _ in range(10)])

    assert chart_of(many).count("end") == 1
    assert sum("expanded" in line for line in text_of(many)) == 1


def test_a_live_workflow_says_so_where_it_is_called():
    assert 'n1["live (async)"]' in chart_of(calls_live)
    assert "  live    takes number; an `async def` body" in text_of(calls_live)
    assert any("what it calls shows when it runs" in line for line in chart_of(live))


# -- loops ------------------------------------------------------------------------------------------------------------


def test_a_loop_is_a_box_with_what_it_goes_on_until_and_an_arrow_back():
    lines = chart_of(loops)
    for line in (
        'subgraph n3 ["repeat until n #62; 3, at most 10 rounds, expanded when its inputs exist"]',
        'n3_2{"until n #62; 3#63;"}',
        "n3_1 --> n3_2",
        "n3_2 -.->|no| n3_0",
        'subgraph n4 ["repeat#35;2 until enough, at most 3 rounds, expanded when its inputs exist"]',
        'subgraph n5 ["poll until n #62; 3, every 10s, for at most 2h, expanded when its inputs exist"]',
    ):
        assert line in lines
    assert "    again     with grade; until enough" in text_of(loops)


def test_a_loop_whose_beginning_is_known_is_there_already():
    @workflow
    def known() -> int:
        return repeat(score, 1, until=enough)

    lines = chart_of(known)
    assert 'subgraph n0 ["repeat until enough, at most 10 rounds"]' in lines
    assert "n0_1 -.->|no| n0_0" in lines


def test_rounds_are_an_arrow_back_to_the_beginning():
    assert "n2 -.->|next round| n0" in chart_of(rounds)
    assert "  rounds  takes score; next round" in text_of(rounds)


def test_workflows_that_call_one_another_are_drawn_once_around():
    assert "n2_2 -.->|calls itself| n0" in chart_of(ping)


def test_what_a_loop_in_a_long_lambda_goes_on_until_is_not_guessed():
    @workflow
    def long() -> int:
        return repeat(
            score,
            1,
            until=lambda number: (
                number > 3
                and number < 5
            ),
        )  # fmt: skip

    assert "  repeat   until its `until`, at most 10 rounds" in text_of(long)


# -- all of them ------------------------------------------------------------------------------------------------------

_IDENTIFIER = r"[nrs][0-9_]+"
_LABEL = r'"(?:[\w .,:/()\[\]\-=\']|#\d+;)*"'
_OPENED = re.compile(rf"subgraph ({_IDENTIFIER}) \[{_LABEL}\]")
_NODE = re.compile(rf"({_IDENTIFIER})(?:\[\[|\[/|\[|\(\[|\(\(|\{{\{{|\{{){_LABEL}(?:\]\]|/\]|\]\)|\]|\)\)|\}}\}}|\}})")
_ARROW = re.compile(rf"({_IDENTIFIER}) (?:-->|-\.->|==>)(?:\|[\w .#;]+\|)? ({_IDENTIFIER})")
_REST = re.compile(
    rf'click {_IDENTIFIER} href "#" {_LABEL}|classDef \w+ [\w:-]+|class {_IDENTIFIER}(,{_IDENTIFIER})* \w+'
)


def boxes_of_mermaid(chart: str) -> tuple[dict[str, tuple[str, ...]], list[tuple[str, str]]]:
    """By node or box, the boxes that it is in; and the arrows. Every line has to be of a form that is known."""
    head, *lines = chart.splitlines()
    assert head == "flowchart TD"
    around: dict[str, tuple[str, ...]] = {}
    opened: list[str] = []
    arrows = []
    for line in map(str.strip, lines):
        if line == "end":
            opened.pop()
        elif found := _OPENED.fullmatch(line):
            assert found[1] not in around
            around[found[1]] = tuple(opened)
            opened.append(found[1])
        elif found := _ARROW.fullmatch(line):
            arrows.append((found[1], found[2]))
        elif found := _NODE.fullmatch(line):
            assert found[1] not in around
            around[found[1]] = tuple(opened)
        else:
            assert _REST.fullmatch(line), line
    assert not opened
    return around, arrows


_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LOOKS = rf"\w+=(?:{_QUOTED}|\w+)"
_DOT_NODE = re.compile(rf"({_IDENTIFIER}) \[{_LOOKS}(?:, {_LOOKS})*\];")
_DOT_ARROW = re.compile(rf"({_IDENTIFIER}) -> ({_IDENTIFIER})(?: \[({_LOOKS}(?:, {_LOOKS})*)\])?;")


def assert_dot_is_sound(drawn: str) -> None:
    head, node, graph, *lines, last = map(str.strip, drawn.splitlines())
    assert re.fullmatch(rf"digraph {_QUOTED} \{{", head)
    assert (node[:5], graph[:6], last) == ("node ", "graph ", "}")
    around: dict[str, tuple[str, ...]] = {}
    opened: list[str] = []
    arrows = []
    for line in lines:
        if line == "}":
            opened.pop()
        elif found := re.fullmatch(rf"subgraph (cluster_{_IDENTIFIER}) \{{", line):
            opened.append(found[1])
        elif found := _DOT_NODE.fullmatch(line):
            around[found[1]] = tuple(opened)
        elif found := _DOT_ARROW.fullmatch(line):
            arrows.append((found[1], found[2], found[3] or ""))
        else:
            assert re.fullmatch(rf"{_LOOKS};", line), line
    for source, target, looks in arrows:
        cut = dict(re.findall(r"(ltail|lhead)=(\w+)", looks))
        # Graphviz takes no notice of a box that an arrow doesn't cross.
        assert "ltail" not in cut or (cut["ltail"] in around[source] and cut["ltail"] not in around[target])
        assert "lhead" not in cut or (cut["lhead"] in around[target] and cut["lhead"] not in around[source])


@pytest.mark.covers("M15")
@pytest.mark.parametrize("drawn", GALLERY, ids=lambda one: one.spec.label)
def test_charts_are_sound(drawn):
    """Every arrow is between what is drawn, and none between a box and what is in it, which can't be laid out."""
    graph = drawn.graph()
    around, arrows = boxes_of_mermaid(graph.to_mermaid())
    for source, target in arrows:
        assert source not in around[target]
        assert target not in around[source]
    assert_dot_is_sound(graph.to_dot())


@pytest.mark.parametrize("drawn", GALLERY, ids=lambda one: one.spec.label)
def test_a_picture_is_the_same_each_time(drawn):
    first_time, second_time = drawn.graph(), drawn.graph()
    for draw in (Graph.to_text, Graph.to_mermaid, Graph.to_dot):
        assert draw(first_time) == draw(first_time) == draw(second_time)


def test_drawing_changes_nothing_about_the_graph():
    """What is recorded for a picture alone stays out of what runs."""
    graph = record(calls.spec, ("x",), {})
    known = dict(graph.inner), list(graph.keys)
    graph.to_text()
    assert (dict(graph.inner), list(graph.keys)) == known


def test_the_printing_of_bodies_that_are_looked_at_stays_out_of_the_picture(tmp_path: Path, capfd):
    """`flowkit graph` has nothing but the picture on standard output."""
    from flowkit.cli.commands import execute

    place = tmp_path / "talkative.py"
    place.write_text(
        "from flowkit import step, workflow\n"
        "@step\ndef one() -> int: return 1\n"
        "@workflow\ndef inner(n: int) -> int:\n    print('here')\n    return one()\n"
        "@workflow\ndef outer() -> int:\n    return inner(one())\n"
    )
    assert execute(["graph", f"{place}:outer", "--format", "mermaid"]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("flowchart TD\n")
    assert "here" not in out
    assert "here" in err


def test_workflows_in_workflows_are_opened_up_a_hundred_times_at_most():
    """Each level calls the one below it twice, so that all of them would be a thousand."""
    below = child
    for _ in range(9):

        def level(number: int, below=below) -> int:
            return total([below(score(number)), below(grade(number))])

        below = workflow(level)
    text = below.graph().to_text()
    assert text.count("expanded when its inputs exist") == 100


def test_jupyter_shows_text_where_a_flowchart_is_longer_than_mermaid_reads():
    @workflow
    def many() -> int:
        return total([child(number) for number in range(150)])

    assert list(many.graph()._repr_mimebundle_()) == ["text/plain"]
    assert "text/vnd.mermaid" in calls.graph()._repr_mimebundle_()
