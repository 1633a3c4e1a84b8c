"""Sell-out over HTTP: imports, jobs, lists and sums."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from promotions.api.sell_out import ImportJobDetail, SellOutOut
from services.promotions.tests import examples
from shared.platform.auth import Role
from shared.testing import Api

pytestmark = pytest.mark.usefixtures("master_data")

HEADER = "store_code,sku,week_starts_on,quantity,retail_amount,price_off_flag,dm_flag,display_flag"
GOOD = [
    "S000,JU-1000,2026-06-01,128.5,1011.20,1,0,0",
    "S001,JU-1000,2026-06-01,64,,0,1,1",
    "S000,TE-500,2026-06-08,-2,,,,",
]


def csv(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return (end.join((header, *lines)) + end).encode()


async def send(client: Api, body: bytes | AsyncIterator[bytes], status: int = 201, **parameters: Any) -> dict[str, Any]:
    answer = await client.post(
        "/v1/sell-out:import",
        params={"account_id": str(examples.ACCOUNT)} | parameters,
        content=body,
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == status, answer.text
    result: dict[str, Any] = answer.json()
    return result


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    names = ("received_rows", "inserted_rows", "updated_rows", "unchanged_rows", "refused_rows")
    return tuple(job[name] for name in names)


async def test_rows_are_inserted_then_unchanged_then_updated(api: Api) -> None:
    erp = api.as_(Role.ERP)
    job = await send(erp, csv(*GOOD))
    assert ImportJobDetail.model_validate(job).state == "done"
    assert counts(job) == (3, 3, 0, 0, 0)
    assert counts(await send(erp, csv(*GOOD, end="\r\n"))) == (3, 0, 0, 3, 0)
    assert counts(await send(erp, csv("S000,JU-1000,2026-06-01,130,1011.20,1,0,0", GOOD[1]))) == (2, 0, 1, 1, 0)
    rows = (await erp.get("/v1/sell-out", params={"from": "2026-06-01", "to": "2026-06-07"})).json()["items"]
    assert [(str(SellOutOut.model_validate(row).quantity), row["retail_amount"], row["dm_flag"]) for row in rows] == [
        ("130.0000", "1011.20", False),
        ("64.0000", None, True),
    ]


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("S999,JU-1000,2026-06-01,1,,,,", "store_code", "unknown_store"),
        ("S000,XX,2026-06-01,1,,,,", "sku", "unknown_sku"),
        ("S000,JU-1000,2026-02-30,1,,,,", "week_starts_on", "not_a_date"),
        ("S000,JU-1000,20260601,1,,,,", "week_starts_on", "not_a_date"),
        ("S000,JU-1000,2026-06-01,1.00001,,,,", "quantity", "not_a_quantity_of_four_decimals"),
        ("S000,JU-1000,2026-06-01,NaN,,,,", "quantity", "not_a_quantity_of_four_decimals"),
        ("S000,JU-1000,2026-06-01,1,1e3,,,", "retail_amount", "not_an_amount_of_two_decimals"),
        ("S000,JU-1000,2026-06-01,1,,yes,,", "price_off_flag", "not_a_flag_0_or_1"),
        ("S000,JU-1000,2026-06-01,1", "row", "wrong_number_of_fields"),
        ('"S000,JU-1000,2026-06-01,1,,,,', "row", "unreadable_quotes"),
        ("S000,JU-1000,2026-06-01,9,,,,", "row", "repeats_an_earlier_line"),
        ("S\x00,JU-1000,2026-06-01,1,,,,", "store_code", "unknown_store"),
    ],
)
async def test_a_bad_row_is_reported_and_the_good_ones_go_in(api: Api, line: str, field: str, reason: str) -> None:
    manager = api.as_(Role.KA_MANAGER)
    job = await send(manager, csv(*GOOD, "", line))
    assert counts(job) == (4, 3, 0, 0, 1)
    assert [(row["line"], row["field"], row["reason"]) for row in job["refused"]] == [(6, field, reason)]
    assert (await manager.get(f"/v1/import-jobs/{job['id']}")).json() == job
    refused = (await manager.get(f"/v1/import-jobs/{job['id']}/refused-rows")).json()["items"]
    assert refused == job["refused"]


async def test_an_atomic_import_with_a_bad_row_changes_nothing(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    for bad in ("S999,JU-1000,2026-06-01,1,,,,", "S000,JU-1000,2026-06-01,9,,,,"):
        job = await send(manager, csv(*GOOD, bad), atomic=True)
        assert (job["state"], counts(job)) == ("rejected", (4, 0, 0, 0, 1))
        assert (await manager.get("/v1/sell-out")).json()["items"] == []
    assert (await send(manager, csv(*GOOD), atomic=True))["state"] == "done"


async def test_a_row_that_repeats_an_earlier_one_is_refused_whether_or_not_it_was_there_before(api: Api) -> None:
    manager = api.as_(Role.KA_MANAGER)
    body = csv(*GOOD, "S000,JU-1000,2026-06-01,9,,,,")
    assert counts(await send(manager, body)) == (4, 3, 0, 0, 1)
    assert counts(await send(manager, body)) == (4, 0, 0, 3, 1)


async def test_columns_stand_in_any_order_quoted_and_in_pieces(api: Api) -> None:
    body = csv('2026-06-01,"S000",1.5,JU-1000', header="\ufeffweek_starts_on,store_code,quantity,SKU")

    async def pieces() -> AsyncIterator[bytes]:
        for index in range(0, len(body), 7):
            yield body[index : index + 7]

    assert counts(await send(api.as_(Role.KA_MANAGER), pieces())) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "csv_header_unusable"),
        (b"store_code,sku,quantity\n", "csv_header_unusable"),
        (csv(header=HEADER + ",colour"), "csv_header_unusable"),
        (csv(header=HEADER + ",sku"), "csv_header_unusable"),
        (csv(header='"' + HEADER), "csv_header_unusable"),
        (csv(*GOOD) + b"x" * 200_000, "csv_line_too_long"),
    ],
)
async def test_a_file_that_is_no_sell_out_is_refused_whole(api: Api, body: bytes, code: str) -> None:
    manager = api.as_(Role.KA_MANAGER)
    assert (await send(manager, body, 422))["code"] == code
    assert (await manager.get("/v1/import-jobs")).json()["items"] == []


async def test_only_importers_import_and_only_into_their_accounts(api: Api) -> None:
    for client, status in (
        (api.as_(Role.FIELD_REP), 403),
        (api.as_(Role.KA_MANAGER, accounts=[examples.OTHER_ACCOUNT]), 404),
        (api.as_(Role.KA_MANAGER, accounts=[examples.ACCOUNT]), 201),
    ):
        job = await send(client, csv(*GOOD), status)
    stranger = api.as_(Role.KA_MANAGER, accounts=[examples.OTHER_ACCOUNT])
    assert (await stranger.get("/v1/sell-out")).json()["items"] == []
    for path in (job["id"], str(uuid4())):
        assert (await stranger.get(f"/v1/import-jobs/{path}")).json()["code"] == "import_job_unknown"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("product", [(str(examples.JUICE), "192.5000", "1011.20", 2), (str(examples.TEA), "-2.0000", None, 1)]),
        ("week", [("2026-06-01", "192.5000", "1011.20", 2), ("2026-06-08", "-2.0000", None, 1)]),
        ("store", [(str(examples.STORES[0]), "126.5000", "1011.20", 2), (str(examples.STORES[1]), "64.0000", None, 1)]),
    ],
)
async def test_sums_are_taken_by_product_week_or_store(api: Api, by: str, expected: list[Any]) -> None:
    manager = api.as_(Role.KA_MANAGER)
    await send(manager, csv(*GOOD))
    parameters = {"account_id": str(examples.ACCOUNT), "from": "2026-06-01", "to": "2026-06-08", "by": by}
    items = (await manager.get("/v1/sell-out/summary", params=parameters)).json()["items"]
    assert [tuple(item.values()) for item in items] == expected
    first = (await manager.get("/v1/sell-out/summary", params=parameters | {"limit": 1})).json()
    rest = (await manager.get("/v1/sell-out/summary", params=parameters | {"after": first["next"]})).json()
    assert ([*first["items"], *rest["items"]], rest["next"]) == (items, None)


async def test_the_account_must_be_known(api: Api) -> None:
    problem = await send(api.as_(Role.KA_MANAGER), csv(*GOOD), 404, account_id=str(uuid4()))
    assert problem["code"] == "account_unknown"
