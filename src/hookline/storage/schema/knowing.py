"""What is known of the use of credentials: each request for a while, and counters for longer."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from hookline.storage.schema.columns import count_column, metadata, one_of, text_column, time_column

_LISTED = ("account_id", "id", "mode", "status", "method", "path")
_FAILED, _TEST = text("status >= 400"), text("mode = 'test'")

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),  # the Request-Id, which tells when it came
    text_column("account_id"),
    text_column("mode"),
    text_column("credential_id"),
    text_column("token_prefix"),
    text_column("token_last4"),
    text_column("method"),
    text_column("path"),
    text_column("route"),  # the path as declared, /v1/messages/{id}; empty: there is none
    text_column("query"),
    Column("status", Integer, nullable=False),  # 0: the caller left before there was an answer
    text_column("code", null=True),
    Column("duration_us", BigInteger, nullable=False),
    text_column("ip"),
    text_column("user_agent"),
    Column("has_idempotency_key", Integer, nullable=False),
    text_column("made", default="[]"),  # ids, as JSON
    text_column("headers", default="{}"),  # JSON by name
    text_column("body", null=True),  # redacted
    Column("body_bytes", BigInteger, nullable=False),
    one_of("mode", "live", "test"),
    # What lists filter by stands in the index, so that rows that do not match are never fetched.
    Index("ix_requests_list", *_LISTED),
    Index(
        "ix_requests_of_credential",
        "account_id", "credential_id", "id", "mode", "status", "method", "token_last4", "ip", "path",
    ),
    Index(None, "account_id", "ip", "id"),
    Index(None, "account_id", "token_last4", "id"),
    Index("ix_requests_errors", *_LISTED, sqlite_where=_FAILED, postgresql_where=_FAILED),
    Index("ix_requests_test", *_LISTED, sqlite_where=_TEST, postgresql_where=_TEST),
)  # fmt: skip

credential_days = Table(
    "credential_days",
    metadata,
    # How many requests came with a credential's tokens, each UTC day.
    Column("credential_id", Text, primary_key=True),
    Column("day", Integer, primary_key=True),  # since 1970
    text_column("account_id"),
    count_column("requests"),
    count_column("errors"),  # of them, those that were answered with 4xx or 5xx
    count_column("skipped"),  # of them, those that the request log does not keep
    Index(None, "account_id", "day"),
    Index(None, "day"),
)

credential_addresses = Table(
    "credential_addresses",
    metadata,
    # From where a credential was used; a bounded number of each.
    Column("credential_id", Text, primary_key=True),
    Column("ip", Text, primary_key=True),
    time_column("first_used_at"),
    time_column("last_used_at"),
    Index(None, "credential_id", "last_used_at"),
)

credential_scopes = Table(
    "credential_scopes",
    metadata,
    # A scope that was never used, and is as old as its credential, has no row.
    Column("credential_id", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    time_column("granted_at", null=True),  # null: when the credential was made
    time_column("last_used_at", null=True),
)
