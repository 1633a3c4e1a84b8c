"""Things that belong to accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.errors import Conflict, NotFound
from shared.kernel.events import Event
from shared.kernel.money import allocate
from shared.platform.auth import Role
from shared.platform.clock import now
from shared.platform.db import Connection, new_metadata
from shared.platform.fields import Amount, Answer, Body, ShortText
from shared.platform.http import Caller, IfMatch, Raw, Router, Tx, json_response, require_match
from shared.platform.ids import new_id
from shared.platform.inbox import Handlers, Received
from shared.platform.outbox import emit
from shared.platform.pagination import ListQuery, Page
from shared.platform.service import Service
from shared.platform.settings import ServiceSettings

metadata = new_metadata()
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("price", sa.Numeric(18, 2), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)


class ThingIn(Body):
    """A thing to be made."""

    account_id: UUID
    name: ShortText
    price: Amount


class Thing(Answer):
    """A thing."""

    id: UUID
    account_id: UUID
    name: str
    price: Amount


class NameTaken(Conflict):
    """Another thing has this name."""

    code = "name_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingMade(Event):
    """A thing was made."""

    event_type: ClassVar[str] = "gondola.contracts.thing_made.v1"
    noun: ClassVar[str] = "thing"
    name: str
    """What it is called."""
    price: Decimal
    """What it costs, with two places."""


router = Router(prefix="/v1/things", tags=["things"])
THINGS = ListQuery(
    select="SELECT id, account_id, name, price FROM things",
    order=("name", "id"),
    filters={"account_id": "account_id = {}"},
)


@router.post("", operation_id="create_thing", policy=[Role.KA_MANAGER], status_code=201, answers=Thing)
async def create_thing(body: ThingIn, tx: Tx, principal: Caller) -> Thing:
    """Make a thing."""
    thing = Thing(id=new_id(), **body.model_dump())
    await tx.execute(sa.insert(things).values(**thing.__dict__, version=1))
    await emit(tx, ThingMade(id=thing.id, account_id=thing.account_id, name=thing.name, price=thing.price), at=now())
    assert principal.roles
    if thing.name == "defect":
        raise RuntimeError("on purpose")
    return thing


@router.post("/{thing_id}:share", operation_id="share_thing", policy=[Role.FINANCE], idempotency="required")
async def share_thing(thing_id: UUID, tx: Tx) -> list[str]:
    """Share nothing among nobody: a value object's refusal."""
    price = await tx.scalar(sa.select(things.c.price).where(things.c.id == thing_id))
    if price is None:
        raise NotFound("There is no such thing.")
    return [str(share) for share in allocate(price, [])]


@router.put("/{thing_id}", operation_id="rename_thing", policy=[Role.KA_MANAGER])
async def rename_thing(thing_id: UUID, body: ThingIn, tx: Tx, if_match: IfMatch = None) -> Response:
    """Change a thing that one has seen."""
    version = await tx.scalar(sa.select(things.c.version).where(things.c.id == thing_id).with_for_update())
    if version is None:
        raise NotFound("There is no such thing.")
    require_match(if_match, version)
    await tx.execute(sa.update(things).where(things.c.id == thing_id).values(**body.model_dump(), version=version + 1))
    return json_response({"id": thing_id}, etag=version + 1)


@router.get("", operation_id="list_things", policy=[Role.KA_MANAGER, Role.AUDITOR], list_of=Thing)
async def list_things(raw: Raw, page: Page, account_id: UUID | None = None) -> Response:
    """List things."""
    return await THINGS.page(raw, page, account_id=account_id)


@router.put("/{thing_id}/content", operation_id="put_content", policy=[Role.KA_MANAGER], stream=True, max_body_mib=2)
async def put_content(request: Request, thing_id: UUID) -> dict[str, int]:
    """Count what is sent."""
    return {"bytes": sum([len(part) async for part in request.stream()])}


@router.get("/{thing_id}/content", operation_id="get_content", policy=[Role.KA_MANAGER], media_types=("text/csv",))
async def get_content(thing_id: UUID) -> Response:
    """Return a file."""
    return Response(f"id\n{thing_id}\n", media_type="text/csv")


inbound = Handlers()
inbound.copy("gondola.receivables.account_changed.v1", noun="account", table="accounts", columns=("region",))
seen: list[tuple[UUID, int]] = []


@dataclass(frozen=True, slots=True)
class Rename:
    """What we read of a rename."""

    id: UUID
    name: str


@inbound.on("gondola.receivables.thing_renamed.v1", Rename, noun="thing")
async def thing_renamed(connection: Connection, events: Sequence[Received[Rename]]) -> None:
    """Rename things."""
    for event in events:
        if event.data.name == "poison":
            raise ValueError("poison")
        seen.append((event.data.id, event.version))
    await connection.executemany(
        "UPDATE things SET name = $2 WHERE id = $1", [(event.data.id, event.data.name) for event in events]
    )


service = Service(
    name="contracts",
    title="Sample",
    description="Things.",
    settings=ServiceSettings,
    metadata=metadata,
    routers=[router],
    examples=[ThingMade(id=UUID(int=1), account_id=UUID(int=2), name="a thing", price=Decimal("1.50"))],
    inbound=inbound,
    constraints={"things_name_key": NameTaken("Another thing has this name. Choose another one.")},
    folder=Path(__file__).parent,
)
create_app = service.create_app
