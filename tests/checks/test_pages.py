"""The pages that explain the codes are right: what they say provokes a code does, and what they say passes does."""

import linecache
import re
import sys
from types import ModuleType

import pytest

from flowkit.checks import builds_differ, find
from flowkit.diagnostics import CATALOGUE, Level, explain
from flowkit.graph import record_symbolically
from flowkit.stores.keepable import why_not


def blocks(code):
    return re.findall(r"^```python\n(.*?)^```$", explain(code), re.DOTALL | re.MULTILINE)


def findings(code, block):
    """Run a block as a module of its own, and look at the workflow `report` in it as `flowkit check` would."""
    name = f"page_{code.lower()}_{'provoking' if '# provokes' in block else 'passing'}"
    linecache.cache[f"{name}.py"] = (len(block), None, block.splitlines(keepends=True), f"{name}.py")
    module = sys.modules[name] = ModuleType(name)
    exec(compile(block, f"{name}.py", "exec", dont_inherit=True), vars(module))
    first, second = (record_symbolically(module.report.spec, (), {}) for _ in range(2))
    kept = why_not if "# call: flowkit check --durable\n" in block else None
    return [*find(first, why_not=kept), *(builds_differ(first, second) if "# call: flowkit check\n" in block else ())]


@pytest.mark.parametrize("code", CATALOGUE)
def test_what_provokes_a_code_provokes_it_and_nothing_else(code):
    found = findings(code, blocks(code)[0])
    assert {one.code for one in found} == {code}
    assert CATALOGUE[code].level in {one.level for one in found}


@pytest.mark.parametrize("code", CATALOGUE)
def test_what_passes_has_no_errors_and_not_this_code(code):
    found = findings(code, blocks(code)[1])
    assert not [one for one in found if one.level is Level.ERROR or one.code == code]
