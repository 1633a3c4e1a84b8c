"""The steps of a key account's year, each with the figures that it must give."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.journeys.deal import AGREEMENT, FIRST_PAPER, SECOND_PAPER, Deal
from tests.journeys.world import Json, Person, World, eventually


@dataclass(frozen=True)
class Story:
    """One account's way through the services."""

    world: World
    deal: Deal

    def person(self, role: str) -> Person:
        """Return a caller with ``role`` for this account alone."""
        return self.world.person(role, self.deal.account)

    @property
    def manager(self) -> Person:
        return self.person("ka_manager")

    @property
    def finance(self) -> Person:
        return self.person("finance")

    def key(self, step: str) -> str:
        """Return an Idempotency-Key of this story."""
        return f"{self.deal.code}-{step}"

    def accruals(self, **filters: object) -> dict[tuple[str, int | None], Json]:
        """Return the account's accruals by claim reference and contract version."""
        found = self.finance.items("receivables", "/v1/accruals", account_id=self.deal.account, **filters)
        return {(each["claim_reference"], each["contract_version"]): each for each in found}

    def deductions(self) -> dict[str, Json]:
        """Return the account's deductions by number."""
        found = self.finance.items("receivables", "/v1/deductions", account_id=self.deal.account)
        return {each["number"]: each for each in found}

    def fund(self) -> dict[str, str]:
        """Return the balances of the fund."""
        fund = self.manager.get("promotions", f"/v1/funds/{self.deal.fund}")
        return {name: fund[name] for name in ("committed", "earned", "paid", "available")}

    def fees(self) -> dict[str, str | None]:
        """Return what the tactics have earned."""
        path = f"/v1/promotions/{self.deal.promotion}"
        tactics = self.manager.get("promotions", path)["tactics"]
        return {each["kind"]: (each["fee"]["result"] or {}).get("earned_amount") for each in tactics}

    def reference(self, rest: str) -> str:
        """Return a claim reference: ``T1/2032`` of the contract, ``dm`` or ``endcap`` of the promotion."""
        if "/" in rest:
            return f"{self.deal.contract_number}/{rest}"
        return f"{self.deal.promotion_number}/{rest}/{self.deal.sku}"


def name_partners(story: Story) -> None:
    """Account, payer, product and three stores, known everywhere."""
    deal, manager = story.deal, story.manager
    manager.put("contracts", f"/v1/accounts/{deal.account}", deal.account_body())
    manager.put("contracts", f"/v1/settlement-entities/{deal.payer}", deal.payer_body())
    manager.put("contracts", f"/v1/products/{deal.tea}", deal.product_body())
    story.world.quiet()
    for place, store in enumerate(deal.stores):
        assert manager.put("store-ops", f"/v1/stores/{store}", deal.store_body(place))["version"] == 1
    story.world.quiet()


def sign_contract(story: Story) -> None:
    """Sign the contract and, in the middle of its first quarter, an amendment; each day has its own version."""
    path, manager = f"/v1/contracts/{story.deal.contract}", story.manager
    manager.post("contracts", "/v1/contracts", story.deal.contract_body())
    paper = {"signed_on": "2031-12-20", "signatory": "Head of key accounts", "document_sha256": FIRST_PAPER}
    assert manager.post("contracts", f"{path}:sign", paper)["status"] == "signed"
    assert manager.post("contracts", "/v1/contracts:advance", {"as_of": "2032-01-01"})["activated"] == 1
    manager.post("contracts", f"{path}:amend", story.deal.amendment_body())
    assert manager.get("contracts", path, as_of="2032-03-16")["shown_version"]["number"] == 1, "not signed yet"
    paper = {"signed_on": "2032-03-10", "signatory": "Head of key accounts", "document_sha256": SECOND_PAPER}
    assert manager.post("contracts", f"{path}:sign", paper)["status"] == "active"
    held = {day: _held(story, day) for day in ("2032-01-01", "2032-03-15", "2032-03-16", "2032-12-31")}
    assert held == {
        "2032-01-01": (1, "2032-03-15", FIRST_PAPER, "36600.00", "0.050000"),
        "2032-03-15": (1, "2032-03-15", FIRST_PAPER, "36600.00", "0.050000"),
        "2032-03-16": (2, "2032-12-31", SECOND_PAPER, "73200.00", "0.060000"),
        "2032-12-31": (2, "2032-12-31", SECOND_PAPER, "73200.00", "0.060000"),
    }
    assert manager.problem("GET", "contracts", f"{path}?as_of=2031-12-31") == (404, "no_version_in_force")


def _held(story: Story, day: str) -> tuple[Any, ...]:
    shown = story.manager.get("contracts", f"/v1/contracts/{story.deal.contract}", as_of=day)["shown_version"]
    terms = {term["code"]: term["calculation"] for term in shown["terms"]}
    amount, rate = Decimal(terms["T2"]["amount"]), Decimal(terms["T3"]["rate"])
    return shown["number"], shown["holds_to"], shown["document_sha256"], f"{amount:.2f}", f"{rate:.6f}"


