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
    literal_column,
    or_,
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
    Index(None, "account_id", "mode", "id"),
    Index(None, "endpoint_id", "id"),
    Index(None, "event_id"),
    Index(None, "resource_id"),
)
UNSUCCESSFUL = or_(
    deliveries.c.status.in_([literal_column("'failed'"), literal_column("'canceled'")]),
    deliveries.c.last_status >= literal_column("300"),
    deliveries.c.last_error.is_not(None),
)
"""Failed or canceled, or its latest attempt failed: what succeeds at once is never in an index of these. Literal, so
that both databases see that a query may use such an index.
"""
Index(
    "ix_deliveries_unsuccessful",
    *(deliveries.c[name] for name in ("account_id", "mode", "id", "status", "last_status")),
    sqlite_where=UNSUCCESSFUL,
    postgresql_where=UNSUCCESSFUL,
)
Index(
    "ix_deliveries_unsuccessful_of_endpoint",
    *(deliveries.c[name] for name in ("endpoint_id", "id", "status", "last_status", "event_id")),
    sqlite_where=UNSUCCESSFUL,
    postgresql_where=UNSUCCESSFUL,
)
OF_EVERY_RESOURCE = (
    "message.sent",
    "message.delivered",
    "call.dialing",
    "call.ringing",
    "call.answered",
    "call.completed",
)
"""What nearly every message or call has: the index by type leaves them out, so that they cost nothing."""
SELDOM = deliveries.c.event_type.not_in([literal_column(f"'{one}'") for one in OF_EVERY_RESOURCE])
Index(
    "ix_deliveries_seldom",
    *(deliveries.c[name] for name in ("account_id", "mode", "event_type", "id")),
    sqlite_where=SELDOM,
    postgresql_where=SELDOM,
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

replays = Table(
    "replays",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("endpoint_id"),
    text_column("selection"),  # which deliveries are made due again
    text_column("types"),  # event types, as JSON
    time_column("since"),
    time_column("until"),
    Column("end_position", BigInteger, nullable=False),  # of the last event that may be in it
    text_column("status"),
    Column("rate", Float, nullable=False),  # made due each second, at most
    Column("total", BigInteger, nullable=True),  # null until they have been counted
    Column("done", BigInteger, nullable=False, server_default="0"),
    text_column("place"),  # the delivery, or the event's position, that it has come to
    text_column("error", null=True),
    text_column("asked_by"),
    text_column("owner", null=True),  # the node that carries it out
    time_column("created_at"),
    time_column("finished_at", null=True),
    one_of("selection", "failed", "missing", "all"),
    one_of("status", "queued", "running", "completed", "canceled", "failed"),
    Index(None, "account_id", "endpoint_id", "id"),
    Index(None, "finished_at"),
)
OPEN_REPLAY = replays.c.status.in_([literal_column("'queued'"), literal_column("'running'")])
Index(
    "ix_replays_open",
    replays.c.endpoint_id,
    unique=True,
    sqlite_where=OPEN_REPLAY,
    postgresql_where=OPEN_REPLAY,
)
