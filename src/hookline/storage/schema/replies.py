"""What people answer: who wants no more messages, how they are confirmed, and the threads of both sides."""

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from hookline.storage.schema.columns import count_column, metadata, one_of, text_column, time_column

opt_outs = Table(
    "opt_outs",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),  # who does not want messages
    Column("sender", Text, primary_key=True, server_default=""),  # from whom; empty: from nobody
    text_column("source"),
    text_column("language", null=True),  # of the word that they wrote
    text_column("message_id", null=True),
    time_column("created_at"),
    one_of("source", "keyword", "manual", "import"),
)

opt_out_settings = Table(  # an account without a row has the defaults
    "opt_out_settings",
    metadata,
    Column("account_id", Text, primary_key=True),
    text_column("scope", default="account"),
    count_column("confirmations", default="1"),
    text_column("language", default="en"),
    text_column("words", default="{}"),  # lists by keyword, as JSON
    text_column("texts", default="{}"),  # own texts by language and keyword, as JSON
    one_of("scope", "account", "sender"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("mode"),
    text_column("number"),  # the account's side
    text_column("party"),  # the other one's
    text_column("last_inbound_id"),  # the newest message from there
    count_column("unread"),
    time_column("created_at"),
    one_of("mode", "live", "test"),
    UniqueConstraint("account_id", "mode", "number", "party"),
    Index(None, "account_id", "mode", "last_inbound_id"),
    Index(None, "account_id", "party"),
)
