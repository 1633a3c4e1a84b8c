"""The receivables service, declared; ``python -m receivables.main api|worker|migrate|events|openapi``."""

from pathlib import Path

from receivables.api import (
    accruals,
    deductions,
    erp_batches,
    goods_receipts,
    invoices,
    journal,
    remittances,
    reports,
    settings_status,
    settled_fees,
)  # fmt: skip
from receivables.app.accrue import accrue_contracts_job, accrue_promotions_job
from receivables.app.close_batch import close_batch_job
from receivables.app.match import match_job
from receivables.db import tables
from receivables.domain.errors import AccrualExhausted, InvoiceOverpaid, RemittanceExists, RemittanceNumberTaken
from receivables.events import inbound
from receivables.events.examples import EXAMPLES
from receivables.settings import Settings
from shared.platform.service import Job, Service

service = Service(
    name="receivables",
    title="Receivables",
    description=(
        "Invoices 发票 and goods receipts 进货, accruals of fees 预提, remittances 汇款 with deductions 账扣, "
        "their matching and settlement 核销结算, the journal 分录, ageing 账龄, and the ERP's feed of settled fees. "
        "Every cent that a retailer keeps is explained: GET /v1/settled-fees/{id}/explanation."
    ),
    settings=Settings,
    metadata=tables.metadata,
    routers=(
        invoices.router,
        goods_receipts.router,
        accruals.router,
        remittances.router,
        deductions.router,
        settled_fees.router,
        journal.router,
        journal.balances_router,
        reports.ageing_router,
        reports.router,
        erp_batches.router,
        settings_status.router,
    ),
    examples=EXAMPLES,
    inbound=inbound.handlers,
    jobs=(
        Job(name="accrue promotions", every_seconds=1, run=accrue_promotions_job),
        Job(name="match", every_seconds=2, run=match_job),
        Job(name="accrue contracts", every_seconds=21_600, run=accrue_contracts_job),
        Job(name="close ERP batch", every_seconds=3_600, run=close_batch_job),
    ),
    constraints={
        "remittances_pkey": RemittanceExists(
            "This remittance is booked already; read it with GET /v1/remittances/{id}."
        ),
        "remittances_number_key": RemittanceNumberTaken(
            "The payer has sent a remittance of this number already; read that one, or correct the number.",
            pointers=["/number"],
        ),
        "invoices_not_overpaid": InvoiceOverpaid("An invoice was settled by somebody else just now; read it again."),
        "accruals_never_over_consumed": AccrualExhausted("The accrual was used up just now; read it again."),
    },
    folder=Path(__file__).parent,
)
create_app = service.create_app

if __name__ == "__main__":
    service.main()
