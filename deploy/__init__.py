"""How Gondola runs: development runner, demo, benchmarks and deployment files."""
