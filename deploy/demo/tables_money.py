"""The tables about money: accruals, deductions, ageing, fee rates and margin, the ledger, the ERP's batches."""

from datetime import date
from typing import Final

from deploy.demo import bodies, oracle, oracle_ledger
from deploy.demo.oracle import cents, shown
from deploy.demo.oracle_ledger import Outcome, rate
from deploy.demo.plan import Json
from deploy.demo.report import Checks, percent, table
from deploy.demo.story import Story
from deploy.demo.truth import Truth

PARTS: Final = ("amount", "accepted", "disputed", "recovered", "written_off", "open")


async def accruals(story: Story, checks: Checks, truth: Truth) -> None:
    """Every contract fee per cycle, shown per term."""
    finance = story.person("finance", "receivables")
    listed = await finance.everything("/v1/accruals", account_id=bodies.ACCOUNT)
    said = {(one["claim_reference"], one["contract_version"] or 0): one for one in listed}
    by_term: dict[str, list[tuple[oracle.Accrual, Json]]] = {}
    for right in truth.accruals:
        key = (right.reference, right.version)
        found = said[key] if key in said else said[_with_sku(right.reference), 0]
        checks.same(f"accrual {right.reference} without tax", found["amount_excl_tax"], shown(right.excl))
        checks.same(f"accrual {right.reference} with tax", found["amount_incl_tax"], shown(right.incl))
        name = right.reference.split("/")[1] if right.version else f"promotions: {right.reference.split('/')[1]}"
        by_term.setdefault(name, []).append((right, found))
    checks.same("number of accruals", len(listed), len(truth.accruals))
    accepted: dict[str, int] = {}
    for outcome in truth.outcomes:
        accepted[outcome.reference or ""] = accepted.get(outcome.reference or "", 0) + outcome.accepted
    rows = []
    for name, pairs in by_term.items():
        excl = shown(sum(right.excl for right, _ in pairs))
        incl = sum(right.incl for right, _ in pairs)
        taken = sum(accepted.get(right.reference, 0) for right, _ in pairs)
        rows.append(
            [
                name,
                pairs[0][0].fee_kind,
                len(pairs),
                checks.same(f"{name} accrued without tax", _sum(pairs, "amount_excl_tax"), excl),
                checks.same(f"{name} accrued", _sum(pairs, "amount_incl_tax"), shown(incl)),
                checks.same(f"{name} settled", _sum(pairs, "consumed_amount"), shown(taken)),
                checks.same(f"{name} open", _sum(pairs, "open_amount"), shown(incl - taken)),
            ]
        )
    table(
        f"Fees accrued 预提 through {story.plan.size.until}, each cycle and each promotion compared",
        ("source", "fee", "count", "without tax", "with tax", "settled", "not claimed yet"),
        rows,
    )


def _with_sku(reference: str) -> str:
    """Return a promotion's claim reference as receivables names it in full: with the article."""
    return f"{reference}/OJ-{reference.split('-')[1]}"


def _sum(pairs: list[tuple[oracle.Accrual, Json]], name: str) -> str:
    return shown(sum(cents(said[name]) for _, said in pairs))


async def deductions(story: Story, checks: Checks, truth: Truth) -> None:
    """What was kept back, by what the generator meant by it, and what became of it."""
    finance = story.person("finance", "receivables")
    listed = {one["number"]: one for one in await finance.everything("/v1/deductions", account_id=bodies.ACCOUNT)}
    groups: dict[str, list[Outcome]] = {}
    for right in truth.outcomes:
        found = listed[right.number]
        for part in PARTS:
            said = found["amount" if part == "amount" else f"{part}_amount"]
            checks.same(f"deduction {right.number} ({right.label}) {part}", said, shown(getattr(right, part)))
        groups.setdefault(right.label, []).append(right)
    checks.same("number of deductions", len(listed), len(truth.outcomes))
    rows = []
    for label, outcomes in [*sorted(groups.items(), key=lambda group: -len(group[1])), ("all", truth.outcomes)]:
        rights = oracle_ledger.totals(outcomes)
        sums = {part: sum(group[part] for group in rights.values()) for part in PARTS}
        cells = []
        for part in PARTS:
            field = "amount" if part == "amount" else f"{part}_amount"
            said = shown(sum(cents(listed[one.number][field]) for one in outcomes))
            cells.append(checks.same(f"deductions {label}: {part}", said, shown(sums[part])))
        rows.append([label, len(outcomes), *cells])
    table(
        "Deductions 账扣: generated as ... and what became of them",
        ("generated as", "count", "kept back", "matched", "disputed", "paid back", "given up", "open"),
        rows,
        "rounded: within the tolerance; given up: tolerance and write-offs; open: waits for a person",
    )


