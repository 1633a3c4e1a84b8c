"""How far a visit was from its store: shown beside an audit, never a verdict."""

from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_009
"""Mean radius (IUGG)."""


def distance_m(latitude: Decimal, longitude: Decimal, other_latitude: Decimal, other_longitude: Decimal) -> int:
    """Return the metres along the surface between two positions in degrees (haversine), rounded."""
    north, east, other_north, other_east = (
        radians(each) for each in (latitude, longitude, other_latitude, other_longitude)
    )
    chord = sin((other_north - north) / 2) ** 2 + cos(north) * cos(other_north) * sin((other_east - east) / 2) ** 2
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord))))
