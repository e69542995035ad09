"""Routes: which carrier takes a message, and which one next."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "routes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("conditions", sa.Text(), server_default="{}", nullable=False),
        sa.Column("failover_on", sa.Text(), server_default="[]", nullable=False),
        sa.Column("carrier_down_after_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("no_receipt_after_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("disabled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routes")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_routes_account_id_name")),
    )
    op.create_table(
        "route_carriers",
        sa.Column("route_id", sa.Text(), nullable=False),
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("weight", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("route_id", "carrier_id", name=op.f("pk_route_carriers")),
    )
    op.create_index(op.f("ix_route_carriers_carrier_id"), "route_carriers", ["carrier_id"])
    op.create_table(
        "tried_carriers",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("carrier_id", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "carrier_id", name=op.f("pk_tried_carriers")),
    )
