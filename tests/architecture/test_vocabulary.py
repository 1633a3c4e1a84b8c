"""Shared code speaks of transactions, events and money; of no trade."""

import re

import pytest

from tests.architecture.discovery import SHARED, listed, place, python_files, text_of
from tests.architecture.source_rules import identifiers, words_of

NOUNS = {
    "accrual", "accruals", "ageing", "audit", "audits", "claim_reference", "contract", "contracts", "deduction",
    "deductions", "delivery_note", "endcap", "fund", "funds", "gtin", "invoice", "invoices", "journal", "ledger",
    "listing", "planogram", "product", "products", "promoter", "promotion", "promotions", "rebate", "rebates",
    "receivable", "receivables", "remittance", "remittances", "retailer", "retailers", "settlement", "settlements",
    "shelf", "sku", "sponsorship", "stores", "supplier", "tactic", "tactics", "term_line",
}  # fmt: skip
"""Not ``store`` alone, which is what an inbox does; and not ``account``, the unit of row-level security."""
PHRASES = re.compile(r"(^|_)store_(id|ids|ops|code)($|_)")


def business_nouns(name: str) -> set[str]:
    return (words_of(name) & NOUNS) | ({name} if PHRASES.search(name) else set())


def test_shared_names_no_business_noun():
    found = {
        f"{place(path, line)}: {name}"
        for path in python_files(SHARED)
        for line, name in [*identifiers(text_of(path)), (1, path.stem)]
        if business_nouns(name)
    }
    assert not found, listed(found)


def test_tables_of_the_platform_name_no_business_noun():
    statements = [re.sub(r"--.*", "", text_of(path)) for path in SHARED.rglob("*.sql")]
    assert statements
    assert not [name for text in statements for name in re.findall(r"\w+", text) if business_nouns(name)]


@pytest.mark.parametrize("name", ["ContractTerm", "promotion_id", "AUDITS", "store_id", "on_deduction", "Invoice2"])
def test_a_business_noun_is_found_in_every_spelling(name: str):
    assert business_nouns(name)


@pytest.mark.parametrize("name", ["store", "restore", "contraction", "Auditory", "account_id", "stored", "StoreFailed"])
def test_other_words_are_left_alone(name: str):
    assert not business_nouns(name)
