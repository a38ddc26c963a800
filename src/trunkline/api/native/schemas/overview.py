"""How an account does, on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, instant, moment
from trunkline.api.native.schemas.sip_text import SipText
from trunkline.operations.overview import OverviewNow, TrunkHealth
from trunkline.operations.samples import Sample


class TrunkHealthDocument(Document):
    """How a trunk does; figures count since the server was started."""

    trunk_id: int
    name: str = Field(examples=["chicago"])
    enabled: bool
    calls: int = Field(description="That run through it now.")
    rests_s: float = Field(
        description="So long the trunk is still left alone, because it asked for that; 0: it is not."
    )
    resting: dict[str, float] = Field(
        description="Addresses that failed lately, and for how many seconds they rest."
    )
    tries: int
    failures: int = Field(description="Tries that nobody over there answered.")
    good_at: Instant | None = Field(
        description="When somebody over there answered last, be it with a refusal."
    )
    failed_at: Instant | None
    failure: SipText = Field(examples=["no answer"])


class OverviewDocument(Document):
    """An account at this moment."""

    at: Instant
    registrations: int
    calls: int
    refusals: dict[str, int] = Field(
        examples=[{"wrong-password": 3}], description="By rejection code, over the last day."
    )
    trunks: list[TrunkHealthDocument]


class SampleDocument(Document):
    """One minute. `registrations` and `calls` are those at its end; the others count what happened in it."""

    at: Instant
    registrations: int
    calls: int
    registered: int
    gone: int
    started: int
    answered: int
    ended: int
    talked_s: float
    refused: dict[str, int] = Field(examples=[{"wrong-password": 1}])


def overview_document(now: OverviewNow) -> OverviewDocument:
    """An account as it is shown."""
    return OverviewDocument(
        at=moment(now.at),
        registrations=now.registrations,
        calls=now.calls,
        refusals=dict(now.refusals),
        trunks=[_health(trunk) for trunk in now.trunks],
    )


def sample_document(sample: Sample) -> SampleDocument:
    """A minute as it is shown."""
    return SampleDocument(
        at=moment(sample.at),
        registrations=sample.registrations,
        calls=sample.calls,
        registered=sample.registered,
        gone=sample.gone,
        started=sample.started,
        answered=sample.answered,
        ended=sample.ended,
        talked_s=sample.talked_s,
        refused=dict(sample.refused),
    )


def _health(trunk: TrunkHealth) -> TrunkHealthDocument:
    return TrunkHealthDocument(
        trunk_id=trunk.trunk_id,
        name=trunk.name,
        enabled=trunk.enabled,
        calls=trunk.calls,
        rests_s=trunk.rests_s,
        resting=dict(trunk.resting),
        tries=trunk.tries,
        failures=trunk.failures,
        good_at=instant(trunk.good_at),
        failed_at=instant(trunk.failed_at),
        failure=trunk.failure,
    )
