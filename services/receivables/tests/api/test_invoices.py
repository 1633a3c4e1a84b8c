"""Invoices and goods receipts go in by batches: one row, one fate."""

from typing import Any
from uuid import uuid4

import pytest

from services.receivables.tests.examples import (
    ACCOUNT,
    ENTITY,
    OTHER_ENTITY,
    SKU,
    Books,
    a_contract,
    a_line,
    a_receipt,
    a_version,
    an_invoice,
)  # fmt: skip
from shared.platform.service import Service
from shared.testing import Api


async def post(erp: Api, *invoices: dict[str, Any]) -> dict[str, Any]:
    answer = await erp.post("/v1/invoices:batch", json={"invoices": invoices})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_invoice_is_posted_booked_and_announced(world: None, books: Books, erp: Api, emitted: Any):
    invoice = an_invoice("I-1", "1000.00", "0.05")
    answer = await post(erp, invoice)
    assert answer == {"posted": [{"id": invoice["id"], "number": "I-1"}], "unchanged": [], "refused": []}
    found = (await erp.get(f"/v1/invoices/{invoice['id']}")).json()
    assert (found["net_amount"], found["tax_amount"], found["gross_amount"]) == ("1000.05", "130.01", "1130.06")
    assert (found["open_amount"], found["paid_amount"]) == ("1130.06", "0.00")
    assert [line["tax_amount"] for line in found["lines"]] == ["130.00", "0.01"]
    (event,) = await emitted("invoice_posted")
    assert (event.version, event.data["due_on"], event.data["line_count"]) == (1, "2026-05-01", 2)
    assert event.data["products"] == [{"product_id": str(SKU), "quantity": "20.0000", "net_amount": "1000.05"}]
    assert await books.balances() == {
        "accounts_receivable": "1130.06",
        "revenue": "-1000.05",
        "output_tax": "-130.01",
    }


async def test_the_same_invoice_again_changes_nothing(world: None, erp: Api, emitted: Any):
    invoice = an_invoice()
    await post(erp, invoice)
    again = await post(erp, invoice)
    assert [each["id"] for each in again["unchanged"]] == [invoice["id"]]
    same = invoice | {"lines": [a_line("1000.0", quantity="10.0000", unit_price="100.00", tax_rate="0.130")]}
    assert (await post(erp, same))["unchanged"]
    assert len(await emitted("invoice_posted")) == 1


async def test_each_invoice_of_a_batch_has_a_fate_of_its_own(world: None, erp: Api):
    known = an_invoice("I-1")
    await post(erp, known)
    good, twice = an_invoice("I-2"), an_invoice("I-3")
    answer = await post(
        erp,
        good,
        known,
        known | {"id": good["id"]},
        twice,
        known | {"id": twice["id"]},
        known | {"lines": [a_line("1.00")]},
        an_invoice("I-1"),
        an_invoice("I-4", settlement_entity_id=str(OTHER_ENTITY)),
        an_invoice("I-5", settlement_entity_id=str(uuid4())),
    )
    assert [each["number"] for each in answer["posted"]] == ["I-2", "I-3"]
    assert [each["number"] for each in answer["unchanged"]] == ["I-1"]
    assert sorted(each["code"] for each in answer["refused"]) == [
        "duplicate_in_batch",
        "duplicate_in_batch",
        "duplicate_in_batch",
        "number_taken",
        "settlement_entity_unknown",
        "settlement_entity_unknown",
    ]


async def test_another_content_under_a_known_id_is_refused(world: None, erp: Api):
    known = an_invoice("I-1")
    await post(erp, known)
    (refused,) = (await post(erp, known | {"lines": [a_line("1.00")]}))["refused"]
    assert refused["code"] == "id_taken"
    assert "id of its own" in refused["message"]


async def test_the_contract_in_force_says_when_an_invoice_is_due(world: None, deliver: Any, books: Books):
    await deliver("gondola.contracts.contract_signed.v1", a_contract(a_version(terms=[])))
    assert (await books.invoice("I-1", invoiced_on="2026-03-01"))["due_on"] == "2026-04-20"
    assert (await books.invoice("I-2", invoiced_on="2025-12-31"))["due_on"] == "2026-01-31"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"net_amount": 1000.0}, "/invoices/0/lines/0/net_amount"),
        ({"net_amount": "1000.005"}, "/invoices/0/lines/0/net_amount"),
        ({"quantity": "0"}, "/invoices/0/lines/0/quantity"),
        ({"tax_rate": "1.13"}, "/invoices/0/lines/0/tax_rate"),
        ({"colour": "red"}, "/invoices/0/lines/0/colour"),
        ({"line_no": 0}, "/invoices/0/lines/0/line_no"),
    ],
)
async def test_a_wrong_field_is_pointed_at(world: None, erp: Api, change: dict[str, Any], pointer: str):
    invoice = an_invoice() | {"lines": [a_line() | change]}
    answer = await erp.post("/v1/invoices:batch", json={"invoices": [invoice]})
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_lines_are_numbered_once_and_a_batch_has_an_end(world: None, erp: Api):
    twice = an_invoice() | {"lines": [a_line(), a_line()]}
    answer = await erp.post("/v1/invoices:batch", json={"invoices": [twice]})
    assert (answer.status_code, "line_no" in answer.text) == (422, True)
    assert (await erp.post("/v1/invoices:batch", json={"invoices": []})).status_code == 422
    answer = await erp.post("/v1/invoices:batch", content=b'{"invoices": ')
    assert answer.status_code == 400
    answer = await erp.post("/v1/invoices:batch", content=b"\xff")
    assert answer.status_code == 400


