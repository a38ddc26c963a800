"""Dry runs on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from trunkline.api.native.documents import LARGEST_ID, Document, Instant, Line, Wish, example, moment
from trunkline.api.native.schemas.rejections import RejectionCodeDocument, rejection_code_document
from trunkline.api.native.schemas.sip_text import SipText
from trunkline.operations.dry_run import DryRunResult, Outcome


class DryRunWish(Wish):
    """A call that is only thought of: from a credential (`aor`) or from a trunk."""

    model_config = example(aor="alice@desk.0a1b2c.auth.example.net", to="+15550100199")

    aor: Line = Field(
        "", examples=["alice@desk.0a1b2c.auth.example.net"], description="Who calls: `user@realm`."
    )
    trunk_id: Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)] | None = Field(
        None, description="Or the trunk that the call comes in from."
    )
    to: Line = Field(examples=["+15550100199"], description="A number, a user of the realm, or a whole URI.")
    shown: Line = Field("", description="The number in From; empty: the user name.")

    @model_validator(mode="after")
    def _one_caller(self) -> DryRunWish:
        if bool(self.aor) == (self.trunk_id is not None):
            raise ValueError("give either aor or trunk_id")
        return self


class StepDocument(Document):
    """One thing that was looked at."""

    about: str = Field(examples=["limits"])
    is_good: bool = Field(description="False where the call would end there.")
    sentence: SipText


class VerdictDocument(Document):
    """Whether a trunk would be tried."""

    trunk_id: int
    name: str
    position: int = Field(description="Counted from 1; 0: not tried.")
    why: str
    resting: dict[str, float] = Field(
        description="Addresses that failed lately, and for how many seconds they rest."
    )


class DeviceDocument(Document):
    """A device that would ring."""

    aor: SipText
    contact: SipText
    address: SipText
    user_agent: SipText
    expires_at: Instant


class DryRunDocument(Document):
    """What would happen to the call now, and why."""

    outcome: Outcome
    steps: list[StepDocument]
    rejection: RejectionCodeDocument | None
    detail: SipText = Field(description="The particulars of the rejection.")
    route: SipText
    number: SipText = Field(
        examples=["+15550100199"], description="What the dialled string was understood as."
    )
    shown_caller: SipText
    trunks: list[VerdictDocument]
    devices: list[DeviceDocument]


def dry_run_document(result: DryRunResult) -> DryRunDocument:
    """A dry run as it is shown."""
    rejection = result.rejection
    return DryRunDocument(
        outcome=result.outcome,
        steps=[
            StepDocument(about=one.about, is_good=one.is_good, sentence=one.sentence) for one in result.steps
        ],
        rejection=None if rejection is None else rejection_code_document(rejection),
        detail="" if rejection is None else rejection.detail,
        route=result.route,
        number=result.number,
        shown_caller=result.shown_caller,
        trunks=[
            VerdictDocument(
                trunk_id=one.trunk_id,
                name=one.name,
                position=one.position,
                why=one.why,
                resting=dict(one.resting),
            )
            for one in result.trunks
        ],
        devices=[
            DeviceDocument(
                aor=one.aor,
                contact=one.contact,
                address=one.address,
                user_agent=one.user_agent,
                expires_at=moment(one.expires_at),
            )
            for one in result.devices
        ],
    )
