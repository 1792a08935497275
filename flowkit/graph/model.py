"""What was written, as data: steps, nodes, regions and the graph that holds them.

Nothing here runs anything. A `Graph` says which steps are called, with what, and in which order; what is made of it
is for the floors above.
"""

from __future__ import annotations

import enum
import inspect
import typing
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, overload

import attrs

from flowkit.diagnostics import Site
from flowkit.graph.declared import declared_in
from flowkit.policies import UNSET, StepOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowkit.diagnostics import Diagnostic
    from flowkit.graph.declared import Declared
    from flowkit.policies import Policy, WorkflowOptions, WorkflowPolicy

__all__ = [
    "Edge",
    "Graph",
    "Join",
    "Keys",
    "Kind",
    "Loop",
    "Node",
    "Order",
    "Projection",
    "Region",
    "Source",
    "StepSpec",
    "WorkflowSpec",
]


class Kind(enum.IntEnum):
    """What a node is."""

    CALL = 0
    """A step called once."""
    MAP = 1
    """A step called for each item; the node itself is the list of the results."""
    OUTCOME = 2
    """Another node's end as a value, whatever that end was."""
    BARRIER = 3
    """A place in the text that waits and has no value: where a region begins or ends."""
    INPUT = 4
    """An argument of the workflow that isn't known: in graphs that are looked at, never in those that run."""
    TEST = 5
    """Whether a value is true: what a `when` or a `cond` goes by."""
    PICK = 6
    """One of two values, by a test (`cond`)."""
    JOIN = 7
    """What the first of several come to (`first`, `race`, `select` and their like)."""
    CANCEL = 8
    """The end of a `scope` before its time."""
    ARMED = 9
    """Where an `always` block stands: once the text has come here, that is done whatever happens."""


class Edge(enum.IntEnum):
    """How one node depends on another. `engine.edges` says what each means."""

    DATA = 0
    """Takes its value."""
    ORDER = 1
    """Comes after it."""
    OUTCOME = 2
    """Takes its end, whatever that was."""
    CHOICE = 3
    """Needs one of several to succeed."""
    CHAIN = 4
    """A map over another map's items: needs them to be known, not to be done."""
    PART = 5
    """What is called is done when everything in its body is."""
    CONDITION = 6
    """Goes if the value of a test is the wanted one."""
    BRANCH = 7
    """May take its value: a test says whether it does."""
    ARMED = 8
    """Is done at the end, if the text has come to its place."""
    ALWAYS = 9
    """Comes after it, at the end, whatever came of it."""


class Order(enum.Enum):
    """What the order of the text means inside a region."""

    TEXT = "text"
    """Effects keep their place; calls whose result is kept don't wait for one another."""
    FREE = "free"
    """Nothing keeps its place (`concurrent`)."""
    STRICT = "strict"
    """Everything keeps its place (`in_order`)."""


@attrs.frozen
class Region:
    """A part of a body with rules of its own: one record for everything that is written as a `with` block."""

    index: int
    parent: int | None
    order: Order
    site: Site | None
    word: str = ""
    """What it was written as: `in_order`, `when`."""
    name: str = ""
    """What a phase or a scope is called."""
    test: int = -1
    """The node by which it is decided whether what is in it runs."""
    wanted: bool = True
    """What the test has to give for that."""
    is_phase: bool = False
    """Whether all of it comes after all that is before it, and before all that is after it."""
    takes_turns: bool = False
    """Whether only one step of it runs at a time."""
    cleans_up: bool = False
    """Whether it is done at the end of its body, however that ended."""

    @property
    def label(self) -> str:
        """Its word, with its name."""
        return f"{self.word} {self.name!r}" if self.name else self.word


@attrs.frozen
class Join:
    """How several results are joined into one."""

    word: str
    """What it was written as: `first`, `race_n`."""
    count: int = 1
    """How many of them it takes."""
    cancels: bool = False
    """Whether the others are stopped then."""
    of_items: bool = False
    """Whether it is about the items of the one map that it is given."""
    names: tuple[str, ...] = ()
    """What they are called, for `select`."""


