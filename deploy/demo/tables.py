"""The tables at the end: each figure asked of the services, each total compared with the independent computation."""

from datetime import timedelta

from deploy.demo import bodies, oracle, tables_money
from deploy.demo.constants import ITEMS
from deploy.demo.explain import explanation
from deploy.demo.oracle import shown
from deploy.demo.plan import CONTRACT_NUMBER
from deploy.demo.report import Checks, grouped, percent, table
from deploy.demo.story import Story, latest
from deploy.demo.truth import Truth


async def show(story: Story, truth: Truth) -> Checks:
    """Print all tables; return what was compared."""
    checks = Checks()
    until = latest(story.plan.size.until)
    story.headline("The tables; every total is compared with an independent computation from the data files")
    await contract_value(story, checks, truth)
    await promotions(story, checks, truth)
    await funds(story, checks, truth)
    await tables_money.accruals(story, checks, truth)
    await tables_money.deductions(story, checks, truth)
    await tables_money.settled_by_kind(story, checks, truth)
    await tables_money.ageing(story, checks, truth)
    await tables_money.margin(story, checks, truth)
    await attainment(story, checks, truth)
    await tables_money.ledger(story, checks, truth, until)
    await tables_money.erp(story, checks, truth)
    await explanation(story, checks, truth)
    return checks


async def contract_value(story: Story, checks: Checks, truth: Truth) -> None:
    """What the contract costs before and after the amendment, at last year's purchases."""
    amended_on = story.plan.size.amended_on
    year = amended_on.year
    forecast = oracle.forecast(truth.plan, truth.bought)
    director = story.person("ka_director", "contracts")
    days = (amended_on - timedelta(days=1), amended_on)
    said = [
        await director.get(
            f"/v1/contracts/{bodies.CONTRACT}/value",
            as_of=day.isoformat(),
            net_purchases=shown(forecast),
            stores=len(story.dataset.stores),
            **{"from": f"{year}-01-01", "to": f"{year}-12-31"},
        )
        for day in days
    ]
    versions = truth.plan["contract"]["versions"]
    right = [oracle.contract_value(truth.plan, version, forecast, year) for version in versions]
    rows = []
    for before, after in zip(said[0]["terms"], said[1]["terms"], strict=True):
        code = before["code"]
        amounts = [
            checks.same(f"contract value of {code}, version {number}", value["amount"], shown(figures[code]))
            for number, value, figures in zip((1, 2), (before, after), right, strict=True)
        ]
        rows.append([code, before["clause"], before["fee_kind"], *amounts, percent(after["rate"])])
    totals = [
        checks.same(f"contract value, version {number}", value["amount"], shown(sum(figures.values())))
        for number, value, figures in zip((1, 2), said, right, strict=True)
    ]
    rows.append(["all", "", "", *totals, percent(said[1]["rate"])])
    table(
        f"Contract value 合约价值: {CONTRACT_NUMBER} in {year} at purchases of {grouped(shown(forecast))}",
        ("term", "clause", "fee", "version 1", "version 2", "rate"),
        rows,
        "without tax; version 2 is the amendment; purchases: the whole run's, taken to 52 weeks",
    )


