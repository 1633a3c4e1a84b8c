from dataclasses import replace
from datetime import date
from decimal import Decimal

from receivables.domain.explanation import (
    AccrualFacts,
    Chain,
    ContractFacts,
    DeductionFacts,
    JournalFacts,
    PromotionFacts,
    SettledFacts,
    proofs,
    steps,
)
from receivables.domain.formulas import Driver, Formula
from shared.kernel.money import ZERO
from shared.kernel.tiers import flat

CHAIN = Chain(
    settled=SettledFacts(
        number="SF-1",
        currency="CNY",
        amount=Decimal("100.00"),
        tax_amount=Decimal("5.66"),
        amount_excl_tax=Decimal("94.34"),
        settled_on=date(2026, 4, 1),
        batch_number=3,
        batch_position=17,
    ),
    deduction=DeductionFacts(
        number="D-1",
        claim_reference="C-1/T1/2026-03",
        amount=Decimal("150.00"),
        accepted_amount=Decimal("100.00"),
        disputed_amount=Decimal("50.00"),
        recovered_amount=ZERO,
        written_off_amount=ZERO,
        open_amount=ZERO,
        remittance_number="R-1",
        paid_on=date(2026, 3, 31),
        cash_amount=Decimal("850.00"),
        remittance_deducted=Decimal("150.00"),
        remittance_settled=Decimal("1000.00"),
    ),
    accrual=AccrualFacts(
        claim_reference="C-1/T1/2026-03",
        driver="net_purchases",
        quantity=Decimal("10000.00"),
        elapsed=Decimal(1),
        formula=Formula(driver=Driver.NET_PURCHASES, tiers=flat(Decimal("0.01"))),
        amount=Decimal("100.00"),
        amount_incl_tax=Decimal("100.00"),
        amount_excl_tax=Decimal("94.34"),
        consumed_amount=Decimal("100.00"),
        reclaim_amount=ZERO,
        entries_incl_tax=Decimal("100.00"),
        accrued_through=date(2026, 3, 31),
    ),
    agreement=ContractFacts(
        number="C-1",
        version=2,
        term_code="T1",
        clause="§4.2",
        document_sha256="a" * 64,
        signed_on=date(2025, 12, 1),
    ),
    journal=JournalFacts(entry_count=2, debit=Decimal("194.34"), credit=Decimal("194.34")),
)
PROMOTION = PromotionFacts(
    number="P-17",
    tactic_kind="endcap",
    agreement_sha256="b" * 64,
    dm_slot_no=4,
    planned_amount=Decimal("200.00"),
    earned_amount=Decimal("100.00"),
    planned_stores=3,
    executed_stores=1,
    verified_stores=2,
    photo_count=3,
)


def test_the_chain_goes_from_the_erp_line_to_the_clause_and_the_journal():
    found = steps(CHAIN)
    assert [step.name for step in found] == ["erp", "settlement", "deduction", "accrual", "contract", "journal"]
    assert found[0].says == "Batch 3, line 17: 100.00 CNY."
    assert "version 2, clause §4.2 (T1)" in found[4].says
    assert "net_purchases 10000 through 2026-03-31" in found[3].says


def test_every_figure_can_be_recomputed():
    assert all(proof.holds for proof in proofs(CHAIN)), proofs(CHAIN)
    wrong = replace(CHAIN, accrual=replace(CHAIN.accrual, quantity=Decimal(9999)))
    assert [proof.name for proof in proofs(wrong) if not proof.holds] == ["formula_gives_the_accrual"]
    assert "≠" in next(proof.says for proof in proofs(wrong) if not proof.holds)


def test_a_promotion_fee_is_explained_by_what_was_seen_in_the_stores():
    chain = replace(CHAIN, agreement=PROMOTION, accrual=replace(CHAIN.accrual, formula=None, driver="earned"))
    found = {step.name: step.says for step in steps(chain)}
    assert "P-17, endcap, DM slot 4" in found["promotion"]
    assert "executed in 1 of 3 stores (2 verified, 3 photos)" in found["promotion"]
    assert all(proof.holds for proof in proofs(chain))


def test_what_is_missing_is_said_so():
    settled = replace(CHAIN.settled, batch_number=None, batch_position=None)
    found = {step.name: step.says for step in steps(replace(CHAIN, settled=settled, deduction=None, agreement=None))}
    assert found["erp"].startswith("Not in an ERP batch yet")
    assert "have not arrived" in found["agreement"]
    assert "deduction" not in found
