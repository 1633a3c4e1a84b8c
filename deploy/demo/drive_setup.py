"""The first half of the story: master data, the contract and its amendment, funds, flyers, promotions, sell-out."""

from datetime import date, timedelta
from decimal import Decimal

from deploy.demo import bodies
from deploy.demo.client import for_all, say
from deploy.demo.constants import ITEMS, demo_id, first_day
from deploy.demo.dataset import Promotion, read_store_profiles
from deploy.demo.plan import CONTRACT_NUMBER, Json
from deploy.demo.story import Story

SIGNED_DAYS_BEFORE = 20
SUBMITTED_DAYS_BEFORE = 46


async def master_data(story: Story) -> None:
    """Account, payer and products in contracts; stores in store-ops."""
    story.headline("Master data: 1 account, 1 settlement entity, 11 products, the stores")
    manager = story.person("ka_manager", "contracts")
    await manager.put(f"/v1/accounts/{bodies.ACCOUNT}", bodies.account())
    await manager.put(f"/v1/settlement-entities/{bodies.ENTITY}", bodies.settlement_entity())
    for item in ITEMS:
        await manager.put(f"/v1/products/{bodies.item_id(item)}", bodies.product(item, story.dataset))
    await story.quiet("account and products in all services")
    keeper = story.person("ka_manager", "store-ops")
    profiles = read_store_profiles()

    async def put_store(number: int) -> None:
        await keeper.put(f"/v1/stores/{bodies.store_id(number)}", bodies.store(number, profiles[number]))

    await for_all("stores", story.dataset.stores, put_store)
    await story.quiet("stores in all services")


async def contract(story: Story) -> None:
    """Draft, sign and activate the contract."""
    story.headline(f"Contract {CONTRACT_NUMBER}: five terms, signed and active")
    manager = story.person("ka_manager", "contracts")
    path = f"/v1/contracts/{bodies.CONTRACT}"
    start = story.plan.size.contract_from
    await manager.post("/v1/contracts", bodies.contract(story.plan), key=demo_id("key", "draft"))
    signature = bodies.signature(1, start - timedelta(days=SIGNED_DAYS_BEFORE))
    await story.person("ka_director", "contracts").post(f"{path}:sign", signature, key=demo_id("key", "sign", 1))
    await manager.post("/v1/contracts:advance", {"as_of": start.isoformat()})


async def amendment(story: Story) -> None:
    """Amend the contract: a new rate of T1 from the amendment's first day."""
    amended_on = story.plan.size.amended_on
    story.headline(f"Amendment: T1 (dc_discount) 1.47 % becomes 1.60 % from {amended_on}")
    path = f"/v1/contracts/{bodies.CONTRACT}"
    manager = story.person("ka_manager", "contracts")
    await manager.post(f"{path}:amend", bodies.amendment(story.plan), key=demo_id("key", "amend"))
    signature = bodies.signature(2, amended_on - timedelta(days=SIGNED_DAYS_BEFORE))
    await story.person("ka_director", "contracts").post(f"{path}:sign", signature, key=demo_id("key", "sign", 2))


async def funds_and_slots(story: Story, chapter: tuple[date, date]) -> None:
    """One fund for the year, one flyer slot per week with features."""
    manager = story.person("ka_manager", "promotions")
    weeks = story.weeks(chapter)
    planned = sum((bodies.planned(one) for one in story.promotions(weeks)), Decimal(0))
    year = chapter[0].year
    await manager.put(f"/v1/funds/{bodies.fund_id(year)}", bodies.fund(year, planned))
    slots = list(bodies.slots(story.dataset, weeks))

    async def put_slot(slot: tuple[str, Json]) -> None:
        await manager.put(f"/v1/dm-slots/{slot[0]}", slot[1])

    await for_all("flyer slots", slots, put_slot)


async def promotions(story: Story, chapter: tuple[date, date]) -> None:
    """Draft, agreement, submission, approval and commitment of every promotion that begins in the chapter."""
    manager = story.person("ka_manager", "promotions")
    director = story.person("ka_director", "promotions")

    async def run(one: Promotion) -> None:
        path = f"/v1/promotions/{bodies.promotion_id(one)}"
        submitted_on = first_day(one.first_week) - timedelta(days=SUBMITTED_DAYS_BEFORE)
        await manager.post("/v1/promotions", bodies.promotion(story.dataset, one), key=demo_id("key", one.number))
        await manager.post(f"{path}:attach-agreement", bodies.agreement(one), key=demo_id("key", one.number, "paper"))
        submission = {"submitted_on": submitted_on.isoformat()}
        await manager.post(f"{path}:submit", submission, key=demo_id("key", one.number, "submit"))
        await director.post(f"{path}:approve", key=demo_id("key", one.number, "approve"))
        await manager.post(f"{path}:commit", key=demo_id("key", one.number, "commit"))

    await for_all("promotions committed", story.promotions(story.weeks(chapter)), run)


async def sell_out(story: Story, chapter: tuple[date, date]) -> None:
    """Import what the retailer sold in the chapter's weeks."""
    weeks = set(story.weeks(chapter))
    rows = [row for row in story.dataset.rows if row.week in weeks]
    manager = story.person("ka_manager", "promotions")
    content = bodies.sell_out(rows)
    job = await manager.upload("/v1/sell-out:import", content, "text/csv", account_id=bodies.ACCOUNT)
    assert not job["refused_rows"], f"sell-out: refused {job['refused']}"
    say(f"  sell-out: {job['inserted_rows']:,} rows imported, {len(content) / 1e6:.1f} MB")
