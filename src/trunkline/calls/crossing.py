"""Two offers that meet: what of one may stand as the answer to the other."""

from __future__ import annotations

from trunkline.sdp.codecs import TELEPHONE_EVENT, Codec, payload_formats
from trunkline.sdp.description import MediaDescription, SessionDescription
from trunkline.sdp.negotiation import reject_all, restrict


def mutual_answer(offer: SessionDescription, other: SessionDescription) -> SessionDescription | None:
    """The other party's own offer, cut down to an answer; None when they have no codec in common.

    The first line of audio counts, which must stand at the same place in both. A payload type is in common when it
    means the same codec on both sides, since packets are relayed as they are.
    """
    origin = other.origin
    for index, media in enumerate(offer.media):
        if media.kind != "audio" or not media.port:
            continue
        theirs = other.media[index] if index < len(other.media) else None
        if theirs is None or theirs.kind != "audio" or theirs.protocol != media.protocol or origin is None:
            return None
        allowed = _common(media, theirs)
        cut = restrict(SessionDescription(other.lines, (theirs,)), allowed).media[0]
        if not cut.port:
            return None
        lines = list(reject_all(offer, origin).media)
        lines[index] = cut
        return SessionDescription(other.lines, tuple(lines))
    return None


def _common(media: MediaDescription, theirs: MediaDescription) -> set[int]:
    ours: dict[int, Codec] = {}
    for each in payload_formats(media):
        if each.codec is not None:
            ours[each.payload_type] = each.codec
    common: set[int] = set()
    for each in payload_formats(theirs):
        mine = ours.get(each.payload_type)
        if mine is not None and each.codec is not None and mine.matches(each.codec):
            common.add(each.payload_type)
    is_voice = any(not ours[number].matches(TELEPHONE_EVENT) for number in common)
    return common if is_voice else set()
