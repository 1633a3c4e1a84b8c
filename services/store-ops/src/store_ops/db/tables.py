"""Tables of the schema store_ops; the migrations make them, this module names them.

What grows without end (audits, tasks, audit_photos) carries ``store_id`` in its key and audits also the time of the
visit, so that a distributed PostgreSQL can spread them by store, or a plain one cut audits by month, without a change
of queries. Every index on audits is paid for by the hottest write: there are three.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.platform.db import instant, new_metadata, unit_price, uuid_key

metadata = new_metadata()

accounts = Table(  # Read copy from contracts: whose data a caller may see.
    "accounts",
    metadata,
    uuid_key(),
    Column("code", Text),
    Column("name", Text),
    Column("region", Text, nullable=False),
    Column("status", Text),
    Column("version", BigInteger, nullable=False),
)

products = Table(  # Read copy from contracts: what a person sees beside a product's id.
    "products",
    metadata,
    uuid_key(),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("brand", Text),
    Column("version", BigInteger, nullable=False),
)

stores = Table(
    "stores",
    metadata,
    uuid_key(),
    Column("account_id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("store_format", Text, nullable=False),
    Column("province", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("area_sqm", Numeric(12, 2)),
    Column("latitude", Numeric(9, 6)),
    Column("longitude", Numeric(9, 6)),
    Column("opened_on", Date, nullable=False),
    Column("closed_on", Date),
    Column("status", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("account_id", "code"),
    CheckConstraint("grade IN ('A', 'B', 'C', 'D')", name="grade_check"),
    CheckConstraint("status IN ('active', 'inactive', 'closed')", name="status_check"),
    CheckConstraint("(status = 'closed') = (closed_on IS NOT NULL) AND closed_on >= opened_on", name="closed_check"),
    CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="position_check"),
)

promotions = Table(  # The latest version of each promotion that has made tasks: an older one changes nothing.
    "promotions",
    metadata,
    uuid_key(),
    Column("account_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("store_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("promotion_id", Uuid, nullable=False),
    Column("tactic_id", Uuid, nullable=False),
    Column("tactic_kind", Text, nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("expected_price", unit_price()),
    Column("expected_count", Integer, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("audit_id", Uuid),  # The deciding audit and what it found; empty until there is one.
    Column("found_count", Integer, nullable=False, server_default="0"),
    Column("found_price", unit_price()),
    Column("found_on", Date),
    Column("photo_sha256s", ARRAY(Text), nullable=False, server_default="{}"),
    Column("verdict", Text),  # As last announced; a withdrawn task keeps it.
    Column("verified_at", instant()),
    Column("is_stale", Boolean, nullable=False),  # What is expected has changed since the verdict.
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("id", "store_id"),
    CheckConstraint("tactic_kind IN ('price', 'dm', 'endcap')", name="tactic_kind_check"),
    CheckConstraint("status IN ('open', 'executed', 'not_executed', 'unproven', 'withdrawn')", name="status_check"),
    CheckConstraint("status IN ('open', 'withdrawn') OR status = verdict", name="verdict_check"),
    CheckConstraint("tactic_kind <> 'price' OR expected_price IS NOT NULL", name="expected_price_check"),
    CheckConstraint("expected_count > 0 AND ends_on >= starts_on", name="expectation_check"),
    Index("tasks_matching_ix", "store_id", "product_id", "tactic_kind"),
    Index("tasks_promotion_id_ix", "promotion_id"),
    Index("tasks_audit_id_ix", "audit_id", postgresql_where=text("audit_id IS NOT NULL")),
    Index("tasks_ends_on_id_ix", "ends_on", "id"),
    Index("tasks_account_id_ends_on_id_ix", "account_id", "ends_on", "id"),
    Index("tasks_stale_ix", "id", postgresql_where=text("is_stale")),
)

audits = Table(
    "audits",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("store_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("visited_at", instant(), nullable=False),
    Column("received_at", instant(), nullable=False),
    Column("submitted_by", Text, nullable=False),
    Column("template_version", Text, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("photo_sha256s", ARRAY(Text), nullable=False),
    Column("note", Text),
    Column("latitude", Numeric(9, 6)),
    Column("longitude", Numeric(9, 6)),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("verified_at", instant()),
    # The order of the key is that of the question "what was found in this store within these days, the latest last".
    PrimaryKeyConstraint("store_id", "visited_at", "id"),
    # Once audits are partitioned this becomes a plain index: the statement's own look-up, and the key of
    # ``event_subjects`` into which it writes ``audit/<id>``, go on refusing a second audit under one id.
    UniqueConstraint("id"),
    Index("audits_pending_ix", "received_at", postgresql_where=text("verified_at IS NULL")),
)

photos = Table(
    "photos",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("received_at", instant(), nullable=False),
    Column("verified_at", instant()),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_check"),
    Index("photos_pending_ix", "received_at", postgresql_where=text("verified_at IS NULL")),
)

audit_photos = Table(  # Which audits refer to a photo: who may see it, and which tasks wait for it.
    "audit_photos",
    metadata,
    Column("sha256", Text, nullable=False),
    Column("audit_id", Uuid, nullable=False),
    Column("store_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    PrimaryKeyConstraint("sha256", "audit_id", "store_id"),
)
