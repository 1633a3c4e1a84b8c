"""The contract's rules, one by one; its whole life is in test_contract_life."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from contracts.domain.contract import (
    ContractAlreadySigned,
    ContractNotBegun,
    ContractNotSigned,
    ContractStatus,
    NoTerms,
    NothingToSign,
    NoVersionInForce,
    OutsideContract,
    TooManyVersions,
)
from contracts.domain.contract_state import ContractActivated, ContractAmended, ContractEnded, ContractSigned
from contracts.domain.fees import Period, PerStorePeriod
from contracts.domain.payment_terms import PaymentTerms, TermType
from services.contracts.tests.examples import (
    ACCOUNT,
    DECEMBER,
    JANUARY,
    MONTHLY_30,
    SHA256,
    drafted,
    percent,
    signed,
    term,
    version,
)
from shared.kernel.periods import Span

JULY = date(2026, 7, 1)
SIGNATURE = {"signed_on": date(2026, 6, 20), "signatory": "Li Wei", "document_sha256": "cd" * 32}


def test_signing_announces_the_whole_contract() -> None:
    event = drafted(term(minimum="217800.00")).sign(signed_on=JANUARY, signatory="Li Wei", document_sha256=SHA256)
    assert isinstance(event, ContractSigned)
    assert (event.account_id, event.number, event.status) == (ACCOUNT, "C-1", "signed")
    [only] = event.versions
    assert (only.number, only.valid_from, only.valid_to, only.document_sha256) == (1, JANUARY, DECEMBER, SHA256)
    [line] = only.terms
    assert (line.code, line.method, line.driver, line.period, line.cycle) == (
        "T1",
        "pct",
        "net_purchases",
        None,
        "month",
    )
    assert [(tier.threshold, tier.rate) for tier in line.tiers] == [(Decimal(0), Decimal("0.03"))]
    assert (line.minimum, line.maximum) == (Decimal(217800), None)


def test_a_draft_is_signed_once() -> None:
    with pytest.raises(NothingToSign, match="amend it first"):
        signed().sign(**SIGNATURE)  # type: ignore[arg-type]


def test_a_version_without_terms_is_not_signed() -> None:
    contract = drafted()
    contract.replace_draft(version(), settlement_entity_id=UUID(int=2), number="C-1", currency="CNY")
    with pytest.raises(NoTerms):
        contract.sign(**SIGNATURE)  # type: ignore[arg-type]


def test_a_draft_is_replaced_as_a_whole_and_a_signed_contract_is_not() -> None:
    contract = drafted()
    replaced = version(term(percent("0.05")), valid_from=JULY)
    contract.replace_draft(replaced, settlement_entity_id=UUID(int=9), number="C-9", currency="USD")
    assert (contract.number, contract.currency, contract.valid_from, contract.version) == ("C-9", "USD", JULY, 2)
    assert contract.versions == [replaced]
    contract.sign(**SIGNATURE)  # type: ignore[arg-type]
    with pytest.raises(ContractAlreadySigned, match=":amend"):
        contract.replace_draft(version(), settlement_entity_id=UUID(int=2), number="C-1", currency="CNY")


def test_it_is_activated_from_its_first_day_on_and_once() -> None:
    with pytest.raises(ContractNotSigned):
        drafted().activate(as_of=JANUARY)
    contract = signed()
    with pytest.raises(ContractNotBegun):
        contract.activate(as_of=date(2025, 12, 31))
    assert isinstance(contract.activate(as_of=JANUARY), ContractActivated)
    with pytest.raises(ContractNotSigned):
        contract.activate(as_of=JANUARY)


def test_an_amendment_holds_from_its_first_day_on() -> None:
    contract = signed()
    per_store = term(PerStorePeriod(amount=Decimal(830), period=Period.MONTH), number=2)
    contract.amend(valid_from=JULY, terms=(term(percent("0.04")), per_store), payment_terms=MONTHLY_30)
    assert contract.version_in_force(JULY).number == 1, "a draft holds on no day"
    event = contract.sign(**SIGNATURE)  # type: ignore[arg-type]
    assert isinstance(event, ContractAmended)
    assert [(each.number, each.valid_from, each.valid_to) for each in event.versions] == [
        (1, JANUARY, date(2026, 6, 30)),
        (2, JULY, DECEMBER),
    ]
    assert contract.version_in_force(date(2026, 6, 30)).number == 1
    assert contract.version_in_force(JULY).number == 2
    assert contract.versions[0].valid_to == DECEMBER, "what was signed stays as it was signed"


def test_an_unsigned_amendment_is_replaced_by_the_next() -> None:
    contract = signed()
    contract.amend(valid_from=JULY, terms=(term(),), payment_terms=MONTHLY_30)
    later = PaymentTerms(term_type=TermType.RECEIPT, days=60)
    contract.amend(valid_from=DECEMBER, terms=(term(),), payment_terms=later)
    assert [(each.number, each.valid_from) for each in contract.versions] == [(1, JANUARY), (2, DECEMBER)]
    assert contract.latest.payment_terms == later


@pytest.mark.parametrize("first_day", [JANUARY, date(2025, 12, 31), date(2027, 1, 1)])
def test_an_amendment_begins_within_the_contract_and_after_its_predecessor(first_day: date) -> None:
    with pytest.raises(OutsideContract):
        signed().amend(valid_from=first_day, terms=(term(),), payment_terms=MONTHLY_30)


def test_a_contract_has_at_most_100_versions() -> None:
    contract = signed()
    for days in range(1, 100):
        contract.amend(valid_from=JANUARY + timedelta(days), terms=(term(),), payment_terms=MONTHLY_30)
        contract.sign(**SIGNATURE)  # type: ignore[arg-type]
    assert contract.latest.number == 100
    with pytest.raises(TooManyVersions, match="draft another contract"):
        contract.amend(valid_from=DECEMBER, terms=(term(),), payment_terms=MONTHLY_30)


def test_only_a_running_contract_is_amended_or_terminated() -> None:
    with pytest.raises(ContractNotSigned):
        drafted().amend(valid_from=JULY, terms=(term(),), payment_terms=MONTHLY_30)
    with pytest.raises(ContractNotSigned):
        drafted().terminate(on=JULY, reason="insolvency", as_of=JULY)


def test_a_termination_ahead_is_announced_now_and_ends_by_date() -> None:
    contract = signed()
    contract.amend(valid_from=DECEMBER, terms=(term(),), payment_terms=MONTHLY_30)
    event = contract.terminate(on=JULY, reason="store chain sold", as_of=date(2026, 3, 1))
    assert isinstance(event, ContractAmended)
    assert (event.valid_to, contract.status, len(contract.versions)) == (JULY, ContractStatus.SIGNED, 1)
    (activated,) = contract.advance(JULY)
    assert activated.status == "active"
    (ended,) = contract.advance(date(2026, 7, 2))
    assert isinstance(ended, ContractEnded)
    assert contract.version_in_force(JULY).number == 1
    with pytest.raises(NoVersionInForce):
        contract.version_in_force(date(2026, 7, 2))


def test_a_termination_in_the_past_ends_at_once() -> None:
    contract = signed()
    event = contract.terminate(on=JULY, reason="store chain sold", as_of=date(2026, 7, 2))
    assert isinstance(event, ContractEnded)
    assert event.versions[0].valid_to == JULY
    with pytest.raises(ContractNotSigned):
        contract.terminate(on=JULY, reason="again", as_of=JULY)


@pytest.mark.parametrize("last_day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_a_termination_is_on_one_of_the_contract_s_days(last_day: date) -> None:
    with pytest.raises(OutsideContract, match="2026-01-01 to 2026-12-31"):
        signed().terminate(on=last_day, reason="typing error", as_of=JULY)


def test_a_version_that_a_termination_cuts_off_is_no_longer_announced() -> None:
    contract = signed()
    contract.amend(valid_from=DECEMBER, terms=(term(),), payment_terms=MONTHLY_30)
    contract.sign(**SIGNATURE)  # type: ignore[arg-type]
    event = contract.terminate(on=JULY, reason="store chain sold", as_of=JULY)
    assert [each.number for each in event.versions] == [1]


def test_what_is_long_past_begins_and_ends_in_one_go() -> None:
    assert [event.status for event in signed().advance(date(2027, 1, 1))] == ["active", "ended"]


def test_a_draft_waits_for_a_person() -> None:
    assert drafted().advance(date(2027, 1, 1)) == []


def test_its_days_are_its_own() -> None:
    assert signed().days(None, None) == Span(start=JANUARY, end=DECEMBER)
    assert signed().days(JULY, JULY).days == 1
    for start, end in ((date(2025, 12, 31), None), (None, date(2027, 1, 1))):
        with pytest.raises(OutsideContract):
            signed().days(start, end)


def test_terms_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="an id of its own"):
        version(term(), term())
    with pytest.raises(ValueError, match="at most 200"):
        version(*(term(number=number) for number in range(201)))


def test_a_version_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="before"):
        version(term(), valid_from=DECEMBER, valid_to=JANUARY)


@pytest.mark.parametrize(("minimum", "maximum"), [("-1", None), (None, "0.001"), ("2", "1"), ("NaN", None)])
def test_limits_are_money_in_order(minimum: str | None, maximum: str | None) -> None:
    with pytest.raises(ValueError, match=r"minimum|maximum"):
        term(minimum=minimum, maximum=maximum)
