"""Promotion funds 费用预算 and their ledger."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ConfigDict
from starlette.responses import Response

from promotions.api.common import (
    FUND_OWNERS,
    READERS,
    AccountId,
    CreatedAt,
    PromotionId,
    UpdatedAt,
    Version,
    check_account,
    created_or_changed,
)
from promotions.db import funds
from promotions.domain.errors import FundUnknown
from promotions.domain.funds import Fund, FundTerms
from shared.kernel.money import round_cents
from shared.kernel.periods import Span
from shared.platform.clock import now
from shared.platform.fields import Amount, Answer, Body, Currency, Instant, ShortText
from shared.platform.http import IfMatch, Raw, Router, json_response, require_match
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/funds", tags=["funds"])

SELECT = """SELECT id, account_id, name, currency, starts_on, ends_on, budget, committed, earned, paid,
    budget - committed AS available, version, created_at, updated_at FROM funds"""
LIST = ListQuery(select=SELECT, order=("starts_on", "id"), filters={"account_id": "account_id = {}"})
LEDGER = ListQuery(
    select="""SELECT seq, fund_id, kind, amount, promotion_id, fee_id, booked_on, committed_after, source_id,
        recorded_at
        FROM fund_entries""",
    order=("seq",),
    filters={"fund_id": "fund_id = {}", "promotion_id": "promotion_id = {}"},
)


class FundFields(Answer):
    """A budget 费用预算 for promotions of one account."""

    account_id: AccountId
    name: ShortText
    """What planners choose it by, like Trade fund 2026; need not be unique."""
    currency: Currency
    """ISO 4217 code of the budget and of every promotion that draws on it."""
    starts_on: date
    """First day: a promotion that draws on it starts within these days."""
    ends_on: date
    """Last day, included."""
    budget: Amount
    """What may be committed in all, in its currency; never below what is committed."""


class FundIn(FundFields, Body):
    """A fund to create or to change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "019c5b2a-7000-7000-8000-000000000001",
                    "name": "Trade fund 2026",
                    "currency": "CNY",
                    "starts_on": "2026-01-01",
                    "ends_on": "2026-12-31",
                    "budget": "500000.00",
                }
            ]
        }
    )

    def terms(self) -> FundTerms:
        """Return what is decided."""
        return FundTerms(
            account_id=self.account_id,
            name=self.name,
            currency=self.currency,
            span=Span(start=self.starts_on, end=self.ends_on),
            budget=round_cents(self.budget),
        )


class FundOut(FundFields):
    """A fund with its balances, all in its currency."""

    id: UUID
    """Identifier of the fund, of its creator's choice."""
    committed: Amount
    """What promotions hold: committed entries minus released ones."""
    earned: Amount
    """What retailers have earned of it, by proof."""
    paid: Amount
    """What has been settled of it."""
    available: Amount
    """Budget minus committed."""
    version: Version
    created_at: CreatedAt
    updated_at: UpdatedAt


class LedgerEntryOut(Answer):
    """A line of a fund's ledger; lines never change."""

    seq: int
    """Place in the ledger."""
    fund_id: UUID
    """Fund whose ledger it is."""
    kind: str
    """committed, released, earned (signed) or paid (signed)."""
    amount: Amount
    """In the fund's currency; below zero when an earned or paid amount is taken back."""
    promotion_id: PromotionId
    fee_id: UUID
    """Fee of that promotion."""
    booked_on: date
    """Business date of the step that caused it."""
    committed_after: Amount
    """Committed balance of the fund right after this line."""
    source_id: UUID | None
    """Settled fee of a paid line."""
    recorded_at: Instant
    """When it was written here."""


@router.put(
    "/{fund_id}",
    operation_id="put_fund",
    policy=FUND_OWNERS,
    answers=FundOut,
    responses=created_or_changed(FundOut),
)
async def put_fund(fund_id: UUID, body: FundIn, raw: Raw, if_match: IfMatch = None) -> Response:
    """Create or change a fund.

    - 201 when new, 200 when it existed; the same body again changes nothing.
    - The budget never goes below what is committed: 409 `fund_overdrawn`.
    - Account and currency stay while money is committed: 409 `fund_in_use`.
    """
    terms = body.terms()
    await check_account(raw, terms.account_id)
    known = await funds.lock_with_version(raw, fund_id)
    if known is None:
        await funds.insert(raw, Fund(id=fund_id, terms=terms), now())
        return await _answer(raw, fund_id, status=201)
    fund, version = known
    if if_match is not None:
        require_match(if_match, version)
    if fund.change(terms):
        await funds.update_terms(raw, fund, now())
    return await _answer(raw, fund_id)


@router.get("/{fund_id}", operation_id="get_fund", policy=READERS, answers=FundOut)
async def get_fund(fund_id: UUID, raw: Raw) -> Response:
    """Return a fund with its balances."""
    return await _answer(raw, fund_id)


@router.get("", operation_id="list_funds", policy=READERS, list_of=FundOut)
async def list_funds(raw: Raw, page: Page, account_id: UUID | None = None) -> Response:
    """List funds by first day."""
    return await LIST.page(raw, page, account_id=account_id)


@router.get("/{fund_id}/ledger", operation_id="list_fund_entries", policy=READERS, list_of=LedgerEntryOut)
async def list_fund_entries(fund_id: UUID, raw: Raw, page: Page, promotion_id: UUID | None = None) -> Response:
    """List a fund's ledger in the order of booking."""
    await funds.get(raw, fund_id)
    return await LEDGER.page(raw, page, fund_id=fund_id, promotion_id=promotion_id)


async def _answer(raw: Raw, fund_id: UUID, *, status: int = 200) -> Response:
    row: Any = await raw.fetchrow(f"{SELECT} WHERE id = $1", fund_id)
    if row is None:
        raise FundUnknown(f"No fund {fund_id} in your scope: check the id.")
    return json_response(dict(row), status=status, etag=row["version"])
