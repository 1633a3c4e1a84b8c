"""How much is killed and how hard: numbers only, so that a night's run is the short test with other figures."""

import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass

POSTGRES = "postgres"
NUMBERS = {POSTGRES: (signal.SIGQUIT, signal.SIGKILL)}
"""PostgreSQL is ended by an immediate shutdown or by killing its postmaster; everything else by kill -9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One crash: what happens to which process, after which pause, and how long it stays down."""

    pause_seconds: float
    name: str
    number: signal.Signals
    down_seconds: float

    def __str__(self) -> str:
        return f"{self.pause_seconds:.3f} s, then {self.number.name} to {self.name}, up after {self.down_seconds:.3f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The numbers of a run. Everything that is left to chance comes from ``seed``."""

    kills: Mapping[str, int]
    """Kills per process of the stack, `postgres` included."""
    seed: int
    clients: int = 6
    client_pause_seconds: float = 0.04
    pause_seconds: tuple[float, float] = (0.3, 1.5)
    """Bounds of the pause before each kill: the load goes on meanwhile."""
    down_seconds: tuple[float, float] = (0.1, 0.8)
    quiet_seconds_max: float = 120.0
    """How long all of it may take to come to rest afterwards."""

    def schedule(self) -> list[Kill]:
        """Return the crashes in their order."""
        chance = random.Random(self.seed)
        names = [name for name, count in sorted(self.kills.items()) for _ in range(count)]
        chance.shuffle(names)
        return [
            Kill(
                pause_seconds=chance.uniform(*self.pause_seconds),
                name=name,
                number=chance.choice(NUMBERS.get(name, (signal.SIGKILL,))),
                down_seconds=chance.uniform(*self.down_seconds),
            )
            for name in names
        ]


SERVICES = ("contracts", "promotions", "store-ops", "receivables")


def _per_service(kills: int, *, postgres: int) -> dict[str, int]:
    """Return ``kills`` for each service, half of them of its worker."""
    counts = {POSTGRES: postgres}
    for service in SERVICES:
        counts |= {service: kills - kills // 2, f"{service}-worker": kills // 2}
    return counts


PLANS = {
    "ci": Plan(
        kills={"store-ops": 1, "store-ops-worker": 1, "receivables": 1, "receivables-worker": 1, POSTGRES: 1},
        seed=20310305,
    ),
    "default": Plan(kills=_per_service(25, postgres=5), seed=20310305),
    "nightly": Plan(kills=_per_service(300, postgres=30), seed=20310305, client_pause_seconds=0.2),
}
