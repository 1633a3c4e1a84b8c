"""The ERP pulls closed batches, each chained to the one before it, and acknowledges what it booked."""

from typing import Any

import pytest

from services.receivables.tests.examples import Books
from shared.testing import Api, Clock


async def close(erp: Api, as_of: str) -> Any:
    return await erp.post("/v1/erp-batches:close", json={"as_of": as_of})


@pytest.fixture
async def settled(promotion: None, books: Books, run_job: Any) -> Books:
    """One settled fee of 600.00 and one of 400.00, both of 6 May."""
    await run_job("accrue promotions")
    await books.deduct("600.00", "P-17/dm")
    await books.deduct("400.00", "P-17/DM/SKU1")
    await books.match()
    return books


async def test_batches_are_numbered_without_a_gap_and_chained(settled: Books, erp: Api):
    assert (await close(erp, "2026-05-05")).json()["lines"] == []
    second = (await close(erp, "2026-05-06")).json()
    assert [line["position"] for line in second["lines"]] == [1, 2]
    assert (second["number"], second["line_count"], second["control_total"]) == (2, 2, "1000.00")
    assert second["totals"] == [{"currency": "CNY", "amount": "1000.00"}]
    assert second["lines"][0]["reference"] == "P-17/dm/SKU1"
    assert (second["lines"][0]["account_code"], second["lines"][0]["settlement_entity_code"]) == ("RT", "RT-SH")
    third = (await close(erp, "2026-05-07")).json()
    listed = (await erp.get("/v1/erp-batches", params={"after": 0, "limit": 2})).json()
    assert ([each["number"] for each in listed["items"]], listed["next"]) == ([1, 2], 2)
    rest = (await erp.get("/v1/erp-batches", params={"after": 2})).json()
    assert ([each["number"] for each in rest["items"]], rest["next"]) == ([3], None)
    assert listed["items"][0]["previous_hash"] == "0" * 64
    assert second["previous_hash"] == listed["items"][0]["hash"]
    assert third["previous_hash"] == second["hash"]
    fees = (await erp.get("/v1/settled-fees")).json()["items"]
    assert {fee["erp_batch"] for fee in fees} == {2}


async def test_an_empty_day_gets_one_empty_batch(world: None, may: Clock, erp: Api, run_job: Any):
    await run_job("close ERP batch")
    await run_job("close ERP batch")
    (batch,) = (await erp.get("/v1/erp-batches")).json()["items"]
    assert (batch["as_of"], batch["line_count"], batch["control_total"]) == ("2026-05-05", 0, "0.00")
    again = await close(erp, "2026-05-05")
    assert (again.status_code, again.json()["number"]) == (200, 1)


async def test_what_settles_late_is_in_the_next_batch(settled: Books, erp: Api):
    assert (await close(erp, "2026-05-06")).json()["line_count"] == 2
    repeated = await close(erp, "2026-05-06")
    assert (repeated.status_code, repeated.json()["number"]) == (200, 1)


async def test_an_acknowledgement_names_what_was_read(settled: Books, erp: Api, finance: Api):
    batch = (await close(erp, "2026-05-06")).json()
    read = {"hash": batch["hash"], "line_count": 2, "total": "1000.00"}
    wrong = await erp.post("/v1/erp-batches/1:acknowledge", json=read | {"total": "999.99"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "batch_mismatch")
    assert (await finance.post("/v1/erp-batches/1:acknowledge", json=read)).status_code == 403
    first = await erp.post("/v1/erp-batches/1:acknowledge", json=read)
    assert first.json()["acknowledged_at"] == "2026-05-06T04:00:00.000Z"
    again = await erp.post("/v1/erp-batches/1:acknowledge", json=read)
    assert again.json() == first.json()
    assert (await erp.get("/v1/erp-batches/1")).json() == first.json()


async def test_a_batch_that_was_not_closed_is_not_found(world: None, erp: Api, manager: Api):
    assert (await erp.get("/v1/erp-batches/1")).json()["code"] == "erp_batch_not_found"
    body = {"hash": "0" * 64, "line_count": 0, "total": "0.00"}
    assert (await erp.post("/v1/erp-batches/1:acknowledge", json=body)).status_code == 404
    assert (await erp.get("/v1/erp-batches/99999999999")).status_code == 422
    assert (await manager.get("/v1/erp-batches")).status_code == 403


async def test_who_sees_some_accounts_neither_closes_nor_reads_batches_of_all(
    settled: Books, erp: Api, stranger: Api, api: Api
):
    refused = await close(stranger, "2026-05-06")
    assert (refused.status_code, refused.json()["code"]) == (403, "whole_scope_needed")
    assert (await close(erp, "2026-05-06")).json()["line_count"] == 2
    for path in ("/v1/erp-batches", "/v1/erp-batches/1"):
        answer = await stranger.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "whole_scope_needed")
