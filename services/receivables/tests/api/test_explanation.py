"""Every cent that a retailer keeps can be explained."""

import json
from hashlib import sha256
from typing import Any

from services.receivables.tests.examples import (
    AGREEMENT,
    AUDITS,
    PAPER,
    PHOTO,
    Books,
    a_contract,
    a_receipt,
    a_term,
    a_version,
)  # fmt: skip
from shared.testing import Api


def steps_of(explanation: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["says"] for step in explanation["steps"]}


async def test_a_contract_fee_is_explained_from_the_erp_line_to_the_clause(
    world: None, deliver: Any, books: Books, erp: Api
):
    await deliver("gondola.contracts.contract_signed.v1", a_contract(a_version(terms=[a_term("T1")])))
    await books.receive(
        a_receipt("G-1", "10000.00", "2026-03-10"),
        a_receipt("G-2", "2000.00", "2026-03-20"),
        a_receipt("B-1", "1000.00", "2026-03-25", kind="return"),
        a_receipt("G-3", "500.00", "2026-04-01"),
    )
    await books.accrue("2026-03-31")
    deduction = await books.deduct("248.60", "c-1 / T1/2026-03")
    assert await books.match() == {"examined": 1, "settled": 1, "disputed": 0}
    closed = await erp.post("/v1/erp-batches:close", json={"as_of": "2026-05-06"})
    assert closed.status_code == 201
    (line,) = closed.json()["lines"]

    explanation = (await erp.get(f"/v1/settled-fees/{line['settled_fee_id']}/explanation")).json()

    assert explanation["is_proven"], explanation["proofs"]
    assert explanation["settled_fee"]["amount"] == "248.60"
    assert explanation["settled_fee"]["amount_excl_tax"] == "220.00"
    assert (explanation["erp"]["batch_number"], explanation["erp"]["position"]) == (1, 1)
    assert explanation["deduction"]["id"] == deduction["id"]
    assert explanation["remittance"]["number"] == "R-1"
    assert explanation["agreement"]["contract_number"] == "C-1"
    assert explanation["agreement"]["version"] == 1
    assert explanation["agreement"]["clause"] == "§4.2"
    assert explanation["agreement"]["term_code"] == "T1"
    assert explanation["agreement"]["document_sha256"] == PAPER
    formula = explanation["accrual"]["formula"]
    assert (formula["driver"], formula["gives"]) == ("net_purchases", "220.00")
    assert formula["purchases"] == {
        "from_day": "2026-03-01",
        "to_day": "2026-03-31",
        "receipt_count": 2,
        "return_count": 1,
        "net_amount": "11000.00",
        "gross_amount": "12430.00",
    }
    says = steps_of(explanation)
    assert list(says) == ["erp", "settlement", "deduction", "accrual", "contract", "journal"]
    assert "clause §4.2 (T1)" in says["contract"]
    assert {entry["kind"] for entry in explanation["journal"]} == {
        "fee_accrued",
        "remittance_received",
        "fee_settled",
    }


async def test_a_promotion_fee_is_explained_by_its_dm_slot_and_the_photos_of_each_store(
    promotion: None, books: Books, finance: Api, run_job: Any
):
    await run_job("accrue promotions")
    await books.deduct("1500.00", "P-17/dm")
    await run_job("match")
    (fee,) = (await finance.get("/v1/settled-fees")).json()["items"]

    explanation = (await finance.get(f"/v1/settled-fees/{fee['id']}/explanation")).json()

    assert explanation["is_proven"], explanation["proofs"]
    assert (fee["amount"], fee["amount_excl_tax"], fee["document_kind"]) == ("1000.00", "943.40", "fee_invoice")
    agreement = explanation["agreement"]
    assert (agreement["promotion_number"], agreement["agreement_sha256"]) == ("P-17", AGREEMENT)
    assert (agreement["dm_slot_no"], agreement["dm_position"], agreement["dm_calendar_year"]) == (5, 2, 2026)
    assert (agreement["basis"], agreement["unit_amount"]) == ("per_store", "500.0000")
    assert [(each["store_code"], each["verdict"]) for each in explanation["evidence"]] == [
        ("010", "executed"),
        ("011", "executed"),
        ("012", "not_executed"),
    ]
    assert explanation["evidence"][0]["audit_id"] == str(AUDITS[0])
    assert explanation["evidence"][0]["photo_sha256s"] == [PHOTO]
    assert explanation["deduction"]["disputed_amount"] == "500.00"
    assert explanation["deduction"]["dispute_reason"] == "over_claimed"
    assert explanation["erp"] is None
    assert "executed in 2 of 3 stores (3 verified" in steps_of(explanation)["promotion"]


async def test_the_hash_of_a_batch_can_be_recomputed_by_the_erp(promotion: None, books: Books, erp: Api, run_job: Any):
    await run_job("accrue promotions")
    await books.deduct("1000.00", "P-17/dm/SKU1")
    await books.match()
    await erp.post("/v1/erp-batches:close", json={"as_of": "2026-05-06"})
    batch = (await erp.get("/v1/erp-batches/1")).json()
    signed = {key: batch[key] for key in ("as_of", "line_count", "lines", "number", "previous_hash", "totals")}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256(text.encode()).hexdigest() == batch["hash"]
