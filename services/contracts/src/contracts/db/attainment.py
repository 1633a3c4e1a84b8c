"""What an account has bought and what its fees have cost, from the read copies."""

from datetime import date
from typing import Any
from uuid import UUID

from shared.kernel.money import ZERO, round_rate
from shared.platform.db import Connection

PURCHASES = """
SELECT currency, sum(net_amount) AS net_purchases FROM purchases
WHERE account_id = $1 AND invoiced_on BETWEEN $2 AND $3 GROUP BY currency
"""
FEES = """
SELECT currency, fee_kind, sum(accrued) AS accrued_amount, sum(settled) AS settled_amount
FROM (
    SELECT currency, fee_kind, amount_excl_tax AS accrued, 0.00 AS settled FROM accrued_fees
    WHERE account_id = $1 AND cycle_start BETWEEN $2 AND $3
    UNION ALL
    SELECT currency, fee_kind, 0.00, amount_excl_tax FROM settled_fees
    WHERE account_id = $1 AND settled_on BETWEEN $2 AND $3
) AS fee
GROUP BY currency, fee_kind ORDER BY currency, fee_kind
"""


async def attainment(connection: Connection, account_id: UUID, *, first: date, last: date) -> list[dict[str, Any]]:
    """Return purchases and fees from ``first`` to ``last``, currency by currency; amounts are without tax."""
    rows = await connection.fetch(PURCHASES, account_id, first, last)
    purchases = {row["currency"]: row["net_purchases"] for row in rows}
    fees = await connection.fetch(FEES, account_id, first, last)
    result = []
    for currency in sorted({*purchases, *(fee["currency"] for fee in fees)}):
        bought = purchases.get(currency, ZERO)
        kinds = [
            {name: fee[name] for name in ("fee_kind", "accrued_amount", "settled_amount")}
            for fee in fees
            if fee["currency"] == currency
        ]
        accrued = sum((kind["accrued_amount"] for kind in kinds), ZERO)
        result.append(
            {
                "currency": currency,
                "net_purchases": bought,
                "accrued_amount": accrued,
                "settled_amount": sum((kind["settled_amount"] for kind in kinds), ZERO),
                "accrued_rate": round_rate(accrued / bought) if bought > 0 else None,
                "fees": kinds,
            }
        )
    return result
