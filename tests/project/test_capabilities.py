"""Which tests hold which capability: the marks, and the page that shows them.

After a change that is meant, write the page anew with `FLOWKIT_BLESS=1 pytest tests/project/test_capabilities.py`,
and read it.
"""

from __future__ import annotations

import os

from tests.capabilities import CAPABILITIES, GROUPS, TESTS, Capability, Mark, marks, page

PAGE = TESTS.parent / "docs" / "reference" / "capabilities.md"


def test_every_mark_names_a_capability_that_exists():
    unknown = [mark for mark in marks() if mark.capability not in CAPABILITIES]
    assert unknown == []


def test_no_test_is_marked_twice_for_the_same():
    found = list(marks())
    assert len(found) == len(set(found))


def test_capabilities_are_numbered_without_gaps():
    assert list(CAPABILITIES) == [f"M{number}" for number in range(1, len(CAPABILITIES) + 1)]


def test_what_is_missing_is_said_of_what_is_there():
    """A capability that no test holds is open as a whole."""
    held = {mark.capability for mark in marks()}
    assert {number for number, one in CAPABILITIES.items() if one.missing} <= held


def test_the_page_shows_the_marks():
    text = page(GROUPS, list(marks()))
    if os.environ.get("FLOWKIT_BLESS"):
        PAGE.write_text(text, encoding="utf-8")
    assert text == PAGE.read_text(encoding="utf-8")


def test_marks_are_read_from_the_source(tmp_path):
    folder = tmp_path / "room"
    folder.mkdir()
    (folder / "test_doors.py").write_text(
        '@pytest.mark.covers("M1", "M2")\n'
        '@pytest.mark.parametrize("x", [1])\n'
        "def test_open(x): ...\n"
        '@pytest.mark.covers("M2")\n'
        "async def test_shut(): ...\n"
        "def test_other(): ...\n"
    )
    (folder / "doors.py").write_text('@pytest.mark.covers("M3")\ndef test_no_test_file(): ...\n')

    assert list(marks(tmp_path)) == [
        Mark("M1", "tests/room/test_doors.py", "test_open"),
        Mark("M2", "tests/room/test_doors.py", "test_open"),
        Mark("M2", "tests/room/test_doors.py", "test_shut"),
    ]


def test_a_row_says_what_holds_it_and_what_is_open():
    groups = {
        "Doors": {"M1": Capability("they open"), "M2": Capability("they shut", "at night"), "M3": Capability("no")}
    }
    held = [Mark("M1", "tests/a.py", "test_a"), Mark("M1", "tests/a.py", "test_b"), Mark("M2", "tests/b.py", "test_c")]

    text = page(groups, held)

    assert "Of 3 capabilities 2 are there, 1 of those in part." in text
    assert text.endswith(
        "## Doors\n\n"
        "| | what it is | tests | open |\n"
        "|---|---|---|---|\n"
        "| M1 | they open | tests/a.py: `test_a`, `test_b` | |\n"
        "| M2 | they shut | tests/b.py: `test_c` | at night |\n"
        "| M3 | no | | open |\n"
    )
