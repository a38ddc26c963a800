"""Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3)."""

from __future__ import annotations

from trunkline.sip.message import Request, Response
from trunkline.sip.via import MAGIC_COOKIE


def client_key(branch: str, method: str) -> str:
    """The key of a request of ours: its branch, and the method, since a CANCEL shares the INVITE's branch."""
    return f"{branch}\n{method}"


def response_key(response: Response) -> str:
    """The client transaction a response belongs to: branch of the top Via and method of the CSeq."""
    return f"{response.top_via.branch}\n{response.cseq_method}"


def has_rfc3261_branch(branch: str) -> bool:
    """Whether a branch names its transaction by itself.

    One of the magic cookie alone names nothing and is treated as RFC 2543's (RFC 4475 §3.1.1.8 leaves that
    open).
    """
    return len(branch) > len(MAGIC_COOKIE) and branch.startswith(MAGIC_COOKIE)


def server_key(request: Request) -> str:
    """The key of a request of theirs, as it came: before ``received`` is put in its Via.

    An ACK has the key of its INVITE.
    """
    method = request.method
    return _server_key(request, "INVITE" if method == "ACK" else method)


def invite_key(request: Request) -> str:
    """The key of the INVITE that a CANCEL is for (§9.2)."""
    return _server_key(request, "INVITE")


def _server_key(request: Request, method: str) -> str:
    via = request.top_via
    if has_rfc3261_branch(via.branch):
        # The branch is unique to the client that made it, not to the world: so sent-by is part of the key.
        return f"{via.branch}\n{via.host}:{via.port}\n{method}"
    # RFC 2543 clients repeat branches or have none: Request-URI, tags, Call-ID, CSeq and top Via must all be
    # equal. An ACK has a To tag that its INVITE had not: the tag is compared with the response's instead.
    to_tag = "" if method == "INVITE" else request.to_tag
    parts = (
        str(via),
        request.uri_text,
        request.from_tag,
        to_tag,
        request.call_id,
        str(request.cseq_number),
        method,
    )
    return "\n".join(parts)


def merge_key(request: Request) -> str:
    """What two copies of one request have in common that came by different ways (§8.2.2.2)."""
    return f"{request.call_id}\n{request.from_tag}\n{request.cseq_number}\n{request.method}"


def dialog_key(call_id: str, local_tag: str, remote_tag: str, cseq: int) -> str:
    """An INVITE of theirs within its dialog: how an ACK to a 2xx and a PRACK find it."""
    return f"{call_id}\n{local_tag}\n{remote_tag}\n{cseq}"
