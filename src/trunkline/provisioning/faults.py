"""Why a provisioning request cannot be done: a stable code and one sentence.

The sentence is read on pages, in answers of APIs and on the command line: it names no command, option or button.
Each of those adds by the code how it is mended there.
"""

from __future__ import annotations

from enum import StrEnum


class FaultCode(StrEnum):
    """What kind of fault. The codes are part of the APIs and of ``--json``: they are never renamed."""

    UNKNOWN_ACCOUNT = "unknown-account"
    INVALID_COUNTRY = "invalid-country"
    UNKNOWN_REALM = "unknown-realm"
    INVALID_REALM_NAME = "invalid-realm-name"
    REALM_NAME_TOO_LONG = "realm-name-too-long"
    REALM_NAME_FIXED = "realm-name-fixed"
    REALM_EXISTS = "realm-exists"
    REALM_IN_USE = "realm-in-use"
    DEFAULT_REALM = "default-realm"
    NO_DEFAULT_REALM = "no-default-realm"
    DESCRIPTION_TOO_LONG = "description-too-long"
    UNKNOWN_CREDENTIAL = "unknown-credential"
    INVALID_USERNAME = "invalid-username"
    USERNAME_TOO_LONG = "username-too-long"
    INVALID_DOMAIN = "invalid-domain"
    CREDENTIAL_EXISTS = "credential-exists"
    CREDENTIAL_IN_USE = "credential-in-use"
    INVALID_PASSWORD = "invalid-password"  # noqa: S105 - the name of a fault
    INVALID_HASH = "invalid-hash"
    INVALID_CALLER_ID = "invalid-caller-id"
    INVALID_LIMIT = "invalid-limit"
    INVALID_OVERLAP = "invalid-overlap"
    UNKNOWN_APPLICATION = "unknown-application"
    APPLICATION_EXISTS = "application-exists"
    APPLICATION_IN_USE = "application-in-use"
    INVALID_NAME = "invalid-name"
    INVALID_URL = "invalid-url"
    UNKNOWN_TRUNK = "unknown-trunk"
    TRUNK_EXISTS = "trunk-exists"
    TRUNK_IN_USE = "trunk-in-use"
    INVALID_TARGET = "invalid-target"
    INVALID_NETWORK = "invalid-network"
    NETWORK_TAKEN = "network-taken"
    INVALID_PREFIX = "invalid-prefix"
    INVALID_DIGEST = "invalid-digest"
    INVALID_FAILOVER_CODE = "invalid-failover-code"
    INVALID_RING_TIMEOUT = "invalid-ring-timeout"
    INVALID_PRIORITY = "invalid-priority"
    UNKNOWN_NUMBER = "unknown-number"
    INVALID_NUMBER = "invalid-number"
    NUMBER_EXISTS = "number-exists"
    INVALID_DESTINATION = "invalid-destination"
    INVALID_IMPORT = "invalid-import"
    INVALID_METHOD = "invalid-method"
    INVALID_CALLBACK_LOGIN = "invalid-callback-login"
    INVALID_TIMEOUT = "invalid-timeout"
    FORBIDDEN = "forbidden"
    UNKNOWN_USER = "unknown-user"
    USER_EXISTS = "user-exists"
    LAST_INSTALLER = "last-installer"
    LAST_OWNER = "last-owner"
    OWN_RIGHTS = "own-rights"
    WEAK_PASSWORD = "weak-password"  # noqa: S105 - the name of a fault
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a fault
    TOO_MANY_TRIES = "too-many-tries"
    TOO_MANY_REQUESTS = "too-many-requests"
    UNKNOWN_KEY = "unknown-key"
    INVALID_EXPIRY = "invalid-expiry"
    SETUP_DONE = "setup-done"
    CHANGED_MEANWHILE = "changed-meanwhile"
    INVALID_CURSOR = "invalid-cursor"
    INVALID_IDEMPOTENCY_KEY = "invalid-idempotency-key"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    IDEMPOTENCY_KEY_IN_USE = "idempotency-key-in-use"
    UNKNOWN_IMPORT = "unknown-import"
    TOO_MANY_IMPORTS = "too-many-imports"
    UNKNOWN_WEBHOOK = "unknown-webhook"
    INVALID_WEBHOOK_URL = "invalid-webhook-url"
    INVALID_WEBHOOK_EVENT = "invalid-webhook-event"
    TOO_MANY_WEBHOOKS = "too-many-webhooks"
    WEBHOOK_OFF = "webhook-off"


class ProvisioningFault(Exception):  # noqa: N818 - a fault is theirs, not an error of ours
    """A request breaks a rule. Nothing was written."""

    def __init__(self, code: FaultCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
