"""Accounts 客户 and their settlement entities 结算主体: master data whose event is their whole public state."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from contracts.domain.payment_terms import PaymentTerms
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.events import Event


class AccountNotFound(NotFound):
    """No such account within the caller's scope."""

    code = "account_not_found"


class SettlementEntityNotFound(NotFound):
    """No such settlement entity of the account."""

    code = "settlement_entity_not_found"


class AccountCodeTaken(Conflict):
    """The code belongs to another account."""

    code = "account_code_taken"


class SettlementEntityCodeTaken(Conflict):
    """The code belongs to another settlement entity of the account."""

    code = "settlement_entity_code_taken"


class KaClass(StrEnum):
    """How far the retailer reaches (domain digest row 1)."""

    GKA = "GKA"
    """国际性: international background, more than one province."""
    NKA = "NKA"
    """全国性: more than one province."""
    LKA = "LKA"
    """区域性: stores in one region."""


class AccountType(StrEnum):
    """What kind of key account it is (domain digest row 3)."""

    CONVENIENCE_STORE = "convenience_store"
    """便利店 CVS."""
    SUPERMARKET = "supermarket"
    """超市."""
    HYPERMARKET = "hypermarket"
    """量贩."""
    DEPARTMENT_STORE = "department_store"
    """百货."""
    SHOPPING_CENTRE = "shopping_centre"
    """购物中心."""
    FAST_FOOD = "fast_food"
    """速食店."""
    AMUSEMENT_PARK = "amusement_park"
    """游乐区."""
    TRANSPORT_HUB = "transport_hub"
    """交通站."""


class DecisionStructure(StrEnum):
    """Who decides at the retailer (domain digest row 5)."""

    CENTRALISED = "centralised"
    """中央集权: buying and operating apart 营采分离."""
    DECENTRALISED = "decentralised"
    """地方分权: buying and operating together 营采合一."""
    MIXED = "mixed"
    """混合."""


class DeliveryMode(StrEnum):
    """Where goods are delivered (domain digest row 8)."""

    DC = "dc"
    """DC配送/统仓."""
    DIRECT_STORE = "direct_store"
    """单店配送."""
    MIXED = "mixed"


class Standing(StrEnum):
    """Whether business is done."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """An account was created or changed."""

    event_type: ClassVar[str] = "gondola.contracts.account_changed.v1"
    noun: ClassVar[str] = "account"

    code: str
    """Short business key, unique."""
    name: str
    """Name of the retailer 客户名称."""
    ka_class: str
    """GKA 国际性, NKA 全国性 or LKA 区域性."""
    account_type: str
    """One of eight kinds, like hypermarket 量贩 or convenience_store 便利店."""
    store_format: str
    """Usual store format 业态, as the retailer names it."""
    decision_structure: str
    """centralised 中央集权, decentralised 地方分权 or mixed 混合."""
    delivery_mode: str
    """dc 统仓, direct_store 单店配送 or mixed."""
    region: str
    """Sales region 大区; part of row-level scope."""
    owner_id: str
    """Subject of the person in charge 专人负责 at the identity provider."""
    performance_unit_id: str
    """Unit that the sales count for 业绩归属."""
    cost_unit_id: str
    """Unit that bears the fees 费用归属."""
    currency: str
    """ISO 4217 code of the account's documents."""
    status: str
    """active or inactive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementEntityChanged(Event):
    """A settlement entity was created or changed."""

    event_type: ClassVar[str] = "gondola.contracts.settlement_entity_changed.v1"
    noun: ClassVar[str] = "settlement-entity"

    code: str
    """Short business key, unique within the account."""
    name: str
    """Legal name of the payer 结算主体."""
    tax_id: str
    """Tax identification number 纳税人识别号."""
    payment_terms: PaymentTerms
    """Terms 账期 where no contract says otherwise."""
