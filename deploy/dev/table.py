"""The processes that make up a running Gondola, as data."""

from dataclasses import dataclass
from typing import Literal

# Service, as in URLs and process names; its package, schema and prefix of settings; the port it prefers.
SERVICES = (
    ("contracts", "contracts", 8101),
    ("promotions", "promotions", 8102),
    ("store-ops", "store_ops", 8103),
    ("receivables", "receivables", 8104),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """One line of the table. In ``argv`` stand {python} and {port}; ``package`` says whose settings it gets."""

    name: str
    kind: Literal["issuer", "migration", "api", "worker"]
    argv: tuple[str, ...]
    package: str | None = None
    port: int | None = None  # The port it prefers; None for what does not listen.
    ready: str | None = None  # The path that answers 2xx once it is ready; None where being alive must do.


def _of_service(name: str, package: str, port: int) -> tuple[Process, ...]:
    main = ("{python}", "-m", f"{package}.main")
    api = (*main, "api", "--port", "{port}")
    return (
        Process(name=f"{name}-migrate", kind="migration", argv=(*main, "migrate", "up"), package=package),
        Process(name=name, kind="api", argv=api, package=package, port=port, ready="/readyz"),
        Process(name=f"{name}-worker", kind="worker", argv=(*main, "worker"), package=package),
    )


ISSUER = Process(
    name="issuer",
    kind="issuer",
    argv=("{python}", "-m", "shared.platform.local_issuer", "--port", "{port}"),
    port=8100,
    ready="/jwks.json",
)

TABLE: tuple[Process, ...] = (ISSUER, *(process for service in SERVICES for process in _of_service(*service)))
