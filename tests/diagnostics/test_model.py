"""Findings are plain, comparable data."""

import pickle

import pytest

from flowkit.diagnostics import Diagnostic, Label, Level, Span

CALL = Span("etl.py", 14, 5, 14, 20, "    normalize(rows)")


def test_levels_are_ordered_by_how_much_they_matter():
    assert sorted([Level.ERROR, Level.HINT, Level.WARNING]) == [Level.HINT, Level.WARNING, Level.ERROR]
    assert max(Level) is Level.ERROR


def test_levels_compare_with_plain_words_too():
    assert Level.ERROR > "hint"
    assert Level.WARNING >= "warning"
    assert Level.HINT < "warning"
    assert Level.WARNING <= "error"
    with pytest.raises(ValueError, match="fatal"):
        _ = Level.ERROR > "fatal"


def test_a_level_is_its_word():
    assert f"{Level.WARNING}" == "warning"
    assert Level("hint") is Level.HINT


def test_findings_survive_pickling():
    found = Diagnostic("FK101", Level.ERROR, "unused", (Label(CALL, "here"),), ("a note",), ("a help",))
    assert pickle.loads(pickle.dumps(found)) == found


def test_findings_can_be_kept_in_sets():
    assert len({Diagnostic("FK101", Level.ERROR, "unused"), Diagnostic("FK101", Level.ERROR, "unused")}) == 1


def test_the_text_of_a_finding_is_its_plain_rendering():
    text = str(Diagnostic("FK101", Level.ERROR, "the result of `normalize` is never used", (Label(CALL),)))
    assert text.startswith("error[FK101]: the result of `normalize` is never used\n")
    assert "\x1b" not in text


def test_the_place_of_a_finding_is_its_primary_one():
    other = Span("other.py", 1)
    labels = (Label(other, primary=False), Label(CALL))
    assert Diagnostic("FK201", Level.ERROR, "wrong", labels).span == CALL
    assert Diagnostic("FK201", Level.ERROR, "wrong", labels[:1]).span == other
    assert Diagnostic("FK201", Level.ERROR, "wrong").span is None


def test_a_span_knows_the_source_it_covers():
    assert CALL.covered == "normalize(rows)"
    assert Span("etl.py", 1, 5, 2, 3, "a = f(\n x)").covered == "f(\n x"
    assert Span("etl.py", 14, 0, 14, 0, "    normalize(rows)").covered == "normalize(rows)"
    assert Span("etl.py", 14).covered == ""
