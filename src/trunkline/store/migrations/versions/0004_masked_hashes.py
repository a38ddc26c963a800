"""An account may hide the hashes of its credentials from the APIs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("masks_hashes", sa.Boolean(), nullable=False, server_default=sa.false())
    )
