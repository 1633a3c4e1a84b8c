"""Audits are taken in once, whatever phones do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from shared.platform.auth import Role
from shared.testing import Api, Clock


async def test_an_audit_is_taken_in_and_announced(
    rep: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any], ids: dict[str, UUID], photo: tuple[str, bytes],
    emitted: Any, clock: Clock,
):  # fmt: skip
    answer = await rep.put(f"/v1/audits/{audit_id}", json=audit_body)
    assert answer.status_code == 201
    received_at = clock.instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert answer.json() == {
        "id": str(audit_id),
        "store_id": str(store),
        "account_id": str(ids["account"]),
        "visited_at": "2026-03-10T02:00:00.000Z",
        "received_at": received_at,
        "finding_count": 4,
    }
    (event,) = await emitted("audit_completed")
    assert (event.subject, event.version) == (f"audit/{audit_id}", 1)
    assert event.data == {
        "id": str(audit_id),
        "account_id": str(ids["account"]),
        "store_id": str(store),
        "visited_at": "2026-03-10T02:00:00.000Z",
        "template_version": "2026.1",
        "finding_count": 4,
        "present_count": 4,
        "absent_count": 0,
        "photo_sha256s": [photo[0]],
    }


async def test_the_same_audit_again_gives_the_same_answer(
    rep: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any], emitted: Any, clock: Clock
):
    first = await rep.put(f"/v1/audits/{audit_id}", json=audit_body)
    clock.advance(hours=5)
    same_meaning = audit_body | {"visited_at": "2026-03-10T02:00:00Z", "note": None}
    same_meaning["findings"] = [
        audit_body["findings"][0] | {"price_found": "3.1900", "photo_sha256s": []},
        *audit_body["findings"][1:],
    ]
    for body in (audit_body, same_meaning):
        again = await rep.put(f"/v1/audits/{audit_id}", json=body)
        assert (again.status_code, again.content) == (200, first.content)
    assert len(await emitted("audit_completed")) == 1


async def test_fifty_concurrent_puts_of_one_audit_have_one_effect(
    rep: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any], emitted: Any, database: Any
):
    answers = await asyncio.gather(*(rep.put(f"/v1/audits/{audit_id}", json=audit_body) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert len(await emitted("audit_completed")) == 1
    assert await database.fetchval("SELECT count(*) FROM audits") == 1


async def test_of_concurrent_audits_with_one_id_and_other_content_one_is_taken(
    rep: Api,
    manager: Api,
    store: UUID,
    store_body: dict[str, Any],
    audit_id: UUID,
    audit_body: dict[str, Any],
    emitted: Any,
):
    other_store = UUID(int=77)
    assert (await manager.put(f"/v1/stores/{other_store}", json=store_body | {"code": "2"})).status_code == 201
    bodies = [audit_body | {"store_id": str(each), "note": note} for each in (store, other_store) for note in "abcdef"]
    answers = await asyncio.gather(*(rep.put(f"/v1/audits/{audit_id}", json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"audit_id_taken"}
    assert len(await emitted("audit_completed")) == 1


async def test_an_id_in_another_accounts_audit_is_taken_without_saying_more(
    api: Api, rep: Api, stranger: Api, store: UUID, store_body: dict[str, Any], audit_id: UUID,
    audit_body: dict[str, Any],
    ids: dict[str, UUID],
):  # fmt: skip
    assert (await rep.put(f"/v1/audits/{audit_id}", json=audit_body)).status_code == 201
    theirs = UUID(int=78)
    body = store_body | {"account_id": str(ids["other_account"])}
    assert (await stranger.put(f"/v1/stores/{theirs}", json=body)).status_code == 201
    answer = await stranger.put(f"/v1/audits/{audit_id}", json=audit_body | {"store_id": str(theirs)})
    assert (answer.status_code, answer.json()["code"]) == (409, "audit_id_taken")
    assert (await stranger.get(f"/v1/audits/{audit_id}")).status_code == 404


async def test_an_audit_of_an_unknown_store_is_refused(
    rep: Api, audit_id: UUID, audit_body: dict[str, Any], emitted: Any
):
    answer = await rep.put(f"/v1/audits/{audit_id}", json=audit_body)
    assert (answer.status_code, answer.json()["code"]) == (404, "store_not_found")
    assert await emitted() == []


async def test_an_audit_of_a_foreign_accounts_store_is_refused(
    stranger: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any]
):
    answer = await stranger.put(f"/v1/audits/{audit_id}", json=audit_body)
    assert (answer.status_code, answer.json()["code"]) == (404, "store_not_found")


async def test_a_store_that_is_remembered_with_another_account_does_no_harm(
    rep: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any], ids: dict[str, UUID], emitted: Any,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.setattr("store_ops.api.audits._account_of", {store: ids["other_account"]})
    assert (await rep.put(f"/v1/audits/{audit_id}", json=audit_body)).json()["account_id"] == str(ids["account"])
    (event,) = await emitted("audit_completed")
    assert event.data["account_id"] == str(ids["account"])


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"store_id": "17"}, 422, "/store_id"),
        ({"visited_at": "2026-03-10T10:00:00"}, 422, "/visited_at"),
        ({"visited_at": "1970-01-01T00:00:00Z"}, 422, None),
        ({"template_version": "x y"}, 422, "/template_version"),
        ({"colour": "red"}, 422, "/"),
        ({"photo_sha256s": ["A" * 64]}, 422, "/photo_sha256s/0"),
        ({"note": "a\x00b"}, 400, None),
        ({"latitude": "31.2"}, 422, "/latitude"),
        ({"latitude": "91.0", "longitude": "1"}, 422, "/latitude"),
        ({"findings": [{"kind": "price", "is_present": True}]}, 422, "/findings/0"),
        (
            {"findings": [{"kind": "colour", "is_present": True, "product_id": str(UUID(int=1))}]},
            422,
            "/findings/0/kind",
        ),
        (
            {"findings": [{"kind": "price", "is_present": True, "product_id": str(UUID(int=1)), "price_found": 3.19}]},
            422,
            "/findings/0/price_found",
        ),
        (
            {"findings": [{"kind": "endcap", "is_present": True, "product_id": str(UUID(int=1)), "count_found": -1}]},
            422,
            "/findings/0/count_found",
        ),
        ({"findings": [{"kind": "dm", "is_present": True, "product_id": str(UUID(int=1))}] * 2}, 422, "/findings/1"),
        ({"findings": [{"kind": "dm", "is_present": True, "product_id": str(UUID(int=1))}] * 201}, 422, "/findings"),
    ],
)
async def test_an_audit_that_cannot_be_is_refused_with_a_pointer(
    rep: Api,
    store: UUID,
    audit_id: UUID,
    audit_body: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    pointer: str | None,
):
    answer = await rep.put(f"/v1/audits/{audit_id}", json=audit_body | changes)
    assert answer.status_code == status, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == ([pointer] if pointer else [])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"store_id": "\\ud800"}', b"NaN"])
async def test_a_body_that_is_no_audit_is_refused(rep: Api, store: UUID, audit_id: UUID, body: bytes):
    answer = await rep.put(f"/v1/audits/{audit_id}", content=body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_audit_is_read_with_its_findings_and_its_distance_from_the_store(
    rep: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any]
):
    sent = audit_body | {"latitude": "31.2050", "longitude": "121.4050", "note": "End-cap beside the checkouts. 端架"}
    await rep.put(f"/v1/audits/{audit_id}", json=sent)
    audit = (await rep.get(f"/v1/audits/{audit_id}")).json()
    assert audit["findings"][0] == {
        "kind": "price", "product_id": audit_body["findings"][0]["product_id"], "task_id": None, "is_present": True,
        "price_found": "3.1900", "count_found": None, "on_deal": None, "photo_sha256s": [],
    }  # fmt: skip
    assert (audit["submitted_by"], audit["note"], audit["verified_at"]) == ("rep-1", sent["note"], None)
    assert (audit["distance_m"], audit["is_at_store"]) == (297, True)


async def test_audits_are_listed_newest_first(
    rep: Api, stranger: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any]
):
    sent = [UUID(int=audit_id.int + (day << 100)) for day in range(3)]
    for day, each in enumerate(sent):
        body = audit_body | {"visited_at": f"2026-03-{10 + day}T10:00:00+08:00"}
        assert (await rep.put(f"/v1/audits/{each}", json=body)).status_code == 201
    listed = (await rep.get("/v1/audits", params={"store_id": str(store)})).json()["items"]
    assert [item["id"] for item in listed] == [str(each) for each in reversed(sent)]
    assert listed[0]["finding_count"] == 4
    window = {"visited_from": "2026-03-10T16:00:00Z", "visited_before": "2026-03-11T16:00:00Z"}
    assert [item["id"] for item in (await rep.get("/v1/audits", params=window)).json()["items"]] == [str(sent[1])]
    assert (await stranger.get("/v1/audits")).json()["items"] == []


async def test_finance_does_not_send_audits(api: Api, audit_id: UUID, audit_body: dict[str, Any]):
    assert (await api.as_(Role.FINANCE).put(f"/v1/audits/{audit_id}", json=audit_body)).status_code == 403
    assert (await api.put(f"/v1/audits/{audit_id}", json=audit_body)).status_code == 401


async def test_an_accepted_audit_cannot_be_changed_in_the_database(
    rep: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any], database: Any
):
    await rep.put(f"/v1/audits/{audit_id}", json=audit_body)
    for change in ("UPDATE audits SET findings = '[]'", "DELETE FROM audits", "UPDATE stores SET account_id = id"):
        with pytest.raises(Exception, match=r"never changes|stays with its account"):
            await database.execute(change)


async def test_the_body_is_documented_field_by_field(rep: Api):
    operation = rep.app.openapi()["paths"]["/v1/audits/{audit_id}"]["put"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["store_id", "visited_at", "template_version", "findings"]
    finding = schema["properties"]["findings"]["items"]
    assert all("description" in each for each in (*schema["properties"].values(), *finding["properties"].values()))
    assert operation["x-roles"] == ["field_rep", "ka_manager"]


async def test_the_documented_example_is_accepted(
    rep: Api, manager: Api, store_body: dict[str, Any], audit_id: UUID, send_photo: Callable[[], Awaitable[int]]
):
    operation = rep.app.openapi()["paths"]["/v1/audits/{audit_id}"]["put"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert (await manager.put(f"/v1/stores/{example['store_id']}", json=store_body)).status_code == 201
    assert (await rep.put(f"/v1/audits/{audit_id}", json=example)).status_code == 201
