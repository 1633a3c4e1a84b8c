"""Sell-out 终端销量: import, import jobs, lists and sums."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from promotions.api.common import IMPORTERS, READERS, AccountId, ProductId, StoreId, check_account
from promotions.app import import_sell_out
from promotions.domain.errors import ImportJobUnknown
from shared.platform.auth import Role
from shared.platform.clock import now
from shared.platform.fields import Amount, Answer, Instant, Quantity
from shared.platform.http import Caller, Raw, Router, json_response
from shared.platform.ids import new_id
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/sell-out", tags=["sell-out"])
jobs_router = Router(prefix="/v1/import-jobs", tags=["sell-out"])

FILE_READERS = (*READERS, Role.ERP)
LIST = ListQuery(
    select="""SELECT account_id, store_id, product_id, week_starts_on, quantity, retail_amount,
        price_off_flag, dm_flag, display_flag FROM sell_out""",
    order=("account_id", "store_id", "product_id", "week_starts_on"),
    filters={
        "account_id": "account_id = {}",
        "store_id": "store_id = {}",
        "product_id": "product_id = {}",
        "from_": "week_starts_on >= {}",
        "to": "week_starts_on <= {}",
    },
)
JOB = "SELECT * FROM import_jobs WHERE id = $1"
JOBS = ListQuery(
    select="SELECT * FROM import_jobs", order=("id",), filters={"account_id": "account_id = {}"}, descending=True
)
REFUSED = ListQuery(
    select="SELECT line, field, reason, value FROM import_refusals", order=("line",), filters={"job_id": "job_id = {}"}
)
FIRST_REFUSED = "SELECT line, field, reason, value FROM import_refusals WHERE job_id = $1 ORDER BY line LIMIT $2"
REFUSED_SHOWN_MAX = 100
CSV_EXAMPLE = (
    "store_code,sku,week_starts_on,quantity,retail_amount,price_off_flag,dm_flag,display_flag\n"
    "0126,JU-1000,2026-06-01,128.0000,1011.20,1,1,0\n"
)


class SummaryBy(StrEnum):
    """What sums are taken over."""

    PRODUCT = "product"
    WEEK = "week"
    STORE = "store"


_COLUMNS = {SummaryBy.PRODUCT: "product_id", SummaryBy.WEEK: "week_starts_on", SummaryBy.STORE: "store_id"}
SUMMARY = {
    by: ListQuery(
        select=f"SELECT {column}, sum(quantity) AS quantity, sum(retail_amount) AS retail_amount,"  # noqa: S608
        " count(*) AS row_count FROM sell_out",
        group_by=column,
        order=(column,),
        filters=LIST.filters,
    )
    for by, column in _COLUMNS.items()
}


class SellOutOut(Answer):
    """What a store sold of a product in a week."""

    account_id: AccountId
    store_id: StoreId
    product_id: ProductId
    week_starts_on: date
    """First day of the week, as the retailer counts weeks."""
    quantity: Quantity
    """Units sold (or ounces, as the retailer counts), four decimals; below zero when more came back."""
    retail_amount: Amount | None
    """What shoppers paid, in the account's currency; null when the file does not say."""
    price_off_flag: bool
    """Whether it was sold at a reduced price 特价; false too when the file does not say."""
    dm_flag: bool
    """Whether it stood in a leaflet DM海报; false too when the file does not say."""
    display_flag: bool
    """Whether it had a display of its own 堆头/端架; false too when the file does not say."""


class SellOutSummaryItem(Answer):
    """Sums over one product, week or store; which one, the field says that is there."""

    product_id: UUID | None = None
    """Product 商品 of contracts."""
    week_starts_on: date | None = None
    """First day of the week."""
    store_id: UUID | None = None
    """Store 门店 of store-ops."""
    quantity: Quantity
    """Units sold, four decimals."""
    retail_amount: Amount | None
    """What shoppers paid in the rows that say it, in the account's currency; null when none does."""
    row_count: int
    """Rows (store, product and week) that were summed."""


class RefusedRow(Answer):
    """A line that did not go in: the first thing that is wrong with it."""

    line: int
    """Line in the file; the header is line 1."""
    field: str
    """Column, or `row` for the line as a whole."""
    reason: str
    """unknown_store, unknown_sku, not_a_date, not_a_quantity_of_four_decimals, not_an_amount_of_two_decimals,
    not_a_flag_0_or_1, wrong_number_of_fields, unreadable_quotes or repeats_an_earlier_line."""
    value: str
    """What stood there, at most 100 characters."""


