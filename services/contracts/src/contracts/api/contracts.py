"""Contracts 合同: drafted, signed, amended, ended; and what held on any day."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from contracts.api.common import MANAGERS, READERS, Today, match_if_given
from contracts.api.contract_models import (
    Advanced,
    AdvanceIn,
    AmendIn,
    ContractHead,
    ContractIn,
    ContractOut,
    ContractValueOut,
    DraftIn,
    SignIn,
    TerminateIn,
    Versions,
    shown,
    version_shown,
)
from contracts.api.master_data import select_of
from contracts.app.advance import advance_batch
from contracts.db import queries, tables
from contracts.domain.contract import Contract, ContractStatus, draft_contract
from contracts.domain.contract_state import ContractEnded, ContractState
from contracts.domain.fees import FeeBasis
from contracts.domain.value import contract_value
from shared.platform.clock import now
from shared.platform.fields import Amount
from shared.platform.http import IfMatch, Raw, Router, Tx, json_response, require_match
from shared.platform.ids import new_id
from shared.platform.outbox import emit
from shared.platform.pagination import ListQuery, Page

router = Router(prefix="/v1/contracts", tags=["contracts"])
ContractId = Annotated[UUID, Path(description="The contract's identifier.")]
AsOf = Annotated[date | None, Query(description="Business date; the version that holds on it.")]

CONTRACTS = ListQuery(
    select=select_of(tables.contracts),
    order=("number", "id"),
    filters={
        "account_id": "account_id = {}",
        "settlement_entity_id": "settlement_entity_id = {}",
        "status": "status = {}",
        "as_of": "daterange(valid_from, valid_to, '[]') @> {}::date",
    },
)


@router.post("", operation_id="create_contract", policy=MANAGERS, answers=ContractOut, status_code=201)
async def create_contract(body: ContractIn, tx: Tx) -> Response:
    """Draft a contract. Nothing is announced before it is signed."""
    await queries.require_settlement_entity(tx, body.account_id, body.settlement_entity_id)
    contract = draft_contract(
        body.version(),
        contract_id=body.id or new_id(),
        account_id=body.account_id,
        settlement_entity_id=body.settlement_entity_id,
        number=body.number,
        currency=body.currency,
    )
    tx.add(contract)
    await tx.flush()
    response = _answer(contract, status=201)
    response.headers["Location"] = f"/v1/contracts/{contract.id}"
    return response


@router.put("/{contract_id}/draft", operation_id="replace_contract_draft", policy=MANAGERS, answers=ContractOut)
async def replace_contract_draft(contract_id: ContractId, body: DraftIn, tx: Tx, if_match: IfMatch = None) -> Response:
    """Replace the draft of a contract that has never been signed; needs If-Match."""
    contract = await queries.contract(tx, contract_id, for_update=True)
    require_match(if_match, contract.version)
    await queries.require_settlement_entity(tx, contract.account_id, body.settlement_entity_id)
    contract.replace_draft(
        body.version(),
        settlement_entity_id=body.settlement_entity_id,
        number=body.number,
        currency=body.currency,
    )
    await tx.flush()
    return _answer(contract)


@router.post("/{contract_id}:sign", operation_id="sign_contract", policy=MANAGERS, answers=ContractOut)
async def sign_contract(contract_id: ContractId, body: SignIn, tx: Tx, if_match: IfMatch = None) -> Response:
    """Sign the latest version: from now on it never changes. Announces contract_signed or contract_amended."""
    contract = await _to_change(tx, contract_id, if_match)
    await queries.one_signature_at_a_time(tx, contract.settlement_entity_id)
    event = contract.sign(signed_on=body.signed_on, signatory=body.signatory, document_sha256=body.document_sha256)
    return await _announce(tx, contract, event)


@router.post("/{contract_id}:activate", operation_id="activate_contract", policy=MANAGERS, answers=ContractOut)
async def activate_contract(contract_id: ContractId, tx: Tx, on: Today, if_match: IfMatch = None) -> Response:
    """Bring a signed contract into force, from its first day on; it happens by itself as well."""
    contract = await _to_change(tx, contract_id, if_match)
    return await _announce(tx, contract, contract.activate(as_of=on))


@router.post("/{contract_id}:amend", operation_id="amend_contract", policy=MANAGERS, answers=ContractOut)
async def amend_contract(contract_id: ContractId, body: AmendIn, tx: Tx, if_match: IfMatch = None) -> Response:
    """Draft a further version, or replace the one that is drafted; it holds once it is signed."""
    contract = await _to_change(tx, contract_id, if_match)
    contract.amend(
        valid_from=body.valid_from, terms=tuple(term.term() for term in body.terms), payment_terms=body.payment_terms
    )
    await tx.flush()
    return _answer(contract)


@router.post("/{contract_id}:terminate", operation_id="terminate_contract", policy=MANAGERS, answers=ContractOut)
async def terminate_contract(
    contract_id: ContractId, body: TerminateIn, tx: Tx, on: Today, if_match: IfMatch = None
) -> Response:
    """Give the contract an earlier last day. It is over after that day; a drafted amendment is dropped."""
    contract = await _to_change(tx, contract_id, if_match)
    return await _announce(tx, contract, contract.terminate(on=body.on, reason=body.reason, as_of=on))


@router.post(":advance", operation_id="advance_contracts", policy=MANAGERS, answers=Advanced)
async def advance_contracts(body: AdvanceIn, tx: Tx) -> Response:
    """Bring the contracts in scope up to a day: begin what has begun, end what is over. Again changes nothing."""
    activated = ended = 0
    while events := await advance_batch(tx, body.as_of):
        over = sum(1 for event in events if isinstance(event, ContractEnded))
        activated, ended = activated + len(events) - over, ended + over
    return json_response({"as_of": body.as_of, "activated": activated, "ended": ended})


@router.get("/{contract_id}", operation_id="get_contract", policy=READERS, answers=ContractOut)
async def get_contract(contract_id: ContractId, tx: Tx, as_of: AsOf = None) -> Response:
    """Show a contract with the version that holds on a day (404 `no_version_in_force` if none), or with its latest."""
    contract = await queries.contract(tx, contract_id)
    version = contract.version_in_force(as_of) if as_of else contract.latest
    return json_response(shown(contract, version, as_of), etag=contract.version)


@router.get("/{contract_id}/versions", operation_id="list_contract_versions", policy=READERS, answers=Versions)
async def list_contract_versions(contract_id: ContractId, tx: Tx) -> Response:
    """List all versions, the drafted one included."""
    contract = await queries.contract(tx, contract_id)
    items = [version_shown(contract, version) for version in contract.versions]
    return json_response({"items": items}, etag=contract.version)


@router.get("/{contract_id}/value", operation_id="get_contract_value", policy=READERS, answers=ContractValueOut)
async def get_contract_value(
    contract_id: ContractId,
    tx: Tx,
    on: Today,
    net_purchases: Annotated[Amount, Query(ge=0, description="Forecast net purchases of the whole span.")],
    stores: Annotated[int, Query(ge=0, le=100_000, description="Forecast active stores.")] = 0,
    as_of: AsOf = None,
    valued_from: Annotated[date | None, Query(alias="from", description="Default: the contract's first day.")] = None,
    valued_to: Annotated[date | None, Query(alias="to", description="Default: the contract's last day.")] = None,
) -> Response:
    """Value the terms that hold on as_of (default today) at a forecast, spread evenly over each term's cycles."""
    contract = await queries.contract(tx, contract_id)
    version = contract.version_in_force(as_of or on)
    span = contract.days(valued_from, valued_to)
    value = contract_value(version.terms, FeeBasis(span=span, net_purchases=net_purchases, store_count=stores))
    terms = [
        {
            "term_id": each.term.id,
            "code": each.term.code,
            "clause": each.term.clause,
            "fee_kind": each.term.fee_kind,
            "amount": each.amount,
            "rate": each.rate,
        }
        for each in value.terms
    ]
    return json_response(
        {
            "contract_id": contract.id,
            "version_number": version.number,
            "currency": contract.currency,
            "valued_from": span.start,
            "valued_to": span.end,
            "net_purchases": net_purchases,
            "stores": stores,
            "terms": terms,
            "amount": value.amount,
            "rate": value.rate,
        }
    )


@router.get("", operation_id="list_contracts", policy=READERS, list_of=ContractHead)
async def list_contracts(
    raw: Raw,
    page: Page,
    account_id: UUID | None = None,
    settlement_entity_id: UUID | None = None,
    status: ContractStatus | None = None,
    as_of: AsOf = None,
) -> Response:
    """List the contracts in the caller's scope by number; as_of leaves those of which it is a day."""
    return await CONTRACTS.page(
        raw, page, account_id=account_id, settlement_entity_id=settlement_entity_id, status=status, as_of=as_of
    )


async def _to_change(tx: AsyncSession, contract_id: UUID, if_match: str | None) -> Contract:
    contract = await queries.contract(tx, contract_id, for_update=True)
    match_if_given(if_match, contract.version)
    return contract


async def _announce(tx: AsyncSession, contract: Contract, event: ContractState) -> Response:
    await tx.flush()
    await emit(tx, event, at=now())
    return _answer(contract)


def _answer(contract: Contract, *, status: int = 200) -> Response:
    return json_response(shown(contract, contract.latest), status=status, etag=contract.version)
