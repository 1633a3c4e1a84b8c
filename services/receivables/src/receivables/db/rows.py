"""Small helpers for set-based statements."""

from collections.abc import Iterable, Sequence
from typing import Any

ADVISORY_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ' || $1, 0))"
"""Serialises a use case per schema until the transaction ends; $1 is its name."""


def columns_of(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Return ``rows`` turned into ``width`` lists, the parameters of an ``unnest``; no rows give empty lists."""
    turned = [list(column) for column in zip(*rows, strict=True)]
    return turned or [[] for _ in range(width)]
