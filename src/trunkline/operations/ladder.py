"""A ladder: everything that was said about one call, on all its legs, in the order it was said."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from trunkline.domain.cdr import Cdr, CdrLeg
from trunkline.domain.media import MediaStatistics, SideStatistics
from trunkline.operations.capture import Captured, call_id_of
from trunkline.operations.shown import shown
from trunkline.sip.flow import Flow, Listener

HERE: Final = "trunkline"
"""The lane in the middle."""

MOST_MESSAGES: Final = 2_000
"""Of a longer ladder the middle is left out."""

BEFORE_S: Final = 60.0
AFTER_S: Final = 60.0
"""Messages of the same Call-ID that belong to a call: its refused first try, and what is repeated after its end."""

Mask = Callable[[bytes], bytes]
"""Stars out what could be used to log in, or to listen in."""

_QUICKLY: Final = 3
"""How hard to compress: a fifth larger than the best, in a third of the time."""

_CONTENT_LENGTH: Final = re.compile(rb"(?i)(\r\n(?:content-length|l)[ \t]*:[ \t]*)\d+")


@dataclass(frozen=True, slots=True)
class LadderMessage:
    """One SIP message, masked. ``lane`` is the leg it belongs to; ``is_sent``: it went from us to that leg.

    ``local`` and ``remote`` are address and port of our side and of the party's.
    """

    at: float
    lane: str
    is_sent: bool
    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    data: bytes

    @property
    def sender(self) -> str:
        """The lane it comes from."""
        return HERE if self.is_sent else self.lane

    @property
    def receiver(self) -> str:
        """The lane it goes to."""
        return self.lane if self.is_sent else HERE

    @property
    def first_line(self) -> str:
        """The request line or status line."""
        return _text(self.data.partition(b"\r\n")[0])

    @property
    def text(self) -> str:
        """The whole message for people."""
        return _text(self.data).replace("\r\n", "\n").rstrip("\n")


@dataclass(frozen=True, slots=True)
class LadderNote:
    """What the server decided or measured at a time."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One party: ``name`` as in the CDR's legs, and where it is."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """See the module. ``ended_at`` is None while the call lasts; ``lanes`` stand in the order they came in.

    ``is_captured`` is False when no message is left in memory or on disk: then there are only notes.
    """

    call_id: str
    account_id: int | None
    started_at: float
    ended_at: float | None
    lanes: tuple[Lane, ...]
    messages: tuple[LadderMessage, ...]
    notes: tuple[LadderNote, ...]

    @property
    def is_captured(self) -> bool:
        """Whether there are messages."""
        return bool(self.messages)


