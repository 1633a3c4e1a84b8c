"""What an audit proves: golden tables, and laws that hold for every order in which audits and photos arrive."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.periods import Span
from store_ops.domain.audit import Finding, FindingKind
from store_ops.domain.task import TacticKind, Task, TaskStatus, task_id
from store_ops.domain.verification import (
    NO_EVIDENCE_LEFT,
    Outcome,
    Sighting,
    Thresholds,
    Verdict,
    counts_for,
    deciding,
    judge,
    reassess,
    verified,
)  # fmt: skip

SHANGHAI = ZoneInfo("Asia/Shanghai")
ACCOUNT, STORE, PRODUCT, PROMOTION, TACTIC = (UUID(int=number) for number in range(1, 6))
THRESHOLDS = Thresholds()
PHOTO = "a" * 64
OTHER_PHOTO = "b" * 64


def a_task(kind: TacticKind = TacticKind.PRICE, **changes: Any) -> Task:
    task = Task(
        id=task_id(TACTIC, STORE),
        account_id=ACCOUNT,
        promotion_id=PROMOTION,
        tactic_id=TACTIC,
        tactic_kind=kind,
        store_id=STORE,
        product_id=PRODUCT,
        expected_price=Decimal("3.1900"),
        expected_count=2 if kind is TacticKind.ENDCAP else 1,
        window=Span(start=date(2026, 3, 5), end=date(2026, 3, 18)),
    )
    return replace(task, **changes)


def a_finding(kind: FindingKind = FindingKind.PRICE, **changes: Any) -> Finding:
    finding = Finding(
        kind=kind, product_id=PRODUCT, is_present=True, price_found=Decimal("3.1900"), photo_sha256s=(PHOTO,)
    )
    return replace(finding, **changes)


def a_sighting(finding: Finding | None = None, **changes: Any) -> Sighting:
    sighting = Sighting(
        audit_id=UUID(int=100),
        store_id=STORE,
        visited_at=datetime(2026, 3, 10, 2, 0, tzinfo=UTC),
        finding=finding or a_finding(),
        arrived=frozenset({PHOTO}),
    )
    return replace(sighting, **changes)


def verdict(task: Task, finding: Finding, **changes: Any) -> str:
    return judge(task, a_sighting(finding, **changes), THRESHOLDS, SHANGHAI).verdict.value


@pytest.mark.parametrize(
    ("price_found", "is_present", "expected"),
    [
        ("3.1900", True, "executed"),
        ("2.9900", True, "executed"),  # Cheaper than agreed serves the shopper as well.
        ("3.1950", True, "executed"),  # On the tolerance.
        ("3.1951", True, "not_executed"),
        ("3.9900", True, "not_executed"),
        ("0.0000", True, "executed"),
        (None, True, "not_executed"),  # On the shelf, but without a price on it.
        ("3.1900", False, "not_executed"),  # A price of something that was not there is no price.
        (None, False, "not_executed"),
    ],
)
def test_a_price_is_executed_up_to_the_agreed_price_and_its_tolerance(
    price_found: str | None, is_present: bool, expected: str
):
    price = None if price_found is None else Decimal(price_found)
    assert verdict(a_task(), a_finding(price_found=price, is_present=is_present)) == expected


@pytest.mark.parametrize(
    ("count_found", "is_present", "found_count", "expected"),
    [
        (2, True, 2, "executed"),
        (3, True, 3, "executed"),
        (1, True, 1, "not_executed"),
        (None, True, 1, "not_executed"),  # Present without a number is one.
        (2, False, 0, "not_executed"),
        (0, True, 0, "not_executed"),
    ],
)
def test_end_caps_are_counted(count_found: int | None, is_present: bool, found_count: int, expected: str):
    finding = a_finding(FindingKind.ENDCAP, count_found=count_found, is_present=is_present)
    outcome = judge(a_task(TacticKind.ENDCAP), a_sighting(finding), THRESHOLDS, SHANGHAI)
    assert (outcome.found_count, outcome.verdict.value) == (found_count, expected)


@pytest.mark.parametrize(("is_present", "expected"), [(True, "executed"), (False, "not_executed")])
def test_a_dm_item_has_to_be_there(is_present: bool, expected: str):
    finding = a_finding(FindingKind.DM, is_present=is_present, price_found=None)
    outcome = judge(a_task(TacticKind.DM), a_sighting(finding), THRESHOLDS, SHANGHAI)
    assert (outcome.verdict.value, outcome.found_count) == (expected, int(is_present))


@pytest.mark.parametrize(
    ("own_photos", "audit_photos", "arrived", "proof"),
    [
        ((PHOTO,), (), {PHOTO}, (PHOTO,)),
        ((PHOTO,), (), set(), ()),
        ((PHOTO, OTHER_PHOTO), (), {OTHER_PHOTO}, (OTHER_PHOTO,)),
        ((OTHER_PHOTO, PHOTO), (), {PHOTO, OTHER_PHOTO}, (PHOTO, OTHER_PHOTO)),
        ((), (PHOTO,), {PHOTO}, (PHOTO,)),  # The visit's photos speak for a finding without its own.
        ((OTHER_PHOTO,), (PHOTO,), {PHOTO}, ()),  # They do not replace the finding's own.
        ((), (), {PHOTO}, ()),
    ],
)
@pytest.mark.parametrize("is_present", [True, False])
def test_without_an_arrived_photo_nothing_is_proven(
    own_photos: tuple[str, ...],
    audit_photos: tuple[str, ...],
    arrived: set[str],
    proof: tuple[str, ...],
    is_present: bool,
):
    sighting = a_sighting(
        a_finding(photo_sha256s=own_photos, is_present=is_present),
        audit_photo_sha256s=audit_photos,
        arrived=frozenset(arrived),
    )
    outcome = judge(a_task(), sighting, THRESHOLDS, SHANGHAI)
    assert outcome.photo_sha256s == proof
    assert (outcome.verdict is Verdict.UNPROVEN) == (not proof)


@pytest.mark.parametrize(
    ("visited_at", "tolerance_days", "counts"),
    [
        ("2026-03-04T16:00:00Z", 0, True),  # Midnight of 5 March in Shanghai.
        ("2026-03-04T15:59:59Z", 0, False),
        ("2026-03-18T15:59:59Z", 0, True),
        ("2026-03-18T16:00:00Z", 0, False),
        ("2026-03-18T16:00:00Z", 1, True),
        ("2026-03-19T16:00:00Z", 1, False),
        ("2026-03-03T16:00:00Z", 1, True),
    ],
)
def test_an_audit_counts_on_the_days_of_the_window_in_local_time(visited_at: str, tolerance_days: int, counts: bool):
    sighting = a_sighting(visited_at=datetime.fromisoformat(visited_at))
    thresholds = Thresholds(window_tolerance_days=tolerance_days)
    assert counts_for(sighting, a_task(), thresholds, SHANGHAI) is counts


@pytest.mark.parametrize(
    "sighting",
    [
        a_sighting(store_id=UUID(int=99)),
        a_sighting(a_finding(product_id=UUID(int=99))),
        a_sighting(a_finding(FindingKind.DM)),
        a_sighting(a_finding(FindingKind.ON_SHELF)),
        a_sighting(a_finding(task_id=UUID(int=99))),
    ],
)
def test_what_is_about_something_else_does_not_count(sighting: Sighting):
    assert deciding(a_task(), [sighting], THRESHOLDS, SHANGHAI) is None


def test_the_latest_visit_speaks_and_of_two_at_the_same_instant_the_one_with_the_greater_id():
    early = a_sighting(audit_id=UUID(int=900), visited_at=datetime(2026, 3, 6, 1, 0, tzinfo=UTC))
    late, twin = a_sighting(audit_id=UUID(int=200)), a_sighting(audit_id=UUID(int=201))
    assert deciding(a_task(), [twin, late, early], THRESHOLDS, SHANGHAI) is twin
    assert deciding(a_task(), [late, early], THRESHOLDS, SHANGHAI) is late


def test_within_an_audit_the_finding_that_names_the_task_goes_first():
    named = a_sighting(a_finding(task_id=a_task().id, price_found=Decimal(9)))
    assert deciding(a_task(), [a_sighting(), named, a_sighting()], THRESHOLDS, SHANGHAI) is named


def test_a_task_without_evidence_stays_open():
    assert reassess(a_task(), None, None, THRESHOLDS, SHANGHAI) is None


def test_a_task_whose_evidence_no_longer_counts_is_unproven():
    known = judge(a_task(), a_sighting(), THRESHOLDS, SHANGHAI)
    outcome = reassess(a_task(), known, None, THRESHOLDS, SHANGHAI)
    assert outcome == NO_EVIDENCE_LEFT
    assert outcome is not None
    assert outcome.status is TaskStatus.UNPROVEN
    assert reassess(a_task(), outcome, None, THRESHOLDS, SHANGHAI) is None


def test_a_changed_expectation_is_announced_though_the_verdict_stays():
    cheaper = a_task(expected_price=Decimal("3.2900"))
    known = judge(a_task(), a_sighting(), THRESHOLDS, SHANGHAI)
    assert reassess(cheaper, known, a_sighting(), THRESHOLDS, SHANGHAI) is None
    again = reassess(cheaper, known, a_sighting(), THRESHOLDS, SHANGHAI, expectation_changed=True)
    assert again is not None
    assert verified(cheaper, again).agreed_price == Decimal("3.2900")


def test_the_event_carries_what_was_agreed_and_what_was_found():
    event = verified(a_task(), judge(a_task(), a_sighting(), THRESHOLDS, SHANGHAI))
    assert (event.id, event.account_id, event.verdict) == (a_task().id, ACCOUNT, Verdict.EXECUTED)
    assert (event.contracted_count, event.found_count) == (1, 1)
    assert (event.agreed_price, event.found_price, event.found_on) == (
        Decimal("3.1900"), Decimal("3.1900"), date(2026, 3, 10),
    )  # fmt: skip
    assert (event.audit_id, event.photo_sha256s) == (UUID(int=100), (PHOTO,))


@pytest.mark.parametrize(
    "wrong", [{"price_tolerance": Decimal("-0.01")}, {"price_tolerance": Decimal("NaN")}, {"window_tolerance_days": -1}]
)
def test_tolerances_are_not_negative(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="zero or above"):
        Thresholds(**wrong)


FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from(FindingKind),
    product_id=st.sampled_from((PRODUCT, UUID(int=9))),
    task_id=st.sampled_from((None, a_task().id, UUID(int=8))),
    is_present=st.booleans(),
    price_found=st.none() | st.decimals("0", "5", places=4),
    count_found=st.none() | st.integers(0, 4),
    photo_sha256s=st.sets(st.sampled_from((PHOTO, OTHER_PHOTO))).map(tuple),
)
SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        audit_id=st.integers(1, 10**6).map(lambda number: UUID(int=number)),
        store_id=st.sampled_from((STORE, STORE, UUID(int=7))),
        visited_at=st.integers(-40, 400).map(lambda hours: datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=hours)),
        finding=FINDINGS,
        audit_photo_sha256s=st.sets(st.sampled_from((PHOTO, OTHER_PHOTO))).map(tuple),
        arrived=st.sets(st.sampled_from((PHOTO, OTHER_PHOTO))).map(frozenset),
    ),
    unique_by=lambda sighting: sighting.audit_id,
    max_size=12,
)
TASKS = st.sampled_from(TacticKind).map(a_task)


def play(task: Task, arrivals: list[Sighting]) -> tuple[Outcome | None, int]:
    """Take the sightings in as they arrive; return the outcome at the end, and how often one was announced."""
    here: list[Sighting] = []
    known: Outcome | None = None
    announced = 0
    for sighting in arrivals:
        here.append(sighting)
        outcome = reassess(task, known, deciding(task, here, THRESHOLDS, SHANGHAI), THRESHOLDS, SHANGHAI)
        if outcome is not None:
            known, announced = outcome, announced + 1
    return known, announced


@given(TASKS, SIGHTINGS.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_outcome_does_not_depend_on_the_order_of_arrival(task: Task, orders: tuple[list[Sighting], list[Sighting]]):
    one, other = orders
    assert play(task, one)[0] == play(task, other)[0]


@given(TASKS, SIGHTINGS)
def test_taking_every_audit_in_twice_changes_and_announces_nothing(task: Task, sightings: list[Sighting]):
    once, twice = play(task, sightings), play(task, sightings + sightings)
    assert once == twice


@given(TASKS, SIGHTINGS, st.booleans())
def test_photos_that_arrive_late_lead_to_the_same_outcome(task: Task, sightings: list[Sighting], one_by_one: bool):
    at_once = play(task, sightings)[0]
    known = play(task, [replace(sighting, arrived=frozenset()) for sighting in sightings])[0]
    steps = [frozenset({PHOTO}), frozenset({PHOTO, OTHER_PHOTO})] if one_by_one else [frozenset({PHOTO, OTHER_PHOTO})]
    for step in steps:
        here = [replace(sighting, arrived=sighting.arrived & step) for sighting in sightings]
        found = deciding(task, here, THRESHOLDS, SHANGHAI)
        known = reassess(task, known, found, THRESHOLDS, SHANGHAI) or known
    assert known == at_once


@given(TASKS, SIGHTINGS)
def test_nothing_is_executed_without_a_photo_that_arrived(task: Task, sightings: list[Sighting]):
    outcome = play(task, sightings)[0]
    if outcome is not None:
        assert (outcome.verdict is Verdict.UNPROVEN) == (not outcome.photo_sha256s)


@given(SIGHTINGS, st.decimals("0", "1", places=4))
def test_a_wider_tolerance_never_takes_an_execution_away(sightings: list[Sighting], more: Decimal):
    task = a_task()
    found = deciding(task, sightings, THRESHOLDS, SHANGHAI)
    if found is not None and judge(task, found, THRESHOLDS, SHANGHAI).verdict is Verdict.EXECUTED:
        wider = Thresholds(price_tolerance=THRESHOLDS.price_tolerance + more)
        assert judge(task, found, wider, SHANGHAI).verdict is Verdict.EXECUTED
