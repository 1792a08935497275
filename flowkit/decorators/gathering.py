"""`workflow.of`: a workflow made of what the signatures of steps declare."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowkit.decorators.decorated import Bound, Decorated
from flowkit.decorators.steps import Step
from flowkit.decorators.wrapping import check_place
from flowkit.errors import PolicyError
from flowkit.graph import FromStep, StepSpec, WorkflowSpec, current_recorder
from flowkit.graph.declared import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, FrameType

    from flowkit.policies import WorkflowOptions

__all__ = ["gathered"]

_SINGLE: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


class _Place(NamedTuple):
    """Where a dependency was declared: of a frame what a recorder asks for."""

    f_code: CodeType
    f_lasti: int


class _Call(NamedTuple):
    """One step among those that are gathered."""

    spec: StepSpec
    bound: tuple[Any, ...]
    at: _Place
    results: Mapping[str, int]
    """Per parameter, the call whose result it takes."""
    inputs: Sequence[inspect.Parameter]
    """The parameters that are left to whoever calls the workflow."""


class _Input(NamedTuple):
    hint: Any
    taker: StepSpec


class _Gathering:
    """The steps that one step needs, each once, those that come before first."""

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self.inputs: dict[str, _Input] = {}
        self._places: dict[Any, int] = {}
        self._path: dict[Any, StepSpec] = {}
        """What is being looked at, each for the sake of the one before."""

    def add(self, spec: StepSpec, bound: tuple[Any, ...], owner: Any, at: _Place) -> int:
        """Take a step and all that it needs; where its call is. Raises `PolicyError` for what can't be called.

        `owner` is the object or the class whose method it is, if it is one.
        """
        key = (spec.declared, *map(id, bound))
        if key in self._path:
            _refuse_circle([*self._path.values()], spec)
        place = self._places.get(key)
        if place is not None:
            known = self.calls[place].spec
            if known.options != spec.options:
                message = (
                    f"`{spec.label}` is declared with other options in another place, and is called once; "
                    f"give the step of `with_options` a name, and write that in both"
                )
                raise PolicyError(message)
            return place
        check_place(spec, bound)
        self._path[key] = spec
        call = self._call(spec, bound, owner, at)
        del self._path[key]
        self._places[key] = len(self.calls)
        self.calls.append(call)
        return len(self.calls) - 1

    def _call(self, spec: StepSpec, bound: tuple[Any, ...], owner: Any, at: _Place) -> _Call:
        if spec.signature is None:
            message = (
                f"Python can't tell the parameters of `{spec.label}`, so what it needs isn't known; wrap it in a step"
            )
            raise PolicyError(message)
        results: dict[str, int] = {}
        parameters = list(spec.signature.parameters.values())[len(bound) :]
        for name, _, default in spec.declares:
            if isinstance(default, FromStep):
                results[name] = self.add(*_taken(default, owner), _Place(default.code, default.lasti))
        for option in (spec.options.depends_on, spec.options.depends_on_any):
            for one in option if isinstance(option, tuple) else ():
                if isinstance(one, StepSpec):
                    self.add(*_taken(FromStep(one, (), *at), owner), at)
        inputs = [one for one in parameters if one.default is one.empty and one.kind in _SINGLE]
        for one in inputs:
            self._ask(spec, one)
        return _Call(spec, bound, at, results, inputs)

    def _ask(self, spec: StepSpec, parameter: inspect.Parameter) -> None:
        """Have an input for a parameter; the same name is the same input."""
        name, hint = parameter.name, spec.hints.get(parameter.name, parameter.annotation)
        known = self.inputs.get(name)
        if known is None or known.hint is parameter.empty:
            self.inputs[name] = _Input(hint, spec)
        elif hint is not parameter.empty and hint != known.hint:
            one, other = (inspect.formatannotation(each) for each in (known.hint, hint))
            message = (
                f"`{name}` would be one input, and is `{one}` for `{known.taker.label}` and `{other}` for "
                f"`{spec.label}`; give one of the parameters another name"
            )
            raise PolicyError(message)

    def signature(self, returns: Any) -> inspect.Signature:
        """What the workflow takes: the inputs, in the order of the steps that they go to."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(name, kind, annotation=one.hint) for name, one in self.inputs.items()]
        return inspect.Signature(parameters, return_annotation=returns)

    def write(self, given: Mapping[str, Any]) -> Any:
        """Record the calls; the result of the last one, which is the step that all of them are for."""
        recorder: Any = current_recorder()
        made: list[Any] = []
        for call in self.calls:
            # What can't be given by name comes first, so that the rest can be.
            args = [given[one.name] for one in call.inputs if one.kind is one.POSITIONAL_ONLY]
            named = {one.name: given[one.name] for one in call.inputs if one.kind is not one.POSITIONAL_ONLY}
            named |= {name: made[place] for name, place in call.results.items()}
            record = recorder.call if call.spec.flow is None else recorder.flow
            made.append(record(call.spec, (*call.bound, *args), named, call.at))
        return made[-1]


