"""The tables of contracts, and which of them are aggregates."""

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import registry, relationship

from contracts.db.types import EnumText, ValueJson
from contracts.domain.contract import Contract, ContractStatus, ContractVersion
from contracts.domain.payment_terms import PaymentTerms
from contracts.domain.terms import TaxBasis, Term
from shared.platform.db import amount, new_metadata, quantity, rate, unit_price, uuid_key

metadata = new_metadata()
payment_terms_json = ValueJson(TypeAdapter(PaymentTerms))
terms_json = ValueJson(TypeAdapter(tuple[Term, ...]))

accounts = Table(
    "accounts",
    metadata,
    uuid_key(),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("ka_class", Text, nullable=False),
    Column("account_type", Text, nullable=False),
    Column("store_format", Text, nullable=False),
    Column("decision_structure", Text, nullable=False),
    Column("delivery_mode", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("owner_id", Text, nullable=False),
    Column("performance_unit_id", Text, nullable=False),
    Column("cost_unit_id", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("code"),
    Index(None, "region"),
)

settlement_entities = Table(
    "settlement_entities",
    metadata,
    uuid_key(),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tax_id", Text, nullable=False),
    Column("payment_terms", payment_terms_json, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("account_id", "code"),
    UniqueConstraint("account_id", "id"),
)

products = Table(
    "products",
    metadata,
    uuid_key(),
    Column("sku", Text, nullable=False),
    Column("gtin", Text),
    Column("name", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("pack_quantity", Integer, nullable=False),
    Column("unit_size", quantity(), nullable=False),
    Column("unit_of_measure", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("vat_rate", rate(), nullable=False),
    Column("list_price", unit_price(), nullable=False),
    Column("tax_basis", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_sensitive", Boolean, nullable=False),
    Column("is_private_label", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("sku"),
    Index(None, "gtin", postgresql_where=text("gtin IS NOT NULL")),
)

contracts = Table(
    "contracts",
    metadata,
    uuid_key(),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("settlement_entity_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("status", EnumText(ContractStatus), nullable=False),
    Column("currency", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("termination_reason", Text),
    Column("version", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["account_id", "settlement_entity_id"], ["settlement_entities.account_id", "settlement_entities.id"]
    ),
    UniqueConstraint("account_id", "number"),
    UniqueConstraint("id", "account_id"),
    CheckConstraint("valid_from <= valid_to", name="days"),
    # The exclusion constraint contracts_one_a_day is made in migration 0001.
    Index("contracts_due_ix", "valid_from", "valid_to", postgresql_where=text("status IN ('signed', 'active')")),
)

contract_versions = Table(
    "contract_versions",
    metadata,
    Column("contract_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("account_id", Uuid, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date, nullable=False),
    Column("tax_basis", EnumText(TaxBasis), nullable=False),
    Column("payment_terms", payment_terms_json, nullable=False),
    Column("terms", terms_json, nullable=False),
    Column("signed_on", Date),
    Column("signatory", Text),
    Column("document_sha256", Text),
    ForeignKeyConstraint(["contract_id", "account_id"], ["contracts.id", "contracts.account_id"]),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("valid_from <= valid_to", name="days"),
    CheckConstraint("num_nonnulls(signed_on, signatory, document_sha256) IN (0, 3)", name="signature"),
    # The trigger signed_stays is made in migration 0001: a signed row is neither changed nor deleted.
    Index("contract_versions_one_draft_ix", "contract_id", unique=True, postgresql_where=text("signed_on IS NULL")),
)

# Read copies from receivables: what the attainment report adds up.

purchases = Table(
    "purchases",
    metadata,
    uuid_key(),
    Column("account_id", Uuid, nullable=False),
    Column("invoiced_on", Date, nullable=False),
    Column("currency", Text, nullable=False),
    Column("net_amount", amount(), nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "account_id", "invoiced_on"),
)


def _fees(name: str, day: str) -> Table:
    return Table(
        name,
        metadata,
        uuid_key(),
        Column("account_id", Uuid, nullable=False),
        Column("fee_kind", Text, nullable=False),
        Column(day, Date, nullable=False),
        Column("currency", Text, nullable=False),
        Column("amount_excl_tax", amount(), nullable=False),
        Column("version", BigInteger, nullable=False),
        Index(None, "account_id", day),
    )


accrued_fees = _fees("accrued_fees", "cycle_start")
settled_fees = _fees("settled_fees", "settled_on")

mapper = registry(metadata=metadata)
mapper.map_imperatively(ContractVersion, contract_versions)
mapper.map_imperatively(
    Contract,
    contracts,
    properties={
        "versions": relationship(
            ContractVersion, order_by=contract_versions.c.number, cascade="all, delete-orphan", lazy="selectin"
        )
    },
)
