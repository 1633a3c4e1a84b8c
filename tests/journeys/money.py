"""What is bought, owed, kept back and settled, each step with the figures that it must give."""

from decimal import ROUND_HALF_UP, Decimal

from tests.journeys.deal import AGREEMENT, FIRST_PAPER
from tests.journeys.story import Story
from tests.journeys.world import Json, eventually

PURCHASES = (
    ("2032-01-20", "60000.00", "receipt"),
    ("2032-02-10", "50000.00", "receipt"),
    ("2032-03-10", "20000.00", "return"),
    ("2032-03-20", "150000.00", "receipt"),
)


def buy(story: Story) -> None:
    """The ERP delivers three invoices, and the goods receipts with a return; sent again they change nothing."""
    deal, erp = story.deal, story.person("erp")
    invoices = [deal.invoice(n, day, net) for n, (day, net, kind) in enumerate(PURCHASES) if kind == "receipt"]
    receipts = [deal.receipt(n, day, net, kind) for n, (day, net, kind) in enumerate(PURCHASES)]
    for body, path in (({"invoices": invoices}, "/v1/invoices"), ({"goods_receipts": receipts}, "/v1/goods-receipts")):
        answer = erp.post("receivables", f"{path}:batch", body, key=story.key(path))
        assert (len(answer["posted"]), answer["refused"]) == (len(next(iter(body.values()))), [])
        again = erp.post("receivables", f"{path}:batch", body, key=story.key(f"{path} again"))
        assert (again["posted"], len(again["unchanged"])) == ([], len(answer["posted"]))
    due = {
        each["invoiced_on"]: each["due_on"]
        for each in erp.items("receivables", "/v1/invoices", account_id=deal.account)
    }
    assert due == {"2032-01-20": "2032-03-05", "2032-02-10": "2032-04-05", "2032-03-20": "2032-05-05"}


def accrue(story: Story) -> None:
    """Month by month: the scale is reached in February, and left again with the return in March."""
    first, second = 1, 2
    scale, lump, january = story.reference("T1/2032"), story.reference("T2/2032-Q1"), story.reference("T3/2032-01")
    march = story.reference("T3/2032-03")
    assert _accrued(story, "2032-01-31") == {
        (scale, first): "678.00",  # 60,000.00 at 1 %, and 13 %.
        (lump, first): "3100.00",  # 31 days.
        (january, first): "3390.00",
    }
    february = _accrued(story, "2032-02-29")
    assert february[scale, first] == "2486.00", "110,000.00 at 2 %, from the first cent on"
    assert february[lump, first] == "6000.00"
    assert _accrued(story, "2032-03-31") == {
        (scale, first): "1017.00",  # The return: 90,000.00 at 1 %.
        (scale, second): "3390.00",  # 150,000.00 at 2 %, since the amendment.
        (lump, first): "7500.00",  # 75 days at 100.00.
        (lump, second): "3200.00",  # 16 days at 200.00.
        (january, first): "3390.00",
        (story.reference("T3/2032-02"), first): "2825.00",
        (march, first): "0.00",  # Nothing for more returned than bought.
        (march, second): "10170.00",
    }
    run = {"account_id": story.deal.account, "as_of": "2032-03-31"}
    assert story.finance.post("receivables", "/v1/accruals:run", run)["changed"] == 0
    assert _steps(story, scale, first) == ["678.00", "1808.00", "-1469.00"]


def _accrued(story: Story, as_of: str) -> dict[tuple[str, int | None], str]:
    run = {"account_id": story.deal.account, "as_of": as_of}
    story.finance.post("receivables", "/v1/accruals:run", run)
    found = story.accruals(source="contract_term")
    return {key: each["amount_incl_tax"] for key, each in found.items()}


def _steps(story: Story, reference: str, version: int | None) -> list[str]:
    accrual = story.accruals()[reference, version]["id"]
    entries = story.finance.get("receivables", f"/v1/accruals/{accrual}")["entries"]
    return [entry["delta_incl_tax"] for entry in entries]


