"""What changed between two versions of a noun, in words for the audit log. Of secrets, only that they changed."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any, Final

from trunkline.domain.account import Account
from trunkline.domain.api_key import ApiKey
from trunkline.domain.application import Application
from trunkline.domain.audit import FieldChange, JsonValue
from trunkline.domain.credential import Credential, Secret
from trunkline.domain.limits import Limits
from trunkline.domain.number import Destination, Number
from trunkline.domain.principal import Membership
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import OutboundDigest, Trunk, TrunkTarget
from trunkline.domain.user import User
from trunkline.domain.webhook import Webhook

AuditedNoun = Account | Realm | Credential | Application | Trunk | Number | User | ApiKey | Webhook

MASK: Final = "********"

_SECRET: Final = frozenset({"callback_password", "fallback_password", "secret", "previous_secret"})
_UNTOLD: Final = frozenset({"id", "account_id", "realm_id", "created_at", "last_seen_at", "last_used_at"})
"""Fields that a change never concerns, or that are told in another place of an entry."""


def noun_name(kind: type[AuditedNoun]) -> str:
    """What a kind of noun is called in the log."""
    return _NAMES[kind]


def noun_key(noun: AuditedNoun) -> str:
    """What people know a noun by."""
    match noun:
        case Credential():
            return noun.aor
        case Number():
            return noun.e164
        case Realm() | Trunk() | User():
            return noun.name
        case _:
            return str(noun.id)


def changes_of(old: AuditedNoun | None, new: AuditedNoun | None) -> tuple[FieldChange, ...]:
    """The fields that differ. Of a noun that is new or gone, those that hold something."""
    noun = new if old is None else old
    assert noun is not None
    changes: list[FieldChange] = []
    for name in _TOLD[type(noun)]:
        before = None if old is None else getattr(old, name)
        after = None if new is None else getattr(new, name)
        if before == after:
            continue
        change = FieldChange(name, _shown(name, before), _shown(name, after))
        if (old is not None and new is not None) or not (_is_nothing(change.old) and _is_nothing(change.new)):
            changes.append(change)
    return tuple(changes)


def _is_nothing(shown: JsonValue) -> bool:
    """Whether there is no more to tell of a value of something that is new or gone."""
    return not shown and shown is not False


def _shown(name: str, value: Any) -> JsonValue:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return MASK if name in _SECRET and value else str(value.value if isinstance(value, Enum) else value)
    match value:
        case Enum():
            return str(value.value)
        case Secret():
            return _secret_shown(value)
        case OutboundDigest():
            return {"username": value.username, "realm": value.realm, "secret": MASK}
        case Limits() | Destination() | TrunkTarget() | Membership():
            shown = {field.name: _shown(field.name, getattr(value, field.name)) for field in fields(value)}
            return {key: each for key, each in shown.items() if each not in (None, [])}
        case frozenset():
            return sorted(str(each) for each in value)
        case tuple():
            return [_shown(name, each) for each in value]
    raise TypeError(f"a field of type {type(value).__name__} has no form in the audit log")


def _secret_shown(secret: Secret) -> JsonValue:
    return {
        "secret": MASK,
        "made_of": "password" if secret.sha256 else "hash1" if secret.md5.hash1b is None else "hashes",
        "set_at": secret.created_at,
        "valid_until": secret.valid_until,
    }


_NAMES: Final[dict[type[AuditedNoun], str]] = {
    Account: "account",
    Realm: "realm",
    Credential: "credential",
    Application: "application",
    Trunk: "trunk",
    Number: "number",
    User: "user",
    ApiKey: "key",
    Webhook: "webhook",
}

_TOLD: Final = {
    kind: tuple(field.name for field in fields(kind) if field.name not in _UNTOLD) for kind in _NAMES
}
