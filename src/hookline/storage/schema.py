"""Every table. Instants are whole milliseconds (UTC), flags are 0/1, lists and maps are JSON text:
the types that both databases keep alike, so that rows need no conversion on the way.

Hot tables carry no foreign keys: their rows are made and kept consistent by the writer's batches.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, null: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=null, server_default=default)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _count(name: str, *, default: str = "0") -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=default)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


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

# --- accounts and people -----------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("signing_secret"),  # sealed; signs status_url and answer_url requests
    _time("created_at"),
)

account_streams = Table(
    "account_streams",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("endpoints_version", BigInteger, nullable=False, server_default="0"),
    Column("audit_number", BigInteger, nullable=False, server_default="0"),
    _text("audit_hash", default=""),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),  # lower case
    _text("name", default=""),
    _text("password_hash"),
    _time("created_at"),
    _time("password_changed_at"),
    _time("last_sign_in_at", null=True),
)

memberships = Table(
    "memberships",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    _text("role"),
    _text("permissions", default="{}"),  # what differs from the role: {"credentials:write": false}
    _time("created_at"),
    _one_of("role", "viewer", "developer", "admin", "owner"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    _text("csrf_token"),
    _time("created_at"),
    _time("authenticated_at"),
    _time("last_seen_at"),
    _time("expires_at"),
    _text("ip", null=True),
    _text("user_agent", null=True),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column(
        "key", Text, primary_key=True
    ),  # what is throttled: an address with a user, or an address
    _time("window_started_at"),
    _count("failures"),
)

# --- credentials -------------------------------------------------------------------------------

credentials = Table(
    "credentials",
    metadata,
    Column("id", Text, primary_key=True),
    _text("account_id"),
    _text("mode"),
    _text("description"),
    _text("scopes"),
    _text("status"),
    _text("created_by"),
    _text("created_by_label"),
    _time("created_at"),
    _time("updated_at"),
    _time("rotated_at", null=True),
    _time("ended_at", null=True),
    _text("ended_by", null=True),
    _text("ended_by_label", null=True),
    _text("ended_reason", null=True),
    _one_of("mode", "live", "test"),
    _one_of("status", "active", "rotating", "expired", "revoked", "disabled_idle"),
    Index(None, "account_id", "id"),
)

credential_tokens = Table(
    "credential_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the token's text
    _text("credential_id"),
    _text("prefix"),
    _text("last4"),
    _text("status"),
    _time("created_at"),
    _time("ended_at", null=True),
    _time("last_used_at", null=True),
    _text("last_used_ip", null=True),
    _text("last_used_user_agent", null=True),
    _text("last_used_route", null=True),
    _one_of("status", "active", "rotated", "revoked"),
    Index(None, "credential_id"),
)

# --- numbers and carriers ----------------------------------------------------------------------

numbers = Table(
    "numbers",
    metadata,
    Column("id", Text, primary_key=True),
    _text("account_id"),
    _text("number"),  # E.164, a short code, or a registered alphanumeric sender
    _text("kind"),
    _text("carrier_id"),
    _text("voice_carrier_id", null=True),
    _time("created_at"),
    _one_of("kind", "number", "short_code", "alphanumeric"),
    UniqueConstraint("account_id", "number"),
    Index(None, "number"),
)

carriers = Table(
    "carriers",
    metadata,
    Column("id", Text, primary_key=True),
    _text("account_id"),
    _text("name"),
    _text("kind"),
    _text("settings", default="{}"),
    _text("secrets", null=True),  # sealed
    _time("created_at"),
    UniqueConstraint("account_id", "name"),
)

carrier_links = Table(
    "carrier_links",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("link", Text, primary_key=True),
    _text("node"),
    _text("state"),
    _text("detail", null=True),
    _time("changed_at"),
)

virtual_phones = Table(
    "virtual_phones",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    _text("name", default=""),
    _time("created_at"),
)

# --- messages ----------------------------------------------------------------------------------

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    _text("account_id"),
    _text("mode"),
    _text("direction"),
    _text("sender"),
    _text("recipient"),
    _text("text", null=True),  # null once redacted
    _text("encoding"),
    Column("segments", Integer, nullable=False),
    _text("status"),
    _text("error_code", null=True),
    _text("carrier_code", null=True),
    _text("carrier_id", null=True),
    _text("credential_id", null=True),
    _text("tags", null=True),
    _text("metadata", null=True),
    _text("status_url", null=True),
    _text("status_events", null=True),
    _time("created_at"),
    _time("updated_at"),
    _time("send_at", null=True),
    _time("valid_until", null=True),
    _time("sent_at", null=True),
    _time("delivered_at", null=True),
    _count("sequence"),  # events about this message so far
    _text("timeline", default=""),  # one JSON object a line, oldest first
    _text("owner", null=True),  # the node that works on it
    _one_of("direction", "outbound", "inbound"),
    _one_of("mode", "live", "test"),
    _one_of("status", *MESSAGE_STATUSES),
    Index(None, "account_id", "mode", "id"),
)
_working = messages.c.status.in_(("scheduled", "queued", "sending"))
Index(
    "ix_messages_work",
    messages.c.status,
    messages.c.carrier_id,
    messages.c.id,
    sqlite_where=_working,
    postgresql_where=_working,
)
_awaiting = messages.c.status == "sent"
Index(
    "ix_messages_awaiting_receipt",
    messages.c.carrier_id,
    messages.c.id,
    sqlite_where=_awaiting,
    postgresql_where=_awaiting,
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
    _text("state", null=True),
    _time("created_at"),
    Index(None, "message_id"),
)

unmatched_receipts = Table(
    "unmatched_receipts",
    metadata,
    Column("carrier_id", Text, primary_key=True),
    Column("carrier_message_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    _text("carrier_code", null=True),
    _time("received_at"),
)

opt_outs = Table(
    "opt_outs",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),  # who does not want messages
    _text("source"),
    _text("message_id", null=True),
    _time("created_at"),
)

# --- events and webhooks -----------------------------------------------------------------------

events = Table(
    "events",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    _text("id"),
    _text("type"),
    _text("mode"),
    _text("resource_id"),
    Column("sequence", Integer, nullable=False),
    _time("created_at"),
    Column("body", LargeBinary, nullable=False),  # the JSON that receivers of format standard get
    UniqueConstraint("id"),
    Index(None, "resource_id"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    _text("account_id"),
    _text("mode"),
    _text("channel", null=True),  # set on the endpoints that the v3 surface keeps: sms, calls
    _text("url"),
    _text("description", default=""),
    _text("events"),
    _text("numbers", null=True),
    _text("headers", null=True),
    _text("format"),
    _text("secret"),  # sealed
    _text("previous_secret", null=True),  # sealed; still signs until the next column
    _time("previous_secret_until", null=True),
    _text("status"),
    _text("disabled_reason", null=True),
    _time("first_failure_at", null=True),
    _time("created_at"),
    _time("updated_at"),
    _count("sequence"),
    _one_of("status", "enabled", "disabled"),
    _one_of("format", "standard", "v3"),
    Index(None, "account_id", "id"),
    UniqueConstraint("account_id", "mode", "channel"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    _text("account_id"),
    _text("mode"),
    _text("endpoint_id", null=True),  # null: a message's status_url
    _text("url", null=True),
    _text("event_id"),
    _text("event_type"),
    _text("resource_id"),
    _text("status"),
    _count("attempts"),
    _time("created_at"),
    _time("next_attempt_at", null=True),  # null when nothing more will be tried
    _time("finished_at", null=True),
    Column("last_status", Integer, nullable=True),
    _text("last_error", null=True),
    _text("owner", null=True),  # the node that works on it
    _one_of("status", "pending", "delivered", "failed", "canceled"),
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
    _time("attempted_at"),
    _text("url"),
    _text("address", null=True),
    Column("status", Integer, nullable=True),
    Column("elapsed_ms", Integer, nullable=False),
    _text("error", null=True),
    _text("response_headers", null=True),
    Column("response_body", LargeBinary, nullable=True),
)

# --- the HTTP kit, the audit trail, nodes ---------------------------------------------------------

idempotency = Table(
    "idempotency",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # of account, route and Idempotency-Key
    Column("request_digest", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=True),  # null once a secret answer has been wiped
    Column("sealed", Integer, nullable=False),
    _time("created_at"),
    Index(None, "created_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    _time("at"),
    _text("actor_kind"),
    _text("actor_id"),
    _text("actor_label"),
    _text("ip", null=True),
    _text("user_agent", null=True),
    _text("request_id", null=True),
    _text("action"),
    _text("resource_id"),
    _text("before", null=True),
    _text("after", null=True),
    _text("previous_hash"),
    _text("hash"),
    Index(None, "account_id", "resource_id"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    _text("owner"),
    _time("expires_at"),
)
