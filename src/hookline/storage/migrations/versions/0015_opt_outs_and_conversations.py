"""Opt-outs for one sender, the account's words and texts about them, and conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KEPT = "account_id, mode, recipient, source, message_id, created_at"


def upgrade() -> None:
    _widen_opt_outs()
    op.create_table(
        "opt_out_settings",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="account", nullable=False),
        sa.Column("confirmations", sa.Integer(), server_default="1", nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("words", sa.Text(), server_default="{}", nullable=False),
        sa.Column("texts", sa.Text(), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "scope IN ('account', 'sender')", name=op.f("ck_opt_out_settings_scope_known")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_opt_out_settings")),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("last_inbound_id", sa.Text(), nullable=False),
        sa.Column("unread", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_conversations_mode_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "account_id",
            "mode",
            "number",
            "party",
            name=op.f("uq_conversations_account_id_mode_number_party"),
        ),
    )
    for columns in (["account_id", "mode", "last_inbound_id"], ["account_id", "party"]):
        name = op.f(f"ix_conversations_{'_'.join(columns)}")
        op.create_index(name, "conversations", columns)
    _begin_conversations()


def _widen_opt_outs() -> None:
    """The sender becomes a part of the key, so that the table is written anew."""
    op.execute(f"CREATE TABLE opt_outs_before AS SELECT {_KEPT} FROM opt_outs")  # noqa: S608 - our names
    op.drop_table("opt_outs")
    op.create_table(
        "opt_outs",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "source IN ('keyword', 'manual', 'import')", name=op.f("ck_opt_outs_source_known")
        ),
        sa.PrimaryKeyConstraint(
            "account_id", "mode", "recipient", "sender", name=op.f("pk_opt_outs")
        ),
    )
    op.execute(f"INSERT INTO opt_outs ({_KEPT}) SELECT {_KEPT} FROM opt_outs_before")  # noqa: S608 - our names
    op.drop_table("opt_outs_before")


def _begin_conversations() -> None:
    """One for each pair of numbers that has an inbound message; all of it counts as read.

    Its id is made of the newest message's, which is in no other.
    """
    op.execute(
        "INSERT INTO conversations"
        " (id, account_id, mode, number, party, last_inbound_id, unread, created_at)"
        " SELECT 'conv_' || substr(MAX(id), 5), account_id, mode, recipient, sender, MAX(id), 0,"
        " MIN(created_at) FROM messages WHERE direction = 'inbound' AND sender <> 'erased'"
        " GROUP BY account_id, mode, recipient, sender"
    )
