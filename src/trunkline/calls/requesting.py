"""Requests of ours within a dialog; a trunk that challenges one is answered once."""

from __future__ import annotations

from typing import Final

from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.calls.requester import Requester
from trunkline.domain.trunk import OutboundDigest
from trunkline.sip.dialog import Dialog
from trunkline.sip.digest import MD5, SHA256, SHA512_256, answer_challenge
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response
from trunkline.sip.transaction.transaction import ClientTransaction

Headers = list[tuple[str, str]]

INVITE_LIMIT_S: Final = 60.0
"""How long a re-INVITE may stay without a final response: RFC 3261 sets no limit once it was heard of."""

_LIMIT_TIMER: Final = "re-INVITE"
_MOST_CHALLENGES: Final = 2
"""A challenge, and one more that says the nonce was stale."""


def send_in_dialog(
    exchange: Exchange,
    leg: Leg,
    method: str,
    body: bytes = b"",
    headers: Headers | None = None,
    requester: Requester | None = None,
    dialog: Dialog | None = None,
) -> DialogRequest | None:
    """Send a request in a leg's dialog; ``requester`` hears what becomes of it. None when there is no dialog.

    ``dialog`` is another of the leg's dialogs: an early one of a fork.
    """
    chosen = dialog or leg.dialog
    if chosen is None:
        return None
    request = DialogRequest(exchange, leg, chosen, method, body, headers or [], requester)
    request.send([])
    return request


def challenge_answer(
    exchange: Exchange, leg: Leg, response: Response, request: Request
) -> tuple[str, str] | None:
    """The Authorization for a trunk's challenge; None when the leg's trunk has no digest for it.

    Challenges of anybody else are never answered: a far end must not be given digests to crack. Whoever called us
    from a trunk's address has only shown that address, which datagrams can forge.
    """
    digest = leg.trunk.digest if leg.trunk is not None and not leg.is_uas else None
    if digest is None:
        return None
    return answer_challenge(
        response, request, digest.username, digest.realm, _hashes(digest), exchange.tokens()
    )


def _hashes(digest: OutboundDigest) -> dict[str, str]:
    found = {MD5: digest.md5, SHA256: digest.sha256, SHA512_256: digest.sha512_256}
    return {algorithm: ha1 for algorithm, ha1 in found.items() if ha1}


class DialogRequest(Requester):
    """One request, sent again with an Authorization when a trunk asks for it."""

    def __init__(
        self,
        exchange: Exchange,
        leg: Leg,
        dialog: Dialog,
        method: str,
        body: bytes,
        headers: Headers,
        requester: Requester | None,
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._dialog = dialog
        self._method = method
        self._body = body
        self._headers = headers
        self._requester = requester
        self._sent: Request | None = None
        # Of a re-INVITE until its final response, in case it is cancelled.
        self._client: ClientTransaction | None = None
        self._challenges = 0

    def send(self, authorization: Headers) -> None:
        """Send it with the next CSeq."""
        exchange, leg = self._exchange, self._leg
        headers = [*self._headers, *authorization] if authorization else self._headers
        request = self._dialog.make_request(self._method, self._body, headers)
        client = exchange.endpoint.send_request(request, leg.flow, exchange.now())
        client.user = self
        self._sent = client.request
        if self._method == "INVITE":
            self._client = client
            exchange.start_timer(leg, _LIMIT_TIMER, INVITE_LIMIT_S, self.cancel)

    def cancel(self) -> None:
        """Give a re-INVITE up; nothing happens to another request, or to one that has its final response."""
        if self._client is not None:
            self._exchange.endpoint.cancel(self._client, self._exchange.now())

    def acknowledge(self, body: bytes, headers: Headers) -> Request:
        """Make and send the ACK to the 2xx of this re-INVITE; returned to be sent again when the 2xx is."""
        exchange = self._exchange
        number = self._sent.cseq_number if self._sent is not None else 0
        ack = self._dialog.make_ack(number, body, headers)
        exchange.endpoint.send_ack(ack, self._leg.flow)
        return ack

    def responded(self, response: Response, flow: Flow) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status >= 200:
            self._has_final()
        if response.status in (401, 407) and self._sent is not None and self._challenges < _MOST_CHALLENGES:
            self._challenges += 1
            authorization = challenge_answer(self._exchange, self._leg, response, self._sent)
            if authorization is not None:
                self.send([authorization])
                return
        if self._requester is not None:
            self._requester.responded(response, flow)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        self._has_final()
        if self._requester is not None:
            self._requester.gave_up(status)

    def _has_final(self) -> None:
        if self._client is not None:
            self._client = None
            self._exchange.stop_timer(self._leg, _LIMIT_TIMER)
