"""Every code there is: its name, its level, and the page that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from flowkit.diagnostics.model import Level
from flowkit.diagnostics.suggest import did_you_mean

__all__ = ["CATALOGUE", "Code", "explain"]


@attrs.frozen
class Code:
    """A kind of mistake; a code never gets a second meaning. A finding may have another level than its kind."""

    code: str
    name: str
    title: str
    level: Level
    group: str


def _by_code(*codes: Code) -> Mapping[str, Code]:
    return MappingProxyType({code.code: code for code in codes})


CATALOGUE: Final = _by_code(
    Code("FK101", "unused-result", "unused result", Level.ERROR, "must use"),
    Code("FK102", "options-never-called", "options never called", Level.ERROR, "must use"),
    Code("FK103", "dropped-run", "run handle dropped", Level.ERROR, "must use"),
    Code("FK104", "empty-branch", "no step in any branch", Level.WARNING, "must use"),
    Code("FK201", "edge-type", "a value that can't fit the parameter", Level.ERROR, "types"),
    Code("FK202", "call-signature", "a call that doesn't fit the step's signature", Level.ERROR, "types"),
    Code("FK203", "return-type", "a returned value that doesn't fit the annotation", Level.ERROR, "types"),
    Code("FK204", "missing-annotation", "no annotation", Level.WARNING, "types"),
    Code("FK205", "unkeepable-type", "a type that the store can't keep", Level.ERROR, "types"),
    Code("FK206", "unknown-attribute", "unknown attribute of a result", Level.ERROR, "types"),
    Code("FK301", "unknown-dependency", "unknown dependency", Level.ERROR, "dependencies"),
    Code("FK302", "dependency-cycle", "dependency cycle", Level.ERROR, "dependencies"),
    Code("FK303", "duplicate-key", "duplicate key", Level.ERROR, "dependencies"),
    Code("FK304", "ambiguous-dependency", "ambiguous dependency", Level.ERROR, "dependencies"),
    Code("FK305", "foreign-ref", "a result from another build", Level.ERROR, "dependencies"),
    Code("FK306", "effects-in-a-loop", "effects in a loop run one after another", Level.HINT, "dependencies"),
    Code("FK307", "escaped-result", "a result from inside a condition used outside it", Level.ERROR, "dependencies"),
    Code("FK401", "ref-as-value", "a result used as a value", Level.ERROR, "body"),
    Code("FK402", "unstable-body", "a body that builds a different graph the second time", Level.ERROR, "body"),
    Code("FK403", "endless-rounds", "rounds that never end", Level.ERROR, "body"),
    Code("FK404", "impure-body", "clock, randomness or I/O in a body", Level.WARNING, "body"),
    Code("FK405", "step-in-try", "a step inside `try` or a foreign `with`", Level.ERROR, "body"),
    Code("FK406", "blocking-call", "a sync step called plainly in a live body", Level.ERROR, "body"),
    Code("FK407", "not-static", "more is known only while it runs, in a static workflow", Level.ERROR, "body"),
    Code("FK408", "left-branch", "a branch that is left while recording", Level.ERROR, "body"),
    Code("FK501", "policy-cannot-hold", "a policy that can't hold", Level.ERROR, "policy"),
)


def explain(code: str) -> str:
    """The Markdown page of a code, asked for as `FK101`, `fk101` or `unused-result`.

    Raises LookupError, with the near codes, for what isn't in the catalogue.
    """
    from importlib.resources import files

    wanted = code.strip()
    names = {known.name: known.code for known in CATALOGUE.values()}
    found = names.get(wanted.lower(), wanted.upper())
    if found not in CATALOGUE:
        hint = did_you_mean(wanted, [*CATALOGUE, *names]) or f"the codes are {', '.join(CATALOGUE)}"
        raise LookupError(f"there is no diagnostic `{wanted}`; {hint}")
    return files("flowkit.diagnostics").joinpath("pages", f"{found}.md").read_text(encoding="utf-8")
