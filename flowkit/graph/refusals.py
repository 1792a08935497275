"""What is said when a body asks more of a result than it can give while it isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from flowkit.diagnostics import Diagnostic, Label, Level, Site, blamed
from flowkit.errors import CheckFailed
from flowkit.graph.model import Kind

if TYPE_CHECKING:
    from flowkit.diagnostics import Span, Unpacking
    from flowkit.graph.refs import Ref

__all__ = ["asked_in_static", "misunpacked", "used_as_value"]


def used_as_value(ref: Ref, how: str, instead: str, frame: Any) -> NoReturn:
    """Refuse a use of a result that isn't there yet (FK401), at the line of the body or helper that led to it."""
    recorder = ref._flowkit_recorder
    place = blamed(frame, recorder.workflow.target, ref)
    at = place.frame
    if recorder._finished:
        raise CheckFailed([_outlived(ref, how, at)])
    node = recorder.node_of(ref)
    if node is not None and node.kind is Kind.INPUT:
        raise recorder.stop(ref, how, at)
    what = recorder.describe(ref)
    needs, helps = "this", [instead]
    if place.making is not None:
        name = place.making.__name__
        needs, helps = f"making `{name}`", [f"make it in a step of its own: `step({name})({place.field}=...)`"]
    labels = [Label(Site(at.f_code, at.f_lasti).span(), f"{needs} needs the value of {what} now")]
    if place.inside is not None:
        inside = Site(place.inside.f_code, place.inside.f_lasti)
        labels.append(Label(inside.span(), "where it is looked at", primary=False))
    if node is not None and node.site is not None:
        labels.append(Label(node.site.span(), "which is only known once the workflow runs", primary=False))
    finding = Diagnostic(
        code="FK401",
        level=Level.ERROR,
        title=f"the result of {what} is {how} before it exists",
        labels=tuple(labels),
        helps=tuple(helps),
    )
    # Some builtins try another way when the first one is refused; that is still one mistake.
    if not any(known.code == "FK401" and known.labels == finding.labels for known in recorder.problems):
        recorder.problem(finding)
    raise CheckFailed([finding])


def _outlived(ref: Ref, how: str, frame: Any) -> Diagnostic:
    """What is wrong with using a result once the body that recorded it is over."""
    recorder = ref._flowkit_recorder
    body, node = f"`{recorder.workflow.label}`", recorder.node_of(ref)
    said = f"this stands for a call in the body of {body}, which has ended"
    labels = [Label(Site(frame.f_code, frame.f_lasti).span(), said)]
    if node is not None and node.site is not None:
        labels.append(Label(node.site.span(), "the call was recorded here", primary=False))
    return Diagnostic(
        code="FK401",
        level=Level.ERROR,
        title=f"a result of {body} is {how} after its body has ended",
        labels=tuple(labels),
        notes=("what a step call gives while a body is recorded never becomes the value",),
        helps=(f"return it from {body} and use the value that this gives, or pass it to a step in the body",),
    )


def asked_in_static(static: str, span: Span) -> Diagnostic:
    """What is wrong with asking for a result where everything is to be known before anything runs (FK407)."""
    return Diagnostic(
        code="FK407",
        level=Level.ERROR,
        title="`result_of` is asked in a static workflow",
        labels=(Label(span, "what is written after this depends on a value that isn't there before the run"),),
        notes=(f"`{static}` is declared `static=True`",),
        helps=("choose with `cond` or `when`, or look at the value in a step",),
    )


def misunpacked(ref: Ref, length: int, names: Unpacking, frame: Any) -> Diagnostic:
    """What is wrong with unpacking a result of known length into another number of names (FK206)."""
    recorder = ref._flowkit_recorder
    what, node = recorder.describe(ref), recorder.node_of(ref)
    least, more = ("at least ", " or more") if names.rest else ("", "")
    items = _count(length, "item")
    taken = f"this takes {_count(names.names, 'item')}{more}"
    labels = [Label(Site(frame.f_code, frame.f_lasti).span(), taken)]
    if node is not None and node.site is not None:
        labels.append(Label(node.site.span(), f"by its annotation this gives {items}", primary=False))
    return Diagnostic(
        code="FK206",
        level=Level.ERROR,
        title=f"the result of {what} has {items} and is unpacked into {least}{_count(names.names, 'name')}",
        labels=tuple(labels),
        helps=(f"write as many names as there are items, or correct the annotation of `{recorder.step_of(ref)}`",),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
