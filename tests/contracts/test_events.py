"""What one service publishes, the others can read and apply."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import pytest

from shared.platform.db import Connection
from shared.platform.inbox import Handlers, NotYet, Received
from shared.platform.service import Service
from tests.architecture.databases import Urls, connected
from tests.architecture.discovery import listed, name_of, services
from tests.contracts.pairs import published, read_name, reads, received, with_nulls


@asynccontextmanager
async def nothing_stays(urls: Urls, service: Service) -> AsyncIterator[Connection]:
    """Yield a connection of the consumer's own role, on empty tables, in a transaction that is rolled back."""
    async with connected(urls[service.package].app) as connection:
        transaction = connection.transaction()
        await transaction.start()
        yield connection
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        await transaction.rollback()


async def applied(connection: Connection, handlers: Handlers, events: Sequence[Received[Any]]) -> bool:
    """Apply events of one type; say whether that could be done, or something that they refer to is missing."""
    found = handlers.find(events[0].type)
    assert found is not None
    try:
        async with connection.transaction():
            await found[0](connection, events)
    except NotYet:
        return False
    return True


@pytest.mark.parametrize(("consumer", "kind"), reads(), ids=read_name)
class TestTheReaderOf:
    def test_a_type_that_its_producer_publishes_under_that_noun(self, consumer: Service, kind: str):
        assert kind in published(), f"{consumer.name} reads {kind}, which nobody publishes"
        assert consumer.inbound.noun_of[kind] == published()[kind]["noun"]

    def test_understands_the_published_example(self, consumer: Service, kind: str):
        received(consumer.inbound, kind, published()[kind]["example"])

    async def test_takes_null_wherever_it_may_stand(self, consumer: Service, kind: str, migrated: Urls):
        found = []
        async with nothing_stays(migrated, consumer) as connection:
            for path, data in with_nulls(published()[kind]):
                try:
                    async with connection.transaction():
                        await applied(connection, consumer.inbound, [received(consumer.inbound, kind, data)])
                except (msgspec.ValidationError, asyncpg.PostgresError) as error:
                    found.append(f"{kind}: {path} may be null: {error}")
        assert not found, listed(found)

    async def test_applies_the_example_alone_or_says_what_is_missing(
        self, consumer: Service, kind: str, migrated: Urls
    ):
        event = received(consumer.inbound, kind, published()[kind]["example"])
        async with nothing_stays(migrated, consumer) as connection:
            await applied(connection, consumer.inbound, [event])

    async def test_applies_two_versions_of_a_subject_at_once(self, consumer: Service, kind: str, migrated: Urls):
        data = published()[kind]["example"]
        events = [received(consumer.inbound, kind, data, version=version) for version in (1, 2)]
        async with nothing_stays(migrated, consumer) as connection:
            await applied(connection, consumer.inbound, events)


@pytest.mark.parametrize("consumer", services(), ids=name_of)
class TestTheConsumer:
    def test_subscribes_to_nouns_that_exist(self, consumer: Service):
        nouns: dict[str, set[str]] = {}
        for kind, entry in published().items():
            nouns.setdefault(f"/{kind.split('.')[1].replace('_', '-')}", set()).add(entry["noun"])
        found = [
            f"{source}: {noun}"
            for source, wanted in consumer.inbound.nouns.items()
            for noun in wanted - nouns.get(source, set())
        ]
        assert not found, listed(found)

    def test_does_not_read_its_own_events(self, consumer: Service):
        assert f"/{consumer.name}" not in consumer.inbound.nouns

    async def test_applies_all_examples_in_whatever_order_they_come(self, consumer: Service, migrated: Urls):
        """Subjects come in any order: what is too early says so, and works once the rest is there."""
        for kinds in (list(consumer.inbound.noun_of), list(reversed(consumer.inbound.noun_of))):
            async with nothing_stays(migrated, consumer) as connection:
                waiting = [received(consumer.inbound, kind, published()[kind]["example"]) for kind in kinds]
                progress = True
                while waiting and progress:
                    later = [e for e in waiting if not await applied(connection, consumer.inbound, [e])]
                    progress, waiting = len(later) < len(waiting), later


@dataclass(frozen=True)
class Thing:
    name: str


def test_a_reader_that_does_not_expect_null_is_found():
    handlers = Handlers()

    @handlers.on("gondola.things.thing_made.v1", Thing, noun="thing")
    async def thing_made(connection: Connection, events: Sequence[Received[Thing]]) -> None:
        """Do nothing."""

    named = {"id": "01900000-0000-7000-8000-000000000001", "name": "a"}
    schema = {"properties": {"name": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    ((path, nameless),) = with_nulls({"schema": schema, "example": named})
    assert path == "name"
    assert received(handlers, "gondola.things.thing_made.v1", named).data == Thing("a")
    with pytest.raises(msgspec.ValidationError):
        received(handlers, "gondola.things.thing_made.v1", nameless)


def test_nulls_are_put_into_nested_lists():
    inner = {"properties": {"no": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}
    schema = {"properties": {"parts": {"items": {"$ref": "#/$defs/Part"}}}, "$defs": {"Part": inner}}
    found = list(with_nulls({"schema": schema, "example": {"parts": [{"no": 1}, {"no": 2}]}}))
    assert found == [("parts.no", {"parts": [{"no": None}, {"no": None}]})]
