"""Pickling by address: a decorated object is found again by importing its module and taking its name there.

What a step wraps pickles as little as the step itself would: the function's name leads to the step.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from flowkit.decorators.wrapping import BoundWrapper, Wrapper
from flowkit.graph import StepSpec, WorkflowSpec

__all__ = ["by_address", "rebind"]

Address = tuple[str, str]


def by_address(spec: StepSpec | WorkflowSpec) -> tuple[Any, tuple[Any, ...]]:
    """What `__reduce_ex__` of a step or workflow returns. Raises PicklingError where no name leads to it."""
    declared = spec.declared
    if spec is declared:
        return load, _address(spec)
    before, said = declared.options.given(), spec.options.given()
    # The difference alone: what the declaration says (a lambda as `run_if`, say) needn't pickle.
    changed = {option: value for option, value in said.items() if value is not before.get(option, before)}
    for option in ("depends_on", "depends_on_any"):
        if option in changed:
            changed[option] = tuple(_found(one) if isinstance(one, StepSpec) else one for one in changed[option])
    return _load_variant, (*_address(spec), changed)


def load(module: str, qualname: str) -> Any:
    """Take a step or workflow from where it stands."""
    found: Any = importlib.import_module(module)
    for name in qualname.split("."):
        found = getattr(found, name)
    return found._self_parent if issubclass(type(found), BoundWrapper) else found


def _load_variant(module: str, qualname: str, options: dict[str, Any]) -> Any:
    return load(module, qualname).with_options(**options)


def rebind(decorated: Any, instance: Any, owner: Any) -> Any:
    """Take a step or workflow from an instance or class again."""
    return decorated.__get__(instance, owner)


def _found(spec: StepSpec) -> Any:
    return load(*_address(spec))


def _address(spec: StepSpec | WorkflowSpec) -> Address:
    """The module and the name in it that lead to a decorated object."""
    target: Any = spec.target
    module = getattr(target, "__module__", None) or "__main__"
    qualname = getattr(target, "__qualname__", "")
    if _leads_to(module, qualname, spec):
        return module, qualname
    for name, value in list(vars(sys.modules[module]).items() if module in sys.modules else ()):
        # `load = step(Load)`: known by another name than what it wraps.
        if issubclass(type(value), Wrapper) and value._self_spec is spec.declared:
            return module, name
    import pickle

    message = f"`{spec.label}` can't be pickled: no name in `{module}` leads to it; bind it to one there"
    if "<locals>" in qualname:
        message = f"`{spec.label}` can't be pickled: it is defined inside a function; move it to the top of its module"
    raise pickle.PicklingError(message)


def _leads_to(module: str, qualname: str, spec: StepSpec | WorkflowSpec) -> bool:
    if "<locals>" in qualname:
        return False
    try:
        found = load(module, qualname)
    except (ImportError, AttributeError):
        return False
    return getattr(found, "_self_spec", None) is spec.declared