def owe_for_promotion(story: Story, *, dm: str, endcap: str) -> None:
    """Receivables accrues what was earned, with its tax."""
    wanted = {story.reference("dm"): dm, story.reference("endcap"): endcap}

    def look() -> bool:
        found = story.accruals(source="promotion_fee")
        return {reference: each["amount_incl_tax"] for (reference, _), each in found.items()} == wanted

    eventually(look, f"accruals of {wanted}")
    for each in story.accruals(source="promotion_fee").values():
        excl_tax = (Decimal(each["amount_incl_tax"]) / Decimal("1.06")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert each["amount_excl_tax"] == str(excl_tax)


def explain_steps_of_promotion(story: Story) -> None:
    """The accrual has followed every correction."""
    assert _steps(story, story.reference("dm"), None) == ["2000.00", "1000.00"]
    assert _steps(story, story.reference("endcap"), None) == ["1000.00", "1000.00", "-1000.00"]


def deduct(story: Story) -> None:
    """The retailer keeps back 22,550.50 of 124,300.00: exact, too much, twice, not agreed, and half a yuan over."""
    deal = story.deal
    claims = (
        ("D-1", story.reference("dm"), "3000.00"),
        ("D-2", story.reference("endcap"), "2000.00"),
        ("D-3", story.reference("dm"), "3000.00"),
        ("D-4", "NOBODY/T9/2032-03", "460.00"),
        ("D-5", story.reference("T2/2032-Q1"), "10700.00"),
        ("D-6", story.reference("T3/2032-01"), "3390.50"),
    )
    body = {
        "account_id": deal.account, "settlement_entity_id": deal.payer, "number": f"R-{deal.code}",
        "paid_on": "2032-05-05", "currency": "CNY", "amount": "101749.50",
        "invoice_lines": [{"invoice_number": f"I0-{deal.code}", "amount": "67800.00"},
                          {"invoice_number": f"I1-{deal.code}", "amount": "56500.00"}],
        "deductions": [{"number": number, "reason_code": "X", "claim_reference": claim, "amount": amount}
                       for number, claim, amount in claims],
    }  # fmt: skip
    finance = story.finance
    wrong = body | {"amount": "101749.51"}
    assert finance.problem("POST", "receivables", "/v1/remittances", wrong, key=story.key("wrong"))[0] == 422
    first = finance.post("receivables", "/v1/remittances", body, key=story.key("remittance"))
    assert finance.post("receivables", "/v1/remittances", body, key=story.key("remittance")) == first
    finance.post("receivables", "/v1/deductions:match", {"as_of": "2032-05-05"}, key=story.key("match"))
    eventually(lambda: story.deductions()["D-4"]["match_note"], "the matching")
    assert {number: _parts(each) for number, each in story.deductions().items()} == {
        "D-1": ("accepted", "3000.00", "0.00", "0.00", "0.00", None),
        "D-2": ("disputed", "1000.00", "1000.00", "0.00", "0.00", "over_claimed"),
        "D-3": ("disputed", "0.00", "3000.00", "0.00", "0.00", "duplicate"),
        "D-4": ("received", "0.00", "0.00", "0.00", "460.00", None),
        "D-5": ("accepted", "10700.00", "0.00", "0.00", "0.00", None),
        "D-6": ("accepted", "3390.00", "0.00", "0.50", "0.00", None),
    }
    assert story.deductions()["D-4"]["match_note"] == "unagreed"


def _parts(deduction: Json) -> tuple[str | None, ...]:
    names = ("status", "accepted_amount", "disputed_amount", "written_off_amount", "open_amount", "dispute_reason")
    return tuple(deduction[name] for name in names)


def resolve(story: Story) -> None:
    """Dispute what nobody agreed, recover what was kept twice, write off what is left, document what was accepted."""
    _step(story, "D-4", "dispute", {"reason": "unagreed", "amount": "460.00", "disputed_on": "2032-05-10"})
    _step(story, "D-4", "recover", {"amount": "200.00", "recovered_on": "2032-05-20"})
    _step(story, "D-3", "recover", {"amount": "3000.00", "recovered_on": "2032-05-20"})
    given_up = {"reason": "Not worth the quarrel", "written_off_on": "2032-06-01"}
    path = f"/v1/deductions/{story.deductions()['D-2']['id']}:write-off"
    assert story.finance.problem("POST", "receivables", path, given_up, key=story.key("no"))[0] == 403
    _step(story, "D-2", "write-off", given_up, role="finance_controller")
    _step(story, "D-4", "write-off", given_up, role="finance_controller")
    _step(story, "D-2", "settle", {"document_number": "FP-1", "settled_on": "2032-06-02"})
    states = {number: (each["status"], each["recovered_amount"]) for number, each in story.deductions().items()}
    assert states == {
        "D-1": ("accepted", "0.00"), "D-2": ("settled", "0.00"), "D-3": ("recovered", "3000.00"),
        "D-4": ("recovered", "200.00"), "D-5": ("accepted", "0.00"), "D-6": ("accepted", "0.00"),
    }  # fmt: skip


def _step(story: Story, number: str, verb: str, body: Json, role: str = "finance") -> None:
    path = f"/v1/deductions/{story.deductions()[number]['id']}:{verb}"
    story.person(role).post("receivables", path, body, key=story.key(f"{number} {verb}"))


def books_close(story: Story) -> None:
    """No suspense, no dispute is left; every account of the ledger to the cent, and all of them add up to zero."""
    eventually(lambda: story.fund()["paid"] == "4000.00", "promotions to know what was paid")
    assert story.fund() == {"committed": "4000.00", "earned": "4000.00", "paid": "4000.00", "available": "16000.00"}
    query = {"as_of": "2032-12-31", "account_id": story.deal.account}
    rows = story.finance.get("receivables", "/v1/ledger-balances", **query)["items"]
    balances = {row["ledger"]: Decimal(row["balance"]) for row in rows}
    assert sum(balances.values()) == 0
    known = {name: str(balances.get(name, Decimal("0.00"))) for name in (
        "accounts_receivable", "cash", "deductions_in_suspense", "disputed_deductions", "write_offs", "revenue",
        "fee_expense", "accrued_fees")}  # fmt: skip
    assert known == {
        "accounts_receivable": "169500.00",
        "cash": "104949.50",
        "deductions_in_suspense": "0.00",
        "disputed_deductions": "0.00",
        "write_offs": "1260.50",
        "revenue": "-260000.00",
        "fee_expense": "32267.93",
        "accrued_fees": "-15400.00",
    }


def contracts_knows(story: Story) -> None:
    """The contracts side sees purchases, what was accrued and what was settled, without tax."""
    path = f"/v1/accounts/{story.deal.account}/attainment"
    (found,) = story.manager.get("contracts", path, year=2032)["currencies"]
    kinds = {each["fee_kind"]: each["accrued_amount"] for each in found["fees"] if each["accrued_amount"] != "0.00"}
    assert (found["net_purchases"], found["accrued_amount"]) == ("260000.00", "32267.93")
    assert kinds == {
        "tier_rebate": "3900.00", "it_fee": "10094.34", "invoice_discount": "14500.00",
        "dm_fee": "2830.19", "tg_fee": "943.40",
    }  # fmt: skip


def hand_over(story: Story) -> None:
    """The ERP gets five lines of 18,090.00 and acknowledges what it read; anything else is refused."""
    erp = story.world.person("erp")
    batch = erp.post("receivables", "/v1/erp-batches:close", {"as_of": "2032-06-30"}, key=story.key("close"))
    lines = {line["reference"]: line for line in batch["lines"] if line["account_code"] == story.deal.code}
    own = [line for line in batch["lines"] if line["account_code"] == story.deal.code]
    assert sorted((line["reference"], line["amount"], line["tax_amount"]) for line in own) == sorted([
        (story.reference("T2/2032-Q1"), "7500.00", "424.53"),
        (story.reference("T2/2032-Q1"), "3200.00", "181.13"),
        (story.reference("T3/2032-01"), "3390.00", "390.00"),
        (story.reference("dm"), "3000.00", "169.81"),
        (story.reference("endcap"), "1000.00", "56.60"),
    ])  # fmt: skip
    assert lines[story.reference("endcap")]["deduction_number"] == "D-2"
    path, total = f"/v1/erp-batches/{batch['number']}:acknowledge", batch["control_total"]
    read = {"hash": batch["hash"], "line_count": batch["line_count"], "total": total}
    for wrong in ({"total": f"{Decimal(total) + Decimal('0.01')}"}, {"line_count": 4}, {"hash": "0" * 64}):
        assert erp.problem("POST", "receivables", path, read | wrong) == (409, "batch_mismatch")
    first = erp.post("receivables", path, read)
    assert first["acknowledged_at"] is not None
    assert erp.post("receivables", path, read) == first
    again = erp.post("receivables", "/v1/erp-batches:close", {"as_of": "2032-06-30"}, key=story.key("close again"))
    assert again["number"] == batch["number"], "a fee is handed over once"


def explain(story: Story) -> None:
    """From the ERP's line back to the clause at its version, and to the agreement, the stores and the photo."""
    contract = _explanation(story, story.reference("T2/2032-Q1"), first_version=True)
    agreement, formula = contract["agreement"], contract["accrual"]["formula"]
    assert (agreement["kind"], agreement["contract_number"]) == ("contract", story.deal.contract_number)
    assert (agreement["version"], agreement["clause"], agreement["document_sha256"]) == (1, "§4.2", FIRST_PAPER)
    assert (formula["driver"], formula["gives"], contract["settled_fee"]["amount"]) == ("periods", "7500.00", "7500.00")
    assert (contract["deduction"]["number"], contract["remittance"]["amount"]) == ("D-5", "101749.50")
    promotion = _explanation(story, story.reference("endcap"))
    agreement = promotion["agreement"]
    assert (agreement["kind"], agreement["promotion_number"]) == ("promotion", story.deal.promotion_number)
    assert (agreement["agreement_sha256"], agreement["planned_amount"]) == (AGREEMENT, "3000.00")
    seen = {
        each["store_id"]: (each["verdict"], each["found_count"], each["audit_id"]) for each in promotion["evidence"]
    }
    assert seen == {
        story.deal.stores[0]: ("not_executed", 0, story.deal.id(24)),
        story.deal.stores[1]: ("not_executed", 1, story.deal.id(21)),
        story.deal.stores[2]: ("executed", 2, story.deal.id(22)),
    }
    assert {photo for each in promotion["evidence"] for photo in each["photo_sha256s"]} == {story.deal.photo_sha256}
    assert _explanation(story, story.reference("dm"))["agreement"]["dm_slot_no"] == 6


def _explanation(story: Story, reference: str, *, first_version: bool = False) -> Json:
    accrual = story.accruals()[reference, 1 if first_version else None]["id"]
    (fee,) = story.finance.items("receivables", "/v1/settled-fees", accrual_id=accrual)
    found = story.person("auditor").get("receivables", f"/v1/settled-fees/{fee['id']}/explanation")
    assert found["is_proven"], [proof for proof in found["proofs"] if not proof["holds"]]
    assert found["erp"]["acknowledged_at"] is not None
    assert found["journal"]
    return found
