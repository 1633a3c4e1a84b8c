"""The independent computation against cases worked out by hand."""

import ast
import gzip
import sqlite3
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deploy.demo import oracle, oracle_ledger
from deploy.demo.oracle import Purchases

HEADER = "store,brand,week,ounces,price_per_ounce,deal,feat,gross_margin_percent\n"

LINES = (
    # Week 39: the week before. 64 oz packs: 10 packs in store 1, 4.5 in store 2.
    "1,1,39,640,0.04000000,0,0,20.0000\n"
    "2,1,39,288,0.04000000,0,0,20.0000\n"
    # Week 40: featured. Store 1 keeps 1.92 a pack; store 2 asks 2.56; store 3 keeps it but has no deal.
    "1,1,40,6400,0.03000000,1,1,10.0000\n"
    "2,1,40,640,0.04000000,1,1,20.0000\n"
    "3,1,40,100,0.03000000,0,1,10.0000\n"
    # Week 41: featured again. Store 2 now keeps the price; store 3 does not sell the item.
    "1,1,41,640,0.03000000,1,1,10.0000\n"
    "2,1,41,64,0.03000000,1,0.25,10.0000\n"
)


def plan_of(**changes: object) -> dict[str, Any]:
    return {
        "first_week": 39,
        "last_week": 41,
        "week_40": "2024-06-13",
        "until": "2024-12-31",
        "stores": [1, 2, 3],
        "items": {"1": 64},
        "settings": {
            "flyer_share": "0.5",
            "featured_share": "0.5",
            "price_tolerance": "0.0050",
            "dm_fee": "100.00",
            "endcap_fee": "8.00",
            "scan_share": "0.05",
            "forecast_uplift": 3,
            "tax_rate": "0.13",
        },
        "fee_tax": {"goods": "0.13", "service": "0.06", "goods_kinds": ["dc_discount", "price_compensation"]},
        "tactic_fee_kinds": {"price": "price_compensation", "dm": "dm_fee", "endcap": "tg_fee"},
        "visits": [],
        "returns": [],
        "return_after_days": 4,
        "payment_terms": {"term_type": "monthly_close", "days": 30, "pay_days": [5, 20]},
        "held_back": {},
        "remittances": [],
        **changes,
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with gzip.open(tmp_path / "orange_juice_59_stores.csv.gz", "wt", encoding="ascii") as out:
        out.write(HEADER + LINES)
    return tmp_path


def tactics(database: sqlite3.Connection, plan: dict[str, Any]) -> dict[str, dict[str, int]]:
    found = oracle.promotions(database, plan)
    assert list(found) == ["P-01-040"]
    assert found["P-01-040"]["stores"] == 3
    assert found["P-01-040"]["agreed_price"] == "1.9200"
    result: dict[str, dict[str, int]] = found["P-01-040"]["tactics"]
    return result


def test_the_last_visit_in_the_run_decides_per_store(data: Path) -> None:
    plan = plan_of()
    found = tactics(oracle.open_data(plan, data), plan)
    # Planned: 3 x 2 weeks x 14.5 packs = 87 packs x 0.0960 = 8.352; 100.00; 3 x 8.00.
    # Verified: all three keep the price in their last week; store 2's last flyer shows too little; store 3 has no deal.
    # Sold by the three: 100 + 10 + 1.5625 + 10 + 1 = 122.5625 packs x 0.0960 = 11.766. Two thirds of 100.00 is 66.67.
    assert found["price"] == {"planned": 835, "count": 3, "earned": 1177}
    assert found["dm"] == {"planned": 10000, "count": 2, "earned": 6667}
    assert found["endcap"] == {"planned": 2400, "count": 2, "earned": 1600}


def test_a_missed_visit_lets_the_one_before_speak_and_a_missing_photo_proves_nothing(data: Path) -> None:
    plan = plan_of(visits=[[2, 41, "missed"], [1, 41, "no_photo"]])
    found = tactics(oracle.open_data(plan, data), plan)
    # Store 1 is unproven; store 2 is judged by week 40: 2.56, a whole flyer. Store 3 sold 1.5625 packs.
    assert found["price"] == {"planned": 835, "count": 1, "earned": 15}
    assert found["dm"] == {"planned": 10000, "count": 2, "earned": 6667}
    assert found["endcap"] == {"planned": 2400, "count": 1, "earned": 800}


def test_nobody_came_nothing_is_earned(data: Path) -> None:
    plan = plan_of(visits=[[store, week, "missed"] for store in (1, 2, 3) for week in (40, 41)])
    found = tactics(oracle.open_data(plan, data), plan)
    assert [figures["earned"] for figures in found.values()] == [0, 0, 0]


def test_purchases_are_rounded_line_by_line_and_returns_come_off(data: Path) -> None:
    plan = plan_of(returns=[[1, 1, 40, "10"]])
    bought = oracle.purchases(oracle.open_data(plan, data), plan)
    # Unit costs: 2.56 x 0.8 = 2.0480 and 1.92 x 0.9 = 1.7280.
    assert bought.by_day == {
        date(2024, 6, 6): 2048 + 922,  # 4.5 x 2.0480 = 9.216
        date(2024, 6, 13): 17280 + 2048 + 270,  # 1.5625 x 1.7280 = 2.7
        date(2024, 6, 20): 1728 + 173,
        date(2024, 6, 17): -1728,
    }


def contract(*terms: dict[str, Any], second: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    versions = [{"number": 1, "valid_from": "2024-06-01", "terms": list(terms)}]
    if second:
        versions.append({"number": 2, "valid_from": "2024-08-01", "terms": list(second)})
    return {"number": "C", "valid_to": "2026-12-31", "versions": versions}


PCT = {"code": "T1", "fee_kind": "dc_discount", "method": "pct", "rate": "0.0147", "cycle": "month"}
TIERED = {
    "code": "T2",
    "fee_kind": "dc_discount",
    "method": "tiered",
    "cycle": "year",
    "tiers": [{"threshold": "1000.00", "rate": "0.01"}, {"threshold": "2000.00", "rate": "0.02"}],
}
STORES = {
    "code": "T3",
    "fee_kind": "display_package",
    "method": "per_store_period",
    "amount": "830.00",
    "cycle": "quarter",
}
FIXED = {"code": "T4", "fee_kind": "promoter_fee", "method": "fixed", "amount": "2000.00", "cycle": "quarter"}


def amounts(plan: dict[str, Any], bought: dict[date, int], as_of: date) -> list[tuple[str, int, int]]:
    found = oracle.contract_accruals(plan, Purchases(bought), as_of)
    return [(accrual.reference, accrual.excl, accrual.incl) for accrual in found]


def test_a_percentage_takes_the_rate_of_the_version_that_holds(data: Path) -> None:
    plan = plan_of(contract=contract(PCT, second=({**PCT, "rate": "0.02"},)))
    bought = {date(2024, 6, 30): 100_050, date(2024, 7, 1): 50_000, date(2024, 8, 1): 10_000}
    assert amounts(plan, bought, date(2024, 8, 31)) == [
        ("C/T1/2024-06", 1471, 1662),  # 14.70735 and 16.6223
        ("C/T1/2024-07", 735, 831),
        ("C/T1/2024-08", 200, 226),
    ]


@pytest.mark.parametrize(("cents", "fee"), [(99_999, 0), (100_000, 1000), (199_999, 2000), (200_000, 4000)])
def test_a_tier_is_reached_at_its_threshold_and_holds_for_the_whole_quantity(cents: int, fee: int) -> None:
    plan = plan_of(contract=contract(TIERED))
    assert amounts(plan, {date(2024, 7, 1): cents}, date(2024, 12, 31))[0][1] == fee


def test_stores_and_months_count_from_the_months_that_the_contract_touches() -> None:
    plan = plan_of(contract=contract(STORES, FIXED))
    assert amounts(plan, {}, date(2024, 8, 31)) == [
        ("C/T3/2024-Q2", 249_000, 263_940),
        ("C/T3/2024-Q3", 498_000, 527_880),
        ("C/T4/2024-Q2", 200_000, 212_000),
        ("C/T4/2024-Q3", 400_000, 424_000),
    ]


def test_a_guarantee_builds_up_by_the_days_of_the_cycle() -> None:
    plan = plan_of(contract=contract({**PCT, "cycle": "year", "minimum": "36600.00"}))
    assert amounts(plan, {date(2024, 7, 1): 100}, date(2024, 12, 31))[0][1] == 2_140_000  # 214 of 366 days
    assert amounts(plan, {date(2024, 7, 1): 200_000_000}, date(2024, 12, 31))[0][1] == 2_940_000


def deduction(number: str, reference: str | None, amount: str, action: str = "") -> dict[str, Any]:
    return {
        "number": number,
        "reference": reference,
        "fee_kind": None,
        "amount": amount,
        "label": "-",
        "action": action,
    }


def test_each_deduction_takes_what_the_ones_before_left() -> None:
    kept = [
        deduction("1", "A", "100.50"),  # 0.50 is 0.5 % of the 100.00 owed: let go.
        deduction("2", "A", "100.00", "recover"),
        deduction("3", "B", "130.00", "write_off"),
        deduction("4", "B", "10.00"),
        deduction("5", "Z", "70.00", "dispute"),
        deduction("6", None, "80.00"),
        deduction("7", "N", "5.00"),
        deduction("8", "T", "100.51"),  # One cent above the tolerance.
    ]
    plan = plan_of(remittances=[{"paid_on": "2024-08-05", "deductions": kept}])
    owed = [oracle.Accrual(name, 0, "x", 0, cents) for name, cents in (("A", 10_000), ("B", 10_000), ("N", 0))]
    owed.append(oracle.Accrual("T", 0, "x", 0, 10_000))
    found = [
        (one.number, one.accepted, one.disputed, one.recovered, one.written_off, one.open, one.reason)
        for one in oracle_ledger.outcomes(plan, owed)
    ]
    assert found == [
        ("1", 10_000, 0, 0, 50, 0, ""),
        ("2", 0, 0, 10_000, 0, 0, "duplicate"),
        ("3", 10_000, 0, 0, 3_000, 0, "over_claimed"),
        ("4", 0, 1_000, 0, 0, 0, "duplicate"),
        ("5", 0, 7_000, 0, 0, 0, "unagreed"),
        ("6", 0, 0, 0, 0, 8_000, ""),
        ("7", 0, 500, 0, 0, 0, "not_earned"),
        ("8", 10_000, 51, 0, 0, 0, "over_claimed"),
    ]


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2024, 1, 31), date(2024, 3, 5)),  # 1 February + 30 = 2 March
        (date(2024, 6, 1), date(2024, 8, 5)),
        (date(2024, 12, 12), date(2025, 2, 5)),
    ],
)
def test_an_invoice_is_due_on_the_pay_day_after_the_month_and_thirty_days(day: date, due: date) -> None:
    assert oracle_ledger.due_on(plan_of(), day) == due


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-5, "not_due"),
        (0, "not_due"),
        (1, "1-30"),
        (30, "1-30"),
        (31, "31-60"),
        (90, "61-90"),
        (91, "91-180"),
        (365, "181-365"),
        (366, ">365"),
    ],
)
def test_the_buckets_count_days_past_due(days: int, bucket: str) -> None:
    due = date(2024, 6, 1)
    assert oracle_ledger.bucket_of(due, date.fromordinal(due.toordinal() + days)) == bucket


