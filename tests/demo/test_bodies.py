"""The bodies say of the data what the data say."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from deploy.demo import bodies, bodies_field, bodies_money, claims
from deploy.demo.constants import FULL
from deploy.demo.dataset import Dataset, read_rows
from deploy.demo.photos import sha256
from deploy.demo.plan import Plan


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset(read_rows(), FULL)


def test_every_promotion_has_a_place_of_its_own_in_the_flyer_of_its_first_week(dataset: Dataset) -> None:
    slots = dict(bodies.slots(dataset, dataset.weeks))
    places = [(bodies.slot_id(one.first_week), bodies.position(dataset, one)) for one in dataset.promotions]
    assert len(set(places)) == len(dataset.promotions) == 223
    assert all(1 <= place <= slots[slot]["positions"] for slot, place in places)


def test_flyer_slots_do_not_share_a_day_and_are_numbered_within_their_year(dataset: Dataset) -> None:
    slots = sorted((slot["starts_on"], slot["ends_on"]) for _, slot in bodies.slots(dataset, dataset.weeks))
    assert all(before[1] < after[0] for before, after in pairwise(slots))
    numbers = [(slot["calendar_year"], slot["slot_no"]) for _, slot in bodies.slots(dataset, dataset.weeks)]
    assert len(set(numbers)) == len(numbers)


def test_promotional_prices_are_never_above_the_regular_ones(dataset: Dataset) -> None:
    for one in dataset.promotions:
        (item,) = bodies.promotion(dataset, one)["items"]
        assert Decimal(item["promo_cost"]) <= Decimal(item["regular_cost"])
        assert Decimal(item["promo_retail"]) <= Decimal(item["regular_retail"])


def test_an_audit_reports_the_stores_own_price_deal_and_flyer(dataset: Dataset) -> None:
    plan = Plan(dataset)
    key, due = next(iter(plan.store_weeks.items()))
    store = bodies.store_id(key[0])
    tasks = {(one.number, kind, store): f"{one.number}/{kind}" for one in due for kind in ("price", "dm", "endcap")}
    audit = bodies_field.audit(dataset, key, due, tasks)
    row = dataset.by_key[key[0], due[0].item, key[1]]
    price, flyer, endcap = audit["findings"][:3]
    assert price["price_found"] == f"{row.pack_price:f}"
    assert flyer["is_present"] == row.in_flyer
    assert endcap["count_found"] == int(row.deal)
    assert audit["photo_sha256s"] == [sha256(bodies_field.visit_photo(*key))]


def test_the_correcting_visit_comes_after_the_one_that_it_corrects() -> None:
    assert bodies_field.visited_at(5, 47, hours_earlier=1) < bodies_field.visited_at(5, 47)


def test_an_invoice_comes_to_the_sum_of_its_lines_with_the_tax_of_each(dataset: Dataset) -> None:
    rows = [row for row in dataset.rows if row.week == 47]
    invoice = bodies_money.invoice(47, rows)
    net = sum((Decimal(line["net_amount"]) for line in invoice["lines"]), Decimal(0))
    assert net == sum((row.net_amount for row in rows), Decimal(0))
    assert abs(bodies_money.gross(rows) - net * Decimal("1.13")) < Decimal("0.005") * len(rows)


def test_a_remittance_settles_cash_plus_deductions(dataset: Dataset) -> None:
    kept = claims.Deduction(
        number="D-1", reference=None, fee_kind=None, amount=Decimal("12.34"), label=claims.NOT_AGREED
    )
    payment = claims.Remittance(
        number="R-1", month=date(2024, 6, 1), paid_on=date(2024, 8, 5), weeks=(40, 75), deductions=(kept,)
    )
    body = bodies_money.remittance(Plan(dataset), payment, {40: Decimal("100.00"), 75: Decimal("80.00")})
    # A quarter of week 75 is held back.
    assert [line["amount"] for line in body["invoice_lines"]] == [
        "100.00",
        "60.00",
    ]
    assert body["amount"] == "147.66"
