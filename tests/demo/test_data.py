"""The copied data are what their note says, and the two readings of them agree."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest

from deploy.demo import oracle
from deploy.demo.constants import DATA, FULL, QUICK, SIZES, Size, first_day
from deploy.demo.dataset import Dataset, Row, read_rows, read_store_profiles
from deploy.demo.plan import Plan


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_rows()


@pytest.fixture(scope="module")
def full(rows: list[Row]) -> Dataset:
    return Dataset(rows, FULL)


def test_the_sales_file_has_the_rows_stores_items_and_weeks_of_its_note(rows: list[Row]) -> None:
    assert len(rows) == 75_328
    assert len({row.store for row in rows}) == 59
    assert {row.item for row in rows} == set(range(1, 12))
    assert {row.week for row in rows} == set(range(40, 161))


def test_the_store_file_describes_the_same_stores(rows: list[Row]) -> None:
    assert set(read_store_profiles()) == {row.store for row in rows}


def test_the_sums_agree_with_the_reference_as_far_as_eight_decimals_of_the_price_can_tell(rows: list[Row]) -> None:
    reference = json.loads((DATA / "orange_juice_reference.json").read_text())["dev"]
    sales = sum((row.ounces * row.price_per_ounce for row in rows), Decimal(0))
    purchases = sum((row.ounces * row.price_per_ounce * (1 - row.margin_percent / 100) for row in rows), Decimal(0))
    half_a_last_digit = sum(row.ounces for row in rows) * Decimal("0.000000005")
    assert reference["rows"] == len(rows)
    assert abs(sales - Decimal(str(reference["sales_usd"]))) < Decimal("0.21") < half_a_last_digit
    assert abs(purchases - Decimal(str(reference["purchases_usd"]))) < Decimal("0.12") < half_a_last_digit


def test_the_data_hold_223_promotions_over_252_featured_item_weeks(full: Dataset) -> None:
    assert len(full.featured) == 252
    assert len(full.promotions) == 223
    assert sum(len(promotion.weeks) for promotion in full.promotions) == 252


def test_a_promotion_never_touches_the_next_one_of_its_item(full: Dataset) -> None:
    for promotion in full.promotions:
        assert (promotion.item, promotion.last_week + 1) not in full.featured


def test_the_weeks_are_shifted_by_whole_weeks_to_thursdays_of_2024_to_2026() -> None:
    assert first_day(40).isoformat() == "2024-06-13"
    assert first_day(160).isoformat() == "2026-10-01"
    assert first_day(1).strftime("%A") == "Thursday"


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_python_and_sql_read_the_same_promotions_prices_and_purchases(rows: list[Row], size: Size) -> None:
    dataset = Dataset(rows, size)
    plan = Plan(dataset)
    published = plan.published()
    database = oracle.open_data(published)
    figures = oracle.promotions(database, published)
    assert set(figures) == {promotion.number for promotion in dataset.promotions}
    for promotion in dataset.promotions:
        assert figures[promotion.number]["agreed_price"] == f"{promotion.agreed_price:.4f}"
        assert figures[promotion.number]["stores"] == len(promotion.stores)
        planned = Fraction(promotion.forecast) * Fraction(promotion.scan_rate) * 100
        assert figures[promotion.number]["tactics"]["price"]["planned"] == oracle.half_up(planned)
    net = sum((row.net_amount for row in dataset.rows), Decimal(0)) - sum(
        (back.net_amount for back in plan.returns), Decimal(0)
    )
    assert oracle.shown(sum(oracle.purchases(database, published).by_day.values())) == f"{net:.2f}"
    retail = database.execute("SELECT SUM(retail_cents) FROM line").fetchone()[0]
    assert oracle.shown(retail) == f"{sum((row.retail_amount for row in dataset.rows), Decimal(0)):.2f}"


def test_the_quick_size_still_has_every_kind_of_visit_but_the_normal_ones_prevail(rows: list[Row]) -> None:
    kinds = list(Plan(Dataset(rows, QUICK)).visits.values())
    assert set(kinds) == {"normal", "missed", "no_photo", "late_photo", "late_audit", "sent_twice", "corrected"}
    assert kinds.count("normal") > 0.8 * len(kinds)
