"""Run the migrations on the connection, and in the transaction, that the catalog gives."""

from alembic import context

from lineal.catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the transaction is the catalog's own
)
context.run_migrations()
