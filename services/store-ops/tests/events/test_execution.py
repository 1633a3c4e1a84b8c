"""From a committed promotion and an audit to a verdict, whatever comes first."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from shared.testing import Api, Clock
from store_ops.app.verify import Verified

Verify = Callable[[], Awaitable[Verified]]
Send = Callable[..., Awaitable[Any]]


async def statuses(rep: Api) -> dict[str, str]:
    """The status of each task by its kind."""
    items = (await rep.get("/v1/tasks")).json()["items"]
    return {item["tactic_kind"]: item["status"] for item in items}


async def put(rep: Api, number: int, body: dict[str, Any], **changes: Any) -> None:
    answer = await rep.put(f"/v1/audits/{UUID(int=(7 << 76) + number)}", json=body | changes)
    assert answer.status_code in {200, 201}, answer.text


async def test_a_committed_promotion_makes_one_task_per_tactic_and_store(
    rep: Api, commit: Send, ids: dict[str, UUID], task_of: Any, deliver: Any
):
    product = {"id": ids["product"], "sku": "OJ-64", "name": "Orange juice", "brand": "Grove"}
    await deliver("gondola.contracts.product_changed.v1", product)
    await commit()
    assert await statuses(rep) == {"price": "open", "endcap": "open", "dm": "open"}
    task = (await rep.get(f"/v1/tasks/{task_of(ids['endcap'])}")).json()
    assert task | {
        "promotion_number": "P-17", "expected_price": "3.1900", "expected_count": 2, "starts_on": "2026-03-05",
        "ends_on": "2026-03-18", "sku": "OJ-64", "product_name": "Orange juice", "found_price": None, "version": 1,
    } == task  # fmt: skip


async def test_an_audit_with_a_photo_proves_the_tasks(
    rep: Api, store: UUID, commit: Send, audit_id: UUID, audit_body: dict[str, Any], send_photo: Send,
    verify_all: Verify,
    emitted: Any, ids: dict[str, UUID], task_of: Any, photo: tuple[str, bytes],
):  # fmt: skip
    await commit()
    await send_photo()
    assert (await rep.put(f"/v1/audits/{audit_id}", json=audit_body)).status_code == 201
    assert (await verify_all()).announced == 3
    assert await statuses(rep) == {"price": "executed", "endcap": "executed", "dm": "executed"}
    events = {event.data["tactic_kind"]: event for event in await emitted("execution_verified")}
    assert events["endcap"].subject == f"execution/{task_of(ids['endcap'])}"
    assert events["endcap"].data == {
        "id": str(task_of(ids["endcap"])),
        "account_id": str(ids["account"]),
        "promotion_id": str(ids["promotion"]),
        "tactic_id": str(ids["endcap"]),
        "tactic_kind": "endcap",
        "store_id": str(store),
        "product_id": str(ids["product"]),
        "audit_id": str(audit_id),
        "verdict": "executed",
        "contracted_count": 2,
        "found_count": 2,
        "agreed_price": "3.1900",
        "found_price": None,
        "found_on": "2026-03-10",
        "photo_sha256s": [photo[0]],
    }
    assert events["price"].data["found_price"] == "3.1900"
    assert (await verify_all()) == Verified()
    assert (await rep.get(f"/v1/audits/{audit_id}")).json()["verified_at"] is not None


@pytest.mark.parametrize("order", list(itertools.permutations(("promotion", "photo", "audit"))), ids="-".join)
@pytest.mark.parametrize("verify_between", [False, True])
async def test_it_does_not_matter_which_of_promotion_photo_and_audit_comes_first(
    rep: Api, store: UUID, commit: Send, audit_id: UUID, audit_body: dict[str, Any], send_photo: Send,
    verify_all: Verify,
    order: tuple[str, ...], verify_between: bool,
):  # fmt: skip
    async def audit() -> None:
        await rep.put(f"/v1/audits/{audit_id}", json=audit_body)

    steps: dict[str, Callable[[], Awaitable[Any]]] = {"promotion": commit, "photo": send_photo, "audit": audit}
    for step in order:
        await steps[step]()
        if verify_between:
            await verify_all()
    await verify_all()
    assert await statuses(rep) == {"price": "executed", "endcap": "executed", "dm": "executed"}


async def test_until_its_photo_arrives_an_execution_is_unproven(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify, emitted: Any
):
    await commit()
    await put(rep, 1, audit_body)
    await verify_all()
    assert set((await statuses(rep)).values()) == {"unproven"}
    await send_photo()
    assert (await verify_all()).announced == 3
    assert [event.data["verdict"] for event in await emitted("execution_verified")] == ["unproven"] * 3 + [
        "executed"
    ] * 3
    assert [event.version for event in await emitted("execution_verified")] == [1] * 3 + [2] * 3


async def test_the_latest_visit_counts_whenever_it_arrives(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify, clock: Clock
):
    await commit()
    await send_photo()
    dear = [audit_body["findings"][0] | {"price_found": "3.99"}, *audit_body["findings"][1:]]
    await put(rep, 2, audit_body, visited_at="2026-03-12T10:00:00+08:00", findings=dear)
    await verify_all()
    assert (await statuses(rep))["price"] == "not_executed"
    clock.advance(days=9)
    await put(rep, 3, audit_body, visited_at="2026-03-11T10:00:00+08:00")  # Offline for days, and older.
    assert (await verify_all()).announced == 0
    await put(rep, 4, audit_body, visited_at="2026-03-18T23:59:00+08:00")
    await put(rep, 5, audit_body, visited_at="2026-03-19T00:00:00+08:00", findings=dear)  # After the window.
    await verify_all()
    assert (await statuses(rep))["price"] == "executed"


async def test_an_audit_sent_again_changes_nothing(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify, emitted: Any
):
    await commit()
    await send_photo()
    for _ in range(3):
        await put(rep, 1, audit_body)
        await send_photo()
        await verify_all()
    assert len(await emitted("execution_verified")) == 3


async def test_a_finding_that_names_a_task_goes_before_one_that_fits(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify, task_of: Any,
    ids: dict[str, UUID],
):  # fmt: skip
    await commit()
    await send_photo()
    named = {**audit_body["findings"][0], "price_found": "3.99", "task_id": str(task_of(ids["price"]))}
    await put(rep, 1, audit_body, findings=[*audit_body["findings"], named])
    await verify_all()
    assert (await statuses(rep))["price"] == "not_executed"


async def test_a_cancelled_promotion_withdraws_its_tasks(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify, emitted: Any
):
    await commit()
    await commit("cancelled", status="cancelled")
    assert set((await statuses(rep)).values()) == {"withdrawn"}
    await send_photo()
    await put(rep, 1, audit_body)
    await verify_all()
    assert set((await statuses(rep)).values()) == {"withdrawn"}
    assert await emitted("execution_verified") == []


async def test_a_changed_promotion_changes_adds_withdraws_and_brings_back_tasks(
    rep: Api, store: UUID, commit: Send, promotion: dict[str, Any], audit_body: dict[str, Any], send_photo: Send,
    verify_all: Verify, emitted: Any,
):  # fmt: skip
    await commit()
    await send_photo()
    await put(rep, 1, audit_body)
    await verify_all()
    price, endcap, dm = promotion["tactics"]
    await commit("changed", tactics=[price | {"expected_price": "2.9900"}, endcap])
    await verify_all()
    assert await statuses(rep) == {"price": "not_executed", "endcap": "executed", "dm": "withdrawn"}
    last = (await emitted("execution_verified"))[-1].data
    assert (last["tactic_kind"], last["agreed_price"], last["verdict"]) == ("price", "2.9900", "not_executed")
    await commit("changed", tactics=[price, endcap, dm])
    await verify_all()
    assert await statuses(rep) == {"price": "executed", "endcap": "executed", "dm": "executed"}


async def test_evidence_outside_a_moved_window_no_longer_counts(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify, emitted: Any
):
    await commit()
    await send_photo()
    await put(rep, 1, audit_body)
    await verify_all()
    await commit("changed", starts_on="2026-04-05", ends_on="2026-04-18")
    assert (await verify_all()).announced == 3
    assert set((await statuses(rep)).values()) == {"unproven"}
    last = (await emitted("execution_verified"))[-1].data
    assert (last["audit_id"], last["found_on"], last["photo_sha256s"], last["found_count"]) == (None, None, [], 0)


async def test_a_promotion_that_stays_the_same_is_not_verified_again(
    rep: Api, store: UUID, commit: Send, audit_body: dict[str, Any], send_photo: Send, verify_all: Verify
):
    await commit()
    await send_photo()
    await put(rep, 1, audit_body)
    await verify_all()
    await commit("changed", name="Spring, renamed")
    assert await verify_all() == Verified()


async def test_a_promotion_that_cannot_be_is_parked_with_its_reason(rep: Api, commit: Send, promotion: dict[str, Any]):
    tactic = promotion["tactics"][0] | {"expected_price": None}
    with pytest.raises(AssertionError, match="expected price is missing"):
        await commit(tactics=[tactic])


async def test_tasks_are_filtered_and_scoped(rep: Api, stranger: Api, commit: Send, ids: dict[str, UUID], task_of: Any):
    await commit()
    assert (await stranger.get("/v1/tasks")).json()["items"] == []
    assert (await stranger.get(f"/v1/tasks/{task_of(ids['price'])}")).json()["code"] == "task_not_found"
    for name, value, count in [
        ("store_id", ids["store"], 3), ("store_id", ids["product"], 0), ("promotion_id", ids["promotion"], 3),
        ("account_id", ids["account"], 3), ("status", "open", 3), ("status", "executed", 0),
        ("due_before", "2026-03-18", 0), ("due_before", "2026-03-19", 3),
    ]:  # fmt: skip
        items = (await rep.get("/v1/tasks", params={name: str(value)})).json()["items"]
        assert len(items) == count, name
    first = (await rep.get("/v1/tasks", params={"limit": 2})).json()
    rest = (await rep.get("/v1/tasks", params={"limit": 2, "after": first["next"]})).json()
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 3
