"""Rules of receivables, pure: the standard library and the kernel, no clock and no I/O."""
