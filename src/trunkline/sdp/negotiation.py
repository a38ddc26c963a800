"""Offers and answers (RFC 3264): check an answer, refuse, hold, restrict codecs, and answer for ourselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from trunkline.sdp.codecs import (
    TELEPHONE_EVENT,
    Codec,
    payload_formats,
    static_payload_type,
    telephone_event,
)
from trunkline.sdp.description import MediaDescription, SessionDescription
from trunkline.sdp.direction import Direction, answer_direction, directed, direction_of, held
from trunkline.sdp.lines import Attribute, DescriptionLine, Line, Origin, decimal, unicast

_OF_A_PAYLOAD_TYPE: Final = frozenset({"rtpmap", "fmtp", "rtcp-fb"})
_FIRST_DYNAMIC: Final = 96
_EVENT_PAYLOAD_TYPE: Final = 101


def why_no_answer(offer: SessionDescription, answer: SessionDescription) -> str | None:
    """Say in a sentence why a description does not answer an offer (RFC 3264 §6); None when it does.

    Directions are not judged: many phones answer a hold with sendrecv, and what they mean is clear.
    """
    if len(answer.media) != len(offer.media):
        return f"the answer has {len(answer.media)} media lines, the offer {len(offer.media)}"
    for index in range(len(offer.media)):
        fault = _media_fault(offer.media[index], answer.media[index])
        if fault is not None:
            return f"media line {index + 1}: {fault}"
    return None


def why_no_later_offer(offer: SessionDescription, previous: SessionDescription) -> str | None:
    """Say why an offer cannot follow what its party described before (RFC 3264 §8); None when it can.

    Media lines are never taken away and keep their kind, unless the line was refused and is used anew.
    """
    if len(offer.media) < len(previous.media):
        return f"the offer has {len(offer.media)} media lines, there were {len(previous.media)} before"
    for index, before in enumerate(previous.media):
        now = offer.media[index]
        if before.port and now.port and before.kind != now.kind:
            return f"media line {index + 1}: {before.kind} turned into {now.kind}"
    return None


def reject_all(offer: SessionDescription, origin: Origin) -> SessionDescription:
    """The answer that refuses every stream of an offer."""
    return _answering(offer, tuple([_refusing(media) for media in offer.media]), origin.address, origin)


def hold(description: SessionDescription) -> SessionDescription:
    """The description as an offer that holds the other party: sendrecv becomes sendonly, recvonly inactive."""
    return SessionDescription(
        description.lines,
        tuple(
            [
                directed(media, held(direction_of(media, description))) if media.port else media
                for media in description.media
            ]
        ),
    )


def with_direction(description: SessionDescription, wanted: Direction) -> SessionDescription:
    """The description with this direction on every stream that is not refused."""
    return SessionDescription(
        description.lines,
        tuple([directed(media, wanted) if media.port else media for media in description.media]),
    )


def restrict(offer: SessionDescription, payload_types: Collection[int]) -> SessionDescription:
    """The offer with only these payload types in its audio streams; a stream left without any is refused.

    Payload types are meant as the offer numbers them; telephone-event alone does not keep a stream alive.
    """
    return SessionDescription(
        offer.lines,
        tuple(
            [
                _restricted(media, payload_types) if media.kind == "audio" and media.port else media
                for media in offer.media
            ]
        ),
    )


def payload_types_of(media: MediaDescription, supported: Sequence[Codec]) -> tuple[int, ...]:
    """The payload types of a stream whose codec is among the supported ones, in the stream's order."""
    return tuple(
        [
            each.payload_type
            for each in payload_formats(media)
            if each.codec is not None and _is_among(each.codec, supported)
        ]
    )


def answer(
    offer: SessionDescription,
    supported: Sequence[Codec],
    local: tuple[str, int],
    origin: Origin,
    wanted: Direction = Direction.SENDRECV,
) -> SessionDescription | None:
    """Our own answer: the first audio stream that we can speak, with one codec, and all else refused.

    The codec is the offerer's first choice among the supported ones, and its telephone-event follows, both
    with the offer's numbers. ``local`` is the address and port where we receive. None when nothing fits.
    """
    accepted: list[MediaDescription] = []
    found = False
    for media in offer.media:
        usable = payload_types_of(media, supported) if not found and _is_plain_audio(media) else ()
        if usable:
            flow = answer_direction(direction_of(media, offer), wanted)
            accepted.append(_accepting(media, usable[0], local[1], flow))
            found = True
        else:
            accepted.append(_refusing(media))
    return _answering(offer, tuple(accepted), local[0], origin) if found else None


