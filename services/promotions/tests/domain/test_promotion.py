"""The life of a promotion, and what each step asks for."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from promotions.domain.errors import AgreementLate, AgreementMissing, DmSlotUnfit, SubmitDeadlinePassed, WrongStatus
from promotions.domain.plan import DmPlace, Item, Tactic, TacticKind
from promotions.domain.promotion import Promotion
from promotions.domain.status import PromotionStatus as S
from services.promotions.tests.examples import (
    AGREEMENT,
    DM,
    ENDCAP,
    ENTITY,
    PRICE,
    SLOT,
    SLOT_2026_12,
    SLOTS,
    STORES,
    TEA,
    WINDOW,
    item,
    plan,
    promotion,
)
from shared.kernel.periods import Span

IN_TIME = date(2026, 4, 17)


def approved() -> Promotion:
    its = promotion()
    its.attach_agreement(AGREEMENT)
    its.submit(IN_TIME, SLOTS)
    its.approve()
    return its


def committed() -> Promotion:
    its = approved()
    its.commit(SLOTS)
    return its


def test_the_planned_amount_is_the_sum_of_its_fees() -> None:
    # 14,400 forecast + 2,340 lump + 500 x 2 end caps x 10 stores
    assert plan().planned_amount == Decimal("26740.00")


def test_a_commitment_tells_everything_that_others_need() -> None:
    event = approved().commit(SLOTS)
    assert event.status is S.COMMITTED
    assert (event.number, event.agreement_sha256, event.planned_amount) == ("P-17", "a" * 64, Decimal("26740.00"))
    price, dm, endcap = event.tactics
    assert (price.expected_price, price.unit_amount, price.planned_amount) == (
        Decimal("7.9000"),
        Decimal("1.2000"),
        Decimal("14400.00"),
    )
    assert (dm.dm_slot_id, dm.dm_slot_no, dm.dm_position) == (SLOT, 12, 3)
    assert (endcap.count_per_store, endcap.planned_amount, endcap.dm_slot_id) == (2, Decimal("10000.00"), None)
    assert event.items[0].promo_cost == Decimal("6.8000")


def test_nothing_becomes_binding_without_an_agreement() -> None:
    its = promotion()
    its.submit(IN_TIME, SLOTS)
    its.approve()
    with pytest.raises(AgreementMissing, match="attach"):
        its.commit(SLOTS)


def test_an_agreement_comes_before_the_first_day_of_sale() -> None:
    its = promotion()
    its.attach_agreement(replace(AGREEMENT, signed_on=WINDOW.start))
    with pytest.raises(AgreementLate, match="2026-06-02, after the first day of sale 2026-06-01"):
        its.attach_agreement(replace(AGREEMENT, signed_on=date(2026, 6, 2)))


def test_another_plan_detaches_the_agreement_and_the_same_plan_keeps_it() -> None:
    its = promotion()
    its.attach_agreement(AGREEMENT)
    its.redraft(ENTITY, "P-17", plan())
    assert its.agreement == AGREEMENT
    its.redraft(ENTITY, "P-17", plan(name="Other"))
    assert its.agreement is None


def test_a_dm_tactic_is_submitted_by_the_deadline() -> None:
    with pytest.raises(SubmitDeadlinePassed) as caught:
        promotion().submit(IN_TIME + timedelta(days=1), SLOTS)
    assert caught.value.pointers == ("/tactics/1/dm_slot_id",)
    promotion(plan=plan(tactics=(PRICE, ENDCAP))).submit(date(2026, 5, 31), {})  # Without DM there is no deadline.


def test_a_dm_place_must_exist() -> None:
    with pytest.raises(DmSlotUnfit, match="2 positions"):
        promotion().submit(IN_TIME, {SLOT: replace(SLOT_2026_12, positions=2)})


def test_an_amendment_replaces_plan_and_agreement() -> None:
    its = committed()
    fewer = plan(store_ids=STORES[:5])
    event = its.amend(fewer, replace(AGREEMENT, document_sha256="b" * 64), SLOTS)
    assert (len(event.store_ids), event.agreement_sha256, event.planned_amount) == (5, "b" * 64, Decimal("21740.00"))
    assert its.plan is fewer


def test_a_started_promotion_is_neither_amended_nor_cancelled() -> None:
    its = committed()
    its.advance(WINDOW.start, SLOTS)
    with pytest.raises(WrongStatus, match="Promotion P-17 is started: it can be amended only while it is committed"):
        its.amend(plan(), AGREEMENT, SLOTS)
    with pytest.raises(WrongStatus, match="can be cancelled only while"):
        its.cancel(SLOTS)


def test_only_what_was_binding_is_announced_when_cancelled() -> None:
    assert promotion().cancel(SLOTS) is None
    event = committed().cancel(SLOTS)
    assert event is not None
    assert event.status is S.CANCELLED


def test_what_was_rejected_is_a_draft_again() -> None:
    its = promotion()
    its.submit(IN_TIME, SLOTS)
    its.reject()
    assert (its.status, its.submitted_on) == (S.DRAFT, None)
    its.submit(IN_TIME, SLOTS)


@pytest.mark.parametrize(
    ("as_of", "status", "events"),
    [
        (date(2026, 5, 31), S.COMMITTED, 0),
        (date(2026, 6, 1), S.STARTED, 1),
        (date(2026, 6, 14), S.STARTED, 1),
        (date(2026, 6, 15), S.ENDED, 2),
    ],
)
def test_a_promotion_follows_the_calendar_and_does_so_once(as_of: date, status: S, events: int) -> None:
    its = committed()
    assert len(its.advance(as_of, SLOTS)) == events
    assert its.status is status
    assert its.advance(as_of, SLOTS) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"items": ()}, "at least one item"),
        ({"store_ids": ()}, "one store"),
        ({"tactics": ()}, "one tactic"),
        ({"items": (item(), item())}, "product_id in items occurs twice"),
        ({"store_ids": (STORES[0], STORES[0])}, "store id occurs twice"),
        ({"tactics": (PRICE, PRICE)}, "tactic id occurs twice"),
        ({"tactics": (DM, replace(DM, id=UUID(int=1)))}, "DM position occurs twice"),
        ({"items": (item(TEA),)}, "not among the items"),
        ({"buy_in": Span(start=date(2026, 6, 2), end=date(2026, 6, 3))}, "buy_in_starts_on"),
        ({"order_cap_quantity": Decimal(0)}, "order_cap_quantity"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        plan(**changes)


@pytest.mark.parametrize(
    ("base", "changes", "says"),
    [
        (item(), {"promo_cost": Decimal("8.0001")}, "above regular_cost"),
        (item(), {"promo_retail": Decimal("9.9001")}, "above regular_retail"),
        (item(), {"promo_cost": Decimal(0)}, "above zero"),
        (item(), {"forecast_quantity": Decimal(-1)}, "forecast_quantity"),
        (PRICE, {"count_per_store": 2}, "end caps only"),
        (ENDCAP, {"count_per_store": 0}, "at least 1"),
        (DM, {"place": None}, "needs dm_slot_id"),
        (DM, {"kind": TacticKind.PRICE}, "must not have"),
        (DmPlace(dm_slot_id=SLOT, position=1), {"position": 0}, "counts from 1"),
    ],
)
def test_parts_of_a_plan_that_make_no_sense_are_refused(
    base: Item | Tactic | DmPlace, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        replace(base, **changes)


class PromotionLife(RuleBasedStateMachine):
    """Any sequence of steps: each works exactly in its statuses, and time moves a promotion only forwards."""

    ALLOWED: ClassVar[dict[str, set[S]]] = {
        "redraft": {S.DRAFT},
        "attach_agreement": {S.DRAFT, S.SUBMITTED, S.APPROVED},
        "submit": {S.DRAFT},
        "approve": {S.SUBMITTED},
        "reject": {S.SUBMITTED},
        "commit": {S.APPROVED},
        "amend": {S.COMMITTED},
        "cancel": {S.DRAFT, S.SUBMITTED, S.APPROVED, S.COMMITTED},
    }

    def __init__(self) -> None:
        super().__init__()
        self.its = promotion()
        self.was_binding = False

    @rule(step=st.sampled_from(sorted(ALLOWED)))
    def take(self, step: str) -> None:
        arguments: tuple[Any, ...] = {
            "redraft": (ENTITY, "P-17", plan()),
            "attach_agreement": (AGREEMENT,),
            "submit": (IN_TIME, SLOTS),
            "commit": (SLOTS,),
            "amend": (plan(), AGREEMENT, SLOTS),
            "cancel": (SLOTS,),
        }.get(step, ())
        before, agreement = self.its.status, self.its.agreement
        try:
            getattr(self.its, step)(*arguments)
        except WrongStatus:
            assert before not in self.ALLOWED[step]
            assert self.its.status is before
        except AgreementMissing:
            assert step == "commit"
            assert agreement is None
        else:
            assert before in self.ALLOWED[step]

    @rule(day=st.dates(date(2026, 5, 25), date(2026, 6, 20)))
    def advance(self, day: date) -> None:
        before = self.its.status
        events = self.its.advance(day, SLOTS)
        order = [S.COMMITTED, S.STARTED, S.ENDED]
        if before in order:
            assert order.index(self.its.status) - order.index(before) == len(events)
        else:
            assert events == []

    @invariant()
    def what_binds_has_an_agreement(self) -> None:
        if self.its.status in {S.COMMITTED, S.STARTED, S.ENDED}:
            self.was_binding = True
            assert self.its.agreement is not None
        if self.was_binding:
            assert self.its.status in {S.COMMITTED, S.STARTED, S.ENDED, S.CANCELLED}


TestPromotionLife = PromotionLife.TestCase
TestPromotionLife.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
