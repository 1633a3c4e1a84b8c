"""Receivables is down while a promotion is agreed, executed, earned and corrected; started again it owes the same."""

import httpx
import pytest

from tests.journeys import money, story
from tests.journeys.deal import Deal
from tests.journeys.story import Story
from tests.journeys.world import World

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("stack")]


def test_receivables_that_was_down_for_the_whole_promotion_comes_to_the_same_figures(world: World) -> None:
    told = Story(world, Deal(2))
    story.name_partners(told)
    world.down(["receivables"])
    with pytest.raises(httpx.ConnectError):
        told.finance.get("receivables", "/v1/accruals")
    story.sign_contract(told)
    story.commit_promotion(told)
    story.visit_stores(told)
    story.earn_fees(told)
    story.report_late(told)
    story.report_out_of_order(told)
    world.up(["receivables"])
    world.nudge()
    money.owe_for_promotion(told, dm="3000.00", endcap="1000.00")
    world.quiet()
    money.buy(told)
    money.accrue(told)
    money.deduct(told)
    money.resolve(told)
    money.books_close(told)
    money.hand_over(told)
    money.explain(told)
