"""Session descriptions: read, judge, rewrite and answer them (RFC 8866, RFC 3264). Pure: no sockets, no clock."""

from trunkline.sdp.anchoring import Security, Stream, rewrite, streams, succeeding, why_not_relayable
from trunkline.sdp.codecs import G722, PCMA, PCMU, TELEPHONE_EVENT, Codec
from trunkline.sdp.description import MediaDescription, SessionDescription, parse
from trunkline.sdp.direction import Direction, answer_direction
from trunkline.sdp.errors import SdpError
from trunkline.sdp.lines import Attribute, Connection, Line, Origin
from trunkline.sdp.negotiation import (
    answer,
    audio_offer,
    hold,
    reject_all,
    restrict,
    why_no_answer,
    why_no_later_offer,
    with_direction,
)

__all__ = [
    "G722",
    "PCMA",
    "PCMU",
    "TELEPHONE_EVENT",
    "Attribute",
    "Codec",
    "Connection",
    "Direction",
    "Line",
    "MediaDescription",
    "Origin",
    "SdpError",
    "Security",
    "SessionDescription",
    "Stream",
    "answer",
    "answer_direction",
    "audio_offer",
    "hold",
    "parse",
    "reject_all",
    "restrict",
    "rewrite",
    "streams",
    "succeeding",
    "why_no_answer",
    "why_no_later_offer",
    "why_not_relayable",
    "with_direction",
]
