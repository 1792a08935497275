"""A workflow's own command line, made from its signature; and its arguments, read from there and from JSON."""

from __future__ import annotations

import inspect
import json
import sys
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, TypeAlias

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError, default_name_transform

from flowkit.cli.terminal import refuse
from flowkit.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flowkit.cli.targets import Named

__all__ = [
    "EPILOGUE",
    "Approve",
    "Format",
    "JsonInput",
    "NoStore",
    "Own",
    "Reject",
    "RunId",
    "Send",
    "Store",
    "Who",
    "arguments_of",
]

_OURS: Final = Group("flowkit", sort_key=1)

JsonInput: TypeAlias = Annotated[
    str | None,
    Parameter(
        help="A file with the arguments as one JSON object, or - for stdin. Options go before what it says.",
        group=_OURS,
        allow_leading_hyphen=True,
        show_default=False,
    ),
]
Format: TypeAlias = Annotated[Literal["text", "mermaid", "dot"], Parameter(help="How to draw it.", group=_OURS)]


def _given(help: str) -> Parameter:
    return Parameter(help=help, group=_OURS, allow_leading_hyphen=True, show_default=False, negative=())


Approve: TypeAlias = Annotated[
    list[str] | None, _given("Say yes at a gate, by its key or by what it asks: KEY, or KEY=CHOICE. Repeatable.")
]
Reject: TypeAlias = Annotated[list[str] | None, _given("Say no at a gate: KEY, or KEY=FEEDBACK. Repeatable.")]
Send: TypeAlias = Annotated[list[str] | None, _given("Send a signal: NAME=JSON. Repeatable; sent in their order.")]
Who: TypeAlias = Annotated[str | None, _given("Who decides at gates; the name of the login, unless given.")]

Store: TypeAlias = Annotated[
    str | None,
    _given("Where runs are kept, as a URL; FLOWKIT_STORE, unless given, or else .flowkit/runs.db."),
]
NoStore: TypeAlias = Annotated[
    bool, Parameter(help="Keep nothing: the run ends with the program.", group=_OURS, show_default=False, negative=())
]
RunId: TypeAlias = Annotated[
    str | None, _given("What the run is called. The same id is always the same run: it is gone on with, or told.")
]

EPILOGUE: Final = (
    "Exit codes: 0 done; 1 the workflow failed, a check found errors, or a run is blocked; "
    "2 nothing was run, because of the command itself; "
    "130 interrupted with Ctrl-C; 143 told to stop by SIGTERM, and the run is left to be resumed."
)

_NOT_GIVEN: Final = object()
_STARRED: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Own(NamedTuple):
    """An option of ours that may stand among the workflow's: what it takes, and its value so far."""

    annotation: Any
    value: Any


def arguments_of(
    workflow: Named, command: str, tokens: Sequence[str], own: dict[str, Own], *, complete: bool
) -> inspect.BoundArguments | None:
    """Read a workflow's arguments, and what is said of our own options, whose values are changed in `own`.

    None if help was asked for, and shown. With `complete` nothing may be missing, and defaults are filled in. Raises
    `Refused` for what doesn't fit.
    """
    signature = inspect.signature(workflow)
    hints = _hints(workflow, signature)
    # What a workflow calls by the same name is meant behind its name; ours is then only what stands before it.
    offered = {name: option for name, option in own.items() if name not in signature.parameters}
    parser = _Parser(workflow, command, signature, hints, offered)
    given = parser.read(tokens)
    if given is None:
        return None
    for name, option in offered.items():
        own[name] = Own(option.annotation, _joined(option.value, given.pop(name, option.value)))
    file = own["json"].value
    if file is not None:
        given = _from_json(file, workflow.spec.label, signature, hints) | given
    if complete:
        parser.refuse_missing(given)
    bound = inspect.BoundArguments(signature, {name: given[name] for name in signature.parameters if name in given})
    if complete:
        bound.apply_defaults()
    return bound


def _joined(before: Any, behind: Any) -> Any:
    """The value of an option of ours that may stand before the workflow and behind it: lists have both."""
    both = isinstance(before, list) and isinstance(behind, list) and before is not behind
    return [*before, *behind] if both else behind


