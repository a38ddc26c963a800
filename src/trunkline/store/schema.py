"""The tables as SQLAlchemy Core sees them; the migrations create them.

Times are epoch seconds. Lists that are never searched are JSON text. Identifiers are plain integers, so that
both databases keep them in the same way.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

REVISION: Final = "0006"
"""The newest migration. A test holds it equal to Alembic's head; it spares most starts the import of Alembic."""

_Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only when the column is called INTEGER."""

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts: Final = Table(
    "accounts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("masks_hashes", Boolean, nullable=False, server_default=false()),
)

realms: Final = Table(
    "realms",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("default_of", _Id, unique=True),
    Column("description", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    sqlite_autoincrement=True,
)
"""``default_of`` holds the account whose default the realm is, NULL otherwise: no account has two."""

applications: Final = Table(
    "applications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("call_initiated_url", Text, nullable=False),
    Column("call_status_url", Text, nullable=False),
    Column("callback_username", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("call_initiated_method", Text, nullable=False, server_default="POST"),
    Column("call_status_method", Text, nullable=False, server_default="POST"),
    Column("fallback_url", Text, nullable=False, server_default=""),
    Column("fallback_method", Text, nullable=False, server_default="POST"),
    Column("callback_password", Text, nullable=False, server_default=""),
    Column("fallback_username", Text, nullable=False, server_default=""),
    Column("fallback_password", Text, nullable=False, server_default=""),
    Column("callback_timeout_s", Double),
)

credentials: Final = Table(
    "credentials",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False),
    Column("realm_id", _Id, ForeignKey("realms.id"), nullable=False),
    Column("username", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("composite_lower", Text, nullable=False),
    Column("md5_hash1", Text, nullable=False),
    Column("md5_hash1b", Text),
    Column("sha256_hash1", Text),
    Column("sha256_hash1b", Text),
    Column("sha512_256_hash1", Text),
    Column("sha512_256_hash1b", Text),
    Column("secret_created_at", Double, nullable=False),
    Column("application_id", Text, ForeignKey("applications.id"), index=True),
    Column("enabled", Boolean, nullable=False),
    Column("caller_id_rule", Text, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("limits", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("realm_id", "composite_lower"),
    Index(None, "account_id", "id"),
    sqlite_autoincrement=True,
)

previous_secrets: Final = Table(
    "previous_secrets",
    metadata,
    Column("credential_id", _Id, ForeignKey("credentials.id", ondelete="CASCADE"), primary_key=True),
    Column("md5_hash1", Text, nullable=False),
    Column("md5_hash1b", Text),
    Column("sha256_hash1", Text),
    Column("sha256_hash1b", Text),
    Column("sha512_256_hash1", Text),
    Column("sha512_256_hash1b", Text),
    Column("created_at", Double, nullable=False),
    Column("valid_until", Double),
)

trunks: Final = Table(
    "trunks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("prefixes", Text, nullable=False),
    Column("allowed_ips", Text, nullable=False),
    Column("digest", Text),
    Column("limits", Text, nullable=False),
    Column("failover_codes", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("media", Text, nullable=False),
    Column("plus", Boolean, nullable=False),
    Column("ring_timeout_s", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    sqlite_autoincrement=True,
)

numbers: Final = Table(
    "numbers",
    metadata,
    Column("e164", Text, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("destination_kind", Text, nullable=False),
    Column("destination_value", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index(None, "destination_kind", "destination_value"),
)

changes: Final = Table(
    "changes",
    metadata,
    Column("seq", _Id, primary_key=True),
    Column("noun", Text, nullable=False),
    Column("key", Text, nullable=False),
    sqlite_autoincrement=True,
)

bindings: Final = Table(
    "bindings",
    metadata,
    Column("aor", Text, primary_key=True),
    Column("uri", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    Column("reg_id", Integer, primary_key=True, autoincrement=False),
    Column("contact", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("q", Integer, nullable=False),
    Column("listener", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("registered_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

cdrs: Final = Table(
    "cdrs",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    Column("account_id", _Id),
    Column("credential_id", _Id),
    Column("inbound_trunk_id", _Id),
    Column("caller", Text, nullable=False),
    Column("callee", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("rang_at", Double),
    Column("answered_at", Double),
    Column("ended_at", Double),
    Column("seen_at", Double),
    Column("end_cause", Text),
    Column("status", Integer, nullable=False),
    Column("rejection", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Text, nullable=False),
    Column("trunk_id", _Id),
    Column("media", Text),
    Column("tags", Text, nullable=False),
    Column("route", Text, nullable=False, server_default=""),
    Column("legs", Text, nullable=False, server_default="[]"),
    Index(None, "started_at", "call_id"),
    Index(None, "account_id", "started_at"),
    Index(None, "ended_at"),
)

registration_events: Final = Table(
    "registration_events",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", Double, nullable=False),
    Column("aor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("flow", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "aor", "id"),
    sqlite_autoincrement=True,
)

users: Final = Table(
    "users",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_lower", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("is_installer", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_seen_at", Double),
    sqlite_autoincrement=True,
)

memberships: Final = Table(
    "memberships",
    metadata,
    Column("user_id", _Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("account_id", _Id, ForeignKey("accounts.id"), primary_key=True, autoincrement=False, index=True),
    Column("role", Text, nullable=False),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("secret_digest", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("last_used_at", Double),
    Column("revoked", Boolean, nullable=False),
)

sign_ins: Final = Table(
    "sign_ins",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user_id", _Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("account_id", _Id),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("noun", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("changes", Text, nullable=False),
    Index(None, "account_id", "id"),
    Index(None, "key", "id"),
    sqlite_autoincrement=True,
)

server_keys: Final = Table(
    "server_keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

idempotent_requests: Final = Table(
    "idempotent_requests",
    metadata,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("status", Integer),
    Column("content_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Double, nullable=False, index=True),
)

ladders: Final = Table(
    "ladders",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("account_id", _Id, nullable=False),
    Column("ended_at", Double, nullable=False, index=True),
    Column("packed", LargeBinary, nullable=False),
)

secret_uses: Final = Table(
    "secret_uses",
    metadata,
    Column("credential_id", _Id, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
)
"""No foreign key: what is written behind may come when its credential is gone."""

samples: Final = Table(
    "samples",
    metadata,
    Column("account_id", _Id, primary_key=True, autoincrement=False),
    Column("at", Double, primary_key=True),
    Column("figures", Text, nullable=False),
)
"""``figures`` is JSON; ``at`` the beginning of a minute."""

webhooks: Final = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", _Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("previous_secret", Text, nullable=False),
    Column("previous_secret_until", Double),
    Column("paused_why", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("version", _Id, nullable=False),
)
"""``version`` is when a row was written, in microseconds: running servers look for the greatest."""

webhook_deliveries: Final = Table(
    "webhook_deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("webhook_id", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("next_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tried_at", Double),
    Column("status", Integer),
    Column("detail", Text, nullable=False),
    Index(None, "state", "next_at"),
    Index(None, "webhook_id", "state", "id"),
    sqlite_autoincrement=True,
)
"""No foreign key: what is written behind may come when its webhook is gone. ``node`` is who heard the event."""

webhook_standings: Final = Table(
    "webhook_standings",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("failing_since", Double),
    Column("failures", Integer, nullable=False),
    Column("last_delivered_at", Double),
    Column("last_tried_at", Double),
    Column("last_status", Integer),
    Column("last_detail", Text, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("given_up", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
)