async def test_blanks_and_chinese_numbers_are_taken(world: None, erp: Api):
    answer = await post(erp, an_invoice("  发票-1 "), an_invoice("发票 2"))
    assert [each["number"] for each in answer["posted"]] == ["发票-1", "发票 2"]


async def test_invoices_are_listed_page_by_page_with_filters(world: None, books: Books, erp: Api, stranger: Api):
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        await books.invoice(f"I-{day}", invoiced_on=day)
    first = (await erp.get("/v1/invoices", params={"limit": 2, "account_id": str(ACCOUNT), "is_open": True})).json()
    second = (await erp.get("/v1/invoices", params={"limit": 2, "after": first["next"]})).json()
    assert [each["invoiced_on"] for each in first["items"] + second["items"]] == [
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
    ]
    assert second["next"] is None
    assert (await stranger.get("/v1/invoices")).json()["items"] == []
    assert (await stranger.get(f"/v1/invoices/{first['items'][0]['id']}")).status_code == 404


async def test_only_finance_and_the_erp_post_and_only_within_their_scope(world: None, manager: Api, stranger: Api):
    assert (await manager.post("/v1/invoices:batch", json={"invoices": [an_invoice()]})).status_code == 403
    (refused,) = (await post(stranger, an_invoice()))["refused"]
    assert refused["code"] == "settlement_entity_unknown"


async def test_receipts_and_returns_make_net_purchases(world: None, books: Books, erp: Api, emitted: Any):
    receipt, back = a_receipt("G-1", "1000.00", "2026-03-10"), a_receipt("G-1", "100.00", "2026-03-11", kind="return")
    await books.receive(receipt, back)
    again = await erp.post("/v1/goods-receipts:batch", json={"goods_receipts": [receipt, back]})
    assert len(again.json()["unchanged"]) == 2
    found = (await erp.get(f"/v1/goods-receipts/{back['id']}")).json()
    assert (found["net_amount"], found["gross_amount"], found["lines"][0]["quantity"]) == (
        "-100.00",
        "-113.00",
        "-10.0000",
    )
    events = await emitted("purchase_recorded")
    assert [event.data["net_amount"] for event in events] == ["1000.00", "-100.00"]
    listed = await erp.get("/v1/goods-receipts", params={"kind": "return", "settlement_entity_id": str(ENTITY)})
    assert [each["number"] for each in listed.json()["items"]] == ["G-1"]
    assert (await erp.get(f"/v1/goods-receipts/{uuid4()}")).json()["code"] == "goods_receipt_not_found"
    assert (await erp.get(f"/v1/invoices/{uuid4()}")).json()["code"] == "invoice_not_found"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "gift"},
        {"lines": [a_line(), a_line()]},
        {"lines": []},
        {"lines": [a_line("1.234")]},
        {"tax_basis": "incl"},
    ],
)
async def test_a_goods_receipt_with_a_wrong_field_is_refused(world: None, erp: Api, change: dict[str, Any]):
    body = {"goods_receipts": [a_receipt("G-1", "1.00", "2026-03-10") | change]}
    answer = await erp.post("/v1/goods-receipts:batch", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/goods_receipts/0/")


async def test_a_batch_has_at_most_five_thousand_lines(world: None, erp: Api):
    line = {"product_id": str(SKU), "quantity": "1", "unit_price": "1", "net_amount": "1", "tax_rate": "0"}
    lines = [line | {"line_no": n} for n in range(1, 2501)]
    receipts = [a_receipt(f"G-{n}", "1.00", "2026-03-10") | {"lines": lines} for n in range(3)]
    answer = await erp.post("/v1/goods-receipts:batch", json={"goods_receipts": receipts})
    assert (answer.status_code, "5000 lines" in answer.text) == (422, True)


def test_the_batch_is_documented_without_references(service: Service):
    document = service.create_app(service.settings(environment="test")).openapi()
    operation = document["paths"]["/v1/invoices:batch"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    line = schema["properties"]["invoices"]["items"]["properties"]["lines"]["items"]
    assert {"line_no", "product_id", "net_amount"} <= set(line["properties"])
    assert "$ref" not in str(schema)


async def test_an_invoice_at_the_end_of_the_calendar_is_refused_with_a_reason(world: None, erp: Api):
    answer = await erp.post("/v1/invoices:batch", json={"invoices": [an_invoice("I-1", invoiced_on="9999-12-31")]})
    assert (answer.status_code, answer.json()["code"]) == (422, "date_out_of_range")
    assert "9999-12-31" in answer.json()["detail"]
