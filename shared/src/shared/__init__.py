"""What all four services stand on; it knows no business noun."""
