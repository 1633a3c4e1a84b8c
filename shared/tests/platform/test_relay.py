"""The relay delivers in order per subject, at least once; what fails backs off, what is refused is parked."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from shared.platform.auth import Role
from shared.platform.clock import now
from shared.platform.ids import new_id
from shared.platform.jobs import JobContext
from shared.platform.relay import Verdict, judge
from shared.platform.signing import new_secret
from shared.platform.worker import prune_old

PARKED = "SELECT state FROM parked_deliveries WHERE endpoint_id = $1 ORDER BY pos"


async def test_events_arrive_in_batches_and_in_order_per_subject(outside: Any, receiver: Any, thing: Any) -> None:
    endpoint = await outside.subscribe(receiver)
    ids = [new_id() for _ in range(40)]
    for turn in range(30):
        await outside.publish(*(thing(each, f"{turn}") for each in ids))
    await outside.run(outside.relay())
    assert len(receiver.taken) == 1200
    assert max(len(events) for _, events in receiver.requests) == 100
    assert {headers["content-type"] for headers, _ in receiver.requests} == {"application/cloudevents-batch+json"}
    versions: Counter[str] = Counter()
    for event in receiver.taken:
        versions[event["subject"]] += 1
        assert event["subjectversion"] == versions[event["subject"]]
    row = await outside.endpoint(endpoint)
    assert row["cursor_pos"] == await outside.value("SELECT last_pos FROM feed")
    assert row["last_success_at"] is not None


async def test_an_endpoint_without_batches_gets_single_events_of_its_nouns(
    outside: Any, receiver: Any, thing: Any
) -> None:
    await outside.subscribe(receiver, batches=False, nouns=["thing"])
    await outside.publish(thing(), thing())
    relay = outside.relay()
    await outside.run(relay)
    assert [headers["content-type"] for headers, _ in receiver.requests] == ["application/cloudevents+json"] * 2
    receiver.taken.clear()
    other = await outside.subscribe(receiver, nouns=["contract"], url=f"{receiver.url}2")
    await outside.publish(thing())
    await outside.run(relay)
    assert len(receiver.taken) == 1
    assert (await outside.endpoint(other))["cursor_pos"] == await outside.value("SELECT last_pos FROM feed")


async def test_a_new_endpoint_gets_events_only_after_it_has_answered_the_challenge(
    outside: Any, receiver: Any, thing: Any, clock: Any
) -> None:
    receiver.echoes = False
    endpoint = await outside.subscribe(receiver, state="pending", ping_due=True)
    await outside.publish(thing())
    relay = outside.relay()
    await outside.run(relay)
    row = await outside.endpoint(endpoint)
    assert (row["state"], receiver.taken) == ("pending", [])
    assert "challenge" in row["last_error"]
    receiver.echoes = True
    clock.advance(seconds=10)
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["state"] == "active"
    assert len(receiver.taken) == 1


async def test_a_failing_endpoint_is_tried_again_later_and_nothing_is_lost(
    outside: Any, receiver: Any, thing: Any, clock: Any
) -> None:
    endpoint = await outside.subscribe(receiver)
    await outside.publish(*(thing(name=str(number)) for number in range(250)))
    relay = outside.relay(chance=lambda: 0.5)
    for pause in (1, 5, 15, 30, 30):
        receiver.behave = lambda _: 503
        await outside.run(relay)
        row = await outside.endpoint(endpoint)
        assert row["next_attempt_at"] - now() == timedelta(seconds=pause)
        before = len(receiver.requests)
        await outside.run(relay)
        assert len(receiver.requests) == before
        clock.advance(seconds=pause)
    receiver.behave = lambda _: 204
    await outside.run(relay)
    assert Counter(receiver.names()) == Counter(str(number) for number in range(250))
    row = await outside.endpoint(endpoint)
    assert (row["failures"], row["failing_since"], row["last_error"]) == (0, None, None)


async def test_a_batch_sent_again_keeps_its_webhook_id(outside: Any, receiver: Any, thing: Any, clock: Any) -> None:
    await outside.subscribe(receiver)
    await outside.publish(*(thing() for _ in range(20)))
    relay = outside.relay(lane_of=lambda _: 0)
    receiver.behave = lambda _: 503
    await outside.run(relay)
    receiver.behave = lambda _: 204
    clock.advance(seconds=10)
    await outside.run(relay)
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
    assert len({headers["webhook-signature"] for headers, _ in receiver.requests}) == 2


async def test_retry_after_is_honoured_and_gone_ends_the_subscription(
    outside: Any, receiver: Any, thing: Any, clock: Any
) -> None:
    endpoint = await outside.subscribe(receiver)
    await outside.publish(thing())
    relay = outside.relay()
    receiver.behave = lambda _: (429, {"retry-after": "77"})
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["next_attempt_at"] - now() == timedelta(seconds=77)
    clock.advance(seconds=78)
    receiver.behave = lambda _: 410
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["state"] == "ended"


async def test_no_connection_is_a_failure_of_the_endpoint(outside: Any, receiver: Any, thing: Any) -> None:
    endpoint = await outside.subscribe(receiver, url="http://127.0.0.1:9/closed".replace(":9/", ":1029/"))
    await outside.publish(thing())
    await outside.run(outside.relay())
    row = await outside.endpoint(endpoint)
    assert (row["failures"], row["last_status"]) == (1, None)
    assert "ConnectError" in row["last_error"]


async def test_an_endpoint_failing_for_five_days_is_disabled_with_an_event(
    outside: Any, receiver: Any, thing: Any, clock: Any
) -> None:
    endpoint = await outside.subscribe(receiver)
    await outside.publish(thing())
    relay = outside.relay()
    receiver.behave = lambda _: 404
    await outside.run(relay)
    clock.advance(days=4)
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["state"] == "active"
    clock.advance(days=1, seconds=1)
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["state"] == "disabled"
    kind = "gondola.contracts.webhook_endpoint_disabled.v1"
    envelope = json.loads(await outside.value("SELECT envelope FROM outbox WHERE type = $1", kind))
    assert envelope["data"]["owner"] == "tester"


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_a_refused_event_is_parked_with_its_subject_and_all_others_go_on(
    outside: Any, receiver: Any, thing: Any, clock: Any, status: int
) -> None:
    bad = new_id()
    endpoint = await outside.subscribe(receiver)
    receiver.behave = lambda events: status if any(event["data"]["name"] == "poison" for event in events) else 204
    await outside.publish(*(thing(bad, name) for name in ("before", "poison", "after")), *(thing() for _ in range(150)))
    relay = outside.relay(chance=lambda: 0.5)
    await outside.run(relay)
    await outside.publish(thing(bad, "later"), thing(name="other"))
    await outside.run(relay)
    assert set(receiver.names()) == {"before", "a thing", "other"}
    assert [row["state"] for row in await outside.rows(PARKED, endpoint)] == ["retrying", "waiting", "waiting"]
    assert (await outside.endpoint(endpoint))["failures"] == 0
    clock.advance(seconds=6)
    await outside.run(relay)
    assert await outside.value("SELECT max(attempts) FROM parked_deliveries") == 2
    clock.advance(seconds=31)
    receiver.behave = lambda _: 204
    await outside.run(relay)
    assert [event["data"]["name"] for event in receiver.taken if event["subject"] == f"thing/{bad}"] == [
        "before", "poison", "after", "later",
    ]  # fmt: skip
    assert await outside.rows(PARKED, endpoint) == []


async def test_an_endpoint_that_refuses_everything_even_a_ping_is_failing_not_parking(
    outside: Any, receiver: Any, thing: Any
) -> None:
    endpoint = await outside.subscribe(receiver, url=receiver.url)
    await outside.publish(thing(), thing())
    receiver.answer = lambda *_: b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"
    await outside.run(outside.relay())
    assert (await outside.endpoint(endpoint))["failures"] == 1
    assert await outside.rows(PARKED, endpoint) == []


async def test_a_parked_event_is_dead_after_its_last_attempt_and_replayed_by_one_call(
    outside: Any, receiver: Any, thing: Any, clock: Any, api: Any
) -> None:
    bad = new_id()
    endpoint = await outside.subscribe(receiver)
    receiver.behave = lambda events: 422 if any(event["data"]["name"] == "poison" for event in events) else 204
    await outside.publish(thing(bad, "poison"), thing(bad, "after"))
    relay = outside.relay(event_pauses_seconds=(5, 5))
    for _ in range(4):
        await outside.run(relay)
        clock.advance(seconds=7)
    assert [row["state"] for row in await outside.rows(PARKED, endpoint)] == ["dead", "waiting"]
    admin = api.as_(Role.ADMIN)
    shown = (await admin.get(f"/v1/webhook-endpoints/{endpoint}/parked", params={"state": "dead"})).json()["items"]
    assert [(each["subject"], each["attempts"], each["last_status"]) for each in shown] == [(f"thing/{bad}", 3, 422)]
    receiver.behave = lambda _: 204
    answer = await admin.post(f"/v1/webhook-endpoints/{endpoint}:replay", json={"event_id": shown[0]["event_id"]})
    assert answer.json() == {"replayed": 1, "next": None}
    await outside.run(relay)
    assert receiver.names() == ["poison", "after"]


async def test_a_range_is_replayed_in_order(outside: Any, receiver: Any, thing: Any, api: Any) -> None:
    start = await outside.value("SELECT last_pos FROM feed")
    endpoint = await outside.subscribe(receiver)
    one = new_id()
    await outside.publish(*(thing(one, str(number)) for number in range(10)), *(thing() for _ in range(300)))
    relay = outside.relay()
    await outside.run(relay)
    receiver.taken.clear()
    admin = api.as_(Role.ADMIN)
    body = {"after": str(start + 3), "until": str(start + 200)}
    answer = await admin.post(f"/v1/webhook-endpoints/{endpoint}:replay", json=body)
    assert answer.json()["replayed"] == 197
    await outside.run(relay)
    assert len(receiver.taken) == 197
    assert [event["data"]["name"] for event in receiver.taken if event["subject"] == f"thing/{one}"] == list("3456789")
    assert await outside.rows(PARKED, endpoint) == []


async def test_a_killed_relay_frees_its_endpoints_at_once_and_loses_nothing(
    outside: Any, receiver: Any, thing: Any
) -> None:
    await outside.subscribe(receiver)
    await outside.publish(*(thing(name=str(number)) for number in range(500)))
    first, second = outside.relay(), outside.relay()
    await first.step()
    for task in first._tasks.values():
        task.cancel()
    await outside.run(second)
    assert receiver.taken == []
    assert first._session is not None
    first._session.connection.terminate()  # What the kernel does to the sockets of a killed process.
    async with asyncio.timeout(5):
        while len(receiver.taken) < 500:
            await outside.run(second)
    assert Counter(receiver.names()) == Counter(str(number) for number in range(500))


async def test_a_relay_that_lost_its_lock_cannot_move_the_cursor(outside: Any, receiver: Any, thing: Any) -> None:
    endpoint = await outside.subscribe(receiver)
    start = (await outside.endpoint(endpoint))["cursor_pos"]
    await outside.publish(thing())
    relay = outside.relay()

    def cut(_: Any) -> int:
        relay._session.connection.terminate()
        return 204

    receiver.behave = cut
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["cursor_pos"] == start
    receiver.behave = lambda _: 204
    await outside.run(relay)
    assert (await outside.endpoint(endpoint))["cursor_pos"] > start


async def test_while_a_secret_rotates_both_sign(outside: Any, receiver: Any, thing: Any, clock: Any) -> None:
    until = now() + timedelta(hours=24)
    await outside.subscribe(receiver, secret=new_secret(), old_secret=receiver.secret, old_secret_until=until)
    await outside.publish(thing())
    await outside.run(outside.relay())
    assert len(receiver.taken) == 1
    assert receiver.requests[0][0]["webhook-signature"].count("v1,") == 2


async def test_the_feeds_past_is_pruned_but_not_what_somebody_still_needs(
    outside: Any, receiver: Any, thing: Any, clock: Any, settings: Any
) -> None:
    await outside.publish(thing())
    await outside.subscribe(receiver)
    await outside.publish(thing())
    later = now() + timedelta(days=91)
    await prune_old(JobContext(database=outside.database, settings=settings, now=later))
    assert await outside.value("SELECT count(*) FROM outbox") == 1
    await outside.run(outside.relay())
    await prune_old(JobContext(database=outside.database, settings=settings, now=later))
    assert await outside.value("SELECT count(*) FROM outbox") == 0


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(None, Verdict.FAILING), (200, Verdict.DELIVERED), (204, Verdict.DELIVERED), (301, Verdict.FAILING),
     (400, Verdict.REFUSED), (401, Verdict.FAILING), (404, Verdict.FAILING), (410, Verdict.GONE),
     (422, Verdict.REFUSED), (429, Verdict.FAILING), (500, Verdict.REFUSED), (503, Verdict.FAILING)],
)  # fmt: skip
def test_each_status_has_one_meaning(status: int | None, verdict: Verdict) -> None:
    assert judge(status) is verdict


async def test_lanes_that_split_a_subject_are_seen_by_the_order_test(outside: Any, receiver: Any, thing: Any) -> None:
    """A wrong rule must break what the order test asserts, or that test proves nothing."""
    turns = iter(range(10_000))
    await outside.subscribe(receiver)
    one = new_id()
    await outside.publish(*(thing(one, str(number)) for number in range(1000)))
    await outside.run(outside.relay(lane_of=lambda _: next(turns) % 4))
    await asyncio.sleep(0)
    assert [event["subjectversion"] for event in receiver.taken] != list(range(1, 1001))
