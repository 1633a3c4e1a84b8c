"""The ERP feed: batches of settled fees in a canonical form, chained by hash, with control totals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from receivables.domain.errors import BatchMismatch
from shared.kernel.money import ZERO

GENESIS_HASH = "0" * 64
"""What the first batch names as the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpLine:
    """One settled fee as the ERP books it. Amounts in ``currency``."""

    position: int
    """Gap-free over all batches, from 1."""
    settled_fee_id: UUID
    number: str
    account_code: str
    settlement_entity_code: str
    fee_kind: str
    settlement_method: str
    reference: str
    """Claim reference of the accrual: contract/term/cycle or promotion/tactic."""
    deduction_number: str | None
    currency: str
    amount: Decimal
    """Including tax."""
    tax_amount: Decimal
    amount_excl_tax: Decimal
    settled_on: date
    document_kind: str

    def canonical(self) -> dict[str, str | int | None]:
        """Return the line as it is hashed: decimals as strings with two places, dates as ISO 8601."""
        return {
            "account_code": self.account_code,
            "amount": str(self.amount),
            "amount_excl_tax": str(self.amount_excl_tax),
            "currency": self.currency,
            "deduction_number": self.deduction_number,
            "document_kind": self.document_kind,
            "fee_kind": self.fee_kind,
            "number": self.number,
            "position": self.position,
            "reference": self.reference,
            "settled_fee_id": str(self.settled_fee_id),
            "settled_on": self.settled_on.isoformat(),
            "settlement_entity_code": self.settlement_entity_code,
            "settlement_method": self.settlement_method,
            "tax_amount": str(self.tax_amount),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyTotal:
    """Sum of the lines in one currency, including tax."""

    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpBatch:
    """A closed batch; it never changes. An empty one says that nothing was settled: that is not silence."""

    number: int
    as_of: date
    lines: tuple[ErpLine, ...]
    previous_hash: str

    @property
    def line_count(self) -> int:
        """The number of lines."""
        return len(self.lines)

    @property
    def control_total(self) -> Decimal:
        """Sum of all amounts, whatever their currency 控制总额: a check on reading, not a sum of money."""
        return sum((line.amount for line in self.lines), ZERO)

    @property
    def totals(self) -> tuple[CurrencyTotal, ...]:
        """The sums per currency, by currency code."""
        currencies = sorted({line.currency for line in self.lines})
        return tuple(
            CurrencyTotal(
                currency=code, amount=sum((line.amount for line in self.lines if line.currency == code), ZERO)
            )
            for code in currencies
        )

    def canonical(self) -> bytes:
        """Return the bytes that are hashed: JSON, keys sorted, no blanks, UTF-8 without escapes."""
        return canonical_json(
            {
                "as_of": self.as_of.isoformat(),
                "line_count": self.line_count,
                "lines": [line.canonical() for line in self.lines],
                "number": self.number,
                "previous_hash": self.previous_hash,
                "totals": [{"amount": str(total.amount), "currency": total.currency} for total in self.totals],
            }
        )

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, in lower-case hex."""
        return sha256(self.canonical()).hexdigest()


def canonical_json(value: object) -> bytes:
    """Return ``value`` as canonical JSON: keys sorted, no blanks, UTF-8 without escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check_acknowledgement(closed: tuple[str, int, Decimal], read: tuple[str, int, Decimal], *, number: int) -> None:
    """Compare hash, line count and control total of what was closed with what the ERP read.

    Raises:
        BatchMismatch: one of them differs; the batch has to be read again.
    """
    names = ("hash", "line_count", "total")
    wrong = [name for name, left, right in zip(names, closed, read, strict=True) if left != right]
    if wrong:
        raise BatchMismatch(
            f"Batch {number} was closed with another {' and '.join(wrong)}; read it again and book it anew.",
            pointers=[f"/{name}" for name in wrong],
        )


def broken_links(batches: Sequence[ErpBatch]) -> list[int]:
    """Return the numbers of the batches that do not continue the one before them in ``batches``."""
    return [
        later.number
        for earlier, later in pairwise(batches)
        if later.number != earlier.number + 1 or later.previous_hash != earlier.hash
    ]
