"""Requests of ours within a dialog; a trunk that challenges one is answered once."""

from __future__ import annotations

from trunkline.calls.exchange import Exchange
from trunkline.calls.leg import Leg
from trunkline.calls.requester import Requester
from trunkline.domain.trunk import OutboundDigest
from trunkline.sip.digest import MD5, SHA256, SHA512_256, answer_challenge
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request, Response

Headers = list[tuple[str, str]]


def send_in_dialog(
    exchange: Exchange, leg: Leg, method: str, body: bytes = b"", headers: Headers | None = None,
    requester: Requester | None = None,
) -> None:
    """Send a request in a leg's dialog; ``requester`` hears what becomes of it."""
    _DialogRequest(exchange, leg, method, body, headers or [], requester).send([])


def challenge_answer(
    exchange: Exchange, leg: Leg, response: Response, request: Request
) -> tuple[str, str] | None:
    """The Authorization for a trunk's challenge; None when the leg's trunk has no digest for it.

    Challenges of anybody else are never answered: a far end must not be given digests to crack.
    """
    digest = leg.trunk.digest if leg.trunk is not None else None
    if digest is None:
        return None
    return answer_challenge(
        response, request, digest.username, digest.realm, _hashes(digest), exchange.tokens()
    )


def _hashes(digest: OutboundDigest) -> dict[str, str]:
    found = {MD5: digest.md5, SHA256: digest.sha256, SHA512_256: digest.sha512_256}
    return {algorithm: ha1 for algorithm, ha1 in found.items() if ha1}


class _DialogRequest(Requester):
    """One request, sent again with an Authorization when a trunk asks for it."""

    def __init__(
        self, exchange: Exchange, leg: Leg, method: str, body: bytes, headers: Headers, requester: Requester | None
    ) -> None:
        self._exchange = exchange
        self._leg = leg
        self._method = method
        self._body = body
        self._headers = headers
        self._requester = requester
        self._sent: Request | None = None

    def send(self, authorization: Headers) -> None:
        """Send it with the next CSeq."""
        dialog = self._leg.dialog
        if dialog is None:
            return
        request = dialog.make_request(self._method, self._body, [*self._headers, *authorization])
        client = self._exchange.endpoint.send_request(request, self._leg.flow, self._exchange.now())
        self._sent = client.request
        client.user = self

    def responded(self, response: Response, flow: Flow) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        if response.status in (401, 407) and self._sent is not None:
            authorization = challenge_answer(self._exchange, self._leg, response, self._sent)
            if authorization is not None:
                self.send([authorization])
                return
        if self._requester is not None:
            self._requester.responded(response, flow)

    def gave_up(self, status: int) -> None:
        """See :class:`~trunkline.calls.requester.Requester`."""
        if self._requester is not None:
            self._requester.gave_up(status)
