"""How findings look: each case has its picture in `golden/`.

After a change that is meant, write the pictures anew with `FLOWKIT_BLESS=1 pytest tests/diagnostics`, and read them.
"""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowkit.diagnostics import Diagnostic, Label, Level, Span, render, summary
from flowkit.diagnostics.cells import cut, visible, width

GOLDEN = Path(__file__).parent / "golden"


def place(line, code, *, file="etl.py", within=None):
    """The place of `code` in a source line, or of the whole line."""
    if within is None:
        return Span(file, line, 0, line, 0, code)
    start = within.index(code) + 1
    return Span(file, line, start, line, start + len(code), within)


def finding(*labels, code="FK201", level=Level.ERROR, title="the headline", notes=(), helps=()):
    return Diagnostic(code, level, title, labels, notes, helps)


UNUSED = Diagnostic(
    "FK101",
    Level.ERROR,
    "the result of `normalize` is never used",
    (Label(place(14, "normalize(rows)", within="    normalize(rows)"), "this call returns `list[Row]`"),),
    helps=("pass it on, return it, or write `discard(normalize(rows))`",),
)
EDGE = Diagnostic(
    "FK201",
    Level.ERROR,
    "`total` is given `bytes` where it takes `list[Order]`",
    (
        Label(place(105, "raw", within="    return total(raw)"), "this is the `bytes` that `fetch` returns"),
        Label(
            place(7, "orders: list[Order]", within="def total(orders: list[Order]) -> Money:"),
            "`orders` is declared here",
            primary=False,
        ),
    ),
    notes=("`fetch` is annotated `-> bytes`",),
    helps=("put a step between them that turns `bytes` into `list[Order]`",),
)
NO_ANNOTATION = Diagnostic("FK204", Level.WARNING, "`split` has no annotation for `line`")
CLOCK = Diagnostic("FK404", Level.HINT, "`report` reads the clock", helps=("read it in a step",))
LONG = "    return combine(" + ", ".join(f"part_{number:03}" for number in range(40)) + ")"

CASES = {
    "one_place": [UNUSED],
    "two_places": [EDGE],
    "another_file": [
        finding(
            Label(place(3, "load(day)", within="    return load(day)"), "this `load` is meant"),
            Label(place(3, "load", within="def load(day):", file="shop/refunds.py"), "or this one", primary=False),
        )
    ],
    "labels_on_one_line": [
        finding(
            Label(place(9, "total", within="    total(raw, rate)"), "takes two lists", primary=False),
            Label(place(9, "rate", within="    total(raw, rate)"), "this is a `float`"),
            Label(place(9, "raw", within="    total(raw, rate)"), "and this is `bytes`"),
        )
    ],
    "several_findings": [UNUSED, NO_ANNOTATION, CLOCK, EDGE],
    "tabs": [finding(Label(place(2, "f(x)", within="\tif a:\tf(x)"), "tabs are four cells wide"))],
    "wide_characters": [finding(Label(place(2, "f(x)", within="    名前 = 集計('ｶﾅ', f(x))"), "behind wide ones"))],
    "wide_marks": [finding(Label(place(2, "集計(x)", within="    集計(x)"), "wide itself"))],
    "combining_characters": [finding(Label(place(2, "f(x)", within="    e\u0301te\u0301 = f(x)"), "behind accents"))],
    "control_characters": [
        finding(
            Label(place(2, "f(x)", within="    g('\x1b[31m', '\u202e'); f(x)\x0c"), "nothing is \x1b[1mcoloured"),
            title="`\x1b[2J` clears no screen",
            notes=("nor does \x07 ring",),
        )
    ],
    "several_lines": [
        finding(Label(Span("etl.py", 8, 12, 11, 6, "    return total(\n        raw,\n        rate,\n    )"), "a call"))
    ],
    "whole_line": [finding(Label(place(4, "    total(raw)  "), "somewhere here"))],
    "no_text": [finding(Label(place(14, "normalize(rows)", within="    normalize(rows)")))],
    "no_source": [
        finding(
            Label(Span("<stdin>", 4, 0, 4), "this call returns `list[Row]`"),
            Label(Span("gone.py"), "declared in here", primary=False),
            helps=("return it",),
        )
    ],
    "source_then_none": [
        finding(
            Label(place(14, "normalize(rows)", within="    normalize(rows)"), "here"),
            Label(Span("gone.py", 7, 0, 7), "declared here", primary=False),
            helps=("return it",),
        )
    ],
    "no_place": [finding(title="dependency cycle", notes=("`a` waits for `b`\n`b` waits for `a`",), helps=("cut it",))],
    "texts_over_several_lines": [
        finding(
            Label(place(14, "normalize(rows)", within="    normalize(rows)"), "first line\nsecond line"),
            notes=("first line\nsecond line",),
            helps=("write\n    discard(normalize(rows))",),
        )
    ],
    "empty_line": [finding(Label(Span("etl.py", 3, 0, 3, 0, ""), "none"), Label(Span("etl.py", 4, 1, 4, 1, " "), "x"))],
    "long_line": [
        finding(
            Label(place(7, "part_020", within=LONG), "in the middle"),
            Label(place(7, "combine", within=LONG), "near the beginning", primary=False),
            Label(place(7, "part_039)", within=LONG), "at the end", primary=False),
            Label(place(7, LONG.strip(), within=LONG), "all of it", primary=False),
        )
    ],
}


