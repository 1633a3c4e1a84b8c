"""`mypy` over the sources, then over each package's tests on their own: their modules share names."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "services/contracts", "services/promotions", "services/store-ops", "services/receivables")


def main() -> int:
    """Return 0 when every run is clean."""
    sources = [f"{package}/src" for package in PACKAGES]
    runs: list[tuple[list[str], str]] = [([*sources, "deploy", *(["tests"] if (ROOT / "tests").is_dir() else [])], ".")]
    runs += [([f"{package}/tests"], package) for package in PACKAGES if any((ROOT / package / "tests").rglob("*.py"))]
    failed = False
    for paths, base in runs:
        print(f"mypy {' '.join(paths)}", flush=True)
        environment = {**os.environ, "MYPYPATH": str(ROOT / base)}
        command = [sys.executable, "-m", "mypy", "--cache-dir", f".mypy_cache/{base.replace('/', '-')}", *paths]
        failed |= subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
