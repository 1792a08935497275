"""Workflows written as text, for tests that need many of them."""

import itertools
import linecache
import sys
from types import ModuleType

import pytest

_numbers = itertools.count()


@pytest.fixture(scope="session")
def written():
    """A function that makes a module of source text; `readable=False` keeps the source from being found again."""

    def write(source, *, readable=True):
        name = f"written_{next(_numbers)}"
        if readable:
            linecache.cache[f"{name}.py"] = (len(source), None, source.splitlines(keepends=True), f"{name}.py")
        module = sys.modules[name] = ModuleType(name)
        exec(compile(source, f"{name}.py", "exec", dont_inherit=True), vars(module))
        return module

    return write
