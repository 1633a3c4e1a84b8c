"""A task 任务: what one tactic of a promotion asks of one store, to be found there by an audit."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from shared.kernel.errors import NotFound
from shared.kernel.periods import Span


class TacticKind(StrEnum):
    """What was bought in the store: the promotional price 促销价, a leaflet place DM海报, an end-cap 端架/TG."""

    PRICE = "price"
    DM = "dm"
    ENDCAP = "endcap"


class TaskStatus(StrEnum):
    """Open until an audit counts for it; then its verdict; withdrawn when the promotion no longer asks for it."""

    OPEN = "open"
    EXECUTED = "executed"
    NOT_EXECUTED = "not_executed"
    UNPROVEN = "unproven"
    WITHDRAWN = "withdrawn"


class TaskNotFound(NotFound):
    """No such task among the caller's accounts."""

    code = "task_not_found"


def task_id(tactic_id: UUID, store_id: UUID) -> UUID:
    """Return the id of the task of a tactic in a store: the same wherever and whenever it is worked out."""
    return uuid5(tactic_id, str(store_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What has to be found: the price at most, or the number of displays at least, on a day of the window."""

    id: UUID
    account_id: UUID
    promotion_id: UUID
    tactic_id: UUID
    tactic_kind: TacticKind
    store_id: UUID
    product_id: UUID
    expected_price: Decimal | None
    expected_count: int
    window: Span

    def __post_init__(self) -> None:
        if self.tactic_kind is TacticKind.PRICE and self.expected_price is None:
            raise ValueError(f"tactic {self.tactic_id} is about the price, but its expected price is missing")
        if self.expected_price is not None and self.expected_price < 0:
            raise ValueError(f"the expected price of tactic {self.tactic_id} is below zero")
        if self.expected_count < 1:
            raise ValueError(f"the expected count of tactic {self.tactic_id} is below one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tactic:
    """A promotion's tactic as far as stores are concerned."""

    id: UUID
    kind: TacticKind
    product_id: UUID
    count_per_store: int | None = None
    expected_price: Decimal | None = None

    @property
    def displays_per_store(self) -> int:
        """The displays 端架数 contracted per store; one where the tactic is not about a number."""
        if self.kind is TacticKind.ENDCAP and self.count_per_store is not None:
            return self.count_per_store
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionPlan:
    """What a committed promotion asks of stores: every tactic in every store, over its dates."""

    id: UUID
    account_id: UUID
    window: Span
    store_ids: tuple[UUID, ...]
    tactics: tuple[Tactic, ...]

    def tasks(self) -> list[Task]:
        """Return one task per tactic and store, in that order; a store or tactic named twice counts once."""
        return [
            Task(
                id=task_id(tactic.id, store_id),
                account_id=self.account_id,
                promotion_id=self.id,
                tactic_id=tactic.id,
                tactic_kind=tactic.kind,
                store_id=store_id,
                product_id=tactic.product_id,
                expected_price=tactic.expected_price,
                expected_count=tactic.displays_per_store,
                window=self.window,
            )
            for tactic in {tactic.id: tactic for tactic in self.tactics}.values()
            for store_id in dict.fromkeys(self.store_ids)
        ]