def audio_offer(supported: Sequence[Codec], local: tuple[str, int], origin: Origin) -> SessionDescription:
    """Our own offer of one audio stream with the supported codecs in this order, and telephone-event."""
    numbers: list[str] = []
    lines: list[DescriptionLine] = []
    dynamic = _FIRST_DYNAMIC
    for codec in supported:
        number = static_payload_type(codec)
        if number is None:
            number = dynamic
            dynamic += 2 if dynamic + 1 == _EVENT_PAYLOAD_TYPE else 1
        numbers.append(str(number))
        lines.append(codec.rtpmap(number))
    numbers.append(str(_EVENT_PAYLOAD_TYPE))
    lines.extend(_event_lines(_EVENT_PAYLOAD_TYPE))
    lines.append(Attribute(Direction.SENDRECV.value))
    media = MediaDescription("audio", local[1], "RTP/AVP", tuple(numbers), tuple(lines))
    return SessionDescription((origin, Line("s", "-"), unicast(local[0]), Line("t", "0 0")), (media,))


def _media_fault(offered: MediaDescription, answered: MediaDescription) -> str | None:
    if answered.kind != offered.kind:
        return f"{offered.kind} was offered and {answered.kind} answered"
    if not answered.port:
        return None
    if not offered.port and offered.attribute("bundle-only") is None:
        return f"the refused {offered.kind} stream was answered with port {answered.port}"
    if _profile(answered.protocol) != _profile(offered.protocol):
        return f"{offered.protocol} was offered and {answered.protocol} answered"
    if not answered.formats:
        return "the answer accepts the stream without any format"
    return None


def _profile(protocol: str) -> str:
    """The protocol without its feedback letter, which peers answer carelessly and which changes no packet."""
    upper = protocol.upper()
    return upper[:-1] if upper.endswith("AVPF") else upper


def _is_plain_audio(media: MediaDescription) -> bool:
    return media.kind == "audio" and media.port > 0 and _profile(media.protocol) == "RTP/AVP"


def _is_among(codec: Codec, supported: Sequence[Codec]) -> bool:
    for each in supported:  # noqa: SIM110  a loop is what mypyc makes fast
        if each.matches(codec):
            return True
    return False


def _accepting(media: MediaDescription, payload_type: int, port: int, flow: Direction) -> MediaDescription:
    formats = [str(payload_type)]
    lines: list[DescriptionLine] = []
    for value in media.attributes("rtpmap"):
        if value.split()[:1] == formats:
            lines.append(Attribute("rtpmap", value))
            break
    else:
        lines.extend(
            [
                each.codec.rtpmap(payload_type)
                for each in payload_formats(media)
                if each.payload_type == payload_type and each.codec is not None
            ][:1]
        )
    event = telephone_event(media)
    if event is not None:
        formats.append(str(event))
        lines.extend(_event_lines(event))
    ptime = decimal((media.attribute("ptime") or "").strip(), 1000)
    lines.append(Attribute("ptime", str(ptime) if ptime > 0 else "20"))
    lines.extend(_mid(media))
    lines.append(Attribute(flow.value))
    return MediaDescription(media.kind, port, media.protocol, tuple(formats), tuple(lines))


def _event_lines(payload_type: int) -> list[DescriptionLine]:
    # RFC 4733 §2.4.1: events 0-15 are the digits, * # and A-D.
    return [TELEPHONE_EVENT.rtpmap(payload_type), Attribute("fmtp", f"{payload_type} 0-15")]


def _refusing(media: MediaDescription) -> MediaDescription:
    return MediaDescription(media.kind, 0, media.protocol, media.formats or ("0",), tuple(_mid(media)))


def _mid(media: MediaDescription) -> list[DescriptionLine]:
    """RFC 5888 §6: an answer repeats the identification of the stream."""
    mid = media.attribute("mid")
    return [] if mid is None else [Attribute("mid", mid)]


def _answering(
    offer: SessionDescription, media: tuple[MediaDescription, ...], address: str, origin: Origin
) -> SessionDescription:
    """Session lines of an answer: the times are the offer's (RFC 3264 §6), the rest is ours."""
    times = [line for line in offer.lines if isinstance(line, Line) and line.letter in {"t", "r", "z"}]
    lines: list[DescriptionLine] = [origin, Line("s", "-"), unicast(address)]
    lines.extend(times or [Line("t", "0 0")])
    return SessionDescription(tuple(lines), media)


def _restricted(media: MediaDescription, allowed: Collection[int]) -> MediaDescription:
    kept = tuple([text for text in media.formats if decimal(text, 127) in allowed])
    event = telephone_event(media)
    if not kept or kept == (str(event),):
        return _refusing(media)
    lines = [line for line in media.lines if not _of_another_format(line, kept)]
    return MediaDescription(media.kind, media.port, media.protocol, kept, tuple(lines), media.port_count)


def _of_another_format(line: DescriptionLine, kept: tuple[str, ...]) -> bool:
    if not isinstance(line, Attribute) or line.name not in _OF_A_PAYLOAD_TYPE:
        return False
    number = (line.value or "").split(" ", 1)[0]
    return number != "*" and number not in kept