class ImportJobOut(Answer):
    """What became of a file."""

    id: UUID
    """Identifier of the job."""
    account_id: AccountId
    kind: str
    """What was imported: sell_out."""
    state: str
    """done, or rejected: it was atomic and had a bad line, nothing went in."""
    is_atomic: bool
    """Whether it was to go in whole or not at all."""
    received_rows: int
    """Lines of the file without its header and empty lines."""
    inserted_rows: int
    """Rows that are new."""
    updated_rows: int
    """Rows that were there and differed."""
    unchanged_rows: int
    """Rows that were there just so."""
    refused_rows: int
    """Lines that did not go in because something is wrong with them."""
    submitted_by: str
    """Subject of the caller at the identity provider."""
    started_at: Instant
    """When the file began to come in."""
    finished_at: Instant
    """When the last row was in."""


class ImportJobDetail(ImportJobOut):
    """What became of a file, with the first hundred refused lines."""

    refused: Annotated[tuple[RefusedRow, ...], Field(max_length=REFUSED_SHOWN_MAX)]
    """The first of them; GET …/refused-rows has the others."""


@router.post(
    ":import",
    operation_id="import_sell_out",
    policy=IMPORTERS,
    answers=ImportJobDetail,
    status_code=201,
    stream=True,
    max_body_mib=256,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE}},
        }
    },
)
async def import_sell_out_file(
    request: Request,
    raw: Raw,
    principal: Caller,
    account_id: UUID,
    atomic: bool = False,  # noqa: FBT001, FBT002
) -> Response:
    """Import weekly sell-out of one account from a CSV stream (UTF-8, up to 256 MiB); the first line names the columns.

    - `store_code`, `sku`, `week_starts_on`, `quantity`; if known `retail_amount` and three flags 0 or 1:
      `price_off_flag`, `dm_flag`, `display_flag`.
    - One row a store, product and week: a row that is there is replaced when it differs.
    - Good rows go in, bad rows are listed with line, field and reason; with `atomic=true` all or nothing.
    - Fees per unit sold that the rows touch are earned again by the next advance.
    """
    await check_account(raw, account_id)
    job = await import_sell_out.run(
        raw,
        request.stream(),
        account_id=account_id,
        is_atomic=atomic,
        job_id=new_id(),
        submitted_by=principal.subject,
        started_at=now(),
    )
    return await _job(raw, job.id, status=201)


@router.get("", operation_id="list_sell_out", policy=FILE_READERS, list_of=SellOutOut)
async def list_sell_out(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    store_id: UUID | None = None,
    product_id: UUID | None = None,
    from_: Annotated[date | None, Query(alias="from")] = None,
    to: date | None = None,
) -> Response:
    """List sell-out by account, store, product and week."""
    return await LIST.page(
        raw, page, account_id=account_id, store_id=store_id, product_id=product_id, from_=from_, to=to
    )


@router.get("/summary", operation_id="summarise_sell_out", policy=READERS, list_of=SellOutSummaryItem)
async def summarise_sell_out(
    raw: Raw,
    page: Page,
    account_id: UUID,
    from_: Annotated[date, Query(alias="from")],
    to: date,
    by: SummaryBy = SummaryBy.PRODUCT,
) -> Response:
    """Sum an account's sell-out of the weeks that start within `from` and `to`, by product, week or store."""
    return await SUMMARY[by].page(raw, page, account_id=account_id, from_=from_, to=to)


@jobs_router.get("", operation_id="list_import_jobs", policy=FILE_READERS, list_of=ImportJobOut)
async def list_import_jobs(raw: Raw, page: Page, account_id: UUID | None = None) -> Response:
    """List import jobs, the newest first."""
    return await JOBS.page(raw, page, account_id=account_id)


@jobs_router.get("/{job_id}", operation_id="get_import_job", policy=FILE_READERS, answers=ImportJobDetail)
async def get_import_job(job_id: UUID, raw: Raw) -> Response:
    """Return an import job with its counts and the first hundred refused lines."""
    return await _job(raw, job_id)


@jobs_router.get("/{job_id}/refused-rows", operation_id="list_refused_rows", policy=FILE_READERS, list_of=RefusedRow)
async def list_refused_rows(job_id: UUID, raw: Raw, page: Page) -> Response:
    """List the refused lines of an import job; at most 10,000 are kept, all are counted."""
    return await REFUSED.page(raw, page, job_id=job_id)


async def _job(raw: Raw, job_id: UUID, *, status: int = 200) -> Response:
    row: Any = await raw.fetchrow(JOB, job_id)
    if row is None:
        raise ImportJobUnknown(f"No import job {job_id} in your scope: check the id.")
    refused = [dict(each) for each in await raw.fetch(FIRST_REFUSED, job_id, REFUSED_SHOWN_MAX)]
    return json_response(dict(row) | {"refused": refused}, status=status)
