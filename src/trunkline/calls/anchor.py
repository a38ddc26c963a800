"""Anchors: two sides' session descriptions led through the media engine.

One anchor serves the legs that hear each other. It has a side for the caller and one for whoever was called;
while several devices ring they share the callee's side, and the one that answers moves it to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from trunkline.domain.media import (
    LocalMedia,
    MediaEngine,
    MediaFailure,
    MediaFailureCause,
    MediaStatistics,
    RemoteMedia,
    Side,
    SideStatistics,
)
from trunkline.domain.rejection import MEDIA_UNAVAILABLE, MEDIA_UNSUPPORTED, NO_MEDIA_PORT, Rejection
from trunkline.sdp.anchoring import Security, Stream, rewrite, streams, why_not_relayable
from trunkline.sdp.description import SessionDescription
from trunkline.sdp.lines import Origin

_ONLY_ONE_ENCRYPTS: Final = (
    "one party encrypts with DTLS-SRTP and the other speaks plain RTP: "
    "joining them needs a media gateway that ends the encryption"
)

Carried = Callable[[SessionDescription | Rejection], None]

MOST_STREAMS: Final = 8
"""Each takes four ports: one call must not use up those of all."""

_INWARD: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"""Addresses that mean something else to each network."""


class Anchor:
    """The media streams of a call, by the index of their ``m=`` line; ``direct`` leads nothing through us."""

    def __init__(self, engine: MediaEngine, name: str, session_id: int, *, direct: bool) -> None:
        self.engine: Final = engine
        self.name: Final = name
        self.direct: Final = direct
        self.streams: dict[int, str] = {}
        self.is_closed = False
        self._session_id: Final = session_id
        self._silent: list[str] = []
        self._opened = 0
        self._dtls: dict[Side, bool] = {}

    def carry(
        self,
        description: SessionDescription,
        side: Side,
        *,
        source: str,
        trusted: bool,
        facing: str,
        previous: SessionDescription | None,
        done: Carried,
    ) -> None:
        """Take what ``side`` offers or answers and give ``done`` what the other side is to be shown.

        ``source`` is the SIP source address of the side: a description that names the same one is trusted.
        ``previous`` is what the other side was shown last. A description that cannot be relayed, or an engine
        that cannot serve it, gives a rejection.
        """
        if self.direct:
            done(description)
            return
        if self.is_closed:
            done(MEDIA_UNSUPPORTED.because("the call has ended"))
            return
        offered = streams(description)
        fault = self._fault(offered, side)
        if fault is not None:
            done(fault)
            return
        _Carrying(self, description, side, offered, source, trusted, facing, previous, done).start()

    def _fault(self, offered: tuple[Stream, ...], side: Side) -> Rejection | None:
        """Why what a side described cannot be relayed; None when it can."""
        active = [stream for stream in offered if not stream.rejected]
        if not active:
            return None
        if len(active) > MOST_STREAMS:
            return MEDIA_UNSUPPORTED.because(
                f"{len(active)} streams; {MOST_STREAMS} are relayed for one call"
            )
        speaks_dtls = False
        for stream in active:
            speaks_dtls |= stream.security is Security.DTLS
        both_speak_dtls = speaks_dtls and self._dtls.get(side.other, True)
        for stream in active:
            why = why_not_relayable(stream, both_speak_dtls=both_speak_dtls)
            if why is not None:
                return MEDIA_UNSUPPORTED.because(why)
        if self._dtls.get(side.other, False) and not speaks_dtls:
            return MEDIA_UNSUPPORTED.because(_ONLY_ONE_ENCRYPTS)
        self._dtls[side] = speaks_dtls
        return None

    def stream_name(self, index: int) -> str:
        """The engine's name of the stream at this ``m=`` line; a new one where there is no stream yet."""
        name = self.streams.get(index)
        if name is None:
            self._opened += 1
            name = f"{self.name}-{self._opened}"
            self.streams[index] = name
        return name

    def keep_only(self, description: SessionDescription) -> None:
        """End the streams that this description, agreed upon by both sides, has not: nobody will send on them."""
        media = description.media
        for index in list(self.streams):
            if index >= len(media) or not media[index].port:
                self.engine.close(self.streams.pop(index))

    def fell_silent(self, stream: str) -> bool:
        """The engine ended a stream for its silence; whether none is left that is heard."""
        for index, name in self.streams.items():
            if name == stream:
                del self.streams[index]
                self._silent.append(stream)
                break
        return not self.streams

    def origin(self, address: str) -> Origin:
        """Our ``o=`` line for descriptions that go out for the first time."""
        return Origin.ours(address, self._session_id)

    def close(self, done: Callable[[MediaStatistics | None], None]) -> None:
        """End all streams, for good; ``done`` gets their figures together, None when there were none."""
        self.is_closed = True
        names = [*self.streams.values(), *self._silent]
        self.streams.clear()
        self._silent.clear()
        if not names:
            done(None)
            return
        _Closing(len(names), done).close(self.engine, names)


