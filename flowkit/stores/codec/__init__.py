"""Values to JSON and back, by annotation.

The type of a value comes from its annotation, never from the data; decoding imports nothing. Either the same value comes
back, or encoding refuses it with an `EncodingError` that says where it is (`$.user.tags[3]`), what is wrong and what to
do. A value that isn't exactly what its annotation says is refused too: an int field holds no `True`, a list no tuple, a
field of a class no instance of a subclass. Decoding is as strict, but also takes what people write by hand.

How each type is written:

=============================  ========================================================================================
None, bool, int, float, str    themselves
bytes                          base64
Decimal, UUID, paths           text
date, datetime, time           ISO 8601
timedelta                      text, as flowkit's durations: `1d2h30m`, `-15s`, `250us`
Enum                           the name of the member; a Flag the number of its bits
list, tuple, set, frozenset    a list; an abstract type (Sequence, Mapping, ...) is the union of what it may be
dict                           an object if all its keys become text, else a list of [key, value] pairs
attrs classes, dataclasses     an object by field names, fields outside the constructor included; also generic ones,
                               NamedTuple, TypedDict
unions                         as the member is written, and tagged with `$type` only where another member might look
                               the same: `int | str` and `Order | None` have no tags, `Order | Refund` has
exceptions                     as records of runs have them, see `flowkit.stores.failures`: of a class that isn't known
                               where they are read, a `StepError` comes back
Any                            JSON as it is; all else is refused there
=============================  ========================================================================================

What becomes of values that JSON, or a database, is known to lose or bend:

========================  =============================================================================================
NaN and infinities        kept as `{"$float": "NaN"}` where the annotation says float; refused under `Any`. A NaN comes
                          back as a NaN, without its payload
-0.0                      kept
integers beyond 64 bits   kept as `{"$int": "0x..."}` where the annotation says int; refused under `Any`
bool and int              two types: neither is taken for the other, in values, fields, keys, Literals and unions
int and float             an int will do where the annotation says float, as type checkers have it: it is kept as
                          `{"$int": "0x..."}` there, and comes back as an int. A float won't do for an int
NUL in text               kept; JSON text is ASCII and has it as an escape
lone surrogates           refused, in keys and paths too
keys that aren't text     kept, as pairs, where the annotation says what they are; refused under `Any`. So are text keys
                          that begin with `$`, which is the codec's own mark
tuples                    kept where the annotation says tuple; refused under `Any`, where they would come back as lists
sets                      sorted by what their items become, so that equal sets are equal text
datetimes                 naive ones stay naive; an offset stays an offset (without the name it may have had), a
                          zoneinfo.ZoneInfo stays that zone and its offset is checked when read; `fold` is kept; time
                          zones of other classes are refused
subclasses                refused, of str and int as of anyone's classes: they would come back as their base. The way out
                          is the subclass in the annotation, or a codec of one's own
converters, validators,   run again when a value comes back; so such a value is made once from its JSON when it is
post-init                 encoded, and refused if that fails or gives something else
other attributes          not kept: a value is its fields
complex, and what else    refused, until `register` says how it is written
isn't listed
recursive values          refused, like those with more than 200 levels: `Codec(max_depth=...)` has its own limit
========================  =============================================================================================

`to_json` is another thing: it shows any value it can to people and programs, and nothing reads that back.
"""

from flowkit.stores.codec.core import Codec

__all__ = ["Codec", "decode", "dumps", "encode", "fingerprint", "loads", "prepare", "register", "to_json"]

_codec = Codec()

decode = _codec.decode
dumps = _codec.dumps
encode = _codec.encode
fingerprint = _codec.fingerprint
loads = _codec.loads
prepare = _codec.prepare
register = _codec.register
to_json = _codec.to_json
