"""What the ERP sends: invoices, goods receipts and returns per week, and the retailer's payments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from deploy.demo import claims
from deploy.demo.bodies import ACCOUNT, ENTITY, item_id, money, store_id
from deploy.demo.constants import CURRENCY, TAX_RATE, demo_id, first_day
from deploy.demo.dataset import Row
from deploy.demo.plan import RETURN_AFTER_DAYS, Json, Plan, Return
from shared.kernel.money import round_cents


def invoice_number(week: int) -> str:
    """Return our number of the week's invoice."""
    return f"INV-{first_day(week):%Y%m%d}"


def _lines(lines: Iterable[tuple[Row, Decimal, Decimal]]) -> list[Json]:
    return [
        {
            "line_no": place,
            "product_id": item_id(row.item),
            "quantity": money(quantity),
            "unit_price": money(row.unit_cost),
            "net_amount": money(net),
            "tax_rate": money(TAX_RATE),
        }
        for place, (row, quantity, net) in enumerate(lines, start=1)
    ]


def invoice(week: int, rows: Sequence[Row]) -> Json:
    """The week's deliveries, invoiced on its first day."""
    return {
        "id": str(demo_id("invoice", week)),
        "number": invoice_number(week),
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "invoiced_on": first_day(week).isoformat(),
        "currency": CURRENCY,
        "tax_basis": "excl",
        "lines": [
            {**line, "store_id": store_id(row.store)}
            for row, line in zip(rows, _lines((row, row.quantity, row.net_amount) for row in rows), strict=True)
        ],
    }


def receipt(week: int, rows: Iterable[Row]) -> Json:
    """The week's goods receipt."""
    return {
        "id": str(demo_id("receipt", week)),
        "number": f"GRN-{first_day(week):%Y%m%d}",
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "received_on": first_day(week).isoformat(),
        "kind": "receipt",
        "invoice_id": str(demo_id("invoice", week)),
        "currency": CURRENCY,
        "lines": _lines((row, row.quantity, row.net_amount) for row in rows),
    }


def goods_return(week: int, returns: Iterable[Return]) -> Json:
    """The week's returns."""
    day = first_day(week) + timedelta(days=RETURN_AFTER_DAYS)
    return {
        "id": str(demo_id("return", week)),
        "number": f"RET-{day:%Y%m%d}",
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "received_on": day.isoformat(),
        "kind": "return",
        "currency": CURRENCY,
        "lines": _lines((back.row, back.quantity, back.net_amount) for back in returns),
    }


def gross(rows: Iterable[Row]) -> Decimal:
    """Return what an invoice of ``rows`` comes to with tax."""
    return sum((row.net_amount + round_cents(row.net_amount * TAX_RATE) for row in rows), Decimal(0))


def remittance(plan: Plan, payment: claims.Remittance, grosses: Mapping[int, Decimal]) -> Json:
    """The payment of a month's invoices with what was kept back."""
    settled = {
        week: grosses[week] - round_cents(grosses[week] * plan.size.held_back.get(week, Decimal(0)))
        for week in payment.weeks
    }
    deducted = sum((deduction.amount for deduction in payment.deductions), Decimal(0))
    return {
        "id": str(demo_id("remittance", payment.number)),
        "account_id": str(ACCOUNT),
        "settlement_entity_id": str(ENTITY),
        "number": payment.number,
        "paid_on": payment.paid_on.isoformat(),
        "currency": CURRENCY,
        "amount": money(sum(settled.values(), Decimal(0)) - deducted),
        "invoice_lines": [
            {"invoice_number": invoice_number(week), "amount": money(amount)} for week, amount in settled.items()
        ],
        "deductions": [_deduction(deduction) for deduction in payment.deductions],
    }


def _deduction(deduction: claims.Deduction) -> Json:
    named = {"fee_kind": deduction.fee_kind, "claim_reference": deduction.reference}
    return {
        "number": deduction.number,
        "reason_code": claims.reason_code(deduction),
        "amount": money(deduction.amount),
        **{key: value for key, value in named.items() if value is not None},
    }
