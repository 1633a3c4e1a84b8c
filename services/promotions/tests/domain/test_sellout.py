"""Sell-out lines, each with one fate."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotions.domain.sellout import HeaderUnusable, Refusal, SellOutReader, shortened

STORE, PRODUCT = UUID(int=1), UUID(int=2)
HEADER = "store_code,sku,week_starts_on,quantity,retail_amount,price_off_flag,dm_flag,display_flag"


def reader(refusals_max: int = 10) -> SellOutReader:
    return SellOutReader(stores={"S1": STORE}, products={"JU": PRODUCT}, refusals_max=refusals_max)


def test_lines_become_copy_text_with_their_numbers() -> None:
    its = reader()
    assert list(its.read([])) == []
    assert list(its.read([HEADER, "S1,JU,2026-06-01,1.5,2.50,1,true,0", ""])) == [
        f"2\t{STORE}\t{PRODUCT}\t2026-06-01\t1.5\t2.50\tt\tt\tf\n"
    ]
    assert list(its.read(['"S1", JU ,2026-06-01,-1,,,,\r'])) == [
        f"4\t{STORE}\t{PRODUCT}\t2026-06-01\t-1\t\\N\tf\tf\tf\n"
    ]
    assert (its.received, its.refused) == (2, 0)


def test_columns_that_a_file_does_not_have_are_empty() -> None:
    (line,) = reader().read(["quantity,sku,week_starts_on,store_code", "3,JU,2026-06-01,S1"])
    assert line == f"2\t{STORE}\t{PRODUCT}\t2026-06-01\t3\t\\N\tf\tf\tf\n"


@pytest.mark.parametrize("header", ["", "store_code,sku,quantity", HEADER + ",x", HEADER + ",sku", '"sku'])
def test_a_header_that_cannot_be_used_is_refused(header: str) -> None:
    with pytest.raises(HeaderUnusable, match="name each column once"):
        list(reader().read([header]))


def test_refused_lines_are_all_counted_and_kept_as_long_as_there_is_room() -> None:
    its = reader(refusals_max=1)
    assert list(its.read([HEADER, "S2,JU,2026-06-01,1,,,,", "S1,XX,2026-06-01,1,,,,"])) == []
    assert its.refusals == [Refusal(line=2, field="store_code", reason="unknown_store", value="S2")]
    assert its.refused == 2


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=60), max_size=20))
def test_whatever_comes_every_line_has_one_fate(lines: list[str]) -> None:
    its = reader(refusals_max=100)
    accepted = list(its.read([HEADER, *lines, "S1,JU,2026-06-01,1,,,,"]))
    assert len(accepted) + its.refused == its.received
    assert len(accepted) >= 1
    assert all(text.count("\t") == 8 for text in accepted)


def test_reported_values_are_short_and_storable() -> None:
    assert shortened("a\x00" + "b" * 200) == "a" + "b" * 98
