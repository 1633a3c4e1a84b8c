"""Stores, visits, audits, displays and what was seen on the shelf."""
