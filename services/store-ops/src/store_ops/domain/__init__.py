"""Rules of store execution: stores, tasks, audits and verdicts; the standard library and the kernel, nothing else."""
