"""Statements on stores."""

from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as insert_if_absent
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.pagination import ListQuery
from store_ops.db.tables import accounts, stores
from store_ops.domain.store import Store, StoreGrade, StoreNotFound, StoreStatus

COLUMNS = ", ".join(column.name for column in stores.columns)

LIST = ListQuery(
    select=f"SELECT {COLUMNS} FROM stores",  # noqa: S608 - column names of our own table
    order=("code", "id"),
    filters={
        "account_id": "account_id = {}",
        "status": "status = {}",
        "grade": "grade = {}",
        "province": "province = {}",
        "city": "city = {}",
    },
)
"""Stores by code."""


async def find(tx: AsyncSession, store_id: UUID) -> dict[str, Any]:
    """Return the store's row.

    Raises:
        StoreNotFound: absent, or of an account outside the scope.
    """
    row = (await tx.execute(select(stores).where(stores.c.id == store_id))).mappings().first()
    if row is None:
        raise StoreNotFound(f"There is no store {store_id} among your accounts. Check the id, or put the store first.")
    return dict(row)


async def for_update(tx: AsyncSession, store_id: UUID) -> tuple[Store, int] | None:
    """Return the store and its version, its row locked; None when there is none within the scope."""
    row = (await tx.execute(select(stores).where(stores.c.id == store_id).with_for_update())).mappings().first()
    if row is None:
        return None
    known = {each.name: row[each.name] for each in fields(Store)}
    return Store(**known | {"grade": StoreGrade(row["grade"]), "status": StoreStatus(row["status"])}), row["version"]


async def add(tx: AsyncSession, store: Store) -> bool:
    """Insert the store with version 1; return False when its id is taken, by a concurrent request for one."""
    statement = (
        insert_if_absent(stores).values(**asdict(store), version=1).on_conflict_do_nothing(index_elements=["id"])
    )
    return (await tx.execute(statement.returning(stores.c.id))).first() is not None


async def replace(tx: AsyncSession, store: Store, version: int) -> None:
    """Write the store's new state as ``version``; its row is locked."""
    await tx.execute(update(stores).where(stores.c.id == store.id).values(**asdict(store), version=version))


async def account_is_known(tx: AsyncSession, account_id: UUID) -> bool:
    """Say whether the account has arrived from contracts and is within the scope."""
    return (await tx.execute(select(accounts.c.id).where(accounts.c.id == account_id))).first() is not None
