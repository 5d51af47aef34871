"""Alembic's migrations, run at start-up and by `profond migrate`."""
