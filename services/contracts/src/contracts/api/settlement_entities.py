"""Settlement entities 结算主体: who pays for an account, and when."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from starlette.responses import Response

from contracts.api import examples
from contracts.api.common import MANAGERS, READERS, DueTerms, Id, created_or_changed
from contracts.api.master_data import fields_of, get_row, page_with_json, put_row
from contracts.db import queries, tables
from contracts.domain.account import SettlementEntityChanged, SettlementEntityNotFound
from shared.platform.fields import Answer, Body, Code, ShortText
from shared.platform.http import IfMatch, Raw, Router, Tx
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/settlement-entities", tags=["settlement entities"])
NOT_FOUND = SettlementEntityNotFound(
    "There is no such settlement entity in your scope; see GET /v1/settlement-entities."
)
EntityId = Annotated[UUID, Path(description="The settlement entity's identifier; for a new one, of your own choice.")]


class SettlementEntityFields(Answer):
    """What is known of a settlement entity."""

    account_id: UUID
    """Account that it pays for; it stays with it."""
    code: Code
    """Short business key, unique within the account."""
    name: ShortText
    """Legal name of the payer 结算主体."""
    tax_id: ShortText
    """Tax identification number 纳税人识别号."""
    payment_terms: DueTerms
    """Terms 账期 where no contract says otherwise."""


class SettlementEntityIn(SettlementEntityFields, Body):
    """A settlement entity to create or to replace."""

    model_config = examples.shows(examples.SETTLEMENT_ENTITY)


class SettlementEntityOut(SettlementEntityFields):
    """A settlement entity."""

    id: Id


ENTITIES = ListQuery(
    select="SELECT id, account_id, code, name, tax_id, payment_terms FROM settlement_entities",
    order=("code", "id"),
    filters={"account_id": "account_id = {}"},
)


@router.put(
    "/{entity_id}",
    operation_id="put_settlement_entity",
    policy=MANAGERS,
    answers=SettlementEntityOut,
    responses=created_or_changed(SettlementEntityOut),
)
async def put_settlement_entity(
    entity_id: EntityId, body: SettlementEntityIn, tx: Tx, if_match: IfMatch = None
) -> Response:
    """Create a settlement entity (201) or replace it (200); the same again changes nothing."""
    await queries.require_account(tx, body.account_id)
    event = SettlementEntityChanged(id=entity_id, **fields_of(body))
    return await put_row(tx, tables.settlement_entities, event, if_match=if_match, missing=NOT_FOUND)


@router.get("/{entity_id}", operation_id="get_settlement_entity", policy=READERS, answers=SettlementEntityOut)
async def get_settlement_entity(entity_id: EntityId, tx: Tx) -> Response:
    """Show a settlement entity."""
    return await get_row(tx, tables.settlement_entities, entity_id, missing=NOT_FOUND)


@router.get("", operation_id="list_settlement_entities", policy=READERS, list_of=SettlementEntityOut)
async def list_settlement_entities(raw: Raw, page: Page, account_id: UUID | None = None) -> Response:
    """List the settlement entities in the caller's scope by code."""
    return await page_with_json(ENTITIES, raw, page, columns=("payment_terms",), values={"account_id": account_id})
