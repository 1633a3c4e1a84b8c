"""Once through the loop: what was negotiated, promoted, seen, earned, owed, kept back, settled and handed over."""

import pytest

from tests.journeys import foreign, money, story
from tests.journeys.deal import Deal
from tests.journeys.story import Story
from tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("stack")]


def test_every_figure_from_the_contract_to_the_erp_and_back(world: World) -> None:
    told = Story(world, Deal(1))
    story.name_partners(told)
    story.sign_contract(told)
    story.commit_promotion(told)
    story.visit_stores(told)
    story.earn_fees(told)
    money.owe_for_promotion(told, dm="2000.00", endcap="1000.00")
    story.report_late(told)
    money.owe_for_promotion(told, dm="3000.00", endcap="2000.00")
    story.report_out_of_order(told)
    money.owe_for_promotion(told, dm="3000.00", endcap="1000.00")
    money.explain_steps_of_promotion(told)
    world.quiet()
    money.buy(told)
    money.accrue(told)
    money.deduct(told)
    money.resolve(told)
    money.books_close(told)
    world.quiet()
    money.contracts_knows(told)
    money.hand_over(told)
    money.explain(told)
    foreign.sees_nothing(told)
    foreign.changes_nothing(told)
