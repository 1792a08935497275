"""The documents are tests: every ```python block of README.md and docs/ runs, in order, document by document.

A block to be shown only stands after a line `<!-- skip: next -->`. Blocks in other languages are left alone.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Document, Example, Sybil
from sybil.evaluators.python import PythonEvaluator, pad
from sybil.parsers.myst import CodeBlockParser, SkipParser

ROOT = Path(__file__).parent


class ModuleDocument(Document):
    """A document whose blocks share one module, importable by name as a reader's own file would be."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text, path)
        title = Path(path).relative_to(ROOT).with_suffix("").as_posix()
        module = ModuleType("document_" + title.lower().replace("/", "_").replace("-", "_"))
        # Annotations and pickles look names up in the module that a class or a step says it is from.
        sys.modules[module.__name__] = module
        self.namespace = vars(module)


class BlockEvaluator(PythonEvaluator):
    """Runs a block so that its source can be found again: diagnostics show it and read it."""

    def __call__(self, example: Example) -> None:
        # Not the document's own name: whoever parses the source of a function would be handed Markdown.
        filename = f"{Path(example.path).relative_to(ROOT)}[{example.line}]"
        source = pad(example.parsed, example.line + example.parsed.line_offset)
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        example.namespace["__file__"] = filename  # where `inspect` looks for a class
        code = compile(source, filename, "exec", flags=self.flags, dont_inherit=True)
        exec(code, example.namespace)  # noqa: S102 - running documents is what this file is for


@pytest.fixture(scope="module")
def document_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty current folder for the length of one document: what a block writes, the next may read."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("document")
    os.chdir(folder)
    yield folder
    os.chdir(before)


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", BlockEvaluator()), SkipParser()],
    # Not flowkit/diagnostics/pages: their blocks are wrong on purpose and have tests of their own.
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    document_types={".md": ModuleDocument},
    fixtures=["document_folder"],
).pytest()
