"""Tasks that a promotion makes."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.periods import Span
from store_ops.domain.task import PromotionPlan, Tactic, TacticKind, task_id

WINDOW = Span(start=date(2026, 3, 5), end=date(2026, 3, 18))
STORES = (UUID(int=11), UUID(int=12), UUID(int=13))
PRICE = Tactic(id=UUID(int=21), kind=TacticKind.PRICE, product_id=UUID(int=31), expected_price=Decimal("3.1900"))
ENDCAP = Tactic(id=UUID(int=22), kind=TacticKind.ENDCAP, product_id=UUID(int=31), count_per_store=2)


def plan(**changes: Any) -> PromotionPlan:
    given_ = {"store_ids": STORES, "tactics": (PRICE, ENDCAP)} | changes
    return PromotionPlan(id=UUID(int=41), account_id=UUID(int=42), window=WINDOW, **given_)


def test_every_tactic_makes_one_task_in_every_store():
    tasks = plan().tasks()
    assert [(task.tactic_id, task.store_id) for task in tasks] == [
        (tactic.id, store) for tactic in (PRICE, ENDCAP) for store in STORES
    ]
    assert {task.window for task in tasks} == {WINDOW}
    assert {task.expected_count for task in tasks if task.tactic_kind is TacticKind.ENDCAP} == {2}
    assert {task.expected_count for task in tasks if task.tactic_kind is TacticKind.PRICE} == {1}


def test_an_end_cap_without_a_number_is_one_end_cap():
    tactic = Tactic(id=UUID(int=22), kind=TacticKind.ENDCAP, product_id=UUID(int=31))
    assert {task.expected_count for task in plan(tactics=(tactic,)).tasks()} == {1}


@pytest.mark.parametrize(
    "tactic",
    [
        Tactic(id=UUID(int=21), kind=TacticKind.PRICE, product_id=UUID(int=31)),
        Tactic(id=UUID(int=21), kind=TacticKind.PRICE, product_id=UUID(int=31), expected_price=Decimal(-1)),
        Tactic(id=UUID(int=21), kind=TacticKind.ENDCAP, product_id=UUID(int=31), count_per_store=0),
    ],
)
def test_a_tactic_that_expects_nothing_to_be_found_is_refused(tactic: Tactic):
    with pytest.raises(ValueError, match=str(tactic.id)):
        plan(tactics=(tactic,)).tasks()


@given(st.lists(st.sampled_from(STORES)), st.lists(st.sampled_from((PRICE, ENDCAP))))
def test_naming_a_store_or_a_tactic_twice_makes_no_second_task(stores: list[UUID], tactics: list[Tactic]):
    tasks = plan(store_ids=tuple(stores), tactics=tuple(tactics)).tasks()
    assert len({task.id for task in tasks}) == len(tasks) == len(set(stores)) * len(set(tactics))


def test_the_id_of_a_task_is_the_same_everywhere():
    assert task_id(UUID(int=1), UUID(int=2)) == UUID("fc2a5a19-267c-526c-8abb-b488c2fda4a7")
