"""Figures of throughput and latency, each beside a minimal hand-written limit measured in the same run."""
