"""Codecs of RTP payload types: the static ones of RFC 3551 and those that ``a=rtpmap`` names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.sdp.description import MediaDescription
from trunkline.sdp.lines import Attribute, decimal


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoding name, its RTP clock rate in hertz, and its channels."""

    name: str
    clock_rate: int
    channels: int = 1

    def matches(self, other: Codec) -> bool:
        """Whether both are the same codec; encoding names do not differ by case (RFC 8866 §6.6)."""
        return (
            self.clock_rate == other.clock_rate
            and self.channels == other.channels
            and self.name.lower() == other.name.lower()
        )

    def rtpmap(self, payload_type: int) -> Attribute:
        """The attribute that gives this codec a payload type."""
        text = f"{payload_type} {self.name}/{self.clock_rate}"
        return Attribute("rtpmap", text if self.channels == 1 else f"{text}/{self.channels}")


@dataclass(frozen=True, slots=True)
class PayloadFormat:
    """One offered payload type. ``codec`` is None for a dynamic type that nothing explains."""

    payload_type: int
    codec: Codec | None


PCMU: Final = Codec("PCMU", 8000)
PCMA: Final = Codec("PCMA", 8000)
# RFC 3551 §4.5.2: the clock rate of G.722 is written 8000 by an old mistake, though it samples at 16000.
G722: Final = Codec("G722", 8000)
TELEPHONE_EVENT: Final = Codec("telephone-event", 8000)

_STATIC: Final[dict[int, Codec]] = {
    0: PCMU,
    3: Codec("GSM", 8000),
    4: Codec("G723", 8000),
    5: Codec("DVI4", 8000),
    6: Codec("DVI4", 16000),
    7: Codec("LPC", 8000),
    8: PCMA,
    9: G722,
    10: Codec("L16", 44100, 2),
    11: Codec("L16", 44100),
    12: Codec("QCELP", 8000),
    13: Codec("CN", 8000),
    14: Codec("MPA", 90000),
    15: Codec("G728", 8000),
    16: Codec("DVI4", 11025),
    17: Codec("DVI4", 22050),
    18: Codec("G729", 8000),
    26: Codec("JPEG", 90000),
    31: Codec("H261", 90000),
    34: Codec("H263", 90000),
}


def static_payload_type(codec: Codec) -> int | None:
    """The payload type RFC 3551 gives a codec; None when it has none."""
    for payload_type, known in _STATIC.items():
        if known.matches(codec):
            return payload_type
    return None


def payload_types(media: MediaDescription) -> tuple[int, ...]:
    """The payload types of an RTP stream in their order of preference; what is no payload type is left out."""
    numbers: list[int] = []
    for text in media.formats:
        number = decimal(text, 127)
        if number >= 0:
            numbers.append(number)
    return tuple(numbers)


def payload_formats(media: MediaDescription) -> tuple[PayloadFormat, ...]:
    """The payload types of an RTP stream with their codecs, in order of preference."""
    named: dict[int, Codec] = {}
    for value in media.attributes("rtpmap"):
        payload_type, codec = _parse_rtpmap(value)
        if codec is not None and payload_type not in named:
            named[payload_type] = codec
    return tuple(
        [
            PayloadFormat(number, named[number] if number in named else _STATIC.get(number))
            for number in payload_types(media)
        ]
    )


def telephone_event(media: MediaDescription) -> int | None:
    """The payload type of RFC 4733 events; the 8000 Hz one where there are several, None when there is none."""
    found: int | None = None
    for line in media.lines:
        if isinstance(line, Attribute) and line.name == "rtpmap" and line.value is not None:
            value = line.value
            if "telephone-event" not in value.lower():
                continue
            payload_type, codec = _parse_rtpmap(value)
            if (
                codec is None
                or codec.name.lower() != "telephone-event"
                or str(payload_type) not in media.formats
            ):
                continue
            if codec.clock_rate == 8000:
                return payload_type
            if found is None:
                found = payload_type
    return found


def _parse_rtpmap(value: str) -> tuple[int, Codec | None]:
    """Read ``101 telephone-event/8000``; the codec is None for a line that says nothing useful."""
    parts = value.split()
    if len(parts) < 2:
        return -1, None
    payload_type = decimal(parts[0], 127)
    encoding = parts[1].split("/")
    clock_rate = decimal(encoding[1], 1_000_000) if len(encoding) > 1 else -1
    if payload_type < 0 or clock_rate < 0:
        return -1, None
    channels = decimal(encoding[2], 255) if len(encoding) > 2 else 1
    return payload_type, Codec(encoding[0], clock_rate, channels if channels > 0 else 1)
