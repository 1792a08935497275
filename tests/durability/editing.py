"""Workflows whose code changes while they are under way: their source as text, stopped after some writes, resumed."""

import contextlib
import linecache
import sys
import textwrap
import zlib
from types import ModuleType

from flowkit import Engine, StoreError
from flowkit.engine.judging import judged_all
from flowkit.errors import FlowkitError
from flowkit.stores.memory import MemoryStore

HEAD = """
from typing import Any
import attrs
from flowkit import *
from flowkit import live

log = []

@step
def inc(x: int) -> int:
    log.append(("inc", x))
    return x + 1

@step
def dbl(x: int) -> int:
    log.append(("dbl", x))
    return x * 2

@step
def tri(x: int) -> int:
    log.append(("tri", x))
    return x * 3

@step
def add(*xs: Any) -> int:
    log.append(("add", xs))
    return sum(x if isinstance(x, int) else add.__wrapped__(*x) for x in xs)

@step
def rows(n: int) -> list[int]:
    log.append(("rows", n))
    return list(range(n))

@step
def odd(x: int) -> bool:
    log.append(("odd", x))
    return x % 2 == 1

@step
def flop(x: int) -> int:
    log.append(("flop", x))
    raise ValueError(x)

@step
def told(end: Any) -> int:
    log.append(("told", end.status))
    return len(end.status)

@step(effect=True)
def tell(x: Any) -> int:
    log.append(("tell", x))
    return 7

@step(effect=True)
def note(x: Any) -> int:
    log.append(("note", x))
    return 8

@step(effect=True)
def say(x: Any) -> int:
    log.append(("say", x))
    return 9
"""
EFFECTS = ("tell", "note", "say")


def module(source, head=HEAD):
    """A module `shop` of this source, as it is after an edit."""
    text = head + textwrap.dedent(source)
    file = f"shop_{zlib.crc32(text.encode()):08x}.py"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    made = sys.modules["shop"] = ModuleType("shop")
    made.__file__ = file
    exec(compile(text, file, "exec", dont_inherit=True), vars(made))
    return made


class Dying:
    """A store that takes no more writes after some: as if the process had died then."""

    def __init__(self, store, writes):
        self.store = store
        self.left = writes
        self.made = 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def commit(self, commits):
        if self.left <= 0 and not all(one.release and one.run is None for one in commits):
            raise StoreError("gone")
        self.left -= 1
        self.made += all(one.run is None or one.run.status in ("running", "waiting") for one in commits)
        return self.store.commit(commits)


def begun(old, writes, *args, executor="inline"):
    """A store in which a run `r` of the workflow `wf` was stopped after some writes; and what its steps did."""
    store = MemoryStore()
    code = module(old) if isinstance(old, str) else old
    dying = Dying(store, writes)
    with Engine(store=dying, executor=executor, recover=False):
        run = code.wf.with_options(run_id="r").start(*args)
        with contextlib.suppress(FlowkitError, ValueError):
            run.result(30)
    kept = store.run("r")
    assert kept.is_final or not kept.owner
    return store, code


def left(old, *args, until="gate_opened"):
    """A store in which a run `r` waits, since its process has let go of it; and the code."""
    store, code = MemoryStore(), module(old)
    engine = Engine(store=store, recover=False)
    with engine:
        run = code.wf.with_options(run_id="r").start(*args)
        for event in run.events():
            if event.kind == until:
                break
        engine.shutdown()
    return store, code


def resumed(store, new, executor="inline"):
    """What comes of the run once it is resumed with other code: the value, and that code."""
    code = module(new) if isinstance(new, str) else new
    with Engine(store=store, executor=executor, recover=False):
        return code.wf.resume("r").result(30), code


def fresh(new, *args, executor="inline"):
    """What the code gives and does when nothing is on record."""
    code = module(new) if isinstance(new, str) else new
    with Engine(store=MemoryStore(), executor=executor, recover=False):
        return code.wf.start(*args).result(30), code


def judgement(store, code):
    """What is said of the run before it is resumed with other code."""
    with Engine(store=store, executor="inline", recover=False) as engine:
        kept = store.run("r")
        (found,) = judged_all(engine._services, engine._keep._planned, code.wf.spec)
        assert store.run("r") == kept
    return found


def writes_of(code, *args):
    """How many writes a run of it makes before it has ended."""
    dying = Dying(MemoryStore(), 10**9)
    with Engine(store=dying, executor="inline", recover=False):
        code.wf.start(*args).wait()
    return dying.made


def effects(code, of=EFFECTS):
    """What was done to the world, in its order."""
    return [one for one in code.log if one[0] in of]
