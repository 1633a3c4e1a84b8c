from decimal import Decimal

import pytest

from receivables.domain.tax import TaxDocument, TaxRates, in_both_bases, treatment_of

RATES = TaxRates(goods=Decimal("0.13"), service=Decimal("0.06"))
GOLDEN = [
    # amount, basis, rate, incl, excl; domain digest 2.2 and 4
    ("1000.00", "incl", "0.06", "1000.00", "943.40"),
    ("248000.00", "incl", "0.06", "248000.00", "233962.26"),
    ("113000.00", "incl", "0.13", "113000.00", "100000.00"),
    ("100.00", "excl", "0.06", "106.00", "100.00"),
    ("100.00", "incl", "0", "100.00", "100.00"),
    ("0.01", "incl", "0.13", "0.01", "0.01"),
]


@pytest.mark.parametrize(("amount", "basis", "rate", "incl", "excl"), GOLDEN)
def test_an_amount_is_known_in_both_bases(amount, basis, rate, incl, excl):
    both = in_both_bases(Decimal(amount), basis, Decimal(rate))
    assert (both.incl_tax, both.excl_tax) == (Decimal(incl), Decimal(excl))
    assert both.tax == Decimal(incl) - Decimal(excl)


@pytest.mark.parametrize(
    ("fee_kind", "document", "rate"),
    [
        ("tier_rebate", TaxDocument.RED_INVOICE, "0.13"),
        ("rebate_cycle", TaxDocument.RED_INVOICE, "0.13"),
        ("price_compensation", TaxDocument.RED_INVOICE, "0.13"),
        ("tg_fee", TaxDocument.FEE_INVOICE, "0.06"),
        ("dm_fee", TaxDocument.FEE_INVOICE, "0.06"),
        ("penalty_late", TaxDocument.NONE, "0"),
    ],
)
def test_rebates_take_a_red_invoice_services_a_fee_invoice_and_penalties_none(fee_kind, document, rate):
    treatment = treatment_of(fee_kind, RATES)
    assert (treatment.document, treatment.rate) == (document, Decimal(rate))
