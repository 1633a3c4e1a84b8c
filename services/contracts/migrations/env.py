"""Alembic's entry: the platform knows the rest."""

from shared.platform.migrate import run

run()
