"""What `@workflow` and `with_options` of a workflow accept, and the `WorkflowPolicy` that it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import attrs

from flowkit.errors import PolicyError

from .durations import is_a, refused
from .layers import UNSET, Options, Unset, flag, name, refuse_unknown, settled, text
from .steps import OnItemFailure, StepOptions

_OF_ITEMS = ("max_concurrency", "on_item_failure", "item_key", "item_depends_on")
"""What workflows have of the options of steps: what says how a body maps them."""
_CODE = 'isn\'t the code of a diagnostic; write them as in allow=("FK101",)'


def _codes(value: Iterable[str] | Unset) -> tuple[str, ...] | Unset:
    if isinstance(value, Unset):
        return value
    if not is_a(Iterable, value):
        raise refused("allow", value, _CODE)
    codes = (value,) if isinstance(value, str) else tuple(value)
    for code in codes:
        if not _is_code(code):
            raise refused("allow", code, _CODE)
        from flowkit.diagnostics import CATALOGUE, did_you_mean

        if code not in CATALOGUE:
            raise refused(
                "allow",
                code,
                f"is no code of a diagnostic; {did_you_mean(code, CATALOGUE) or 'flowkit explain lists them'}",
            )
    return codes


def _is_code(value: object) -> bool:
    if not isinstance(value, str):
        return False
    return len(value) == 5 and value.startswith("FK") and value[2:].isascii() and value[2:].isdecimal()


def _of_steps() -> dict[str, str]:
    """Options of steps, which are easily written at the workflow."""
    names = (field.name for field in attrs.fields(StepOptions) if field.name not in _OF_ITEMS)
    return {name: f"it is one of steps; for all of them write defaults=StepOptions({name}=...)" for name in names}


def _defaults(value: StepOptions | Unset) -> StepOptions | Unset:
    if isinstance(value, Unset):
        return value
    if not is_a(StepOptions, value):
        raise refused("defaults", value, "isn't StepOptions; write defaults=StepOptions(timeout=5)")
    for option in ("name", "depends_on", "depends_on_any", "effect", "compensate", "item_key", "item_depends_on"):
        if option in value.given():
            raise PolicyError(f"defaults=StepOptions({option}=...) would hold for every step; say it at one step")
    return value


def _run_id(value: str | Unset) -> str | Unset:
    text(value, "run_id")
    return value


OnConflict = Literal["attach", "reject", "restart"]
"""What starting does where there is a run of that id: its handle, `RunConflict`, or a new run in its place."""


def _on_conflict(value: OnConflict | Unset) -> OnConflict | Unset:
    if not isinstance(value, Unset) and value not in ("attach", "reject", "restart"):
        raise refused("on_conflict", value, "isn't one of 'attach', 'reject' and 'restart'")
    return value


_NOTHING = StepOptions()


@attrs.frozen
class WorkflowPolicy:
    """What the engine asks about a workflow, every layer of options settled."""

    fail_fast: bool = True
    defaults: StepOptions = attrs.field(factory=StepOptions)
    allow: tuple[str, ...] = ()
    strict: bool = False
    static: bool = False
    name: str | None = None
    run_id: str | None = None
    on_conflict: OnConflict = "attach"


@attrs.frozen(kw_only=True, repr=False)
class WorkflowOptions(Options):
    """Options of a workflow, checked here and settled later. Raises `PolicyError`, naming the option."""

    fail_fast: bool | Unset = attrs.field(default=UNSET, validator=flag)
    defaults: StepOptions | Unset = attrs.field(default=UNSET, converter=_defaults)
    allow: tuple[str, ...] | Unset = attrs.field(default=UNSET, converter=_codes)
    strict: bool | Unset = attrs.field(default=UNSET, validator=flag)
    static: bool | Unset = attrs.field(default=UNSET, validator=flag)
    name: str | Unset | None = attrs.field(default=UNSET, converter=name)
    run_id: str | Unset = attrs.field(default=UNSET, converter=_run_id)
    on_conflict: OnConflict | Unset = attrs.field(default=UNSET, converter=_on_conflict)
    max_concurrency: int | Unset | None = UNSET
    on_item_failure: OnItemFailure | Unset = UNSET
    item_key: Callable[..., Any] | Unset | None = UNSET
    item_depends_on: Callable[..., Any] | Unset | None = UNSET

    def __attrs_post_init__(self) -> None:
        self.of_items()

    def of_items(self) -> StepOptions:
        """What it says about the items of a map of this workflow, as options of what is called for each of them."""
        said = {option: value for option in _OF_ITEMS if (value := getattr(self, option)) is not UNSET}
        return StepOptions(**said) if said else _NOTHING

    @classmethod
    def of(cls, place: str = "@workflow", /, **options: Any) -> WorkflowOptions:
        """Make options from keywords; an unknown one is a `PolicyError` that says `place` and the near name."""
        refuse_unknown(options, cls, place, _of_steps())
        return cls(**options)

    def over(self, other: WorkflowOptions) -> WorkflowOptions:
        """Lay these on top: what they say wins; the two `defaults` are laid over each other the same way."""
        said = self.given()
        if "defaults" in said and other.defaults is not UNSET:
            said["defaults"] = said["defaults"].over(other.defaults)
        return attrs.evolve(other, **said) if said else other

    def resolved(self) -> WorkflowPolicy:
        """Settle what nobody said with its default."""
        return WorkflowPolicy(
            fail_fast=settled(self.fail_fast, True),
            defaults=settled(self.defaults, StepOptions()),
            allow=settled(self.allow, ()),
            strict=settled(self.strict, False),
            static=settled(self.static, False),
            name=settled(self.name, None),
            run_id=settled(self.run_id, None),
            on_conflict=settled(self.on_conflict, "attach"),
        )
