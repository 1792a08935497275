"""What the source of a body shows: how names are followed, and where the rules stop."""

import sys
import textwrap

import pytest

from flowkit.checks import inspect_source

HEAD = """
import contextlib
import datetime
import os
import pathlib
import random
import subprocess
import time
import uuid
from time import monotonic as tick

import flowkit
from flowkit import concurrent, in_order, outcome, step, workflow

@step
def load(*rows: object) -> list[int]:
    return [len(rows)]

@step
def tell(*rows: object) -> None:
    pass

@workflow
def nightly(day: str) -> None:
    tell(day)

class Service:
    @step
    def fetch(self, *rows: object) -> list[int]:
        return [len(rows)]

    @contextlib.contextmanager
    def opened(self):
        yield

service = Service()
copy = load
started = []
here = pathlib.Path("here")

class Day(datetime.date):
    pass

def around(function):
    return function
"""


def codes(written, body, *, parameters="rows=None, flag=True"):
    module = written(f"{HEAD}\n@workflow\ndef report({parameters}):\n{textwrap.indent(body, '    ')}")
    return [one.code for one in inspect_source(module.report.spec)]


COMPARED = {
    "a name": "found = load()\nreturn found is None",
    "the other way round": "found = load()\nreturn None is not found",
    "a call": "return load() is None",
    "a map": "found = load.map([1])\nreturn found is None",
    "a call with options": "found = load.with_options(timeout=5)(1)\nreturn found is None",
    "a name for options": "fast = load.with_options(timeout=5)\nfound = fast(1)\nreturn found is None",
    "an alias of the step": "found = copy(1)\nreturn found is None",
    "a method": "found = service.fetch(1)\nreturn found is None",
    "an outcome": "return outcome(load()) is None",
    "an outcome by its module": "return flowkit.outcome(load()) is None",
    "a part": "found = load()\nreturn found[0].size is None",
    "another name for it": "found = load()\nrest = found\nreturn rest is None",
    "one of two": "left, right = load(), load()\nreturn left is right",
    "an unpacked part": "left, right = load()\nreturn left is None",
    "in an expression": "return (found := load()) is None",
    "annotated": "found: list[int] = load()\nreturn found is None",
    "in a chain": "found = load()\nreturn None is not found is not flag",
    "in a comprehension": "found = load()\nreturn [one for one in [1, 2] if found is None]",
}


@pytest.mark.parametrize("name", COMPARED)
def test_a_result_compared_by_is_is_found(written, name):
    assert codes(written, COMPARED[name]) == ["FK401"]


NOT_COMPARED = {
    "an argument": "return rows is None",
    "an argument that may become a result": "if rows is None:\n    rows = load()\nreturn rows",
    "a name that may be none": "found = None\nif flag:\n    found = load()\nreturn found is None",
    "a loop's name": "found = load()\nfor found in [1]:\n    pass\nreturn found is None",
    "a plain call": "found = len([1])\nreturn found is None",
    "a step itself": "return load is None",
    "inside a function": "found = load()\nrun = lambda found: found is None\nreturn [found, run]",
    "a name that means itself": "found = found\nreturn found is None",
    "equality": "found = 1\nreturn found == 1",
    "what a name outside means here": "load = len\nfound = load([1])\nreturn found is None",
}


@pytest.mark.parametrize("name", NOT_COMPARED)
def test_what_may_be_a_plain_value_is_left_alone(written, name):
    assert codes(written, NOT_COMPARED[name]) == []