async def ageing(story: Story, checks: Checks, truth: Truth) -> None:
    """Open invoices by days past due."""
    until = story.plan.size.until
    finance = story.person("finance", "receivables")
    (item,) = (await finance.get("/v1/ageing", as_of=until, account_id=bodies.ACCOUNT))["items"]
    right = oracle_ledger.ageing(truth.plan, truth.gross)
    rows = [
        [
            bucket["bucket"],
            bucket["invoice_count"],
            checks.same(f"ageing {bucket['bucket']}", bucket["amount"], shown(right.get(bucket["bucket"], 0))),
        ]
        for bucket in item["buckets"]
    ]
    rows.append(["open", "", checks.same("ageing open", item["open_amount"], shown(sum(right.values())))])
    waiting = shown(sum(outcome.open for outcome in truth.outcomes))
    disputed = shown(sum(outcome.disputed for outcome in truth.outcomes))
    rows += [
        ["deductions waiting", "", checks.same("deductions waiting", item["deductions_waiting"], waiting)],
        ["deductions disputed", "", checks.same("deductions disputed", item["deductions_disputed"], disputed)],
    ]
    hold = "advised" if item["is_hold_advised"] else "not advised"
    table(f"Ageing 账龄 on {until}", ("days past due", "invoices", "amount with tax"), rows, f"credit hold: {hold}")


async def margin(story: Story, checks: Checks, truth: Truth) -> None:
    """Per year: the retailer's front margin, and what we pay back on top of it."""
    finance = story.person("finance", "receivables")
    manager = story.person("ka_manager", "promotions")
    rows = []
    right_rows = oracle_ledger.margins(truth.database, truth.plan)
    whole = {name: sum(row[name] for row in right_rows) for name in right_rows[0]}
    spans = [(str(first.year), first, last) for first, last in story.plan.chapters]
    spans.append(("all", story.plan.chapters[0][0], story.plan.size.until))
    for (name, first, last), right in zip(spans, [*right_rows, whole], strict=True):
        sold = await manager.everything(
            "/v1/sell-out/summary", account_id=bodies.ACCOUNT, by="product", **{"from": first, "to": last}
        )
        retail = sum(cents(item["retail_amount"]) for item in sold)
        (rates,) = (await finance.get("/v1/reports/fee-rates", account_id=bodies.ACCOUNT, from_day=first, to_day=last))[
            "items"
        ]
        rows.append(_margin_row(checks, name, retail, rates, right))
    table(
        "Fee rates 费用率 and margin 毛利",
        (
            "year",
            "retail sales",
            "net purchases",
            "front",
            "contract fees",
            "rate",
            "promotion fees",
            "rate",
            "fees",
            "front+back",
        ),
        rows,
        "without tax; front = (retail - purchases) / retail; back = fees; rates on net purchases",
    )


def _margin_row(checks: Checks, name: str, retail: int, rates: Json, right: dict[str, int]) -> list[str]:
    bought, fees = cents(rates["net_purchases"]), cents(rates["contract_fees"]) + cents(rates["promotion_fees"])
    right_fees = right["contract"] + right["promotion"]
    ratios = {
        "contract_fee_rate": rate(right["contract"], right["purchases"]),
        "promotion_fee_rate": rate(right["promotion"], right["purchases"]),
        "total_fee_rate": rate(right_fees, right["purchases"]),
    }
    for key, ratio in ratios.items():
        checks.same(f"{name} {key}", rates[key], ratio)
    front, right_front = rate(retail - bought, retail), rate(right["retail"] - right["purchases"], right["retail"])
    both = rate(retail - bought + fees, retail)
    right_both = rate(right["retail"] - right["purchases"] + right_fees, right["retail"])
    checks.same(f"{name} front margin", front, right_front)
    checks.same(f"{name} front and back margin", both, right_both)
    return [
        name,
        checks.same(f"{name} retail sales", shown(retail), shown(right["retail"])),
        checks.same(f"{name} net purchases", rates["net_purchases"], shown(right["purchases"])),
        percent(front),
        checks.same(f"{name} contract fees", rates["contract_fees"], shown(right["contract"])),
        percent(rates["contract_fee_rate"]),
        checks.same(f"{name} promotion fees", rates["promotion_fees"], shown(right["promotion"])),
        percent(rates["promotion_fee_rate"]),
        percent(rates["total_fee_rate"]),
        percent(both),
    ]


