"""Use cases that a worker's job and a test share."""