class _Parser:
    """The options of one workflow."""

    def __init__(
        self,
        workflow: Named,
        command: str,
        signature: inspect.Signature,
        hints: Mapping[str, Any],
        own: Mapping[str, Own],
    ) -> None:
        self._workflow = workflow
        self._command = command
        self._signature = signature
        self._hints = hints
        self._own = own

    def read(self, tokens: Sequence[str]) -> dict[str, Any] | None:
        """What is given, by parameter; None if that is a cry for help, which is answered."""
        app = self._app(strict=False)
        try:
            command, bound, _ = app.parse_args(list(tokens), print_error=False, exit_on_error=False)
        except UnusedCliTokensError as error:
            unused = " ".join(error.unused_tokens or ())
            refuse(f"nothing takes `{unused}`", self._arguments_are_named(), self._see_help())
        except CycloptsError as error:
            refuse(str(error), self._see_help())
        if command is not app.default_command:
            self._app(strict=True).help_print([])
            return None
        return dict(bound.arguments)

    def refuse_missing(self, given: Mapping[str, Any]) -> None:
        """Raise `Refused`, naming every argument that is neither given nor has a default."""
        missing = [
            f"`{name.upper()}`"
            if parameter.kind is parameter.POSITIONAL_ONLY
            else f"`--{default_name_transform(name)}`"
            for name, parameter in self._signature.parameters.items()
            if name not in given and parameter.default is parameter.empty and parameter.kind not in _STARRED
        ]
        if missing:
            *others, last = missing
            needs = f"{', '.join(others)} and {last}" if others else last
            refuse(
                f"`{self._workflow.spec.label}` needs {needs}",
                "give options, or a JSON object with `--json`",
                self._see_help(),
            )

    def _app(self, *, strict: bool) -> App:
        """The options as cyclopts reads them; `strict` says in the help what is needed, which JSON may give otherwise."""
        return App(
            name=self._command,
            help=inspect.getdoc(self._workflow.spec.target) or "",
            default_command=self._stand_in(strict=strict),
            version_flags=(),
            group_commands=_OURS,
            help_epilogue=EPILOGUE,
        )

    def _stand_in(self, *, strict: bool) -> Callable[..., None]:
        """A function with the workflow's parameters, and ours behind them."""
        parameters = [self._option(parameter, strict=strict) for parameter in self._signature.parameters.values()]
        for name, option in self._own.items():
            parameters.append(_keyword(name, option.annotation, option.value))
        parameters.sort(key=lambda parameter: parameter.kind)

        def stand_in(*_: object, **__: object) -> None: ...

        stand_in.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        stand_in.__annotations__ = {one.name: one.annotation for one in parameters if one.annotation is not one.empty}
        # Its parameters' help comes from there.
        stand_in.__doc__ = inspect.getdoc(self._workflow.spec.target)
        return stand_in

    def _option(self, parameter: inspect.Parameter, *, strict: bool) -> inspect.Parameter:
        annotation = self._hints.get(parameter.name, parameter.empty)
        if parameter.kind in _STARRED:
            return parameter.replace(annotation=annotation)
        default = parameter.default
        if default is parameter.empty:
            default = _NOT_GIVEN
            plain = str if annotation is parameter.empty else annotation
            annotation = Annotated[plain, Parameter(required=strict, show_default=False)]
        if parameter.kind is parameter.POSITIONAL_ONLY:
            return parameter.replace(annotation=annotation, default=default)
        return _keyword(parameter.name, annotation, default)

    def _arguments_are_named(self) -> str:
        names = [name for name, parameter in self._signature.parameters.items() if parameter.kind not in _STARRED]
        return (
            f"arguments are given by name: `--{default_name_transform(names[0])}`" if names else "it takes no arguments"
        )

    def _see_help(self) -> str:
        return f"`{self._command} --help` shows what it takes"


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _hints(workflow: Named, signature: inspect.Signature) -> Mapping[str, Any]:
    """The annotations. Raises `Refused` for one that names what isn't there: what is typed couldn't be read by it."""
    hints = workflow.spec.hints
    for name, parameter in signature.parameters.items():
        if parameter.annotation is not parameter.empty and name not in hints:
            refuse(
                f"the annotation of `{name}` in `{workflow.spec.label}`, `{parameter.annotation}`, can't be resolved",
                "import what it names outside `if TYPE_CHECKING:`",
            )
    return hints


def _from_json(file: str, label: str, signature: inspect.Signature, hints: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments from a JSON object, each by its annotation."""
    from flowkit.stores.codec import loads

    source = "stdin" if file == "-" else f"`{file}`"
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{source} can't be read: {getattr(error, 'strerror', None) or error}", _meant(file))
    except ValueError as error:  # a null in the name of a file
        refuse(f"{source} can't be read: {error}", _meant(file))
    # Annotations of what isn't there may have no form in JSON, and needn't.
    present = _names(text)
    fields: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        hint: Any = hints.get(name, Any) if name in present else Any
        if parameter.kind is parameter.VAR_POSITIONAL:
            hint = list[hint]
        elif parameter.kind is parameter.VAR_KEYWORD:
            hint = dict[str, hint]
        fields[name] = hint
    # The functional form needs a literal for type checkers; at run time any name and fields will do.
    shape = typing.cast("Any", typing.TypedDict)(label, fields, total=False)
    try:
        return dict(loads(text, shape))
    except EncodingError as error:
        refuse(f"the input from {source} doesn't fit `{label}`: {error}")


def _meant(file: str) -> str:
    """What to write, where somebody gave the object itself for a file."""
    if not file.lstrip().startswith("{"):
        return ""
    return "`--json` takes a file; to give the object itself, pipe it: `echo '{...}' | flowkit ... --json -`"


def _names(text: str) -> frozenset[str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset()  # told with its place by the codec
    return frozenset(data) if isinstance(data, dict) else frozenset()
