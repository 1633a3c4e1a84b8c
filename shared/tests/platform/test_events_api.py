"""The endpoints around events: the feed, subscriptions from first to last day, and who may use them."""

from typing import Any

import pytest

from shared.platform.auth import EVERYTHING, Role
from shared.platform.backlog import backlog
from shared.platform.clock import now
from shared.platform.ids import new_id
from shared.platform.signing import new_secret

URL = "https://receiver.example.com/hook"


async def read(caller: Any, **params: Any) -> tuple[list[Any], str, bool]:
    answer = await caller.get("/v1/events", params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["items"], body["next"], body["more"]


async def test_the_feed_is_read_page_by_page_and_later_from_where_one_was(outside: Any, thing: Any, api: Any) -> None:
    caller = api.as_(Role.ERP)
    await outside.publish(*(thing(name=str(number)) for number in range(25)))
    cursor, seen, more = str(await outside.value("SELECT min(pos) - 1 FROM outbox")), [], True
    while more:
        items, cursor, more = await read(caller, after=cursor, limit=10)
        seen += [each["data"]["name"] for each in items]
    assert seen == [str(number) for number in range(25)]
    assert await read(caller, after=cursor) == ([], cursor, False)
    await outside.publish(thing(name="new"))
    items, after, more = await read(caller, after=cursor)
    assert ([each["data"]["name"] for each in items], more) == (["new"], False)
    assert int(after) == int(cursor) + 1


async def test_the_feed_gives_chosen_types_or_one_subject(outside: Any, thing: Any, api: Any) -> None:
    caller, one = api.as_(Role.SERVICE), new_id()
    await outside.publish(*(thing(one, str(number)) for number in range(5)), thing())
    kind = "gondola.contracts.thing_made.v1"
    assert len((await read(caller, type=[kind, "gondola.contracts.other.v1"]))[0]) == 6
    items, after, more = await read(caller, type="gondola.contracts.other.v1")
    assert (items, more) == ([], False)
    assert after == str(await outside.value("SELECT last_pos FROM feed"))
    items, _, more = await read(caller, subject=f"thing/{one}", after_version=2, limit=2)
    assert ([each["subjectversion"] for each in items], more) == ([3, 4], True)


@pytest.mark.parametrize(
    "params", [{"after": "x"}, {"after": "-1"}, {"limit": "0"}, {"limit": "1001"}, {"after": "9" * 30}]
)
async def test_an_unusable_cursor_or_limit_is_refused(api: Any, params: dict[str, str]) -> None:
    assert (await api.as_(Role.ERP).get("/v1/events", params=params)).status_code == 422


async def test_only_some_roles_read_the_feed(api: Any) -> None:
    assert (await api.as_(Role.FIELD_REP).get("/v1/events")).status_code == 403
    assert (await api.get("/v1/events")).status_code == 401


async def test_a_subscription_lives_from_creation_to_deletion(api: Any, outside: Any) -> None:
    caller = api.as_(Role.ERP, subject="erp-1")
    made = await caller.post("/v1/webhook-endpoints", json={"url": URL, "nouns": ["thing"], "after": "0"})
    assert made.status_code == 201
    body = made.json()
    assert body["secret"].startswith("whsec_")
    assert (body["state"], body["owner"], body["cursor"], body["nouns"]) == ("pending", "erp-1", "0", ["thing"])
    assert (await caller.post("/v1/webhook-endpoints", json={"url": URL})).status_code == 409
    path = f"/v1/webhook-endpoints/{body['id']}"
    shown = (await caller.get(path)).json()
    assert "secret" not in shown
    assert (await caller.get("/v1/webhook-endpoints")).json()["items"] == [shown]
    rotated = (await caller.post(f"{path}:rotate-secret")).json()["secret"]
    row = await outside.endpoint(shown["id"])
    assert (row["secret"], row["old_secret"]) == (rotated, body["secret"])
    assert (row["old_secret_until"] - now()).total_seconds() > 86_000
    assert (await caller.post(f"{path}:disable")).json()["state"] == "disabled"
    assert (await caller.post(f"{path}:enable")).json()["state"] == "pending"
    assert (await caller.post(f"{path}:test")).status_code == 202
    assert (await caller.delete(path)).status_code == 204
    for answer in (
        await caller.get(path), await caller.delete(path), await caller.post(f"{path}:test"),
        await caller.post(f"{path}:replay", json={}),
    ):  # fmt: skip
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"url": "ftp://example.com"}, {"url": "https://u:p@example.com"}, {"secret": "weak"}, {"nouns": []},
     {"nouns": ["No"]}, {"after": "x"}, {"unknown": 1}],
)  # fmt: skip
async def test_a_malformed_wish_is_refused(api: Any, change: dict[str, Any]) -> None:
    answer = await api.as_(Role.ADMIN).post("/v1/webhook-endpoints", json={"url": URL} | change)
    assert answer.status_code == 422, answer.text
    assert "secret" not in change or change["secret"] not in answer.text


async def test_a_source_is_replaced_by_name_and_its_secrets_are_never_shown(api: Any) -> None:
    admin, secret = api.as_(Role.ADMIN), new_secret()
    for feed_url in ("http://127.0.0.1:8101/v1/events", None):
        body = {"source": "/contracts", "secrets": [secret], "feed_url": feed_url}
        answer = await admin.put("/v1/event-sources/contracts", json=body)
        assert answer.json()["feed_url"] == feed_url
        assert secret not in answer.text
    assert len((await admin.get("/v1/event-sources")).json()["items"]) == 1


async def test_an_unknown_inbox_event_cannot_be_replayed(api: Any) -> None:
    assert (await api.as_(Role.ADMIN).post(f"/v1/inbox/{new_id()}:replay")).status_code == 404


async def test_the_backlog_is_counted(outside: Any, receiver: Any, thing: Any) -> None:
    await outside.subscribe(receiver)
    await outside.publish(thing(), thing())
    async with outside.database.raw(EVERYTHING) as connection:
        found = await backlog(connection)
    assert (found["relay_lag"], found["outbox_unstamped"], found["inbox_dead"]) == (2, 0, 0)
