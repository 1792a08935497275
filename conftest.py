"""The documents are tests: every ```python block of README.md and docs/ runs, in order, document by document.

A ```text block that directly follows one is what it prints, and is compared. Run ids, and where in a file something
stands, may be other ones: a document makes its blocks look like a file of the reader's.

A block to be shown only stands after a line `<!-- skip: next -->`. Other blocks are left alone.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator, pad
from sybil.parsers.myst import CodeBlockParser, SkipParser

from flowkit import runner

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
        self.printed: tuple[int, str] | None = None
        """Where the last block that ran ends, and what it printed."""


class BlockEvaluator(PythonEvaluator):
    """Runs a block so that its source can be found again: diagnostics show it and read it."""

    def __call__(self, example: Example) -> None:
        # Not the document's own name: whoever parses the source of a function would be handed Markdown.
        filename = f"{Path(example.path).relative_to(ROOT)}[{example.line}]"
        source = pad(example.parsed, example.line + example.parsed.line_offset)
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        example.namespace["__file__"] = filename  # where `inspect` looks for a class
        code = compile(source, filename, "exec", flags=self.flags, dont_inherit=True)
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                exec(code, example.namespace)  # noqa: S102 - running documents is what this file is for
        finally:
            sys.stdout.write(out.getvalue())
        assert isinstance(example.document, ModuleDocument)
        example.document.printed = example.region.end, out.getvalue()


class BlockParser:
    """Finds the blocks that run, and what they are said to print."""

    def __init__(self) -> None:
        self._blocks = CodeBlockParser("python", BlockEvaluator())

    def __call__(self, document: Document) -> Iterable[Region]:
        for block in self._blocks(document):
            yield block
            if said := _OUTPUT.match(document.text, block.end):
                # Without a comment before it, which is somebody else's region.
                yield Region(said.start(1) - len("```text\n"), said.end(), (block.end, said[1]), _compare)


_OUTPUT = re.compile(r"\s*(?:<!-- skip: next -->\s*)?```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)

_ELSEWHERE = (
    (re.compile(r"\brun [0-9a-f]{16}\b"), "run ID"),
    (re.compile(r"[\w/.-]+(?:\.py|\.md\[\d+\])(?::\d+)+"), "FILE"),
    # The margin of quoted source is as wide as the number of its line.
    (re.compile(r"^ *\d* \|", re.MULTILINE), "|"),
    (re.compile(r"^ *(-->|:::|= )", re.MULTILINE), r"\1"),
)


def _compare(example: Example) -> None:
    """Compare what a block printed with what the document says; a block that didn't run has printed nothing."""
    block, said = example.parsed
    assert isinstance(example.document, ModuleDocument)
    if example.document.printed is None or example.document.printed[0] != block:
        return
    assert _comparable(example.document.printed[1]) == _comparable(said)


def _comparable(text: str) -> list[str]:
    for pattern, word in _ELSEWHERE:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


@pytest.fixture(scope="module")
def document_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty current folder for the length of one document: what a block writes, the next may read."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("document")
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module", autouse=True)
def engine_of_process() -> Iterator[None]:
    """The engine of the process that a file of tests or a document chose, or needed first, is none of another's."""
    engines = runner._process  # noqa: SLF001 - nobody else is to do that
    before = list(engines)
    yield
    for engine in engines:
        if engine not in before:
            engine.shutdown()
    engines[:] = before


pytest_collect_file = Sybil(
    parsers=[BlockParser(), SkipParser()],
    # Not flowkit/diagnostics/pages: their blocks are wrong on purpose and have tests of their own.
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    document_types={".md": ModuleDocument},
    fixtures=["document_folder", "engine_of_process"],
).pytest()
