"""Trunks on the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from trunkline.api.native.documents import Document, Flag, Instant, Line, Wish, moment
from trunkline.api.native.schemas.limits import LimitsDocument, LimitsWish, limits_document, wanted_limits
from trunkline.domain.media_mode import MediaMode
from trunkline.domain.trunk import DEFAULT_FAILOVER_CODES, Trunk, TrunkTarget
from trunkline.provisioning.trunks import DigestLogin, TrunkPlan

_Order = Annotated[int, Field(strict=True, ge=1, le=65_535)]
_Ring = Annotated[int, Field(strict=True, ge=1, le=600)]
_Status = Annotated[int, Field(strict=True, ge=300, le=699)]
_Lines = Annotated[list[Line], Field(max_length=1000)]


class TargetDocument(Document):
    """An address of a trunk: lower priorities first, weights share the load within one."""

    uri: str = Field(examples=["sip:gateway.example:5060"])
    priority: int = Field(examples=[1])
    weight: int = Field(examples=[1])


class LoginDocument(Document):
    """How the server answers the trunk's challenges. The password is not kept."""

    username: str = Field(examples=["trunkline"])
    realm: str = Field(examples=["carrier.example"])


class TrunkDocument(Document):
    """A peer network that calls leave through and come in from."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["chicago"])
    enabled: bool
    targets: list[TargetDocument]
    prefixes: list[str] = Field(
        examples=[["+1312"]], description="Numbers that it serves; an empty one is every number."
    )
    allowed_ips: list[str] = Field(
        examples=[["192.0.2.0/24"]], description="Whose calls are taken as this trunk's."
    )
    login: LoginDocument | None
    limits: LimitsDocument
    failover_codes: list[int] = Field(
        examples=[[408, 500, 503]], description="After these the next one is tried."
    )
    priority: int = Field(examples=[1])
    weight: int = Field(examples=[1])
    media: MediaMode
    plus: bool = Field(description="Dialled numbers are sent with their +.")
    ring_timeout_s: int = Field(examples=[60])
    created_at: Instant


class TargetWish(Wish):
    """An address of a trunk."""

    uri: Line = Field(examples=["sip:gateway.example:5060"])
    priority: _Order = 1
    weight: _Order = 1


class LoginWish(Wish):
    """What a carrier gave for its challenges. The password is hashed at once."""

    username: Line = Field(examples=["trunkline"])
    realm: Line = Field(examples=["carrier.example"])
    password: Line = Field(examples=["correct-horse-battery"])


class NewTrunk(Wish):
    """A trunk to create."""

    name: Line = Field(examples=["chicago"])
    targets: Annotated[list[TargetWish], Field(min_length=1, max_length=100)]
    prefixes: _Lines = Field(default_factory=lambda: [""], examples=[["+1312"]])
    allowed_ips: _Lines = Field(default_factory=list, examples=[["192.0.2.0/24"]])
    login: LoginWish | None = None
    limits: LimitsWish = LimitsWish()
    failover_codes: Annotated[list[_Status], Field(max_length=400)] = Field(
        default_factory=lambda: sorted(DEFAULT_FAILOVER_CODES)
    )
    priority: _Order = 1
    weight: _Order = 1
    media: MediaMode = MediaMode.ANCHORED
    plus: Flag = True
    ring_timeout_s: _Ring = 60
    enabled: Flag = True


class TrunkChange(Wish):
    """What to change; what is left out stays. `login` null takes it away. The name never changes."""

    targets: Annotated[list[TargetWish], Field(min_length=1, max_length=100)] | None = None
    prefixes: _Lines | None = None
    allowed_ips: _Lines | None = None
    login: LoginWish | None = None
    limits: LimitsWish | None = None
    failover_codes: Annotated[list[_Status], Field(max_length=400)] | None = None
    priority: _Order | None = None
    weight: _Order | None = None
    media: MediaMode | None = None
    plus: Flag | None = None
    ring_timeout_s: _Ring | None = None
    enabled: Flag | None = Field(None, examples=[False])


def trunk_document(trunk: Trunk) -> TrunkDocument:
    """A trunk as it is shown."""
    digest = trunk.digest
    return TrunkDocument(
        id=trunk.id,
        name=trunk.name,
        enabled=trunk.enabled,
        targets=[
            TargetDocument(uri=one.uri, priority=one.priority, weight=one.weight) for one in trunk.targets
        ],
        prefixes=list(trunk.prefixes),
        allowed_ips=list(trunk.allowed_ips),
        login=None if digest is None else LoginDocument(username=digest.username, realm=digest.realm),
        limits=limits_document(trunk.limits),
        failover_codes=sorted(trunk.failover_codes),
        priority=trunk.priority,
        weight=trunk.weight,
        media=trunk.media,
        plus=trunk.plus,
        ring_timeout_s=trunk.ring_timeout_s,
        created_at=moment(trunk.created_at),
    )


def wanted_plan(wish: NewTrunk) -> TrunkPlan:
    """A trunk as it was described."""
    return TrunkPlan(targets=_targets(wish.targets), **_others(wish))


def changed_plan(trunk: Trunk, change: TrunkChange) -> TrunkPlan:
    """A trunk after a change."""
    before = TrunkPlan(
        targets=trunk.targets,
        prefixes=trunk.prefixes,
        allowed_ips=trunk.allowed_ips,
        limits=trunk.limits,
        failover_codes=trunk.failover_codes,
        priority=trunk.priority,
        weight=trunk.weight,
        media=trunk.media,
        plus=trunk.plus,
        ring_timeout_s=trunk.ring_timeout_s,
        enabled=trunk.enabled,
    )
    given = _others(change)
    if change.targets is not None:
        given["targets"] = _targets(change.targets)
    if "login" in change.model_fields_set and change.login is None:
        given["forget_login"] = True
    return replace(before, **given)


def _targets(wishes: list[TargetWish]) -> tuple[TrunkTarget, ...]:
    return tuple(TrunkTarget(one.uri, one.priority, one.weight) for one in wishes)


def _others(wish: NewTrunk | TrunkChange) -> dict[str, Any]:
    """Everything but name and targets, as far as it was given."""
    names = ("priority", "weight", "media", "plus", "ring_timeout_s", "enabled")
    given: dict[str, Any] = {name: value for name in names if (value := getattr(wish, name)) is not None}
    if wish.prefixes is not None:
        given["prefixes"] = tuple(wish.prefixes)
    if wish.allowed_ips is not None:
        given["allowed_ips"] = tuple(wish.allowed_ips)
    if wish.failover_codes is not None:
        given["failover_codes"] = frozenset(wish.failover_codes)
    if wish.limits is not None:
        given["limits"] = wanted_limits(wish.limits)
    if wish.login is not None:
        given["login"] = DigestLogin(wish.login.username, wish.login.realm, wish.login.password)
    return given
