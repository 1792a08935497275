"""`flowkit check`: what it looks at, and in which forms it tells."""

from __future__ import annotations

import json

import pytest

STEPS = """
    @step
    def load(path: str) -> list[int]:
        return [len(path)]

    @step
    def total(rows: list[int]) -> int:
        return sum(rows)
"""
FORGOTTEN = """
    @workflow
    def forgotten(path: str) -> int:
        load(path)
        return total([1])
"""
SOUND = """
    @workflow
    def sound(path: str) -> int:
        return total(load(path))
"""


@pytest.fixture
def shop(write):
    def shop(*texts, name="shop.py"):
        return write(name, STEPS + "".join(texts))

    return shop


def test_nothing_found_is_said_so(shop, flowkit):
    shop(SOUND)
    assert flowkit("check", "shop") == (0, "1 workflow checked, nothing found\n", "")


def test_findings_are_shown_with_their_source_and_counted(shop, flowkit):
    shop(SOUND, FORGOTTEN)
    answer = flowkit("check", "shop")
    assert (answer.code, answer.err) == (1, "")
    assert answer.out == (
        "error[FK101]: the result of `load` is never used\n"
        "  --> shop.py:18:5\n"
        "   |\n"
        "18 |     load(path)\n"
        "   |     ^^^^^^^^^^ this call returns `list[int]`\n"
        "   |\n"
        "   = help: pass it on, return it, or write `discard(load(path))`\n"
        "\n"
        "error: 1 error\n"
    )


@pytest.mark.covers("M12")
def test_one_workflow_or_all_of_several_modules(shop, flowkit):
    """Each is checked once, however often it is named."""
    shop(SOUND, FORGOTTEN)
    shop(FORGOTTEN, name="other.py")
    assert flowkit("check", "shop:sound").code == 0
    answer = flowkit("check", "shop:sound", "other.py", "shop", "shop:forgotten")
    assert answer.code == 1
    assert answer.out.count("error[FK101]") == 2


def test_the_source_is_read_where_recording_stops(shop, flowkit):
    """Arguments are unknown: a body that looks at one is recorded up to there, and read to its end."""
    shop("""
    @workflow
    def branches(path: str, deep: bool) -> int:
        if deep:
            load(path)
        return total([1])
    """)
    answer = flowkit("check", "shop")
    assert answer.code == 1
    assert "error[FK101]: the result of `load` is never used" in answer.out
    assert answer.err == (
        "note: shop.py:14: `argument deep` is tested for truth here, and this look at the workflow has no value for it; "
        "what comes after this was checked in the source only; pass arguments to see the whole graph\n"
    )


def test_a_body_that_builds_another_graph_the_second_time(shop, flowkit):
    text = """
    builds = []

    @workflow{}
    def unstable(path: str) -> int:
        builds.append(path)
        return total(load(path)) if len(builds) % 2 else total([1])
    """
    shop(text.format(""))
    assert "error[FK402]" in flowkit("check", "shop").out
    shop(text.format('(allow=("FK402",))'), name="allowed.py")
    assert flowkit("check", "allowed").code == 0


def test_strict_asks_for_annotations(shop, flowkit):
    shop("""
    @step
    def bare(rows):
        return rows

    @workflow
    def loose(path: str) -> int:
        return total(bare(load(path)))
    """)
    assert flowkit("check", "shop").code == 0
    answer = flowkit("check", "shop", "--strict")
    assert "FK204" in answer.out


@pytest.mark.covers("M12")
def test_what_cannot_be_checked_keeps_nothing_else_from_it(shop, write, flowkit):
    shop(
        FORGOTTEN,
        """
    @workflow
    def raising(path: str) -> int:
        raise OSError("no such region")
    """,
    )
    write("broken.py", "1 / 0")
    answer = flowkit("check", "nowhere", "broken", "shop")
    assert answer.code == 2
    assert "error: there is no module `nowhere`" in answer.err
    assert "error: `broken` can't be imported" in answer.err
    assert "error: the body of `raising` raised while it was recorded" in answer.err
    assert "OSError: no such region" in answer.err
    assert "error[FK101]" in answer.out
    assert flowkit("check", "shop:raising").code == 1


def test_a_module_without_workflows_is_noted(write, flowkit):
    write("empty.py", "print('imported')")
    assert flowkit("check", "empty") == (0, "", "imported\nnote: `empty` has no workflows\n")


def test_json(shop, flowkit):
    path = shop(SOUND, FORGOTTEN)
    answer = flowkit("check", "shop", "--format", "json")
    [found] = json.loads(answer.out)
    assert answer.code == 1
    assert (found["code"], found["level"], found["name"]) == ("FK101", "error", "unused-result")
    assert (found["labels"][0]["file"], found["labels"][0]["line"]) == (str(path), 18)
    assert flowkit("check", "shop:sound", "--format", "json") == (0, "[]\n", "")


def test_sarif(shop, flowkit):
    shop(SOUND, FORGOTTEN)
    answer = flowkit("check", "shop", "--format", "sarif")
    [run] = json.loads(answer.out)["runs"]
    assert answer.code == 1
    assert [result["ruleId"] for result in run["results"]] == ["FK101"]
    assert run["tool"]["driver"]["version"]


def test_github(shop, flowkit):
    shop(SOUND, FORGOTTEN)
    answer = flowkit("check", "shop", "--format", "github")
    assert answer.code == 1
    assert answer.out.startswith("::error file=shop.py,line=18,col=5,title=FK101%3A unused result::")
    assert flowkit("check", "shop:sound", "--format", "github") == (0, "", "")


def test_what_machines_read_stays_whole_when_something_cannot_be_checked(shop, flowkit):
    shop(FORGOTTEN)
    answer = flowkit("check", "nowhere", "shop", "--format", "json")
    assert answer.code == 2
    assert len(json.loads(answer.out)) == 1


def test_durable_asks_for_types_that_can_be_kept(write, flowkit):
    write(
        "lines.py",
        """
        class Line:
            text = "hello"

        @step
        def first(path: str) -> Line:
            return Line()

        @step
        def text_of(line: Line) -> str:
            return line.text

        @workflow
        def quote(path: str) -> str:
            return text_of(first(path))
        """,
    )
    assert flowkit("check", "lines") == (0, "1 workflow checked, nothing found\n", "")
    answer = flowkit("check", "lines", "--durable")
    assert answer.code == 1
    assert answer.out.startswith("error[FK205]: what `first` returns can't be kept\n")
