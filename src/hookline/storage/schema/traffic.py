"""Numbers, carriers, and the messages that go over them."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from hookline.storage.schema.columns import count_column, metadata, one_of, text_column, time_column

MESSAGE_STATUSES = (
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "expired",
    "failed",
    "canceled",
    "received",
)


numbers = Table(
    "numbers",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("number"),  # E.164, a short code, or a registered alphanumeric sender
    text_column("kind"),
    text_column("carrier_id"),
    text_column("voice_carrier_id", null=True),
    text_column("inbound_voice", null=True),  # what becomes of calls that come in, as JSON
    time_column("created_at"),
    one_of("kind", "number", "short_code", "alphanumeric"),
    UniqueConstraint("account_id", "number"),
    Index(None, "number"),
)

carriers = Table(
    "carriers",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("name"),
    text_column("kind"),
    text_column("settings", default="{}"),
    text_column("secrets", null=True),  # sealed
    count_column("disabled"),
    time_column("created_at"),
    UniqueConstraint("account_id", "name"),
)

carrier_links = Table(
    "carrier_links",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("link", Text, primary_key=True),
    text_column("node"),
    text_column("state"),
    text_column("figures", default="{}"),  # a LinkState
    time_column("changed_at"),
    time_column("seen_at"),
)

virtual_phones = Table(
    "virtual_phones",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    text_column("name", default=""),
    time_column("created_at"),
)


messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("direction"),
    text_column("sender"),
    text_column("recipient"),
    text_column("text", null=True),  # null once redacted
    text_column("encoding"),
    Column("segments", Integer, nullable=False),
    text_column("status"),
    text_column("error_code", null=True),
    text_column("carrier_code", null=True),
    text_column("carrier_id", null=True),
    text_column("credential_id", null=True),
    text_column("tags", null=True),
    text_column("metadata", null=True),
    text_column("status_url", null=True),
    text_column("status_events", null=True),
    time_column("created_at"),
    time_column("updated_at"),
    time_column("send_at", null=True),
    time_column("valid_until", null=True),
    time_column("sent_at", null=True),
    time_column("delivered_at", null=True),
    count_column("sequence"),  # events about this message so far
    text_column("timeline", default=""),  # one JSON object a line, oldest first
    text_column("owner", null=True),  # the node that works on it
    one_of("direction", "outbound", "inbound"),
    one_of("mode", "live", "test"),
    one_of("status", *MESSAGE_STATUSES),
    Index(None, "account_id", "mode", "id"),
)
QUEUED = messages.c.status == literal_column("'queued'")
SENDING = messages.c.status == literal_column("'sending'")
"""Literal, and the very condition of their indexes: SQLite takes such an index for no other."""
Index(
    "ix_messages_queued",  # all that is looked at before the row itself: claims pass over what is owned
    *(messages.c[name] for name in ("carrier_id", "id", "owner", "valid_until")),
    sqlite_where=QUEUED,
    postgresql_where=QUEUED,
)
Index("ix_messages_sending", messages.c.id, sqlite_where=SENDING, postgresql_where=SENDING)
_scheduled = messages.c.status == "scheduled"
Index(
    "ix_messages_due",
    messages.c.send_at,
    sqlite_where=_scheduled,
    postgresql_where=_scheduled,
)
_awaiting = messages.c.status == "sent"
Index(
    "ix_messages_awaiting_receipt",
    messages.c.carrier_id,
    messages.c.id,
    sqlite_where=_awaiting,
    postgresql_where=_awaiting,
)
_ambiguous = _awaiting & (messages.c.error_code == "submit_ambiguous")
Index(
    "ix_messages_ambiguous",
    messages.c.carrier_id,
    messages.c.recipient,
    sqlite_where=_ambiguous,
    postgresql_where=_ambiguous,
)
Index("ix_messages_recipient", messages.c.account_id, messages.c.recipient, messages.c.id)
Index("ix_messages_sender", messages.c.account_id, messages.c.sender, messages.c.id)

message_parts = Table(
    "message_parts",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("carrier_message_id", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("parts", Integer, nullable=False),
    text_column("state", null=True),
    time_column("created_at"),
    Index(None, "message_id"),
)

unmatched_receipts = Table(
    "unmatched_receipts",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("carrier_message_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    text_column("carrier_code", null=True),
    text_column("recipient", null=True),
    time_column("received_at"),
)

inbound_parts = Table(
    "inbound_parts",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("reference", Integer, primary_key=True),
    Column("total", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    text_column("text"),
    text_column("encoding"),
    time_column("received_at"),
    Index(None, "received_at"),
)

unacknowledged = Table(  # what came in, until the carrier surely knows that we have it
    "unacknowledged",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("session", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),  # empty for a segment that waits for others
    time_column("received_at"),
    Index(None, "carrier_id", "session", "received_at"),
)

inbound_names = Table(  # what carriers call the messages that came in, to know them again
    "inbound_names",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("carrier_message_id", Text, primary_key=True),
    text_column("message_id"),
    time_column("received_at"),
    Index(None, "received_at"),
)
