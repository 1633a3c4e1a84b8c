"""The HTTP resources of contracts, one router each."""
