"""Recording: the one place where calling a step doesn't run it.

A `Recorder` is current while a workflow's body runs. Each step call appends a `Node` and gives back a `Ref`. What the
body can see is real, but for those Refs.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args, get_origin

from flowkit.diagnostics import Diagnostic, Label, Level, Site, span_of_function
from flowkit.errors import CheckFailed, MisuseError
from flowkit.graph.dependencies import resolve
from flowkit.graph.model import Graph, Keys, Kind, Node, Order, Projection, Source, SourceKind
from flowkit.graph.placing import WHOLE, Placing, is_effect
from flowkit.graph.refs import LEAVES, Ref, Template, Unbuildable, Unsearchable, capture, project
from flowkit.graph.refusals import asked_in_static

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowkit.graph.model import Join, Region, StepSpec, WorkflowSpec

__all__ = [
    "Recorder",
    "context_of_steps",
    "current_recorder",
    "live_graph",
    "record",
    "record_called",
    "record_symbolically",
]

recording: Final[ContextVar[Recorder | None]] = ContextVar("flowkit_recording", default=None)
"""The recorder of the body that is running here, if one is."""

current_recorder = recording.get


def context_of_steps() -> Context:
    """A copy of the context here, in which no body is being recorded: steps that call steps just call them."""
    context = copy_context()
    if recording.get() is not None:
        context.run(recording.set, None)
    return context


_NONE: Final[tuple[int, ...]] = ()
# A member of an enum is looked up through its class each time, 60 ns on Python 3.11; these are asked for at every call.
_CALL: Final = Kind.CALL
_STRICT: Final = Order.STRICT
_UNSURE: Final = frozenset({"when", "otherwise", "cond", "always"})
"""Regions that may not run, or not now."""
_SINGLE: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


Answer: TypeAlias = "Callable[[Recorder, int], Any]"
"""Gives the value of a node, by its index, to a body that can't go on without it."""


class StopRecording(BaseException):
    """Ends a body whose unknown input was looked at. Not an Exception: a body that catches those must not eat it."""


