"""What a B2BUA that relays media reads from a session description, and what it writes into the one it passes on.

``streams`` reads, ``why_not_relayable`` judges, ``rewrite`` writes. How each kind of stream fares:

- plain RTP and UDPTL (fax): relayed.
- SRTP keyed in the description (``RTP/SAVP`` with ``a=crypto`` or ``a=key-mgmt``): relayed unread. The key lines
  reach the other party untouched, so both ends hold the keys and we cannot play, record or hear digits.
- DTLS-SRTP: relayed unread when both parties speak it and neither needs ICE. A browser towards plain RTP needs
  a gateway that ends DTLS, and ICE must be answered by whoever owns the port: both are refused with a sentence.
- streams over TCP, data channels, multicast: refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from trunkline.sdp.codecs import payload_types, telephone_event
from trunkline.sdp.description import (
    MediaDescription,
    SessionDescription,
    first_attribute,
    first_connection,
)
from trunkline.sdp.direction import Direction, directed, direction, direction_of
from trunkline.sdp.lines import Attribute, Connection, DescriptionLine, Line, Origin, decimal, unicast


class Security(Enum):
    """How a stream is protected."""

    PLAIN = "not encrypted"
    DESCRIBED_KEYS = "SRTP with keys in the description"
    DTLS = "DTLS-SRTP"
    KEYLESS = "SRTP without keys"


class Stream:
    """One ``m=`` line as the relay sees it.

    ``host`` is the connection address as written, empty when there is none; ``address`` the IP address to send
    to (an IPv4-mapped one as IPv4), None when nothing can or may be sent. ``blackholed`` says that the
    connection address is the unspecified one (hold of RFC 2543, or address not known yet); ``direction``
    already counts that in. ``rtcp_port`` is 0 for a refused stream. ``ptime_ms`` is None when not given.
    """

    def __init__(
        self,
        index: int,
        kind: str,
        protocol: str,
        port: int,
        port_count: int,
        host: str,
        address: str | None,
        blackholed: bool,
        rtcp_address: str | None,
        rtcp_port: int,
        rtcp_mux: bool,
        direction: Direction,
        payload_types: tuple[int, ...],
        telephone_event: int | None,
        ptime_ms: int | None,
        security: Security,
        ice: bool,
    ) -> None:
        self.index: Final = index
        self.kind: Final = kind
        self.protocol: Final = protocol
        self.port: Final = port
        self.port_count: Final = port_count
        self.host: Final = host
        self.address: Final = address
        self.blackholed: Final = blackholed
        self.rtcp_address: Final = rtcp_address
        self.rtcp_port: Final = rtcp_port
        self.rtcp_mux: Final = rtcp_mux
        self.direction: Final = direction
        self.payload_types: Final = payload_types
        self.telephone_event: Final = telephone_event
        self.ptime_ms: Final = ptime_ms
        self.security: Final = security
        self.ice: Final = ice

    @property
    def rejected(self) -> bool:
        """Whether the stream is refused or ended (port 0)."""
        return self.port == 0

    @property
    def readable(self) -> bool:
        """Whether prompts, recording and digit detection can work on it."""
        return self.security is Security.PLAIN and "RTP/" in self.protocol


# Attributes that speak of transport addresses and ports which end at us.
_DROPPED: Final = frozenset(
    {
        "alt",
        "altc",
        "bundle-only",
        "candidate",
        "end-of-candidates",
        "ice-lite",
        "ice-mismatch",
        "ice-options",
        "ice-pacing",
        "ice-pwd",
        "ice-ufrag",
        "ice2",
        "remote-candidates",
        "rtcp-mux-only",
        "source-filter",
    }
)
_ICE: Final = frozenset({"candidate", "ice-ufrag"})
_RELAYED: Final = frozenset(
    {"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "UDPTL"}
)


def streams(description: SessionDescription) -> tuple[Stream, ...]:
    """Every ``m=`` line of a description, in order."""
    found: list[Stream] = []
    for index in range(len(description.media)):
        found.append(_stream(description, index))  # noqa: PERF401  a loop is what mypyc makes fast
    return tuple(found)


def why_not_relayable(stream: Stream, *, both_speak_dtls: bool = False) -> str | None:
    """Say in a sentence why our relay cannot carry a stream; None when it can, or when there is nothing to carry."""
    if stream.rejected:
        return None
    what = f"the {stream.kind} stream"
    if stream.protocol.upper() not in _RELAYED:
        return f"{what} uses {stream.protocol}, which is not relayed: only RTP and UDPTL over UDP are"
    if stream.security is Security.KEYLESS:
        return f"{what} asks for SRTP ({stream.protocol}) but gives no keys (a=crypto)"
    if stream.security is Security.DTLS:
        if not both_speak_dtls:
            return (
                f"{what} is encrypted with DTLS-SRTP and the other party speaks plain RTP: "
                "joining them needs a media gateway that ends the encryption"
            )
        if stream.ice:
            return f"{what} is encrypted with DTLS-SRTP over ICE, which must be answered by a media gateway"
    if stream.port_count > 1:
        return f"{what} asks for {stream.port_count} consecutive ports; one is relayed"
    return _address_fault(stream, what)


def rewrite(
    description: SessionDescription,
    ports: Mapping[int, tuple[str, int]],
    origin: Origin,
    previous: SessionDescription | None = None,
) -> SessionDescription:
    """The description with our addresses in place of its own, fit to be shown to the other party.

    ``ports`` maps the index of a stream to the address and port that shall be sent to; a stream that is not
    in it goes out refused (port 0), never with the address it came with. ``origin`` is ours; ``previous`` is
    what the other party was shown last, whose origin goes on (see :func:`succeeding`). ICE and bundling are
    taken out: every stream has its own plain port. RTCP goes to the next port, except that DTLS streams keep
    ``a=rtcp-mux``. A hold written as address 0.0.0.0 goes out as a direction attribute. All else is kept.
    """
    shown = _first_address(ports, origin)
    lines = _session_lines(description, origin, unicast(shown))
    needs_connection = description.connection is None
    media: list[MediaDescription] = []
    for index in range(len(description.media)):
        place = ports.get(index)
        original = description.media[index]
        if place is None or not original.port:
            media.append(_refused(original, shown, needs_connection))
        else:
            inherits = not needs_connection and place[0] == shown
            media.append(_anchored(original, description, place, inherits))
    return succeeding(SessionDescription(lines, tuple(media)), previous)


def succeeding(description: SessionDescription, previous: SessionDescription | None) -> SessionDescription:
    """The description as the successor of what was shown before (RFC 3264 §8).

    It continues the previous origin, its version increased by one exactly when anything else differs.
    """
    origin = previous.origin if previous is not None else None
    if previous is None or origin is None:
        return description
    same = with_origin(description, origin)
    return same if same == previous else with_origin(description, origin.successor())


def with_origin(description: SessionDescription, origin: Origin) -> SessionDescription:
    """The description with another ``o=`` line and everything else kept."""
    lines = [origin if isinstance(line, Origin) else line for line in description.lines]
    return SessionDescription(tuple(lines), description.media)


def _stream(description: SessionDescription, index: int) -> Stream:
    media = description.media[index]
    host = _host(media, description)
    blackholed = _is_blackhole(host)
    address = None if blackholed else _numeric(host)
    mux = False
    ice = False
    ptime = -1
    rtcp: str | None = None
    for line in media.lines:
        if isinstance(line, Attribute):
            name = line.name
            if name == "rtcp-mux":
                mux = True
            elif name == "rtcp":
                rtcp = line.value
            elif name == "ptime":
                ptime = decimal((line.value or "").strip(), 1000)
            elif name in _ICE:
                ice = True
    rtcp_address, rtcp_port = _rtcp(rtcp, address, media.port, mux)
    return Stream(
        index,
        media.kind,
        media.protocol,
        media.port,
        media.port_count,
        host,
        address,
        blackholed,
        rtcp_address,
        rtcp_port,
        mux,
        _flow(media, description, blackholed),
        payload_types(media),
        telephone_event(media),
        ptime if ptime > 0 else None,
        _security(description, media),
        ice or first_attribute(description.lines, "ice-ufrag") is not None,
    )


def _host(media: MediaDescription, description: SessionDescription) -> str:
    connection = first_connection(media.lines) or first_connection(description.lines)
    return connection.address if connection is not None else ""


def _is_blackhole(host: str) -> bool:
    """Whether an address is the unspecified one, or the name that stands for it beside IPv6 (RFC 6157 §4.1)."""
    return host == "0.0.0.0" or host == "::" or host.endswith(".invalid")  # noqa: PLR1714, S104


def _flow(media: MediaDescription, description: SessionDescription, blackholed: bool) -> Direction:
    written = direction_of(media, description)
    return direction(sends=written.sends, receives=False) if blackholed else written


@lru_cache(maxsize=1024)
def _numeric(host: str) -> str | None:
    """An IP address in its usual spelling; None for a host name or nothing."""
    try:
        address: IPv4Address | IPv6Address = ip_address(host.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
    return str(address)


def _rtcp(value: str | None, address: str | None, port: int, mux: bool) -> tuple[str | None, int]:
    """Where RTCP goes: the RTP port when multiplexed, else what ``a=rtcp`` says (RFC 3605), else the next port."""
    if port == 0:
        return address, 0
    if mux:
        return address, port
    if value is not None:
        parts = value.split()
        given = decimal(parts[0], 65535) if parts else -1
        if given > 0:
            return (_numeric(parts[3]) or address if len(parts) > 3 else address), given
    return address, min(port + 1, 65535)


def _security(description: SessionDescription, media: MediaDescription) -> Security:
    protocol = media.protocol.upper()
    if "TLS/" in protocol:
        return Security.DTLS
    if "SAVP" not in protocol:
        return Security.PLAIN
    for line in media.lines:
        if isinstance(line, Attribute) and line.name in {"crypto", "key-mgmt"}:
            return Security.DESCRIBED_KEYS
    # Before RFC 5764's protocol names, DTLS peers wrote RTP/SAVPF with a fingerprint.
    if media.attribute("fingerprint") is not None or description.attribute("fingerprint") is not None:
        return Security.DTLS
    return Security.DESCRIBED_KEYS if description.attribute("key-mgmt") is not None else Security.KEYLESS


def _address_fault(stream: Stream, what: str) -> str | None:
    if stream.blackholed:
        return None
    if not stream.host:
        return f"{what} has no connection address (c=)"
    if stream.address is None:
        return f"{what} is to be sent to '{stream.host}', which is no IP address"
    address = ip_address(stream.address)
    if address.is_multicast or stream.address == "255.255.255.255":
        return f"{what} is to be sent to {stream.address}, which is no single party's address"
    return None


def _first_address(ports: Mapping[int, tuple[str, int]], origin: Origin) -> str:
    return ports[min(ports)][0] if ports else origin.address


def _session_lines(
    description: SessionDescription, origin: Origin, connection: Connection
) -> tuple[DescriptionLine, ...]:
    """The session's lines with ours in place, and the ``s=`` and ``t=`` that the peer may have forgotten."""
    lines: list[DescriptionLine] = []
    letters: set[str] = set()
    for line in description.lines:
        if isinstance(line, Origin):
            lines.append(origin)
        elif isinstance(line, Connection):
            lines.append(connection)
        elif isinstance(line, Attribute):
            bundled = line.name == "group" and (line.value or "").startswith("BUNDLE")
            if line.name not in _DROPPED and line.name not in {"rtcp", "rtcp-mux"} and not bundled:
                lines.append(line)
        else:
            letters.add(line.letter)
            lines.append(line)
    if "s" not in letters:
        lines.insert(_after(lines, ""), Line("s", "-"))
    if "t" not in letters:
        lines.insert(_after(lines, "siuepb"), Line("t", "0 0"))
    return tuple(lines)


