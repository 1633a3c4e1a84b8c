"""A store 门店 of an account: where promotions are executed and audits are made."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from shared.kernel.errors import Conflict, NotFound
from shared.kernel.events import Event

LATITUDE_MAX, LONGITUDE_MAX = 90, 180
"""Degrees."""


class StoreGrade(StrEnum):
    """Grade 门店等级 of a store, the best first (domain digest 1.1, row 27)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class StoreStatus(StrEnum):
    """Whether the store trades: ``inactive`` while it is refitted or not yet open, ``closed`` for good."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"


class StoreNotFound(NotFound):
    """No such store among the caller's accounts."""

    code = "store_not_found"


class AccountNotFound(NotFound):
    """No such account among the caller's."""

    code = "account_not_found"


class StoreCodeTaken(Conflict):
    """Another store of the account has the code."""

    code = "store_code_taken"


class StoreAccountFixed(Conflict):
    """A store stays with the account that it was opened for."""

    code = "store_account_fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreChanged(Event):
    """A store was opened, described anew or closed; carries its full state."""

    event_type: ClassVar[str] = "gondola.store_ops.store_changed.v1"
    noun: ClassVar[str] = "store"

    code: str
    """The account's own number of the store 店号; unique within the account."""
    name: str
    """Name on the shopfront 店名."""
    grade: StoreGrade
    """Grade 门店等级, A the best."""
    store_format: str
    """Format 业态 in snake_case, for example ``hypermarket`` 量贩店 or ``convenience`` 便利店."""
    province: str
    """Province 省."""
    city: str
    """City 市."""
    area_sqm: Decimal | None = None
    """Sales area 营业面积 in square metres, 2 decimals."""
    latitude: Decimal | None = None
    """Degrees north (WGS 84), 6 decimals."""
    longitude: Decimal | None = None
    """Degrees east (WGS 84), 6 decimals."""
    opened_on: date
    """First day of trade 开业日."""
    closed_on: date | None = None
    """Last day of trade 闭店日; set exactly when the status is closed."""
    status: StoreStatus
    """Whether the store trades."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store as its account's manager describes it. It belongs to one account for life.

    - The code is the account's own store number and unique within the account.
    - ``closed`` needs ``closed_on``, any other status forbids it; it is never before ``opened_on``.
    - Latitude and longitude are given together.
    """

    id: UUID
    account_id: UUID
    code: str
    name: str
    grade: StoreGrade
    store_format: str
    province: str
    city: str
    area_sqm: Decimal | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    opened_on: date
    closed_on: date | None = None
    status: StoreStatus = StoreStatus.ACTIVE

    def __post_init__(self) -> None:
        if (self.status is StoreStatus.CLOSED) != (self.closed_on is not None):
            raise ValueError("closed_on is given exactly when the status is closed")
        if self.closed_on is not None and self.closed_on < self.opened_on:
            raise ValueError(f"closed_on {self.closed_on} is before opened_on {self.opened_on}")
        if self.area_sqm is not None and self.area_sqm <= 0:
            raise ValueError("area_sqm must be above zero")
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are given together or not at all")
        if self.latitude is not None and abs(self.latitude) > LATITUDE_MAX:
            raise ValueError("latitude is between -90 and 90 degrees")
        if self.longitude is not None and abs(self.longitude) > LONGITUDE_MAX:
            raise ValueError("longitude is between -180 and 180 degrees")

    def replaced_by(self, new: "Store") -> StoreChanged | None:
        """Return what to announce when ``new`` takes this description's place; None when nothing differs.

        Raises:
            StoreAccountFixed: the new description names another account.
        """
        if new.account_id != self.account_id:
            raise StoreAccountFixed(
                "A store stays with its account: close this store and open another id for the new account."
            )
        return None if new == self else new.changed()

    def changed(self) -> StoreChanged:
        """Return the event that carries this state."""
        return StoreChanged(
            id=self.id,
            account_id=self.account_id,
            code=self.code,
            name=self.name,
            grade=self.grade,
            store_format=self.store_format,
            province=self.province,
            city=self.city,
            area_sqm=self.area_sqm,
            latitude=self.latitude,
            longitude=self.longitude,
            opened_on=self.opened_on,
            closed_on=self.closed_on,
            status=self.status,
        )
