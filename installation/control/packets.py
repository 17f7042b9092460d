"""OSC 1.0 packets, read to the byte: what is cut off, padded wrongly or of an unknown type is refused, never guessed.

A guess would jerk a fader: a truncated float read as 0, an unknown tag read as "no value". Nothing here is recursive beyond
four nested bundles, and every step eats bytes, so the time for a packet is bounded by its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mixtape.errors import MixtapeError

PACKET_LIMIT = 8192
"""Bytes a packet may have."""

MESSAGES_LIMIT = 128
VALUES_LIMIT = 128
VALUES_IN_ALL = 1024
"""Messages of a packet, values of a message and of a packet: so many are read in well under a millisecond."""

IMMEDIATELY = 1
"""The time tag that means now."""

_NTP_EPOCH_S = 2_208_988_800
_DEPTH = 4
_ADDRESS_LIMIT = 256
_FORBIDDEN = frozenset(b" #*,?[]{}")
_NUMBERS = {tag: struct.Struct(form) for tag, form in (("i", ">i"), ("f", ">f"), ("d", ">d"), ("h", ">q"))}
_BARE = {"T": True, "F": False, "N": None, "I": None}
"""Types without bytes. Nil and the impulse say "no value"."""


class PacketError(MixtapeError):
    """Bytes that are no OSC packet, or one that is not taken here."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: address, its values, and the NTP time tag of the bundle it came in (1: at once)."""

    address: str
    args: tuple[Any, ...]
    timetag: int


def unix_s(timetag: int) -> float:
    """The time tag (32.32 fixed point seconds since 1900) as seconds since 1970."""
    return timetag / 2**32 - _NTP_EPOCH_S


def messages(packet: bytes) -> list[Message]:
    """All messages of a packet. PacketError when any byte of it is wrong: then none is taken."""
    if len(packet) > PACKET_LIMIT:
        raise PacketError(f"a packet of {len(packet)} bytes; at most {PACKET_LIMIT} are taken")
    found: list[Message] = []
    values = 0
    for message, tags in _contents(packet, IMMEDIATELY, _DEPTH):
        found.append(message)
        values += tags
        if len(found) > MESSAGES_LIMIT or values > VALUES_IN_ALL:
            raise PacketError(f"a packet of more than {MESSAGES_LIMIT} messages or {VALUES_IN_ALL:,} values")
    return found


def _contents(packet: bytes, timetag: int, depth: int) -> Iterator[tuple[Message, int]]:
    """Each message, and how many values it names: a list counts with its ends."""
    if len(packet) % 4 or not packet:
        raise PacketError(f"{len(packet)} bytes; a packet has a multiple of 4, and some")
    if not packet.startswith(b"#bundle\0"):
        yield _message(packet, timetag)
        return
    if len(packet) < 16:
        raise PacketError("a bundle without its time tag")
    if not depth:
        raise PacketError(f"bundles in bundles, more than {_DEPTH} deep")
    inner = max(timetag, struct.unpack_from(">Q", packet, 8)[0])
    at = 16
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)
        at += 4
        if size <= 0 or at + size > len(packet):
            raise PacketError(f"a bundle names {size} bytes where {len(packet) - at} follow")
        yield from _contents(packet[at : at + size], inner, depth - 1)
        at += size


def _message(packet: bytes, timetag: int) -> tuple[Message, int]:
    address, at = _string(packet, 0)
    if not address.startswith(b"/") or len(address) > _ADDRESS_LIMIT:
        raise PacketError("an address must begin with / and have at most 256 characters")
    if not _FORBIDDEN.isdisjoint(address) or not address.isascii():
        raise PacketError("wildcards and special characters in an address are not taken")
    tags, at = _string(packet, at)
    if len(tags) > VALUES_LIMIT + 1:
        raise PacketError(f"a message of {len(tags) - 1} values; at most {VALUES_LIMIT} are taken")
    if not tags.startswith(b","):
        # Very old senders leave them out; taking that would take a message cut off after its address.
        raise PacketError("the type tags are missing")
    args, at = _arguments(tags[1:].decode("latin-1"), packet, at)
    if at != len(packet):
        raise PacketError(f"{len(packet) - at} bytes are left over after the values")
    return Message(address.decode(), args, timetag), len(tags) - 1


def _arguments(tags: str, packet: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    levels: list[list[Any]] = [[]]
    for tag in tags:
        if tag in _NUMBERS:
            form = _NUMBERS[tag]
            if at + form.size > len(packet):
                raise PacketError("the packet is cut off inside a number")
            levels[-1].append(form.unpack_from(packet, at)[0])
            at += form.size
        elif tag in "sS":
            raw, at = _string(packet, at)
            levels[-1].append(_text(raw))
        elif tag in _BARE:
            levels[-1].extend([] if _BARE[tag] is None else [_BARE[tag]])
        elif tag == "[" and len(levels) < _DEPTH:
            levels.append([])
        elif tag == "]" and len(levels) > 1:
            done = levels.pop()
            levels[-1].append(done)
        else:
            raise PacketError(f"the value type {tag!r} is not taken")
    if len(levels) > 1:
        raise PacketError("a list of values has no end")
    return tuple(levels[0]), at


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise PacketError("a text that is not UTF-8") from None


def _string(packet: bytes, at: int) -> tuple[bytes, int]:
    """The zero-ended, zero-padded string at `at`, and where the next thing begins."""
    end = packet.find(b"\0", at)
    if end < 0:
        raise PacketError("the packet is cut off inside a text")
    after = (end // 4 + 1) * 4
    if after > len(packet) or any(packet[end:after]):
        raise PacketError("a text is not padded with zeros to a multiple of 4")
    return packet[at:end], after
