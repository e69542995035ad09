"""The life of credentials: graces of rotated tokens, expiry, policies, notices, e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("credentials", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_credentials_expires_at"), "credentials", ["expires_at"])
    for name in ("rotated_at", "first_use_grace_ms", "refused_from", "expires_at"):
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
    op.create_table(
        "credential_policies",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("rotation_days", sa.Integer(), server_default="90", nullable=False),
        sa.Column("refuse_overdue_after_days", sa.Integer(), nullable=True),
        sa.Column("disable_idle_after_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_credential_policies")),
    )
    op.create_table(
        "credential_notices",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('expiring', 'rotation_due', 'idle')",
            name=op.f("ck_credential_notices_kind_known"),
        ),
        sa.PrimaryKeyConstraint(
            "credential_id", "kind", "stage", "about", name=op.f("pk_credential_notices")
        ),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    op.create_index(op.f("ix_mails_next_attempt_at"), "mails", ["next_attempt_at"])
