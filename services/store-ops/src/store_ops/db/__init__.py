"""Tables of the schema store_ops, and the statements upon them."""
