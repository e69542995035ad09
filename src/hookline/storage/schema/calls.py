"""Calls, their legs, what is recorded of them, what is asked of a call on another node, and what
virtual phones show of their calls.
"""

from sqlalchemy import Column, Index, Integer, Table, Text, literal_column

from hookline.storage.schema.columns import count_column, metadata, one_of, text_column, time_column

CALL_STATUSES = (
    "queued",
    "dialing",
    "ringing",
    "in_progress",
    "completed",
    "busy",
    "no_answer",
    "declined",
    "failed",
    "canceled",
)
HANGUP_BY = ("caller", "callee", "agent", "api", "timer", "network", "system")
LEG_ROLES = ("to", "agent", "dial", "caller")
PHONE_CALL_STATES = ("ringing", "calling", "talking", "ended")
RECORDING_STATUSES = ("in_progress", "completed", "failed", "deleted")

calls = Table(
    "calls",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("direction"),
    text_column("sender"),
    text_column("recipient"),
    text_column("caller_name", null=True),
    text_column("agent", null=True),
    text_column("carrier_id"),
    text_column("credential_id", null=True),
    text_column("status"),
    text_column("hangup_by", null=True),
    text_column("reason", null=True),
    Column("sip_code", Integer, nullable=True),
    text_column("plan"),  # what is to be done on it, as JSON
    text_column("metadata", null=True),
    text_column("status_url", null=True),
    time_column("created_at"),
    time_column("updated_at"),
    time_column("answered_at", null=True),
    time_column("ended_at", null=True),
    count_column("sequence"),  # events about this call and its recordings so far
    text_column("timeline", default=""),  # one JSON object a line, oldest first
    text_column("owner", null=True),  # the node that has its engine and runs it
    one_of("direction", "outbound", "inbound"),
    one_of("mode", "live", "test"),
    one_of("status", *CALL_STATUSES),
    one_of("hangup_by", *HANGUP_BY),
    Index(None, "account_id", "mode", "id"),
)
LIVE_CALLS = calls.c.status.in_(
    [literal_column(f"'{one}'") for one in ("queued", "dialing", "ringing", "in_progress")]
)
"""Literal: SQLite takes an index of some rows only for a query that has the index's own condition."""
Index(
    "ix_calls_live",
    calls.c.status,
    calls.c.owner,
    calls.c.id,
    sqlite_where=LIVE_CALLS,
    postgresql_where=LIVE_CALLS,
)
Index("ix_calls_recipient", calls.c.account_id, calls.c.recipient, calls.c.id)
Index("ix_calls_sender", calls.c.account_id, calls.c.sender, calls.c.id)

legs = Table(
    "legs",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("call_id"),
    text_column("role"),
    text_column("sender"),
    text_column("recipient"),
    text_column("carrier_id"),
    text_column("status"),
    text_column("hangup_by", null=True),
    text_column("reason", null=True),
    Column("sip_code", Integer, nullable=True),
    time_column("created_at"),
    time_column("ringing_at", null=True),
    time_column("answered_at", null=True),
    time_column("ended_at", null=True),
    one_of("role", *LEG_ROLES),
    one_of("status", *CALL_STATUSES),
    one_of("hangup_by", *HANGUP_BY),
    Index(None, "call_id"),
    Index(None, "recipient"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("call_id"),
    text_column("status"),
    Column("channels", Integer, nullable=False),
    Column("duration_ms", Integer, nullable=True),  # this and the next three: of the finished file
    Column("bytes", Integer, nullable=True),
    text_column("sha256", null=True),
    text_column("peaks", null=True),
    text_column("reason", null=True),  # why there is none
    time_column("started_at"),
    time_column("ended_at", null=True),
    one_of("mode", "live", "test"),
    one_of("status", *RECORDING_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "call_id"),
)

call_commands = Table(
    "call_commands",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("call_id"),
    text_column("owner"),  # the node that runs the call
    text_column("command"),
    time_column("created_at"),
    Index(None, "owner"),
    Index(None, "call_id"),
)

phone_calls = Table(
    "phone_calls",
    metadata,
    Column("leg_id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("phone"),  # the number of the virtual phone
    text_column("owner"),  # the node that runs the call
    text_column("state"),
    text_column("shown"),  # the whole of what the phone shows, as JSON
    time_column("ended_at", null=True),
    one_of("mode", "live", "test"),
    one_of("state", *PHONE_CALL_STATES),
    Index(None, "account_id", "phone", "leg_id"),
)
Index(
    "ix_phone_calls_under_way",
    phone_calls.c.owner,
    sqlite_where=phone_calls.c.ended_at.is_(None),
    postgresql_where=phone_calls.c.ended_at.is_(None),
)
Index("ix_phone_calls_ended_at", phone_calls.c.ended_at)

phone_acts = Table(
    "phone_acts",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("leg_id"),
    text_column("owner"),  # the node that runs the call
    text_column("act"),
    time_column("created_at"),
    Index(None, "owner"),
)
