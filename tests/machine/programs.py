"""Workflows made up by hypothesis: what a body says, how its steps behave, and what has to come of it."""

from __future__ import annotations

import contextlib
from typing import Any

import attrs
from hypothesis import strategies as st

from flowkit import (
    Fallback,
    Fatal,
    Limit,
    Retry,
    always,
    concurrent,
    cond,
    discard,
    first,
    first_n,
    fixed,
    in_order,
    one_at_a_time,
    otherwise,
    outcome,
    phase,
    race,
    race_n,
    result_of,
    scope,
    select,
    step,
    unmapped,
    when,
    workflow,
)
from tests.machine.virtual import Attempt, begun, plan_of

TIMEOUT = 10.0
TOO_LONG = 14.0

picks = st.integers(0, 9)
"""A result that was written before, counted from the first; there may be fewer, so it is taken modulo."""

REACTIONS = {
    "fail": "fail",
    "skip": "skip",
    "value": Fallback("stand-in"),
    "call": Fallback(call=lambda error, *args: f"instead of {error!r}"),
    "collapse": Fallback(call=lambda error, *args: 1 / 0),
}


part = attrs.frozen(repr=False)


class Part:
    """What programs are made of. It is shown by what isn't as usual."""

    def __repr__(self) -> str:
        told = [(field.name, field.default, getattr(self, field.name)) for field in attrs.fields(type(self))]
        return f"{type(self).__name__}({', '.join([f'{name}={value!r}' for name, usual, value in told if value != usual])})"


@part
class Behaviour(Part):
    """What becomes of a step, and how it gets there."""

    end: str = "succeeds"
    """"succeeds", "fails", or "times out"."""
    failing: int = 0
    """How many attempts fail before that."""
    fatal: bool = False
    after: float = 0.0
    length: int | None = None
    """How long the list is that it returns, if it returns one."""
    stops_after: float = 0.0


@part
class Call(Part):
    """`name(a, b)`, or `name.map(...)` with columns."""

    behaviours: tuple[Behaviour, ...]
    """Of the step; of the items of a map, by turns."""
    args: tuple[int, ...] = ()
    columns: tuple[tuple[str, tuple[int, ...]], ...] = ()
    tolerant: bool = False
    depends_on: tuple[int, ...] = ()
    any_of: tuple[int, ...] = ()
    reaction: str = "fail"
    run_if: str = "none"
    is_async: bool = False
    executor: str = "thread"
    effect: bool = False
    discarded: bool = False
    delay: float = 0.0
    idempotent: bool = False
    max_concurrency: int | None = None
    on_item_failure: str = "fail"
    limit: int = 0
    """How many attempts there are at a time of all calls with this; 0 is any number."""
    limits: tuple[tuple[str, float], ...] = ()
    """More options, by name."""
    compensated: bool = False


@part
class Taken(Part):
    """`outcome(a)`."""

    of: int


@part
class Nested(Part):
    """`name(a, b)`, where that is a workflow: recorded on the spot if its arguments are there, and later if not.

    With columns it is `name.map(...)`.
    """

    body: tuple[Any, ...]
    args: tuple[int, ...] = ()
    columns: tuple[tuple[str, tuple[int, ...]], ...] = ()
    tolerant: bool = False
    returns: int = 0
    fail_fast: bool = False


@part
class Asked(Part):
    """`result_of(a)`, in a `try` that catches whatever that raises."""

    of: int


@part
class Block(Part):
    """`with in_order():`, `with concurrent():` and their like."""

    word: str
    body: tuple[Any, ...]


@part
class When(Part):
    """`with when(a):`, and `with otherwise():` if there is something to say in it."""

    of: int
    body: tuple[Any, ...]
    otherwise: tuple[Any, ...] = ()


@part
class Cond(Part):
    """`cond(a, lambda: b(...), lambda: c(...))`."""

    of: int
    then: tuple[Any, ...]
    otherwise: tuple[Any, ...]


@part
class Joined(Part):
    """`first(a, b)`, `race_n([a, b], 2)`, and so on; of the items of a map if there is one, and it is wanted."""

    word: str
    of: tuple[int, ...]
    count: int = 1
    items: bool = False


@part
class Scoped(Part):
    """`with scope() as s:`, and `s.cancel(after=a)` somewhere behind it."""

    body: tuple[Any, ...]
    of: int


