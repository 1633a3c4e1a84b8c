"""The development runner: database, processes and set-up on one machine."""
