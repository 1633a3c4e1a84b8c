"""Use cases that have two doors: an endpoint and a job."""
