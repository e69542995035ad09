"""How an account sends: its rules, its pools of senders, and what it has sent a moment ago."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from hookline.storage.schema.columns import count_column, metadata, text_column, time_column

sending_rules = Table(
    "sending_rules",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("daily_message_cap", Integer, nullable=True),
    count_column("duplicate_window_s"),
    count_column("smart_encoding"),
)

recent_messages = Table(  # of accounts that refuse duplicates
    "recent_messages",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    text_column("message_id"),
    time_column("sent_at"),
    Index(None, "sent_at"),
)

pools = Table(
    "pools",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("name"),
    time_column("created_at"),
    UniqueConstraint("account_id", "name"),
)

pool_senders = Table(
    "pool_senders",
    metadata,
    Column("pool_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    text_column(
        "countries", null=True
    ),  # ISO 3166 codes with spaces; null: wherever no other is for
    count_column("place"),  # in the order in which they joined
)
