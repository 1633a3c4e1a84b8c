"""Rules and aggregates: standard library and shared.kernel only."""
