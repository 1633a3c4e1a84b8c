"""The contract 合同: drafted, signed, amended by further versions, ended; what was signed never changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import zip_longest
from typing import TypeVar
from uuid import UUID

from contracts.domain.contract_state import (
    ContractActivated,
    ContractAmended,
    ContractEnded,
    ContractSigned,
    ContractState,
    VersionState,
)
from contracts.domain.payment_terms import PaymentTerms
from contracts.domain.terms import TaxBasis, Term, check_terms
from shared.kernel.errors import Conflict, NotFound, RuleBroken
from shared.kernel.periods import ONE_DAY, Span

VERSIONS_MAX = 100
State = TypeVar("State", bound=ContractState)


class ContractNotFound(NotFound):
    """No such contract within the caller's scope."""

    code = "contract_not_found"


class NoVersionInForce(NotFound):
    """No signed version holds on the day that was asked for."""

    code = "no_version_in_force"


class ContractAlreadySigned(Conflict):
    """The contract is no longer a draft."""

    code = "contract_already_signed"


class NothingToSign(Conflict):
    """The latest version is signed already."""

    code = "nothing_to_sign"


class ContractNotSigned(Conflict):
    """Only a contract that is signed and not over can do this."""

    code = "contract_not_in_force"


class ContractNotBegun(Conflict):
    """The contract's first day has not come."""

    code = "contract_not_begun"


class ContractIdTaken(Conflict):
    """The identifier belongs to another contract."""

    code = "contract_id_taken"


class ContractNumberTaken(Conflict):
    """The account has another contract of this number."""

    code = "contract_number_taken"


class ContractOverlaps(Conflict):
    """Another signed contract of the settlement entity holds on some of the days."""

    code = "contract_overlaps"


class TooManyVersions(Conflict):
    """The contract has as many versions as one may have."""

    code = "too_many_versions"


class NoTerms(RuleBroken):
    """A version without terms cannot be signed."""

    code = "no_terms"


class OutsideContract(RuleBroken):
    """The date is not one of the contract's days that may be chosen."""

    code = "outside_contract"


class ContractStatus(StrEnum):
    """Where a contract stands."""

    DRAFT = "draft"
    """拟定."""
    SIGNED = "signed"
    """已签, not yet begun."""
    ACTIVE = "active"
    """生效."""
    ENDED = "ended"
    """已终止 or run out."""


@dataclass(kw_only=True, eq=False)
class ContractVersion:
    """What was agreed at one time. Until it is signed it may be replaced; from then on it never changes."""

    number: int
    valid_from: date
    valid_to: date
    tax_basis: TaxBasis
    payment_terms: PaymentTerms
    terms: tuple[Term, ...]
    signed_on: date | None = None
    signatory: str | None = None
    document_sha256: str | None = None

    def __post_init__(self) -> None:
        Span(start=self.valid_from, end=self.valid_to)
        self.terms = check_terms(self.terms)

    @property
    def is_signed(self) -> bool:
        """Whether it is frozen."""
        return self.signed_on is not None

    def state(self, holds: Span) -> VersionState:
        """Return the version as events carry it, with the days on which it ``holds``."""
        assert self.signed_on is not None, "only what is signed is announced"
        assert self.document_sha256 is not None, "what is signed has its document"
        return VersionState(
            number=self.number,
            valid_from=holds.start,
            valid_to=holds.end,
            signed_on=self.signed_on,
            document_sha256=self.document_sha256,
            tax_basis=self.tax_basis.value,
            payment_terms=self.payment_terms,
            terms=tuple(term.state() for term in self.terms),
        )


