"""What an audit may say, and what is announced of it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from store_ops.domain.audit import Finding, FindingKind, FindingTwice, check_findings, check_visit_time, completed

PRODUCT, OTHER_PRODUCT, TASK = (UUID(int=number) for number in range(1, 4))


def finding(
    kind: FindingKind = FindingKind.PRICE, product: UUID = PRODUCT, task: UUID | None = None, **more: object
) -> Finding:
    return Finding(kind=kind, product_id=product, task_id=task, **{"is_present": True, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "findings",
    [
        [finding(), finding()],
        [finding(task=TASK), finding(FindingKind.DM, OTHER_PRODUCT, TASK)],
    ],
)
def test_an_audit_says_one_thing_about_each_thing(findings: list[Finding]):
    with pytest.raises(FindingTwice) as refusal:
        check_findings(findings)
    assert refusal.value.pointers == ("/findings/1",)


def test_a_task_may_be_named_beside_a_finding_that_names_none():
    check_findings([finding(), finding(task=TASK), finding(FindingKind.DM), finding(product=OTHER_PRODUCT)])


def test_the_event_counts_findings_and_names_every_photo_once():
    event = completed(
        id=UUID(int=10),
        account_id=UUID(int=11),
        store_id=UUID(int=12),
        visited_at=datetime(2026, 3, 10, 2, 0, tzinfo=UTC),
        template_version="2026.1",
        findings=(
            finding(photo_sha256s=("b" * 64, "a" * 64)),
            finding(FindingKind.DM, is_present=False, photo_sha256s=("a" * 64,)),
            finding(FindingKind.ON_SHELF),
        ),
        photo_sha256s=("c" * 64,),
    )
    assert (event.finding_count, event.present_count, event.absent_count) == (3, 2, 1)
    assert event.photo_sha256s == ("a" * 64, "b" * 64, "c" * 64)


def test_what_is_absent_has_neither_price_nor_number():
    absent = finding(is_present=False, price_found=1, count_found=3)
    assert (absent.price, absent.count) == (None, 0)


@pytest.mark.parametrize("year", [1970, 1999, 2100])
def test_a_clock_out_of_all_reason_is_refused(year: int):
    with pytest.raises(ValueError, match="set the phone's clock"):
        check_visit_time(datetime(year, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("year", [2000, 2099])
def test_late_and_early_clocks_are_taken(year: int):
    check_visit_time(datetime(year, 6, 1, tzinfo=UTC))
