"""What goes into and comes out of the contract resources."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from contracts.api import examples
from contracts.api.common import AccountRef, CurrencyCode, DueTerms
from contracts.domain.contract import VERSIONS_MAX, Contract, ContractStatus, ContractVersion
from contracts.domain.fee_kinds import FeeKind
from contracts.domain.fees import TIERS_MAX, Calculation, Period
from contracts.domain.terms import TERMS_MAX, SettlementMethod, TaxBasis, Term
from shared.platform.fields import Amount, Answer, Body, Code, Currency, Rate, Sha256, ShortText
from shared.platform.ids import new_id


def _refuse_numbers(value: Any) -> Any:
    """Refuse numbers anywhere in a calculation: all of them are money or rates."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, int | float | Decimal):
            raise ValueError('send decimals as strings, like "0.0147": JSON numbers lose digits')  # noqa: TRY004
        if isinstance(part, dict):
            parts.extend(part.values())
        elif isinstance(part, list):
            parts.extend(part)
    return value


class _DecimalsAreStrings:
    """Says so in the documents, and how many tiers there may be; the domain's classes know nothing of JSON."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        document = handler(schema)
        parts = [handler.resolve_ref_schema(option) for option in document["oneOf"]]
        while parts:
            part = parts.pop()
            if {"type": "number"} in part.get("anyOf", ()):
                del part["anyOf"]
                part["type"] = "string"
            parts.extend(part.get("properties", {}).values())
            if "items" in part:  # The tiers.
                part["maxItems"] = TIERS_MAX
                parts.append(handler.resolve_ref_schema(part["items"]))
        return document


AnyCalculation = Annotated[
    Calculation, BeforeValidator(_refuse_numbers), Field(discriminator="method"), _DecimalsAreStrings()
]


class TermFields(Answer):
    """A term line 合同条款."""

    code: Code
    """Short name on claims and remittances, like T1; unique within the version."""
    clause: ShortText
    """Where it stands on the paper 条款, like §4.2."""
    fee_kind: FeeKind
    """What the fee is for 费用科目; GET /v1/fee-kinds explains the codes."""
    calculation: AnyCalculation
    """How it is calculated; `method` says which fields it has. Decimals are strings."""
    tax_basis: TaxBasis
    """incl 含税 or excl 未税: how the purchases and the fee are meant."""
    cycle: Period
    """Settlement cycle 结算周期: quantities start at zero in each calendar cycle."""
    settlement_method: SettlementMethod
    """on_invoice 票扣, offset 账扣, cash 电汇/现金 or free_goods 货补."""


class TermIn(TermFields, Body):
    """A term line to draft."""

    model_config = examples.shows(examples.REBATE)

    id: UUID | None = None
    """Identifier of the term, of your own choice; keep it in an amendment that keeps the term."""
    minimum: Annotated[Amount, Field(ge=0)] | None = None
    """Guaranteed amount per cycle 保底, in the contract's currency."""
    maximum: Annotated[Amount, Field(ge=0)] | None = None
    """Highest amount per cycle 封顶, in the contract's currency."""

    def term(self) -> Term:
        """Return the domain's term, with an id of its own if none was sent.

        Raises:
            ValueError: the limits make no sense.
        """
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Term(**values | {"id": self.id or new_id()})


Terms = Annotated[list[TermIn], Field(max_length=TERMS_MAX)]


class HeadFields(Answer):
    """The head of a contract 合同."""

    settlement_entity_id: UUID
    """Who pays under it 结算主体; one of the account's."""
    number: Code
    """Contract number as printed on the paper 合同编号; unique within the account."""
    valid_from: date
    """First day of the contract."""
    valid_to: date
    """Last day, included; earlier than first agreed once it is terminated."""
    currency: Currency
    """ISO 4217 code of all its amounts."""


class DraftIn(HeadFields, Body):
    """What is drafted: the contract's head and its first version."""

    model_config = examples.shows(examples.DRAFT)

    tax_basis: TaxBasis
    """incl or excl: how amounts are meant unless a term says otherwise."""
    payment_terms: DueTerms
    """When invoices fall due 账期."""
    terms: Terms
    """Term lines; at least one by the time of signing."""

    def version(self) -> ContractVersion:
        """Return the domain's first version.

        Raises:
            ValueError: it ends before it begins, or terms share an id or a code.
        """
        return ContractVersion(
            number=1,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            tax_basis=self.tax_basis,
            payment_terms=self.payment_terms,
            terms=tuple(term.term() for term in self.terms),
        )


class ContractIn(DraftIn):
    """A contract to draft."""

    model_config = examples.shows(examples.CONTRACT)

    id: UUID | None = None
    """Identifier of your own choice."""
    account_id: UUID
    """Account that it is agreed with."""


class SignIn(Body):
    """The signature under the latest version."""

    model_config = examples.shows(examples.SIGNATURE)

    signed_on: date
    """Day of signature, as on the paper."""
    signatory: ShortText
    """Who signed for the retailer."""
    document_sha256: Sha256
    """SHA-256 of the signed document in lower-case hex."""


