"""What store operations takes from others: accounts and products as copies, promotions as tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from shared.kernel.periods import Span
from shared.platform.db import Connection
from shared.platform.inbox import Handlers, Received
from store_ops.db import tasks
from store_ops.domain.task import PromotionPlan, Tactic, TacticKind

handlers = Handlers()
handlers.copy(
    "gondola.contracts.account_changed.v1",
    noun="account",
    table="accounts",
    columns=("code", "name", "region", "status"),
)
handlers.copy(
    "gondola.contracts.product_changed.v1", noun="product", table="products", columns=("sku", "name", "brand")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TacticRead:
    """What stores need to know of a tactic."""

    id: UUID
    kind: TacticKind
    product_id: UUID
    count_per_store: int | None = None
    expected_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRead:
    """What stores need to know of a promotion."""

    account_id: UUID
    number: str
    starts_on: date
    ends_on: date
    store_ids: tuple[UUID, ...]
    tactics: tuple[TacticRead, ...]


async def plan_tasks(connection: Connection, events: Sequence[Received[PromotionRead]]) -> None:
    """Make the tasks of promotions, follow their changes, and withdraw what is no longer asked for.

    A task may come after the audit that answers it: every new or changed task is looked at by the next verification.
    """
    latest = {event.subject_id: event for event in events}
    await tasks.note_promotions(
        connection, [(key, event.data.account_id, event.data.number, event.version) for key, event in latest.items()]
    )
    planned = [task for key, event in latest.items() for task in _plan(key, event.data).tasks()]
    await tasks.plan(connection, planned)
    await tasks.withdraw(connection, list(latest), kept=[task.id for task in planned])


handlers.on("gondola.promotions.promotion_committed.v1", PromotionRead, noun="promotion")(plan_tasks)
handlers.on("gondola.promotions.promotion_changed.v1", PromotionRead, noun="promotion")(plan_tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledRead:
    """Of a cancelled promotion only its id is needed."""


@handlers.on("gondola.promotions.promotion_cancelled.v1", CancelledRead, noun="promotion")
async def withdraw_tasks(connection: Connection, events: Sequence[Received[CancelledRead]]) -> None:
    """Withdraw every task of cancelled promotions; what was verified stays on record."""
    await tasks.withdraw(connection, [event.subject_id for event in events], kept=[])


def _plan(promotion_id: UUID, read: PromotionRead) -> PromotionPlan:
    return PromotionPlan(
        id=promotion_id,
        account_id=read.account_id,
        window=Span(start=read.starts_on, end=read.ends_on),
        store_ids=read.store_ids,
        tactics=tuple(
            Tactic(
                id=tactic.id,
                kind=tactic.kind,
                product_id=tactic.product_id,
                count_per_store=tactic.count_per_store,
                expected_price=tactic.expected_price,
            )
            for tactic in read.tactics
        ),
    )