def draw(cdr: Cdr, captured: Iterable[Captured], mask: Mask, media: MediaStatistics | None = None) -> Ladder:
    """The ladder of a call from the messages with its legs' Call-IDs.

    A Call-ID that a caller chose could be that of somebody else's call: of such a leg only what was exchanged with
    its own address is shown.
    """
    lane_of = {leg.sip_call_id.encode("utf-8", "surrogateescape"): leg for leg in cdr.legs}
    until = (cdr.ended_at or float("inf")) + AFTER_S
    found: list[tuple[Captured, CdrLeg]] = []
    for message in captured:
        at, _, flow, data = message
        leg = lane_of.get(call_id_of(data))
        if leg is None or not cdr.started_at - BEFORE_S <= at <= until:
            continue
        if not leg.is_uas or flow.host == leg.host:
            found.append((message, leg))
    left_out = max(0, len(found) - MOST_MESSAGES)
    if left_out:
        found = found[: MOST_MESSAGES // 2] + found[-MOST_MESSAGES // 2 :]
    messages = tuple(_message(message, leg, mask) for message, leg in found)
    lanes = tuple({leg.name: Lane(leg.name, leg.address) for leg in cdr.legs}.values())
    notes = [LadderNote(at, shown(text)) for at, text in _notes(cdr, media or cdr.media)]
    if left_out:
        notes.append(
            LadderNote(cdr.started_at, f"{left_out} messages in the middle of the call are left out")
        )
    return Ladder(cdr.call_id, cdr.account_id, cdr.started_at, cdr.ended_at, lanes, messages, tuple(notes))


def _message(message: Captured, leg: CdrLeg, mask: Mask) -> LadderMessage:
    at, is_sent, flow, data = message
    remote = (flow.host, flow.port)
    return LadderMessage(
        at, leg.name, is_sent, flow.transport, local_address(flow), remote, masked(data, mask)
    )


def masked(data: bytes, mask: Mask) -> bytes:
    """A masked message whose Content-Length fits its body again."""
    hidden = mask(data)
    if len(hidden) == len(data):
        return hidden
    head, gap, body = hidden.partition(b"\r\n\r\n")
    return _CONTENT_LENGTH.sub(rb"\g<1>%d" % len(body), head, count=1) + gap + body


def local_address(flow: Flow) -> tuple[str, int]:
    """Our side of a flow: the bound address, what is advertised where any is bound."""
    listener: Listener = flow.listener
    host = listener.host if listener.host not in ("0.0.0.0", "::") else listener.advertised_host  # noqa: S104 - compared
    return host, listener.port


def _notes(cdr: Cdr, media: MediaStatistics | None) -> Iterable[tuple[float, str]]:
    who = (
        f"credential {cdr.credential_id}"
        if cdr.credential_id is not None
        else f"trunk {cdr.inbound_trunk_id}"
    )
    yield (cdr.started_at, f"admitted as {who}: {cdr.caller} calls {cdr.callee}")
    if cdr.route:
        yield (cdr.started_at, f"routed {cdr.route}")
    if cdr.rang_at is not None:
        yield (cdr.rang_at, "the caller hears it ring")
    if cdr.answered_at is not None:
        yield (cdr.answered_at, "answered")
    ended_at = cdr.ended_at
    for attempt in cdr.attempts:
        where = "a device" if attempt.trunk_id is None else f"trunk {attempt.trunk_id}"
        status = str(attempt.status) if attempt.status else "silence"
        yield (ended_at or cdr.started_at, f"tried {where} at {attempt.uri}: {status}")
    if media is not None:
        yield (ended_at or cdr.started_at, _figures(media))
    if cdr.rejection:
        yield (ended_at or cdr.started_at, f"refused: {cdr.rejection} {cdr.detail}".rstrip())
    if ended_at is not None:
        cause = cdr.end_cause.value if cdr.end_cause is not None else "unknown"
        yield (ended_at, f"ended: {cause}, status {cdr.status}, {cdr.duration_s:.1f} s")


def _figures(media: MediaStatistics) -> str:
    return (
        f"RTP: {media.relayed} packets relayed, {media.dropped} dropped; from the caller {_side(media.caller)}; "
        f"from the callee {_side(media.callee)}"
    )


def _side(side: SideStatistics) -> str:
    return f"{side.received} received, {side.lost} lost, jitter {side.jitter_ms:.1f} ms (at most {side.jitter_max_ms:.1f})"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


# Kept ladders.


def pack(ladder: Ladder) -> bytes:
    """A ladder as it is kept on disk, compressed: a line of JSON, then the messages as they are."""
    document: dict[str, Any] = {
        "call_id": ladder.call_id, "account_id": ladder.account_id, "started_at": ladder.started_at,
        "ended_at": ladder.ended_at, "lanes": [[lane.name, lane.address] for lane in ladder.lanes],
        "notes": [[note.at, note.text] for note in ladder.notes],
        "messages": [
            [one.at, one.lane, one.is_sent, one.transport, *one.local, *one.remote, len(one.data)]
            for one in ladder.messages
        ],
    }  # fmt: skip
    messages = b"".join([one.data for one in ladder.messages])
    return zlib.compress(json.dumps(document).encode() + b"\n" + messages, _QUICKLY)


def unpack(packed: bytes) -> Ladder:
    """A kept ladder read back."""
    head, _, rest = zlib.decompress(packed).partition(b"\n")
    document: dict[str, Any] = json.loads(head)
    messages: list[LadderMessage] = []
    start = 0
    for at, lane, is_sent, transport, ours, port, theirs, far_port, length in document["messages"]:
        data = rest[start : start + length]
        start += length
        messages.append(LadderMessage(at, lane, is_sent, transport, (ours, port), (theirs, far_port), data))
    return Ladder(
        document["call_id"],
        document["account_id"],
        document["started_at"],
        document["ended_at"],
        tuple(Lane(*lane) for lane in document["lanes"]),
        tuple(messages),
        tuple(LadderNote(*note) for note in document["notes"]),
    )
