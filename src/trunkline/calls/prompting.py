"""Media of a leg that talks to a program rather than to a partner: answer, prompts, recordings."""

from __future__ import annotations

from typing import Final

from trunkline.calls.anchor import Anchor
from trunkline.calls.ending import hang_up
from trunkline.calls.events import PlayEnded
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.calls.uas import answer
from trunkline.calls.verbs import Play
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import LocalMedia, MediaFailure, RemoteMedia
from trunkline.sdp import negotiation
from trunkline.sdp.anchoring import streams
from trunkline.sdp.codecs import PCMA, PCMU, TELEPHONE_EVENT

SPOKEN: Final = (PCMU, PCMA, TELEPHONE_EVENT)
"""What the media engine can play."""

_PLAY_TIMER: Final = "play "


def answer_alone(exchange: Exchange, leg: Leg) -> None:
    """Answer a caller with the media engine as its other party."""
    if leg.remote_description is None:
        hang_up(exchange, leg, EndCause.FAILED, status=488)
        return
    leg.anchor = Anchor(exchange.engine, exchange.tokens(), int(exchange.random() * 2**62), direct=False)
    leg.call.anchors[f"{leg.name} alone"] = leg.anchor
    _AnsweringAlone(exchange, leg, leg.anchor).start()


class _AnsweringAlone:
    """The engine opens both sides of the first audio stream; the answer names its port."""

    def __init__(self, exchange: Exchange, leg: Leg, anchor: Anchor) -> None:
        self._exchange = exchange
        self._leg = leg
        self._anchor = anchor

    def start(self) -> None:
        leg = self._leg
        if leg.remote_description is None:
            return
        audio = next((each for each in streams(leg.remote_description) if each.kind == "audio" and not each.rejected), None)
        if audio is None:
            hang_up(self._exchange, leg, EndCause.FAILED, status=488)
            return
        remote = RemoteMedia(
            audio.address or "0.0.0.0", audio.port if audio.address else 0,  # noqa: S104 - SDP's "nowhere"
            trusted=leg.trunk is not None or audio.address == leg.flow.host,
            payload_types=audio.payload_types, telephone_event=audio.telephone_event,
        )
        name = self._anchor.stream_name(audio.index)
        self._exchange.engine.set_remote(name, leg.side, remote, leg.facing, self._opened)
        self._exchange.engine.set_remote(name, leg.side.other, None, leg.facing, self._ready)

    def _opened(self, result: LocalMedia | MediaFailure) -> None:
        """The far port exists; nobody is told of it."""

    def _ready(self, result: LocalMedia | MediaFailure) -> None:
        leg = self._leg
        offer = leg.remote_description
        if isinstance(result, MediaFailure) or offer is None:
            hang_up(self._exchange, leg, EndCause.MEDIA_LOST, status=503)
        else:
            local = (result.address, result.port)
            description = negotiation.answer(offer, SPOKEN, local, self._anchor.origin(result.address))
            if description is None:
                hang_up(self._exchange, leg, EndCause.FAILED, status=488)
            else:
                answer(self._exchange, leg, description)
        self._exchange.settle()


def _stream_of(leg: Leg) -> str:
    """The engine's name of a leg's first stream; "" when it has none."""
    return next(iter(leg.anchor.streams.values()), "") if leg.anchor is not None else ""


def play(exchange: Exchange, leg: Leg, verb: Play) -> None:
    """Play a prompt; its end is reckoned from its length, since the engine does not tell."""
    stream = _stream_of(leg)
    if not stream:
        exchange.post(leg.call, PlayEnded(leg.name))
        return
    exchange.engine.play(stream, leg.side, verb.prompt, verb.repeat, _Playing(exchange, leg).started)
    if verb.repeat > 0:
        exchange.start_timer(
            leg.call, _PLAY_TIMER + leg.name, verb.seconds * verb.repeat, _Playing(exchange, leg).ended
        )


class _Playing:
    """What follows a prompt."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg

    def started(self, failure: MediaFailure | None) -> None:
        if failure is not None:
            self.ended()

    def ended(self) -> None:
        self._exchange.stop_timer(self._leg.call, _PLAY_TIMER + self._leg.name)
        self._exchange.post(self._leg.call, PlayEnded(self._leg.name))
        self._exchange.settle()


def stop_play(exchange: Exchange, leg: Leg) -> None:
    """Stop a prompt; its end is not told."""
    exchange.stop_timer(leg.call, _PLAY_TIMER + leg.name)
    stream = _stream_of(leg)
    if stream:
        exchange.engine.stop_play(stream, leg.side)


def record(exchange: Exchange, leg: Leg) -> None:
    """Record what a leg says; the path goes into the call's record."""
    stream = _stream_of(leg)
    if stream:
        exchange.engine.record(stream, leg.side, _Recording(leg).started)


class _Recording:
    """Notes where a recording lies."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg

    def started(self, result: str | MediaFailure) -> None:
        if isinstance(result, str):
            self._leg.call.recordings.append(result)


def stop_record(exchange: Exchange, leg: Leg) -> None:
    """End a recording."""
    stream = _stream_of(leg)
    if stream:
        exchange.engine.stop_record(stream, leg.side)
