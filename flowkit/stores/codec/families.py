"""Families of types: which annotations a codec knows, and where it keeps its hooks.

The registry is a cattrs converter: a predicate and a factory of hooks for each family, the newest asked first. cattrs' own
hooks are never asked, for they coerce (`int("5")`) and don't say where in a value they failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs
from cattrs import BaseConverter

from flowkit.stores.codec.annotations import resolve, written
from flowkit.stores.codec.walk import Refused, Walk

Encode: TypeAlias = Callable[[Any], Any]
# The second argument is cattrs': the annotation, which the hook was made for and knows.
Decode: TypeAlias = Callable[[Any, Any], Any]
Hook = TypeVar("Hook", Encode, Decode)

NATIVE = 2  # the rank of what JSON has by itself


@attrs.frozen(eq=False)
class _Exactly:
    """What cattrs is asked for in place of an annotation, so that only our families answer."""

    annotation: Any


def is_scalar(data: Any) -> bool:
    """Whether this piece of JSON has no parts."""
    return type(data) not in {list, dict}


@attrs.frozen
class Traits:
    """What a union can tell its members apart by.

    `types` are the exact types of the values; `kinds` what they become in JSON, each with a rank; None where nobody knows.
    Of two members that become the same kind the one with the higher rank needs no tag: text in JSON is first of all a str.
    `might_be` looks at a piece of JSON, and not into its parts, for whether it could be read as one of these.
    """

    types: frozenset[type] | None
    kinds: Mapping[str, int] | None
    might_be: Callable[[Any], bool] = is_scalar


# Of what nobody knows, anything may be expected.
UNKNOWN = Traits(None, None, lambda _data: True)


@attrs.frozen
class Inside:
    """What an annotation says: how its values are written, in a word, and the annotations of their parts, by path."""

    form: str
    parts: tuple[tuple[str, Any], ...] = ()


def _named(annotation: Any, _hooks: Hooks) -> Inside:
    return Inside(written(annotation))


@attrs.frozen
class Family:
    """One way to write values down, for all annotations that `fits` answers for. Its hooks raise `Refused`."""

    fits: Callable[[Any], bool]
    encoder: Callable[[Any, Hooks], Encode]
    decoder: Callable[[Any, Hooks], Decode]
    traits: Callable[[Any], Traits]
    inside: Callable[[Any, Hooks], Inside] = _named


class Hooks:
    """What turns values of an annotation into JSON, and back."""

    def __init__(self, max_depth: int) -> None:
        self.walk = Walk(max_depth)
        self._converter = BaseConverter()
        self._families: list[Family] = []
        # What was made, by the annotation as it is written.
        self._encoders: dict[Any, Encode] = {}
        self._decoders: dict[Any, Decode] = {}

    def add(self, family: Family) -> None:
        """Ask this family before those that are there."""

        def fits(key: Any) -> bool:
            return isinstance(key, _Exactly) and family.fits(key.annotation)

        def encoder(key: Any) -> Encode:
            return family.encoder(key.annotation, self)

        def decoder(key: Any) -> Decode:
            return family.decoder(key.annotation, self)

        self._families.insert(0, family)
        self._encoders, self._decoders = {}, {}
        self._converter.register_unstructure_hook_factory(fits, encoder)
        self._converter.register_structure_hook_factory(fits, decoder)

    def encoder(self, annotation: Any) -> Encode:
        """Raises `Refused` for an annotation that no family fits."""
        return _looked_up(self._encoders, annotation, self._converter.get_unstructure_hook)

    def decoder(self, annotation: Any) -> Decode:
        """Raises `Refused` for an annotation that no family fits."""
        return _looked_up(self._decoders, annotation, self._converter.get_structure_hook)

    def traits(self, annotation: Any) -> Traits:
        return self._family(annotation).traits(annotation)

    def inside(self, annotation: Any) -> Inside:
        """Raises `Refused` for an annotation that no family fits."""
        return self._family(annotation).inside(annotation, self)

    def _family(self, annotation: Any) -> Family:
        return next(family for family in self._families if family.fits(annotation))


def below(part: str, make: Callable[[Any], Any], annotation: Any) -> Any:
    """Get the hook of a part; if there is none, say of which part."""
    try:
        return make(annotation)
    except Refused as refusal:
        raise refusal.under(part) from refusal.__cause__


def _looked_up(known: dict[Any, Hook], annotation: Any, make: Callable[[Any, bool], Hook]) -> Hook:
    try:
        return known[annotation]
    except KeyError:
        known[annotation] = hook = make(_Exactly(resolve(annotation)), False)
        return hook
    except TypeError:  # an annotation with something in it that can't be a key
        return make(_Exactly(resolve(annotation)), False)
