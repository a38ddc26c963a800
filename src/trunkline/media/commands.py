"""Print the commands of rtpproxy's control protocol, letting nothing through that could be read as another.

One command a line, words apart by spaces, no quoting: so every word is checked here against what it may be.
Parties are tagged ``a`` (caller) and ``b`` (callee); the one that opened the stream comes first. ``U`` speaks
for the party that opened the stream, ``L`` for the other one; each answers with the port facing the other
party. An address of ``0.0.0.0 0`` keeps the address and latch that the engine has: that is how settings are
repeated without opening the latch to strangers again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from trunkline.domain.media import RemoteMedia, Side

STREAM_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_LABEL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
_NOTIFY_TARGET: Final = re.compile(r"fd:[0-9]{1,9}")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")
_PROMPT: Final = re.compile(r"[A-Za-z0-9_+=,.@:/-]{1,400}")
_BROADCAST: Final = IPv4Address("255.255.255.255")
# The highest port whose RTCP neighbour still exists.
_PORT_MAX: Final = 65534
# Below are name servers, clocks and the like, which RTP has no business with.
_PORT_MIN: Final = 1024
_CATCH_DTMF: Final = "M3:1"
_FIGURES: Final = "nrelayed ndropped rtpa_nrcvd rtpa_nlost rtpa_ndups rtpa_javg rtpa_jmax"

DELETE_ALL: Final = "X"
VERSION: Final = "V"


class CommandError(ValueError):
    """A value must not enter the engine's command socket."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the engine shall send RTP to: a checked address and port."""

    address: IPv4Address | IPv6Address
    port: int


@dataclass(frozen=True, slots=True)
class PartyCommand:
    """What the engine is told of one party of a stream.

    ``interface`` names where the port facing the *other* party is opened. ``destination`` None keeps what the
    engine knows. ``packet_time_ms`` cuts what this party sends into packets of so long, and makes prompts
    played to the other party as long; None: untouched. ``silence_s`` sets how long the stream may be silent.
    """

    stream: str
    party: Side
    opener: Side
    interface: str
    destination: Destination | None
    trusted: bool
    payload_types: tuple[int, ...]
    telephone_event: int | None
    packet_time_ms: int | None = None
    silence_s: int | None = None
    new_port: bool = False


def check_remote(remote: RemoteMedia, *, loopback: bool) -> Destination | None:
    """Check a party's description; returns where media goes, None for hold (port 0 or an all-zero address).

    Raises CommandError on anything that is no unicast address of one host, on an address with a zone, on a
    port or payload type out of range, a port that belongs to other services, and on this machine's loopback unless ``loopback`` says that parties
    live there.
    """
    for payload_type in remote.payload_types:
        _within(payload_type, 0, 127)
    if remote.telephone_event is not None:
        _within(remote.telephone_event, 0, 127)
    return _destination(remote.address, remote.port, loopback=loopback)


def _destination(address: str, port: int, *, loopback: bool) -> Destination | None:
    ip = _host(address)
    if not 0 <= port <= _PORT_MAX:
        raise CommandError(f"port {port} is out of range")
    if port == 0 or ip.is_unspecified:
        return None
    if port < _PORT_MIN:
        raise CommandError(f"port {port} is not one that media uses")
    if ip.is_multicast or ip == _BROADCAST:
        raise CommandError(f"{address} is not the address of one host")
    if ip.is_loopback and not loopback:
        raise CommandError(f"{address} is this machine itself")
    return Destination(ip, port)


@lru_cache(maxsize=4096)
def _host(address: str) -> IPv4Address | IPv6Address:
    try:
        ip = ip_address(address)
    except ValueError as error:
        raise CommandError(f"{address!r} is not an IP address") from error
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            raise CommandError(f"{address!r} has a zone")
        return ip.ipv4_mapped or ip
    return ip


def set_party(command: PartyCommand, notify: str) -> str:
    """Print the ``U`` or ``L`` that tells the engine of a party; ``notify`` is the engine's notice target."""
    opens = command.party is command.opener
    words = [
        ("U" if opens else "L") + _modifiers(command),
        _stream(command.stream),
        *_destination_words(command.destination),
        command.opener.value,
        command.opener.other.value,
    ]
    if opens:
        words += [_checked(_NOTIFY_TARGET, notify, "notice target"), f"silent.{command.stream}"]
    line = " ".join(words)
    if command.silence_s is not None:
        line += f" && S ttl={_within(command.silence_s, 1, 10**7)}"
    if command.telephone_event is not None:
        tag = f"digit.{command.party.value}.{command.stream}"
        line += f" && {_CATCH_DTMF} {tag} {_within(command.telephone_event, 0, 127)}"
    return line


def _modifiers(command: PartyCommand) -> str:
    modifiers = "n" if command.new_port else ""
    if command.trusted:
        modifiers += "a"
    if command.destination is not None and command.destination.address.version == 6:
        modifiers += "6"
    if command.packet_time_ms is not None:
        modifiers += f"z{_within(command.packet_time_ms, 10, 200)}"
    if command.payload_types:
        modifiers += "c" + ",".join(str(_within(each, 0, 127)) for each in command.payload_types)
    return modifiers + "l{" + _checked(_LABEL, command.interface, "interface") + "}"


def _destination_words(where: Destination | None) -> tuple[str, str]:
    if where is None:
        return "0.0.0.0", "0"  # noqa: S104 (an address to send to, none to listen on)
    return str(where.address), str(_within(where.port, 1, _PORT_MAX))


def play(stream: str, to: Side, prompt: str, repeat: int) -> str:
    """Print the ``P`` that plays a prompt to a party; -1 repeats it until it is stopped.

    ``prompt`` is a path without its codec suffix, absolute or below the engine's working folder.
    """
    if ".." in prompt.split("/"):
        raise CommandError(f"prompt {prompt!r} leaves its folder")
    path = _checked(_PROMPT, prompt, "prompt")
    if repeat == 0:
        raise CommandError("a prompt is played once at least")
    times = _within(repeat, -1, 10**6)
    return f"P{times} {_stream(stream)} {path} session {to.value} {to.other.value}"


def stop_play(stream: str, to: Side) -> str:
    """Print the ``S`` that stops what plays to a party."""
    return f"S {_stream(stream)} {to.value} {to.other.value}"


def record(stream: str, side: Side, name: str) -> str:
    """Print the ``C`` that records what a party sends, as ``name.rtp`` in the recordings folder.

    ``C`` with a name, not ``R``: ``R`` gives every recording of a party the same file, and the later one wins.
    """
    return (
        f"C {_stream(stream)} {_checked(_FILE_NAME, name, 'recording name')} {side.value} {side.other.value}"
    )


def stop_record(stream: str, side: Side) -> str:
    """Print the ``N`` that ends a party's recording."""
    return f"N {_stream(stream)} {side.value} {side.other.value}"


def query(stream: str, side: Side) -> str:
    """Print the ``Qv`` that asks for the figures of what a party sent."""
    return f"Qv {_stream(stream)} {side.value} {side.other.value} {_FIGURES}"


def delete(stream: str, opener: Side) -> str:
    """Print the ``D`` that ends a stream."""
    return f"D {_stream(stream)} {opener.value} {opener.other.value}"


def _stream(name: str) -> str:
    return _checked(STREAM_NAME, name, "stream name")


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise CommandError(f"{what} {value!r} has characters or a length that the engine does not take")
    return value


def _within(value: int, lowest: int, highest: int) -> int:
    if isinstance(value, bool) or not lowest <= value <= highest:
        raise CommandError(f"{value} is not between {lowest} and {highest}")
    return value