async def promotions(story: Story, checks: Checks, truth: Truth) -> None:
    """Each promotion: planned, verified per tactic, earned."""
    manager = story.person("ka_manager", "promotions")
    listed = await manager.everything("/v1/promotion-fees", account_id=bodies.ACCOUNT)
    fees = {(fee["promotion_number"], fee["tactic_kind"]): fee for fee in listed}
    rows, totals = [], dict.fromkeys(("planned", "earned"), 0)
    for number, promotion in truth.promotions.items():
        cells, sums = [], dict.fromkeys(("planned", "earned"), 0)
        for tactic in oracle.TACTICS:
            fee, right = fees[number, tactic], promotion["tactics"][tactic]
            name = f"{number}/{tactic}"
            checks.same(f"{name} planned", fee["planned_amount"], shown(right["planned"]))
            verified = checks.same(f"{name} verified stores", fee["verified_count"], right["count"])
            earned = checks.same(f"{name} earned", fee["earned_amount"], shown(right["earned"]))
            cells += [verified, earned]
            for key in sums:
                sums[key] += oracle.cents(fee[f"{key}_amount"] or "0")
        for key in totals:
            totals[key] += sums[key]
        item = ITEMS[int(number.split("-")[1])][0]
        days = f"{promotion['starts_on']}..{promotion['ends_on'][5:]}"
        amounts = [grouped(shown(sums["planned"])), *cells, grouped(shown(sums["earned"]))]
        rows.append([number, item, days, promotion["stores"], *amounts])
    expected = {
        key: sum(figures[key] for one in truth.promotions.values() for figures in one["tactics"].values())
        for key in totals
    }
    ends = [checks.same(f"promotions {key}", shown(totals[key]), shown(expected[key])) for key in totals]
    rows.append([f"{len(rows)} in all", "", "", "", ends[0], *[""] * 6, ends[1]])
    head = (
        "number",
        "item",
        "days",
        "stores",
        "planned",
        "price",
        "earned",
        "DM",
        "earned",
        "end cap",
        "earned",
        "earned",
    )
    table(
        "Promotions: planned, verified in stores, earned",
        head,
        rows,
        "price: per pack sold where the price was kept; DM: by share of stores; end cap: per store; with tax",
    )


async def funds(story: Story, checks: Checks, truth: Truth) -> None:
    """Each year's fund: committed, earned, paid; what is paid comes back as events from receivables."""
    manager = story.person("ka_manager", "promotions")
    accepted: dict[str, int] = {}
    for outcome in truth.outcomes:
        accepted[outcome.reference or ""] = accepted.get(outcome.reference or "", 0) + outcome.accepted
    rows = []
    for fund in await manager.everything("/v1/funds", account_id=bodies.ACCOUNT):
        ours = {
            number: one for number, one in truth.promotions.items() if one["starts_on"][:4] == fund["starts_on"][:4]
        }
        earned = sum(figures["earned"] for one in ours.values() for figures in one["tactics"].values())
        paid = sum(accepted.get(f"{number}/{tactic}", 0) for number in ours for tactic in oracle.TACTICS)
        available = oracle.cents(fund["budget"]) - earned
        rows.append(
            [
                fund["name"],
                grouped(fund["budget"]),
                checks.same(f"{fund['name']} committed", fund["committed"], shown(earned)),
                checks.same(f"{fund['name']} earned", fund["earned"], shown(earned)),
                checks.same(f"{fund['name']} paid", fund["paid"], shown(paid)),
                checks.same(f"{fund['name']} available", fund["available"], shown(available)),
            ]
        )
    head = ("fund", "budget", "committed", "earned", "paid", "available")
    table("Promotion funds 费用预算", head, rows, "with tax; once a fee is earned the fund holds what was earned")


async def attainment(story: Story, checks: Checks, truth: Truth) -> None:
    """What contracts has learned from receivables' events: purchases and fees per calendar year."""
    director = story.person("ka_director", "contracts")
    rows = []
    for year in sorted({day.year for chapter in story.plan.chapters for day in chapter}):
        answer = await director.get(f"/v1/accounts/{bodies.ACCOUNT}/attainment", year=year)
        (said,) = answer["currencies"]
        bought = oracle.invoiced(truth.database, truth.plan, year)
        accrued = sum(fee.excl for fee in truth.accruals if fee.starts_on is not None and fee.starts_on.year == year)
        rows.append(
            [
                year,
                checks.same(f"attainment {year}: invoiced", said["net_purchases"], shown(bought)),
                checks.same(f"attainment {year}: accrued", said["accrued_amount"], shown(accrued)),
            ]
        )
    head = ("year", "invoiced", "fees accrued")
    table(
        "Attainment as contracts sees it", head, rows, "without tax; fees by the first day of their cycle or promotion"
    )
