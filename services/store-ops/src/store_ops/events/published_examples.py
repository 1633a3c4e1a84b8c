"""One example of each event that store operations publishes, from a case that could be real."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from store_ops.domain.audit import AuditCompleted
from store_ops.domain.store import StoreChanged, StoreGrade, StoreStatus
from store_ops.domain.task import TacticKind, task_id
from store_ops.domain.verification import ExecutionVerified, Verdict

ACCOUNT = UUID("0195a3c0-0000-7000-8000-000000000001")
STORE = UUID("0195a3c0-0000-7000-8000-000000000126")
PRODUCT = UUID("0195a3c0-0000-7000-8000-000000000011")
PROMOTION = UUID("0195a3c0-0000-7000-8000-000000000017")
TACTIC = UUID("0195a3c0-0000-7000-8000-000000000171")
AUDIT = UUID("0195a3c0-0000-7000-8000-000000000901")
PHOTO = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SHOPFRONT = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

EXAMPLES = (
    StoreChanged(
        id=STORE,
        account_id=ACCOUNT,
        code="0126",
        name="Hongqiao",
        grade=StoreGrade.A,
        store_format="hypermarket",
        province="Shanghai",
        city="Shanghai",
        area_sqm=Decimal("8500.00"),
        latitude=Decimal("31.204700"),
        longitude=Decimal("121.401900"),
        opened_on=date(2019, 5, 1),
        closed_on=None,
        status=StoreStatus.ACTIVE,
    ),
    AuditCompleted(
        id=AUDIT,
        account_id=ACCOUNT,
        store_id=STORE,
        visited_at=datetime(2026, 3, 10, 2, 0, tzinfo=UTC),
        template_version="2026.1",
        finding_count=3,
        present_count=2,
        absent_count=1,
        photo_sha256s=(SHOPFRONT, PHOTO),
    ),
    ExecutionVerified(
        id=task_id(TACTIC, STORE),
        account_id=ACCOUNT,
        promotion_id=PROMOTION,
        tactic_id=TACTIC,
        tactic_kind=TacticKind.ENDCAP,
        store_id=STORE,
        product_id=PRODUCT,
        audit_id=AUDIT,
        verdict=Verdict.EXECUTED,
        contracted_count=2,
        found_count=2,
        agreed_price=Decimal("3.1900"),
        found_price=Decimal("3.1900"),
        found_on=date(2026, 3, 10),
        photo_sha256s=(PHOTO,),
    ),
)