def _taken(default: FromStep, owner: Any) -> tuple[StepSpec, tuple[Any, ...], Any]:
    """A step that is declared in the signature of another, what it is bound to, and whose method it is.

    A method that is declared by another one of the same class is that of the same object.
    """
    if default.bound or owner is None:
        return default.spec, default.bound, default.bound[0] if default.bound else None
    kind = owner if isinstance(owner, type) else type(owner)
    name = getattr(default.spec.target, "__name__", "")
    found = [vars(one)[name] for one in kind.__mro__ if name in vars(one)]
    if not any(issubclass(type(one), Decorated) and one._self_spec.declared is default.spec.declared for one in found):
        return default.spec, default.bound, None
    # As methods do, it may be another one in a subclass.
    step = getattr(owner, name)
    if not issubclass(type(step), Decorated):
        message = f"`{kind.__name__}.{name}` is no step, and takes the place of one that others declare; decorate it"
        raise PolicyError(message)
    spec, bound = step._parts()
    return (default.spec if spec.declared is default.spec.declared else spec.as_step), bound, owner


def _owner_of(step: Any) -> Any:
    """The object that a step was taken from, or else the class."""
    if not issubclass(type(step), Bound):
        return None
    return step._self_owner if step._self_instance is None else step._self_instance


def _refuse_circle(path: list[StepSpec], spec: StepSpec) -> None:
    names = [one.label for one in path]
    circle = [*names[names.index(spec.label) :], spec.label]
    message = f"steps need one another in a circle: {' needs '.join(f'`{name}`' for name in circle)}"
    raise PolicyError(message)


def gathered(step: Any, options: WorkflowOptions, frame: FrameType) -> WorkflowSpec:
    """The workflow of a step and all that it needs, written in this frame. Raises `PolicyError`."""
    if not issubclass(type(step), Step):
        what = f"`{label_of(step)}` is none" if callable(step) else f"{step!r} is none"
        if issubclass(type(step), Decorated):
            what = f"`{step.__name__}` is a workflow already"
        message = f"workflow.of takes a step; {what}"
        raise PolicyError(message)
    root, bound = step._parts()
    gathering = _Gathering()
    gathering.add(root, bound, _owner_of(step), _Place(frame.f_code, frame.f_lasti))
    signature = gathering.signature(root.returns)

    def body(*args: Any, **kwargs: Any) -> Any:
        return gathering.write(signature.bind(*args, **kwargs).arguments)

    body.__signature__ = signature  # type: ignore[attr-defined]
    hints = {name: one.hint for name, one in gathering.inputs.items()} | {"return": root.returns}
    body.__annotations__ = {name: hint for name, hint in hints.items() if hint is not inspect.Signature.empty}
    body.__doc__ = inspect.getdoc(root.target)
    body.__module__ = frame.f_globals.get("__name__", "__main__")
    body.__qualname__ = body.__name__ = f"workflow.of({root.label})"
    name = options.name if isinstance(options.name, str) else f"{body.__module__}:{body.__qualname__}"
    return WorkflowSpec(body, name, options, gathered_for=root)
