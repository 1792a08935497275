"""What a signature declares by its defaults: from which step an argument comes, or what has to be open for it."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType

    from flowkit.graph.model import StepSpec

__all__ = ["Declared", "Declaring", "FromStep", "Needs", "declared_in"]


class FromStep:
    """The default of a parameter whose argument is the result of a step."""

    __slots__ = ("bound", "code", "lasti", "spec")

    def __init__(self, spec: StepSpec, bound: tuple[Any, ...], code: CodeType, lasti: int) -> None:
        self.spec = spec
        self.bound = bound
        """What the step is bound to, if it is a method."""
        self.code = code
        self.lasti = lasti

    def __repr__(self) -> str:
        return f"From({self.spec.label})"


class Needs:
    """The default of a parameter whose argument is kept open by whoever runs the step."""

    __slots__ = ("given", "is_async", "opener")

    def __init__(self, opener: Callable[..., Any], given: Mapping[str, Needs], *, is_async: bool) -> None:
        self.opener = opener
        self.given = given
        """What the opener itself needs, by its parameters."""
        self.is_async = is_async
        """Whether it has to be opened on an event loop."""

    @property
    def label(self) -> str:
        """What the opener is called."""
        return label_of(self.opener)

    def __repr__(self) -> str:
        return f"Resource({self.label})"


Declaring: TypeAlias = FromStep | Needs
_DECLARING: Final = (FromStep, Needs)


class Declared(NamedTuple):
    """A parameter with such a default."""

    name: str
    position: int | None
    """Where an argument for it stands; None if it is given by its name only."""
    default: Declaring


def declared_in(function: Any, look: Callable[[], inspect.Signature | None]) -> Sequence[Declared]:
    """The parameters of a function that declare where their argument comes from; `look` gives its signature."""
    signature = None if _has_no_defaults(function) else look()
    if signature is None:
        return ()
    return tuple(
        Declared(name, None if one.kind is one.KEYWORD_ONLY else place, one.default)
        for place, (name, one) in enumerate(signature.parameters.items())
        if type(one.default) in _DECLARING
    )


def _has_no_defaults(function: Any) -> bool:
    """Whether that can be seen at a glance: making a signature takes 10 µs, and most steps declare nothing."""
    plain = type(function) is FunctionType and not hasattr(function, "__wrapped__")
    return plain and not function.__defaults__ and not function.__kwdefaults__


def label_of(function: Any) -> str:
    """A function for a sentence."""
    return getattr(function, "__name__", "") or repr(function)
