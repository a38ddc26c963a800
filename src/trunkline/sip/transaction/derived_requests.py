"""Requests that are made of an INVITE: the ACK to its refusal, and its CANCEL."""

from __future__ import annotations

from typing import Final

from trunkline.sip.message import Request, Response

_SAME: Final = frozenset({"From", "Call-ID", "Route"})


def ack_to_refusal(invite: Request, response: Response) -> Request:
    """Make the ACK to a 3xx-6xx (RFC 3261 §17.1.1.3).

    Request-URI, top Via, Route, From and Call-ID are the INVITE's, To is the response's, CSeq keeps its
    number.
    """
    headers = _shared_headers(invite)
    headers.append(("To", response.get("To") or invite.get("To") or ""))
    headers.append(("CSeq", f"{invite.cseq_number} ACK"))
    return Request("ACK", invite.uri_text, headers)


def cancel_of(invite: Request, extra: list[tuple[str, str]]) -> Request:
    """The CANCEL of an INVITE (RFC 3261 §9.1): as the ACK, with the INVITE's own To. ``extra`` is for a Reason."""
    headers = _shared_headers(invite)
    headers.append(("To", invite.get("To") or ""))
    headers.append(("CSeq", f"{invite.cseq_number} CANCEL"))
    headers.extend(extra)
    return Request("CANCEL", invite.uri_text, headers)


def _shared_headers(invite: Request) -> list[tuple[str, str]]:
    headers = [("Via", str(invite.top_via)), ("Max-Forwards", "70")]
    headers.extend(pair for pair in invite.headers if pair[0] in _SAME)
    return headers
