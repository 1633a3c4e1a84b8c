"""What a fee plans and what it earns."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotions.domain.fees import FeeBasis, FeeRate, Proof, Reach, fee_rate, verified_share

CENTS = st.decimals(min_value="0.01", max_value="1000000", places=2)
BASES = {"lump": FeeBasis.LUMP, "per_store": FeeBasis.PER_STORE, "per_unit_sold": FeeBasis.PER_UNIT_SOLD}


def rate_of(basis: str, amount: str, planned: str | None = None) -> FeeRate:
    return fee_rate(BASES[basis], Decimal(amount), Decimal(planned) if planned else None)


@pytest.mark.parametrize(
    ("basis", "amount", "forecast", "stores", "count", "planned"),
    [
        ("lump", "2340.00", None, 10, 1, "2340.00"),
        ("lump", "300000", None, 59, 1, "300000.00"),
        ("per_store", "2000.00", None, 59, 1, "118000.00"),  # Carrefour 2008: 2,000 an end cap and store (digest 2.1).
        ("per_store", "2000.00", None, 59, 3, "354000.00"),
        ("per_store", "0.01", None, 1, 1, "0.01"),
        ("per_unit_sold", "1.2345", "14400.00", 10, 1, "14400.00"),
    ],
)
def test_a_fee_plans_what_its_basis_says(
    basis: str, amount: str, forecast: str | None, stores: int, count: int, planned: str
) -> None:
    reach = Reach(stores=stores, count_per_store=count)
    assert rate_of(basis, amount, forecast).planned(reach) == Decimal(planned)


@pytest.mark.parametrize(
    ("basis", "amount", "stores", "count", "executed", "units", "earned"),
    [
        ("lump", "2340.00", 10, 1, 10, "0", "2340.00"),
        ("lump", "2340.00", 10, 1, 8, "0", "1872.00"),
        ("lump", "100.00", 3, 1, 1, "0", "33.33"),
        ("lump", "100.00", 3, 1, 2, "0", "66.67"),
        ("lump", "0.01", 2, 1, 1, "0", "0.01"),  # Half a cent goes up.
        ("lump", "2340.00", 10, 1, 0, "0", "0.00"),
        ("per_store", "2000.00", 59, 1, 41, "0", "82000.00"),
        ("per_store", "500.00", 10, 2, 7, "0", "7000.00"),
        ("per_store", "500.00", 10, 2, 0, "0", "0.00"),
        ("per_unit_sold", "1.2000", 10, 1, 10, "12345", "14814.00"),
        ("per_unit_sold", "0.3333", 10, 1, 10, "100.5", "33.50"),  # 33.49665
        ("per_unit_sold", "0.0001", 10, 1, 10, "50", "0.01"),  # Half a cent goes up.
        ("per_unit_sold", "1.2000", 10, 1, 3, "-5", "0.00"),  # Returns above sales earn nothing.
    ],
)
def test_a_fee_earns_what_was_proved(
    basis: str, amount: str, stores: int, count: int, executed: int, units: str, earned: str
) -> None:
    rate = rate_of(basis, amount, "1.00" if basis == "per_unit_sold" else None)
    reach = Reach(stores=stores, count_per_store=count)
    assert rate.earned(reach, Proof(executed_stores=executed, units_sold=Decimal(units))) == Decimal(earned)


@given(CENTS, st.integers(1, 500), st.integers(1, 9), st.integers(0, 500), st.sampled_from(["lump", "per_store"]))
def test_lump_and_per_store_never_earn_more_than_planned(
    amount: Decimal, stores: int, count: int, executed: int, basis: str
) -> None:
    rate, reach = rate_of(basis, str(amount)), Reach(stores=stores, count_per_store=count)
    executed = min(executed, stores)
    earned = rate.earned(reach, Proof(executed_stores=executed))
    assert 0 <= earned <= rate.planned(reach)
    if executed == stores:
        assert earned == rate.planned(reach)


@given(CENTS, st.integers(2, 500), st.data())
def test_one_more_executed_store_never_earns_less(amount: Decimal, stores: int, data: st.DataObject) -> None:
    executed = data.draw(st.integers(0, stores - 1))
    for basis in ("lump", "per_store"):
        rate, reach = rate_of(basis, str(amount)), Reach(stores=stores)
        less = rate.earned(reach, Proof(executed_stores=executed))
        assert less <= rate.earned(reach, Proof(executed_stores=executed + 1))


@pytest.mark.parametrize(
    ("basis", "amount", "forecast", "says"),
    [
        ("lump", "0", None, "above 0"),
        ("lump", "1.001", None, "two decimals"),
        ("per_store", "-1", None, "above 0"),
        ("per_store", "NaN", None, "above 0"),
        ("per_unit_sold", "1.00001", "5.00", "four decimals"),
        ("per_unit_sold", "0", "5.00", "four decimals"),
        ("per_unit_sold", "1", "0", "planned_amount"),
        ("per_unit_sold", "1", None, "planned_amount is required"),
        ("lump", "1", "5.00", "leave it out"),
        ("per_store", "1", "5.00", "leave it out"),
    ],
)
def test_a_fee_that_makes_no_sense_is_refused(basis: str, amount: str, forecast: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rate_of(basis, amount, forecast)


@pytest.mark.parametrize(("stores", "count"), [(0, 1), (1, 0)])
def test_a_tactic_reaches_at_least_one_piece_in_one_store(stores: int, count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Reach(stores=stores, count_per_store=count)


def test_the_verified_share_has_six_decimals() -> None:
    assert verified_share(41, 59) == Decimal("0.694915")