@dataclass(kw_only=True, eq=False)
class Contract:
    """What was agreed with one settlement entity for one span of days.

    - One signed contract per account, settlement entity and day; the database holds it too.
    - A signed version never changes; an amendment adds one that holds from its first day on.
    - The draft of an amendment is nobody's business: it is announced when it is signed.
    """

    id: UUID
    account_id: UUID
    settlement_entity_id: UUID
    number: str
    currency: str
    valid_from: date
    valid_to: date
    versions: list[ContractVersion]
    status: ContractStatus = ContractStatus.DRAFT
    termination_reason: str | None = None
    version: int = field(default=1)
    """Rises by one with each change; the ETag."""

    @property
    def latest(self) -> ContractVersion:
        """The version of the highest number, signed or not."""
        return self.versions[-1]

    def replace_draft(self, draft: ContractVersion, *, settlement_entity_id: UUID, number: str, currency: str) -> None:
        """Put ``draft`` and the contract's head in the place of what was drafted.

        Raises:
            ContractAlreadySigned: amend it instead.
        """
        if self.status is not ContractStatus.DRAFT:
            raise ContractAlreadySigned(f"Contract {self.number} is signed: change it by an amendment (:amend).")
        self.settlement_entity_id, self.number, self.currency = settlement_entity_id, number, currency
        self.valid_from, self.valid_to = draft.valid_from, draft.valid_to
        self._put_draft(draft)

    def sign(self, *, signed_on: date, signatory: str, document_sha256: str) -> ContractSigned | ContractAmended:
        """Freeze the latest version.

        Raises:
            NothingToSign: the latest version is signed.
            NoTerms: it has no term line.
        """
        if self.latest.is_signed:
            raise NothingToSign(
                f"Version {self.latest.number} of contract {self.number} is signed already; amend it first."
            )
        if not self.latest.terms:
            raise NoTerms("Add at least one term before signing.", pointers=("/terms",))
        self.latest.signed_on, self.latest.signatory = signed_on, signatory
        self.latest.document_sha256 = document_sha256
        self.version += 1
        if self.status is not ContractStatus.DRAFT:
            return self.state(ContractAmended)
        self.status = ContractStatus.SIGNED
        return self.state(ContractSigned)

    def activate(self, *, as_of: date) -> ContractActivated:
        """Bring the signed contract into force.

        Raises:
            ContractNotSigned: it is a draft, active or ended.
            ContractNotBegun: its first day is after ``as_of``.
        """
        if self.status is not ContractStatus.SIGNED:
            raise ContractNotSigned(
                f"Contract {self.number} is {self.status}; only a signed contract can be activated."
            )
        if as_of < self.valid_from:
            raise ContractNotBegun(
                f"Contract {self.number} begins on {self.valid_from}; it is activated by itself on that day."
            )
        self.status = ContractStatus.ACTIVE
        self.version += 1
        return self.state(ContractActivated)

    def amend(self, *, valid_from: date, terms: tuple[Term, ...], payment_terms: PaymentTerms) -> None:
        """Draft a further version that holds from ``valid_from`` to the contract's end; an unsigned one is replaced.

        Raises:
            ContractNotSigned: it is a draft or ended.
            TooManyVersions: 100 are signed.
            OutsideContract: ``valid_from`` is not after the previous version's first day, or after the contract's end.
        """
        self._require_running("amended")
        before = [version for version in self.versions if version.is_signed][-1]
        if before.number >= VERSIONS_MAX:
            raise TooManyVersions(
                f"Contract {self.number} has {VERSIONS_MAX} versions, the most there may be; draft another contract."
            )
        if not before.valid_from < valid_from <= self.valid_to:
            raise OutsideContract(
                f"Choose a first day after {before.valid_from}, from which version {before.number} holds, "
                f"and not after the contract's end on {self.valid_to}.",
                pointers=("/valid_from",),
            )
        self._put_draft(
            ContractVersion(
                number=before.number + 1,
                valid_from=valid_from,
                valid_to=self.valid_to,
                tax_basis=before.tax_basis,
                payment_terms=payment_terms,
                terms=terms,
            )
        )

    def terminate(self, *, on: date, reason: str, as_of: date) -> ContractAmended | ContractEnded:
        """Make ``on`` the contract's last day; an unsigned amendment is dropped.

        Raises:
            ContractNotSigned: it is a draft or ended.
            OutsideContract: ``on`` is none of the contract's days.
        """
        self._require_running("terminated")
        if not self.valid_from <= on <= self.valid_to:
            raise OutsideContract(f"Choose a last day from {self.valid_from} to {self.valid_to}.", pointers=("/on",))
        self._drop_draft()
        self.valid_to, self.termination_reason = on, reason
        self.version += 1
        if on < as_of:
            self.status = ContractStatus.ENDED
            return self.state(ContractEnded)
        return self.state(ContractAmended)

    def advance(self, as_of: date) -> list[ContractActivated | ContractEnded]:
        """Do what is due by date: begin on the first day, end after the last. Doing it again changes nothing."""
        events: list[ContractActivated | ContractEnded] = []
        if self.status is ContractStatus.SIGNED and self.valid_from <= as_of:
            events.append(self.activate(as_of=as_of))
        if self.status is ContractStatus.ACTIVE and self.valid_to < as_of:
            self._drop_draft()
            self.status = ContractStatus.ENDED
            self.version += 1
            events.append(self.state(ContractEnded))
        return events

    def holds(self) -> Iterator[tuple[ContractVersion, Span]]:
        """Yield the signed versions that hold on at least one day, with those days; no two share a day."""
        signed = [version for version in self.versions if version.is_signed]
        for version, later in zip_longest(signed, signed[1:]):
            end = min(self.valid_to, later.valid_from - ONE_DAY) if later else self.valid_to
            if version.valid_from <= end:
                yield version, Span(start=version.valid_from, end=end)

    def version_in_force(self, day: date) -> ContractVersion:
        """Return the signed version that holds on ``day``.

        Raises:
            NoVersionInForce: the day is outside the contract, or nothing is signed.
        """
        for version, span in self.holds():
            if day in span:
                return version
        raise NoVersionInForce(f"No signed version of contract {self.number} holds on {day}; see its versions.")

    def days(self, start: date | None, end: date | None) -> Span:
        """Return the contract's days from ``start`` to ``end``; without them from its first to its last.

        Raises:
            ValueError: ``end`` is before ``start``.
            OutsideContract: some of them are not the contract's.
        """
        span = Span(start=start or self.valid_from, end=end or self.valid_to)
        if span.start < self.valid_from or span.end > self.valid_to:
            raise OutsideContract(f"Choose days from {self.valid_from} to {self.valid_to}.")
        return span

    def state(self, event: type[State]) -> State:
        """Return an event of the given class with the contract's full public state."""
        return event(
            id=self.id,
            account_id=self.account_id,
            number=self.number,
            settlement_entity_id=self.settlement_entity_id,
            status=self.status.value,
            currency=self.currency,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            versions=tuple(version.state(span) for version, span in self.holds()),
        )

    def _require_running(self, verb: str) -> None:
        if self.status not in {ContractStatus.SIGNED, ContractStatus.ACTIVE}:
            raise ContractNotSigned(
                f"Contract {self.number} is {self.status}; only a signed or active one can be {verb}."
            )

    def _put_draft(self, draft: ContractVersion) -> None:
        self._drop_draft()
        self.versions.append(draft)
        self.version += 1

    def _drop_draft(self) -> None:
        if not self.latest.is_signed:
            self.versions.pop()


def draft_contract(
    version: ContractVersion,
    *,
    contract_id: UUID,
    account_id: UUID,
    settlement_entity_id: UUID,
    number: str,
    currency: str,
) -> Contract:
    """Return a new contract in DRAFT with its first version."""
    return Contract(
        id=contract_id,
        account_id=account_id,
        settlement_entity_id=settlement_entity_id,
        number=number,
        currency=currency,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        versions=[version],
    )
