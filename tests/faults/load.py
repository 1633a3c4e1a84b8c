"""The load while processes die: stores are described, invoices posted, visits reported, by clients that do not give up.

Each client has stores of its own, so that it knows which description was the last. Now and then a client forgets that
it was answered and sends a command again.
"""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tests.faults import ground
from tests.faults.client import Callers, Client, Json
from tests.faults.ground import Facts
from tests.faults.plan import Plan

REPEATS = 0.2
WINDOW_SECONDS = 14 * 24 * 3600
FIRST_VISIT = datetime.fromisoformat(f"{ground.STARTS_ON}T00:00:00+08:00").astimezone(UTC)


class Sender:
    """One client, its stores, and its own chance."""

    def __init__(self, number: int, callers: Callers, facts: Facts, seed: int) -> None:
        self.number, self.client, self.facts = number, Client(callers), facts
        self.chance = random.Random(f"{seed} {number}")
        self._stores: list[UUID] = []
        self._sent = 0

    def new_id(self) -> UUID:
        """Return an id of this client's chance."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    async def run(self, stop: asyncio.Event, pause_seconds: float) -> None:
        """Send commands until ``stop`` is set."""
        try:
            while not stop.is_set():
                await self.chance.choices((self.store, self.invoices, self.audit), (3, 3, 4))[0]()
                await asyncio.sleep(pause_seconds)
        finally:
            await self.client.close()

    async def store(self) -> None:
        """Describe a store, one of ours anew or another one."""
        self._sent += 1
        is_new = not self._stores or self.chance.random() < 0.5
        store = self.new_id() if is_new else self.chance.choice(self._stores)
        body = ground.store_body(f"S{self.number}-{store}"[:30], f"Store as of {self._sent}")
        await self.client.send("ka_manager", "PUT", "store-ops", f"/v1/stores/{store}", body)
        self.facts.stores.setdefault(store, []).append(body)
        if is_new:
            self._stores.append(store)
        if self._forgets():
            again = await self.client.send("ka_manager", "PUT", "store-ops", f"/v1/stores/{store}", body)
            self.facts.absorbed += again.json()["version"] == len(self.facts.stores[store])

    async def invoices(self) -> None:
        """Post a batch of invoices; sent again under another key each of them is known."""
        batch = [self._invoice(self.new_id()) for _ in range(self.chance.randint(1, 4))]
        key = str(self.new_id())
        path, body = "/v1/invoices:batch", {"invoices": batch}
        first = (await self.client.send("erp", "POST", "receivables", path, body, key=key)).json()
        taken = {each["id"] for each in first["posted"] + first["unchanged"]}
        assert taken == {each["id"] for each in batch}, first["refused"]
        self.facts.invoices |= {UUID(each["id"]): str(self._net(each)) for each in batch}
        if self._forgets():
            is_same = self.chance.random() < 0.5
            again = await self.client.send(
                "erp", "POST", "receivables", path, body, key=key if is_same else str(self.new_id())
            )
            replayed = again.headers.get("idempotency-replayed") == "true"
            self.facts.absorbed += replayed if is_same else len(again.json()["unchanged"]) == len(batch)

    async def audit(self) -> None:
        """Report a visit to one of the promoted stores: late, early, in any order, true or not."""
        audit, place = self.new_id(), self.chance.choice(ground.STORES)
        visited_at = FIRST_VISIT + timedelta(seconds=self.chance.randrange(WINDOW_SECONDS))
        common = {"product_id": str(ground.TEA), "photo_sha256s": [ground.PHOTO_SHA256]}
        price, count = self.chance.choice(("33.9000", "39.9000")), self.chance.randint(0, 3)
        body: Json = {
            "store_id": str(place),
            "visited_at": visited_at.isoformat(),
            "template_version": "2031.1",
            "findings": [
                {**common, "kind": "price", "is_present": True, "price_found": price},
                {**common, "kind": "endcap", "is_present": count > 0, "count_found": count},
            ],
        }
        await self.client.send("field_rep", "PUT", "store-ops", f"/v1/audits/{audit}", body)
        self.facts.audits[audit] = body
        if self._forgets():
            again = await self.client.send("field_rep", "PUT", "store-ops", f"/v1/audits/{audit}", body)
            self.facts.absorbed += again.status_code == 200

    def _forgets(self) -> bool:
        forgets = self.chance.random() < REPEATS
        self.facts.repeated += forgets
        return forgets

    def _invoice(self, invoice: UUID) -> Json:
        lines = []
        for line_no in range(1, self.chance.randint(2, 4)):
            quantity, cents = self.chance.randint(1, 500), self.chance.randint(1, 9_999_99)
            lines.append(
                {"line_no": line_no, "store_id": str(ground.STORES[0]), "product_id": str(ground.TEA),
                 "quantity": str(quantity), "unit_price": "27.0000", "net_amount": f"{cents // 100}.{cents % 100:02}",
                 "tax_rate": "0.13"}
            )  # fmt: skip
        return {"id": str(invoice), "number": f"I-{invoice}", "account_id": str(ground.ACCOUNT),
                "settlement_entity_id": str(ground.PAYER), "invoiced_on": "2031-03-05", "currency": "CNY",
                "tax_basis": "excl", "lines": lines}  # fmt: skip

    @staticmethod
    def _net(invoice: Json) -> Decimal:
        return sum((Decimal(line["net_amount"]) for line in invoice["lines"]), Decimal(0))


async def send_until(stop: asyncio.Event, plan: Plan, callers: Callers, facts: Facts) -> None:
    """Let all clients of the plan send until ``stop`` is set."""
    async with asyncio.TaskGroup() as group:
        for number in range(plan.clients):
            sender = Sender(number, callers, facts, plan.seed)
            group.create_task(sender.run(stop, plan.client_pause_seconds))
