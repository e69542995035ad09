"""Accounts, the people in them, and the credentials that they hand out."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from hookline.storage.schema.columns import count_column, metadata, one_of, text_column, time_column

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("name"),
    text_column("signing_secret"),  # sealed; signs status_url and answer_url requests
    time_column("created_at"),
    text_column("allowed_countries", null=True),  # ISO 3166 codes with spaces; null: everywhere
    count_column("second_factor_required"),
    Column("event_retention_days", Integer, nullable=True),  # null: the server's setting
)

account_streams = Table(
    "account_streams",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("endpoints_version", BigInteger, nullable=False, server_default="0"),
    Column("audit_number", BigInteger, nullable=False, server_default="0"),
    text_column("audit_hash", default=""),
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),  # lower case
    text_column("name", default=""),
    text_column("password_hash"),
    time_column("created_at"),
    time_column("password_changed_at"),
    time_column("last_sign_in_at", null=True),
)

memberships = Table(
    "memberships",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    text_column("role"),
    text_column(
        "permissions", default="{}"
    ),  # what differs from the role: {"credentials:write": false}
    time_column("created_at"),
    time_column("disabled_at", null=True),
    one_of("role", "viewer", "developer", "admin", "owner"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    text_column("csrf_token"),
    time_column("created_at"),
    time_column("authenticated_at"),
    time_column("last_seen_at"),
    time_column("expires_at"),
    text_column("ip", null=True),
    text_column("user_agent", null=True),
    Column("id", Text, nullable=False, unique=True),  # stays when the digest changes
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column(
        "key", Text, primary_key=True
    ),  # what is throttled: an address with a user, or an address
    time_column("window_started_at"),
    count_column("failures"),
)


credentials = Table(
    "credentials",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("description"),
    text_column("scopes"),
    text_column("status"),
    text_column("created_by"),
    text_column("created_by_label"),
    time_column("created_at"),
    time_column("updated_at"),
    time_column("rotated_at", null=True),
    time_column("ended_at", null=True),
    text_column("ended_by", null=True),
    text_column("ended_by_label", null=True),
    text_column("ended_reason", null=True),
    time_column("expires_at", null=True),
    text_column("restrictions", null=True),  # JSON by name; null: there are none
    one_of("mode", "live", "test"),
    # `rotating` and `expired` are never stored: they follow from times (credentials/store.py).
    one_of("status", "active", "rotating", "expired", "revoked", "disabled_idle"),
    Index(None, "account_id", "id"),
    Index(None, "expires_at"),
)

credential_usage = Table(
    "credential_usage",
    metadata,
    # How much of a daily cap is used; a credential without one has no row.
    Column("credential_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("day", Integer, primary_key=True),  # since 1970, in UTC
    count_column("used"),
    count_column("granted"),  # by the latest change: how its own transaction learns it
    one_of("kind", "messages", "calls"),
)

credential_tokens = Table(
    "credential_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the token's text
    text_column("credential_id"),
    # The next four, and the restrictions, repeat the credential's, so that one look-up by digest authenticates a request.
    text_column("account_id"),
    text_column("mode"),
    text_column("description"),
    text_column("scopes"),
    text_column("prefix"),
    text_column("last4"),
    text_column("status"),
    time_column("created_at"),
    # A rotated-out token whose end is still to come is in its grace.
    time_column("ended_at", null=True),
    time_column("rotated_at", null=True),
    Column("grace_extended", Integer, nullable=False, server_default="0"),
    # On the new token: how long after its first use the old one's grace ends; null once it is used.
    Column("first_use_grace_ms", BigInteger, nullable=True),
    count_column("grace_uses"),  # requests that were let in since the rotation
    time_column("refused_from", null=True),  # for an overdue token, where the policy says so
    time_column("expires_at", null=True),  # repeats the credential's, for the look-up
    time_column("last_used_at", null=True),
    text_column("last_used_ip", null=True),
    text_column("last_used_user_agent", null=True),
    text_column("last_used_route", null=True),
    text_column("restrictions", null=True),
    one_of("mode", "live", "test"),
    one_of("status", "active", "rotated", "canceled", "disabled", "revoked"),
    Index(None, "credential_id"),
)

credential_policies = Table(  # an account without a row has the defaults
    "credential_policies",
    metadata,
    Column("account_id", Text, primary_key=True),
    count_column("rotation_days", default="90"),
    Column("refuse_overdue_after_days", Integer, nullable=True),
    Column("disable_idle_after_days", Integer, nullable=True),
)

credential_notices = Table(  # which notices have been given, each once
    "credential_notices",
    metadata,
    Column("credential_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("stage", Integer, primary_key=True),  # days before
    Column("about", BigInteger, primary_key=True),  # the instant that it is about
    time_column("given_at"),
    one_of("kind", "expiring", "rotation_due", "idle"),
)
