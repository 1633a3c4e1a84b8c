"""Contracts and terms that the tests start from."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from contracts.domain.contract import Contract, ContractVersion, draft_contract
from contracts.domain.fee_kinds import FeeKind
from contracts.domain.fees import Calculation, PercentOfPurchases, Period
from contracts.domain.payment_terms import PaymentTerms, TermType
from contracts.domain.terms import SettlementMethod, TaxBasis, Term

ACCOUNT, PAYER, CONTRACT = UUID(int=1), UUID(int=2), UUID(int=3)
JANUARY, DECEMBER = date(2026, 1, 1), date(2026, 12, 31)
MONTHLY_30 = PaymentTerms(term_type=TermType.MONTHLY_CLOSE, days=30)
SHA256 = "ab" * 32


def percent(rate: str) -> PercentOfPurchases:
    return PercentOfPurchases(rate=Decimal(rate))


def term(
    calculation: Calculation | None = None,
    *,
    number: int = 1,
    cycle: Period = Period.MONTH,
    minimum: str | None = None,
    maximum: str | None = None,
) -> Term:
    return Term(
        id=UUID(int=100 + number),
        code=f"T{number}",
        clause=f"§4.{number}",
        fee_kind=FeeKind.REBATE_CYCLE,
        calculation=calculation or percent("0.03"),
        tax_basis=TaxBasis.EXCL,
        cycle=cycle,
        settlement_method=SettlementMethod.OFFSET,
        minimum=None if minimum is None else Decimal(minimum),
        maximum=None if maximum is None else Decimal(maximum),
    )


def version(*terms: Term, number: int = 1, valid_from: date = JANUARY, valid_to: date = DECEMBER) -> ContractVersion:
    return ContractVersion(
        number=number,
        valid_from=valid_from,
        valid_to=valid_to,
        tax_basis=TaxBasis.EXCL,
        payment_terms=MONTHLY_30,
        terms=terms,
    )


def drafted(*terms: Term, valid_from: date = JANUARY, valid_to: date = DECEMBER) -> Contract:
    return draft_contract(
        version(*(terms or (term(),)), valid_from=valid_from, valid_to=valid_to),
        contract_id=CONTRACT,
        account_id=ACCOUNT,
        settlement_entity_id=PAYER,
        number="C-1",
        currency="CNY",
    )


def signed(*terms: Term) -> Contract:
    contract = drafted(*terms)
    contract.sign(signed_on=JANUARY, signatory="Li Wei", document_sha256=SHA256)
    return contract
