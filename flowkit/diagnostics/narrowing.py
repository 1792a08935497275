"""From a statement to the expression in it that matters.

Python 3.11 and 3.12 give the own instructions of loops, conditions and `with` blocks the place of the whole statement; 3.13 gives them
that of the expression. Here the former are brought to the latter, where the source can be read.
"""

from __future__ import annotations

import ast
import functools
import threading
import warnings
from opcode import opname
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType

__all__ = ["Position", "narrowed", "parsed"]

Position: TypeAlias = tuple[int, int | None, int | None, int | None]  # line, end line, and both columns, in bytes

_one_at_a_time: Final = threading.RLock()
"""What Python counts while it makes a tree, it counts for all threads at once: two that do it at the same time may both
end in a SystemError. Nor are warnings silenced for one thread alone."""
_TRIES: Final = 5
"""Others may parse something at the same time, who know nothing of the lock."""

_LOOPS: Final = ("GET_ITER", "GET_AITER")
_JUMPS: Final = ("POP_JUMP_", "TO_BOOL")
_ENTRIES: Final = ("BEFORE_WITH",)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CONDITIONAL: Final = (ast.If, ast.While, ast.IfExp, ast.Assert)


def narrowed(code: CodeType, lasti: int, position: Position, lines: Sequence[str]) -> Position:
    """The place of what an instruction goes through, tests or enters, if its own is that of the statement around it."""
    name = opname[code.co_code[lasti]] if 0 <= lasti < len(code.co_code) else ""
    if not name.startswith((*_LOOPS, *_JUMPS, *_ENTRIES)):
        return position
    node = _statements("".join(lines)).get(position)
    look = _looped if name in _LOOPS else _entered if name in _ENTRIES else _tested
    found = None if node is None else look(node)
    if found is None:
        return position
    return found.lineno, found.end_lineno, found.col_offset, found.end_col_offset


def parsed(source: str) -> ast.Module | None:
    """The tree of a file; None where it can't be parsed."""
    for left in reversed(range(_TRIES)):
        try:
            with _one_at_a_time, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the compiler has already told about escapes and the like
                return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        except SystemError:
            if not left:
                raise
    return None


def _looped(node: ast.AST) -> ast.expr | None:
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return node.iter
    loops = getattr(node, "generators", [])
    return loops[0].iter if len(loops) == 1 else None


def _entered(node: ast.AST) -> ast.expr | None:
    return node.items[0].context_expr if isinstance(node, ast.With) and len(node.items) == 1 else None


def _tested(node: ast.AST) -> ast.expr | None:
    tests = [one for loop in getattr(node, "generators", []) for one in loop.ifs]
    test = node.test if isinstance(node, _CONDITIONAL) else tests[0] if len(tests) == 1 else None
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand  # compiled into the jump
    return test


@functools.lru_cache(maxsize=2)
def _statements(source: str) -> Mapping[Position, ast.AST]:
    """What loops, tests and is entered in a file, by its place."""
    tree = parsed(source)
    kinds = (ast.For, ast.AsyncFor, ast.With, *_CONDITIONAL, *_COMPREHENSIONS)
    return {
        (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset): node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, kinds)
    }
