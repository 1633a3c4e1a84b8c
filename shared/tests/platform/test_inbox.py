"""The inbox applies what arrives once and in order per subject, whatever the wire does to it."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from shared.platform.auth import EVERYTHING, Role
from shared.platform.clock import now
from shared.platform.db import Connection
from shared.platform.feeds import Puller
from shared.platform.ids import new_id
from shared.platform.inbox import BATCH, SINGLE, Applier, Handlers, NotYet, Plan, Received, parse, store
from shared.platform.json import Unreadable, encode
from shared.platform.outgoing import Outgoing
from shared.platform.signing import new_secret, sign

MADE, RENAMED, PAINTED = (f"gondola.receivables.thing_{verb}.v1" for verb in ("made", "renamed", "painted"))
STATES = "SELECT state FROM inbox ORDER BY subject_version"


@dataclass(frozen=True, slots=True)
class Named:
    """What is read."""

    name: str


def event(subject: UUID, version: int, name: str = "n", kind: str = MADE) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": new_id(), "source": "/receivables", "type": kind, "subject": f"thing/{subject}",
        "subjectversion": version, "time": now(), "data": {"id": subject, "name": name, "unread": [1]},
    }  # fmt: skip


class Inside:
    """The receiving side of one service: what it applied, and what it shall fail at."""

    def __init__(self, app: FastAPI) -> None:
        self.database = app.state.database
        self.seen: list[tuple[UUID, int]] = []
        self.batches: list[int] = []
        self.poison: set[str] = set()
        self.not_yet: set[str] = set()
        self.handlers = Handlers()
        for kind in (MADE, RENAMED):
            self.handlers.on(kind, Named, noun="thing")(self.handle)
        self.applier = Applier(database=self.database, handlers=self.handlers, chance=lambda: 0.5)

    async def handle(self, connection: Connection, events: Sequence[Received[Named]]) -> None:
        await connection.executemany(
            "INSERT INTO things (id, account_id, name, price, version) VALUES ($1, $1, $2, 1, $3)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version,"
            " price = things.price + 1",
            [(each.subject_id, f"{each.data.name} {each.subject_id}", each.version) for each in events],
        )
        if any(each.data.name in self.not_yet for each in events):
            raise NotYet("what it refers to")
        if any(each.data.name in self.poison for each in events):
            raise ValueError("poison")
        self.batches.append(len(events))

    async def receive(self, *events: dict[str, Any]) -> int:
        new = 0
        for start in range(0, len(events), 100):
            async with self.database.raw(EVERYTHING) as connection:
                new += await store(connection, parse(encode(list(events[start : start + 100])), BATCH), at=now())
        return new

    async def apply(self) -> None:
        while await self.applier.step() == 0:
            pass

    async def rows(self, statement: str, *arguments: Any) -> Any:
        async with self.database.raw(EVERYTHING) as connection:
            return await connection.fetch(statement, *arguments)

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows(STATES)]


@pytest.fixture
async def inside(app: FastAPI, clean: None) -> Inside:
    return Inside(app)


@pytest.mark.parametrize("seed", range(3))
async def test_duplicates_and_disorder_have_their_effect_once_and_in_order(inside: Inside, seed: int) -> None:
    dice = random.Random(seed)
    ids = [new_id() for _ in range(30)]
    events = [
        event(each, version, f"v{version}", dice.choice((MADE, RENAMED))) for version in range(1, 21) for each in ids
    ]
    wire = events + dice.sample(events, 200)
    dice.shuffle(wire)

    async def send(part: list[dict[str, Any]]) -> None:
        for start in range(0, len(part), 40):
            await inside.receive(*part[start : start + 40])
            await inside.applier.step()

    await asyncio.gather(send(wire[:400]), send(wire[400:]))
    await inside.apply()
    rows = await inside.rows("SELECT id, name, price, version FROM things")
    assert {(row["id"], row["name"], row["version"], int(row["price"])) for row in rows} == {
        (each, f"v20 {each}", 20, 20) for each in ids
    }
    assert set(await inside.states()) == {"done"}


async def test_batches_are_large_and_a_subjects_order_holds_across_types(inside: Inside) -> None:
    ids = [new_id() for _ in range(100)]
    for each in ids:
        await inside.receive(event(each, 1), event(each, 2, kind=RENAMED), event(each, 3, kind=RENAMED))
    await inside.apply()
    assert inside.batches == [100, 200]


async def test_poison_is_parked_with_what_follows_and_nothing_else_waits(inside: Inside, clock: Any) -> None:
    bad = new_id()
    inside.poison.add("poison")
    others = [event(new_id(), 1, "fine") for _ in range(50)]
    await inside.receive(*others[:25], event(bad, 1, "first"), event(bad, 2, "poison"), event(bad, 3, "after"))
    await inside.receive(*others[25:])
    await inside.apply()
    assert len(await inside.rows("SELECT FROM things WHERE name LIKE 'fine%'")) == 50
    held = await inside.rows("SELECT state, attempts, error FROM inbox WHERE state <> 'done' ORDER BY subject_version")
    assert [tuple(row) for row in held] == [("retrying", 1, "ValueError: poison"), ("waiting", 0, None)]
    clock.advance(seconds=6)
    inside.poison.clear()
    await inside.apply()
    row = (await inside.rows("SELECT name, version, price FROM things WHERE id = $1", bad))[0]
    assert (row["name"], row["version"], int(row["price"])) == (f"after {bad}", 3, 3)


async def test_a_long_line_behind_a_parked_event_goes_on_to_its_end(inside: Inside, clock: Any) -> None:
    bad = new_id()
    inside.poison.add("poison")
    await inside.receive(event(bad, 1, "poison"), *(event(bad, version, "next") for version in range(2, 1301)))
    await inside.apply()
    inside.poison.clear()
    clock.advance(seconds=6)
    await inside.apply()
    assert set(await inside.states()) == {"done"}
    assert not await inside.rows("SELECT FROM inbox_subjects WHERE gap_since IS NOT NULL")


async def test_poison_dies_after_its_last_attempt_and_is_replayed_by_one_call(
    inside: Inside, clock: Any, api: Any
) -> None:
    bad, admin = new_id(), api.as_(Role.ADMIN)
    inside.poison.add("poison")
    inside.applier.pauses_seconds = (5, 30)
    await inside.receive(event(bad, 1, "poison"), event(bad, 2, "after"))
    for _ in range(4):
        await inside.apply()
        clock.advance(seconds=31)
    shown = (await admin.get("/v1/inbox")).json()["items"]
    assert [(each["state"], each["attempts"], each["error"]) for each in shown] == [("dead", 3, "ValueError: poison")]
    inside.poison.clear()
    answer = await admin.post(f"/v1/inbox/{shown[0]['event_id']}:replay")
    assert answer.status_code == 202
    await inside.apply()
    assert await inside.states() == ["done", "done"]


async def test_what_has_not_yet_arrived_is_waited_for_an_hour_before_it_counts_as_a_failure(
    inside: Inside, clock: Any
) -> None:
    inside.not_yet.add("early")
    await inside.receive(event(new_id(), 1, "early"))
    for _ in range(20):
        await inside.apply()
        clock.advance(seconds=6)
    assert [tuple(row) for row in await inside.rows("SELECT state, attempts FROM inbox")] == [("retrying", 0)]
    clock.advance(hours=1)
    await inside.apply()
    assert [tuple(row) for row in await inside.rows("SELECT state, attempts FROM inbox")] == [("retrying", 1)]
    inside.not_yet.clear()
    clock.advance(seconds=6)
    await inside.apply()
    assert await inside.states() == ["done"]


async def test_an_older_version_never_overwrites_and_unread_types_move_the_version(inside: Inside) -> None:
    one = new_id()
    await inside.receive(event(one, 1, "a"), event(one, 2, "b", PAINTED), event(one, 3, "c"))
    await inside.apply()
    await inside.receive(event(one, 2, "other", MADE))
    await inside.apply()
    assert (await inside.rows("SELECT name FROM things"))[0]["name"] == f"c {one}"
    assert await inside.states() == ["done", "ignored", "ignored", "done"]


async def test_duplicates_are_counted_at_their_source(inside: Inside, api: Any) -> None:
    admin = api.as_(Role.ADMIN)
    await admin.put("/v1/event-sources/receivables", json={"source": "/receivables", "secrets": [new_secret()]})
    events = [event(new_id(), 1) for _ in range(10)]
    assert await inside.receive(*events) == 10
    assert await inside.receive(*events, event(new_id(), 1)) == 1
    shown = (await admin.get("/v1/event-sources")).json()["items"]
    assert [(each["name"], each["duplicates"]) for each in shown] == [("receivables", 10)]


async def test_a_gap_waits_and_is_pulled_from_the_producers_feed(
    inside: Inside, api: Any, app: FastAPI, settings: Any, clock: Any, feed: Any
) -> None:
    one = new_id()
    events = [event(one, version, f"v{version}") for version in range(1, 6)]
    feed.items = events
    await api.as_(Role.ADMIN).put(
        "/v1/event-sources/receivables",
        json={"source": "/receivables", "secrets": [new_secret()], "feed_url": f"{feed.url}/v1/events"},
    )
    await inside.receive(events[0], events[3])
    await inside.apply()
    assert await inside.states() == ["done", "waiting"]
    puller = Puller(
        database=inside.database, outgoing=Outgoing(local=True),
        settings=settings.model_copy(update={"token_url": f"{feed.url}/token", "client_secret": SecretStr("s")}),
    )  # fmt: skip
    await puller.step()
    assert feed.asked == []
    clock.advance(seconds=4)
    await puller.step()
    assert feed.asked == [(f"thing/{one}", "1", "Bearer token-1")]
    await inside.apply()
    assert await inside.states() == ["done"] * 5
    await puller.outgoing.close()


async def test_where_the_producer_has_pruned_a_subject_begins_with_the_oldest_event_there_is(
    inside: Inside, api: Any, settings: Any, clock: Any, feed: Any
) -> None:
    one = new_id()
    events = [event(one, version, f"v{version}") for version in range(7, 10)]
    feed.items = events
    await api.as_(Role.ADMIN).put(
        "/v1/event-sources/receivables",
        json={"source": "/receivables", "secrets": [new_secret()], "feed_url": f"{feed.url}/v1/events"},
    )
    await inside.receive(events[2])
    await inside.apply()
    clock.advance(seconds=4)
    puller = Puller(
        database=inside.database, outgoing=Outgoing(local=True),
        settings=settings.model_copy(update={"token_url": f"{feed.url}/token"}),
    )  # fmt: skip
    await puller.step()
    await inside.apply()
    assert await inside.states() == ["done"] * 3
    await puller.outgoing.close()


@pytest.mark.parametrize("trouble", ["feed down", "issuer down", "unreadable", "foreign", "held"])
async def test_a_pull_that_gives_nothing_is_made_again_later(
    inside: Inside, api: Any, settings: Any, clock: Any, feed: Any, trouble: str
) -> None:
    one = new_id()
    events = [event(one, version, f"v{version}") for version in range(1, 4)]
    feed.items = [each | {"source": "/contracts"} for each in events] if trouble == "foreign" else events
    feed.text = b'{"items": [1]}' if trouble == "unreadable" else None
    down = "http://127.0.0.1:1029"
    await api.as_(Role.ADMIN).put(
        "/v1/event-sources/receivables",
        json={
            "source": "/receivables", "secrets": [new_secret()],
            "feed_url": f"{down if trouble == 'feed down' else feed.url}/v1/events",
        },
    )  # fmt: skip
    if trouble == "held":
        inside.poison.add("v1")
        await inside.receive(events[0])
    await inside.receive(events[1])
    await inside.apply()
    clock.advance(seconds=4)
    token_url = f"{down if trouble == 'issuer down' else feed.url}/token"
    puller = Puller(
        database=inside.database, outgoing=Outgoing(local=True),
        settings=settings.model_copy(update={"token_url": token_url}),
    )  # fmt: skip
    if trouble == "issuer down":
        with pytest.raises(ConnectionError):
            await puller.step()
    else:
        await puller.step()
    assert "waiting" in await inside.states()
    inside.poison.clear()
    feed.items, feed.text = events, None
    puller.settings = settings.model_copy(update={"token_url": f"{feed.url}/token"})
    await inside.rows("UPDATE event_sources SET feed_url = $1", f"{feed.url}/v1/events")
    clock.advance(seconds=31)
    await puller.step()
    await inside.apply()
    assert set(await inside.states()) == {"done"}
    await puller.outgoing.close()


class Feed:
    """A producer's feed and token endpoint on a real socket."""

    def __init__(self) -> None:
        self.url = ""
        self.items: list[dict[str, Any]] = []
        self.text: bytes | None = None
        self.asked: list[tuple[str, str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = httpx.URL(head.split(" ")[1])
        if target.path == "/token":
            body = encode({"access_token": "token-1", "expires_in": 300})
        else:
            authorization = head.partition("authorization: ")[2].partition("\r\n")[0]
            subject, version = target.params["subject"], target.params["after_version"]
            self.asked.append((subject, version, authorization))
            found = [each for each in self.items if each["subjectversion"] > int(version)]
            body = self.text or encode({"items": found, "next": "0", "more": False})
        writer.write(f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def feed() -> Any:
    feed = Feed()
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    feed.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield feed
    server.close()


async def test_signed_events_are_stored_and_anything_else_is_refused(inside: Inside, api: Any) -> None:
    secret = new_secret()
    source = {"source": "/receivables", "secrets": [new_secret(), secret]}
    assert (await api.as_(Role.ADMIN).put("/v1/event-sources/receivables", json=source)).status_code == 200
    assert (await api.as_(Role.FINANCE).put("/v1/event-sources/x", json=source)).status_code == 403

    async def post(body: bytes, content_type: str = BATCH, key: str = secret) -> int:
        headers = {"content-type": content_type, **sign([key], "id-1", now(), body.decode())}
        status: int = (await api.post("/v1/inbound-events", content=body, headers=headers)).status_code
        return status

    good = event(new_id(), 1)
    assert await post(encode([good])) == 204
    assert await post(encode(good), SINGLE) == 204
    assert await post(encode([])) == 204
    assert len(await inside.states()) == 1
    assert await post(encode([good]), key=new_secret()) == 401
    assert await post(encode([good]), "application/json") == 415
    assert await post(encode([good | {"source": "/contracts"}])) == 403
    assert await post(encode([good] * 101)) == 400
    assert await post(encode(good)) == 400
    assert await post(b'[{"specversion":"1.0","specversion":"1.0"}]') == 400
    for broken in ({"id": "1"}, {"subject": "thing"}, {"subjectversion": 0}, {"subjectversion": 1.5}, {"time": "now"},
                   {"specversion": "0.3"}, {"data": {"name": "a\x00b"}}, {"type": "no dots"}):  # fmt: skip
        assert await post(encode([good | broken])) == 400, broken
    headers = {"content-type": BATCH, **sign([secret], "id-1", now(), "[]")}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        for value in (None, "", "x", "v1,é".encode(), "v1,%%%", "v1", "-1", "9" * 30, "nan"):
            bad: dict[str, Any] = {key: each for key, each in headers.items() if key != name}
            bad |= {name: value} if value else {}
            answer = await api.post("/v1/inbound-events", content=b"[]", headers=bad)
            assert answer.status_code == 401 or (name == "webhook-id" and not value), (name, value)
    assert (await api.post("/v1/inbound-events", content=b"\xff", headers=headers)).status_code == 401


async def test_a_ping_is_answered_with_its_challenge_and_not_stored(inside: Inside, api: Any) -> None:
    secret = new_secret()
    source = {"source": "/receivables", "secrets": [secret]}
    await api.as_(Role.ADMIN).put("/v1/event-sources/receivables", json=source)
    ping = event(new_id(), 1, kind="gondola.receivables.webhook_ping.v1") | {"data": {"challenge": "c-1"}}
    body = encode(ping)
    headers = {"content-type": SINGLE, **sign([secret], "id-1", now(), body.decode())}
    answer = await api.post("/v1/inbound-events", content=body, headers=headers)
    assert answer.json() == {"challenge": "c-1"}
    assert await inside.states() == []


def test_bodies_are_read_strictly() -> None:
    with pytest.raises(Unreadable):
        parse(b"[" * 100_000, BATCH)
    with pytest.raises(Unreadable):
        parse(b"[]", "text/plain")


def test_one_type_has_one_handler() -> None:
    handlers = Handlers()
    handlers.copy(MADE, noun="thing", table="things", columns=("name",))
    with pytest.raises(AssertionError):
        handlers.copy(MADE, noun="thing", table="things", columns=("name",))


async def test_a_wrong_plan_is_seen_by_these_tests(inside: Inside) -> None:
    """Without the rule of versions an older event overwrites: the tests above can see that."""
    inside.applier.sort_out = lambda rows: Plan(ready=list(rows))
    one = new_id()
    await inside.receive(event(one, 2, "new"))
    await inside.apply()
    await inside.receive(event(one, 1, "old"))
    await inside.apply()
    assert (await inside.rows("SELECT name FROM things"))[0]["name"] == f"old {one}"
