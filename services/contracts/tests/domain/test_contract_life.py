"""Any life that a contract may lead: what was signed stays, and one version at most holds on a day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.domain.contract import Contract, ContractStatus
from contracts.domain.contract_state import ContractState
from contracts.domain.terms import Term
from services.contracts.tests.examples import DECEMBER, JANUARY, MONTHLY_30, drafted, percent, term, version
from shared.kernel.errors import DomainError

ORDER = [ContractStatus.DRAFT, ContractStatus.SIGNED, ContractStatus.ACTIVE, ContractStatus.ENDED]
days = st.dates(JANUARY - timedelta(days=30), DECEMBER + timedelta(days=30))
contents = st.lists(st.sampled_from(["0.01", "0.02", "0.03"]), max_size=3).map(
    lambda rates: tuple(term(percent(rate), number=number) for number, rate in enumerate(rates))
)


def content(contract: Contract) -> dict[int, tuple[Any, ...]]:
    """Return what is signed, by version number."""
    return {
        each.number: (each.valid_from, each.valid_to, each.tax_basis, each.payment_terms, each.terms,
                      each.signed_on, each.signatory, each.document_sha256)
        for each in contract.versions
        if each.is_signed
    }  # fmt: skip


class ContractLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.contract = drafted()
        self.signed: dict[int, tuple[Any, ...]] = {}
        self.status = ContractStatus.DRAFT
        self.changes = self.contract.version
        self.last: ContractState | None = None

    def _try(self, act: Callable[[], ContractState | None]) -> None:
        """Do it, or see that a refusal changes nothing."""
        before = (content(self.contract), self.contract.status, self.contract.version, list(self.contract.versions))
        try:
            event = act()
        except DomainError:
            assert before == (
                content(self.contract),
                self.contract.status,
                self.contract.version,
                self.contract.versions,
            )
        else:
            self.last = event or self.last

    @rule(terms=contents, start=days, end=days)
    def redraft(self, terms: tuple[Term, ...], start: date, end: date) -> None:
        draft = version(*terms, valid_from=min(start, end), valid_to=max(start, end))
        entity = self.contract.settlement_entity_id
        self._try(lambda: self.contract.replace_draft(draft, settlement_entity_id=entity, number="C-1", currency="CNY"))

    @rule(on=days)
    def sign(self, on: date) -> None:
        self._try(lambda: self.contract.sign(signed_on=on, signatory="Li Wei", document_sha256="ef" * 32))

    @rule(on=days)
    def activate(self, on: date) -> None:
        self._try(lambda: self.contract.activate(as_of=on))

    @rule(start=days, terms=contents)
    def amend(self, start: date, terms: tuple[Term, ...]) -> None:
        self._try(lambda: self.contract.amend(valid_from=start, terms=terms, payment_terms=MONTHLY_30))

    @rule(on=days, as_of=days)
    def terminate(self, on: date, as_of: date) -> None:
        self._try(lambda: self.contract.terminate(on=on, reason="a test", as_of=as_of))

    @rule(as_of=days)
    def advance(self, as_of: date) -> None:
        events = self.contract.advance(as_of)
        assert self.contract.advance(as_of) == [], "advancing again changes nothing"
        self.last = events[-1] if events else self.last

    @invariant()
    def a_signed_version_never_changes(self) -> None:
        now = content(self.contract)
        assert self.signed.items() <= now.items()
        self.signed = now

    @invariant()
    def life_goes_one_way(self) -> None:
        assert ORDER.index(self.contract.status) >= ORDER.index(self.status)
        assert self.contract.version >= self.changes
        self.status, self.changes = self.contract.status, self.contract.version

    @invariant()
    def versions_are_numbered_and_only_the_last_may_be_a_draft(self) -> None:
        assert [each.number for each in self.contract.versions] == list(range(1, len(self.contract.versions) + 1))
        assert all(each.is_signed for each in self.contract.versions[:-1])

    @invariant()
    def one_version_at_most_holds_on_a_day(self) -> None:
        spans = [span for _, span in self.contract.holds()]
        assert all(not one.overlaps(other) for index, one in enumerate(spans) for other in spans[:index])
        assert sum(span.days for span in spans) == (
            (self.contract.valid_to - self.contract.valid_from).days + 1 if self.signed else 0
        ), "from its first day to its last a signed contract has terms"

    @precondition(lambda self: self.last is not None)
    @invariant()
    def what_was_announced_is_so(self) -> None:
        assert self.last is not None
        assert self.last == self.contract.state(type(self.last))


TestContractLife = ContractLife.TestCase
TestContractLife.settings = settings(max_examples=150, stateful_step_count=25)
