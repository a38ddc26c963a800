"""Bindings: where the device of an address-of-record is reachable now, until when, over which flow."""

from __future__ import annotations

from trunkline.sip.flow import Flow


class Binding:
    """One contact of an address-of-record (RFC 3261 §10).

    A plain class, not a dataclass: there are a hundred thousand of them. A refresh changes the binding in place, so
    who keeps one beyond the moment (a journal that writes later) reads its state of then.
    ``expires_at`` is in epoch seconds; ``q`` in thousandths; ``path`` the Path URIs from nearest to farthest
    (RFC 3327); ``instance`` and ``reg_id`` are RFC 5626's, empty and 0 when the device sent none.
    ``contact`` is the whole Contact value (URI in angle brackets and its parameters, without expires and q).
    ``due`` and ``written_until`` belong to the table that holds the binding: the second in which it looks at it again
    (0 outside of one), and the ``expires_at`` that its journal was told last.
    """

    __slots__ = (
        "aor",
        "call_id",
        "contact",
        "cseq",
        "due",
        "expires_at",
        "flow",
        "instance",
        "path",
        "q",
        "reg_id",
        "registered_at",
        "uri",
        "user_agent",
        "written_until",
    )

    def __init__(
        self,
        aor: str,
        uri: str,
        contact: str,
        call_id: str,
        cseq: int,
        expires_at: float,
        q: int,
        flow: Flow,
        path: tuple[str, ...],
        instance: str,
        reg_id: int,
        user_agent: str,
        registered_at: float,
    ) -> None:
        self.aor = aor
        self.uri = uri
        self.contact = contact
        self.call_id = call_id
        self.cseq = cseq
        self.expires_at = expires_at
        self.q = q
        self.flow = flow
        self.path = path
        self.instance = instance
        self.reg_id = reg_id
        self.user_agent = user_agent
        self.registered_at = registered_at
        self.due = 0
        self.written_until = expires_at
