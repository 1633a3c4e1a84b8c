"""One fee explained: from the ERP's line over deduction, accrual and promotion to the store's photo."""

from deploy.demo import bodies
from deploy.demo.client import Json, say
from deploy.demo.oracle import shown
from deploy.demo.photos import sha256
from deploy.demo.report import Checks, table
from deploy.demo.story import Story
from deploy.demo.truth import Truth

STORES_SHOWN = 4


async def explanation(story: Story, checks: Checks, truth: Truth) -> None:
    """Take the first rightly claimed flyer fee and follow it down."""
    outcome = next(
        one for one in truth.outcomes if one.label == "right" and (one.reference or "").endswith("/dm") and one.accepted
    )
    number, tactic = (outcome.reference or "").split("/")
    finance = story.person("finance", "receivables")
    listed = await finance.everything("/v1/deductions", account_id=bodies.ACCOUNT, claim_reference=outcome.reference)
    deduction = next(one for one in listed if one["number"] == outcome.number)
    (fee,) = (await finance.get("/v1/settled-fees", deduction_id=deduction["id"]))["items"]
    told = await finance.get(f"/v1/settled-fees/{fee['id']}/explanation")
    say(f"\nOne fee explained 解释: {outcome.reference}, settled fee {fee['number']}")
    for step in told["steps"]:
        say(f"  {step['name']:<11} {step['says']}")
    proven = sum(proof["holds"] for proof in told["proofs"])
    say(f"  proofs      {proven} of {len(told['proofs'])} hold: {', '.join(one['name'] for one in told['proofs'])}")
    right = truth.promotions[number]["tactics"][tactic]
    checks.same("explained fee, amount", told["settled_fee"]["amount"], shown(outcome.accepted))
    checks.same("explained fee, planned", told["agreement"]["planned_amount"], shown(right["planned"]))
    checks.same("explained fee, earned", told["agreement"]["earned_amount"], shown(right["earned"]))
    executed = [one for one in told["evidence"] if one["verdict"] == "executed"]
    checks.same("explained fee, executed stores", len(executed), right["count"])
    checks.same("explained fee, proofs that hold", proven, len(told["proofs"]))
    await photos(story, checks, executed[:STORES_SHOWN])


async def photos(story: Story, checks: Checks, executed: list[Json]) -> None:
    """Fetch the stores' photos from store-ops and hold their bytes against the hashes in the explanation."""
    auditor = story.person("auditor", "store-ops")
    codes = {bodies.store_id(store): f"DFF-{store:03d}" for store in story.dataset.stores}
    rows = []
    for one in executed:
        (name,) = one["photo_sha256s"]
        content = await auditor.get_bytes(f"/v1/photos/{name}")
        checks.same(f"photo {name[:12]}, hash of its bytes", sha256(content), name)
        caption = content.split(b"Description\x00", 1)[1].split(b"IDAT", 1)[0][:-8].decode("ascii")
        rows.append([codes[one["store_id"]], one["verdict"], one["found_on"], one["audit_id"], name[:16], caption])
    table("  its evidence", ("store", "verdict", "found on", "audit", "photo", "what the photo says"), rows)
