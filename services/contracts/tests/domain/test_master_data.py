"""Payment terms, barcodes and fee kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.domain.fee_kinds import FeeKind, LegalFlag
from contracts.domain.gtin import LENGTHS, check_digit, check_gtin
from contracts.domain.payment_terms import PaymentTerms, TermType


@pytest.mark.parametrize("gtin", ["96385074", "036000291452", "4006381333931", "6901028075831", "10012345678902"])
def test_real_barcodes_pass(gtin: str) -> None:
    assert check_gtin(gtin) == gtin


@pytest.mark.parametrize("gtin", ["", "1234567", "400638133393X", "４００６３８１３３３９３１", "40063813339311"])
def test_what_is_no_barcode_is_refused(gtin: str) -> None:
    with pytest.raises(ValueError, match="GTIN"):
        check_gtin(gtin)


def test_a_wrong_check_digit_says_the_right_one() -> None:
    with pytest.raises(ValueError, match="should be 1"):
        check_gtin("4006381333932")


@given(
    st.sampled_from(LENGTHS).flatmap(lambda length: st.text("0123456789", min_size=length - 1, max_size=length - 1)),
    st.data(),
)
def test_one_wrong_digit_is_always_found(body: str, data: st.DataObject) -> None:
    gtin = f"{body}{check_digit(body)}"
    assert check_gtin(gtin) == gtin
    place = data.draw(st.integers(0, len(gtin) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != gtin[place]]))
    with pytest.raises(ValueError, match="check digit"):
        check_gtin(gtin[:place] + other + gtin[place + 1 :])


def test_rt_mart_s_payment_terms_are_sayable() -> None:
    terms = PaymentTerms(term_type=TermType.INVOICE_RECEIVED, days=45, pay_days=(5, 20))  # Digest 2.4: 票到45.
    assert terms.pay_days == (5, 20)


@pytest.mark.parametrize(
    ("days", "pay_days", "message"),
    [
        (-1, (), "days"),
        (366, (), "days"),
        (30, (0,), "1 to 31"),
        (30, (32,), "1 to 31"),
        (30, (20, 5), "rise"),
        (30, (5, 5), "rise"),
    ],
)
def test_payment_terms_that_make_no_sense_are_refused(days: int, pay_days: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PaymentTerms(term_type=TermType.RECEIPT, days=days, pay_days=pay_days)


def test_every_fee_kind_has_its_chinese_term_and_legal_flag() -> None:
    assert all(kind.note.chinese for kind in FeeKind)
    assert FeeKind.UNCONDITIONAL_REBATE.note.flag is LegalFlag.FORBIDDEN
    assert FeeKind.TG_FEE.note.flag is LegalFlag.SERVICE
    assert FeeKind.INVOICE_DISCOUNT.note.flag is LegalFlag.ORDINARY
