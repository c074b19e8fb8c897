"""TensorBoard event files: the scalars in them, by a reader of our own of the few bytes that matter.

An event file is a TFRecord: length (8 bytes, little-endian), its checksum (4), the record, its checksum (4). A
record is a protocol-buffer `Event` (step = field 2, summary = field 5) whose `Summary.Value`s (field 1) hold a tag
(1) and a `simple_value` (2) or a `tensor` (8). Checksums are not looked at: a torn end simply ends the reading.
Source: tensorflow/core/util/event.proto, framework/summary.proto, framework/tensor.proto, lib/io/record_writer.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VALUES_MAX = 200_000
TAGS_MAX = 200
_RECORD_MAX = 4_000_000
_TAG_MAX = 300
_HEAD, _FOOT = 12, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT, _DOUBLE = 1, 2
"""Types of a tensor."""

Field = tuple[int, int | bytes]


class _Torn(ValueError):
    """The bytes are no protocol buffer."""


def read_events(content: bytes) -> dict[str, list[tuple[float, float]]]:
    """Return steps and values of every scalar in the event file `content`, by tag; what cannot be read is left out."""
    found: dict[str, list[tuple[float, float]]] = {}
    kept = 0
    for record in _records(content):
        try:
            scalars = list(_scalars(record))
        except _Torn:
            continue
        for tag, step, value in scalars:
            if kept >= VALUES_MAX or (tag not in found and len(found) >= TAGS_MAX):
                return found
            found.setdefault(tag, []).append((step, value))
            kept += 1
    return found


def _records(content: bytes) -> Iterator[bytes]:
    at = 0
    while at + _HEAD <= len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        end = at + _HEAD + length
        if length > _RECORD_MAX or end + _FOOT > len(content):
            return
        yield content[at + _HEAD : end]
        at = end + _FOOT


def _scalars(event: bytes) -> Iterator[tuple[str, float, float]]:
    step = 0
    summaries: list[bytes] = []
    for number, value in _fields(event):
        if number == 2 and isinstance(value, int):
            step = value - (1 << 64) if value >= 1 << 63 else value
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for number, value in _fields(summary):
            if number == 1 and isinstance(value, bytes):
                tag, scalar = _value(value)
                if tag and scalar is not None:
                    yield tag, float(step), scalar


def _value(message: bytes) -> tuple[str, float | None]:
    tag, scalar = "", None
    for number, value in _fields(message):
        if number == 1 and isinstance(value, bytes):
            tag = value[:_TAG_MAX].decode("utf-8", "replace")
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            scalar = _unpacked("<f", value)
        elif number == 8 and isinstance(value, bytes):
            scalar = _tensor(value)
    return tag, scalar


def _tensor(message: bytes) -> float | None:
    """Return the number that a tensor of one float holds, None for any other tensor."""
    kind, content, numbers = 0, b"", b""
    for number, value in _fields(message):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 4 and isinstance(value, bytes):
            content = value
        elif number in (5, 6) and isinstance(value, bytes):
            numbers = value
    held = content or numbers
    layout = {_FLOAT: "<f", _DOUBLE: "<d"}.get(kind, "")
    return _unpacked(layout, held) if layout and len(held) == struct.calcsize(layout) else None


def _unpacked(layout: str, content: bytes) -> float:
    value: float = struct.unpack(layout, content)[0]
    return value


def _fields(message: bytes) -> Iterator[Field]:
    """Yield number and value of each field; fixed numbers stay bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise _Torn
        if at + length > len(message):
            raise _Torn
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at + place >= len(message):
            raise _Torn
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & ((1 << 64) - 1), at + place + 1
    raise _Torn
