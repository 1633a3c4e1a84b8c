"""Stores 门店: master data of this service, put by the account's manager under an id of his own."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from shared.platform.clock import now
from shared.platform.fields import Amount, Answer, Body, Code, Rate, ShortText
from shared.platform.http import Caller, IfMatch, Raw, Router, Tx, json_response, require_match
from shared.platform.outbox import emit
from shared.platform.pagination import Page
from store_ops.api.common import MANAGERS, READERS
from store_ops.db import stores as queries
from store_ops.domain.store import AccountNotFound, Store, StoreGrade, StoreNotFound, StoreStatus

router = Router(prefix="/v1/stores", tags=["stores"])


class StoreIn(Body):
    """A store as its account's manager describes it."""

    account_id: UUID
    """Account 客户 that the store belongs to, for life."""
    code: Code
    """The account's own number of the store 店号; unique within the account."""
    name: ShortText
    """Name on the shopfront 店名."""
    grade: StoreGrade
    """Grade 门店等级, A the best."""
    store_format: ShortText
    """Format 业态 as the retailer names it, for example ``hypermarket`` 量贩店."""
    province: ShortText
    """Province 省."""
    city: ShortText
    """City 市."""
    area_sqm: Amount | None = None
    """Sales area 营业面积 in square metres, a decimal string with at most 2 decimals."""
    latitude: Rate | None = None
    """Degrees north (WGS 84), a decimal string with at most 6 decimals; together with ``longitude``."""
    longitude: Rate | None = None
    """Degrees east (WGS 84), a decimal string with at most 6 decimals."""
    opened_on: date
    """First day of trade 开业日."""
    closed_on: date | None = None
    """Last day of trade 闭店日; exactly when the status is ``closed``."""
    status: StoreStatus = StoreStatus.ACTIVE
    """``active``, ``inactive`` (refit 翻新, not open yet) or ``closed``."""

    def as_store(self, store_id: UUID) -> Store:
        """Return the domain's store; decimals get the precision in which they are kept, so that equal is equal."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Store(
            id=store_id,
            **values
            | {
                "area_sqm": _at(self.area_sqm, "0.01"),
                "latitude": _at(self.latitude, "0.000001"),
                "longitude": _at(self.longitude, "0.000001"),
            },
        )


def _at(value: Decimal | None, step: str) -> Decimal | None:
    return None if value is None else value.quantize(Decimal(step))


class StoreOut(Answer):
    """A store."""

    id: UUID
    """Store."""
    account_id: UUID
    """Account 客户."""
    code: str
    """The account's own number of the store 店号."""
    name: str
    """Name on the shopfront 店名."""
    grade: StoreGrade
    """Grade 门店等级."""
    store_format: str
    """Format 业态."""
    province: str
    """Province 省."""
    city: str
    """City 市."""
    area_sqm: Amount | None
    """Sales area 营业面积 in square metres."""
    latitude: Rate | None
    """Degrees north (WGS 84)."""
    longitude: Rate | None
    """Degrees east (WGS 84)."""
    opened_on: date
    """First day of trade 开业日."""
    closed_on: date | None
    """Last day of trade 闭店日."""
    status: StoreStatus
    """Whether the store trades."""
    version: int
    """Rises with each change; the ETag."""


@router.put(
    "/{store_id}",
    operation_id="put_store",
    policy=MANAGERS,
    answers=StoreOut,
    responses={201: {"model": StoreOut, "description": "Created."}},
)
async def put_store(store_id: UUID, body: StoreIn, tx: Tx, caller: Caller, if_match: IfMatch = None) -> Response:
    """Create or replace a store; the same description again changes nothing and announces nothing."""
    store = body.as_store(store_id)
    known = await queries.for_update(tx, store_id)
    if known is None:
        seen = caller.scope.everything or store.account_id in caller.scope.accounts
        if not seen and not await queries.account_is_known(tx, store.account_id):
            raise AccountNotFound(f"There is no account {store.account_id} among yours. Check account_id.")
        if if_match is None and await queries.add(tx, store):
            await emit(tx, store.changed(), at=now())
            return json_response(await queries.find(tx, store_id), status=201, etag=1)
        known = await queries.for_update(tx, store_id)  # Created by another request in between.
        if known is None:
            raise StoreNotFound(f"There is no store {store_id} among your accounts. Take a new id to create one.")
    current, version = known
    if if_match is not None:
        require_match(if_match, version)
    event = current.replaced_by(store)
    if event is not None:
        version += 1
        await queries.replace(tx, store, version)
        await emit(tx, event, at=now())
    return json_response(await queries.find(tx, store_id), etag=version)


@router.get("/{store_id}", operation_id="get_store", policy=READERS, answers=StoreOut)
async def get_store(store_id: UUID, tx: Tx) -> Response:
    """Return one store."""
    row = await queries.find(tx, store_id)
    return json_response(row, etag=row["version"])


@router.get("", operation_id="list_stores", policy=READERS, list_of=StoreOut)
async def list_stores(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    status: StoreStatus | None = None,
    grade: StoreGrade | None = None,
    province: Annotated[str | None, Query(max_length=200)] = None,
    city: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """List stores by code."""
    return await queries.LIST.page(
        raw, page, account_id=account_id, status=status, grade=grade, province=province, city=city
    )
