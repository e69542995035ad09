"""What holds credentials besides their scopes, and accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("allowed_countries", sa.Text(), nullable=True))
    op.add_column("credentials", sa.Column("restrictions", sa.Text(), nullable=True))
    op.add_column("credential_tokens", sa.Column("restrictions", sa.Text(), nullable=True))
    op.create_table(
        "credential_usage",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("granted", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind IN ('messages', 'calls')", name=op.f("ck_credential_usage_kind_known")
        ),
        sa.PrimaryKeyConstraint("credential_id", "kind", "day", name=op.f("pk_credential_usage")),
    )
