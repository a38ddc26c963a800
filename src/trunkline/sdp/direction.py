"""Which way media flows: the direction attributes and how an answer follows them (RFC 3264 §5.1, §6.1)."""

from __future__ import annotations

from enum import Enum

from trunkline.sdp.description import MediaDescription, SessionDescription
from trunkline.sdp.lines import Attribute, DescriptionLine


class Direction(Enum):
    """As the describing party sees it: ``SENDONLY`` means that it sends and will not listen."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the describing party may send."""
        return self is Direction.SENDRECV or self is Direction.SENDONLY

    @property
    def receives(self) -> bool:
        """Whether the describing party wants to receive."""
        return self is Direction.SENDRECV or self is Direction.RECVONLY

    @property
    def mirrored(self) -> Direction:
        """The same flow as the other party describes it."""
        return direction(sends=self.receives, receives=self.sends)


def direction(*, sends: bool, receives: bool) -> Direction:
    """The direction of a party that does or does not send and receive."""
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


def answer_direction(offered: Direction, wanted: Direction = Direction.SENDRECV) -> Direction:
    """What to answer to an offered direction when we would like ``wanted`` (RFC 3264 §6.1).

    We send only where the offerer receives, and receive only where it sends.
    """
    return direction(sends=wanted.sends and offered.receives, receives=wanted.receives and offered.sends)


def held(offered: Direction) -> Direction:
    """The direction that puts the other party on hold (RFC 3264 §8.4): we stop to listen."""
    return direction(sends=offered.sends, receives=False)


def direction_among(lines: tuple[DescriptionLine, ...]) -> Direction | None:
    """The first direction attribute among lines; None when there is none."""
    for line in lines:
        if isinstance(line, Attribute):
            found = _DIRECTIONS.get(line.name)
            if found is not None:
                return found
    return None


def direction_of(media: MediaDescription, description: SessionDescription) -> Direction:
    """A stream's direction: its own attribute, else the session's, else sendrecv (RFC 8866 §6.7)."""
    return direction_among(media.lines) or direction_among(description.lines) or Direction.SENDRECV


def directed(media: MediaDescription, wanted: Direction) -> MediaDescription:
    """The stream with one direction attribute, in the place of the old one or else at its end."""
    lines: list[DescriptionLine] = []
    placed = False
    for line in media.lines:
        if isinstance(line, Attribute) and line.name in _DIRECTIONS:
            if not placed:
                lines.append(Attribute(wanted.value))
            placed = True
            continue
        lines.append(line)
    if not placed:
        lines.append(Attribute(wanted.value))
    return MediaDescription(
        media.kind, media.port, media.protocol, media.formats, tuple(lines), media.port_count
    )


_DIRECTIONS: dict[str, Direction] = {each.value: each for each in Direction}
