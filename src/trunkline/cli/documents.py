"""The nouns as JSON documents. Nothing in them is a secret."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from trunkline.cli.output import instant
from trunkline.domain.account import Account
from trunkline.domain.api_key import ApiKey
from trunkline.domain.application import Application
from trunkline.domain.audit import AuditEntry
from trunkline.domain.cdr import Cdr
from trunkline.domain.credential import Credential, Secret
from trunkline.domain.limits import Limits
from trunkline.domain.number import Number
from trunkline.domain.realm import Realm
from trunkline.domain.trunk import Trunk
from trunkline.domain.user import User
from trunkline.domain.webhook import Delivery, DeliveryState, Webhook, WebhookStanding


def account_document(account: Account) -> dict[str, Any]:
    """An account."""
    return {
        "id": account.id,
        "label": account.label,
        "name": account.name,
        "country": account.country,
        "masks_hashes": account.masks_hashes,
        "created_at": instant(account.created_at),
    }


def realm_document(realm: Realm, credentials: int | None = None) -> dict[str, Any]:
    """A realm, with the number of its credentials where it is known."""
    counted = {} if credentials is None else {"credentials": credentials}
    return {
        "id": realm.id,
        "name": realm.name,
        "label": realm.label or None,
        "default": realm.is_default,
        "description": realm.description,
        **counted,
        "created_at": instant(realm.created_at),
    }


def credential_document(credential: Credential) -> dict[str, Any]:
    """A credential; of its secrets only how they can be used and since when."""
    return {
        "id": credential.id,
        "username": credential.username,
        "domain": credential.domain or None,
        "realm": credential.realm_name,
        "aor": credential.aor,
        "enabled": credential.enabled,
        "application_id": credential.application_id,
        "caller_id_rule": credential.caller_id_rule.value,
        "caller_id": credential.caller_id or None,
        "media": credential.media.value,
        "limits": limits_document(credential.limits),
        "secrets": [_secret_document(secret) for secret in credential.secrets],
        "created_at": instant(credential.created_at),
    }


def limits_document(limits: Limits) -> dict[str, Any]:
    """Limits; only what is bounded."""
    return {name: value for name, value in asdict(limits).items() if value not in (None, ())}


def trunk_document(trunk: Trunk) -> dict[str, Any]:
    """A trunk; of its digest only for whom it is."""
    digest = trunk.digest
    return {
        "id": trunk.id,
        "name": trunk.name,
        "enabled": trunk.enabled,
        "targets": [asdict(target) for target in trunk.targets],
        "prefixes": list(trunk.prefixes),
        "allowed_ips": list(trunk.allowed_ips),
        "digest": None if digest is None else {"username": digest.username, "realm": digest.realm},
        "limits": limits_document(trunk.limits),
        "failover_codes": sorted(trunk.failover_codes),
        "priority": trunk.priority,
        "weight": trunk.weight,
        "media": trunk.media.value,
        "plus": trunk.plus,
        "ring_timeout_s": trunk.ring_timeout_s,
        "created_at": instant(trunk.created_at),
    }


def number_document(number: Number) -> dict[str, Any]:
    """A number."""
    return {
        "number": number.e164,
        "to": {"kind": number.destination.kind.value, "value": number.destination.value},
        "created_at": instant(number.created_at),
    }


def application_document(application: Application) -> dict[str, Any]:
    """An application."""
    return {
        "id": application.id,
        "name": application.name,
        "call_initiated_url": application.call_initiated_url or None,
        "call_status_url": application.call_status_url or None,
        "call_initiated_method": application.call_initiated_method,
        "call_status_method": application.call_status_method,
        "callback_username": application.callback_username or None,
        "has_callback_password": bool(application.callback_password),
        "fallback_url": application.fallback_url or None,
        "fallback_method": application.fallback_method,
        "fallback_username": application.fallback_username or None,
        "has_fallback_password": bool(application.fallback_password),
        "callback_timeout_s": application.callback_timeout_s,
        "created_at": instant(application.created_at),
    }


def user_document(user: User) -> dict[str, Any]:
    """A user."""
    return {
        "id": user.id,
        "name": user.name,
        "enabled": user.enabled,
        "installer": user.is_installer,
        "roles": [{"account_id": one.account_id, "role": one.role.value} for one in user.memberships],
        "created_at": instant(user.created_at),
        "last_seen_at": instant(user.last_seen_at),
    }


def key_document(key: ApiKey) -> dict[str, Any]:
    """An API key."""
    return {
        "id": key.id,
        "name": key.name,
        "account_id": key.account_id,
        "role": key.role.value,
        "revoked": key.revoked,
        "created_at": instant(key.created_at),
        "expires_at": instant(key.expires_at),
        "last_used_at": instant(key.last_used_at),
    }


def webhook_document(webhook: Webhook, standing: WebhookStanding | None = None) -> dict[str, Any]:
    """A webhook, with how it fares where that is known."""
    fares = {} if standing is None else {"standing": _standing_document(standing)}
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": sorted(webhook.events),
        "description": webhook.description,
        "enabled": webhook.enabled,
        "paused_why": webhook.paused_why or None,
        "paused_at": instant(None if standing is None else webhook.paused_at(standing)),
        "previous_secret_until": instant(webhook.previous_secret_until),
        "created_at": instant(webhook.created_at),
        **fares,
    }


def _standing_document(standing: WebhookStanding) -> dict[str, Any]:
    figures = asdict(standing)
    del figures["webhook_id"]
    times = ("failing_since", "last_delivered_at", "last_tried_at")
    return figures | {name: instant(figures[name]) for name in times}


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """What is on its way to a webhook, or what became of it."""
    is_waiting = delivery.state is DeliveryState.WAITING
    return {
        "id": delivery.id,
        "message_id": delivery.message_id,
        "event_id": delivery.event_id,
        "kind": delivery.kind,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "created_at": instant(delivery.created_at),
        "tried_at": instant(delivery.tried_at),
        "next_at": instant(delivery.next_at) if is_waiting else None,
        "status": delivery.status,
        "detail": delivery.detail,
        "body": json.loads(delivery.body),
    }


def audit_document(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit log."""
    return {
        "id": entry.id,
        "at": instant(entry.at),
        "account_id": entry.account_id,
        "actor": {"kind": entry.actor_kind.value, "id": entry.actor_id, "name": entry.actor_name},
        "source": entry.source or None,
        "action": entry.action.value,
        "noun": entry.noun,
        "key": entry.key,
        "changes": {change.name: {"old": change.old, "new": change.new} for change in entry.changes},
    }


