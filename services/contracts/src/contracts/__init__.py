"""Accounts, negotiations, contracts, listings, targets and plans of the key-account business."""
