"""The audit log on the wire."""

from __future__ import annotations

from pydantic import Field

from trunkline.api.native.documents import Document, Instant, moment
from trunkline.domain.audit import Action, AuditEntry
from trunkline.domain.principal import PrincipalKind


class ChangeDocument(Document):
    """One field before and after. Of secrets, only that they changed."""

    field: str = Field(examples=["enabled"])
    old: object = Field(examples=[True])
    new: object = Field(examples=[False])


class AuditDocument(Document):
    """A change that was committed."""

    id: int
    at: Instant
    actor_kind: PrincipalKind
    actor_id: str = Field(examples=["key-0123456789abcdef"])
    actor_name: str = Field(examples=["billing"])
    source: str = Field(examples=["192.0.2.7"], description="The address it was asked for from.")
    action: Action
    noun: str = Field(examples=["credential"])
    key: str = Field(examples=["alice@desk.0a1b2c.auth.example.net"])
    changes: list[ChangeDocument]


def audit_document(entry: AuditEntry) -> AuditDocument:
    """An entry as it is shown."""
    return AuditDocument(
        id=entry.id,
        at=moment(entry.at),
        actor_kind=entry.actor_kind,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        source=entry.source,
        action=entry.action,
        noun=entry.noun,
        key=entry.key,
        changes=[ChangeDocument(field=one.name, old=one.old, new=one.new) for one in entry.changes],
    )
