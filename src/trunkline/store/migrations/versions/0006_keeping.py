"""Old entries of the audit log are found by their time, and the last uses of secrets survive a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "secret_uses",
        sa.Column("credential_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("credential_id", "generation", name="pk_secret_uses"),
    )
