"""What the HTTP kit, the audit trail and the nodes keep for themselves."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from hookline.storage.schema.columns import (
    count_column,
    metadata,
    one_of,
    text_column,
    time_column,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # of account, route and Idempotency-Key
    Column("request_digest", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=True),  # null once a secret answer has been wiped
    Column("sealed", Integer, nullable=False),
    time_column("created_at"),
    Index(None, "created_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    time_column("at"),
    text_column("actor_kind"),
    text_column("actor_id"),
    text_column("actor_label"),
    text_column("ip", null=True),
    text_column("user_agent", null=True),
    text_column("request_id", null=True),
    text_column("action"),
    text_column("resource_id"),
    text_column("before", null=True),
    text_column("after", null=True),
    text_column("previous_hash"),
    text_column("hash"),
    Index(None, "account_id", "action", "number"),
    Index(None, "account_id", "actor_id", "number"),
    Index(None, "account_id", "resource_id", "number"),
)
"""Append-only: triggers of migration 0009 refuse UPDATE, DELETE and TRUNCATE."""

audit_verifications = Table(
    "audit_verifications",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("status"),
    text_column("asked_by"),
    text_column("known", null=True),  # the head that was noted elsewhere: `42:5f3a…`
    Column("head_number", BigInteger, nullable=False),
    text_column("head_hash"),
    Column("checked", BigInteger, nullable=False, server_default="0"),
    text_column("checked_hash", default=""),  # of the last row that was checked
    Column("break_number", BigInteger, nullable=True),
    text_column("break_kind", null=True),
    text_column("break_detail", null=True),
    time_column("created_at"),
    time_column("updated_at"),
    time_column("finished_at", null=True),
    one_of("status", "queued", "running", "intact", "broken"),
    Index(None, "account_id", "id"),
    Index(None, "finished_at"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("number"),  # whose; once it is completed, only its beginning and its end
    text_column("status"),
    *(
        Column(name, BigInteger, nullable=False, server_default="0")
        for name in ("messages", "calls", "recordings", "step")
    ),
    text_column("asked_by"),
    time_column("created_at"),
    time_column("erased_at"),  # when something was erased the last time
    time_column("finished_at", null=True),
    one_of("status", "running", "completed"),
    Index(None, "account_id", "mode", "id"),
)
_running = erasures.c.status == "running"
Index("ix_erasures_running", erasures.c.id, sqlite_where=_running, postgresql_where=_running)

mails = Table(
    "mails",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("recipient"),
    text_column("subject"),
    text_column("text"),
    count_column("attempts"),
    time_column("created_at"),
    time_column("next_attempt_at", null=True),  # null once it was sent, or given up
    time_column("sent_at", null=True),
    text_column("problem", null=True),
    text_column("secret", null=True),  # sealed, for its place in the text; null once it was sent
    Index(None, "next_attempt_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("owner"),
    time_column("expires_at"),
)
