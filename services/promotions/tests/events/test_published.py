"""The published schemas and examples are those of the code."""

from promotions.domain.events import PromotionState
from promotions.events.examples import EXAMPLES
from promotions.main import service
from shared.kernel.money import ZERO


def test_the_published_files_are_those_of_the_code() -> None:
    assert service.catalogue.drift() == []


def test_the_examples_add_up() -> None:
    for event in EXAMPLES:
        if isinstance(event, PromotionState):
            assert event.planned_amount == sum((tactic.planned_amount for tactic in event.tactics), ZERO)
