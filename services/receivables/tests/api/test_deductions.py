"""Remittances bring deductions; each is matched, disputed, recovered or written off, and the books say so."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from services.receivables.tests.examples import (
    ACCOUNT,
    ENTITY,
    OTHER_ENTITY,
    Books,
    a_contract,
    a_receipt,
    a_term,
    a_version,
)  # fmt: skip
from shared.testing import Api


@pytest.fixture
async def accrued(world: None, deliver: Any, books: Books) -> Books:
    """An account that owes 1,130.00 for March, including tax: 2 % of 50,000.00, a rebate."""
    await deliver("gondola.contracts.contract_signed.v1", a_contract(a_version(terms=[a_term("T1")])))
    await books.receive(a_receipt("G-1", "50000.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    return books


def a_remittance(**changes: Any) -> dict[str, Any]:
    return {
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "number": "R-1",
        "paid_on": "2026-05-05",
        "currency": "CNY",
        "amount": "1030.00",
        "invoice_lines": [{"invoice_number": "I-1", "amount": "1130.00"}],
        "deductions": [{"number": "D-1", "reason_code": "TG", "amount": "100.00"}],
    } | changes


async def remit(api: Api, key: str = "k", **changes: Any) -> Any:
    return await api.post("/v1/remittances", json=a_remittance(**changes), headers={"Idempotency-Key": key})


async def act(api: Api, path: str, body: dict[str, Any]) -> Any:
    return await api.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})


async def test_a_remittance_settles_invoices_and_puts_deductions_in_suspense(
    world: None, books: Books, erp: Api, emitted: Any
):
    invoice = await books.invoice("I-1")
    answer = await remit(erp)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["amount"], body["deducted_amount"], body["settled_amount"]) == ("1030.00", "100.00", "1130.00")
    assert body["invoice_lines"][0]["invoice_id"] == invoice["id"]
    assert (body["deductions"][0]["status"], body["deductions"][0]["open_amount"]) == ("received", "100.00")
    assert (await erp.get(f"/v1/invoices/{invoice['id']}")).json()["open_amount"] == "0.00"
    (event,) = await emitted("deduction_received")
    assert (event.data["amount"], event.data["received_on"], event.version) == ("100.00", "2026-05-05", 1)
    assert await books.balances() == {
        "cash": "1030.00",
        "deductions_in_suspense": "100.00",
        "output_tax": "-130.00",
        "revenue": "-1000.00",
    }
    assert (await erp.get(f"/v1/remittances/{body['id']}")).json() == body
    listed = (await erp.get("/v1/remittances", params={"account_id": str(ACCOUNT)})).json()["items"]
    assert [each["number"] for each in listed] == ["R-1"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "1030.01"}, 422, "remittance_unbalanced"),
        ({"invoice_lines": [{"invoice_number": "I-9", "amount": "1130.00"}]}, 422, "invoice_unknown"),
        ({"amount": "1030.01", "invoice_lines": [{"invoice_number": "I-1", "amount": "1130.01"}]}, 422,
         "invoice_overpaid"),
        ({"currency": "USD"}, 422, "currency_mismatch"),
        ({"settlement_entity_id": str(OTHER_ENTITY)}, 404, "settlement_entity_unknown"),
        ({"deductions": [{"number": "D", "reason_code": "x", "amount": "50.00"}] * 2}, 422, "validation_failed"),
        ({"invoice_lines": [{"invoice_number": "I-1", "amount": "565.00"}] * 2}, 422, "validation_failed"),
    ],
)  # fmt: skip
async def test_a_remittance_that_does_not_add_up_is_refused_whole(
    world: None, books: Books, erp: Api, changes: dict[str, Any], status: int, code: str
):
    await books.invoice("I-1")
    answer = await remit(erp, **changes)
    assert answer.status_code == status, answer.text
    if code != "validation_failed":
        assert answer.json()["code"] == code
    assert "cash" not in await books.balances()


async def test_a_remittance_is_booked_once(world: None, books: Books, erp: Api):
    await books.invoice("I-1", "1000.00", "1000.00")
    identity = str(uuid4())
    assert (await erp.post("/v1/remittances", json=a_remittance())).status_code == 400
    first = await remit(erp, id=identity)
    again = await remit(erp, id=identity)
    assert (again.json(), again.headers["idempotency-replayed"]) == (first.json(), "true")
    other = await remit(erp, key="2")
    assert (other.status_code, other.json()["code"]) == (409, "remittance_number_taken")
    other = await remit(erp, key="3", id=identity, number="R-2")
    assert (other.status_code, other.json()["code"]) == (409, "remittance_exists")
    assert (await books.balances())["cash"] == "1030.00"


@pytest.mark.parametrize(
    ("amount", "accepted", "disputed", "written_off", "status", "reason"),
    [
        ("1130.00", "1130.00", "0.00", "0.00", "accepted", None),
        ("1131.00", "1130.00", "0.00", "1.00", "accepted", None),
        ("1131.01", "1130.00", "1.01", "0.00", "disputed", "over_claimed"),
        ("1000.00", "1000.00", "0.00", "0.00", "accepted", None),
    ],
)
async def test_a_deduction_is_matched_by_its_claim_reference(
    accrued: Books, amount: str, accepted: str, disputed: str, written_off: str, status: str, reason: str | None
):
    deduction = await accrued.deduct(amount, "C-1/T1/2026-03")
    await accrued.match()
    found = await accrued.deduction(deduction)
    assert (found["accepted_amount"], found["disputed_amount"], found["written_off_amount"]) == (
        accepted,
        disputed,
        written_off,
    )
    assert (found["status"], found["dispute_reason"], found["open_amount"]) == (status, reason, "0.00")
    assert await accrued.match() == {"examined": 0, "settled": 0, "disputed": 0}


async def test_what_was_taken_once_is_disputed_the_second_time(accrued: Books, emitted: Any):
    first = await accrued.deduct("1130.00", "C-1/T1/2026-03")
    second = await accrued.deduct("1130.00", "C-1/T1/2026-03")
    assert await accrued.match() == {"examined": 2, "settled": 1, "disputed": 1}
    assert (await accrued.deduction(first))["status"] == "accepted"
    assert (await accrued.deduction(second))["dispute_reason"] == "duplicate"
    (settled,) = await emitted("fee_settled")
    assert (settled.data["amount"], settled.data["tax_amount"], settled.data["document_kind"]) == (
        "1130.00",
        "130.00",
        "red_invoice",
    )
    (resolved,) = await emitted("deduction_resolved")
    assert resolved.subject == f"deduction/{first['id']}"
    (disputed,) = await emitted("deduction_disputed")
    assert (disputed.data["reason"], disputed.data["newly_disputed_amount"]) == ("duplicate", "1130.00")


async def test_a_cycle_without_purchases_earned_nothing(accrued: Books):
    deduction = await accrued.deduct("50.00", "C-1/T1/2026-01")
    await accrued.match()
    assert (await accrued.deduction(deduction))["dispute_reason"] == "not_earned"


@pytest.mark.parametrize(
    ("claim", "note"),
    [(None, "no_reference"), ("C-9/T1/2026-03", "unagreed"), ("C-1/T1/2026-12", "not_accrued")],
)
async def test_what_has_no_accrual_waits_for_a_person(accrued: Books, claim: str | None, note: str, finance: Api):
    deduction = await accrued.deduct("50.00", claim)
    assert await accrued.match() == {"examined": 0, "settled": 0, "disputed": 0}
    found = await accrued.deduction(deduction)
    assert (found["status"], found["match_note"], found["open_amount"]) == ("received", note, "50.00")
    listed = await finance.get("/v1/deductions", params={"status": "received", "match_note": note})
    assert [each["id"] for each in listed.json()["items"]] == [deduction["id"]]


async def test_a_person_disputes_and_the_money_comes_back(accrued: Books, finance: Api, controller: Api):
    deduction = await accrued.deduct("100.00", None)
    path = f"/v1/deductions/{deduction['id']}"
    before = await accrued.balances()
    disputed = await act(finance, f"{path}:dispute", {"reason": "unagreed", "amount": "100.00"})
    assert (disputed.json()["status"], disputed.json()["dispute_reason"]) == ("disputed", "unagreed")
    assert (await accrued.balances())["disputed_deductions"] == "100.00"
    too_much = await act(finance, f"{path}:recover", {"amount": "100.01"})
    assert (too_much.status_code, too_much.json()["code"]) == (409, "amount_exceeds_open")
    await act(finance, f"{path}:recover", {"amount": "60.00", "recovered_on": "2026-05-20"})
    assert (await act(finance, f"{path}:write-off", {"reason": "small"})).status_code == 403
    written = await act(controller, f"{path}:write-off", {"reason": "small", "written_off_on": "2026-06-01"})
    assert (written.json()["status"], written.json()["written_off_amount"]) == ("recovered", "40.00")
    after = await accrued.balances()
    assert (after["write_offs"], float(after["cash"]) - float(before["cash"])) == ("40.00", 60.0)
    assert "deductions_in_suspense" not in after
    closed = await act(finance, f"{path}:dispute", {"reason": "other", "amount": "1.00"})
    assert (closed.status_code, closed.json()["code"]) == (409, "deduction_closed")


async def test_a_person_accepts_a_disputed_part_and_the_invoice_settles_it(accrued: Books, finance: Api, emitted: Any):
    deduction = await accrued.deduct("500.00", "wrong reference")
    path = f"/v1/deductions/{deduction['id']}"
    accrual = next(each for each in await accrued.accruals() if each["cycle_start"] == "2026-03-01")
    early = await finance.post(f"{path}:settle", json={"document_number": "RED-1"})
    assert (early.status_code, early.json()["code"]) == (409, "deduction_closed")
    await act(finance, f"{path}:dispute", {"reason": "unagreed", "amount": "200.00"})
    accepted = await act(finance, f"{path}:accept", {"accrual_id": accrual["id"]})
    assert (accepted.json()["status"], accepted.json()["accepted_amount"]) == ("accepted", "500.00")
    settled = await finance.post(f"{path}:settle", json={"document_number": "RED-1"})
    assert (settled.json()["status"], settled.json()["is_documented"]) == ("settled", True)
    (fee,) = (await finance.get("/v1/settled-fees", params={"deduction_id": deduction["id"]})).json()["items"]
    assert (fee["document_number"], fee["documented_on"], fee["amount"]) == ("RED-1", "2026-05-06", "500.00")
    assert "disputed_deductions" not in await accrued.balances()
    assert [(e.version, e.data["document_number"]) for e in await emitted("fee_settled")] == [(1, None), (2, "RED-1")]
    assert (await finance.get(f"/v1/settled-fees/{fee['id']}")).json() == fee


async def test_an_accrual_is_not_used_beyond_what_is_open(accrued: Books, finance: Api):
    deduction = await accrued.deduct("2000.00", None)
    accrual = next(each for each in await accrued.accruals() if each["cycle_start"] == "2026-03-01")
    path = f"/v1/deductions/{deduction['id']}:accept"
    refused = await act(finance, path, {"accrual_id": accrual["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "accrual_exhausted")
    assert "Only 1130.00 CNY" in refused.json()["detail"]
    refused = await act(finance, path, {"accrual_id": str(uuid4())})
    assert refused.json()["code"] == "accrual_not_found"


async def test_a_penalty_needs_no_tax_document(world: None, deliver: Any, books: Books):
    terms = [a_term("T1", fee_kind="penalty_late", tax_basis="incl")]
    await deliver("gondola.contracts.contract_signed.v1", a_contract(a_version(terms=terms)))
    await books.receive(a_receipt("G-1", "10000.00", "2026-03-10"))
    await books.accrue("2026-03-31")
    deduction = await books.deduct("226.00", "C-1/T1/2026-03")
    await books.match()
    assert (await books.deduction(deduction))["status"] == "settled"


async def test_another_accounts_deductions_do_not_exist(accrued: Books, stranger: Api, auditor: Api):
    deduction = await accrued.deduct("100.00", None)
    path = f"/v1/deductions/{deduction['id']}"
    assert (await stranger.get(path)).json()["code"] == "deduction_not_found"
    answer = await act(stranger, f"{path}:dispute", {"reason": "other", "amount": "1.00"})
    assert answer.status_code == 404
    assert (await auditor.get(path)).status_code == 200
    assert (await auditor.post("/v1/deductions:match", json={})).status_code == 403


async def test_the_job_matches_what_comes(accrued: Books, run_job: Any):
    deduction = await accrued.deduct("1130.00", "C-1/T1/2026-03")
    assert await run_job("match") is False
    assert (await accrued.deduction(deduction))["status"] == "accepted"


async def test_of_two_remittances_at_once_only_one_settles_the_invoice(world: None, books: Books, erp: Api):
    await books.invoice("I-1")
    answers = await asyncio.gather(*(remit(erp, key=number, number=number) for number in ("R-1", "R-2", "R-3")))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} == {"invoice_overpaid"}


async def test_an_accrual_is_not_consumed_twice_by_people_and_the_job_at_once(
    accrued: Books, finance: Api, run_job: Any
):
    accrual = next(each for each in await accrued.accruals() if each["cycle_start"] == "2026-03-01")
    matched = await accrued.deduct("1130.00", "C-1/T1/2026-03")
    by_hand = [await accrued.deduct("1130.00", None) for _ in range(2)]
    body = {"accrual_id": accrual["id"]}
    await asyncio.gather(
        run_job("match"),
        *(act(finance, f"/v1/deductions/{each['id']}:accept", body) for each in by_hand),
    )
    found = [await accrued.deduction(each) for each in (matched, *by_hand)]
    assert sum(Decimal(each["accepted_amount"]) for each in found) == Decimal("1130.00")
    (used,) = [each for each in await accrued.accruals() if each["id"] == accrual["id"]]
    assert (used["consumed_amount"], used["open_amount"]) == ("1130.00", "0.00")
