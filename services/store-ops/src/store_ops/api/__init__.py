"""HTTP resources, one router each."""