BLOCKS = {
    "try": "try:\n    rows = load()\nexcept ValueError:\n    return 3\nreturn rows",
    "except": "try:\n    rows = []\nexcept ValueError:\n    return load()\nreturn rows",
    "else": "try:\n    rows = []\nexcept ValueError:\n    pass\nelse:\n    rows = load()\nreturn rows",
    "finally": "try:\n    rows = []\nfinally:\n    tell(rows)",
    "except*": "try:\n    rows = load()\nexcept* ValueError:\n    pass",
    "deeper inside": "try:\n    for row in [1]:\n        if row:\n            tell(row)\nfinally:\n    pass",
    "an effect": "with contextlib.suppress(ValueError):\n    tell(1)",
    "a map": "with contextlib.nullcontext():\n    return load.map([1])",
    "an async step's way": "with contextlib.nullcontext():\n    return load.ref(1)",
    "a method": "with service.opened():\n    return service.fetch(1)",
    "a name": "block = contextlib.nullcontext()\nwith block:\n    tell(1)",
    "a name from elsewhere": "with rows:\n    tell(1)",
    "a block of ours inside": "with contextlib.nullcontext():\n    with in_order():\n        tell(1)",
    "ours and a foreign one": "with in_order(), contextlib.nullcontext():\n    tell(1)",
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_step_in_a_block_that_is_over_is_found(written, name):
    assert [code for code in codes(written, BLOCKS[name]) if code != "FK101"] == ["FK405"]


FINE_BLOCKS = {
    "ours": "with in_order():\n    tell(1)",
    "ours by its module": "with flowkit.concurrent():\n    tell(1)",
    "ours by a name": "block = concurrent()\nwith block:\n    tell(1)",
    "two of ours": "with in_order(), concurrent():\n    tell(1)",
    "no step inside": "try:\n    rows = int('3')\nexcept ValueError:\n    rows = 3\nreturn load(rows)",
    "a function defined inside": "try:\n    run = lambda: load()\nfinally:\n    pass\nreturn run()",
    "the block's own expression": "with contextlib.nullcontext(load) as rows:\n    pass\nreturn rows(1)",
}


@pytest.mark.parametrize("name", FINE_BLOCKS)
def test_blocks_of_ours_and_blocks_without_steps_are_fine(written, name):
    assert codes(written, FINE_BLOCKS[name]) == []


IMPURE = {
    "the clock": "return time.time()",
    "the clock under another name": "return tick()",
    "a pause": "time.sleep(0)",
    "the date": "return datetime.datetime.now(datetime.UTC)",
    "the date of a class of one's own": "return Day.today()",
    "chance": "return random.choice([1, 2])",
    "an identifier": "return uuid.uuid4()",
    "bytes": "return os.urandom(3)",
    "the environment": "return os.environ['HOME']",
    "a variable of it": "return os.getenv('HOME')",
    "a file": "with open(rows) as file:\n    return file.read()",
    "a path": "return pathlib.Path(rows).read_text()",
    "a path from elsewhere": "return here.exists()",
    "a program": "subprocess.run(['true'], check=True)",
    "imported here": "import time as clock\nreturn clock.time()",
    "a name imported here": "from time import time\nreturn time()",
    "in a comprehension": "return [time.time() for _ in [1, 2]]",
    "as an argument": "return load(time.time())",
}


@pytest.mark.parametrize("name", IMPURE)
def test_clock_chance_and_io_are_found(written, name):
    assert codes(written, IMPURE[name]) == ["FK404"]


PURE = {
    "a calculation": "return time.strftime('%Y', time.gmtime(0))",
    "a seeded generator": "return random.Random(7).random()",
    "a date that is written": "return datetime.date(2026, 1, 1)",
    "a path that isn't touched": "return pathlib.Path('a') / 'b'",
    "an identifier by name": "return uuid.uuid5(uuid.NAMESPACE_DNS, 'a')",
    "another function of this name": "time = max\nreturn time(1, 2)",
    "what isn't called": "return load(time.time)",
    "inside a function": "return load(lambda: time.time())",
    "somebody's method of this name": "return rows.now()",
    "text": "print('recording')",
}


@pytest.mark.parametrize("name", PURE)
def test_what_is_the_same_each_time_is_fine(written, name):
    assert codes(written, PURE[name]) == []


DROPPED = {
    "options": ("load.with_options(timeout=5)", ["FK102"]),
    "options of a method": ("service.fetch.with_options(timeout=5)", ["FK102"]),
    "options of options": ("load.with_options(timeout=5).with_options(retries=3)", ["FK102"]),
    "options of something unknown": ("rows.with_options(timeout=5)", ["FK102"]),
    "options in a function inside": ("def run():\n    load.with_options(timeout=5)\nreturn run", ["FK102"]),
    "options that are called": ("return load.with_options(timeout=5)(1)", []),
    "options that are kept": ("fast = load.with_options(timeout=5)\nreturn fast(1)", []),
    "a run": ("nightly.start('monday')", ["FK103"]),
    "a run with options": ("nightly.with_options(run_id='a').start('monday')", ["FK103"]),
    "a run that is kept": ("run = nightly.start('monday')\nreturn run.result()", []),
    "a run that is waited for": ("nightly.start('monday').wait()", []),
    "a run in a list": ("started.append(nightly.start('monday'))", []),
    "somebody's method of this name": ("service.start()\nrows.start()", []),
}


@pytest.mark.covers("M9")
@pytest.mark.parametrize("name", DROPPED)
def test_what_is_made_and_dropped_is_found(written, name):
    body, expected = DROPPED[name]
    assert codes(written, body) == expected


def test_names_of_the_function_around_are_followed(written):
    source = f"""{HEAD}
def make(step):
    later = None

    @workflow
    def report(rows):
        if later is None:
            found = step(rows)
        return found is None

    return report

report = make(load)
"""
    assert [one.code for one in inspect_source(written(source).report.spec)] == ["FK401"]


def test_a_name_that_is_not_bound_yet_is_unknown(written):
    source = f"""{HEAD}
def make():
    @workflow
    def report(rows):
        return later(rows) is None

    reports.append(report)
    found = [one.code for one in inspect_source(report.spec)]
    later = load
    return found

reports = []
from flowkit.checks import inspect_source
found = make()
"""
    assert written(source).found == []


def test_a_decorated_body_is_read_below_its_decorators(written):
    source = f"""{HEAD}
import functools

def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

@workflow
@logged
@around
def report(rows):
    return time.time()
"""
    assert [one.code for one in inspect_source(written(source).report.spec)] == ["FK404"]


def test_methods_are_read_too(written):
    source = f"""{HEAD}
class Reports:
    @workflow
    def report(self, rows):
        return time.time()

    @workflow
    @classmethod
    def other(cls, rows):
        return service.fetch(rows) is None
"""
    reports = written(source).Reports
    assert [one.code for one in inspect_source(reports.report.spec)] == ["FK404"]
    assert [one.code for one in inspect_source(reports.other.spec)] == ["FK401"]


def test_reading_imports_nothing_and_calls_nothing(written):
    """Properties, `__getattr__` and modules that nobody imported stay untouched."""
    source = f"""{HEAD}
class Touchy:
    @property
    def step(self):
        raise AssertionError

    def __getattr__(self, name):
        raise AssertionError

touchy = Touchy()

@workflow
def report(rows):
    import wave
    with touchy.step:
        pass
    touchy.run().rest
    return wave.open(rows)
"""
    sys.modules.pop("wave", None)
    assert [one.code for one in inspect_source(written(source).report.spec)] == []
    assert "wave" not in sys.modules
