"""What a fee has earned is announced when it is new and when its proof changes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from promotions.domain.earning import Earned, FeeCase, last_end_to_earn
from promotions.domain.fees import FeeBasis, Reach
from promotions.domain.plan import TacticKind
from services.promotions.tests.examples import ACCOUNT, ENTITY, JUICE, PROMOTION, fee

TASKS = tuple(UUID(int=number) for number in range(1, 9))
DAY = date(2026, 6, 29)
CASE = FeeCase(
    account_id=ACCOUNT,
    promotion_id=PROMOTION,
    promotion_number="P-17",
    settlement_entity_id=ENTITY,
    currency="CNY",
    tactic_id=UUID(int=77),
    tactic_kind=TacticKind.ENDCAP,
    product_id=JUICE,
    fee=fee(3, FeeBasis.PER_STORE, "500.00"),
    reach=Reach(stores=10, count_per_store=2),
    evidence_task_ids=TASKS,
    units_sold=Decimal(100),
    before=None,
)


def test_the_first_result_names_plan_proof_and_amount() -> None:
    event = CASE.earn(DAY)
    assert event is not None
    assert (event.id, event.planned_amount, event.earned_amount) == (
        CASE.fee.id,
        Decimal("10000.00"),
        Decimal("8000.00"),
    )
    assert (event.planned_count, event.verified_count, event.verified_share) == (10, 8, Decimal("0.800000"))
    assert (event.evidence_task_ids, event.units_sold, event.earned_on) == (TASKS, Decimal(0), DAY)


def test_nothing_is_said_twice_and_a_changed_proof_is_said_again() -> None:
    same = Earned(amount=Decimal("8000.00"), units_sold=Decimal(0), evidence_task_ids=TASKS)
    assert replace(CASE, before=same).earn(DAY) is None
    late = replace(CASE, before=same, evidence_task_ids=(*TASKS, UUID(int=9))).earn(DAY)
    assert late is not None
    assert late.earned_amount == Decimal("9000.00")


def test_nothing_proved_is_announced_as_zero() -> None:
    event = replace(CASE, evidence_task_ids=()).earn(DAY)
    assert event is not None
    assert (event.earned_amount, event.verified_share) == (Decimal("0.00"), Decimal("0.000000"))


def test_a_fee_per_unit_follows_the_units_sold() -> None:
    case = replace(CASE, fee=fee(1, FeeBasis.PER_UNIT_SOLD, "1.2000", "100.00"), units_sold=Decimal("250.5"))
    event = case.earn(DAY)
    assert event is not None
    assert (event.units_sold, event.earned_amount) == (Decimal("250.5"), Decimal("300.60"))


def test_fees_are_earned_after_the_days_for_verification() -> None:
    assert last_end_to_earn(date(2026, 6, 28), 14) == date(2026, 6, 13)
    assert last_end_to_earn(date(2026, 6, 29), 14) == date(2026, 6, 14)
