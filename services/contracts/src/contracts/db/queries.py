"""How contracts and their surroundings are found."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.db import tables
from contracts.domain.account import AccountNotFound, SettlementEntityNotFound
from contracts.domain.contract import Contract, ContractNotFound, ContractStatus


async def contract(tx: AsyncSession, contract_id: UUID, *, for_update: bool = False) -> Contract:
    """Return a contract with all versions; ``for_update`` locks its row until the end of the transaction.

    Raises:
        ContractNotFound: there is none, or it is outside the caller's scope.
    """
    found = await tx.get(Contract, contract_id, with_for_update=True if for_update else None)
    if found is None:
        raise ContractNotFound("There is no such contract in your scope; see GET /v1/contracts.")
    return found


async def contracts_due(tx: AsyncSession, as_of: date, *, limit: int) -> list[Contract]:
    """Return and lock contracts that begin or end by ``as_of``, in the order of their ids."""
    table = tables.contracts.c
    due = or_(
        and_(table.status == ContractStatus.SIGNED, table.valid_from <= as_of),
        and_(table.status == ContractStatus.ACTIVE, table.valid_to < as_of),
    )
    rows = await tx.scalars(select(Contract).where(due).order_by(table.id).limit(limit).with_for_update())
    return list(rows)


async def one_signature_at_a_time(tx: AsyncSession, settlement_entity_id: UUID) -> None:
    """Let signatures of one settlement entity wait for each other.

    Without it two that overlap would each wait at the exclusion constraint for the other: a deadlock instead of a 409.
    """
    table = tables.settlement_entities.c
    await tx.execute(select(table.id).where(table.id == settlement_entity_id).with_for_update(key_share=True))


async def require_account(tx: AsyncSession, account_id: UUID) -> None:
    """Let pass what belongs to an account that the caller sees.

    Raises:
        AccountNotFound: there is none, or it is outside the caller's scope.
    """
    if await tx.scalar(select(tables.accounts.c.id).where(tables.accounts.c.id == account_id)) is None:
        raise AccountNotFound(
            "There is no such account in your scope; see GET /v1/accounts.", pointers=("/account_id",)
        )


async def require_settlement_entity(tx: AsyncSession, account_id: UUID, settlement_entity_id: UUID) -> None:
    """Let pass a settlement entity of an account that the caller sees.

    Raises:
        AccountNotFound: the account is not there.
        SettlementEntityNotFound: the account has no such settlement entity.
    """
    await require_account(tx, account_id)
    table = tables.settlement_entities.c
    found = await tx.scalar(select(table.id).where(table.id == settlement_entity_id, table.account_id == account_id))
    if found is None:
        raise SettlementEntityNotFound(
            "The account has no such settlement entity; see GET /v1/settlement-entities.",
            pointers=("/settlement_entity_id",),
        )
