"""Somebody of another account: what is not theirs does not exist for them, to read or to change."""

from tests.journeys.deal import TERMS_OF_PAYMENT, Deal
from tests.journeys.story import Story
from tests.journeys.world import Person

STRANGER = Deal(99)
LISTS = {
    "contracts": ("accounts", "settlement-entities", "contracts"),
    "promotions": ("dm-slots", "dm-slot-bookings", "funds", "promotions", "promotion-fees"),
    "store-ops": ("stores", "tasks", "audits"),
    "receivables": (
        "invoices", "goods-receipts", "remittances", "deductions", "accruals", "settled-fees", "journal-entries",
    ),
}  # fmt: skip


def sees_nothing(story: Story) -> None:
    """Every list is empty, every resource and every command on one is 404."""
    for role in ("ka_manager", "finance"):
        stranger = story.world.person(role, STRANGER.account)
        for service, nouns in LISTS.items():
            for noun in nouns:
                assert stranger.items(service, f"/v1/{noun}") == [], noun
                for found in _first(story, service, noun):
                    assert _status(stranger, "GET", service, f"/v1/{noun}/{found}") == 404, noun


def _first(story: Story, service: str, noun: str) -> list[str]:
    """Return the path of one resource of each kind, which the account's own people can read, and what is below it."""
    if noun in {"dm-slot-bookings", "promotion-fees"}:  # Lists only.
        return []
    own = story.manager.items(service, f"/v1/{noun}")[0]["id"]
    below = {
        "accounts": ["/attainment?year=2032"],
        "contracts": ["?as_of=2032-03-16", "/versions", "/value?net_purchases=1.00&as_of=2032-03-16"],
        "settled-fees": ["/explanation"],
    }
    paths = [str(own), *(f"{own}{rest}" for rest in below.get(noun, []))]
    for path in paths:
        assert _status(story.manager, "GET", service, f"/v1/{noun}/{path}") == 200, path
    return paths


def changes_nothing(story: Story) -> None:
    """Commands on what belongs to others find nothing."""
    deal, world = story.deal, story.world
    before = story.fund(), story.deductions(), story.accruals()
    manager, finance = (world.person(role, STRANGER.account) for role in ("ka_manager", "finance"))
    representative = world.person("field_rep", STRANGER.account)
    amendment = {"valid_from": "2032-07-01", "payment_terms": TERMS_OF_PAYMENT, "terms": []}
    visit = deal.visit_body(0, "2032-03-19T10:00:00+08:00", is_in_flyer=True, endcaps=2)
    deduction = f"/v1/deductions/{story.deductions()['D-1']['id']}"
    dispute = {"reason": "other", "amount": "1.00"}
    attempts = (
        (manager, "PUT", "contracts", f"/v1/accounts/{deal.account}", deal.account_body()),
        (manager, "PUT", "contracts", f"/v1/settlement-entities/{deal.payer}", deal.payer_body()),
        (manager, "POST", "contracts", "/v1/contracts", deal.contract_body()),
        (manager, "POST", "contracts", f"/v1/contracts/{deal.contract}:amend", amendment),
        (manager, "POST", "contracts", f"/v1/contracts/{deal.contract}:terminate", {"on": "2032-06-30", "reason": "x"}),
        (manager, "PUT", "promotions", f"/v1/funds/{deal.fund}", deal.fund_body("1.00")),
        (manager, "PUT", "promotions", f"/v1/dm-slots/{deal.slot}", deal.slot_body()),
        (manager, "POST", "promotions", f"/v1/promotions/{deal.promotion}:cancel", {"reason": "x"}),
        (manager, "PUT", "store-ops", f"/v1/stores/{deal.stores[0]}", deal.store_body(0) | {"name": "Mine"}),
        (representative, "PUT", "store-ops", f"/v1/audits/{deal.id(29)}", visit),
        (representative, "GET", "store-ops", f"/v1/photos/{deal.photo_sha256}", None),
        (finance, "POST", "receivables", f"{deduction}:dispute", dispute),
        (finance, "POST", "receivables", f"{deduction}:recover", {"amount": "1.00"}),
    )
    statuses = {f"{method} {path}": _status(*attempt) for attempt in attempts for method, path in [attempt[1:4:2]]}
    assert set(statuses.values()) == {404}, {what: status for what, status in statuses.items() if status != 404}
    batch = {"invoices": [deal.invoice(9, "2032-03-21", "1.00")]}
    answer = world.person("erp", STRANGER.account).post("receivables", "/v1/invoices:batch", batch, key="stranger")
    assert (answer["posted"], answer["refused"][0]["code"]) == ([], "settlement_entity_unknown")
    run = manager.problem("POST", "receivables", "/v1/accruals:run", {"as_of": "2032-12-31"})
    assert run[0] == 403, "accruing is for finance"
    assert finance.post("receivables", "/v1/accruals:run", {"as_of": "2032-12-31"})["examined"] == 0
    assert (story.fund(), story.deductions(), story.accruals()) == before


def _status(person: Person, method: str, service: str, path: str, body: object = None) -> int:
    key = f"stranger {method} {path}"[:200] if method == "POST" else ""
    return person.call(method, service, path, body, key=key).status_code
