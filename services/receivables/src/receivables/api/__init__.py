"""The HTTP resources of receivables, one module each."""
