"""Alembic's entry."""

from shared.platform.migrate import run

run()
