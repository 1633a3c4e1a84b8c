"""A store's description and what is announced when it changes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from store_ops.domain.store import Store, StoreAccountFixed, StoreGrade, StoreStatus

STORE = Store(
    id=UUID(int=1),
    account_id=UUID(int=2),
    code="0126",
    name="Hongqiao",
    grade=StoreGrade.A,
    store_format="hypermarket",
    province="Shanghai",
    city="Shanghai",
    area_sqm=Decimal("8500.00"),
    latitude=Decimal("31.200000"),
    longitude=Decimal("121.400000"),
    opened_on=date(2019, 5, 1),
)


@pytest.mark.parametrize(
    ("changes", "what_is_wrong"),
    [
        ({"status": StoreStatus.CLOSED}, "closed_on is given exactly"),
        ({"closed_on": date(2026, 1, 1)}, "closed_on is given exactly"),
        ({"status": StoreStatus.CLOSED, "closed_on": date(2019, 4, 30)}, "is before opened_on"),
        ({"area_sqm": Decimal(0)}, "above zero"),
        ({"latitude": None}, "together"),
        ({"latitude": Decimal("90.000001")}, "between -90 and 90"),
        ({"longitude": Decimal("-180.000001")}, "between -180 and 180"),
    ],
)
def test_a_description_that_cannot_be_is_refused(changes: dict[str, Any], what_is_wrong: str):
    with pytest.raises(ValueError, match=what_is_wrong):
        replace(STORE, **changes)


def test_a_store_may_close_on_the_day_it_opened():
    assert replace(STORE, status=StoreStatus.CLOSED, closed_on=STORE.opened_on).closed_on == STORE.opened_on


def test_a_store_needs_neither_area_nor_coordinates():
    assert replace(STORE, area_sqm=None, latitude=None, longitude=None).changed().area_sqm is None


def test_a_new_description_is_announced_in_full():
    event = STORE.replaced_by(replace(STORE, grade=StoreGrade.B))
    assert event is not None
    assert (event.id, event.account_id, event.grade, event.code) == (STORE.id, STORE.account_id, StoreGrade.B, "0126")


def test_the_same_description_is_not_announced_again():
    assert STORE.replaced_by(replace(STORE)) is None


def test_a_store_stays_with_its_account():
    with pytest.raises(StoreAccountFixed):
        STORE.replaced_by(replace(STORE, account_id=UUID(int=3)))
