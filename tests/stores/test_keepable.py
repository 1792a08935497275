"""What is told of a type before there are values: whether they can be kept, and how they are written."""

# ruff: noqa: UP007, UP045 - one may be written in either way

import dataclasses
import enum
import inspect
import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    Never,
    NewType,
    NoReturn,
    NotRequired,
    Optional,
    TypedDict,
    TypeVar,
    Union,
)
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowkit import Completed, Decision, Outcome, Selected
from flowkit.errors import EncodingError
from flowkit.stores.codec import Codec, fingerprint, prepare
from flowkit.stores.keepable import why_not

T = TypeVar("T")


class Socket:
    pass


@attrs.frozen
class Session:
    name: str
    sockets: list[Socket]


@attrs.frozen
class Tree:
    value: int
    kids: "list[Tree]"


@attrs.frozen
class Node(Generic[T]):
    """A type that never ends: each one names another."""

    value: T
    next: "Node[list[T]] | None" = None


@dataclasses.dataclass
class Unresolved:
    x: "Nowhere"  # noqa: F821


class Color(enum.Enum):
    RED = 1
    GREEN = 2


# Whether values can be kept


@pytest.mark.parametrize(
    "annotation",
    [
        inspect.Signature.empty, Any, object, None, NoReturn, Never, int, str | None, list, dict[str, list[int]], tuple[int, ...],
        tuple[()], T, Tree, Node[int], Color, Literal[1, "a"], Annotated[int, "x"], Sequence[int], Mapping[str, Decimal],
        datetime | UUID | Path, Outcome[int], Selected[str], Decision, Completed, Exception, list[Outcome[Tree]],
    ],
    ids=str,
)  # fmt: skip
def test_what_can_be_kept(annotation):
    assert why_not(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "start"),
    [
        (Socket, "there is no JSON form for `Socket`; make it an attrs class"),
        (list[Socket], "`$[*]` of `list[Socket]`: there is no JSON form for `Socket`"),
        (dict[str, tuple[int, Socket]], "`$[*][1]` of `dict[str, tuple[int, Socket]]`: there is no"),
        (dict[Socket, int], "`$[key]` of `dict[Socket, int]`: there is no"),
        (Session, "`$.sockets[*]` of `Session`: there is no"),
        (list[Session], "`$[*].sockets[*]` of `list[Session]`: there is no"),
        (int | Socket, "there is no JSON form for `Socket`"),
        (Socket | None, "there is no JSON form for `Socket`"),
        (Outcome[Socket], "`$._value` of `Outcome[Socket]`: there is no"),
        (socket.socket, "there is no JSON form for `socket`"),
        (Unresolved, "the annotations of `Unresolved` can't be resolved"),
        (list[Unresolved], "`$[*]` of `list[Unresolved]`: the annotations of `Unresolved` can't be resolved"),
        ("int", 'the annotation "int" is text'),
        (Iterator[int], "there is no JSON form for `Iterator[int]`; it is gone once somebody has gone through it"),
        (AsyncIterator[int], "there is no JSON form for `AsyncIterator[int]`; it is gone"),
        (type[int], "there is no JSON form for `type[int]`"),
        (complex, "there is no JSON form for `complex`"),
        (3, "there is no JSON form for `3`; annotate it"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cant_be_kept_is_told_with_its_place(annotation, start):
    assert (why_not(annotation) or "").startswith(start)


def test_a_codec_of_ones_own_is_asked_too():
    codec = Codec()
    codec.register(Socket, encode=lambda value: 1, decode=lambda data: Socket())
    codec.prepare(list[Session])


annotations = st.recursive(
    st.sampled_from([int, str, None, Socket, Session, Tree, Color, Callable[[], int], "text", Decimal]),
    lambda inner: (
        inner.map(lambda t: list[t])
        | inner.map(lambda t: Optional[t])
        | st.tuples(inner, inner).map(lambda ts: dict[ts])
        | st.tuples(inner, inner).map(lambda ts: Union[ts])
        | st.lists(inner).map(lambda ts: tuple[tuple(ts)])
    ),
    max_leaves=4,
)


@given(annotations)
def test_one_part_that_cant_be_kept_is_enough(annotation):
    text = str(annotation)
    bad = any(word in text for word in ("Socket", "Session", "Callable", "text"))
    assert (why_not(annotation) is not None) == bad


# Fingerprints


def made(name, /, **fields):
    return attrs.make_class(name, {key: attrs.field(type=hint) for key, hint in fields.items()})


ORDER = made("Order", id=int, name=str)
UserId = NewType("UserId", int)


def test_a_fingerprint_is_short_text():
    assert len(fingerprint(int)) == 32
    int(fingerprint(int), 16)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (int, UserId), (int, Annotated[int, "x"]), (Optional[int], Union[None, int]), (int | str, str | int), (list, list[Any]),
        (ORDER, made("Renamed", id=int, name=str)),
        (ORDER | None, made("Renamed", id=int, name=str) | None), (Tree, Tree), (object, Any),
        (enum.Enum("A", "X Y"), enum.Enum("B", "Y X")), (Node[int], Node[int]),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_written_alike_has_one_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


class One(NamedTuple):
    x: int


class Two(TypedDict):
    x: int


class Three(TypedDict):
    x: NotRequired[int]


DIFFERENT = [
    int, float, str, bytes, bool, None, Any, list, list[int], list[str], tuple[int, ...], tuple[int], tuple[int, int], set[int],
    frozenset[int], dict, dict[str, int], dict[int, str], datetime, Decimal, Path, Optional[int], int | str, int | str | None,
    ORDER, made("O", id=int), made("O", id=int, name=int), made("O", id=int, title=str), made("O", id=int, name=str, more=str),
    attrs.make_class("O", {"id": attrs.field(type=int), "name": attrs.field(type=str, default="")}),
    ORDER | made("Refund", id=int, name=str), ORDER | made("Return", id=int, name=str), ORDER | None, list[ORDER], One, Two, Three,
    enum.Enum("A", "X Y"), enum.Enum("A", "X Y Z"), enum.Flag("A", "X Y"), enum.Flag("A", "Y X"), Literal[1], Literal[2], Literal[1, 2],
    Literal["1"], Tree, Node[int], Node[str], Outcome[int], Outcome[str], Exception, Selected[int],
]  # fmt: skip


def test_what_is_written_in_another_way_has_another_fingerprint():
    found = {}
    for annotation in DIFFERENT:
        assert found.setdefault(fingerprint(annotation), annotation) is annotation


def test_a_change_far_inside_is_noticed():
    before, after = made("Item", price=int), made("Item", price=Decimal)
    assert fingerprint(list[made("Order", items=dict[str, before])]) != fingerprint(
        list[made("Order", items=dict[str, after])]
    )


def test_a_registered_class_is_its_name():
    one, other = Codec(), Codec()
    for codec in (one, other):
        codec.register(Socket, encode=lambda value: 1, decode=lambda data: Socket())
    assert one.fingerprint(Session) == other.fingerprint(Session)
    one.register(Color, encode=lambda value: 1, decode=lambda data: Color.RED)
    assert one.fingerprint(Color) != other.fingerprint(Color)


def test_there_is_no_fingerprint_of_what_cant_be_kept():
    with pytest.raises(EncodingError, match="Socket"):
        fingerprint(list[Session])


def test_fingerprints_are_the_same_in_every_process():
    """They are kept: one that changes makes records look like those of another type."""
    program = """
        import enum, attrs
        from datetime import datetime
        from flowkit.stores.codec import fingerprint
        class Color(enum.Enum):
            RED = 1
            GREEN = 2
        @attrs.frozen
        class Tree:
            kids: "list[Tree]"
            label: "Color | str | None"
            at: "dict[str, set[datetime]]"
        print(fingerprint(Tree), fingerprint(int | str | Tree | Color))
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    printed = {
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            env={**env, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "777")
    }
    assert printed == {"746c7e399f0afc9c89da66f2fddb6e89 3df5774b585b9b1686818537aafe2748\n"}


# Reading, once a type is prepared


READING = """
    import json, sys
    from datetime import datetime
    import attrs
    from flowkit.errors import EncodingError
    from flowkit.stores.codec import dumps, loads, prepare

    @attrs.frozen
    class Order:
        id: int
        at: "datetime | None"
        parts: "list[Order] | dict[str, Order]"
        error: "Exception | None" = None

    def canary(*args): raise SystemExit("it ran")
    kept = dumps(Order(1, None, [Order(2, datetime(2026, 1, 1), {})], ValueError("x")), Order) if sys.argv[1] == "write" else ""
    prepare(Order)
    texts = json.loads(sys.stdin.read())
    seen = []
    forbidden = ("import", "exec", "compile", "subprocess.Popen", "os.system", "os.exec", "os.fork", "pickle.find_class")

    def watch(event, args):
        if event in forbidden or event.startswith("socket.") or (event == "open" and args[1] not in ("r", "rb")):
            seen.append((event, str(args)[:100]))

    sys.addaudithook(watch)
    read, refused = 0, 0
    for text in texts:
        try:
            loads(text, Order)
            read += 1
        except EncodingError as error:
            refused += 1
    print(json.dumps([list(seen), read, refused, kept]))
"""

HOSTILE = [
    {"__class__": "__main__:canary"}, {"__reduce__": ["__main__.canary", []]}, {"py/object": "__main__.canary"},
    {"$type": "__main__:canary", "$value": 1}, {"lc": 1, "type": "constructor", "id": ["__main__", "canary"]},
    {"id": 1, "at": {"$type": "os:system"}, "parts": []}, {"id": "os.system", "at": None, "parts": []},
    {"id": 1, "at": None, "parts": [], "__init__": "x"}, {"id": 1, "at": None, "parts": {"__class__": {"id": 2}}},
    {"id": 1, "at": "2026-01-01T00:00:00[no/where", "parts": []}, {"id": 1, "at": None, "parts": [{"$type": "Order"}]},
    "\ud800", ["\ud800"], {"id": 1, "at": "\ud800", "parts": []}, 1, None, [], "x", {"idd": 1, "at": None, "parts": []},
    {"id": {"$int": "__import__('os')"}, "at": None, "parts": []},
]  # fmt: skip
RAW = [
    "",
    "{",
    "NaN",
    "[" * 100_000,
    "9" * 5001,
    '{"id":1,"id":2,"at":null,"parts":[]}',
    "gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU",
]


def test_reading_a_value_runs_and_imports_nothing():
    def run(how, texts):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        given = json.dumps(texts)
        command = [sys.executable, "-c", textwrap.dedent(READING), how]
        done = subprocess.run(command, env=env, input=given, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    *_, kept = run("write", [])
    texts = [*map(json.dumps, HOSTILE), *RAW]
    assert run("read", [kept, *texts]) == [[], 1, len(texts), ""]


def test_preparing_refuses_what_encoding_would_refuse():
    prepare(Tree)
    with pytest.raises(EncodingError) as caught:
        prepare(list[Session])
    assert caught.value.path == "$[*].sockets[*]"
