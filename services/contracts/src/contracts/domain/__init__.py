"""Rules of accounts, products and contracts: the standard library and the kernel, no clock, no I/O."""