def cdr_document(cdr: Cdr) -> dict[str, Any]:
    """A call detail record."""
    return {
        "call_id": cdr.call_id,
        "sip_call_id": cdr.sip_call_id,
        "account_id": cdr.account_id,
        "credential_id": cdr.credential_id,
        "inbound_trunk_id": cdr.inbound_trunk_id,
        "trunk_id": cdr.trunk_id,
        "caller": cdr.caller,
        "callee": cdr.callee,
        "source": cdr.source,
        "user_agent": cdr.user_agent,
        "started_at": instant(cdr.started_at),
        "rang_at": instant(cdr.rang_at),
        "answered_at": instant(cdr.answered_at),
        "ended_at": instant(cdr.ended_at),
        "duration_s": round(cdr.duration_s, 3),
        "end_cause": None if cdr.end_cause is None else cdr.end_cause.value,
        "status": cdr.status,
        "rejection": cdr.rejection or None,
        "detail": cdr.detail or None,
        "route": cdr.route or None,
        "legs": [
            {"name": leg.name, "sip_call_id": leg.sip_call_id, "address": leg.address} for leg in cdr.legs
        ],
        "attempts": [asdict(attempt) for attempt in cdr.attempts],
        "media": None if cdr.media is None else asdict(cdr.media),
        "tags": cdr.tags,
    }


def _secret_document(secret: Secret) -> dict[str, Any]:
    algorithms = ["MD5"]
    algorithms += ["SHA-256"] if secret.sha256 else []
    algorithms += ["SHA-512-256"] if secret.sha512_256 else []
    return {
        "algorithms": algorithms,
        "hash1b": secret.md5.hash1b is not None,
        "created_at": instant(secret.created_at),
        "valid_until": instant(secret.valid_until),
    }