def test_a_half_goes_away_from_zero() -> None:
    assert [oracle.half_up(Fraction(value, 2)) for value in (1, -1, 3, -3, 4)] == [1, -1, 2, -2, 2]


@pytest.mark.parametrize("module", [oracle, oracle_ledger], ids=["oracle", "oracle_ledger"])
def test_the_oracle_shares_no_code_with_what_it_checks(module: ModuleType) -> None:
    allowed = sys.stdlib_module_names
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
        if isinstance(node, ast.Import):
            assert {name.name.split(".")[0] for name in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.split(".")[0] in allowed or node.module == "deploy.demo.oracle"


def test_the_ledger_balances_whatever_became_of_the_deductions(data: Path) -> None:
    kept = [
        deduction("1", "P-01-040/price", "11.80"),  # 11.77 is owed; 0.03 is let go.
        deduction("2", "P-01-040/endcap", "20.00", "recover"),  # 16.00 is owed.
        deduction("3", "P-01-040/endcap", "5.00", "write_off"),
        deduction("4", None, "1.00"),
    ]
    payment = {"paid_on": "2024-08-05", "weeks": [39, 40], "deductions": kept}
    plan = plan_of(contract=contract(PCT), remittances=[payment], chapters=[["2024-06-01", "2024-12-31"]])
    database = oracle.open_data(plan, data)
    accruals = oracle.accruals(database, plan)
    found = oracle_ledger.outcomes(plan, accruals)
    balance = oracle_ledger.trial_balance(database, plan, accruals, found)
    assert sum(balance.values()) == 0
    assert balance["write_offs"] == 3 + 500
    assert balance["deductions_in_suspense"] == 100
    assert balance["input_tax"] == 91  # 16.00 with 6 % is 15.09 without.
    assert balance["accounts_receivable"] == 1901 + 225 + 22  # The third invoice with 13 % on each of its two lines.
    assert oracle_ledger.erp_batches(plan, found) == [(2, 1177 + 1600)]
