"""What is different each time it is asked: the clock, randomness, and the world outside."""

from __future__ import annotations

import ast
import os
import sys
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final

from flowkit.checks.names import MISSING, member

if TYPE_CHECKING:
    from flowkit.checks.names import Names

__all__ = ["impurity"]

_CLOCK: Final = "reads the clock"
_CHANCE: Final = "draws something random"
_OUTSIDE: Final = "does I/O"
_ENVIRONMENT: Final = "reads the environment"


def _all(names: str, what: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), what)


_FUNCTIONS: Final = {
    "time": {
        **_all("time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time thread_time", _CLOCK),
        "sleep": "sleeps",
    },
    "uuid": {"uuid1": _CHANCE, "uuid4": _CHANCE},
    "os": {
        "urandom": _CHANCE,
        "getrandom": _CHANCE,
        "getenv": _ENVIRONMENT,
        **_all("listdir scandir walk stat open read write remove rename mkdir makedirs system popen", _OUTSIDE),
    },
    "os.path": _all("exists isfile isdir getsize getmtime", _OUTSIDE),
    "builtins": {"open": _OUTSIDE, "input": _OUTSIDE},
}
_MODULES: Final = {
    "random": _CHANCE,
    "secrets": _CHANCE,
    "subprocess": _OUTSIDE,
    "socket": _OUTSIDE,
    "shutil": _OUTSIDE,
    "requests": _OUTSIDE,
    "httpx": _OUTSIDE,
    "urllib.request": _OUTSIDE,
}
"""Modules all of whose functions count."""
_METHODS: Final = {
    ("datetime", "date"): _all("now utcnow today", _CLOCK),
    ("random", "SystemRandom"): _all("random choice randint randrange shuffle", _CHANCE),
    ("pathlib", "Path"): {
        **_all("read_text read_bytes write_text write_bytes open exists is_file is_dir", _OUTSIDE),
        **_all("iterdir glob rglob stat mkdir unlink touch", _OUTSIDE),
    },
    ("requests", "Session"): _all("get post put patch delete head request", _OUTSIDE),
    ("httpx", "Client"): _all("get post put patch delete head request stream", _OUTSIDE),
}
"""By a class that has to have been imported, or a class derived from it."""
_STARTING: Final = {("subprocess", "Popen"): _OUTSIDE, ("socket", "socket"): _OUTSIDE}
"""Classes whose making counts."""


def impurity(node: ast.AST, names: Names) -> str | None:
    """What an expression does that a body shouldn't, as a verb with its object; None for all that is well."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _ENVIRONMENT if names.find(node) is os.environ else None
    if not isinstance(node, ast.Call):
        return None
    found = _of_function(names.find(node.func))
    if found is None and isinstance(node.func, ast.Attribute):
        found = _of_method(node.func, names)
    return found


def _of_function(called: Any) -> str | None:
    if called is MISSING:
        return None
    kind = type(called)
    for module, known in _FUNCTIONS.items():
        for name, what in known.items():
            if _loaded(module, name) is called:
                return what
    for (module, name), what in _STARTING.items():
        if _loaded(module, name) is called:
            return what
    if kind in (FunctionType, BuiltinFunctionType, MethodType):
        name = called.__name__
        for module, what in _MODULES.items():
            if name != "seed" and not name.startswith("_") and _loaded(module, name) is called:
                return what
    return None


def _of_method(function: ast.Attribute, names: Names) -> str | None:
    owner = function.value
    found = names.find(owner.func if isinstance(owner, ast.Call) else owner)
    if found is MISSING:
        return None
    made = isinstance(owner, ast.Call)
    owner_class = found if issubclass(type(found), type) else None if made else type(found)
    if owner_class is None:
        return None
    for (module, name), methods in _METHODS.items():
        known = _loaded(module, name)
        if function.attr in methods and known is not MISSING and issubclass(owner_class, known):
            return methods[function.attr]
    return None


def _loaded(module: str, name: str) -> Any:
    """What a module holds under a name, if it was imported: what nobody imported nobody calls."""
    return member(sys.modules.get(module, MISSING), name)
