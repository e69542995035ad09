"""Forget the paths that tokens were last used for: a person's number could stand in them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tokens = sa.table("credential_tokens", sa.column("last_used_route", sa.Text()))
    op.execute(
        sa.update(tokens)
        .where(tokens.c.last_used_route.is_not(None))
        .values(last_used_route="unknown")
    )


def downgrade() -> None:
    """What is forgotten does not come back."""
