"""Lists, tuples, sets and dicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Container
from typing import Any, get_args, get_origin

from flowkit.stores.codec.annotations import written
from flowkit.stores.codec.families import NATIVE, Decode, Encode, Family, Hooks, Inside, Traits, below, is_scalar
from flowkit.stores.codec.walk import MARK, Refused, a, expected, field, index, mismatch


def in_order(items: list[Any]) -> list[Any]:
    """Pieces of JSON in an order that is always the same: that of numbers or of text, else that of their own text."""
    types = set(map(type, items))
    if len(types) == 1 and types <= {int, float, str}:
        return sorted(items)
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def sequence(cls: Any, rank: int) -> Family:
    """Lists, tuples of any length, sets: a list in JSON. Sets are sorted by what their items become."""
    is_set = issubclass(cls, set | frozenset)
    traits = Traits(frozenset({cls}), {"list": rank}, _is_list)

    def encoder(annotation: Any, hooks: Hooks) -> Encode:
        encode_item, walk = below("[*]", hooks.encoder, _item(annotation)), hooks.walk

        def encode(value: Any) -> list[Any]:
            if type(value) is not cls:
                raise mismatch(value, written(annotation))
            items: list[Any] = []
            item: object = None
            walk.enter(value)
            try:
                for item in value:
                    items.append(encode_item(item))
            except Refused as refusal:
                raise refusal.under(index(item if is_set else len(items))) from refusal.__cause__
            finally:
                walk.leave(value)
            return in_order(items) if is_set else items

        return encode

    def decoder(annotation: Any, hooks: Hooks) -> Decode:
        item = _item(annotation)
        decode_item, walk = below("[*]", hooks.decoder, item), hooks.walk

        def decode(data: Any, _annotation: Any) -> Any:
            if type(data) is not list:
                raise _expected_list(annotation, data)
            items: list[Any] = []
            walk.enter(data)
            try:
                for part in data:
                    items.append(decode_item(part, item))  # noqa: PERF401 - how many are done is the path
            except Refused as refusal:
                raise refusal.under(index(len(items))) from refusal.__cause__
            finally:
                walk.leave(data)
            return _distinct(items, cls) if is_set else items if cls is list else cls(items)

        return decode

    def inside(annotation: Any, _hooks: Hooks) -> Inside:
        return Inside(cls.__name__, (("[*]", _item(annotation)),))

    return Family(lambda t: (get_origin(t) or t) is cls, encoder, decoder, lambda _t: traits, inside)


def _expected_list(annotation: Any, data: Any) -> Refused:
    return expected(f"a list (for {a(written(annotation))})", data)


def _is_list(data: Any) -> bool:
    return type(data) is list


def _item(annotation: Any) -> Any:
    return (get_args(annotation) or (Any,))[0]


def _distinct(items: list[Any], cls: type) -> Any:
    seen: set[Any] = set()
    for place, item in enumerate(items):
        if is_among(item, seen):
            raise Refused("this is in the set already").under(index(place))
        seen.add(item)
    return cls(seen)


def is_among(item: Any, others: Container[Any]) -> bool:
    try:
        return item in others
    except TypeError as error:
        raise Refused(f"this can't be in a set, or be a key: {error}") from None


# Tuples of a fixed length


def _is_fixed(annotation: Any) -> bool:
    arguments = get_args(annotation)
    return get_origin(annotation) is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis)


def _parts(annotation: Any, make: Callable[[Any], Any]) -> list[Any]:
    if any("Unpack" in str(part) or str(part).startswith("*") for part in get_args(annotation)):
        raise Refused(f"`{written(annotation)}` has a length nobody knows; say tuple[T, ...], or use a class")
    return [below(index(place), make, part) for place, part in enumerate(get_args(annotation))]


def _tuple_encoder(annotation: Any, hooks: Hooks) -> Encode:
    encoders, walk = _parts(annotation, hooks.encoder), hooks.walk

    def encode(value: Any) -> list[Any]:
        if type(value) is not tuple:
            raise mismatch(value, written(annotation))
        if len(value) != len(encoders):
            raise Refused(f"this has {len(value)} items where the annotation says `{written(annotation)}`")
        items: list[Any] = []
        walk.enter(value)
        try:
            for encode_item, item in zip(encoders, value, strict=True):
                items.append(encode_item(item))
        except Refused as refusal:
            raise refusal.under(index(len(items))) from refusal.__cause__
        finally:
            walk.leave(value)
        return items

    return encode


def _tuple_decoder(annotation: Any, hooks: Hooks) -> Decode:
    walk = hooks.walk
    ways = list(zip(_parts(annotation, hooks.decoder), get_args(annotation), strict=True))

    def decode(data: Any, _annotation: Any) -> tuple[Any, ...]:
        if type(data) is not list:
            raise _expected_list(annotation, data)
        if len(data) != len(ways):
            raise expected(f"{len(ways)} items (for {a(written(annotation))})", f"{len(data)} of them")
        items: list[Any] = []
        walk.enter(data)
        try:
            for item, (decode_item, hint) in zip(data, ways, strict=True):
                items.append(decode_item(item, hint))
        except Refused as refusal:
            raise refusal.under(index(len(items))) from refusal.__cause__
        finally:
            walk.leave(data)
        return tuple(items)

    return decode


def _inside_tuple(annotation: Any, _hooks: Hooks) -> Inside:
    parts = enumerate(get_args(annotation))
    return Inside("tuple of its own length", tuple((index(place), part) for place, part in parts))


# Dicts


def as_object(pairs: list[tuple[Any, Any]]) -> Any:
    """An object where all keys are text that is free for it; else the pairs, as lists."""
    if all(type(key) is str and not key.startswith(MARK) for key, _ in pairs):
        return dict(pairs)
    return [list(pair) for pair in pairs]


def _dict_encoder(annotation: Any, hooks: Hooks) -> Encode:
    key_type, value_type = get_args(annotation) or (Any, Any)
    encode_key, encode_value = below("[key]", hooks.encoder, key_type), below("[*]", hooks.encoder, value_type)
    walk = hooks.walk

    def encode(value: Any) -> Any:
        if type(value) is not dict:
            raise mismatch(value, written(annotation))
        pairs: list[tuple[Any, Any]] = []
        key: Any = None
        walk.enter(value)
        try:
            for key, item in value.items():
                pairs.append((encode_key(key), encode_value(item)))
        except Refused as refusal:
            raise refusal.under(field(key) if type(key) is str else index(key)) from refusal.__cause__
        finally:
            walk.leave(value)
        return as_object(pairs)

    return encode


def _dict_decoder(annotation: Any, hooks: Hooks) -> Decode:
    key_type, value_type = get_args(annotation) or (Any, Any)
    decode_key, decode_value = below("[key]", hooks.decoder, key_type), below("[*]", hooks.decoder, value_type)
    walk = hooks.walk

    def key_from_text(text: str) -> Any:
        try:
            return decode_key(text, key_type)
        except Refused:
            # People write {"1": ...} for a dict whose keys are numbers: an object leaves them no other way.
            try:
                return decode_key(json.loads(text), key_type)
            except (Refused, ValueError, RecursionError):
                pass
            raise

    def key_from_pair(data: Any) -> Any:
        return decode_key(data, key_type)

    def decode(data: Any, _annotation: Any) -> dict[Any, Any]:
        is_object = type(data) is dict
        pairs = data.items() if is_object else _pairs(data, written(annotation))
        read_key = key_from_text if is_object else key_from_pair
        made: dict[Any, Any] = {}
        raw: Any = None
        half = 0
        walk.enter(data)
        try:
            for raw, item in pairs:
                half = 0
                key = read_key(raw)
                if is_among(key, made):
                    raise Refused("this key is there already")  # noqa: TRY301 - its place is known here
                half = 1
                made[key] = decode_value(item, value_type)
        except Refused as refusal:
            part = field(raw) if is_object else f"[{len(made)}][{half}]"
            raise refusal.under(part) from refusal.__cause__
        finally:
            walk.leave(data)
        return made

    return decode


def _inside_dict(annotation: Any, _hooks: Hooks) -> Inside:
    return Inside("dict", tuple(zip(("[key]", "[*]"), get_args(annotation) or (Any, Any), strict=True)))


def _pairs(data: Any, what: str) -> list[tuple[Any, Any]]:
    if type(data) is not list:
        raise expected(f"an object, or a list of [key, value] pairs (for {a(what)})", data)
    for place, pair in enumerate(data):
        if type(pair) is not list or len(pair) != 2:
            raise expected(f"a pair [key, value] (for {a(what)})", pair).under(index(place))
    return data


FAMILIES = (
    sequence(list, rank=NATIVE),
    sequence(set, rank=1),
    sequence(frozenset, rank=0),
    sequence(tuple, rank=0),
    Family(
        _is_fixed,
        _tuple_encoder,
        _tuple_decoder,
        lambda _t: Traits(frozenset({tuple}), {"list": 0}, _is_list),
        _inside_tuple,
    ),
    Family(
        lambda t: (get_origin(t) or t) is dict,
        _dict_encoder,
        _dict_decoder,
        lambda _t: Traits(frozenset({dict}), {"object": NATIVE, "list": 0}, lambda data: not is_scalar(data)),
        _inside_dict,
    ),
)
