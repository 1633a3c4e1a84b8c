"""Invoices, deductions, claims, settlements and the journal."""
