"""Alembic's entry; the platform does the work."""

from shared.platform.migrate import run

run()
