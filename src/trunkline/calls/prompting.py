"""Media of a leg that talks to a program rather than to a partner: answer, prompts, recordings."""

from __future__ import annotations

from typing import Final

from trunkline.calls.anchor import Anchor, Carried, rejection_of
from trunkline.calls.anchoring import new_anchor
from trunkline.calls.ending import hang_up
from trunkline.calls.events import LegAnswered, PlayEnded
from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.calls.uas import answer
from trunkline.calls.verbs import Play
from trunkline.domain.cdr import EndCause
from trunkline.domain.media import NOWHERE, LocalMedia, MediaFailure, RemoteMedia
from trunkline.domain.rejection import MEDIA_UNSUPPORTED, Rejection
from trunkline.sdp import negotiation
from trunkline.sdp.anchoring import Stream, streams, succeeding
from trunkline.sdp.codecs import PCMA, PCMU, TELEPHONE_EVENT
from trunkline.sdp.description import SessionDescription

SPOKEN: Final = (PCMU, PCMA, TELEPHONE_EVENT)
"""What the media engine can play."""

_PLAY_TIMER: Final = "play"


def answer_alone(exchange: Exchange, leg: Leg) -> None:
    """Answer a caller with the media engine as its other party."""
    if not leg.is_waiting:
        return
    if leg.remote_description is None:
        hang_up(exchange, leg, EndCause.FAILED, status=488)
        return
    leg.anchor = new_anchor(exchange, leg.call)
    _Alone(exchange, leg, leg.anchor, leg.remote_description, _Answering(exchange, leg).settled).start()


def change_alone(exchange: Exchange, leg: Leg, offer: SessionDescription, done: Carried) -> None:
    """Answer what a leg without a partner offers anew; ``done`` gets the answer it is to be shown."""
    if leg.anchor is None or leg.anchor.direct:
        done(MEDIA_UNSUPPORTED.because("the leg has no partner to whom this could be offered"))
    else:
        _Alone(exchange, leg, leg.anchor, offer, done).start()


class _Alone:
    """The engine opens both sides of the first audio stream; the answer names its port."""

    def __init__(
        self, exchange: Exchange, leg: Leg, anchor: Anchor, offer: SessionDescription, done: Carried
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._anchor = anchor
        self._offer = offer
        self._done = done

    def start(self) -> None:
        leg, engine = self._leg, self._exchange.engine
        audio = _first_audio(self._offer)
        if audio is None:
            self._done(MEDIA_UNSUPPORTED.because("there is no audio stream that could be answered"))
            return
        remote = RemoteMedia(
            audio.address or "0.0.0.0",  # noqa: S104 - SDP's "nowhere"
            audio.port if audio.address is not None and audio.direction.receives else 0,
            trusted=leg.trunk is not None or audio.address == leg.flow.host,
            payload_types=audio.payload_types,
            telephone_event=audio.telephone_event,
        )
        name = self._anchor.stream_name(audio.index)
        engine.set_remote(name, leg.side, remote, NOWHERE, self._opened)
        engine.set_remote(name, leg.side.other, None, leg.facing, self._ready)

    def _opened(self, result: LocalMedia | MediaFailure) -> None:
        """The far port exists; nobody is told of it."""

    def _ready(self, result: LocalMedia | MediaFailure) -> None:
        if isinstance(result, MediaFailure):
            self._done(rejection_of(result))
            return
        local = (result.address, result.port)
        answer_of_ours = negotiation.answer(self._offer, SPOKEN, local, self._anchor.origin(result.address))
        if answer_of_ours is None:
            self._done(
                MEDIA_UNSUPPORTED.because("the audio stream has no codec that prompts can be played in")
            )
        else:
            self._done(succeeding(answer_of_ours, self._leg.local_description))


def _first_audio(description: SessionDescription) -> Stream | None:
    for stream in streams(description):
        if stream.kind == "audio" and not stream.rejected and stream.readable:
            return stream
    return None


class _Answering:
    """The answer of a caller that talks to a program."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg

    def settled(self, result: SessionDescription | Rejection) -> None:
        exchange, leg = self._exchange, self._leg
        if isinstance(result, Rejection):
            if leg.is_waiting:
                leg.call.rejection, leg.call.detail = result.code, result.detail
                hang_up(exchange, leg, EndCause.FAILED, status=result.status)
        elif leg.is_waiting:
            answer(exchange, leg, result)
            exchange.post(leg.call, LegAnswered(leg.name))
        exchange.settle()


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
        exchange.start_timer(leg, _PLAY_TIMER, verb.seconds * verb.repeat, _Playing(exchange, leg).ended)


class _Playing:
    """What follows a prompt."""

    def __init__(self, exchange: Exchange, leg: Leg) -> None:
        self._exchange = exchange
        self._leg = leg

    def started(self, failure: MediaFailure | None) -> None:
        if failure is not None:
            self.ended()

    def ended(self) -> None:
        self._exchange.stop_timer(self._leg, _PLAY_TIMER)
        self._exchange.post(self._leg.call, PlayEnded(self._leg.name))
        self._exchange.settle()


def stop_play(exchange: Exchange, leg: Leg) -> None:
    """Stop a prompt; its end is not told."""
    exchange.stop_timer(leg, _PLAY_TIMER)
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
