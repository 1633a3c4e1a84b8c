"""Accounts 客户: who is served, by whom, and what a year has brought."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from starlette.responses import Response

from contracts.api import examples
from contracts.api.common import MANAGERS, READERS, CurrencyCode, Id, created_or_changed
from contracts.api.master_data import fields_of, get_row, put_row, select_of
from contracts.db import tables
from contracts.db.attainment import attainment
from contracts.domain.account import (
    AccountChanged,
    AccountNotFound,
    AccountType,
    DecisionStructure,
    DeliveryMode,
    KaClass,
    Standing,
)
from shared.platform.fields import Amount, Answer, Body, Code, Currency, Rate, ShortText
from shared.platform.http import Caller, IfMatch, Raw, Router, Tx, json_response
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/accounts", tags=["accounts"])
NOT_FOUND = AccountNotFound("There is no such account in your scope; see GET /v1/accounts.")
AccountId = Annotated[UUID, Path(description="The account's identifier; for a new account one of your own choice.")]


class AccountFields(Answer):
    """What is known of an account."""

    code: Code
    """Short business key, unique."""
    name: ShortText
    """Name of the retailer 客户名称."""
    ka_class: KaClass
    """GKA 国际性, NKA 全国性 or LKA 区域性."""
    account_type: AccountType
    """Kind of key account, like hypermarket 量贩 or convenience_store 便利店."""
    store_format: ShortText
    """Usual store format 业态, as the retailer names it."""
    decision_structure: DecisionStructure
    """centralised 中央集权, decentralised 地方分权 or mixed 混合."""
    delivery_mode: DeliveryMode
    """dc 统仓, direct_store 单店配送 or mixed."""
    region: ShortText
    """Sales region 大区; who has the region in scope sees the account."""
    owner_id: ShortText
    """Subject of the person in charge 专人负责 at the identity provider."""
    performance_unit_id: ShortText
    """Unit that the sales count for 业绩归属."""
    cost_unit_id: ShortText
    """Unit that bears the fees 费用归属."""
    currency: Currency
    """ISO 4217 code of the account's documents."""
    status: Standing = Standing.ACTIVE
    """active or inactive."""


class AccountIn(AccountFields, Body):
    """An account to create or to replace."""

    model_config = examples.shows(examples.ACCOUNT)


class AccountOut(AccountFields):
    """An account."""

    id: Id


class FeesOfKind(Answer):
    """What one kind of fee has cost."""

    fee_kind: str
    """费用科目, like tier_rebate."""
    accrued_amount: Amount
    """预提, without tax, by the first day of its cycle."""
    settled_amount: Amount
    """已结算, without tax, by the day of settlement."""


class CurrencyAttainment(Answer):
    """Purchases and fees in one currency."""

    currency: CurrencyCode
    net_purchases: Amount
    """Invoiced in the year, without tax."""
    accrued_amount: Amount
    """预提 of all kinds, without tax, by the first day of their cycles."""
    settled_amount: Amount
    """已结算 of all kinds, without tax, by the day of settlement."""
    accrued_rate: Rate | None
    """accrued_amount as a fraction of net_purchases 费用率; none without purchases."""
    fees: list[FeesOfKind]
    """The same, kind by kind; one entry each."""


class Attainment(Answer):
    """What a year has brought so far."""

    account_id: UUID
    """Account 客户 that was asked for."""
    year: int
    """Calendar year that was asked for."""
    currencies: list[CurrencyAttainment]
    """One entry for each currency that the account bought or paid in; amounts are never added across them."""


ACCOUNTS = ListQuery(
    select=select_of(tables.accounts),
    order=("code", "id"),
    filters={
        "region": "region = {}",
        "status": "status = {}",
        "ka_class": "ka_class = {}",
        "owner_id": "owner_id = {}",
    },
)


@router.put(
    "/{account_id}",
    operation_id="put_account",
    policy=MANAGERS,
    answers=AccountOut,
    responses=created_or_changed(AccountOut),
)
async def put_account(
    account_id: AccountId, body: AccountIn, tx: Tx, caller: Caller, if_match: IfMatch = None
) -> Response:
    """Create an account (201) or replace it (200); the same again changes nothing."""
    scope = caller.scope
    if not (scope.everything or account_id in scope.accounts or body.region in scope.regions):
        raise NOT_FOUND
    event = AccountChanged(id=account_id, account_id=account_id, **fields_of(body))
    return await put_row(tx, tables.accounts, event, if_match=if_match, missing=NOT_FOUND)


@router.get("/{account_id}", operation_id="get_account", policy=READERS, answers=AccountOut)
async def get_account(account_id: AccountId, tx: Tx) -> Response:
    """Show an account."""
    return await get_row(tx, tables.accounts, account_id, missing=NOT_FOUND)


@router.get("", operation_id="list_accounts", policy=READERS, list_of=AccountOut)
async def list_accounts(
    raw: Raw,
    page: Page,
    region: str | None = None,
    status: Standing | None = None,
    ka_class: KaClass | None = None,
    owner_id: str | None = None,
) -> Response:
    """List the accounts in the caller's scope by code."""
    return await ACCOUNTS.page(raw, page, region=region, status=status, ka_class=ka_class, owner_id=owner_id)


@router.get("/{account_id}/attainment", operation_id="get_attainment", policy=READERS, answers=Attainment)
async def get_attainment(
    account_id: AccountId, raw: Raw, year: Annotated[int, Query(ge=1990, le=2100, description="Calendar year.")]
) -> Response:
    """Add up a year's purchases and fees, as far as receivables has told us."""
    if await raw.fetchval("SELECT id FROM accounts WHERE id = $1", account_id) is None:
        raise NOT_FOUND
    currencies = await attainment(raw, account_id, first=date(year, 1, 1), last=date(year, 12, 31))
    return json_response({"account_id": account_id, "year": year, "currencies": currencies})