BLOCKS = {"in_order": in_order, "concurrent": concurrent, "one_at_a_time": one_at_a_time, "always": always}
WORDS = {"in_order": "in_order", "concurrent": "concurrent", "one_at_a_time": "concurrent"}
"""What the order of the text means in them; in the others it is as around them."""


behaviours = st.builds(
    Behaviour,
    end=st.sampled_from(["succeeds", "succeeds", "succeeds", "fails", "times out"]),
    failing=st.sampled_from([0, 0, 0, 1, 2]),
    fatal=st.booleans(),
    after=st.sampled_from([0.0, 0.0, 1.0, 3.0]),
    length=st.sampled_from([None, None, 0, 1, 3]),
    stops_after=st.sampled_from([0.0, 1.0, 100.0]),
)
columns = st.one_of(
    st.tuples(st.just("list"), st.lists(st.integers(-3, 9), max_size=3).map(tuple)),
    st.tuples(st.sampled_from(["result", "map", "map", "unmapped", "stream"]), st.tuples(picks)),
)
nothing = st.just(())
some = st.lists(picks, max_size=2).map(tuple)
rarely = st.one_of(nothing, nothing, nothing, some)


never = st.just(False)


def calls(limits, *, timely=False):
    common = {
        "depends_on": rarely,
        "any_of": rarely,
        "reaction": st.sampled_from(["fail", "fail", *REACTIONS]),
        "run_if": st.sampled_from(["none", "none", "none", "true", "false", "raises"]),
        "is_async": st.booleans(),
        "executor": st.sampled_from(["thread", "thread", "thread", "inline"]),
        "effect": st.sampled_from([False, False, True]),
        "delay": st.sampled_from([0.0, 0.0, 2.0]),
        "idempotent": st.booleans(),
        "limits": limits,
        "limit": st.sampled_from([0, 0, 0, 1, 2]),
        "compensated": st.sampled_from([False, False, True]),
    }
    one = st.builds(Call, st.tuples(behaviours), args=some, discarded=st.sampled_from([False, False, True]), **common)
    many = st.builds(
        Call,
        st.lists(behaviours, min_size=1, max_size=3).map(tuple),
        columns=st.lists(columns, min_size=1, max_size=2).map(tuple),
        tolerant=st.booleans(),
        max_concurrency=st.sampled_from([None, 1, 2]),
        on_item_failure=st.sampled_from(["fail", "fail", "continue", *(["halt"] if timely else [])]),
        **common,
    )
    return st.one_of(one, one, many)


@part
class Program(Part):
    """A body to try. That it is none of the parts Hypothesis has made keeps it from telling how it made each of them.

    That is exponential in how deep they are nested.
    """

    body: tuple[Any, ...]


@st.composite
def programs(draw, *args, **options):
    """Programs: see `bodies`."""
    return Program(draw(bodies(*args, **options)))


def bodies(limits=nothing, *, depth=0, asking=False, fail_fast=never, longest=7, timely=False):
    """Lists of statements: with workflows in them where there is a depth, and with `result_of` where one is asking.

    What comes of a race, or of a scope that is cancelled, depends on time: they are there only if that is allowed.
    """
    call = calls(limits, timely=timely)
    kinds = [call, call, call, st.builds(Taken, picks)]
    words = ["first", "first_n", *(["race", "race_n", "select"] if timely else [])]
    several_picks = st.lists(picks, min_size=1, max_size=3).map(tuple)
    kinds.append(st.builds(Joined, st.sampled_from(words), several_picks, st.integers(1, 3), st.booleans()))
    if asking:
        kinds.append(st.builds(Asked, picks))
    if depth:
        inner = st.deferred(
            lambda: bodies(limits, depth=depth - 1, asking=asking, fail_fast=fail_fast, longest=2, timely=timely)
        )
        several = st.lists(columns, min_size=1, max_size=2).map(tuple)
        nested = st.builds(Nested, inner, some, returns=picks, fail_fast=fail_fast)
        mapped = st.builds(Nested, inner, columns=several, tolerant=st.booleans(), returns=picks, fail_fast=fail_fast)
        kinds += [nested, mapped]
    simple = st.one_of(kinds)
    block = st.recursive(
        simple,
        lambda inner: blocks(st.lists(inner, min_size=1, max_size=3).map(tuple), timely=timely),
        max_leaves=3 if depth or longest < 7 else 5,
    )
    # Programs within programs are large; what is too large is thrown away, and then little is tried.
    return st.lists(block, min_size=1, max_size=min(longest, 4) if depth else longest).map(tuple)


