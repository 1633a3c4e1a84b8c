"""The smallest service: what the platform's own tests run."""
