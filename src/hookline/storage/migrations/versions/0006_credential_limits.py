"""What holds credentials besides their scopes, and accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("allowed_countries", sa.Text(), nullable=True))
    op.add_column("credentials", sa.Column("restrictions", sa.Text(), nullable=True))
    op.add_column("credential_tokens", sa.Column("restrictions", sa.Text(), nullable=True))
