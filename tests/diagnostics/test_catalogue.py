"""The catalogue and its pages: every code is explained, by what provokes it and by what doesn't."""

import ast
import re
from importlib.resources import files

import pytest

from flowkit.diagnostics import CATALOGUE, Level, explain

PAGES = files("flowkit.diagnostics") / "pages"


def blocks(code):
    return re.findall(r"^```python\n(.*?)^```$", explain(code), re.DOTALL | re.MULTILINE)


def test_codes_and_names_are_what_they_look_like():
    for code, known in CATALOGUE.items():
        assert known.code == code
        assert re.fullmatch(r"FK\d{3}", code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", known.name)
        assert not known.title.endswith(".")
    assert len({known.name for known in CATALOGUE.values()}) == len(CATALOGUE)
    assert list(CATALOGUE) == sorted(CATALOGUE)


def test_each_group_has_its_hundred():
    hundreds = {(code[:3], known.group) for code, known in CATALOGUE.items()}
    assert len(hundreds) == len({group for _, group in hundreds}) == len({hundred for hundred, _ in hundreds})


def test_most_mistakes_are_errors():
    assert [code for code, known in CATALOGUE.items() if known.level is not Level.ERROR] == [
        "FK104",
        "FK204",
        "FK306",
        "FK404",
    ]


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        CATALOGUE["FK999"] = CATALOGUE["FK101"]


def test_every_page_belongs_to_a_code():
    assert {page.name for page in PAGES.iterdir()} == {f"{code}.md" for code in CATALOGUE}


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_page_begins_with_its_code_and_title(code):
    assert explain(code).startswith(f"# {code}: {CATALOGUE[code].title}\n\n")


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_page_shows_a_workflow_that_provokes_its_code_and_one_that_passes(code):
    provoking, passing = blocks(code)
    assert provoking.startswith(f"# provokes {code}\n")
    assert passing.startswith("# passes\n")
    for block in (provoking, passing):
        tree = ast.parse(block)
        assert "report" in {
            node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_page_names_only_codes_that_exist(code):
    assert set(re.findall(r"FK\d+", explain(code))) == {code}


@pytest.mark.parametrize("asked", ["FK101", "fk101", " FK101 ", "unused-result", "Unused-Result"])
def test_a_page_is_found_by_code_or_name(asked):
    assert explain(asked).startswith("# FK101: unused result\n")


def test_an_unknown_code_names_the_near_ones():
    with pytest.raises(LookupError, match=r"^there is no diagnostic `FK110`; did you mean `FK101`") as caught:
        explain("FK110")
    assert not isinstance(caught.value, KeyError)  # whose text would be shown in quotes


def test_an_unknown_code_like_no_other_names_all():
    with pytest.raises(LookupError, match="there is no diagnostic `E501`; the codes are FK101, FK102, "):
        explain("E501")