def blessed(name, text):
    """The text that is kept under this name; with FLOWKIT_BLESS set, keep this one."""
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("FLOWKIT_BLESS"):
        file.write_text(text + "\n", encoding="utf-8", newline="\n")
    return file.read_text(encoding="utf-8").removesuffix("\n")


@pytest.mark.parametrize("name", CASES)
def test_findings_look_like_their_picture(name):
    text = render(CASES[name], width=80)
    assert text == blessed(name, text)


def test_colour_marks_levels_gutter_and_places():
    text = render([UNUSED, EDGE, NO_ANNOTATION, CLOCK], color=True)
    assert text == blessed("colour", text)


def test_every_picture_belongs_to_a_case():
    assert {file.stem for file in GOLDEN.glob("*.txt")} == {*CASES, "colour"}


def test_colour_changes_nothing_but_colour():
    for cases in CASES.values():
        plain, colored = render(cases), render(cases, color=True)
        for style in ("1;31", "1;33", "1;36", "1;34", "1", "0"):
            colored = colored.replace(f"\x1b[{style}m", "")
        assert colored == plain


def test_no_row_ends_in_spaces():
    for cases in CASES.values():
        assert all(row == row.rstrip() for row in render(cases).split("\n"))


def test_rendering_nothing_gives_nothing():
    assert render([]) == ""


def test_files_below_the_working_directory_are_shown_relative_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inside = finding(Label(Span(str(tmp_path / "shop" / "etl.py"), 3, 0, 3)))
    beside = finding(Label(Span(f"{tmp_path}-old/etl.py", 3, 0, 3)))
    assert f"--> {Path('shop', 'etl.py')}:3" in render([inside])
    assert f"--> {tmp_path}-old/etl.py:3" in render([beside])


def test_a_working_directory_that_is_gone_hurts_nobody(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "--> etl.py:14:5" in render([UNUSED])


def test_lines_are_cut_at_140_columns_unless_told_otherwise():
    found = finding(Label(place(7, "combine", within=LONG)))
    assert max(map(len, render([found]).split("\n"))) == 140
    assert LONG in render([found], width=1000)


def test_columns_behind_the_end_of_the_line_still_show_a_mark():
    """A file may have changed since it was compiled."""
    text = render([finding(Label(Span("etl.py", 3, 40, 3, 50, "short"), "here"))])
    assert text.endswith("  |      ^ here")


@pytest.mark.parametrize(
    ("levels", "line"),
    [
        ([], ""),
        ([Level.ERROR], "error: 1 error"),
        ([Level.WARNING, Level.ERROR, Level.ERROR], "error: 2 errors, 1 warning"),
        ([Level.HINT, Level.HINT, Level.WARNING], "warning: 1 warning, 2 hints"),
    ],
)
def test_the_closing_line_counts_by_level(levels, line):
    assert summary([finding(level=level) for level in levels]) == line


def test_the_closing_line_has_the_colour_of_the_worst_level():
    assert summary([NO_ANNOTATION, CLOCK], color=True) == "\x1b[1;33mwarning\x1b[0m: 1 warning, 1 hint"


lines = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(lines, st.data())
def test_marks_stand_under_what_they_mean(line, data):
    """Whatever is in the line, the marks begin and end in the cells of the marked part."""
    start = data.draw(st.integers(0, len(line) - 1))
    stop = data.draw(st.integers(start + 1, len(line)))
    text = render([finding(Label(Span("x.py", 1, start + 1, 1, stop + 1, line + "."), "!"))], width=10_000)
    source, marks = text.split("\n")[-2:]
    assert source.removeprefix("1 | ") == visible(line + ".")
    assert marks.index("^") == len("  | ") + width(visible(line[:start]))
    assert marks.count("^") == max(1, width(visible(line[start:stop])))


@given(lines, st.integers(0, 100), st.integers(0, 100), st.integers(20, 60))
@example(line="0" * 40, start=40, length=0, room=44)
def test_cut_lines_fit_and_keep_the_marks_in_sight(line, start, length, room):
    span = Span("x.py", 1, start + 1, 1, start + length + 1, line)
    for row in render([finding(Label(span))], width=room).split("\n")[3:]:
        assert width(row) <= max(room, 40)


@given(lines, st.integers(0, 50), st.integers(0, 50))
def test_a_piece_of_a_line_takes_the_cells_it_was_cut_from(line, start, length):
    text = visible(line)
    piece = cut(text, start, start + length)
    assert width(piece) == max(0, min(start + length, width(text)) - start)