def blocks(inner, *, timely):
    some = st.one_of(st.just(()), inner)
    kinds = [
        st.builds(Block, st.sampled_from([*BLOCKS, "phase"]), inner),
        st.builds(When, picks, inner, some),
        st.builds(Cond, picks, inner, inner),
    ]
    return st.one_of(*kinds, *([st.builds(Scoped, inner, picks)] if timely else []))


@attrs.define
class Written:
    """A program as it was recorded, with what its steps do and what has to hold."""

    plan: Any
    script: dict[str, list[Attempt]]
    ends: dict[str, str]
    lengths: dict[str, int]
    order: dict[int, set[int]]
    """Per node, those that the text puts before it."""
    inner: dict[str, Any]
    """The plans of the workflows in it, by key."""
    awaited: int = -1
    """The node that its body can't go on without, before anything has run."""


@attrs.frozen
class Story:
    """What is known of a program, whichever of its bodies says so, by key. Bodies may be recorded more than once."""

    script: dict[str, list[Attempt]] = attrs.field(factory=dict)
    ends: dict[str, str] = attrs.field(factory=dict)
    lengths: dict[str, int] = attrs.field(factory=dict)
    steps: dict[str, Any] = attrs.field(factory=dict)
    flows: dict[str, Any] = attrs.field(factory=dict)
    inner: dict[str, Any] = attrs.field(factory=dict)


def write(program, *, fail_fast=False, asking=False) -> Written:
    """Record a program, and the workflows in it, unless those ask for results that only a run has."""
    story, trees = Story(), []

    @workflow(fail_fast=fail_fast)
    def main():
        writer = Writer(story)
        trees.append(writer.block("text", program.body))

    plan, awaited = begun(main)
    if asking:
        return Written(plan, story.script, story.ends, story.lengths, {}, {}, awaited)
    while left := [key for key in story.flows if key not in story.inner]:
        for key in left:
            flow, params = story.flows[key]
            story.inner[key] = plan_of(flow, *["given"] * params)
    order: dict[int, set[int]] = {}
    put_in_order(trees[0], order)
    order = {index: before - upstream(plan, index) for index, before in order.items()}
    return Written(plan, story.script, story.ends, story.lengths, order, story.inner)


