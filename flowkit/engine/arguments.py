"""The arguments of a run, as they are kept."""

from __future__ import annotations

import json
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from flowkit.errors import EncodingError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowkit.engine.ports import Data
    from flowkit.graph import WorkflowSpec

__all__ = ["read_arguments", "written_arguments"]


def written_arguments(data: Data, workflow: WorkflowSpec, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """JSON of all arguments by name, those left out with their defaults. Raises `EncodingError` for what can't be kept."""
    signature = workflow.signature
    if signature is None:
        message = (
            f"the parameters of `{workflow.label}` aren't known, so its arguments can't be kept; write it with `def`"
        )
        raise MisuseError(message)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    texts = []
    for name, value in bound.arguments.items():
        annotation = _kept_as(workflow, name)
        try:
            text = data.dumps(
                list(value) if signature.parameters[name].kind is Parameter.VAR_POSITIONAL else value, annotation
            )
        except EncodingError as error:
            path = error.path.replace("$", f"$.{name}", 1)
            message = f"the argument `{name}` of `{workflow.label}` can't be kept, and this run is: {error.problem}"
            raise EncodingError(message, path) from error
        texts.append(f"{json.dumps(name)}:{text}")
    return "{" + ",".join(texts) + "}"


def read_arguments(data: Data, workflow: WorkflowSpec, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments from what is kept. Raises `EncodingError`, and TypeError where the workflow takes others now."""
    signature = workflow.signature
    assert signature is not None
    kept: dict[str, Any] = json.loads(text)
    known = ", ".join(kept)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        if name not in kept:
            if parameter.default is Parameter.empty and parameter.kind not in (
                Parameter.VAR_POSITIONAL,
                Parameter.VAR_KEYWORD,
            ):
                message = f"`{workflow.label}` takes `{name}`, which isn't among the arguments on record: {known}"
                raise TypeError(message)
            continue
        value = data.loads(json.dumps(kept.pop(name)), _kept_as(workflow, name))
        if parameter.kind is Parameter.VAR_POSITIONAL:
            args.extend(value)
        elif parameter.kind is Parameter.VAR_KEYWORD:
            kwargs.update(value)
        elif parameter.kind is Parameter.KEYWORD_ONLY:
            kwargs[name] = value
        else:
            args.append(value)
    if kept:
        message = (
            f"`{workflow.label}` doesn't take {', '.join(f'`{name}`' for name in kept)} any more, which is on record"
        )
        raise TypeError(message)
    return tuple(args), kwargs


def _kept_as(workflow: WorkflowSpec, name: str) -> Any:
    """The annotation that an argument is kept by."""
    assert workflow.signature is not None
    annotation: Any = workflow.hints.get(name, Any)
    kind = workflow.signature.parameters[name].kind
    if kind is Parameter.VAR_POSITIONAL:
        return list.__class_getitem__(annotation)
    return dict.__class_getitem__((str, annotation)) if kind is Parameter.VAR_KEYWORD else annotation
