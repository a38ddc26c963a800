"""The journal of one transaction: checks what its principal may write, and gathers the audit entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trunkline.domain.account import Account
from trunkline.domain.api_key import ApiKey
from trunkline.domain.audit import Action, AuditEntry, FieldChange
from trunkline.domain.principal import Principal
from trunkline.domain.role import Permission
from trunkline.domain.user import User
from trunkline.provisioning.change_description import AuditedNoun, changes_of, noun_key, noun_name
from trunkline.provisioning.faults import FaultCode, ProvisioningFault
from trunkline.provisioning.permission import check_permission


class Journal:
    """What was written in one transaction, and by whom."""

    def __init__(
        self, principal: Principal, source: str, now: float, expected: AuditedNoun | None = None
    ) -> None:
        self.principal: Final = principal
        self.entries: Final[list[AuditEntry]] = []
        self._source = source
        self._now = now
        self._expected = None if expected is None else _steady(expected)

    def expect(self, old: AuditedNoun) -> None:
        """Raise ProvisioningFault when this is what the principal has seen, but it was changed since then."""
        expected = self._expected
        if expected is not None and _identity(expected) == _identity(old) and expected != _steady(old):
            raise ProvisioningFault(
                FaultCode.CHANGED_MEANWHILE,
                f"The {noun_name(type(old))} {noun_key(old)} was changed meanwhile; look at it again.",
            )

    def check(self, permission: Permission, account_id: int) -> None:
        """Raise ProvisioningFault unless the principal may do this in an account."""
        check_permission(self.principal, permission, account_id)

    def write(
        self,
        action: Action,
        noun: str,
        key: str,
        account_id: int | None,
        changes: tuple[FieldChange, ...] = (),
    ) -> None:
        """Note a change."""
        actor = self.principal
        self.entries.append(
            AuditEntry(
                0, self._now, account_id, actor.kind, actor.id, actor.name, self._source, action, noun, key,
                changes,
            )
        )  # fmt: skip

    def provisioned(self, old: AuditedNoun | None, new: AuditedNoun | None) -> None:
        """Check and note a change of a noun that belongs to one account. Nothing is noted where nothing changed."""
        noun = new if old is None else old
        assert noun is not None
        assert not isinstance(noun, User)
        account_id = noun.id if isinstance(noun, Account) else noun.account_id
        self.check(_permission(old, noun), account_id)
        if old is not None:
            self.expect(old)
        changes = changes_of(old, new)
        action = Action.ADDED if old is None else Action.REMOVED if new is None else Action.CHANGED
        if changes or action is not Action.CHANGED:
            self.write(action, noun_name(type(noun)), noun_key(noun), account_id, changes)


def _identity(noun: AuditedNoun) -> tuple[type[AuditedNoun], int | None, str]:
    return type(noun), getattr(noun, "account_id", None), noun_key(noun)


def _steady(noun: AuditedNoun) -> AuditedNoun:
    """A noun without what changes by itself."""
    match noun:
        case User():
            return replace(noun, last_seen_at=None)
        case ApiKey():
            return replace(noun, last_used_at=None)
        case _:
            return noun


def _permission(old: AuditedNoun | None, noun: AuditedNoun) -> Permission:
    if isinstance(noun, Account):
        return Permission.INSTALL if old is None else Permission.ADMINISTER
    return Permission.ADMINISTER if isinstance(noun, ApiKey) else Permission.PROVISION
