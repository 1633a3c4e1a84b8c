"""What comes from other services, and the schemas of what is published."""
