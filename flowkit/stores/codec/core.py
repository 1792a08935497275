"""The codec itself: hooks for all families, one way in and one way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NoReturn, TypeVar, get_origin

from flowkit.errors import EncodingError, PolicyError
from flowkit.stores.codec import choices, containers, exceptions, moments, plain, records, scalars, unions
from flowkit.stores.codec.annotations import written
from flowkit.stores.codec.display import Display
from flowkit.stores.codec.families import UNKNOWN, Decode, Encode, Family, Hooks, Inside
from flowkit.stores.codec.outlines import outline
from flowkit.stores.codec.walk import MARK, Refused, a, field, first_difference, mismatch

T = TypeVar("T")

# Later ones are asked first: an enum may be an int, a flag is an enum, a NamedTuple is a tuple.
_FAMILIES = (
    *plain.FAMILIES,
    *unions.FAMILIES,
    *records.FAMILIES,
    *containers.FAMILIES,
    *moments.FAMILIES,
    *scalars.FAMILIES,
    *choices.FAMILIES,
    *exceptions.FAMILIES,
)

# Escapes keep NUL, and whatever else a database may not take as text, out of the text itself.
_WRITE = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":")).encode


class Codec:
    """Turns values into JSON and back, by annotation. Safe to use from several threads at once.

    `max_depth` is how many lists, dicts and objects may be inside one another.
    """

    def __init__(self, *, max_depth: int = 200) -> None:
        if max_depth < 1:
            raise PolicyError(f"max_depth={max_depth} leaves room for nothing; pass 1 or more")
        self._hooks = Hooks(max_depth)
        self._custom: dict[Any, Callable[[Any], Any]] = {}
        for family in _FAMILIES:
            self._hooks.add(family)

    def encode(self, value: object, annotation: Any = Any) -> Any:
        """Turn a value into lists, dicts with text keys, text, numbers, booleans and None.

        Raises `EncodingError` unless `decode` would give the same value back.
        """
        return self._entered(self._encode, value, annotation)

    def decode(self, data: object, annotation: Any) -> Any:
        """Make the value that `data`, which is JSON, says by this annotation.

        Takes what `encode` gives, and what people write: whole numbers for floats, members of an enum by value as well,
        ISO 8601 in all its forms, an object for a dict with keys that aren't text, fields with defaults left out.
        Raises `EncodingError` for everything else.
        """
        return self._entered(self._decode, data, annotation)

    def dumps(self, value: object, annotation: Any = Any) -> str:
        """Encode to JSON text, which is ASCII and a single line. Raises `EncodingError` as `encode` does."""
        data = self._entered(self._encode, value, annotation)
        return str(self._entered(_WRITE, data))

    def loads(self, text: str | bytes, annotation: Any) -> Any:
        """Decode from JSON text. Raises `EncodingError` also for text that isn't JSON, or has a key twice."""
        data = self._entered(_parsed, text)
        return self._entered(self._decode, data, annotation)

    def to_json(self, value: object) -> Any:
        """Turn a value into JSON to look at, without an annotation and with no way back.

        Objects for attrs classes, dataclasses and dicts, lists for all that has items, ISO 8601 for dates, base64 for
        bytes, text for NaN. Raises `EncodingError` for what has no form in JSON.
        """
        return self._entered(Display(self._hooks.walk, self._custom).show, value)

    def register(self, cls: type[T], *, encode: Callable[[T], Any], decode: Callable[[Any], T]) -> None:
        """Say how values of a class are written: `encode` gives JSON, `decode` makes the value from it.

        Goes before what flowkit would do, for this class wherever an annotation names it; the value may be of a subclass
        that `decode` knows how to make again. Do it before a run needs it; replacing a codec doesn't convert what is kept.
        """
        if not callable(getattr(cls, "__instancecheck__", None)):
            raise PolicyError(f"register({cls!r}) isn't about a class; pass one")
        write, read = _custom_hooks(cls, encode, decode, self._hooks)
        self._hooks.add(
            Family(
                lambda t: t is cls or get_origin(t) is cls,
                lambda _t, _hooks: write,
                lambda _t, _hooks: read,
                lambda _t: UNKNOWN,
                lambda t, _hooks: Inside(f"registered {written(t, full=True)}"),
            )
        )
        self._custom[cls] = write

    def prepare(self, annotation: Any) -> None:
        """Find out all there is to know of an annotation before there is a value. Raises `EncodingError` if none can be kept.

        Reading a value of it compiles and imports nothing from then on.
        """
        self._entered(outline, annotation, self._hooks)

    def fingerprint(self, annotation: Any) -> str:
        """A digest of how values of an annotation are written; another one means that what is kept may not be readable.

        Of classes that are their fields, with their names and types and whether they may be missing; of enums the
        members. Names of classes count where they are written: as the tags of unions. Raises `EncodingError` for an
        annotation whose values can't be kept.
        """
        return blake2b(self._entered(outline, annotation, self._hooks).encode(), digest_size=16).hexdigest()

    def _encode(self, value: object, annotation: Any) -> Any:
        walk = self._hooks.walk
        data = self._hooks.encoder(annotation)(value)
        if walk.rebuilds and walk.calls == 1:
            self._check_rebuilt(data, annotation)
        return data

    def _decode(self, data: object, annotation: Any) -> Any:
        return self._hooks.decoder(annotation)(data, annotation)

    def _check_rebuilt(self, data: Any, annotation: Any) -> None:
        """Classes with converters, validators or a post-init run them again when their values come back.

        So these values are made once before they are accepted: what is refused now can't be lost later.
        """
        try:
            again = self._hooks.encoder(annotation)(self._decode(data, annotation))
        except Refused as refusal:
            refusal.problem = f"this can't be made again from what it holds: {refusal.problem}"
            raise
        path = first_difference(data, again)
        if path is not None:
            changed = Refused(
                "the class changes this when it is made from its own fields; "
                "make its converters and its post-init leave alone what they have made, or register a codec"
            )
            changed.parts = list(path)
            raise changed

    def _entered(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """The one place where refusals become errors. A codec of the user's may call in here again."""
        walk = self._hooks.walk
        if not walk.calls:
            walk.begin()
        walk.calls += 1
        try:
            return action(*arguments)
        except Refused as refusal:
            raise refusal.as_error() from refusal.__cause__
        except RecursionError:
            raise EncodingError("nested deeper than Python's stack is here; make it flatter") from None
        finally:
            walk.calls -= 1


def _custom_hooks(
    cls: type[T], encode: Callable[[T], Any], decode: Callable[[Any], T], hooks: Hooks
) -> tuple[Encode, Decode]:
    title, walk = written(cls), hooks.walk

    def write(value: Any) -> Any:
        if not isinstance(value, cls):
            raise mismatch(value, title)
        try:
            data = encode(value)
        except Exception as error:
            raise Refused(f"the codec of `{title}` failed: {type(error).__name__}: {error}") from error
        data = plain.copy(data, walk)
        if isinstance(data, dict) and any(key.startswith(MARK) for key in data):
            raise Refused(f"the codec of `{title}` made a key beginning with {MARK}; those are flowkit's own")
        walk.rebuilds = True
        return data

    def read(data: Any, _annotation: Any) -> T:
        try:
            made = decode(data)
        except Exception as error:
            raise Refused(f"the codec of `{title}` failed: {type(error).__name__}: {error}") from error
        if not isinstance(made, cls):
            raise Refused(f"the codec of `{title}` made {a(type(made).__name__)}")
        return made

    return write, read


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_not_json)
    except json.JSONDecodeError as error:
        raise Refused(f"this isn't JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:  # bytes that aren't text, a number with thousands of digits
        raise Refused(f"this isn't JSON that can be read: {error}") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        raise Refused(f"the key {json.dumps(twice)} is there twice in one object").under(field(twice))
    return made


def _not_json(word: str) -> NoReturn:
    raise Refused(f'{word} isn\'t JSON; for a float write {{"{scalars.FLOAT}": "{word}"}}')
