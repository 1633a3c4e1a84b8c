"""The contracts service: wiring only."""

from pathlib import Path

from contracts.api import accounts, contracts, fee_kinds, products, settlement_entities
from contracts.app.advance import advance_job
from contracts.db import tables
from contracts.domain.account import AccountCodeTaken, SettlementEntityCodeTaken
from contracts.domain.contract import ContractIdTaken, ContractNumberTaken, ContractOverlaps
from contracts.domain.product import SkuTaken
from contracts.events import inbound
from contracts.events.examples import EXAMPLES
from contracts.settings import Settings
from shared.platform.service import Job, Service

service = Service(
    name="contracts",
    folder=Path(__file__).parent,
    title="Contracts",
    description="Accounts 客户, settlement entities 结算主体, products 商品, and contracts 合同 with versioned terms.",
    settings=Settings,
    metadata=tables.metadata,
    routers=(
        accounts.router,
        settlement_entities.router,
        products.router,
        contracts.router,
        fee_kinds.router,
    ),
    examples=EXAMPLES,
    inbound=inbound.handlers,
    jobs=(Job(name="advance", every_seconds=60, run=advance_job),),
    constraints={
        "accounts_code_key": AccountCodeTaken(
            "Another account has this code; choose one of its own.", pointers=("/code",)
        ),
        "settlement_entities_account_id_code_key": SettlementEntityCodeTaken(
            "Another settlement entity of the account has this code; choose one of its own.", pointers=("/code",)
        ),
        "products_sku_key": SkuTaken(
            "Another product has this article number; choose one of its own.", pointers=("/sku",)
        ),
        "contracts_pkey": ContractIdTaken(
            "A contract with this id exists; read it, or take a new id.", pointers=("/id",)
        ),
        "contracts_account_id_number_key": ContractNumberTaken(
            "The account has another contract of this number; correct the number.", pointers=("/number",)
        ),
        "contracts_one_a_day": ContractOverlaps(
            "Another signed contract of this settlement entity holds on some of the days; end it or move the days.",
            pointers=("/valid_from", "/valid_to"),
        ),
    },
)
create_app = service.create_app

if __name__ == "__main__":
    service.main()
