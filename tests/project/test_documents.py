"""How the documents are tested: what a block prints is what the text below it says."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from sybil.parsers.myst import SkipParser

ROOT = Path(__file__).parents[2]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Run a document, block by block; the text of what went wrong, if something did."""
    spec = importlib.util.spec_from_file_location("documents", ROOT / "conftest.py")
    documents = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(documents)
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    path = tmp_path / "page.md"

    def run(text: str) -> str | None:
        path.write_text(text)
        document = documents.ModuleDocument.parse(str(path), documents.BlockParser(), SkipParser())
        try:
            for example in document.examples():
                example.evaluate()
        except AssertionError as different:
            return str(different)
        return None

    return run


def page(code: str, said: str, between: str = "", before: str = "") -> str:
    return f"# A page\n\n{before}```python\n{code}\n```\n\n{between}```text\n{said}\n```\n\nThe end.\n"


def test_what_a_block_prints_is_compared(read):
    assert read(page("print(1 + 1)\nprint('two')", "2\ntwo")) is None
    assert read(page("print(1 + 1)", "3")) is not None


def test_printing_nothing_where_something_is_said_is_a_difference(read):
    assert read(page("1 + 1", "2")) is not None


def test_text_after_other_words_is_not_compared(read):
    assert read(page("print(1)", "2", between="The file looks like this:\n\n")) is None


def test_text_that_is_skipped_is_not_compared(read):
    assert read(page("print(1)", "2", between="<!-- skip: next -->\n\n")) is None


def test_what_did_not_run_has_printed_nothing(read):
    shown = page("print(1)", "2", before="<!-- skip: next -->\n\n")

    assert read(shown) is None
    assert read("```python\nprint(0)\n```\n\n" + shown) is None
    assert read(shown + page("print(1)", "2")) is not None


def test_run_ids_and_places_in_files_may_be_other_ones(read):
    note = "in step `read`, attempt {}, called at {} of run {}"
    code = f"print({note.format(1, 'page.md[7]:12', 16 * 'a')!r})"

    assert read(page(code, note.format(1, "weather.py:29", "3f9d0c5a1be24c77"))) is None
    assert read(page(code, note.format(2, "weather.py:29", "3f9d0c5a1be24c77"))) is not None


def test_the_margin_of_quoted_source_may_be_wider(read):
    code = r"print('\n  --> page.md[3]:8:1\n  |\n8 | x = y\n  | ^^^')"

    assert read(page(code, "   --> report.py:108:1\n    |\n108 | x = y\n    | ^^^")) is None
    assert read(page(code, "   --> report.py:108:1\n    |\n108 | x = z\n    | ^^^")) is not None


def test_the_tests_that_guarantees_are_shown_by_are_there():
    """Each is named behind the file that it is in, or alone where that was named before it in the row."""
    named = 0
    for row in (ROOT / "docs/reference/guarantees.md").read_text().splitlines():
        path = None
        for name in re.findall(r"`(tests/\w+/\w+\.py|test_\w+)`", row):
            if name.endswith(".py"):
                path = ROOT / name
                assert path.is_file(), name
                continue
            assert path is not None, name
            assert f"\ndef {name}(" in path.read_text(), f"{name} isn't in {path.name}"
            named += 1
    assert named > 30


@pytest.mark.parametrize("package", ["flowkit", "flowkit.testing"])
def test_every_public_name_stands_in_a_page(package):
    text = "\n".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))
    names = importlib.import_module(package).__all__
    assert names
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []
