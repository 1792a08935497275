"""Places: where a call was written, and where a function, a parameter or a piece of a body was."""

import ast
import doctest
import functools
import linecache
import os
import subprocess
import sys
import textwrap

import attrs
import pytest

from flowkit.diagnostics import Site, Span, source_of, span_of_ast, span_of_function, span_of_parameter


def mark(*_args, **_options):
    """The place where this is called."""
    frame = sys._getframe(1)
    return Site(frame.f_code, frame.f_lasti)


@pytest.fixture
def written(request):
    """Run source that only linecache knows, as notebooks and doctests do, and give its namespace."""
    names = []

    def write(source):
        source = textwrap.dedent(source)
        name = f"<cell {request.node.name} {len(names)}>"
        names.append(name)
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        namespace = {"mark": mark, "attrs": attrs, "functools": functools, "__name__": "cell"}
        exec(compile(source, name, "exec"), namespace)
        return namespace

    yield write
    for name in names:
        del linecache.cache[name]


def test_a_call_is_covered_exactly():
    site = mark("one", [2])
    span = site.span()
    assert span.covered == 'mark("one", [2])'
    assert span.file == __file__
    assert span.text == '    site = mark("one", [2])'
    assert (span.line, span.column, span.end_column) == (site.code.co_firstlineno + 1, 12, 28)


def test_each_of_several_calls_on_a_line_is_told_apart():
    sites = [mark(1), mark(2), (mark(3), mark("four"))]
    flat = [sites[0], sites[1], *sites[2]]
    assert [site.span().covered for site in flat] == ["mark(1)", "mark(2)", "mark(3)", 'mark("four")']


def test_columns_count_characters_where_the_compiler_counts_bytes():
    _name, site = "日本語 é", mark("ü")
    span = site.span()
    assert span.covered == 'mark("ü")'
    assert span.text[span.column - 1 :] == 'mark("ü")'


def test_a_call_over_several_lines_is_covered_whole():
    site = mark(
        1,
        größe="ß",
    )
    span = site.span()
    assert span.covered == 'mark(\n        1,\n        größe="ß",\n    )'
    assert (span.end_line - span.line, span.end_column) == (3, 6)


def test_a_call_through_with_options_is_covered_from_its_beginning():
    class Step:
        def with_options(self, **_options):
            return mark

    fetch = Step()
    assert fetch.with_options(timeout=5)("url").span().covered == 'fetch.with_options(timeout=5)("url")'


def test_code_that_only_linecache_knows_is_covered_too(written):
    assert written("site = mark(1) or None\n")["site"].span().covered == "mark(1)"


def test_code_without_source_has_its_line_alone():
    namespace = {"mark": mark}
    exec("\n\nsite = mark(1)", namespace)
    assert namespace["site"].span() == Span("<string>", 3, 0, 3)


def test_a_file_that_has_changed_gives_the_line_alone(written):
    """Columns that lie beyond the line would underline nonsense."""
    site = written("site = 0 or 0 or 0 or mark(1)\n")["site"]
    name = site.code.co_filename
    linecache.cache[name] = (7, None, ["x = 1\n"], name)
    assert site.span() == Span(name, 1, 0, 1, 0, "x = 1")


def test_a_frame_that_has_not_started_gives_the_first_line_of_its_code():
    def body():
        return None

    code = body.__code__
    assert Site(code, -1).span().line == code.co_firstlineno
    assert Site(code, 10_000).span().line == code.co_firstlineno


def test_a_site_shows_the_function_and_line_it_is_in():
    site = mark()
    assert repr(site) == f"Site('{site.code.co_name}', {__file__}:{site.code.co_firstlineno + 1})"


def test_without_column_information_the_line_remains(tmp_path):
    """Python leaves the columns out under `-X no_debug_ranges`."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from flowkit.diagnostics import Site\n"
        "def mark():\n"
        "    frame = sys._getframe(1)\n"
        "    return Site(frame.f_code, frame.f_lasti)\n"
        "def body():\n"
        "    first = 1\n"
        "    return mark()\n"
        "span = body().span()\n"
        "print(span.line, span.column, span.covered)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-X", "no_debug_ranges", str(script)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert done.stdout == "8 0 return mark()\n"


def test_doctests_are_covered():
    """Doctest hands out its sources itself while a test runs."""
    test = doctest.DocTestParser().get_doctest(
        ">>> def total(orders, tax=0): return None\n"
        ">>> print(mark(1).span().covered)\n"
        "mark(1)\n"
        ">>> print(span_of_parameter(total, 'tax').covered)\n"
        "tax\n",
        {"mark": mark, "span_of_parameter": span_of_parameter},
        "example",
        None,
        0,
    )
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


FUNCTIONS = """
def passed(function):
    return function

def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

@wrapped
@passed
def total(orders: list[int], /, tax: float = 0.2, *more: int, größe: "int | None" = None, **rest: str) -> int:
    return sum(orders)

async def   fetch(url: str) -> bytes:
    return b""

class Shop:
    @staticmethod
    @passed
    def load(
        day: dict[
            str, int
        ],
    ): ...
    @classmethod
    def open(cls, name): ...
    def close(self, how=None): ...
    def __call__(self, order): ...

@attrs.frozen
class Order:
    number: str
    amount: int = 0

def def_(x): ...

short = lambda x: x
half = functools.partial(total, [])
"""


@pytest.fixture
def functions(written):
    return written(FUNCTIONS)


@pytest.mark.parametrize(
    ("parameter", "covered"),
    [
        ("orders", "orders: list[int]"),
        ("tax", "tax: float"),
        ("more", "more: int"),
        ("größe", 'größe: "int | None"'),
        ("rest", "rest: str"),
    ],
)
def test_parameters_are_covered_with_their_annotation(functions, parameter, covered):
    assert span_of_parameter(functions["total"], parameter).covered == covered


def test_decorators_partials_and_methods_lead_to_the_function_itself(functions):
    shop = functions["Shop"]
    assert span_of_parameter(functions["half"], "tax").covered == "tax: float"
    assert span_of_parameter(shop.load, "day").covered == "day: dict[\n            str, int\n        ]"
    assert span_of_parameter(shop.open, "name").covered == "name"
    assert span_of_parameter(shop().close, "how").covered == "how"
    assert span_of_parameter(shop(), "order").covered == "order"
    assert span_of_parameter(vars(shop)["load"], "day").line == span_of_function(shop.load).line + 1


def test_parameters_that_are_not_declared_have_no_place(functions):
    assert span_of_parameter(functions["total"], "nothing") is None
    assert span_of_parameter(functions["short"], "x") is None
    assert span_of_parameter(len, "obj") is None
    assert span_of_parameter(3, "x") is None


@pytest.mark.parametrize("name", ["total", "fetch", "def_"])
def test_the_name_of_a_function_is_covered(functions, name):
    span = span_of_function(functions[name])
    assert span.covered == name
    assert span.text.lstrip().startswith(("def", "async def"))


def test_a_lambda_has_its_line(functions):
    assert span_of_function(functions["short"]).covered == "short = lambda x: x"


def test_a_built_in_has_no_place():
    assert span_of_function(len) is None
    assert source_of(len) is None


def test_a_wrapper_that_wraps_itself_has_no_place():
    def endless():
        pass

    endless.__wrapped__ = endless
    assert span_of_function(endless) is None


def test_a_function_whose_source_is_gone_has_its_line_number():
    namespace = {}
    exec("\ndef lost(x): ...", namespace)
    assert span_of_function(namespace["lost"]) == Span("<string>", 2, 0, 2)
    assert span_of_parameter(namespace["lost"], "x") is None


def test_of_functions_with_one_name_the_right_one_is_found(written):
    namespace = written("""
        def total(first): ...
        before = total
        def total(second): ...
    """)
    assert span_of_parameter(namespace["before"], "first").covered == "first"
    assert span_of_parameter(namespace["before"], "second") is None
    assert span_of_parameter(namespace["total"], "second").covered == "second"


def test_a_name_on_another_line_than_its_def_gives_the_line(written):
    namespace = written("def \\\n    total(x): ...\n")
    assert span_of_function(namespace["total"]).covered == "def \\"


def test_source_that_no_longer_parses_gives_the_line(written):
    total = written("def total(x): ...\n")["total"]
    name = total.__code__.co_filename
    linecache.cache[name] = (7, None, ["def total(x:\n"], name)
    assert span_of_function(total).covered == "def total(x:"
    assert source_of(total) is None


def test_escapes_that_python_warns_about_are_not_warned_about_again(written):
    with pytest.warns(Warning, match="invalid escape"):
        total = written('def total(x): return "\\d"\n')["total"]
    assert span_of_parameter(total, "x").covered == "x"


class Given:
    number: str
    amount: int = 0


class Made:
    def __init__(self, first, *, second): ...


def test_classes_are_found_with_the_parameters_of_their_constructor():
    assert span_of_function(Given).covered == "Given"
    assert span_of_parameter(Given, "amount").covered == "amount: int = 0"
    assert span_of_parameter(Made, "second").covered == "second"
    assert span_of_parameter(Made, "third") is None
    assert span_of_parameter(Given, "third") is None


class Again:
    pass


class Again:  # noqa: F811 - what the test is about
    pass


def twin():
    class Given:
        number: str

    return Given


def test_of_classes_with_one_name_the_right_one_is_found():
    assert span_of_parameter(twin(), "number").line > span_of_parameter(Given, "number").line
    assert span_of_parameter(twin(), "amount") is None


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="classes know their line since Python 3.13")
def test_of_classes_that_cannot_be_told_apart_none_is_guessed():
    assert span_of_function(Again) is None


def test_classes_of_modules_without_a_file_have_no_place(functions):
    assert span_of_function(functions["Order"]) is None
    assert span_of_function(int) is None


def test_a_body_can_be_searched_and_what_is_found_has_its_place(functions):
    source = source_of(functions["fetch"])
    returned = next(node for node in ast.walk(source.node) if isinstance(node, ast.Return))
    assert source.span(returned).covered == 'return b""'
    assert source.span(source.node.returns).covered == "bytes"


def test_nodes_of_any_parsed_file_have_a_place():
    lines = ["x = 1", "größe = total(x)"]
    tree = ast.parse("\n".join(lines))
    call = tree.body[1].value
    assert span_of_ast("etl.py", call, lines) == Span("etl.py", 2, 9, 2, 17, "größe = total(x)")
    assert span_of_ast("etl.py", tree, lines) == Span("etl.py")
    assert span_of_ast("etl.py", call, lines[:1]) == Span("etl.py", 2, 0, 2)
