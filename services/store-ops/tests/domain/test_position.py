"""Distances between a visit and its store."""

from decimal import Decimal

import pytest

from store_ops.domain.position import distance_m


@pytest.mark.parametrize(
    ("here", "there", "metres"),
    [
        (("31.2047", "121.4019"), ("31.2047", "121.4019"), 0),
        (("0", "0"), ("0", "1"), 111_195),  # A degree on the equator.
        (("31.2050", "121.4050"), ("31.2047", "121.4019"), 297),
        (("90", "0"), ("-90", "0"), 20_015_115),  # Half round the earth.
        (("0", "179.9999"), ("0", "-179.9999"), 22),  # Across the date line.
    ],
)
def test_the_distance_is_that_along_the_surface(here: tuple[str, str], there: tuple[str, str], metres: int):
    assert distance_m(*map(Decimal, here), *map(Decimal, there)) == metres
    assert distance_m(*map(Decimal, there), *map(Decimal, here)) == metres