def _after(lines: list[DescriptionLine], letters: str) -> int:
    """The place behind the origin, the connection where any letters are named, and lines of those letters."""
    place = 0
    for index in range(len(lines)):
        line = lines[index]
        if isinstance(line, Line):
            behind = line.letter in letters
        else:
            behind = isinstance(line, Origin) or (bool(letters) and isinstance(line, Connection))
        if behind:
            place = index + 1
    return place


def _anchored(
    original: MediaDescription, description: SessionDescription, place: tuple[str, int], inherits: bool
) -> MediaDescription:
    address, port = place
    lines: list[DescriptionLine] = []
    connected = inherits
    for line in original.lines:
        if isinstance(line, Attribute):
            name = line.name
            if name in _DROPPED or (
                name == "rtcp-mux" and _security(description, original) is not Security.DTLS
            ):
                continue
            lines.append(Attribute("rtcp", str(port + 1)) if name == "rtcp" else line)
        elif isinstance(line, Connection):
            if not connected:
                lines.append(unicast(address))
            connected = True
        else:
            lines.append(line)
    if not connected:
        lines.insert(_title_lines(lines), unicast(address))
    media = MediaDescription(original.kind, port, original.protocol, original.formats, tuple(lines))
    if not _is_blackhole(_host(original, description)):
        return media
    return directed(media, _flow(original, description, blackholed=True))


def _refused(media: MediaDescription, address: str, needs_connection: bool) -> MediaDescription:
    """A stream with port 0: its formats stay, nothing that could name an address does (RFC 3264 §6)."""
    lines: list[DescriptionLine] = [unicast(address)] if needs_connection else []
    mid = media.attribute("mid")
    if mid is not None:
        lines.append(Attribute("mid", mid))
    return MediaDescription(media.kind, 0, media.protocol, media.formats or ("0",), tuple(lines))


def _title_lines(lines: list[DescriptionLine]) -> int:
    """How many ``i=`` lines stand first: the place of ``c=`` is behind them (RFC 8866 §5)."""
    count = 0
    for line in lines:
        if not isinstance(line, Line) or line.letter != "i":
            break
        count += 1
    return count
