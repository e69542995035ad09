"""How Alembic reaches the database: on the connection that `migrate.py` hands in."""

from alembic import context

from hookline.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