class AmendIn(Body):
    """An amendment 补充协议 to draft."""

    model_config = examples.shows(examples.AMENDMENT)

    valid_from: date
    """First day on which it holds; after the first day of the version before it."""
    payment_terms: DueTerms
    """When invoices fall due 账期."""
    terms: Terms
    """All term lines from that day on, also those that stay."""


class TerminateIn(Body):
    """An early end."""

    model_config = examples.shows(examples.TERMINATION)

    on: date
    """The contract's last day."""
    reason: ShortText
    """Why 终止原因."""


class AdvanceIn(Body):
    """The day up to which contracts are brought."""

    as_of: date
    """Business date: what begins by it begins, what ended before it ends."""


class TermOut(TermFields):
    """A term line."""

    id: UUID
    """Identifier of the term; the same in all versions that keep it."""
    minimum: Amount | None
    """Guaranteed amount per cycle 保底, in the contract's currency; null: none."""
    maximum: Amount | None
    """Highest amount per cycle 封顶, in the contract's currency; null: none."""


class VersionOut(Answer):
    """A version; once signed_on is set it never changes."""

    number: int
    """1 for the contract as first signed, one more for each amendment."""
    valid_from: date
    """First day on which it holds."""
    valid_to: date
    """Last day as signed."""
    holds_to: date | None
    """Last day on which it holds, later versions and an early end taken into account; none: it holds on no day."""
    tax_basis: TaxBasis
    """incl or excl: how amounts are meant unless a term says otherwise."""
    payment_terms: DueTerms
    """When invoices fall due 账期 while it holds."""
    terms: Annotated[list[TermOut], Field(max_length=TERMS_MAX)]
    """All its term lines."""
    signed_on: date | None
    """Day of signature, as on the paper; null while it is drafted."""
    signatory: str | None
    """Who signed for the retailer."""
    document_sha256: str | None
    """SHA-256 of the signed document in lower-case hex."""


class ContractIdentity(Answer):
    """Which contract it is."""

    id: UUID
    """Identifier of the contract, the caller's or ours; the subject of its events."""
    account_id: AccountRef


class ContractHead(HeadFields, ContractIdentity):
    """A contract without its terms."""

    status: ContractStatus
    """draft 拟定, signed 已签, active 生效 or ended 已终止."""
    termination_reason: str | None
    """Why it was given an earlier end 终止原因; null: it was not."""


class ContractOut(ContractHead):
    """A contract with one of its versions."""

    as_of: date | None
    """The day that was asked for."""
    shown_version: VersionOut
    """The version that holds on as_of; without as_of the latest, signed or not."""


class Versions(Answer):
    """All versions of a contract by number."""

    items: Annotated[list[VersionOut], Field(max_length=VERSIONS_MAX)]
    """One entry each; the last may be a draft."""


class Advanced(Answer):
    """What has happened by date."""

    as_of: date
    """The day that was asked for."""
    activated: int
    """Contracts that have come into force."""
    ended: int
    """Contracts that are over."""


class TermValueOut(Answer):
    """One term at the forecast."""

    term_id: UUID
    """Identifier of the term."""
    code: str
    """Short name on claims and remittances, like T1."""
    clause: str
    """Where it stands on the paper 条款, like §4.2."""
    fee_kind: FeeKind
    """What the fee is for 费用科目."""
    amount: Amount
    """Fee for all its cycles, in the contract's currency and the term's tax basis."""
    rate: Rate | None
    """amount as a fraction of net_purchases."""


class ContractValueOut(Answer):
    """The contract value 合约价值 at the forecast."""

    contract_id: UUID
    """Contract that was valued."""
    version_number: int
    """Number of the version whose terms were taken."""
    currency: CurrencyCode
    valued_from: date
    """First day of the forecast."""
    valued_to: date
    """Last day of the forecast, included."""
    net_purchases: Amount
    """Forecast net purchases 净进货额 of those days, as sent."""
    stores: int
    """Forecast active stores, as sent."""
    terms: Annotated[list[TermValueOut], Field(max_length=TERMS_MAX)]
    """One entry for each term of the version."""
    amount: Amount
    """Sum over the terms, each in its own tax basis."""
    rate: Rate | None
    """Contract fee rate 合同费用率: amount as a fraction of net_purchases."""


HEAD = tuple(ContractHead.model_fields)


def shown(contract: Contract, version: ContractVersion, as_of: date | None = None) -> dict[str, Any]:
    """Return a contract with one of its versions, as ``ContractOut`` says."""
    head = {name: getattr(contract, name) for name in HEAD}
    return head | {"as_of": as_of, "shown_version": version_shown(contract, version)}


def version_shown(contract: Contract, version: ContractVersion) -> dict[str, Any]:
    """Return a version, as ``VersionOut`` says."""
    ends = {each.number: span.end for each, span in contract.holds()}
    names = [name for name in VersionOut.model_fields if name != "holds_to"]
    return {name: getattr(version, name) for name in names} | {"holds_to": ends.get(version.number)}