class Writer:
    """Says the statements of a body."""

    def __init__(self, story, prefix="", params=()):
        self.story = story
        self.prefix = prefix
        self.results: list[Any] = list(params)
        self.words = ["text"]
        self.unsettled = False
        """Whether what is written here may not run, or not now, so that no result can be asked for."""
        self.refs: list[Any] = []
        self.calls: list[Any] = []
        self.maps: list[Any] = []
        self.count = 0

    def block(self, word, body):
        """The places in the text: a node and whether it keeps its place, or a block of them."""
        self.words.append(WORDS.get(word, self.words[-1]))
        entries = []
        for statement in body:
            said = self.say(statement)
            entries += said if isinstance(said, list) else [said]
        return self.words.pop(), entries, word

    def unsure(self, word, body):
        """A block in which no results may be asked for."""
        before, self.unsettled = self.unsettled, True
        try:
            return self.block(word, body)
        finally:
            self.unsettled = before

    def say(self, statement):
        if isinstance(statement, Block):
            if statement.word == "always":
                return self.clean_up(statement)
            with phase("stage") if statement.word == "phase" else BLOCKS[statement.word]():
                return self.block(statement.word, statement.body)
        if isinstance(statement, (When, Cond, Scoped)):
            return self.say_branch(statement) if self.refs else None
        if isinstance(statement, Joined):
            return self.join(statement) if self.refs else None
        if isinstance(statement, Taken):
            if not self.refs:
                return None
            ref = outcome(pick(self.refs, statement.of))
            self.remember(ref)
            return ref._flowkit_node, False
        if isinstance(statement, Asked):
            if self.refs and not self.unsettled:
                with contextlib.suppress(Exception):
                    self.results.append(result_of(pick(self.refs, statement.of)))
            return None
        if isinstance(statement, Nested):
            ref = self.nest(statement)
            self.remember(ref)
            (self.maps if statement.columns else self.calls).append(ref)
            return ref._flowkit_node, False
        ref = self.call(statement)
        self.remember(ref)
        (self.maps if statement.columns else self.calls).append(ref)
        return ref._flowkit_node, statement.effect or (statement.discarded and not statement.columns)

    def clean_up(self, statement):
        """What is written in it, nothing outside may use: it comes after all of that."""
        known = self.results, self.refs, self.calls, self.maps
        self.results, self.refs, self.calls, self.maps = map(list, known)
        with always():
            entry = self.unsure("always", statement.body)
        self.results, self.refs, self.calls, self.maps = known
        return entry

    def say_branch(self, statement):
        tested = pick(self.refs, statement.of)
        if isinstance(statement, Scoped):
            with scope() as scoped:
                entry = self.block("scope", statement.body)
            scoped.cancel(after=tested)
            return entry
        if isinstance(statement, When):
            with when(tested):
                entries = [self.unsure("when", statement.body)]
            if statement.otherwise:
                with otherwise():
                    entries.append(self.unsure("otherwise", statement.otherwise))
            return entries
        entries = []

        def branch(body):
            known = len(self.refs)
            entries.append(self.unsure("cond", body))
            return self.refs[-1] if len(self.refs) > known else None

        ref = cond(tested, lambda: branch(statement.then), lambda: branch(statement.otherwise))
        self.remember(ref)
        return [*entries, (ref._flowkit_node, False)]

    def join(self, statement):
        if statement.items and self.maps:
            refs = pick(self.maps, statement.of[0])
        else:
            refs = list({id(ref): ref for ref in [pick(self.refs, i) for i in statement.of]}.values())
        count = statement.count if type(refs) is not list else min(statement.count, len(refs))
        if statement.word == "select":
            ref = select(**{f"n{i}": one for i, one in enumerate(refs if type(refs) is list else [refs])})
        elif statement.word.endswith("_n"):
            ref = JOINS[statement.word](refs, count)
        else:
            ref = JOINS[statement.word](refs)
        self.results.append(ref)  # which of them it is depends on time, so nothing goes by it
        return ref._flowkit_node, False

    def remember(self, ref):
        self.results.append(ref)
        self.refs.append(ref)

    def nest(self, statement):
        self.count += 1
        name, story = f"w{self.count}", self.story
        args = [pick(self.results, i) for i in statement.args if self.results]
        if statement.columns:
            args = self.columns(statement)

        def flow(*params):
            writer = Writer(story, f"{self.prefix}{name}/", params)
            writer.block("text", statement.body)
            return pick(writer.refs, statement.returns) if writer.refs else None

        made, _ = story.flows.setdefault(
            f"{self.prefix}{name}", (workflow(name=name, fail_fast=statement.fail_fast)(flow), len(args))
        )
        if statement.columns:
            return made.map_outcomes(*args) if statement.tolerant else made.map(*args)
        return made(*args)

    def call(self, statement):
        self.count += 1
        name = f"s{self.count}"
        made = self.step(name, statement)
        if not statement.columns:
            self.behave(name, statement, statement.behaviours[0])
            args = [pick(self.results, i) for i in statement.args if self.results]
            if not statement.discarded:
                return made(*args)
            discard(ref := made(*args))
            return ref
        # No map here has more items than this: a list has at most three.
        for item in range(3):
            self.behave(f"{name}[{item}]", statement, statement.behaviours[item % len(statement.behaviours)])
        columns = self.columns(statement)
        return made.map_outcomes(*columns) if statement.tolerant else made.map(*columns)

    def columns(self, statement):
        # Beside a stream, lists of another length are found once some items have run: no table says which.
        alone = sum(kind != "unmapped" for kind, _ in statement.columns) == 1
        columns = [self.column(kind, given, alone=alone) for kind, given in statement.columns]
        if all(kind == "unmapped" for kind, _ in statement.columns):
            columns.append([1, 2])
        # Lists that are known and differ are found while recording.
        shortest = min([len(column) for column in columns if type(column) is list], default=0)
        return [column[:shortest] if type(column) is list else column for column in columns]

    def column(self, kind, given, *, alone):
        if kind == "list":
            # Below nought it is a result of the body, from nought on a number.
            return [pick(self.results, -i) if i < 0 and self.results else i for i in given]
        if kind == "unmapped":
            return unmapped(pick(self.results, given[0]) if self.results else 0)
        if kind == "stream" and alone:
            return self.stream(given[0] % 4)
        known = self.maps if kind == "map" else self.calls
        return pick(known, given[0]) if known else [1, 2]

    def stream(self, length):
        """A generator that one map alone goes through."""
        self.count += 1
        key = f"{self.prefix}g{self.count}"
        self.story.script[key] = [Attempt([f"{key}.{i}" for i in range(length)])]
        self.story.lengths[key] = length

        def generator():
            yield

        return self.story.steps.setdefault(key, step(name=f"g{self.count}")(generator))()

    def step(self, name, statement):
        options: dict[str, Any] = {
            "effect": statement.effect,
            "executor": "thread" if statement.is_async else statement.executor,
            "on_failure": REACTIONS[statement.reaction],
            "delay": statement.delay,
            "idempotent": statement.idempotent,
            "max_concurrency": statement.max_concurrency,
            "on_item_failure": statement.on_item_failure,
            "limit": Limit(f"l{statement.limit}", statement.limit) if statement.limit else None,
            "compensate": undo if statement.compensated else None,
            "depends_on": [pick(self.refs, i) for i in statement.depends_on if self.refs],
            "depends_on_any": [pick(self.refs, i) for i in statement.any_of if self.refs],
            **dict(statement.limits),
        }
        retries = max(behaviour.failing for behaviour in statement.behaviours)
        if retries:
            options["retries"] = Retry(retries + 1, backoff=fixed(5), jitter="none")
        if any(behaviour.end == "times out" for behaviour in statement.behaviours):
            options["timeout"] = TIMEOUT
        if statement.run_if != "none":
            answers = {"true": lambda *args: True, "false": lambda *args: False, "raises": lambda *args: 1 / 0}
            options["run_if"] = answers[statement.run_if]
        if statement.is_async:

            async def body(*args):
                pass

        else:

            def body(*args):
                pass

        made = self.story.steps.setdefault(self.prefix + name, step(name=name)(body))
        return made.with_options(**options)

    def behave(self, key, statement, behaviour):
        """What the attempts of a step do, for it to come to its end."""
        key = self.prefix + key
        last = Attempt(key, behaviour.after, behaviour.stops_after)
        attempts = [Attempt(OSError(f"{key}, attempt {i + 1}"), behaviour.after) for i in range(behaviour.failing)]
        if behaviour.length is not None:
            last = attrs.evolve(last, gives=[f"{key}.{i}" for i in range(behaviour.length)])
        if behaviour.end == "fails":
            error = Fatal(key) if behaviour.fatal else OSError(key)
            last = attrs.evolve(last, gives=error)
        if behaviour.end == "times out":
            last = attrs.evolve(last, after=TOO_LONG)
        self.story.script[key] = [*attempts, last]
        condition = {"false": "isn't wanted", "raises": "fails"}
        self.story.ends[key] = condition.get(statement.run_if, behaviour.end)
        if behaviour.length is not None and behaviour.end == "succeeds":
            self.story.lengths[key] = behaviour.length


