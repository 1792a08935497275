"""What a program is given, as the system takes it: arguments, environment, folder and input.

Results that aren't there yet are let through: they are looked at when they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from errno import ENOEXEC
from typing import Any

from flowkit.errors import MisuseError
from flowkit.graph import Ref

__all__ = ["arguments", "called", "environment", "folder", "input_bytes", "why_not"]


def arguments(args: Any) -> tuple[str, ...]:
    """The program and its arguments."""
    if isinstance(args, (str, bytes)):
        message = f'`command` takes a list, and no shell reads it: write ["sh", "-c", {args!r}] for one'
        raise MisuseError(message)
    if not isinstance(args, Sequence) or not args:
        message = f'`command` takes the program and its arguments as a list, as in ["make", "test"], not {args!r}'
        raise MisuseError(message)
    return tuple([_text(one, f"argument {place}" if place else "the program") for place, one in enumerate(args)])


def environment(env: Any) -> dict[str, str]:
    """The environment of this process, and what is said on top of it."""
    merged = dict(os.environ)
    if env is None:
        return merged
    if not isinstance(env, Mapping):
        message = f'`command` takes env as a dict, as in {{"LANG": "C"}}, not {env!r}'
        raise MisuseError(message)
    for name, value in env.items():
        if type(name) is Ref or not isinstance(name, str) or not name or "=" in name or "\0" in name:
            message = f"{name!r} in env isn't the name of a variable: those are text, without `=`"
            raise MisuseError(message)
        if type(value) is not Ref and value is None:
            merged.pop(name, None)
        else:
            merged[name] = _text(value, f"`{name}` in env")
    return merged


def folder(cwd: Any) -> str | None:
    """The folder to run it in; None for the current one."""
    return None if cwd is None else _text(cwd, "cwd")


def _text(value: Any, what: str) -> str:
    """One text as a program gets it; of a result that isn't there yet, nothing."""
    if type(value) is Ref:
        return ""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        text = str.__str__(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        text = str(value)
    else:
        message = f"{what} of a `command` is text, a path or a number, not {value!r}"
        raise MisuseError(message)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        message = f"{what} of a `command` can't be written in the encoding of this system: {value!r}"
        raise MisuseError(message) from None
    if "\0" in text:
        message = f"{what} of a `command` has a NUL in it, which no program can be given: {value!r}"
        raise MisuseError(message)
    return text


def input_bytes(given: Any) -> bytes | None:
    """What it can read; None for nothing."""
    if given is None or isinstance(given, bytes):
        return given
    if isinstance(given, str):
        return given.encode("utf-8", "surrogateescape")
    message = f"`command` takes text or bytes as input, not {given!r}"
    raise MisuseError(message)


def called(program: Any) -> str:
    """What a program is called in keys, without its folders."""
    name = "" if program is None or type(program) is Ref else os.path.basename(_text(program, "the program"))  # noqa: PTH119
    return name if name.isprintable() and name and not any(one.isspace() or one == ":" for one in name) else "command"


def why_not(error: OSError, program: str, cwd: str | None) -> str:
    """Why a program couldn't be started."""
    where = f"in `{cwd}`" if cwd is not None else "in the current folder"
    if cwd is not None and not os.path.isdir(cwd):  # noqa: PTH112
        return f"can't be run {where}, which is no folder; look at cwd="
    by_path = "/" in program
    if isinstance(error, FileNotFoundError):
        if not by_path:
            return "can't be run: there is no such program on the PATH; install it, or write where it is"
        if os.path.exists(os.path.join(cwd or "", program)):  # noqa: PTH110, PTH118
            return "can't be run: its first line, `#!`, says to run it with something that isn't there"
        return f"can't be run: there is no such file {where}; write where it is"
    if isinstance(error, PermissionError):
        return "can't be run: that isn't allowed; is it a program, and may it be executed (`chmod +x`)?"
    if error.errno == ENOEXEC:
        return "can't be run: it is no program for this system; a script says in its first line, `#!`, what runs it"
    return f"can't be run: {error.strerror or error}"
