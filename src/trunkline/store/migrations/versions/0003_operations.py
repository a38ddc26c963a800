"""What operators look at: the legs and the route of calls, kept ladders, and a sample of the figures each minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("cdrs", sa.Column("route", sa.Text(), nullable=False, server_default=""))
    op.add_column("cdrs", sa.Column("legs", sa.Text(), nullable=False, server_default="[]"))
    op.create_table(
        "ladders",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_ladders"),
    )
    op.create_index("ix_ladders_ended_at", "ladders", ["ended_at"])
    op.create_table(
        "samples",
        sa.Column("account_id", _ID, nullable=False, autoincrement=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "at", name="pk_samples"),
    )
