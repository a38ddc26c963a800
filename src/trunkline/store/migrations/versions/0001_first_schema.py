"""The first schema: nouns, change feed, bindings, CDRs, registration events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("label", name="uq_accounts_label"),
    )
    op.create_table(
        "bindings",
        sa.Column("aor", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("reg_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("cseq", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("q", sa.Integer(), nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("aor", "uri", "instance", "reg_id", name="pk_bindings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cdrs",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("sip_call_id", sa.Text(), nullable=False),
        sa.Column("account_id", _ID),
        sa.Column("credential_id", _ID),
        sa.Column("inbound_trunk_id", _ID),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("callee", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("rang_at", sa.Double()),
        sa.Column("answered_at", sa.Double()),
        sa.Column("ended_at", sa.Double()),
        sa.Column("seen_at", sa.Double()),
        sa.Column("end_cause", sa.Text()),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("rejection", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Text(), nullable=False),
        sa.Column("trunk_id", _ID),
        sa.Column("media", sa.Text()),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_cdrs"),
    )
    op.create_index("ix_cdrs_account_id_started_at", "cdrs", ["account_id", "started_at"])
    op.create_index("ix_cdrs_ended_at", "cdrs", ["ended_at"])
    op.create_index("ix_cdrs_started_at_call_id", "cdrs", ["started_at", "call_id"])
    op.create_table(
        "changes",
        sa.Column("seq", _ID, nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_changes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "registration_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("aor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registration_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registration_events_aor_id", "registration_events", ["aor", "id"])
    op.create_table(
        "applications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("call_initiated_url", sa.Text(), nullable=False),
        sa.Column("call_status_url", sa.Text(), nullable=False),
        sa.Column("callback_username", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_applications_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
    )
    op.create_index("ix_applications_account_id", "applications", ["account_id"])
    op.create_table(
        "numbers",
        sa.Column("e164", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("destination_kind", sa.Text(), nullable=False),
        sa.Column("destination_value", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_numbers_account_id"),
        sa.PrimaryKeyConstraint("e164", name="pk_numbers"),
    )
    op.create_index("ix_numbers_account_id", "numbers", ["account_id"])
    op.create_index(
        "ix_numbers_destination_kind_destination_value", "numbers", ["destination_kind", "destination_value"]
    )
    op.create_table(
        "realms",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("default_of", _ID),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_realms_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_realms"),
        sa.UniqueConstraint("default_of", name="uq_realms_default_of"),
        sa.UniqueConstraint("name", name="uq_realms_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "trunks",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("prefixes", sa.Text(), nullable=False),
        sa.Column("allowed_ips", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text()),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("failover_codes", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("plus", sa.Boolean(), nullable=False),
        sa.Column("ring_timeout_s", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_trunks_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trunks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trunks_account_id", "trunks", ["account_id"])
    op.create_table(
        "credentials",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("realm_id", _ID, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("composite_lower", sa.Text(), nullable=False),
        sa.Column("md5_hash1", sa.Text(), nullable=False),
        sa.Column("md5_hash1b", sa.Text(), nullable=False),
        sa.Column("sha256_hash1", sa.Text()),
        sa.Column("sha256_hash1b", sa.Text()),
        sa.Column("sha512_256_hash1", sa.Text()),
        sa.Column("sha512_256_hash1b", sa.Text()),
        sa.Column("secret_created_at", sa.Double(), nullable=False),
        sa.Column("application_id", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("caller_id_rule", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_credentials_account_id"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_credentials_application_id"
        ),
        sa.ForeignKeyConstraint(["realm_id"], ["realms.id"], name="fk_credentials_realm_id"),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.UniqueConstraint("realm_id", "composite_lower", name="uq_credentials_realm_id_composite_lower"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_credentials_account_id_id", "credentials", ["account_id", "id"])
    op.create_index("ix_credentials_application_id", "credentials", ["application_id"])
    op.create_table(
        "previous_secrets",
        sa.Column("credential_id", _ID, nullable=False),
        sa.Column("md5_hash1", sa.Text(), nullable=False),
        sa.Column("md5_hash1b", sa.Text(), nullable=False),
        sa.Column("sha256_hash1", sa.Text()),
        sa.Column("sha256_hash1b", sa.Text()),
        sa.Column("sha512_256_hash1", sa.Text()),
        sa.Column("sha512_256_hash1b", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("valid_until", sa.Double()),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["credentials.id"],
            name="fk_previous_secrets_credential_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("credential_id", name="pk_previous_secrets"),
    )
