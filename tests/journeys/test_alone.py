"""Each service answers its own reads and takes its own commands while the other three are down."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.journeys import story
from tests.journeys.deal import AGREEMENT, FIRST_PAPER, Deal
from tests.journeys.story import Story
from tests.journeys.world import NAMES, World, eventually

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("stack")]


@dataclass
class Alone:
    """An account that is known everywhere, and which services are up."""

    told: Story
    running: set[str] = field(default_factory=lambda: set(NAMES))

    def only(self, service: str) -> Story:
        """Leave one service and its worker running."""
        self.told.world.down(sorted(self.running - {service}))
        self.told.world.up({service} - self.running)
        self.running = {service}
        return self.told

    def all(self) -> None:
        """Start the others again and let them catch up."""
        self.told.world.up(sorted(set(NAMES) - self.running))
        self.running = set(NAMES)
        self.told.world.nudge()
        self.told.world.quiet()


@pytest.fixture(scope="module")
def alone(world: World) -> Iterator[Alone]:
    told = Story(world, Deal(3))
    story.name_partners(told)
    world.quiet()
    alone = Alone(told)
    yield alone
    alone.all()


def test_contracts_drafts_signs_and_tells_what_holds(alone: Alone) -> None:
    told = alone.only("contracts")
    deal, manager = told.deal, told.manager
    path = f"/v1/contracts/{deal.contract}"
    manager.put("contracts", f"/v1/products/{deal.tea}", deal.product_body() | {"name": "Greener tea"})
    manager.post("contracts", "/v1/contracts", deal.contract_body())
    paper = {"signed_on": "2031-12-20", "signatory": "Head", "document_sha256": FIRST_PAPER}
    manager.post("contracts", f"{path}:sign", paper)
    assert manager.get("contracts", path, as_of="2032-02-01")["shown_version"]["number"] == 1
    assert [each["number"] for each in manager.items("contracts", "/v1/contracts")] == [deal.contract_number]
    assert manager.get("contracts", f"/v1/accounts/{deal.account}/attainment", year=2032)["account_id"] == deal.account


def test_promotions_plans_approves_and_commits(alone: Alone) -> None:
    told = alone.only("promotions")
    story.commit_promotion(told)
    ledger = told.manager.items("promotions", f"/v1/funds/{told.deal.fund}/ledger")
    assert [(each["kind"], each["amount"]) for each in ledger] == [("committed", "3000.00"), ("committed", "3000.00")]
    assert told.manager.get("promotions", f"/v1/promotions/{told.deal.promotion}")["agreement_sha256"] == AGREEMENT


def test_store_operations_takes_stores_photos_and_visits(alone: Alone) -> None:
    told = alone.only("store-ops")
    deal, manager = told.deal, told.manager
    manager.put("store-ops", f"/v1/stores/{deal.stores[0]}", deal.store_body(0) | {"name": "Renamed"})
    story.send_photo(told)
    path = f"/v1/audits/{deal.id(20)}"
    visit = deal.visit_body(0, "2032-03-09T10:00:00+08:00", is_in_flyer=True, endcaps=2)
    told.person("field_rep").put("store-ops", path, visit)
    eventually(lambda: manager.get("store-ops", path)["verified_at"], "its own worker to verify the visit")
    names = {each["code"]: each["name"] for each in manager.items("store-ops", "/v1/stores")}
    assert names == {"S0": "Renamed", "S1": "Store 1", "S2": "Store 2"}
    assert manager.call("GET", "store-ops", f"/v1/photos/{deal.photo_sha256}").content == deal.photo


def test_receivables_takes_invoices_and_payments_and_reports(alone: Alone) -> None:
    told = alone.only("receivables")
    deal, finance = told.deal, told.finance
    invoices = {"invoices": [deal.invoice(0, "2032-01-20", "1000.00")]}
    assert len(told.person("erp").post("receivables", "/v1/invoices:batch", invoices, key=told.key("i"))["posted"]) == 1
    remittance = {
        "account_id": deal.account, "settlement_entity_id": deal.payer, "number": "R-1", "paid_on": "2032-03-05",
        "currency": "CNY", "amount": "1000.00", "invoice_lines": [{"invoice_number": "I0-KA3", "amount": "1130.00"}],
        "deductions": [{"number": "D-1", "reason_code": "X", "claim_reference": "C-9/T1/2032-01", "amount": "130.00"}],
    }  # fmt: skip
    finance.post("receivables", "/v1/remittances", remittance, key=told.key("r"))
    assert finance.post("receivables", "/v1/deductions:match", {}, key=told.key("m"))["settled"] == 0
    assert finance.post("receivables", "/v1/accruals:run", {"as_of": "2032-01-31"})["changed"] == 0
    (invoice,) = finance.items("receivables", "/v1/invoices")
    assert (invoice["open_amount"], invoice["due_on"]) == ("0.00", "2032-03-05")
    assert told.deductions()["D-1"]["open_amount"] == "130.00"


def test_what_each_did_alone_reaches_the_others_afterwards(alone: Alone) -> None:
    alone.all()
    told = alone.told
    deal, manager = told.deal, told.manager

    def visited() -> list[str]:
        found = manager.items("store-ops", "/v1/tasks", promotion_id=deal.promotion, store_id=deal.stores[0])
        return [each["tactic_kind"] for each in found if each["status"] == "executed"]

    eventually(lambda: sorted(visited()) == ["dm", "endcap"], "the visit to answer the tasks that came after it")
    attainment = manager.get("contracts", f"/v1/accounts/{deal.account}/attainment", year=2032)
    assert [each["net_purchases"] for each in attainment["currencies"]] == ["1000.00"]
    run = told.finance.post("receivables", "/v1/accruals:run", {"account_id": deal.account, "as_of": "2032-01-31"})
    assert run["changed"] == 1, "the lump sum of the contract; nothing was received"
    assert told.accruals()[told.reference("T2/2032-Q1"), 1]["amount_incl_tax"] == "3100.00"
