"""Legs: one dialog each, with the session descriptions that were exchanged in it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

from trunkline.calls.anchor import Anchor
from trunkline.calls.plan import DialTarget
from trunkline.domain.credential import Credential
from trunkline.domain.media import Side
from trunkline.domain.trunk import Trunk
from trunkline.routing.caller_identity import ClaimedIdentity
from trunkline.sdp.description import SessionDescription
from trunkline.sip.dialog import Dialog
from trunkline.sip.flow import Flow
from trunkline.sip.message import Request
from trunkline.sip.reliable import ReliableReceiver
from trunkline.sip.session_timer import LEAST_INTERVAL_S, SessionTimer
from trunkline.sip.transaction.transaction import ClientTransaction, ServerTransaction

if TYPE_CHECKING:
    from trunkline.calls.call import Call
    from trunkline.calls.dialing import Dialing


NOBODY: Final = ClaimedIdentity("")


class LegState(Enum):
    """How far a leg's INVITE has come."""

    TRYING = "trying"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class Leg:
    """One side of a call.

    ``is_uas``: the party invited us; otherwise we invited it. ``remote_description`` is what the party last
    offered or answered, ``local_description`` what it was last shown. ``partner`` is the leg it hears.
    ``local_tag`` and ``sip_call_id`` find the leg again from any request in its dialog.
    """

    def __init__(self, call: Call, name: str, *, is_uas: bool, flow: Flow, sip_call_id: str, local_tag: str) -> None:
        self.call = call
        self.name = name
        self.is_uas = is_uas
        self.flow = flow
        self.sip_call_id = sip_call_id
        self.local_tag = local_tag
        self.state = LegState.TRYING
        self.dialog: Dialog | None = None
        self.partner: Leg | None = None
        self.credential: Credential | None = None
        self.trunk: Trunk | None = None
        self.claimed = NOBODY
        self.holder = ""
        # The INVITE that made the leg.
        self.invite: Request | None = None
        self.server: ServerTransaction | None = None
        self.client: ClientTransaction | None = None
        self.is_cancelled = False
        self.provisional_seen = False
        # Where we invited it.
        self.target: DialTarget | None = None
        self.dialing: Dialing | None = None
        self.challenges_answered = 0
        # What the leg it is dialled for shall be shown of its media, once it has answered or rung.
        self.carried: SessionDescription | None = None
        self.carried_for: Leg | None = None
        self.was_reliable = False
        # Media.
        self.anchor: Anchor | None = None
        self.side = Side.CALLER if is_uas else Side.CALLEE
        self.local_description: SessionDescription | None = None
        self.remote_description: SessionDescription | None = None
        self.late_offer = False
        # What the party can do.
        self.allows: frozenset[str] = frozenset()
        # Reliable provisional responses (RFC 3262).
        self.unacknowledged = 0
        self.has_deferred_answer = False
        self.deferred_answer: SessionDescription | None = None
        self.reliable = ReliableReceiver()
        self.prack_due = ""
        self.modification: object | None = None
        self.ack_taker: Callable[[Request], None] | None = None
        self.session_timer: SessionTimer | None = None
        self.min_se_s = LEAST_INTERVAL_S
        self.ack: Request | None = None
        self.transfer_cseq: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Call-ID and our tag: how the requests of its dialog name it."""
        return (self.sip_call_id, self.local_tag)

    @property
    def facing(self) -> str:
        """The network that the party lives in, as the media engine names it."""
        return "ip6" if ":" in self.flow.host else "ip4"

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.state is not LegState.ENDED

    @property
    def contact(self) -> str:
        """Our Contact towards the party: its own, so that nothing of the other side shows."""
        transport = self.flow.transport
        scheme = "sip"
        parameter = "" if transport == "udp" else f";transport={'ws' if transport == 'wss' else transport}"
        return f"<{scheme}:{self.local_tag}@{self.flow.listener.sent_by}{parameter}>"

    def __repr__(self) -> str:
        return f"<Leg {self.name} {self.state.value} {self.flow}>"
