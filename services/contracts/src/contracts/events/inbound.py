"""What contracts learns from receivables: purchases, and fees accrued and settled."""

from shared.platform.inbox import Handlers

handlers = Handlers()
handlers.copy(
    "gondola.receivables.invoice_posted.v1",
    noun="invoice",
    table="purchases",
    columns=("account_id", "invoiced_on", "currency", "net_amount"),
)
handlers.copy(
    "gondola.receivables.fee_accrued.v1",
    noun="accrual",
    table="accrued_fees",
    columns=("account_id", "fee_kind", "cycle_start", "currency", "amount_excl_tax"),
)
handlers.copy(
    "gondola.receivables.fee_settled.v1",
    noun="settled-fee",
    table="settled_fees",
    columns=("account_id", "fee_kind", "settled_on", "currency", "amount_excl_tax"),
)
