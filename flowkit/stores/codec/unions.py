"""Unions. A member whose JSON could be another member's is tagged, all others are written as they are.

`int | str` needs no tags, nor does `Order | None`; `Order | Refund` becomes `{"$type": "Order", ...}`, and of
`str | datetime` the datetime `{"$type": "datetime", "$value": "..."}`. A tag chooses among the members that the annotation
names, and nothing else. Data without a tag, from people, is taken where one member alone accepts it.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Union, get_origin

import attrs

from flowkit.stores.codec.annotations import alias_value, is_alias, members, written
from flowkit.stores.codec.families import UNKNOWN, Decode, Encode, Family, Hooks, Inside, Traits, is_scalar
from flowkit.stores.codec.plain import KINDS, kind_of
from flowkit.stores.codec.walk import MARK, Refused, Walk, mismatch, near, one_of

TYPE = MARK + "type"
VALUE = MARK + "value"


@attrs.frozen
class Member:
    """One of the types of a union, with the name that tags it and the kinds of JSON that need no tag."""

    annotation: Any
    tag: str
    traits: Traits

    def rank(self, kind: str) -> int:
        """How much this kind of JSON is this member's; -1 if it never becomes that."""
        return 0 if self.traits.kinds is None else self.traits.kinds.get(kind, -1)


@attrs.frozen
class Way:
    """How to read one member of a union."""

    decode: Decode
    member: Member

    def read(self, data: Any) -> Any:
        return self.decode(data, self.member.annotation)


def _encoder(annotation: Any, hooks: Hooks) -> Encode:
    found = _members(annotation, hooks)
    if len(found) == 1:
        return hooks.encoder(found[0].annotation)
    owners = _owners(found)
    ways = [(hooks.encoder(member.annotation), member) for member in found]
    title = written(annotation)
    if _is_optional(found):
        [encode_other] = [encode for encode, member in ways if member.annotation is not type(None)]
        return lambda value: None if value is None else encode_other(value)

    def encode(value: Any) -> Any:
        refusals: dict[str, Refused] = {}
        for encode_member, member in ways:
            if member.traits.types is None or type(value) in member.traits.types:
                try:
                    return _tagged(encode_member(value), member, owners)
                except Refused as refusal:
                    refusals[member.tag] = refusal
        if type(value) is int and not refusals:
            for encode_member, member in ways:
                if member.annotation is float:  # which an `int` will do for, where no other member takes it
                    return _tagged(encode_member(value), member, owners)
        raise _none_fits(refusals, title) if refusals else mismatch(value, title)

    return encode


def _decoder(annotation: Any, hooks: Hooks) -> Decode:
    found = _members(annotation, hooks)
    if len(found) == 1:
        return hooks.decoder(found[0].annotation)
    ways = {member.tag: Way(hooks.decoder(member.annotation), member) for member in found}
    owners = _owners(found)
    title, walk = written(annotation), hooks.walk

    def decode(data: Any, _annotation: Any) -> Any:
        tag, data = _untagged(data)
        if tag is not None:
            if type(tag) is not str or tag not in ways:
                raise Refused(f"{TYPE} is {one_of(ways)} in `{title}`{near(tag, ways)}")
            return ways[tag].read(data)
        owner = owners.get(kind_of(data))
        likely = {t: way for t, way in ways.items() if way.member is not owner and way.member.traits.might_be(data)}
        if owner is None:
            return _guess(data, likely or ways, title, walk)
        try:
            return ways[owner.tag].read(data)
        except Refused as refusal:
            if not likely or (walk.guessing and not is_scalar(data)):
                raise
            try:
                return _guess(data, likely, title, walk, again=True)
            except Refused:
                raise refusal from refusal.__cause__

    return decode


def _guess(data: Any, ways: dict[str, Way], title: str, walk: Walk, *, again: bool = False) -> Any:
    """Read what people write without a tag, where it can mean one thing only.

    Where the same data is looked at more than once, the objects and lists in it are not: each level would double the work.
    """
    again = again or len(ways) > 1
    if again and walk.guessing and not is_scalar(data):
        raise _ambiguous(ways)
    read: dict[str, Any] = {}
    refusals: dict[str, Refused] = {}
    before, walk.guessing = walk.guessing, walk.guessing or again
    try:
        for tag, way in ways.items():
            try:
                read[tag] = way.read(data)
            except Refused as refusal:
                refusals[tag] = refusal
    finally:
        walk.guessing = before
    if not read:
        raise _none_fits(refusals, title)
    one, *others = read.values()
    if any(type(other) is not type(one) or other != one for other in others):
        raise _ambiguous(read)
    return one