async def ledger(story: Story, checks: Checks, truth: Truth, as_of: date) -> None:
    """The trial balance."""
    finance = story.person("finance", "receivables")
    answer = await finance.get("/v1/ledger-balances", as_of=as_of, account_id=bodies.ACCOUNT)
    said = {item["ledger"]: item["balance"] for item in answer["items"]}
    right = oracle_ledger.trial_balance(truth.database, truth.plan, truth.accruals, truth.outcomes)
    rows = [[name, checks.same(f"ledger {name}", said.get(name, "0.00"), shown(right[name]))] for name in right]
    total = shown(sum(cents(balance) for balance in said.values()))
    rows.append(["sum", checks.same("ledger sum", total, "0.00")])
    table("Ledger 分录: debits minus credits", ("account", "balance"), rows)


async def erp(story: Story, checks: Checks, truth: Truth) -> None:
    """The ERP's batches with their totals, and the chain of their hashes."""
    reader = story.person("erp", "receivables")
    batches = (await reader.get("/v1/erp-batches"))["items"]
    right = dict(zip(story.batches, oracle_ledger.erp_batches(truth.plan, truth.outcomes), strict=True))
    rows, previous = [], "0" * 64
    for batch in batches:
        number = batch["number"]
        lines, amount = right.get(number, (0, 0))
        checks.same(f"ERP batch {number} follows the one before", batch["previous_hash"], previous)
        previous = batch["hash"]
        rows.append(
            [
                number,
                checks.same(f"ERP batch {number} lines", batch["line_count"], lines),
                checks.same(f"ERP batch {number} total", batch["control_total"], shown(amount)),
                batch["previous_hash"][:12],
                batch["hash"][:12],
                "acknowledged" if batch["acknowledged_at"] else "",
            ]
        )
    lines = sum(count for count, _ in right.values())
    whole = shown(sum(amount for _, amount in right.values()))
    total = shown(sum(cents(batch["control_total"]) for batch in batches))
    count = sum(batch["line_count"] for batch in batches)
    ends = [checks.same("ERP lines", count, lines), checks.same("ERP total", total, whole)]
    rows.append(["all", *ends, "", "", ""])
    table("ERP feed: batches of settled fees", ("batch", "lines", "with tax", "after hash", "hash", ""), rows)


async def settled_by_kind(story: Story, checks: Checks, truth: Truth) -> None:
    """What was settled, by fee and tax document."""
    finance = story.person("finance", "receivables")
    listed = await finance.everything("/v1/settled-fees", account_id=bodies.ACCOUNT)
    kinds = {accrual.reference: accrual.fee_kind for accrual in truth.accruals}
    right: dict[str, list[int]] = {}
    for outcome, excl in oracle_ledger.settled(truth.outcomes, truth.accruals, truth.plan):
        sums = right.setdefault(kinds[outcome.reference or ""], [0, 0, 0])
        for place, more in enumerate((1, outcome.accepted, excl)):
            sums[place] += more
    rows = []
    for kind, (count, incl, excl) in sorted(right.items()):
        said = [fee for fee in listed if fee["fee_kind"] == kind]
        rows.append(
            [
                kind,
                said[0]["document_kind"] if said else "",
                checks.same(f"settled {kind}: count", len(said), count),
                checks.same(f"settled {kind}: with tax", _total(said, "amount"), shown(incl)),
                checks.same(f"settled {kind}: without tax", _total(said, "amount_excl_tax"), shown(excl)),
                checks.same(f"settled {kind}: tax", _total(said, "tax_amount"), shown(incl - excl)),
            ]
        )
    table("Fees settled 结算", ("fee", "tax document", "count", "with tax", "without tax", "tax"), rows)


def _total(listed: list[Json], name: str) -> str:
    return shown(sum(cents(one[name]) for one in listed))
