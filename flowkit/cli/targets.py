"""From `module:workflow` and `path/to/file.py:workflow` to the workflow."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast

from flowkit.cli.terminal import refuse
from flowkit.decorators.steps import Step
from flowkit.decorators.workflows import BoundWorkflow, Workflow
from flowkit.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["Named", "find_apart", "find_workflow", "find_workflows"]

Named: TypeAlias = "Workflow[..., Any]"
"""A workflow as a module names it; through a class or an instance it is bound."""

_NOTHING: Final = object()


def find_workflow(target: str) -> Named:
    """The workflow that a target names. Raises `Refused`, with near names, where there is none."""
    place, name = _parts(target)
    module = _module(place)
    if not name:
        known = _workflows(module)
        example = f"{place}:{next(iter(known), 'workflow')}"
        refuse(f"`{target}` doesn't say which workflow", f"write `{example}`; {_has(place, known)}")
    found = _workflow(module, place, name)
    if isinstance(found, BoundWorkflow) and found._self_binding == "function" and found._self_instance is None:
        refuse(
            f"`{name}` is a method and needs an object",
            f"make one in the module, and name it: `{place}:it.{found.spec.target.__name__}`",
        )
    return found


def find_workflows(target: str) -> dict[str, Named]:
    """The workflow that a target names, or all those of the module it names, by name."""
    place, name = _parts(target)
    module = _module(place)
    return {name: _workflow(module, place, name)} if name else _workflows(module)


def find_apart(target: str) -> Named:
    """A workflow as `find_workflow` finds it, of modules that another version of them may stand beside."""
    before, path = set(sys.modules), sys.path.copy()
    found = find_workflow(target)
    file = getattr(sys.modules.get(found.spec.target.__module__), "__file__", None)
    if file is not None:
        root = Path(file).resolve().parent
        while (root / "__init__.py").is_file() and root != root.parent:
            root = root.parent
        for name in [name for name in sys.modules if name not in before and _is_below(sys.modules[name], root)]:
            del sys.modules[name]
    sys.path[:] = path
    importlib.invalidate_caches()
    return found


def _is_below(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(folder)


def _parts(target: str) -> tuple[str, str]:
    """Where, and which. A drive's colon isn't ours."""
    place, colon, name = target.rpartition(":")
    if not colon or name.endswith(".py"):
        return target, ""
    return place, name


# -- modules --------------------------------------------------------------------------------------------------------------


def _module(place: str) -> ModuleType:
    is_file = place.endswith(".py") or os.sep in place or "/" in place
    _make_importable(Path.cwd())
    if is_file:
        return _file(place)
    if not place or not all(place.split(".")):
        refuse(
            f"`{place}` isn't the name of a module" if place else "the module is missing",
            "write `module:workflow` or `path/to/file.py:workflow`",
        )
    return _imported(place, place)


def _file(place: str) -> ModuleType:
    """The module of a file, under the name by which other processes can import it, too."""
    path = Path(place).resolve()
    if not path.is_file():
        beside = [one.name for one in path.parent.glob("*.py")] if path.parent.is_dir() else []
        what = "is a folder" if path.is_dir() else "doesn't exist"
        refuse(f"the file `{place}` {what}", did_you_mean(path.name, beside))
    names = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    _make_importable(folder)
    module = _imported(".".join(names), place)
    found = getattr(module, "__file__", None)
    if found is None or Path(found).resolve() != path:
        refuse(
            f"`{place}` can't be imported: the name `{module.__name__}` belongs to {found or 'another module'}",
            "rename the file",
        )
    return module


def _make_importable(folder: Path) -> None:
    entry = str(folder)
    if sys.path[:1] != [entry]:
        sys.path.insert(0, entry)


def _imported(name: str, place: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a module does when it is imported
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and (name == missing or name.startswith(f"{missing}.")):
            hint = did_you_mean(name, _modules_beside(name))
            refuse(
                f"there is no module `{name}`",
                hint or "the working directory is importable; a file is `path/to/file.py:workflow`",
            )
        refuse(f"`{place}` can't be imported", error=error)


def _modules_beside(name: str) -> Iterator[str]:
    """The modules of the package where one was looked for, or of the working directory."""
    package = name.rpartition(".")[0]
    parent = sys.modules.get(package)
    if parent is None:
        yield from (one.name for one in pkgutil.iter_modules([str(Path.cwd())]))
        return
    yield from (f"{package}.{one.name}" for one in pkgutil.iter_modules(getattr(parent, "__path__", [])))


# -- workflows ------------------------------------------------------------------------------------------------------------


def _workflow(module: ModuleType, place: str, name: str) -> Named:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, _NOTHING)
    if not _is_workflow(found):
        _refuse_other(found, place, name, _workflows(module))
    return cast("Named", found)


def _refuse_other(found: object, place: str, name: str, known: dict[str, Named]) -> NoReturn:
    if found is _NOTHING:
        refuse(f"`{place}` has no workflow `{name}`", did_you_mean(name, known) or _has(place, known))
    kind = type(found)
    what = "a step" if issubclass(kind, Step) else "a function" if callable(found) else f"a {kind.__name__}"
    refuse(f"`{name}` in `{place}` is {what}, not a workflow", did_you_mean(name, known), _has(place, known))


def _has(place: str, known: dict[str, Named]) -> str:
    if not known:
        return f"`{place}` has no workflows; a workflow is a function decorated with @workflow"
    return f"`{place}` has {', '.join(f'`{name}`' for name in known)}"


def _workflows(module: ModuleType) -> dict[str, Named]:
    """The workflows of a module, those of its classes included, in the order of the text."""
    known: dict[str, Named] = {}
    for name, found in list(vars(module).items()):
        if _is_workflow(found):
            known[name] = found
        elif isinstance(found, type) and found.__module__ == module.__name__:
            known |= {
                f"{name}.{inner}": getattr(found, inner)
                for inner, one in list(vars(found).items())
                if _is_workflow(one)
            }
    return known


def _is_workflow(found: object) -> bool:
    # `type`, since the class that a wrapper says it has is the one of what it wraps.
    return issubclass(type(found), Workflow)