def _ambiguous(ways: Mapping[str, Any]) -> Refused:
    return Refused(f'this could be {one_of(ways)}; say which, as in {{"{TYPE}": {json.dumps(next(iter(ways)))}, ...}}')


def _none_fits(refusals: dict[str, Refused], title: str) -> Refused:
    deepest = max(refusals.values(), key=lambda refusal: len(refusal.parts))
    others = [refusal for refusal in refusals.values() if refusal is not deepest]
    if all(len(refusal.parts) < len(deepest.parts) for refusal in others):
        return deepest
    reasons = {tag: refusal.problem for tag, refusal in refusals.items() if tag != "None"}
    if len(reasons) == 1:
        return Refused(*reasons.values())
    return Refused("; ".join([f"no part of `{title}` fits", *(f"{tag}: {why}" for tag, why in reasons.items())]))


def _tagged(data: Any, member: Member, owners: dict[str, Member]) -> Any:
    kind = kind_of(data)
    if owners.get(kind) is member:
        return data
    return {TYPE: member.tag, **data} if kind == "object" else {TYPE: member.tag, VALUE: data}


def _untagged(data: Any) -> tuple[Any, Any]:
    if type(data) is not dict or TYPE not in data:
        return None, data
    rest = {key: item for key, item in data.items() if key != TYPE}
    return data[TYPE], rest[VALUE] if rest.keys() == {VALUE} else rest


def _members(annotation: Any, hooks: Hooks) -> list[Member]:
    """What is to be tried, in an order that doesn't depend on how the union is written; `Any` says it all."""
    found = members(annotation)
    if Any in found:
        found = [Any]
    tags = [written(member) for member in found]
    if len(set(tags)) < len(tags):
        tags = [written(member, full=True) for member in found]
    if len(set(tags)) < len(tags):
        raise Refused(f"`{written(annotation)}` has two members of one name, which a tag can't tell apart; rename one")
    named = [Member(member, tag, hooks.traits(member)) for member, tag in zip(found, tags, strict=True)]
    return sorted(named, key=lambda member: (-max(map(member.rank, KINDS)), member.tag))


def _owners(found: Sequence[Member]) -> dict[str, Member]:
    """For each kind of JSON the member that is written so without a tag, where there is one."""
    owners: dict[str, Member] = {}
    for kind in KINDS:
        candidates = sorted((member for member in found if member.rank(kind) >= 0), key=lambda m: -m.rank(kind))
        if len(candidates) == 1 or (candidates and candidates[0].rank(kind) > candidates[1].rank(kind)):
            owners[kind] = candidates[0]
    return owners


def _is_optional(found: Sequence[Member]) -> bool:
    """Whether this is one type or None, and None is unmistakable."""
    others = [member for member in found if member.annotation is not type(None)]
    return len(found) == 2 and len(others) == 1 and others[0].rank("null") < 0


def _inside(annotation: Any, hooks: Hooks) -> Inside:
    """A member's tag counts where it may be written, for it is the name of a class."""
    found = _members(annotation, hooks)
    if len(found) == 1:
        return hooks.inside(found[0].annotation)
    owners = _owners(found)
    tags = [member.tag if _may_be_tagged(member, owners) else "" for member in found]
    return Inside(f"union {json.dumps(tags)}", tuple(("", member.annotation) for member in found))


def _may_be_tagged(member: Member, owners: dict[str, Member]) -> bool:
    kinds = KINDS if member.traits.kinds is None else member.traits.kinds
    return any(owners.get(kind) is not member for kind in kinds)


def _alias_encoder(annotation: Any, hooks: Hooks) -> Encode:
    hook = cache(lambda: hooks.encoder(alias_value(annotation)))  # not before now: an alias may name itself

    def encode(value: Any) -> Any:
        return hook()(value)

    return encode


def _alias_decoder(annotation: Any, hooks: Hooks) -> Decode:
    hook = cache(lambda: hooks.decoder(alias_value(annotation)))

    def decode(data: Any, _annotation: Any) -> Any:
        return hook()(data, annotation)

    return decode


FAMILIES = (
    Family(is_alias, _alias_encoder, _alias_decoder, lambda _t: UNKNOWN),
    Family(lambda t: get_origin(t) in {Union, types.UnionType}, _encoder, _decoder, lambda _t: UNKNOWN, _inside),
)
