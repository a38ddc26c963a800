"""A call: a caller leg, callee legs, the program that runs it, and what its CDR will say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trunkline.calls.anchor import Anchor
from trunkline.calls.events import CALLER
from trunkline.calls.leg import Leg, LegState
from trunkline.calls.plan import DialTarget
from trunkline.calls.program import Program
from trunkline.domain.cdr import Cdr, CdrLeg, EndCause, TrunkAttempt
from trunkline.domain.credential import Credential
from trunkline.domain.media import MediaStatistics
from trunkline.domain.trunk import Trunk
from trunkline.sip.timers import Timer

if TYPE_CHECKING:
    from trunkline.calls.dialing import Dialing


class Call:
    """What the customer sees as one call.

    ``holders`` are the names under which it is counted in the limit table. ``account_id`` is who pays.
    """

    def __init__(self, call_id: str, account_id: int, started_at: float) -> None:
        self.call_id = call_id
        self.account_id = account_id
        self.program: Program | None = None
        self.legs: dict[str, Leg] = {}
        self.holders: list[str] = []
        self.dialing: dict[str, Dialing] = {}
        self.anchors: list[Anchor] = []
        self.timers: dict[str, Timer] = {}
        self.early_media_of = ""
        self.joined = 0
        self.recordings: list[str] = []
        self.longest_s: int | None = None
        self.credential: Credential | None = None
        self.inbound_trunk: Trunk | None = None
        # What the CDR will say.
        self.sip_call_id = ""
        self.caller_shown = ""
        self.callee_shown = ""
        self.source = ""
        self.user_agent = ""
        self.started_at = started_at
        self.rang_at: float | None = None
        self.answered_at: float | None = None
        self.end_cause: EndCause | None = None
        self.status = 0
        self.rejection = ""
        self.detail = ""
        self.attempts: list[TrunkAttempt] = []
        self.trunk_id: int | None = None
        self.route = ""
        self.sides: list[CdrLeg] = []
        self.media: MediaStatistics | None = None
        self.is_over = False

    @property
    def caller(self) -> Leg | None:
        """The caller leg; None once it was taken into another call."""
        return self.legs.get(CALLER)

    @property
    def live_legs(self) -> list[Leg]:
        """The legs that have not ended."""
        return [leg for leg in self.legs.values() if leg.state is not LegState.ENDED]

    @property
    def has_live_leg(self) -> bool:
        """Whether any leg has not ended."""
        for leg in self.legs.values():  # noqa: SIM110 - a loop is what mypyc makes fast
            if leg.state is not LegState.ENDED:
                return True
        return False

    def attempted(self, target: DialTarget, status: int) -> None:
        """Note for the CDR how a target fared; 0 is silence."""
        trunk_id = target.trunk.id if target.trunk is not None else None
        self.attempts.append(TrunkAttempt(trunk_id, target.uri, status))

    def note_leg(self, leg: Leg) -> None:
        """Note for the CDR that a leg came in."""
        flow = leg.flow
        self.sides.append(
            CdrLeg(leg.name, leg.sip_call_id, flow.transport, flow.host, flow.port, is_uas=leg.is_uas)
        )

    def add_media(self, statistics: MediaStatistics | None) -> None:
        """Take in an anchor's last figures; those of the anchor that relayed most stand for the call."""
        if statistics is not None and (self.media is None or statistics.relayed >= self.media.relayed):
            self.media = statistics

    def cdr(self, ended_at: float | None = None) -> Cdr:
        """What is known now as a record; ``ended_at`` None while it lasts."""
        return Cdr(
            call_id=self.call_id,
            sip_call_id=self.sip_call_id,
            account_id=self.account_id,
            credential_id=self.credential.id if self.credential is not None else None,
            inbound_trunk_id=self.inbound_trunk.id if self.inbound_trunk is not None else None,
            caller=self.caller_shown,
            callee=self.callee_shown,
            source=self.source,
            user_agent=self.user_agent,
            started_at=self.started_at,
            rang_at=self.rang_at,
            answered_at=self.answered_at,
            ended_at=ended_at,
            end_cause=self.end_cause,
            status=self.status,
            rejection=self.rejection,
            detail=self.detail,
            attempts=tuple(self.attempts),
            trunk_id=self.trunk_id,
            media=self.media,
            route=self.route,
            legs=tuple(self.sides),
            tags={f"recording-{number}": path for number, path in enumerate(self.recordings, 1)},
        )
