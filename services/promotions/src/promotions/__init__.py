"""Promotions, their funds, slots, execution proof and evaluation."""
