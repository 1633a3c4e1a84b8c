"""Tables of receivables and the statements on them."""