class _Described:
    """What steps and workflows have in common: a function, and what its signature says."""

    function: Callable[..., Any]
    name: str
    is_placed = False
    """Whether it is known to stand where a decorator may. Asked at every call, so it is kept in a place read fast."""

    @cached_property
    def label(self) -> str:
        """The short name that messages and keys use."""
        name = self.name.rpartition(":")[2]
        return name.rpartition("<locals>.")[2]

    @cached_property
    def target(self) -> Callable[..., Any]:
        """The plain function, below `classmethod` and `staticmethod`."""
        function = self.function
        while isinstance(function, (classmethod, staticmethod)):
            function = function.__func__
        return function

    @cached_property
    def remembered(self) -> dict[Any, Any]:
        """What the floors above have found out about it, so that they needn't look again; gone when it is gone."""
        return {}

    @cached_property
    def signature(self) -> inspect.Signature | None:
        """The parameters as written; None where Python can't tell (some builtins)."""
        try:
            return inspect.signature(self.target)
        except (TypeError, ValueError):
            return None

    @cached_property
    def declares(self) -> Sequence[Declared]:
        """The parameters whose default says where their argument comes from (`From`, `Resource`)."""
        # Asked of every step that runs, so most of them are answered without their signature.
        return declared_in(self.target, lambda: self.signature)

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        """The annotations, resolved; without those that name something that isn't there at run time."""
        target: Any = self.target
        if inspect.isclass(target):
            return {**_resolved(target.__init__), "return": target}
        return _resolved(target)


def _resolved(function: Any) -> dict[str, Any]:
    with suppress(Exception):  # annotations may run any code
        return typing.get_type_hints(function, include_extras=True)
    # One that can't be resolved must not take the others with it: `-> None` says that a step is an effect.
    hints: dict[str, Any] = {}
    for name, written in (getattr(function, "__annotations__", None) or {}).items():
        one = SimpleNamespace(__annotations__={name: written})
        with suppress(Exception):
            hints.update(typing.get_type_hints(one, getattr(function, "__globals__", None), include_extras=True))
    return hints


@attrs.define(eq=False, slots=False)
class StepSpec(_Described):
    """What `@step` knows of a function: what to call, who it is, and how it wants to be run."""

    function: Callable[..., Any]
    name: str
    """Its identity: `module:qualname` unless it was named."""
    options: StepOptions
    origin: StepSpec | None = None
    """The step as declared, where this is one call's variant of it (`with_options`)."""
    suspends: bool = False
    """Whether calling it gives what it waits for, and its value comes from outside."""
    flow: WorkflowSpec | None = None
    """The workflow that is called in a body like a step: its own body is recorded in the place of the call."""

    @property
    def declared(self) -> StepSpec:
        """The step as it stands in the source."""
        return self.origin or self

    @property
    def identity(self) -> object:
        """What makes two calls ones of the same step: that as declared; its name where a word makes it anew each time."""
        return self.name if self.name.startswith("flowkit:") else self.declared

    @property
    def as_step(self) -> StepSpec:
        """What is called where a body calls it: itself."""
        return self

    @cached_property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine."""
        return inspect.iscoroutinefunction(self.target) or inspect.iscoroutinefunction(
            getattr(self.target, "__call__", None)  # noqa: B004 - an instance with an async __call__ is meant
        )

    @cached_property
    def streams(self) -> bool:
        """Whether calling it gives a generator."""
        return inspect.isgeneratorfunction(self.target) or inspect.isasyncgenfunction(self.target)

    @cached_property
    def returns(self) -> Any:
        """The annotated result; `inspect.Signature.empty` where there is none."""
        return self.hints.get("return", inspect.Signature.empty)

    @cached_property
    def is_effect(self) -> bool:
        """Whether a call keeps its place in the text: declared so, or annotated `-> None`."""
        declared = self.options.effect
        if isinstance(declared, bool):
            return declared
        return self.returns is type(None) or self.compensation is not None

    @cached_property
    def compensation(self) -> StepSpec | None:
        """The step that undoes it, where it has one."""
        given = self.options.compensate
        if given is UNSET or given is None:
            return None
        spec = getattr(given, "spec", None)
        if isinstance(spec, StepSpec):
            return spec
        module, qualname = (
            getattr(given, "__module__", "__main__"),
            getattr(given, "__qualname__", type(given).__qualname__),
        )
        return StepSpec(given, f"{module}:{qualname}", StepOptions())

    @cached_property
    def must_use(self) -> bool:
        """Whether a result that nobody takes is a mistake."""
        declared = self.options.must_use
        if isinstance(declared, bool):
            return declared
        return not self.is_effect and self.returns is not type(None)

    @cached_property
    def names_dependencies(self) -> bool:
        """Whether `depends_on` or `depends_on_any` was given."""
        return any(
            isinstance(given, tuple) and given for given in (self.options.depends_on, self.options.depends_on_any)
        )

    @cached_property
    def is_ordinary(self) -> bool:
        """Whether data alone decides when a call of it starts. Asked once a call, so it is one flag."""
        return not (self.is_effect or self.names_dependencies)

    @cached_property
    def policy(self) -> Policy:
        """Its options, settled."""
        return self.options.resolved()

    def variant(self, options: StepOptions) -> StepSpec:
        """The same step with other options: still the same step, with the same name."""
        twin = StepSpec(self.function, self.name, options, origin=self.declared, suspends=self.suspends, flow=self.flow)
        for known in ("label", "target", "signature", "declares", "hints", "is_async", "streams", "returns"):
            if known in self.__dict__:
                twin.__dict__[known] = self.__dict__[known]
        return twin


@attrs.frozen
class Loop:
    """What is said of a loop where it is drawn."""

    until: Callable[..., Any]
    """What is asked after each round."""
    limits: str
    """How long it goes on at most, or how often it asks."""


@attrs.define(eq=False, slots=False)
class WorkflowSpec(_Described):
    """What `@workflow` knows of a function."""

    function: Callable[..., Any]
    name: str
    options: WorkflowOptions
    origin: WorkflowSpec | None = None
    loop: Loop | None = None
    """For one that a word such as `repeat` makes, whose rounds are calls of itself: what it goes on until."""
    gathered_for: StepSpec | None = None
    """The step that it was made for, of what steps declare: then it has no body that anybody wrote."""

    @property
    def declared(self) -> WorkflowSpec:
        """The workflow as it stands in the source."""
        return self.origin or self

    @cached_property
    def policy(self) -> WorkflowPolicy:
        """Its options, settled."""
        return self.options.resolved()

    def variant(self, options: WorkflowOptions) -> WorkflowSpec:
        """The same workflow with other options."""
        return WorkflowSpec(
            self.function, self.name, options, self.declared, loop=self.loop, gathered_for=self.gathered_for
        )

    @cached_property
    def is_live(self) -> bool:
        """Whether its body is an `async def`, which isn't recorded beforehand: it calls as it goes."""
        return inspect.iscoroutinefunction(self.target)

    @cached_property
    def as_step(self) -> StepSpec:
        """What is called where a body calls this workflow."""
        origin = self.origin.as_step if self.origin is not None else None
        return StepSpec(self.function, self.name, self.options.of_items(), origin=origin, flow=self)

    @cached_property
    def returns(self) -> Any:
        """The annotated result; `inspect.Signature.empty` where there is none."""
        return self.hints.get("return", inspect.Signature.empty)


