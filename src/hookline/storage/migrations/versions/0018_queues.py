"""Queues have an index of their own, in the very condition that they are asked by.

SQLite took the one for all unfinished messages for no query: each claim read every message that had ever been.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_QUEUED = sa.text("status = 'queued'")
_SENDING = sa.text("status = 'sending'")
_WORKING = sa.text("status IN ('scheduled', 'queued', 'sending')")


def upgrade() -> None:
    op.drop_index("ix_messages_work", table_name="messages")
    op.create_index(
        "ix_messages_queued",
        "messages",
        ["carrier_id", "id", "owner", "valid_until"],
        sqlite_where=_QUEUED,
        postgresql_where=_QUEUED,
    )
    op.create_index(
        "ix_messages_sending",
        "messages",
        ["id"],
        sqlite_where=_SENDING,
        postgresql_where=_SENDING,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_sending", table_name="messages")
    op.drop_index("ix_messages_queued", table_name="messages")
    op.create_index(
        "ix_messages_work",
        "messages",
        ["status", "carrier_id", "id"],
        sqlite_where=_WORKING,
        postgresql_where=_WORKING,
    )
