"""What steps and workflows have in common as objects: they know their spec, pickle by their address, and are bound.

A bound one is a `Step` or a `Workflow` too, to `isinstance` as to type checkers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from flowkit.decorators.addresses import by_address, rebind
from flowkit.decorators.wrapping import (
    BoundWrapper,
    ForwardedAnnotations,
    Wrapper,
    bound_arguments,
    bound_to,
    never_asked,
)
from flowkit.graph import StepSpec, WorkflowSpec

__all__ = ["Bound", "Decorated"]

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K", bound=StepSpec | WorkflowSpec)


class Decorated(Wrapper[P, R], Generic[P, R, K]):
    """A function, wrapped, and what flowkit knows of it."""

    __annotations__ = ForwardedAnnotations()

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls.__annotations__ = ForwardedAnnotations()  # each class looks in itself first

    def __init__(self, function: Callable[P, R], spec: K) -> None:
        super().__init__(function, never_asked)
        self._self_spec: K = spec

    @property
    def spec(self) -> K:
        """What flowkit knows of it: its name, its options, its signature."""
        return self._self_spec

    def _parts(self) -> tuple[K, tuple[Any, ...]]:
        """What it is, and what binding put before the arguments."""
        return self._self_spec, ()

    def _with(self, spec: K) -> Any:
        """The same function, of which something else is known."""
        return type(self)(self.__wrapped__, spec)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return by_address(self._self_spec)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __repr__(self) -> str:
        return f"<{self._self_word} {self._self_spec.name}>"


class Bound(BoundWrapper[P, R], Decorated[P, R, K]):
    """A step or workflow taken from an instance or a class. Made by wrapt, in its own way: `__init__` is wrapt's."""

    if not TYPE_CHECKING:
        __init__ = BoundWrapper.__init__

        @property
        def _self_spec(self) -> K:
            return self._self_parent._self_spec

    def _parts(self) -> tuple[K, tuple[Any, ...]]:
        return self._self_parent._self_spec, bound_arguments(self)

    def _with(self, spec: K) -> Any:
        return rebind(self._self_parent._with(spec), self._self_instance, self._self_owner)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return rebind, (self._self_parent, self._self_instance, self._self_owner)

    def __deepcopy__(self, memo: Any) -> Any:
        return rebind(self._self_parent, copy.deepcopy(self._self_instance, memo), self._self_owner)

    def __repr__(self) -> str:
        return f"<{self._self_word} {self._self_spec.name} of {bound_to(self)}>"
