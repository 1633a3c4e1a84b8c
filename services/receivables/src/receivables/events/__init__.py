"""What receivables hears, and examples of what it says."""