class SourceKind(enum.IntEnum):
    """Where the items of one of a map's arguments come from."""

    EACH = 0
    """A list that is known."""
    REF = 1
    """The list that another node returns."""
    CHAIN = 2
    """Another map, item by item."""
    SAME = 3
    """One value that every item gets (`unmapped`)."""


@attrs.frozen
class Source:
    """One argument of a map."""

    kind: SourceKind
    value: Any
    """The list, the Ref, or the broadcast value."""


class Node:
    """A recorded call.

    Written by hand and with slots: there are as many of these as calls, and nothing else in a graph is.
    """

    __slots__ = (
        "args",
        "data",
        "index",
        "kind",
        "kwargs",
        "lasti",
        "order",
        "region",
        "code",
        "spec",
        "tolerant",
        "choice",
    )

    def __init__(
        self,
        index: int,
        kind: Kind,
        spec: StepSpec | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None,
        data: Sequence[int],
        order: list[int] | None,
        region: int,
        code: Any,
        lasti: int,
    ) -> None:
        self.index = index
        self.kind = kind
        self.spec = spec
        self.args = args
        """Values, Refs and templates that hold Refs; for a map its sources.

        For what calls no step: of an outcome and a test the one value; of a pick the test and the two values; of a
        join its `Join` and the Refs; of a cancellation the region; of the barrier before a phase its name, of the one
        behind it that and where it begins.
        """
        self.kwargs = kwargs
        self.data = data
        """The nodes whose value it takes, each once."""
        self.order = order
        """The nodes it comes after."""
        self.region = region
        self.code = code
        self.lasti = lasti
        self.tolerant = False
        """For a map: whether its list holds outcomes."""
        self.choice: tuple[int, ...] = ()
        """The nodes of which one has to succeed (`depends_on_any`), or some (joins)."""

    @property
    def site(self) -> Site | None:
        """Where in the source it was called."""
        return Site(self.code, self.lasti) if self.code is not None else None

    def __repr__(self) -> str:
        return f"<Node {self.index} {self.kind.name.lower()} {self.spec.label if self.spec else ''}>"