class Recorder(Placing):
    """The graph of one body, as far as it has been written."""

    def __init__(
        self,
        workflow: WorkflowSpec,
        answer: Answer | None = None,
        above: tuple[WorkflowSpec, ...] = (),
        *,
        to_run: bool = False,
    ) -> None:
        super().__init__()
        self.workflow = workflow
        self._answer = answer
        self._above = above
        """The workflows in whose bodies this one is being recorded."""
        self._to_run = to_run or answer is not None
        """Whether what is written will run, so that a body which needs a result isn't written half."""
        self._left: BaseException | None = None
        """What ended the body before it returned: it goes on later, from its beginning."""
        self._inner: dict[int, Graph] = {}
        self._graph: weakref.ref[Graph] | None = None
        self._finished = False
        self.problems: list[Diagnostic] = []
        self.projections: list[Projection] = []
        self.stopped: Diagnostic | None = None

    # -- calls ----------------------------------------------------------------------------------------------------

    def call(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Ref:
        """Record a call of a step."""
        nodes = self.nodes
        index = len(nodes)
        data: Sequence[int] = _NONE
        for arg in args:
            kind = type(arg)
            if kind is Ref and arg._flowkit_recorder is self:
                taken = arg._flowkit_node
                self.used[taken] = 1
                if data is _NONE:
                    data = (taken,)
                elif taken not in data:
                    data = (*data, taken)
            elif kind not in LEAVES:
                args, data = self._captured(args, frame, spec)
                break
        if kwargs:
            kwargs, data = self._captured_named(kwargs, data, frame, spec)
        place = self._frame
        node = Node(index, _CALL, spec, args, kwargs or None, data, None, place.region, frame.f_code, frame.f_lasti)
        if spec.is_ordinary and place.order is not _STRICT:
            nodes.append(node)
            self.used.append(0)
            if place.last >= 0:
                node.order = [place.last]
        else:
            self._place(node)
        return Ref(self, index)

    def flow(self, spec: StepSpec, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Ref:
        """Record a call of a workflow.

        With arguments that are known its body is recorded here and now, so that it can be checked and seen. One that
        calls itself, that is live, or that needs a result, is left to be recorded when the run comes to it.
        """
        ref = self.call(spec, args, kwargs, frame)
        node, workflow = self.nodes[ref._flowkit_node], spec.flow
        assert workflow is not None
        declared = workflow.declared
        recursive = declared is self.workflow.declared or any(one.declared is declared for one in self._above)
        if not (node.data or spec.is_async or recursive or self.problems):
            inner = Recorder(workflow, above=(*self._above, self.workflow), to_run=self._to_run)
            try:
                graph = _record(inner, node.args, node.kwargs or {})
            except CheckFailed:
                raise
            except Exception:  # noqa: BLE001 - its own failure, or a call that doesn't fit: found when it is its turn
                return ref
            if graph.stopped is None or not self._to_run:
                self._inner[node.index] = graph
        return ref

    def result_of(self, ref: Ref, frame: Any) -> Any:
        """The value of a result, once everything written so far was handed to whoever runs it."""
        index = ref._flowkit_node
        region = next((one for one in self._open_regions() if one.word in _UNSURE), None)
        if region is not None:
            what = f"the block of `{region.word}`"
            message = f"`result_of` can't be asked in {what}: what is in it may not run, or not now; ask before it"
            raise MisuseError(message)
        spec = self.nodes[index].spec
        if spec is not None and spec.streams and self.nodes[index].kind is Kind.CALL:
            message = f"`result_of` can't give what `{spec.label}` yields: only a map goes through that; return a list"
            raise MisuseError(message)
        self._take([ref], frame)
        policy = self.workflow.policy
        if policy.static and "FK407" not in policy.allow:
            self.stopped = asked_in_static(self.workflow.label, Site(frame.f_code, frame.f_lasti).span())
            self.problem(self.stopped)
            raise StopRecording
        if self._answer is None or self.problems:
            self.stopped = Diagnostic(
                code="",
                level=Level.HINT,
                title=f"{self.describe(ref)} is asked for here, and this look at the workflow runs nothing",
                labels=(
                    Label(
                        Site(frame.f_code, frame.f_lasti).span(), "what comes after this was checked in the source only"
                    ),
                ),
            )
            raise StopRecording
        try:
            value = self._answer(self, index)
        except Exception:
            raise
        except BaseException as unwound:
            # What the body still writes on its way out is nobody's: it is recorded again.
            self._left, self.nodes, self.used = unwound, self.nodes.copy(), self.used.copy()
            self.keys = Keys(self.nodes)
            raise
        return project(value, ref._flowkit_path)

    def segment(self) -> Graph:
        """What was written so far, by a body that goes on."""
        self.name_dependencies()
        graph = self._as_graph(None, goes_on=True)
        self.planned = len(self.nodes)
        return graph

    def map(self, spec: StepSpec, columns: Sequence[Any], frame: Any, *, tolerant: bool) -> Ref:
        """Record a call for each item. `columns` are the arguments, `Source`s with kind SAME where broadcast."""
        refs: list[Ref] = []
        sources = tuple(self._source(column, refs, frame, spec) for column in columns)
        self._zip(sources, spec, frame)
        if callable(spec.options.item_key) or callable(spec.options.item_depends_on):
            _refuse_unknown_items(spec, sources)
        data = self._take(refs, frame)
        node = Node(
            len(self.nodes), Kind.MAP, spec, sources, None, data, None, self._frame.region, frame.f_code, frame.f_lasti
        )
        node.tolerant = tolerant
        self._place(node)
        return Ref(self, node.index)

    def outcome(self, ref: Ref, frame: Any) -> Ref:
        """Record that a node's end is taken as a value."""
        return Ref(self, self._add(Kind.OUTCOME, (ref,), self._take([ref], frame), frame).index)

    def when(self, value: Any, frame: Any) -> None:
        """Begin what runs if a value is true."""
        self.open("when", frame, test=self._test(value, frame))

    def otherwise(self, frame: Any) -> None:
        """Begin what runs if the value of the `when` before it wasn't."""
        tested, self._frame.tested = self._frame.tested, None
        if tested is None or tested[1] != len(self.nodes):
            message = "`otherwise()` comes right behind the block of a `when(...)`"
            raise MisuseError(message)
        self.open("otherwise", frame, test=tested[0], wanted=False)

    def pick(self, value: Any, then: Callable[[], Any], other: Callable[[], Any], frame: Any) -> Ref:
        """Record both of two branches, and which of their values is meant."""
        test = self._test(value, frame)
        refs: list[Ref] = []
        values = []
        for wanted, branch in ((True, then), (False, other)):
            self.open("cond", frame, test=test, wanted=wanted)
            known = len(self.nodes)
            try:
                given = branch()
            except BaseException as error:
                self.close(error)
                raise
            self.relocate(known, sys._getframe().f_code, frame)
            self.close()
            values.append(self._capture(given, refs, frame, "cond"))
        data = (test, *self._take(refs, frame))
        return Ref(self, self._add(Kind.PICK, (Ref(self, test), *values), data, frame).index)

    def _test(self, value: Any, frame: Any) -> int:
        """Record what a branch goes by. Raises `MisuseError` for what is true or false whatever a step gives."""
        if type(value) is not Ref:
            refs: list[Ref] = []
            self._capture(value, refs, frame, "when")
            if refs or callable(value):
                name = getattr(value, "__name__", type(value).__name__)
                what = f"`{name}` isn't called" if callable(value) else f"a {name} is true unless it is empty"
                message = f"{what}: a branch goes by the result of a step, as in `when(is_large(x))`"
                raise MisuseError(message)
        known = type(value) is not Ref
        data = _NONE if known else self._take([value], frame)
        node = self._add(Kind.TEST, (bool(value) if known else value,), data, frame)
        self.used[node.index] = 1
        return node.index

    def join(self, join: Join, refs: Sequence[Ref], frame: Any) -> Ref:
        """Record that the first of several are taken. Effects written inside its parentheses don't wait for another."""
        choice = tuple(self._take(refs, frame))
        first = self._first_inside(choice, frame)
        node = self._add(Kind.JOIN, (join, *refs), _NONE, frame)
        node.choice = choice
        if first is not None:
            self._as_one(first)
        return Ref(self, node.index)

    def _first_inside(self, choice: Sequence[int], frame: Any) -> int | None:
        """The first effect of a join that stands in its parentheses, where the order of the text would hold it."""
        if self._frame.order is not Order.TEXT:
            return None
        inside = [i for i in choice if is_effect(self.nodes[i]) and _encloses(frame, self.nodes[i])]
        return min(inside) if inside and min(inside) >= self.planned else None

    def cancel(self, region: int, refs: Sequence[Ref], frame: Any) -> None:
        """Record that what is in a region is stopped, once these have succeeded."""
        node = self._add(Kind.CANCEL, (region,), self._take(refs, frame), frame)
        node.order = None  # it is about what is under way, so it doesn't come after that
        self._apart.add(node.index)  # and nothing comes after it
        self.used[node.index] = 1

    @property
    def is_conditional(self) -> bool:
        """Whether it is decided later whether what is written here runs."""
        return any(region.test >= 0 and not region.cleans_up for region in self._open_regions())

    def _open_regions(self) -> Iterator[Region]:
        return (self.regions[frame.region] for frame in self._frames)

    def discard(self, ref: Ref, frame: Any) -> None:
        """Mark a result as dropped on purpose; right at the call, the call keeps its place in the text."""
        index = ref._flowkit_node
        node = self.nodes[index]
        fresh = index == len(self.nodes) - 1 and not self.used[index]
        self._take([ref], frame)
        if fresh and self._frame.order is not Order.STRICT and not is_effect(node) and _encloses(frame, node):
            self._sequence(node)

    def input(self, name: str) -> Ref:
        """An argument of the workflow that isn't known."""
        node = Node(len(self.nodes), Kind.INPUT, None, (name,), None, _NONE, None, 0, None, 0)
        self.nodes.append(node)
        self.used.append(1)
        self._frame.mark = len(self.nodes)
        return Ref(self, node.index)

    # -- what arguments hold --------------------------------------------------------------------------------------

    def _take(self, refs: Iterable[Ref], frame: Any) -> Sequence[int]:
        """The nodes behind Refs, each once, marked as used. A Ref from elsewhere is FK305."""
        found: dict[int, None] = {}
        used = self.used
        for ref in refs:
            if ref._flowkit_recorder is not self:
                self._foreign(ref, frame)
                continue
            node = ref._flowkit_node
            used[node] = 1
            found[node] = None
        return tuple(found)

    def _captured(self, args: tuple[Any, ...], frame: Any, spec: StepSpec) -> tuple[tuple[Any, ...], Sequence[int]]:
        refs: list[Ref] = []
        taken = tuple([self._capture(arg, refs, frame, spec.label) for arg in args])
        return taken, self._take(refs, frame)

    def _captured_named(
        self, kwargs: dict[str, Any], data: Sequence[int], frame: Any, spec: StepSpec
    ) -> tuple[dict[str, Any], Sequence[int]]:
        refs: list[Ref] = []
        taken = {name: self._capture(arg, refs, frame, spec.label) for name, arg in kwargs.items()}
        more = self._take(refs, frame)
        return taken, tuple(dict.fromkeys((*data, *more))) if more else data

    def _capture(self, value: Any, refs: list[Ref], frame: Any, taker: str) -> Any:
        if type(value) in LEAVES:
            return value
        before = len(refs)
        try:
            return capture(value, refs)
        except Unbuildable as reason:
            kind = type(value).__name__
            searchable = not isinstance(reason, Unsearchable)
            can = "hold a result" if searchable else "be searched for results"
            way_out = f"make it in a step of its own: `step({kind})(...)`" if searchable else "make it in a step"
            self.problem(
                Diagnostic(
                    code="FK401",
                    level=Level.ERROR,
                    title=f"a `{kind}` given to `{taker}` can't {can}",
                    labels=(Label(Site(frame.f_code, frame.f_lasti).span(), str(reason)),),
                    helps=(way_out,),
                )
            )
            for ref in refs[before:]:
                self._take([ref], frame)
            del refs[before:]
            return Template(value, ())  # of no known type, so that nothing else is said of it

    def _source(self, column: Any, refs: list[Ref], frame: Any, spec: StepSpec) -> Source:
        if type(column) is Source:
            return Source(SourceKind.SAME, self._capture(column.value, refs, frame, spec.label))
        if type(column) is Ref:
            refs.append(column)
            ours = column._flowkit_recorder is self
            chained = ours and not column._flowkit_path and self.nodes[column._flowkit_node].kind is Kind.MAP
            return Source(SourceKind.CHAIN if chained else SourceKind.REF, column)
        items = [item if type(item) in LEAVES else self._capture(item, refs, frame, spec.label) for item in column]
        return Source(SourceKind.EACH, items)

    def _zip(self, sources: Sequence[Source], spec: StepSpec, frame: Any) -> None:
        """Refuse known lists that differ in length; the others show theirs when the map runs."""
        known = {at: len(source.value) for at, source in enumerate(sources, 1) if source.kind is SourceKind.EACH}
        if len(set(known.values())) > 1:
            each = ", ".join(f"{count} in argument {at}" for at, count in known.items())
            self.problem(
                Diagnostic(
                    code="FK202",
                    level=Level.ERROR,
                    title=f"`{spec.label}` is mapped over lists of different lengths",
                    labels=(Label(Site(frame.f_code, frame.f_lasti).span(), each),),
                    helps=("give lists of the same length, or unmapped(...) what every item is to have",),
                )
            )

    def _foreign(self, ref: Ref, frame: Any) -> None:
        other = ref._flowkit_recorder
        node = other.node_of(ref)
        what = f"the result of {other.describe(ref)}" if node is not None else f"a result of `{other.workflow.label}`"
        labels = [Label(Site(frame.f_code, frame.f_lasti).span(), f"this uses a result of `{other.workflow.label}`")]
        if node is not None and node.site is not None:
            labels.append(Label(node.site.span(), "which was recorded here, in another build", primary=False))
        self.problem(
            Diagnostic(
                code="FK305",
                level=Level.ERROR,
                title=f"{what} belongs to another build",
                labels=tuple(labels),
                notes=("a result stands for one call in one build of one workflow; it can't be kept for the next",),
                helps=("call the step inside this workflow, or pass the value as an argument",),
            )
        )

    # -- projections and descriptions -----------------------------------------------------------------------------

    def node_of(self, ref: Ref) -> Node | None:
        """The node behind a Ref; None once its graph is gone."""
        nodes: Sequence[Node] = self.nodes
        if self._finished:
            graph = self._graph() if self._graph is not None else None
            nodes = graph.nodes if graph is not None else ()
        return nodes[ref._flowkit_node] if ref._flowkit_node < len(nodes) else None

    def project(self, ref: Ref, part: tuple[str, Any], frame: Any) -> Ref:
        """A part of a result."""
        node, path = ref._flowkit_node, (*ref._flowkit_path, part)
        self.projections.append(Projection(node, path, Site(frame.f_code, frame.f_lasti)))
        return Ref(self, node, path)

    def fixed_length(self, ref: Ref) -> int | None:
        """How many parts a result has, where its annotation says so."""
        node = self.node_of(ref)
        if node is None or node.kind is not Kind.CALL or node.spec is None or ref._flowkit_path:
            return None
        hint = node.spec.returns
        if get_origin(hint) is tuple:
            parts = get_args(hint)
            return None if len(parts) > 1 and parts[1] is ... else len(parts)
        fields = getattr(hint, "_fields", None)
        return len(fields) if isinstance(hint, type) and issubclass(hint, tuple) and fields is not None else None

    def step_of(self, ref: Ref) -> str:
        """The step behind a Ref, for a sentence."""
        node = self.node_of(ref)
        return node.spec.label if node is not None and node.spec is not None else "some_step"

    def describe(self, ref: Ref) -> str:
        """A Ref as it would be written, for a sentence."""
        node = self.node_of(ref)
        name = f"argument {node.args[0]}" if node is not None and node.kind is Kind.INPUT else self.step_of(ref)
        tail = "".join(f".{key}" if how == "attribute" else f"[{key!r}]" for how, key in ref._flowkit_path)
        return f"`{name}{tail}`"

    def problem(self, finding: Diagnostic) -> None:
        """Keep a finding. The body goes on, so that all of them come at once."""
        self.problems.append(finding)

    # -- the end --------------------------------------------------------------------------------------------------

    def finish(self, value: Any) -> Graph:
        """The graph, once the body has returned."""
        refs: list[Ref] = []
        if type(value) is Ref:
            refs.append(value)
        else:
            try:
                value = capture(value, refs)
            except Unbuildable as reason:
                self._unreturnable(value, str(reason))
                value = None
        for ref in refs:
            if ref._flowkit_recorder is self:
                self.used[ref._flowkit_node] = 1
            else:
                self._foreign_return(ref)
        self.name_dependencies()
        graph = self._as_graph(value, goes_on=False)
        # The nodes hold Refs, and Refs hold this recorder: letting go of the nodes here keeps what a run leaves behind
        # from having to wait for the cycle collector.
        self.close_for_good()
        return graph

    def close_for_good(self) -> None:
        """The body is over: its results stand for nothing any more."""
        self._finished = True
        self.nodes, self.keys, self._answer = [], Keys(()), None

    def name_dependencies(self) -> None:
        """Draw the edges that `depends_on` names. Done wherever a body asks for a result, each time it is recorded."""
        if self._named:
            self.forward = True
            self.problems.extend(resolve(self.nodes, self._named, self.used))
            self._named = []

    def _as_graph(self, result: Any, *, goes_on: bool) -> Graph:
        graph = Graph(
            workflow=self.workflow,
            nodes=self.nodes,
            regions=self.regions,
            result=result,
            used=self.used,
            forward=self.forward,
            projections=self.projections,
            problems=self.problems,
            keys=self.keys,
            stopped=self.stopped,
            inner=self._inner,
            first=self.planned,
            goes_on=goes_on,
        )
        self._graph = weakref.ref(graph)
        return graph

    def _unreturnable(self, value: Any, reason: str) -> None:
        kind = type(value).__name__
        self.problem(
            Diagnostic(
                code="FK401",
                level=Level.ERROR,
                title=f"`{self.workflow.label}` returns a `{kind}` that can't hold a result",
                labels=self._at_definition(reason),
                helps=(f"make it in a step of its own: `return step({kind})(...)`",),
            )
        )

    def _foreign_return(self, ref: Ref) -> None:
        other = ref._flowkit_recorder
        self.problem(
            Diagnostic(
                code="FK305",
                level=Level.ERROR,
                title=f"`{self.workflow.label}` returns a result of another build, {other.describe(ref)}",
                labels=self._at_definition("the body returns it"),
                helps=("return the result of a step called in this body",),
            )
        )

    def _at_definition(self, text: str) -> tuple[Label, ...]:
        span = span_of_function(self.workflow.target)
        return (Label(span, text),) if span is not None else ()

    def stop(self, ref: Ref, how: str, frame: Any) -> StopRecording:
        """End a body that looks at an argument nobody knows yet."""
        self.stopped = Diagnostic(
            code="",
            level=Level.HINT,
            title=f"{self.describe(ref)} is {how} here, and this look at the workflow has no value for it",
            labels=(
                Label(Site(frame.f_code, frame.f_lasti).span(), "what comes after this was checked in the source only"),
            ),
            helps=("pass arguments to see the whole graph",),
        )
        return StopRecording()


def _encloses(frame: Any, node: Node) -> bool:
    """Whether a call was written inside the parentheses of the one that is running in `frame`."""
    if node.code is not frame.f_code:
        return False
    outer, inner = Site(frame.f_code, frame.f_lasti).span(), Site(node.code, node.lasti).span()
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )


def record(
    workflow: WorkflowSpec, args: Sequence[Any], kwargs: Mapping[str, Any], answer: Answer | None = None
) -> Graph:
    """Run a workflow's body with recording on, and return what it wrote.

    `answer` gives the value of a node to a body that asks with `result_of`; it may raise what that failed with, or
    something of its own that ends the body. A live body has written nothing before it runs. Whatever the body itself
    raises comes through. A body that was stopped because it used a result too early gives the graph up to there, with
    the reason in `Graph.stopped`.
    """
    if workflow.is_live:
        if workflow.signature is not None:
            workflow.signature.bind(*args, **kwargs)
        return live_graph(workflow, [], [])
    return _record(Recorder(workflow, answer), args, kwargs)


def live_graph(workflow: WorkflowSpec, nodes: list[Node], names: list[str]) -> Graph:
    """What a live body has written: its calls so far, none of which waits for another."""
    return Graph(
        workflow=workflow,
        nodes=nodes,
        regions=(WHOLE,),
        result=None,
        used=bytearray(),
        forward=False,
        projections=(),
        problems=(),
        keys=names,
        goes_on=True,
    )


def record_symbolically(workflow: WorkflowSpec, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
    """Record with stand-ins for the arguments that were left out: for graphs that are looked at and never run.

    Raises TypeError for arguments the workflow doesn't take.
    """
    recorder = Recorder(workflow)
    if workflow.signature is None:
        return _record(recorder, args, kwargs)
    bound = workflow.signature.bind_partial(*args, **kwargs)
    if workflow.is_live:
        return live_graph(workflow, [], [])
    for name, parameter in workflow.signature.parameters.items():
        if name not in bound.arguments and parameter.default is parameter.empty and parameter.kind in _SINGLE:
            bound.arguments[name] = recorder.input(name)
    bound.arguments = {name: bound.arguments[name] for name in workflow.signature.parameters if name in bound.arguments}
    return _record(recorder, bound.args, bound.kwargs)


def record_called(node: Node, names: Callable[[int], str], above: tuple[WorkflowSpec, ...]) -> Graph:
    """Record the body of a workflow that a node calls with results, or for each item, with stand-ins for those.

    For graphs that are looked at. `names` gives that of a result, by its node; `above` the workflows in whose bodies
    the call stands. Raises what the body raises.
    """
    assert node.spec is not None
    workflow = node.spec.flow
    assert workflow is not None
    recorder = Recorder(workflow, above=above)
    known: dict[str, Ref] = {}

    def stand_in(name: str) -> Ref:
        if name not in known:
            known[name] = recorder.input(name)
        return known[name]

    def given(value: Any, name: str) -> Any:
        kind = type(value)
        if kind is Source:
            return given(value.value, name) if value.kind is SourceKind.SAME else stand_in(name)
        if kind is Template:
            return value.fill(lambda ref: stand_in(names(ref._flowkit_node)))
        return stand_in(name) if kind is Ref else value

    signature = workflow.signature
    if signature is None:
        args = [given(value, f"argument {place}") for place, value in enumerate(node.args, 1)]
        return _record(recorder, args, {name: given(value, name) for name, value in (node.kwargs or {}).items()})
    bound = signature.bind(*node.args, **(node.kwargs or {}))
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            bound.arguments[name] = tuple(given(one, f"{name}[{place}]") for place, one in enumerate(value))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            bound.arguments[name] = {key: given(one, key) for key, one in value.items()}
        else:
            bound.arguments[name] = given(value, name)
    return _record(recorder, bound.args, bound.kwargs)


def _record(recorder: Recorder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Graph:
    token = recording.set(recorder)
    try:
        value = recorder.workflow.target(*args, **kwargs)
    except StopRecording:
        value = None
    except CheckFailed as failed:
        if not recorder.problems or failed.diagnostics[-1].labels != recorder.problems[-1].labels:
            recorder.close_for_good()
            raise
        recorder.stopped = recorder.problems[-1]
        value = None
    except BaseException:
        recorder.close_for_good()
        if recorder._left is not None:
            raise recorder._left from None
        raise
    finally:
        recording.reset(token)
    if recorder._left is not None:
        raise recorder._left  # which the body has eaten
    return recorder.finish(value)


def _refuse_unknown_items(spec: StepSpec, sources: Sequence[Source]) -> None:
    """Refuse to ask for keys and dependencies of items that come one by one, when others have begun already."""
    depends = callable(spec.options.item_depends_on)
    option = "item_depends_on" if depends else "item_key"
    chain = next((one.value for one in sources if one.kind is SourceKind.CHAIN), None)
    if chain is not None and depends:
        before = chain._flowkit_recorder.step_of(chain)
        message = (
            f"`item_depends_on` of `{spec.label}` can't be asked: its items come one by one from the map of `{before}`;"
            " say there which of them come after which"
        )
        raise MisuseError(message)
    if any(
        type(item) is Ref or type(item) is Template for s in sources if s.kind is SourceKind.EACH for item in s.value
    ):
        message = (
            f"`{option}` of `{spec.label}` can't be asked about results that aren't there yet;"
            " give the map a list that a step returns"
        )
        raise MisuseError(message)
