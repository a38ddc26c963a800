"""Ladders as capture files (libpcap's classic format, link type raw IP) that Wireshark and tshark read.

The packets never were on a wire like this: each message, whatever its transport was, is put into one UDP datagram
between the true addresses and ports, so that it is read as SIP. Secrets are masked as everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from trunkline.operations.ladder import Ladder, LadderMessage

_MAGIC: Final = 0xA1B2C3D4
_RAW_IP: Final = 101
_SNAP: Final = 65_535 + 40
_LONGEST: Final = 65_000
_UDP: Final = 17
_HOPS: Final = 64
_UNKNOWN: Final = "192.0.2.0"
"""Stands for an address of ours that is known by name only."""

Address = IPv4Address | IPv6Address


def write_pcap(ladder: Ladder) -> bytes:
    """The messages of a ladder as a capture file."""
    return b"".join(_pieces(ladder.messages))


def _pieces(messages: Iterable[LadderMessage]) -> Iterable[bytes]:
    yield struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, _SNAP, _RAW_IP)
    for message in messages:
        packet = _packet(message)
        seconds, fraction = divmod(round(message.at * 1_000_000), 1_000_000)
        yield struct.pack("<IIII", seconds, fraction, len(packet), len(packet)) + packet


def _packet(message: LadderMessage) -> bytes:
    remote = ip_address(message.remote[0].partition("%")[0])
    local = _local(message.local[0], remote)
    here, there = (local, message.local[1]), (remote, message.remote[1])
    (source, source_port), (target, target_port) = (here, there) if message.is_sent else (there, here)
    payload = message.data[:_LONGEST]
    length = 8 + len(payload)
    pseudo = source.packed + target.packed + struct.pack("!II", _UDP, length)
    checksum = (
        _checksum(pseudo + struct.pack("!HHHH", source_port, target_port, length, 0) + payload) or 0xFFFF
    )
    datagram = struct.pack("!HHHH", source_port, target_port, length, checksum) + payload
    return _ip_header(source, target, length) + datagram


def _local(host: str, remote: Address) -> Address:
    """Our address; one of the peer's family stands for one that is not known."""
    try:
        address = ip_address(host)
    except ValueError:
        address = ip_address(_UNKNOWN)
    if address.version == remote.version:
        return address
    return ip_address("2001:db8::" if remote.version == 6 else _UNKNOWN)


def _ip_header(source: Address, target: Address, length: int) -> bytes:
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, _UDP, _HOPS) + source.packed + target.packed
    head = (
        struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, _HOPS, _UDP, 0)
        + source.packed
        + target.packed
    )
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:]


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
