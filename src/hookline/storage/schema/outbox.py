"""Events, and the webhooks that tell of them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from hookline.storage.schema.columns import count_column, metadata, one_of, text_column, time_column

events = Table(
    "events",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    text_column("id"),
    text_column("type"),
    text_column("mode"),
    text_column("resource_id"),
    Column("sequence", Integer, nullable=False),
    time_column("created_at"),
    Column("body", LargeBinary, nullable=False),  # the JSON that receivers of format standard get
    UniqueConstraint("id"),
    Index(None, "resource_id"),
)

resource_sequences = Table(
    "resource_sequences",
    metadata,
    Column("resource_id", Text, primary_key=True),
    count_column("last"),  # of resources whose own row keeps no count of its events
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("channel", null=True),  # set on the endpoints that the v3 surface keeps: sms, calls
    text_column("url"),
    text_column("description", default=""),
    text_column("events"),
    text_column("numbers", null=True),
    text_column("headers", null=True),
    text_column("format"),
    text_column("secret"),  # sealed
    text_column("previous_secret", null=True),  # sealed; still signs until the next column
    time_column("previous_secret_until", null=True),
    text_column("status"),
    text_column("disabled_reason", null=True),
    time_column("first_failure_at", null=True),  # since when nothing has got through
    time_column("created_at"),
    time_column("updated_at"),
    count_column("sequence"),
    text_column("failover_url", null=True),
    Column("rate_limit", Float, nullable=True),  # attempts a second
    text_column("ordered", default="none"),
    text_column("retry_schedule", null=True),  # JSON: seconds before each attempt
    count_column("warned_percent"),  # of the time without success after which it is disabled
    one_of("status", "enabled", "disabled"),
    one_of("format", "standard", "v3"),
    Index(None, "account_id", "id"),
    UniqueConstraint("account_id", "mode", "channel"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("endpoint_id", null=True),  # null: a message's status_url
    text_column("url", null=True),
    text_column("event_id"),
    text_column("event_type"),
    text_column("resource_id"),
    text_column("status"),
    count_column("attempts"),
    time_column("created_at"),
    time_column("next_attempt_at", null=True),  # null when nothing more will be tried
    time_column("finished_at", null=True),
    Column("last_status", Integer, nullable=True),
    text_column("last_error", null=True),
    text_column("owner", null=True),  # the node that works on it
    Column(
        "position", BigInteger, nullable=True
    ),  # the event's; null: of a test, or older than this
    count_column("round"),  # how much of the retry schedule is used up
    Column("test_body", LargeBinary, nullable=True),  # of a test event that was edited
    one_of("status", "pending", "delivered", "failed", "canceled"),
    Index(None, "account_id", "id"),
    Index(None, "endpoint_id", "id"),
    Index(None, "event_id"),
    Index(None, "resource_id"),
)
_pending = deliveries.c.status == "pending"
Index(
    "ix_deliveries_due",
    deliveries.c.endpoint_id,
    deliveries.c.next_attempt_at,
    sqlite_where=_pending,
    postgresql_where=_pending,
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    time_column("attempted_at"),
    text_column("url"),
    text_column("address", null=True),
    Column("status", Integer, nullable=True),
    Column("elapsed_ms", Integer, nullable=False),
    text_column("error", null=True),
    text_column("response_headers", null=True),
    Column("response_body", LargeBinary, nullable=True),
)