def commit_promotion(story: Story) -> None:
    """Commit 6,000.00 of 20,000.00, after an agreement and a director's approval, and not without."""
    deal, manager = story.deal, story.manager
    path = f"/v1/promotions/{deal.promotion}"
    manager.put("promotions", f"/v1/dm-slots/{deal.slot}", deal.slot_body())
    manager.put("promotions", f"/v1/funds/{deal.fund}", deal.fund_body(budget="5999.99"))
    assert manager.post("promotions", "/v1/promotions", deal.promotion_body())["planned_amount"] == "6000.00"
    manager.post("promotions", f"{path}:submit", {"submitted_on": "2032-01-12"})
    story.person("ka_director").post("promotions", f"{path}:approve")
    assert manager.problem("POST", "promotions", f"{path}:commit") == (409, "agreement_missing")
    agreement = {"document_sha256": AGREEMENT, "signed_on": "2032-01-10", "signatory": "Buyer"}
    manager.post("promotions", f"{path}:attach-agreement", agreement)
    assert manager.problem("POST", "promotions", f"{path}:commit") == (409, "fund_overdrawn")
    manager.put("promotions", f"/v1/funds/{deal.fund}", deal.fund_body())
    assert manager.post("promotions", f"{path}:commit")["status"] == "committed"
    assert story.fund() == {"committed": "6000.00", "earned": "0.00", "paid": "0.00", "available": "14000.00"}


def visit_stores(story: Story) -> None:
    """The first store has everything, the second one end-cap of two; nobody has been to the third."""
    send_photo(story)
    eventually(lambda: len(_tasks(story)) == 6, "two tasks in each of three stores")
    _visit(story, 20, story.deal.visit_body(0, "2032-03-09T10:00:00+08:00", is_in_flyer=True, endcaps=2))
    _visit(story, 21, story.deal.visit_body(1, "2032-03-12T10:00:00+08:00", is_in_flyer=True, endcaps=1))
    assert _tasks(story) == {
        (0, "dm"): "executed", (0, "endcap"): "executed",
        (1, "dm"): "executed", (1, "endcap"): "not_executed",
        (2, "dm"): "open", (2, "endcap"): "open",
    }  # fmt: skip


def send_photo(story: Story) -> None:
    """Send the photo that all findings refer to."""
    path = f"/v1/photos/{story.deal.photo_sha256}"
    assert story.person("field_rep").upload("store-ops", path, story.deal.photo, "image/png").is_success


def earn_fees(story: Story) -> None:
    """Two weeks after the end: the flyer in two stores of three, the end-caps of one store; the rest goes back."""
    assert _advance(story, "2032-04-03")["earned"] == 0, "the days for verification are not over"
    assert _advance(story, "2032-04-04")["earned"] == 2
    assert story.fees() == {"dm": "2000.00", "endcap": "1000.00"}
    assert story.fund() == {"committed": "3000.00", "earned": "3000.00", "paid": "0.00", "available": "17000.00"}


def report_late(story: Story) -> None:
    """An audit that was sent late raises both fees."""
    _visit(story, 22, story.deal.visit_body(2, "2032-03-10T10:00:00+08:00", is_in_flyer=True, endcaps=2))
    assert _advance(story, "2032-04-10")["earned"] == 2
    assert story.fees() == {"dm": "3000.00", "endcap": "2000.00"}
    assert story.fund() == {"committed": "5000.00", "earned": "5000.00", "paid": "0.00", "available": "15000.00"}


def report_out_of_order(story: Story) -> None:
    """An older visit that arrives later changes nothing; a newer one takes the end-caps of its store back."""
    _visit(story, 23, story.deal.visit_body(1, "2032-03-08T10:00:00+08:00", is_in_flyer=False, endcaps=2))
    assert _advance(story, "2032-04-11")["earned"] == 0
    assert story.fees() == {"dm": "3000.00", "endcap": "2000.00"}
    _visit(story, 24, story.deal.visit_body(0, "2032-03-18T10:00:00+08:00", is_in_flyer=True, endcaps=0))
    assert _advance(story, "2032-04-12")["earned"] == 1
    assert story.fees() == {"dm": "3000.00", "endcap": "1000.00"}
    assert story.fund() == {"committed": "4000.00", "earned": "4000.00", "paid": "0.00", "available": "16000.00"}


def _tasks(story: Story) -> dict[tuple[int, str], str]:
    found = story.manager.items("store-ops", "/v1/tasks", promotion_id=story.deal.promotion)
    places = {store: place for place, store in enumerate(story.deal.stores)}
    return {(places[each["store_id"]], each["tactic_kind"]): each["status"] for each in found}


def _visit(story: Story, place: int, body: Json) -> None:
    """Send an audit and wait until it has been verified and promotions has its verdicts."""
    path = f"/v1/audits/{story.deal.id(place)}"
    story.person("field_rep").put("store-ops", path, body)
    eventually(lambda: story.manager.get("store-ops", path)["verified_at"], "the audit to be verified")
    story.world.delivered("store-ops", "promotions")


def _advance(story: Story, as_of: str) -> Json:
    return story.manager.post("promotions", "/v1/promotions:advance", {"as_of": as_of})
