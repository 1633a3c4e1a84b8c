from datetime import date

import pytest

from receivables.domain.ageing import Buckets, HoldLimits, bucket_bounds

GOLDEN = [
    (-5, "not_due"), (0, "not_due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"),
    (90, "61-90"), (91, "91-180"), (180, "91-180"), (181, "181-365"), (365, "181-365"), (366, ">365"),
]  # fmt: skip


@pytest.mark.parametrize(("days", "bucket"), GOLDEN)
def test_an_open_amount_ages_by_days_past_due(days, bucket):
    assert Buckets().label(days) == bucket


def test_the_database_counts_buckets_by_the_same_bounds():
    assert bucket_bounds(Buckets()) == [1, 31, 61, 91, 181, 366]
    assert Buckets().labels == ("not_due", "1-30", "31-60", "61-90", "91-180", "181-365", ">365")


@pytest.mark.parametrize("upper", [(), (0,), (30, 30), (60, 30)])
def test_buckets_must_rise(upper):
    with pytest.raises(ValueError, match="rise"):
        Buckets(upper_days=upper)


def test_a_hold_is_advised_when_the_oldest_invoice_is_overdue_for_too_long():
    limits = HoldLimits(overdue_days=60)
    assert not limits.is_advised(None, date(2026, 4, 1))
    assert not limits.is_advised(date(2026, 1, 31), date(2026, 4, 1))
    assert limits.is_advised(date(2026, 1, 30), date(2026, 4, 1))
