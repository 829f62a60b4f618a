"""Numbers of less than double precision, as they were written: 0.1, and not 0.10000000149011612."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

Read = Callable[[Any], Any]

FORMATS: dict[int, Literal["e", "f"]] = {16: "e", 32: "f"}  # bits -> as `struct` names them
DIGITS = 9  # significant ones that tell any two numbers of 32 bits apart
LONG = 64  # numbers in a list: longer ones are vectors, which nobody reads


def shortest(value: float, bits: int) -> float:
    """The number with the fewest digits that is `value` in so many bits (16 or 32)."""
    form = FORMATS[bits]
    for digits in range(1, DIGITS + 1):
        found = float(f"{value:.{digits}g}")
        try:
            if struct.unpack(form, struct.pack(form, found))[0] == value:
                return found
        except OverflowError:  # rounded up to more than there is
            continue
    return value


def rewritten(records: Iterable[Mapping[str, Any]], schema: Any) -> Iterator[Mapping[str, Any]]:
    """The records of a table with this Arrow schema, with such numbers as they were written, also inside objects and
    lists. Long lists are left."""
    readers = {field.name: reader for field in schema if (reader := _reader(field.type))}
    for record in records:
        yield {**record, **{name: read(record[name]) for name, read in readers.items() if name in record}}


def _reader(of: Any) -> Read | None:
    from pyarrow import types

    if types.is_float16(of) or types.is_float32(of):
        bits = of.bit_width
        return lambda value: shortest(float(value), bits) if value is not None else None
    if types.is_list(of) or types.is_large_list(of) or types.is_fixed_size_list(of):
        return _each(_reader(of.value_type))
    if types.is_struct(of):
        return _fields({field.name: _reader(field.type) for field in of})
    return None


def _each(read: Read | None) -> Read | None:
    if read is None:
        return None
    return lambda value: [read(one) for one in value] if isinstance(value, list) and len(value) <= LONG else value


def _fields(parts: Mapping[str, Read | None]) -> Read | None:
    readers = {name: read for name, read in parts.items() if read}
    if not readers:
        return None

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: readers[name](one) if name in readers else one for name, one in value.items()}

    return read
