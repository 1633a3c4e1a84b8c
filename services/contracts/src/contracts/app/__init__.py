"""Use cases with more than one door."""
