"""Stores by their URL, as people write it in code, in `FLOWKIT_STORE` and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowkit.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowkit.engine.ports import Store

__all__ = ["open_store"]

_WRITE: Final = 'write "sqlite:///runs.db", or "sqlite:////var/lib/runs.db" for a path from the root on'
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {"synchronous": ("full", "normal")}


def open_store(url: str, *, make: bool = True) -> Store:
    """Open the store at a URL.

    `sqlite:///relative.db` or `sqlite:////absolute.db`, with `%20` and the like for characters that mean something in
    URLs; `?synchronous=normal` is faster, and may lose the last moment in a power cut. The file is made if it is missing,
    unless `make` says no.

    Raises `PolicyError` for a URL that means nothing, and `StoreError` for a file that can't be used.
    """
    from urllib.parse import unquote

    if type(url) is not str or ":" not in url:
        raise PolicyError(f"store={url!r} isn't a URL; {_WRITE}")
    scheme, _, rest = url.partition(":")
    if scheme.casefold() != "sqlite":
        raise _unknown(url, scheme)
    rest, _, query = rest.partition("?")
    options = _options(url, query)
    if not rest.startswith("///"):
        host = rest.strip("/").rpartition("@")[2]
        near = f'did you mean "sqlite:///{host}"?' if host else _WRITE
        raise PolicyError(f"{_masked(url)}: a SQLite store has a file, not a host; {near}")
    path = unquote(rest[3:], errors="surrogateescape")
    if not path or path == ":memory:":
        raise PolicyError(f"{url} names no file; {_WRITE}; leave the store out for runs that live in memory")

    from flowkit.stores.sqlite import SqliteStore

    return SqliteStore(path, synchronous="normal" if options.get("synchronous") == "normal" else "full", make=make)


def _options(url: str, query: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    from flowkit.diagnostics import did_you_mean

    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in _OPTIONS:
            help_ = did_you_mean(name, _OPTIONS) or f"there is {', '.join(_OPTIONS)}"
            raise PolicyError(f"{_masked(url)}: there is no option `{name}`; {help_}")
        if value not in _OPTIONS[name] or name in options:
            raise PolicyError(f"{_masked(url)}: write {name}= once, with {' or '.join(_OPTIONS[name])}")
        options[name] = value
    return options


def _unknown(url: str, scheme: str) -> PolicyError:
    from flowkit.diagnostics import did_you_mean

    help_ = did_you_mean(scheme.casefold(), ["sqlite"]) or _WRITE
    return PolicyError(f"{_masked(url)}: there is no store called `{scheme}`; {help_}")


def _masked(url: str) -> str:
    """A URL without its password, wherever it stands."""
    import re

    url = re.sub(r"(?i)([?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*=)[^&]*", r"\1***", url)
    scheme, slashes, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{slashes}{name}{colon and ':***'}{at}{host}"
