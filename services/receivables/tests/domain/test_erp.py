import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest

from receivables.domain.erp import GENESIS_HASH, ErpBatch, ErpLine, broken_links, check_acknowledgement
from receivables.domain.errors import BatchMismatch


def a_line(position=1, amount="100.00", currency="CNY"):
    return ErpLine(
        position=position,
        settled_fee_id=UUID(int=position),
        number=f"SF-{position:08d}",
        account_code="RT",
        settlement_entity_code="RT-SH",
        fee_kind="tg_fee",
        settlement_method="offset",
        reference="P-17/ENDCAP",
        deduction_number="扣-1",
        currency=currency,
        amount=Decimal(amount),
        tax_amount=Decimal("5.66"),
        amount_excl_tax=Decimal("94.34"),
        settled_on=date(2026, 4, 1),
        document_kind="fee_invoice",
    )


FIRST = ErpBatch(number=1, as_of=date(2026, 4, 1), lines=(a_line(), a_line(2, "50.00")), previous_hash=GENESIS_HASH)


def test_anybody_can_recompute_the_hash_from_the_canonical_form():
    text = FIRST.canonical()
    assert sha256(text).hexdigest() == FIRST.hash
    assert "扣-1".encode() in text
    again = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert again == text


def test_a_batch_carries_control_totals():
    batch = replace(FIRST, lines=(*FIRST.lines, a_line(3, "7.00", "USD")))
    assert batch.line_count == 3
    assert batch.control_total == Decimal("157.00")
    assert [(t.currency, t.amount) for t in batch.totals] == [("CNY", Decimal("150.00")), ("USD", Decimal("7.00"))]


def test_an_empty_batch_is_a_batch():
    empty = ErpBatch(number=2, as_of=date(2026, 4, 2), lines=(), previous_hash=FIRST.hash)
    assert (empty.line_count, empty.control_total, empty.totals) == (0, Decimal("0.00"), ())
    assert broken_links([FIRST, empty]) == []


def test_a_changed_cent_breaks_the_chain():
    second = ErpBatch(number=2, as_of=date(2026, 4, 2), lines=(), previous_hash=FIRST.hash)
    forged = replace(FIRST, lines=(a_line(1, "100.01"), a_line(2, "50.00")))
    assert broken_links([forged, second]) == [2]
    assert broken_links([FIRST, replace(second, number=3)]) == [3]


def test_an_acknowledgement_must_name_what_was_closed():
    closed = (FIRST.hash, FIRST.line_count, FIRST.control_total)
    check_acknowledgement(closed, closed, number=1)
    with pytest.raises(BatchMismatch, match="hash and total"):
        check_acknowledgement(closed, ("0" * 64, 2, Decimal(1)), number=1)
