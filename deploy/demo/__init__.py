"""The demo: two years of a key account's real sales through the public APIs, every total checked independently."""
