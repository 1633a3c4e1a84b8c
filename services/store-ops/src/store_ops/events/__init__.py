"""What comes from other services; what goes out is described in published/."""