def undo(done, *args):
    pass


JOINS = {"first": first, "first_n": first_n, "race": race, "race_n": race_n}


def pick(known, index):
    return known[index % len(known)]


def keeps_place(entry, word):
    if entry is None:
        return False
    if isinstance(entry[0], str):
        if entry[2] == "always":
            return False
        return entry[2] == "phase" or any(keeps_place(inner, entry[0]) for inner in entry[1])
    return entry[1] or word == "in_order"


def nodes_of(entry):
    if entry is None or entry[2:] == ("always",):
        return []
    return [i for inner in entry[1] for i in nodes_of(inner)] if isinstance(entry[0], str) else [entry[0]]


def put_in_order(block, order, before=()):
    """What the text says, the long way round: who keeps a place comes after all before it, and before all after it."""
    word, entries, _ = block
    for position, entry in enumerate(entries):
        apart = entry is not None and entry[2:] == ("always",)
        earlier = [] if apart else list(before)
        if word != "concurrent" and not apart:
            place = keeps_place(entry, word)
            earlier += [i for one in entries[:position] if place or keeps_place(one, word) for i in nodes_of(one)]
        for index in nodes_of(entry):
            order.setdefault(index, set()).update(earlier)
        if entry is not None and isinstance(entry[0], str):
            put_in_order(entry, order, earlier)


def upstream(plan, index):
    """What a node takes values from, however far back: along maps that is item by item."""
    found, stack = set(), [index]
    while stack:
        for before in plan.nodes[stack.pop()].data:
            if before not in found:
                found.add(before)
                stack.append(before)
    return found