def anchor_name(stream: str) -> str:
    """The name of the anchor that an engine's stream belongs to."""
    return stream.rpartition("-")[0]


class _Carrying:
    """One description on its way: the engine is asked for each stream, then the description is rewritten."""

    def __init__(
        self,
        anchor: Anchor,
        description: SessionDescription,
        side: Side,
        offered: tuple[Stream, ...],
        source: str,
        trusted: bool,
        facing: str,
        previous: SessionDescription | None,
        done: Carried,
    ) -> None:
        self._anchor = anchor
        self._description = description
        self._side = side
        self._offered = offered
        self._source = source
        self._trusted = trusted
        self._facing = facing
        self._previous = previous
        self._done = done
        self._ports: dict[int, tuple[str, int]] = {}
        self._waiting = 0
        self._failure: MediaFailure | None = None

    def start(self) -> None:
        wanted = [stream for stream in self._offered if not stream.rejected]
        # One more than there are streams, so that answers given at once do not finish it half way.
        self._waiting = len(wanted) + 1
        for stream in wanted:
            remote = RemoteMedia(
                self._address_of(stream),
                # Who does not listen is on hold: its silence, and that of the other side, is not counted.
                stream.port if stream.address is not None and stream.direction.receives else 0,
                trusted=self._trusted or stream.address == self._source,
                payload_types=stream.payload_types,
                telephone_event=stream.telephone_event,
            )
            index = stream.index
            self._anchor.engine.set_remote(
                self._anchor.stream_name(index),
                self._side,
                remote,
                self._facing,
                _PortTaker(self, index).take,
            )
        self.finish_one()

    def _address_of(self, stream: Stream) -> str:
        """Where the side's media goes to; a private address of somebody outside would be a neighbour of ours.

        Then its router is the better guess, until its first packet tells.
        """
        address = stream.address or ("::" if self._facing == "ip6" else "0.0.0.0")  # noqa: S104 - SDP's "nowhere"
        if stream.address is None or self._trusted or address == self._source:
            return address
        return self._source if _is_inward(address) and not _is_inward(self._source) else address

    def take(self, index: int, result: LocalMedia | MediaFailure) -> None:
        if isinstance(result, MediaFailure):
            self._failure = result
        else:
            self._ports[index] = (result.address, result.port)
        self.finish_one()

    def finish_one(self) -> None:
        self._waiting -= 1
        if self._waiting:
            return
        if self._failure is not None:
            self._done(rejection_of(self._failure))
            return
        address = self._ports[min(self._ports)][0] if self._ports else "127.0.0.1"
        self._done(rewrite(self._description, self._ports, self._anchor.origin(address), self._previous))


@lru_cache(maxsize=4096)
def _is_inward(address: str) -> bool:
    ip = ip_address(address)
    return any(ip in network for network in _INWARD)


class _PortTaker:
    """Remembers which stream an answer of the engine is for."""

    def __init__(self, carrying: _Carrying, index: int) -> None:
        self._carrying = carrying
        self._index = index

    def take(self, result: LocalMedia | MediaFailure) -> None:
        self._carrying.take(self._index, result)


class _Closing:
    """Adds up the figures of several streams as they end."""

    def __init__(self, waiting: int, done: Callable[[MediaStatistics | None], None]) -> None:
        self._waiting = waiting
        self._done = done
        self._total: MediaStatistics | None = None

    def close(self, engine: MediaEngine, names: list[str]) -> None:
        for name in names:
            engine.close(name, self.take)

    def take(self, result: MediaStatistics | MediaFailure) -> None:
        if isinstance(result, MediaStatistics):
            self._total = result if self._total is None else _sum(self._total, result)
        self._waiting -= 1
        if not self._waiting:
            self._done(self._total)


def rejection_of(failure: MediaFailure) -> Rejection:
    """What a call is refused with when the engine fails it."""
    if failure.cause is MediaFailureCause.EXHAUSTED:
        return NO_MEDIA_PORT.because(failure.detail)
    if failure.cause is MediaFailureCause.UNAVAILABLE:
        return MEDIA_UNAVAILABLE.because(failure.detail)
    return MEDIA_UNSUPPORTED.because(failure.detail)


def _sum(left: MediaStatistics, right: MediaStatistics) -> MediaStatistics:
    return MediaStatistics(
        _sum_side(left.caller, right.caller),
        _sum_side(left.callee, right.callee),
        left.relayed + right.relayed,
        left.dropped + right.dropped,
    )


def _sum_side(left: SideStatistics, right: SideStatistics) -> SideStatistics:
    return SideStatistics(
        left.received + right.received,
        left.lost + right.lost,
        left.duplicates + right.duplicates,
        max(left.jitter_ms, right.jitter_ms),
        max(left.jitter_max_ms, right.jitter_max_ms),
    )
