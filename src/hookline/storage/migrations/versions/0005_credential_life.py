"""The life of credentials: graces of rotated tokens, expiry."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_credentials_expires_at"), "credentials", ["expires_at"])
    for name in ("rotated_at", "first_use_grace_ms", "expires_at"):
        op.add_column("credential_tokens", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column(
        "credential_tokens",
        sa.Column("grace_extended", sa.Integer(), server_default="0", nullable=False),
    )
    op.execute("UPDATE credential_tokens SET rotated_at = ended_at WHERE status = 'rotated'")
    known = op.f("ck_credential_tokens_status_known")
    status = "status IN ('active', 'rotated', 'canceled', 'disabled', 'revoked')"
    with op.batch_alter_table("credential_tokens") as table:  # SQLite has to write it anew
        table.drop_constraint(known, type_="check")
        table.create_check_constraint(known, status)
