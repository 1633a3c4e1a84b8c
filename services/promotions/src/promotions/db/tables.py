"""The service's tables as SQLAlchemy sees them; the migrations make them, and a test compares the two."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE
from sqlalchemy.types import TypeEngine

from shared.platform.db import amount, instant, new_metadata, quantity, unit_price, uuid_key

metadata = new_metadata()


def _columns(kind: type[TypeEngine[Any]] | TypeEngine[Any], *names: str, nullable: bool = False) -> list[Column[Any]]:
    return [Column(name, kind, nullable=nullable) for name in names]


def _version() -> Column[Any]:
    return Column("version", BigInteger, nullable=False)


def _stamps() -> list[Column[Any]]:
    return [Column(name, instant(), nullable=False) for name in ("created_at", "updated_at")]


def _key(name: str, kind: type[TypeEngine[Any]] = Uuid) -> Column[Any]:
    return Column(name, kind, primary_key=True)


def _reference(name: str, target: str) -> Column[Any]:
    return Column(name, ForeignKey(target), nullable=False)


def _prices(*names: str) -> list[Column[Any]]:
    return [Column(name, unit_price(), nullable=False) for name in names]


def _amounts(*names: str) -> list[Column[Any]]:
    return [Column(name, amount(), nullable=False) for name in names]


accounts = Table(
    "accounts", metadata, uuid_key(), *_columns(Text, "code", "name", "region", "currency", "status"), _version()
)
products = Table(
    "products", metadata, uuid_key(), *_columns(Text, "sku", "name"),
    *_columns(Text, "brand", "category", nullable=True), _version(), Index("products_sku_ix", "sku"),
)  # fmt: skip
stores = Table(
    "stores", metadata, uuid_key(), *_columns(Uuid, "account_id"), *_columns(Text, "code", "name"),
    *_columns(Text, "grade", nullable=True), *_columns(Text, "status"), _version(),
    Index("stores_account_id_code_ix", "account_id", "code"),
)  # fmt: skip
executions = Table(
    "executions", metadata, uuid_key(), *_columns(Uuid, "account_id", "promotion_id", "tactic_id", "store_id"),
    *_columns(Text, "verdict"), _version(), Index("executions_tactic_id_store_id_ix", "tactic_id", "store_id"),
)  # fmt: skip

dm_slots = Table(
    "dm_slots", metadata, uuid_key(), *_columns(Uuid, "account_id"), *_columns(Integer, "calendar_year", "slot_no"),
    *_columns(Date, "starts_on", "ends_on", "submit_deadline", "buy_in_starts_on", "buy_in_ends_on"),
    *_columns(Integer, "positions"), _version(), *_stamps(),
    UniqueConstraint("account_id", "calendar_year", "slot_no"),
)  # fmt: skip
"""No two slots of an account share a date: exclusion constraint ``dm_slots_no_overlap``."""
dm_slot_bookings = Table(
    "dm_slot_bookings", metadata, uuid_key(), *_columns(Uuid, "account_id"), _reference("dm_slot_id", "dm_slots.id"),
    *_columns(Integer, "position"), *_columns(Uuid, "product_id", "promotion_id", "tactic_id"),
    *_columns(instant(), "booked_at"),
    UniqueConstraint("dm_slot_id", "position"), UniqueConstraint("dm_slot_id", "product_id"),
    Index("dm_slot_bookings_promotion_id_ix", "promotion_id"),
)  # fmt: skip

funds = Table(
    "funds", metadata, uuid_key(), *_columns(Uuid, "account_id"), *_columns(Text, "name", "currency"),
    *_columns(Date, "starts_on", "ends_on"), *_amounts("budget", "committed", "earned", "paid"), _version(),
    *_stamps(), Index("funds_account_id_ix", "account_id"),
)  # fmt: skip
"""``committed``, ``earned`` and ``paid`` are sums of ``fund_entries``; ``funds_never_overdrawn`` orders them."""
fund_entries = Table(
    "fund_entries", metadata, Column("seq", BigInteger, Identity(always=True), primary_key=True),
    *_columns(Uuid, "account_id"), _reference("fund_id", "funds.id"), *_columns(Text, "kind"), *_amounts("amount"),
    *_columns(Uuid, "promotion_id", "fee_id"), *_columns(Date, "booked_on"), *_amounts("committed_after"),
    *_columns(Uuid, "source_id", nullable=True), *_columns(instant(), "recorded_at"),
    Index("fund_entries_fund_id_seq_ix", "fund_id", "seq"),
    Index("fund_entries_source_id_ix", "source_id", postgresql_where=text("source_id IS NOT NULL")),
)  # fmt: skip

promotions = Table(
    "promotions", metadata, uuid_key(), *_columns(Uuid, "account_id", "settlement_entity_id"),
    *_columns(Text, "number", "name", "mechanic", "status"),
    *_columns(Date, "starts_on", "ends_on", "buy_in_starts_on", "buy_in_ends_on"),
    Column("order_cap_quantity", quantity()), _reference("fund_id", "funds.id"), *_columns(Text, "currency"),
    *_amounts("planned_amount"), Column("store_ids", ARRAY(Uuid), nullable=False),
    *_columns(Text, "agreement_sha256", "agreement_signatory", nullable=True),
    *_columns(Date, "agreement_signed_on", "submitted_on", nullable=True),
    *_columns(Text, "rejection_reason", "cancellation_reason", nullable=True), _version(), *_stamps(),
    UniqueConstraint("account_id", "number"),
    Index("promotions_account_id_starts_on_ix", "account_id", "starts_on"),
    Index("promotions_running_ix", "status", "starts_on", "ends_on",
          postgresql_where=text("status IN ('committed', 'started')")),
)  # fmt: skip
promotion_items = Table(
    "promotion_items", metadata, Column("promotion_id", ForeignKey("promotions.id"), primary_key=True),
    _key("product_id"), *_columns(Uuid, "account_id"), *_columns(Integer, "place"),
    *_prices("regular_cost", "promo_cost", "regular_retail", "promo_retail"), *_columns(Text, "tax_basis"),
    Column("forecast_quantity", quantity(), nullable=False),
)  # fmt: skip
promotion_tactics = Table(
    "promotion_tactics", metadata, uuid_key(), _reference("promotion_id", "promotions.id"),
    *_columns(Uuid, "account_id"), *_columns(Integer, "place"), *_columns(Text, "kind"),
    *_columns(Uuid, "product_id"), *_columns(Integer, "count_per_store"),
    Column("dm_slot_id", ForeignKey("dm_slots.id")), *_columns(Integer, "dm_position", nullable=True),
    *_columns(Uuid, "fee_id"), *_columns(Text, "fee_kind", "basis"), *_prices("unit_amount"),
    *_amounts("planned_amount"), *_columns(Text, "settlement_method"),
    UniqueConstraint("fee_id"), Index("promotion_tactics_promotion_id_ix", "promotion_id"),
)  # fmt: skip
promotion_item_stores = Table(
    "promotion_item_stores", metadata, Column("promotion_id", ForeignKey("promotions.id"), primary_key=True),
    _key("product_id"), _key("store_id"), *_columns(Uuid, "account_id"), Column("during", DATERANGE, nullable=False),
)  # fmt: skip
"""What submitted promotions hold; ``promotion_item_stores_no_overlap`` keeps two from meeting."""
promotion_fees = Table(
    "promotion_fees", metadata, uuid_key(), *_columns(Uuid, "account_id"), _reference("promotion_id", "promotions.id"),
    *_columns(Uuid, "tactic_id"), _reference("fund_id", "funds.id"), *_amounts("committed", "earned", "uncovered"),
    *_columns(Boolean, "recheck"), *_columns(Numeric(18, 2), "earned_amount", nullable=True),
    *_columns(Numeric(18, 4), "units_sold", nullable=True), Column("evidence_task_ids", ARRAY(Uuid)),
    *_columns(Date, "earned_on", nullable=True),
    Index("promotion_fees_promotion_id_ix", "promotion_id"), Index("promotion_fees_tactic_id_ix", "tactic_id"),
    Index("promotion_fees_recheck_ix", "promotion_id", postgresql_where=text("recheck")),
)  # fmt: skip
"""Fees of binding promotions: what the fund holds for each, and the last result; ``recheck`` asks for a new one."""

import_jobs = Table(
    "import_jobs", metadata, uuid_key(), *_columns(Uuid, "account_id"), *_columns(Text, "kind", "state"),
    *_columns(Boolean, "is_atomic"),
    *_columns(BigInteger, "received_rows", "inserted_rows", "updated_rows", "unchanged_rows", "refused_rows"),
    *_columns(Text, "submitted_by"), *_columns(instant(), "started_at", "finished_at"),
)  # fmt: skip
import_refusals = Table(
    "import_refusals", metadata, Column("job_id", ForeignKey("import_jobs.id"), primary_key=True),
    _key("line", BigInteger), *_columns(Uuid, "account_id"), *_columns(Text, "field", "reason", "value"),
)  # fmt: skip
sell_out = Table(
    "sell_out", metadata, _key("account_id"), _key("store_id"), _key("product_id"), _key("week_starts_on", Date),
    Column("quantity", quantity(), nullable=False), Column("retail_amount", amount()),
    *_columns(Boolean, "price_off_flag", "dm_flag", "display_flag"),
)  # fmt: skip
"""One row a store, product and week. The key holds account and week: it can be distributed or partitioned by either."""
