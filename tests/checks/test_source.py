"""Reading a function from its own lines gives what reading its whole file gives."""

import argparse
import ast
import dataclasses
import inspect
import json.decoder
import subprocess
import textwrap
import typing
import unittest.mock

import pytest

from flowkit.checks import bodies, names
from flowkit.checks.source import read
from flowkit.diagnostics import source_of

MODULES = [argparse, dataclasses, json.decoder, subprocess, textwrap, typing, unittest.mock, bodies, names]


def functions(module):
    holders = [
        module,
        *(one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__),
    ]
    found = [one for holder in holders for one in vars(holder).values() if inspect.isfunction(one)]
    return [one for one in found if one.__module__ == module.__name__]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_tree_is_the_same_with_all_its_places(module):
    compared = 0
    for function in functions(module):
        whole = source_of(function)
        if whole is not None:
            text = read(function)
            assert text.file == whole.file
            assert ast.dump(text.node, include_attributes=True) == ast.dump(whole.node, include_attributes=True)
            compared += 1
    assert compared > 5


INDENTED = '''
class Holder:
    @staticmethod
    def bare():
        """Only this."""

    def tall(
        self,
        value=(1,
               2),
    ):
        text = """
not indented
"""
        return (
            text,
            value,
        )
'''


def test_any_layout_is_read(written):
    holder = written(INDENTED).Holder
    assert ast.unparse(read(holder.bare).node.body[0]) == "'Only this.'"
    text = read(holder.tall)
    assert text.span(text.node.body[-1]).line == 15
    assert text.span(text.node.body[-1]).covered.startswith("return (")
    assert text.quote(text.node.body[-1]) == "..."


def test_what_has_no_source_is_none(written):
    assert read(written("def report(): pass", readable=False).report) is None
    assert read(len) is None
    assert read(lambda: 3) is None


def test_a_file_that_has_changed_is_not_taken_for_the_function(written):
    module = written("def report():\n    return 1\n")
    import linecache

    name = module.report.__code__.co_filename
    for changed in ("other = 1\n" * 2, "def other():\n    return 1\n", "def report(:\n    return 1\n"):
        linecache.cache[name] = (len(changed), None, changed.splitlines(keepends=True), name)
        assert read(module.report) is None
