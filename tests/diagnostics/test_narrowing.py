"""Which part of a statement is shown where an instruction of Python's has the whole one for its place."""

import linecache
import sys

import pytest

from flowkit.diagnostics import Site


class Reached(Exception):
    pass


class Seen:
    """Notes where it was asked for something, and stops there."""

    def refuse(self):
        frame = sys._getframe(1)
        raise Reached(Site(frame.f_code, frame.f_lasti))

    __bool__ = __iter__ = __aiter__ = refuse


@pytest.fixture
def shown():
    """A function that compiles a body in which `é` is what is looked at, and gives the source that is shown for it."""

    def show(body, *, readable=True):
        lines = ["async def run(é, a=1, b=0):\n", *(f"    {line}\n" for line in body.splitlines())]
        name = "narrowed.py" if readable else "unread.py"
        if readable:
            linecache.cache[name] = (1, None, lines, name)
        space = {}
        exec(compile("".join(lines), name, "exec", dont_inherit=True), space)
        running = space["run"](Seen())
        with pytest.raises(Reached) as reached:
            running.send(None)
        running.close()
        return reached.value.args[0].span()

    return show


@pytest.mark.parametrize(
    "body",
    [
        "for x in é: pass",
        "async for x in é: pass",
        "for x in é:\n    pass\nelse:\n    pass",
        "for x in (\n    é\n): pass",
        "if é: pass",
        "if a and b: pass\nelif é: pass",
        "if (\n    é\n):\n    pass",
        "if not é: pass",
        "if not not é: pass",
        "while é: pass",
        "while not é:\n    pass",
        "assert é, a",
        "print('ü', 1 if é else 2)",
        "print('ü', 1 if not é else 2)",
        "[x for x in é]",
        "[x for x in [1] if é]",
        "{x for x in é if a}",
        "{x: 1 for x in é}",
        "list(x for x in é)",
        "[x async for x in é]",
    ],
)
def test_what_is_looped_over_or_tested_is_shown_alone(shown, body):
    assert shown(body).covered == "é"


def test_a_test_of_several_parts_is_shown_with_no_more_than_the_test(shown):
    assert shown("if é and a: pass").covered in ("é", "é and a")


@pytest.mark.parametrize(
    ("body", "place"), [("x = [*é]", "[*é]"), ("x, y = é", "x, y"), ("x = not é", "not é"), ("print(*é)", "print(*é)")]
)
def test_what_has_a_place_of_its_own_keeps_it(shown, body, place):
    assert shown(body).covered == place


def test_without_source_the_line_is_all_that_is_known(shown):
    span = shown("if é: pass", readable=False)
    assert (span.line, span.column, span.text) == (2, 0, "")


def test_source_that_cant_be_parsed_any_more_is_shown_by_the_statement():
    code = compile("def run(a):\n    for x in a: pass\n", "changed.py", "exec").co_consts[0]
    linecache.cache["changed.py"] = (1, None, ["def run(:\n", "    for x in a: pass\n"], "changed.py")
    spans = {Site(code, at).span().covered for at in range(0, len(code.co_code), 2)}
    assert spans <= {"def run(:", "for x in a: pass", "x", "a", "pass"}
