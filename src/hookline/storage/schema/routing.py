"""Which carrier takes a message, and which have refused it."""

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from hookline.storage.schema.columns import count_column, metadata, text_column, time_column

routes = Table(
    "routes",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("account_id"),
    text_column("name"),
    count_column("position"),  # the lowest comes first
    text_column("conditions", default="{}"),  # lists by name, as JSON
    text_column("failover_on", default="[]"),
    count_column("carrier_down_after_s"),
    count_column("no_receipt_after_s"),
    count_column("disabled"),
    time_column("created_at"),
    UniqueConstraint("account_id", "name"),
)

route_carriers = Table(
    "route_carriers",
    metadata,
    Column("route_id", Text, primary_key=True),
    Column("carrier_id", Text, primary_key=True),
    count_column("priority"),
    count_column("weight"),
    Index(None, "carrier_id"),
)

tried_carriers = Table(  # of messages that another carrier has had before
    "tried_carriers",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("carrier_id", Text, primary_key=True),
    time_column("tried_at"),
)
