"""What the independent computation says, gathered once for all tables."""

import sqlite3
from dataclasses import dataclass
from typing import Any, Self

from deploy.demo import oracle, oracle_ledger
from deploy.demo.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The oracle's figures; amounts in cents."""

    plan: Json
    database: sqlite3.Connection
    bought: oracle.Purchases
    promotions: dict[str, dict[str, Any]]
    accruals: list[oracle.Accrual]
    outcomes: list[oracle_ledger.Outcome]
    gross: dict[int, int]
    """What each week's invoice comes to with tax."""

    @classmethod
    def of(cls, plan: Json, database: sqlite3.Connection) -> Self:
        """Compute everything from the data files in ``database`` and the published plan."""
        accruals = oracle.accruals(database, plan)
        return cls(
            plan=plan,
            database=database,
            bought=oracle.purchases(database, plan),
            promotions=oracle.promotions(database, plan),
            accruals=accruals,
            outcomes=oracle_ledger.outcomes(plan, accruals),
            gross=oracle_ledger.invoice_gross(database, plan),
        )