@attrs.frozen
class Projection:
    """A part of a result that a body took, for the checks: `ref.field` or `ref["key"]`."""

    node: int
    path: tuple[tuple[str, Any], ...]
    site: Site


class Keys(Sequence[str]):
    """The names of the nodes of a body, made when somebody asks.

    A name is the step and, from the second call on, which call of it this is. It depends on what is written before it
    alone, so a body that goes on leaves the names that it has.
    """

    __slots__ = ("_made", "_nodes", "_seen")

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._made: list[str] = []
        self._seen: dict[str, int] = {}

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if index >= len(self._nodes):
            raise IndexError(index)
        made, seen, nodes = self._made, self._seen, self._nodes
        while len(made) <= index:
            node = nodes[len(made)]
            name = node.spec.label if node.spec is not None else _label(node)
            count = seen[name] = seen.get(name, 0) + 1
            made.append(name if count == 1 else f"{name}#{count}")
        return made[index]

    def __len__(self) -> int:
        return len(self._nodes)

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, Keys) else other)

    __hash__ = None  # type: ignore[assignment] # it grows

    def __repr__(self) -> str:
        return repr(list(self))


@attrs.define(eq=False, slots=False, repr=False)
class Graph:
    """A workflow as written, for one set of arguments.

    It shows itself in Jupyter; `flowkit graph` prints it.
    """

    workflow: WorkflowSpec
    nodes: Sequence[Node]
    regions: Sequence[Region]
    result: Any
    """What the body returned: a value, a Ref, or a template that holds Refs."""
    used: bytearray
    """Per node, whether somebody takes it, or it was dropped on purpose."""
    forward: bool
    """Whether some edge points backwards in the text, so that a cycle is possible at all."""
    projections: Sequence[Projection]
    problems: Sequence[Diagnostic]
    """What was found wrong while recording."""
    keys: Sequence[str]
    """The name of each node."""
    stopped: Diagnostic | None = None
    """Why recording ended before the body did, in a graph that is only looked at."""
    inner: Mapping[int, Graph] = attrs.field(factory=dict)
    """Per call of a workflow whose arguments are known, what that wrote."""
    first: int = 0
    """The first node that is new: those before it are planned already, where a body goes on after a `result_of`."""
    types: dict[int, Any] = attrs.field(factory=dict)
    """Per node whose type follows from those of others, that type, once a check has asked for it."""
    goes_on: bool = False
    """Whether this is a body up to a `result_of`: what it returns isn't known, nor who takes the results so far."""

    def describe(self, index: int) -> str:
        """A node for a sentence: its key in backticks."""
        return f"`{self.keys[index]}`"

    def to_mermaid(self) -> str:
        """A Mermaid flowchart: order is dashed, regions are boxes, the line of the source is a tooltip."""
        from flowkit.graph.drawing import to_mermaid  # the drawing imports this module

        return to_mermaid(self)

    def to_dot(self) -> str:
        """The same in DOT, for Graphviz."""
        from flowkit.graph.drawing import to_dot

        return to_dot(self)

    def to_text(self) -> str:
        """An indented list in the order of the source. Of what a long loop made, only the ends are shown."""
        from flowkit.graph.listing import to_text

        return to_text(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What Jupyter shows: a flowchart; as text where it can't draw, or where a drawing would be too big to see."""
        shown = {"text/plain": self.to_text()}
        chart = self.to_mermaid() if len(self.nodes) <= _DRAWN else ""
        if chart and len(chart) <= _READ:
            shown |= {"text/vnd.mermaid": chart, "text/markdown": f"```mermaid\n{chart}\n```"}
        return shown

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<graph of {self.workflow.name}: {len(self.nodes)} nodes>"


_DRAWN = 200
_READ = 50_000
"""Longer texts Mermaid doesn't read, unless it is told to."""
_LABELS = {
    Kind.OUTCOME: "outcome",
    Kind.BARRIER: "(order)",
    Kind.INPUT: "(input)",
    Kind.TEST: "(test)",
    Kind.PICK: "cond",
    Kind.CANCEL: "(cancel)",
    Kind.ARMED: "(always)",
}


def _label(node: Node) -> str:
    """The name of a node that calls no step."""
    if node.kind is Kind.BARRIER and len(node.args) == 1:
        return f"phase {node.args[0]}"
    return str(node.args[0].word) if node.kind is Kind.JOIN else _LABELS[node.kind]
