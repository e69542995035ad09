"""What lets people in besides their password: invitations, second factors, sign-ins half done."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from hookline.storage.schema.columns import metadata, one_of, text_column, time_column

invitations = Table(  # open ones; an ended one is a row of the audit trail
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    text_column("email"),  # lower case
    text_column("role"),
    text_column("permissions"),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of the link's secret
    text_column("invited_by_kind"),
    text_column("invited_by"),
    text_column("invited_by_label"),
    time_column("created_at"),
    time_column("expires_at"),
    one_of("role", "viewer", "developer", "admin", "owner"),
    Unique("account_id", "email"),
)

second_factors = Table(  # a user without a row has none
    "second_factors",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    text_column("secret"),  # sealed
    time_column("created_at"),
    # The time step of the latest code that was taken: it and earlier ones are refused.
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(  # a row goes when its code is used
    "recovery_codes",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the user's id and the code
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    time_column("created_at"),
    Index(None, "user_id"),
)

pending_sign_ins = Table(  # the password was right, the code is to come
    "pending_sign_ins",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    time_column("password_changed_at"),  # as it was: another password ends the sign-in
    time_column("expires_at"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)
