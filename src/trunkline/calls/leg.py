"""Legs: one dialog each, with the session descriptions that were exchanged in it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

from trunkline.calls.anchor import Anchor
from trunkline.calls.plan import DialTarget
from trunkline.calls.requester import Change
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
from trunkline.sip.timers import Timer
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


class EarlyDialog:
    """A dialog that a provisional response began, and which of its reliable responses were seen (RFC 3262 §4)."""

    def __init__(self, dialog: Dialog) -> None:
        self.dialog: Final = dialog
        self.reliable: Final = ReliableReceiver()


class Leg:
    """One side of a call.

    ``is_uas``: the party invited us; otherwise we invited it. ``remote_description`` is what the party last
    offered or answered, ``local_description`` what it was last shown. ``partner`` is the leg it hears.
    ``settled_description`` is what a caller was shown reliably before the answer.
    ``local_tag`` and ``sip_call_id`` find the leg again from any request in its dialog.
    """

    def __init__(
        self, call: Call, name: str, *, is_uas: bool, flow: Flow, sip_call_id: str, local_tag: str
    ) -> None:
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
        # The name under which the leg counts against the limits of its trunk; "" when it does not.
        self.holder = ""
        self.timers: dict[str, Timer] = {}
        # The INVITE that made the leg; ``sent`` is ours as it went out, with our Via.
        self.invite: Request | None = None
        self.server: ServerTransaction | None = None
        self.client: ClientTransaction | None = None
        self.sent: Request | None = None
        self.is_cancelled = False
        self.provisional_seen = False
        # Where we invited it.
        self.target: DialTarget | None = None
        self.dialing: Dialing | None = None
        # Dialogs that its INVITE began, by the party's tag, and the ACKs of 2xx that came too late or too often.
        self.early: dict[str, EarlyDialog] = {}
        self.ack: Request | None = None
        self.stray_acks: dict[str, Request] = {}
        # What the leg it is dialled for shall be shown of its media, once it has answered or rung.
        self.carried: SessionDescription | None = None
        self.carried_for: Leg | None = None
        self.was_reliable = False
        # Media. ``offering`` are the anchors, by network, through which its media is offered to those it calls.
        self.anchor: Anchor | None = None
        self.offering: dict[str, Anchor] = {}
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
        self.settled_description: SessionDescription | None = None
        self.prack_due = ""
        self.prack_dialog: Dialog | None = None
        # Changes after the answer.
        self.change: Change | None = None
        self.ack_taker: Callable[[Request], None] | None = None
        self.session_timer: SessionTimer | None = None
        self.min_se_s = LEAST_INTERVAL_S
        self.transfer_cseq: int | None = None

    def let_go(self) -> None:
        """Forget, at its end, what nobody will ask for: its transactions may linger for half a minute.

        What stays is what a late or repeated 2xx needs: the INVITE that was sent, the dialog and the ACK. No reference
        leads back to the leg then, so that it is freed without the garbage collector.
        """
        self.partner = None
        self.invite = None
        if self.server is not None:
            self.server.user = None
            self.server = None
        self.client = None
        self.dialing = None
        self.early.clear()
        self.carried = self.carried_for = None
        self.anchor = None
        self.offering.clear()
        self.local_description = self.remote_description = None
        self.deferred_answer = self.settled_description = None
        self.prack_dialog = None
        self.change = None
        self.ack_taker = None

    @property
    def key(self) -> tuple[str, str]:
        """Call-ID and our tag: how the requests of its dialog name it."""
        return (self.sip_call_id, self.local_tag)

    def dialog_with(self, remote_tag: str) -> Dialog | None:
        """Its dialog with the party of this tag, be it an early one of a fork; None when there is none."""
        dialog = self.dialog
        if dialog is not None and dialog.id.remote_tag == remote_tag:
            return dialog
        early = self.early.get(remote_tag) if self.state is not LegState.ANSWERED else None
        return early.dialog if early is not None else None

    @property
    def facing(self) -> str:
        """The network that the party lives in, as the media engine names it."""
        return "ip6" if ":" in self.flow.host else "ip4"

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state is LegState.ENDED

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.state is not LegState.ENDED

    @property
    def is_waiting(self) -> bool:
        """Whether it invited us and has no final response yet."""
        return self.is_uas and (self.state is LegState.TRYING or self.state is LegState.RINGING)

    @property
    def contact(self) -> str:
        """Our Contact towards the party: its own, so that nothing of the other side shows."""
        listener = self.flow.listener
        transport = listener.transport
        if transport == "udp":
            return f"<sip:{self.local_tag}@{listener.sent_by}>"
        return (
            f"<sip:{self.local_tag}@{listener.sent_by};transport={'ws' if transport == 'wss' else transport}>"
        )

    def __repr__(self) -> str:
        return f"<Leg {self.name} {self.state.value} {self.flow}>"
