"""Invitations, second factors, disabled users; sessions that can be named; secrets in e-mails."""

import sqlalchemy as sa
from alembic import op

from hookline.ids import IdSource

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("memberships", sa.Column("disabled_at", sa.BigInteger(), nullable=True))
    op.add_column("mails", sa.Column("secret", sa.Text(), nullable=True))
    op.add_column(
        "accounts",
        sa.Column("second_factor_required", sa.Integer(), server_default="0", nullable=False),
    )
    _name_sessions()
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by_kind", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("invited_by_label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'developer', 'admin', 'owner')",
            name=op.f("ck_invitations_role_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_invitations_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("account_id", "email", name=op.f("uq_invitations_account_id_email")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
    )
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        _user("second_factors"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _user("recovery_codes"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        _user("pending_sign_ins"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pending_sign_ins")),
    )
    for column in ("user_id", "expires_at"):
        op.create_index(op.f(f"ix_pending_sign_ins_{column}"), "pending_sign_ins", [column])


def _user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"))


def _name_sessions() -> None:
    """Give each session an id. People stay signed in."""
    op.add_column("sessions", sa.Column("id", sa.Text(), nullable=True))
    sessions = sa.table(
        "sessions", sa.column("digest", sa.LargeBinary()), sa.column("id", sa.Text())
    )
    ids, connection = IdSource(), op.get_bind()
    for (digest,) in connection.execute(sa.select(sessions.c.digest)).all():
        named = sa.update(sessions).where(sessions.c.digest == digest).values(id=ids.new("ses"))
        connection.execute(named)
    with op.batch_alter_table("sessions") as table:  # SQLite has to write it anew
        table.alter_column("id", existing_type=sa.Text(), nullable=False)
        table.create_unique_constraint(op.f("uq_sessions_id"), ["id"])
