"""Pure building blocks: money, tiers, periods, ids, errors and events; the standard library and nothing else."""
